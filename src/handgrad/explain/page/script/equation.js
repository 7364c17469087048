// The current step: what it is about, and its formula in matrix form.

/** @type {{ [phase in Phase]: string }} */
const phaseWords = { forward: "Forward", loss: "Loss", backward: "Backward", update: "Update" };

/**
 * @param {Page} page
 * @param {HTMLElement} host
 */
function equationView(page, host) {
  const { data, store } = page;
  const heading = made("h2", {});
  const reason = made("p", { class: "reason" });
  const formula = scrolling("The equation");
  const shapes = made("div", { class: "shapes" });
  const matrix = made("div", { class: "matrix-form" }, formula, shapes);
  const entry = made("div", { class: "index-form" });
  const numbers = made("div", { class: "chosen-numbers" });
  const end = made("div", { class: "iteration-end" });
  host.append(heading, reason, matrix, entry, end, numbers);
  shapesView(page, shapes);
  entryView(page, entry);
  chosenView(page, numbers);
  endView(page, end);

  store.subscribe((state, before) => {
    if (before && !shownAnew(state, before)) return;
    const step = data.steps[state.step];
    heading.textContent = step
      ? phaseWords[step.phase] + (step.layer === null ? "" : ` · layer ${step.layer}`)
      : `End of iteration ${state.iteration + 1}`;
    reason.textContent = step ? step.reason : "";
    const equation = step && layoutShown(page, state).equations[step.id];
    matrix.hidden = !equation || equation.matrix === null;
    if (data.notations[state.notation].form === "index") entry.after(matrix);
    else reason.after(matrix);
    if (!step || !equation || equation.matrix === null) return;
    const role = (/** @type {Tree} */ node, /** @type {string} */ mathml) => {
      const as = node[0] === "matrix" ? roleIn(step, node[1]) : "";
      return as ? `<mrow class="${as}">${mathml}</mrow>` : mathml;
    };
    const { style } = layoutShown(page, state);
    formula.replaceChildren(mathElement(typeset(data, style, data.trees[equation.matrix], equation.letters, role), true));
  });
}

/**
 * What a step does with a quantity: "writes", "reads" or nothing.
 * @param {StepData} step
 * @param {string} key
 */
function roleIn(step, key) {
  return key === step.key ? "writes" : step.reads.includes(key) ? "reads" : "";
}

/**
 * Whether formulas or the places in them are others than before.
 * @param {State} state
 * @param {State} before
 */
function shownAnew(state, before) {
  return formulaAnew(state, before) || state.example !== before.example || state.focus !== before.focus
    || state.units.some((unit, layer) => unit !== before.units[layer]);
}

/**
 * Whether the formula itself, or the iteration whose numbers it has, is another than before.
 * @param {State} state
 * @param {State} before
 */
function formulaAnew(state, before) {
  return state.step !== before.step || state.iteration !== before.iteration || state.notation !== before.notation
    || state.layout !== before.layout;
}

/**
 * Room for what may be wider than the page: it scrolls by itself, from the keyboard too where there is something to scroll.
 * @param {string} label
 */
function scrolling(label) {
  const element = made("div", { class: "scrolling", role: "group", "aria-label": label });
  const follow = () => {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  };
  new ResizeObserver(follow).observe(element);
  new MutationObserver(follow).observe(element, { childList: true });
  return element;
}
