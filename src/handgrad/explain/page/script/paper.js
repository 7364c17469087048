// On paper: every step of the iteration that is shown, with its numbers where they fit, and worked for what is chosen.

const PAPER_WIDTH = 660; // pixels between the margins of A4, and of letter
const PAPER_COLUMNS = 10; // with more columns of numbers in an equation, its result has a line of its own

/**
 * Builds the section when the page is about to be printed, and takes it away after.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function printable(page, host) {
  addEventListener("beforeprint", () => {
    host.replaceChildren(...paperContent(page));
    host.hidden = false;
    for (const formula of host.querySelectorAll("math")) fitFormula(/** @type {HTMLElement} */ (formula), PAPER_WIDTH);
  });
  addEventListener("afterprint", () => {
    host.hidden = true;
    host.replaceChildren();
  });
}

/**
 * A formula that is too wide for its room becomes smaller.
 * @param {HTMLElement} formula
 * @param {number} room
 */
function fitFormula(formula, room) {
  formula.style.fontSize = "";
  let size = 1;
  for (let tries = 0; tries < 4; tries++) { // stretched signs shrink less than letters, in some fonts by much
    const { width } = formula.getBoundingClientRect();
    if (width <= room) return;
    size *= 0.99 * room / width;
    formula.style.fontSize = `${size}em`;
  }
}

/**
 * @param {Page} page
 * @returns {HTMLElement[]}
 */
function paperContent(page) {
  const { state } = page.store;
  const { data } = page;
  const { loss, loss_after: after } = data.iterations[state.iteration];
  const path = state.units.map((unit, layer) => placeAlong(data, `unit[${layer}]`, unit));
  const [before, now] = [loss, after].map((value) => roundedText(Number(value), data.digits));
  return [
    made("h2", {}, `Every step of iteration ${state.iteration + 1}`),
    made("p", {}, `Worked for ${[placeAlong(data, "example", state.example), ...path].join(", ")}.`),
    ...stepPhases.flatMap(([phase, heading]) => {
      const members = data.steps.filter((step) => step.phase === phase);
      return members.length > 0 ? [made("h3", {}, heading), ...members.map((step) => paperStep(page, state, step))] : [];
    }),
    made("p", {}, `The loss J of the iteration: ${before} → ${now}.`),
  ];
}

/**
 * A step: its reason, its equation in matrix form, and the chosen entry of it.
 * @param {Page} page
 * @param {State} state
 * @param {StepData} step
 */
function paperStep(page, state, step) {
  const { data } = page;
  const layout = layoutShown(page, state);
  const equation = layout.equations[step.id];
  const index = data.trees[equation.index];
  const equals = index[0] === "equals" ? index[1] : 0;
  const write = (/** @type {Tree} */ tree) => typeset(data, layout.style, tree, equation.letters);
  const lines = equation.matrix === null ? [write(index)] : paperMatrices(page, state, step, data.trees[equation.matrix]);
  const at = equation.variables.slice(0, equation.free).map((axis) => chosenAlong(state, axis));
  const found = worked(page, state.iteration, layout, step.id, at);
  const { left, symbols, numbers, value } = found;
  const sign = "<mo>=</mo>"; // also where the equation has := for what comes to be
  const [put, result] = [write(numbers), write(["rounded", value])];
  lines.push(write(["equals", equals, left, symbols]), put === result ? sign + put : sign + put + sign + result);
  const rest = beneath(page, found);
  return made("article", { "data-value": String(value) },
    made("p", {}, step.reason),
    ...lines.map((line) => made("div", {}, mathElement(line, true))),
    ...(rest ? [made("p", { class: "soft" }, rest)] : []));
}

/**
 * The lines of a matrix form: with names and, where all its matrices are small, with numbers.
 * @param {Page} page
 * @param {State} state
 * @param {StepData} step
 * @param {Tree} tree
 */
function paperMatrices(page, state, step, tree) {
  const { data } = page;
  const { style, equations } = layoutShown(page, state);
  const { letters } = equations[step.id];
  const names = typeset(data, style, tree, letters);
  let small = true;
  let across = 0;
  const draw = (/** @type {Tree} */ node, /** @type {string} */ name) => {
    if (node[0] !== "matrix") return name;
    const [rows, columns] = shapeSizes(data, sidesOf(data, node, false));
    if (rows * columns === 1 && node[1] !== step.key) return name; // m and α read better than their numbers
    small &&= boxHasNumbers(data, node);
    across += columns;
    return small ? paperNumbers(page, state, node) : name;
  };
  if (tree[0] !== "equals") return [names];
  const parts = [tree[3], tree[2]].map((side) => `<mo>=</mo>${typeset(data, style, side, letters, draw)}`);
  if (!small) return [names];
  return across > PAPER_COLUMNS ? [names, ...parts] : [names, parts.join("")];
}

/**
 * The numbers of a matrix in brackets; one by itself without.
 * @param {Page} page
 * @param {State} state
 * @param {MatrixTree} node
 */
function paperNumbers(page, state, node) {
  const { data } = page;
  const { axes } = data.quantities[node[1]];
  const [rows, columns] = shapeSizes(data, sidesOf(data, node, false));
  const { style } = layoutShown(page, state);
  const cell = (/** @type {number} */ row, /** @type {number} */ column) => {
    const at = axes.map((_, axis) => (axis === node[2] ? row : axis === node[3] ? column : 0));
    return typeset(data, style, ["rounded", page.numbers.value(state.iteration, node[1], at)], []);
  };
  if (rows * columns === 1) return cell(0, 0);
  const counted = (/** @type {number} */ count) => [...Array(count).keys()];
  const lines = counted(rows).map((row) => `<mtr>${counted(columns).map((column) => `<mtd>${cell(row, column)}</mtd>`).join("")}</mtr>`);
  return `<mrow><mo>[</mo><mtable>${lines.join("")}</mtable><mo>]</mo></mrow>`;
}
