// The player: through the steps of an iteration and on to the next, by button, slider, key and by itself.

/** Shapes of the buttons, 24 wide and high. */
const playerShapes = {
  first: "M5 4h3v16H5zM20 4v16L9 12z",
  back: "M15 4l2 2-6 6 6 6-2 2-8-8z",
  play: "M7 4v16l12-8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  forward: "M9 4l8 8-8 8-2-2 6-6-6-6z",
  last: "M16 4h3v16h-3zM4 4v16l11-8z",
};
const playerSpeeds = [0.25, 0.5, 1, 2, 4, 8];

/** @param {keyof playerShapes} shape */
function playerIcon(shape) {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", playerShapes[shape]);
  icon.append(path);
  return icon;
}

/**
 * Where the state is, in words.
 * @param {Page} page
 * @param {State} state
 */
function placeWords(page, state) {
  const { steps, iterations } = page.data;
  const step = state.step < steps.length ? `step ${state.step + 1} of ${steps.length}` : "end";
  return `iteration ${state.iteration + 1} of ${iterations.length} · ${step}`;
}

/**
 * What a step is about, in words.
 * @param {Page} page
 * @param {State} state
 * @param {number} place
 */
function stepWords(page, state, place) {
  const step = page.data.steps[place];
  return step ? `${layoutShown(page, state).names[step.key][0]}: ${step.reason}` : "the end of the iteration";
}

/**
 * @param {Page} page
 * @param {number} count
 */
function goBy(page, count) {
  page.store.set({ ...movedBy(page, count), playing: false });
}

/**
 * To the same step of another iteration, so that the two can be compared.
 * @param {Page} page
 * @param {number} count
 */
function goToIteration(page, count) {
  page.store.set({ iteration: page.store.state.iteration + count, playing: false });
}

/** @param {Page} page */
function playOrPause(page) {
  const { state } = page.store;
  if (state.playing) page.store.set({ playing: false });
  else if (isLast(page, state)) page.store.set({ iteration: 0, step: 0, playing: true });
  else page.store.set({ playing: true });
}

/**
 * @param {Page} page
 * @param {HTMLElement} host
 */
function playerView(page, host) {
  const { data, store } = page;
  const button = (/** @type {keyof playerShapes} */ shape, /** @type {string} */ label, /** @type {() => void} */ act) => {
    const element = made("button", { type: "button", class: shape, "aria-label": label, title: label }, playerIcon(shape));
    element.addEventListener("click", () => element.getAttribute("aria-disabled") === "true" || act());
    return element;
  };
  const first = button("first", "previous iteration", () => goToIteration(page, -1));
  const back = button("back", "one step back", () => goBy(page, -1));
  const play = button("play", "play", () => playOrPause(page));
  const forward = button("forward", "one step forward", () => goBy(page, 1));
  const last = button("last", "next iteration", () => goToIteration(page, 1));
  const slider = made("input", { type: "range", min: "0", max: String(data.steps.length), step: "1", "aria-label": "step" });
  slider.addEventListener("input", () => store.set({ step: Number(slider.value), playing: false }));
  const speeds = [...new Set([...playerSpeeds, data.start.speed])].sort((one, other) => one - other);
  const speed = made("select", {}, ...speeds.map((seconds) => made("option", { value: String(seconds) }, `${seconds} s`)));
  speed.addEventListener("change", () => store.set({ speed: Number(speed.value) }));
  const place = made("span", { class: "place" });
  host.append(
    playerFormula(page, host),
    made("div", { class: "line" }, place, made("label", { class: "speed" }, made("span", {}, "each step "), speed)),
    slider,
    made("div", { class: "buttons" }, first, back, play, forward, last));

  let timer = 0;
  store.subscribe((state, before) => {
    place.textContent = placeWords(page, state);
    slider.value = String(state.step);
    slider.setAttribute("aria-valuetext", `${placeWords(page, state)}, ${stepWords(page, state, state.step)}`);
    speed.value = String(state.speed);
    // Not `disabled`: that would take the keyboard's focus away at the first and last step.
    for (const [element, off] of /** @type {[HTMLElement, boolean][]} */ ([
      [first, state.iteration === 0], [last, state.iteration === data.iterations.length - 1],
      [back, state.iteration === 0 && state.step === 0], [forward, isLast(page, state)],
    ])) element.setAttribute("aria-disabled", String(off));
    if (before && state.playing === before.playing && state.speed === before.speed) return;
    play.setAttribute("aria-label", state.playing ? "pause" : "play");
    play.title = state.playing ? "pause" : "play";
    play.replaceChildren(playerIcon(state.playing ? "pause" : "play"));
    clearInterval(timer);
    if (state.playing)
      timer = setInterval(() => {
        const next = movedBy(page, 1);
        store.set({ ...next, playing: !isLast(page, { ...store.state, ...next }) });
      }, 1000 * state.speed);
  });
}

