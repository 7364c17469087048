// The page put together: header, switches, all views, keys.

/** @param {string} id */
function hostOf(id) {
  const host = document.getElementById(id);
  if (!host) throw new Error(`the page has no #${id}`);
  return host;
}

/**
 * What the title does not say of the network in a line, and what the page was made from.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function aboutView(page, host) {
  const { network, words, examples, version } = page.data;
  const counted = (/** @type {number} */ count, /** @type {string} */ what) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const rate = `${network.optimiser.replaceAll("_", " ")}, α = ${network.learning_rate}`;
  const line = [
    counted(network.size, "parameter"),
    `loss ${network.loss.replaceAll("_", " ")}`,
    network.schedule ? `${rate}, ${network.schedule}` : rate,
    counted(examples.count, "example"),
  ];
  const summary = made("summary", {}, made("span", {}, line.join(" · ")));
  const told = words.map((paragraph) => made("p", {}, paragraph));
  host.append(summary, ...told, made("p", { class: "soft" }, `Written by handgrad ${version}.`));
}

/**
 * A row of choices of which one holds.
 * @param {string} legend
 * @param {string} name
 * @param {[value: string, label: string][]} choices
 * @param {(value: string) => void} chosen
 */
function choiceOf(legend, name, choices, chosen) {
  const field = made("fieldset", { class: "choice" }, made("legend", {}, legend));
  for (const [value, label] of choices) {
    const input = made("input", { type: "radio", name, value });
    input.addEventListener("change", () => chosen(value));
    field.append(made("label", {}, input, made("span", {}, label)));
  }
  const show = (/** @type {string} */ value) => {
    for (const input of field.querySelectorAll("input")) input.checked = input.value === value;
  };
  return { field, show };
}

/**
 * Notation, layout, what edges show, theme.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function switchesView(page, host) {
  const { notations } = page.data;
  const options = notations.map(({ label }, place) => made("option", { value: String(place) }, label));
  const notation = made("select", { id: "notation" }, ...options);
  notation.addEventListener("change", () => {
    const place = Number(notation.value);
    page.store.set({ notation: place, layout: notations[place].layout }); // a notation comes with its own layout
  });
  const examples = choiceOf("Examples as", "layout", [["columns", "columns"], ["rows", "rows"]], (value) =>
    page.store.set({ layout: value === "rows" ? "rows" : "columns" }));
  const edges = choiceOf("Edges show", "edges", [["weights", "weights"], ["gradients", "gradients"]], (value) =>
    page.store.set({ edges: value === "gradients" ? "gradients" : "weights" }));
  const root = document.documentElement;
  const theme = choiceOf("Theme", "theme", [["system", "system"], ["light", "light"], ["dark", "dark"]], (value) => {
    if (value === "system") delete root.dataset.theme;
    else root.dataset.theme = value;
  });
  theme.show(root.dataset.theme ?? "system");
  host.append(
    made("summary", {}, "Notation, layout, theme"),
    made("div", { class: "switches" },
      made("label", { class: "field", for: "notation" }, made("span", {}, "Notation"), notation),
      examples.field, edges.field, theme.field));
  page.store.subscribe((state) => {
    notation.value = String(state.notation);
    examples.show(state.layout);
    edges.show(state.edges);
  });
}

/** A long network leaves its title smaller letters. */
function fitTitle() {
  const title = document.querySelector("h1");
  const length = title?.textContent?.length ?? 0;
  title?.classList.toggle("long", length > 48 && length <= 150);
  title?.classList.toggle("longer", length > 150);
}

/** On wide screens steps and curve stand under the graph, on narrow ones they come last; the switches are open where there is room. */
function followWidth() {
  const wide = matchMedia("(min-width: 1000px)");
  const wider = matchMedia("(min-width: 1200px)");
  const [switches, left, player] = [hostOf("switches"), hostOf("left"), hostOf("player")];
  const follow = () => {
    if (wide.matches) left.append(hostOf("steps"), hostOf("curve"));
    else hostOf("choose").after(hostOf("steps"), hostOf("curve"));
  };
  const unfold = () => switches.toggleAttribute("open", wider.matches);
  // a column that is higher than the window scrolls until its end is seen, and then stays
  const keep = () => {
    const below = wide.matches ? 0 : player.offsetHeight;
    left.style.setProperty("--top", `${Math.min(8, innerHeight - below - left.offsetHeight)}px`);
    document.documentElement.style.setProperty("--dock", `${player.offsetHeight}px`);
  };
  const sizes = new ResizeObserver(keep);
  for (const element of [left, player]) sizes.observe(element);
  addEventListener("resize", keep);
  wide.addEventListener("change", follow);
  wider.addEventListener("change", unfold);
  follow();
  unfold();
}

/** Builds the page from its data. */
function startPage() {
  /** @type {PageData} */
  const data = JSON.parse(hostOf("data").textContent ?? "");
  /** @type {Page} */
  const page = { data, numbers: new Numbers(data), store: makeStore(data) };
  Object.assign(window, { handgrad: page });
  followLink(page); // first, so that views are built for the step that is asked for
  fitTitle();
  followWidth();
  aboutView(page, hostOf("about"));
  switchesView(page, hostOf("switches"));
  playerView(page, hostOf("player"));
  graphView(page, hostOf("graph"));
  equationView(page, hostOf("equation"));
  chooseView(page, hostOf("choose"));
  stepsView(page, hostOf("steps"));
  curveView(page, hostOf("curve"));
  tellSteps(page, hostOf("told"));
  followKeys(page);
  writeLink(page);
  printable(page, hostOf("paper"));
}

startPage();
