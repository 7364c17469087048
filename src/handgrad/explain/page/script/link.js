// Links to a step: #step=dW2&iteration=3&units=1,2,1&example=2, counted from 1.

/**
 * The link to what is shown: its step, and what else differs from how the page starts.
 * @param {Page} page
 * @param {Pick<State, "step" | "iteration" | "units" | "example">} state
 */
function linkTo(page, state) {
  const { steps, start } = page.data;
  const parts = [`step=${state.step < steps.length ? steps[state.step].id : "end"}`];
  if (state.iteration !== start.iteration) parts.push(`iteration=${state.iteration + 1}`);
  if (state.units.join() !== start.units.join()) parts.push(`units=${state.units.map((unit) => unit + 1).join()}`);
  if (state.example !== start.example) parts.push(`example=${state.example + 1}`);
  return `#${parts.join("&")}`;
}

/**
 * What a link asks for. One without a step of the page asks for nothing; whatever else makes no sense is as the page starts.
 * @param {Page} page
 * @param {string} hash
 * @returns {Partial<State> | null}
 */
function linkRead(page, hash) {
  const { steps, start, iterations, examples, network } = page.data;
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const id = asked.get("step");
  const step = id === "end" ? steps.length : steps.findIndex((one) => one.id === id);
  if (step < 0) return null;
  const place = (/** @type {string | null | undefined} */ text, /** @type {number} */ count, /** @type {number} */ otherwise) =>
    /^[1-9]\d*$/.test(text ?? "") && Number(text) <= count ? Number(text) - 1 : otherwise;
  const units = asked.get("units")?.split(",");
  return {
    step,
    iteration: place(asked.get("iteration"), iterations.length, start.iteration),
    example: place(asked.get("example"), examples.count, start.example),
    units: network.widths.map((width, layer) => place(units?.[layer], width, start.units[layer])),
    playing: false,
  };
}

/**
 * Goes where the page's address points, now and whenever it changes.
 * @param {Page} page
 */
function followLink(page) {
  const follow = () => {
    const asked = linkRead(page, location.hash);
    if (asked) page.store.set(asked);
  };
  addEventListener("hashchange", follow);
  follow();
}

/**
 * Keeps the address at what is shown, so that it can be copied.
 * @param {Page} page
 */
function writeLink(page) {
  let timer = 0;
  page.store.subscribe((_, before) => {
    if (!before) return;
    clearTimeout(timer);
    // Browsers refuse more than some 100 to 200 changes in 30 seconds, which a slider soon reaches.
    timer = setTimeout(() => {
      try {
        history.replaceState(null, "", location.href.replace(/#.*$/, "") + linkTo(page, page.store.state));
      } catch {
        // A page inside another one (a notebook's) may not change its address.
      }
    }, 300);
  });
}