/**
 * The equation once more, for narrow screens on which it is out of sight while one looks at the graph or the list.
 * @param {Page} page
 * @param {HTMLElement} player
 */
function playerFormula(page, player) {
  const host = made("div", { class: "formula", "aria-hidden": "true" });
  const fit = () => {
    const formula = /** @type {HTMLElement | null} */ (host.firstElementChild);
    if (formula && host.clientWidth > 0) fitFormula(formula, host.clientWidth);
  };
  page.store.subscribe((state, before) => {
    if (before && !formulaAnew(state, before)) return;
    const { data } = page;
    const step = data.steps[state.step];
    host.hidden = !step;
    if (!step) return;
    const { style, equations } = layoutShown(page, state);
    const { matrix, index, letters } = equations[step.id];
    host.replaceChildren(mathElement(typeset(data, style, data.trees[matrix ?? index], letters), false));
    fit();
  });
  new ResizeObserver(fit).observe(host);
  // The player covers the window's lower end, and the equation begins with a heading: so much of it has to be in view.
  const seen = new IntersectionObserver(
    (entries) => player.classList.toggle("apart", !entries[entries.length - 1].isIntersecting),
    { root: document, rootMargin: "0px 0px -34% 0px" });
  seen.observe(hostOf("equation"));
  return host;
}

/**
 * Tells who hears the page where it is; not while it plays, which would never fall silent.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function tellSteps(page, host) {
  page.store.subscribe((state, before) => {
    if (!before || state.playing) return;
    if (state.step === before.step && state.iteration === before.iteration && !before.playing) return;
    host.textContent = `${placeWords(page, state)}, ${stepWords(page, state, state.step)}`;
  });
}

/** What the keys do, unless the element that has the focus needs them itself. */
const keyWords = [
  [["←", "→"], "one step back, one step forward"],
  [["Shift ←", "Shift →"], "the same step of the iteration before, of the next one"],
  [["Home", "End"], "first step and end of the iteration"],
  [["Space"], "play, pause"],
  [["?"], "this list"],
  [["↑", "↓", "←", "→"], "in the graph: the unit above or below, the layer before or after"],
];

/**
 * Whether an element makes something of a key of its own.
 * @param {EventTarget | null} target
 * @param {string} key
 */
function takesKey(target, key) {
  if (!(target instanceof Element) || target === document.body) return false;
  if (target.matches("input, select, textarea")) return true;
  if (key === " ") return target.closest("a, button, summary, [tabindex], [role=button]") !== null;
  const scrolls = target.scrollWidth > target.clientWidth && getComputedStyle(target).overflowX !== "visible";
  return target.matches("[tabindex]") && scrolls && target instanceof HTMLElement;
}

/** @param {Page} page */
function followKeys(page) {
  const help = () => {
    const list = hostOf("keys");
    list.toggleAttribute("open");
    list.scrollIntoView({ block: "nearest" });
  };
  /** @type {{ [key: string]: () => void }} */
  const acts = {
    ArrowLeft: () => goBy(page, -1),
    ArrowRight: () => goBy(page, 1),
    "Shift ArrowLeft": () => goToIteration(page, -1),
    "Shift ArrowRight": () => goToIteration(page, 1),
    Home: () => page.store.set({ step: 0, playing: false }),
    End: () => page.store.set({ step: page.data.steps.length, playing: false }),
    " ": () => playOrPause(page),
    "?": help,
    "Shift ?": help,
  };
  document.addEventListener("keydown", (event) => {
    const act = acts[(event.shiftKey ? "Shift " : "") + event.key];
    if (!act || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || takesKey(event.target, event.key)) return;
    event.preventDefault();
    act();
  });
}
