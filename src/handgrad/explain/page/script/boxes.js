// The matrices of the current step drawn to shape, with their numbers where they are small; one may turn them.

const boxRows = 6; // a matrix of at most so many rows and columns holds its numbers
const boxColumns = 8;
const boxesWide = 10; // with more columns in a formula, or in a narrow window, numbers have fewer digits
const boxesNarrow = 600;

/**
 * The formula with its matrices drawn to shape, which one may turn; another step forgets what was turned.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function shapesView(page, host) {
  const { data, store } = page;
  const formula = scrolling("The matrices of the equation, drawn to shape");
  const verdict = made("p", { class: "verdict" });
  const axes = made("p", { class: "axes soft" });
  const turns = made("div", { class: "turns" });
  host.append(formula, axes, verdict, turns);
  let room = 0;
  const fit = () => {
    formula.classList.remove("tight", "small");
    for (const less of ["tight", "small"]) formula.classList.toggle(less, formula.scrollWidth > formula.clientWidth);
    room = formula.clientWidth;
  };
  new ResizeObserver(() => formula.clientWidth !== room && fit()).observe(formula);
  new MutationObserver(fit).observe(formula, { childList: true }); // once all views have drawn
  /** @type {Set<Tree>} */
  const turned = new Set();

  store.subscribe((state, before) => {
    if (before && !shownAnew(state, before)) return;
    const anew = !before || formulaAnew(state, before);
    if (anew) turned.clear();
    draw(state, anew);
  });

  /**
   * @param {State} state
   * @param {boolean} anew
   */
  function draw(state, anew) {
    const step = data.steps[state.step];
    const layout = layoutShown(page, state);
    const equation = step && layout.equations[step.id];
    const tree = equation && equation.matrix !== null ? data.trees[equation.matrix] : null;
    host.hidden = tree === null;
    if (!tree || tree[0] !== "equals") return;
    /** @type {{ node: MatrixTree, name: string }[]} */
    const found = [];
    const named = namesOfBoxes(tree);
    const written = typeset(data, layout.style, tree, equation.letters, (node, mathml) => {
      if (node[0] !== "matrix" || named.has(node) || (node[2] < 0 && node[3] < 0 && node[1] !== step.key)) return mathml;
      found.push({ node, name: mathml });
      return `<mtext data-box="${found.length - 1}"></mtext>`;
    });
    const math = mathElement(written, true);
    for (const bracket of math.querySelectorAll('mo[stretchy="false"]')) {
      if (bracket.parentElement?.querySelector("[data-box]")) bracket.setAttribute("stretchy", "true"); // as tall as its matrices
    }
    const { fits, words, sides } = new ShapeCheck(data, layout, equation, turned).verdict(tree[2], tree[3]);
    const held = new Map();
    holdAxes(tree, new Set(equation.variables.slice(0, equation.free)), summedAxes(data.trees[equation.index], equation), held);
    const numbered = found.filter(({ node }) => boxHasNumbers(data, node));
    const columns = numbered.reduce((sum, { node }) => sum + axisSize(data, sidesOf(data, node, turned.has(node)).across), 0);
    const digits = columns > boxesWide || innerWidth < boxesNarrow ? Math.min(data.digits, 3) : data.digits;
    for (const place of math.querySelectorAll("[data-box]")) {
      const { node, name } = found[Number(place.getAttribute("data-box"))];
      const plain = plainName(layout, node[1]);
      const clash = sides.filter((side) => side.node === node).map((side) => side.side);
      const box = boxOf(page, state, node, name, plain, turned.has(node), held.get(node), digits, clash);
      place.append(made("span", {}, box)); // in a line of its own, so that its middle can be that of the formula
    }
    formula.replaceChildren(math);
    axes.replaceChildren(...axesLegend(data, found.map(({ node }) => node)));
    verdict.dataset.fits = fits;
    verdict.textContent = words;
    if (turned.size > 0) verdict.setAttribute("aria-live", "polite"); // told when one turns a box, not at every step
    else verdict.removeAttribute("aria-live");
    if (anew) turns.replaceChildren(...turnButtons(found, layout));
    for (const button of turns.querySelectorAll("button")) {
      if (button.className === "back") button.disabled = turned.size === 0;
    }
  }

  /**
   * A button for each matrix that is no single number, and one that turns all back.
   * @param {{ node: MatrixTree, name: string }[]} found
   * @param {LayoutData} layout
   */
  function turnButtons(found, layout) {
    const drawn = found.filter(({ node }) => shapeSizes(data, sidesOf(data, node, false)).some((size) => size > 1));
    const plain = drawn.map(({ node }) => plainName(layout, node[1]));
    const buttons = drawn.map(({ node, name }, place) => {
      const same = (/** @type {string} */ other) => other === plain[place];
      const which = plain.filter(same).length > 1 ? ` (${plain.slice(0, place + 1).filter(same).length})` : "";
      const attributes = { type: "button", "aria-pressed": "false", "aria-label": `turn ${plain[place]}${which}` };
      const button = made("button", attributes, "turn ", mathElement(name, false), which);
      button.addEventListener("click", () => {
        if (!turned.delete(node)) turned.add(node);
        button.setAttribute("aria-pressed", String(turned.has(node)));
        draw(store.state, false);
      });
      return button;
    });
    if (buttons.length === 0) return [];
    const back = made("button", { type: "button", class: "back" }, "as it was");
    back.addEventListener("click", () => {
      turned.clear();
      for (const button of buttons) button.setAttribute("aria-pressed", "false");
      draw(store.state, false);
      buttons[0].focus(); // this button is disabled now
    });
    return [...buttons, back];
  }
}

/**
 * The matrices that only stand in the names of others, as Z in tanh'(Z).
 * @param {Tree} tree
 * @returns {Set<Tree>}
 */
function namesOfBoxes(tree) {
  /** @type {(part: Tree) => Tree[]} */
  const inside = (part) => [part, ...partsOf(part).flatMap(inside)];
  return new Set(inside(tree).flatMap((part) => (part[0] === "matrix" ? inside(part[4]) : [])));
}

/**
 * Which axes of each matrix are held at the place of the chosen entry; others run, in a sum or a product.
 * @param {Tree} tree
 * @param {Set<string>} free
 * @param {Set<string>} summed
 * @param {Map<Tree, Set<string>>} found
 */
function holdAxes(tree, free, summed, found) {
  if (tree[0] === "matrix") found.set(tree, free);
  const inside = tree[0] === "reduced" ? new Set([...free].filter((axis) => !summed.has(axis))) : free;
  for (const part of partsOf(tree)) holdAxes(part, inside, summed, found);
}

/**
 * Whether a matrix is small enough to hold its numbers, however it is turned.
 * @param {PageData} data
 * @param {MatrixTree} node
 */
function boxHasNumbers(data, node) {
  const [less, more] = shapeSizes(data, sidesOf(data, node, false)).sort((one, other) => one - other);
  return less <= boxRows && more <= boxColumns;
}

/**
 * A matrix as a rectangle: with numbers where it is small, else with stripes for what is chosen; its sides are coloured by axis.
 * @param {Page} page
 * @param {State} state
 * @param {MatrixTree} node
 * @param {string} name
 * @param {string} plain
 * @param {boolean} turned
 * @param {Set<string>} held
 * @param {number} digits
 * @param {("down" | "across")[]} clash the sides that do not fit
 */
function boxOf(page, state, node, name, plain, turned, held, digits, clash) {
  const { data } = page;
  const step = data.steps[state.step];
  const sides = sidesOf(data, node, turned);
  const [rows, columns] = shapeSizes(data, sides);
  const at = bothSides.map((side) => {
    const axis = sides[side];
    return axis !== null && held.has(axis) ? chosenAlong(state, axis) : null;
  });
  const small = boxHasNumbers(data, node);
  const body = small ? numberedBody(page, state, node, turned, at, digits) : stripedBody([rows, columns], at);
  body.style.borderColor = `${axisColour(sides.across)} ${axisColour(sides.down)}`; // top and bottom run across
  for (const side of clash) body.classList.add(`clash-${side}`);
  const size = made("span", { class: "box-size" });
  const [high, wide] = bothSides.map((side, place) => {
    const span = made("span", clash.includes(side) ? { class: "clash" } : {}, String([rows, columns][place]));
    span.style.color = sides[side] === null ? "var(--soft)" : axisColour(sides[side]);
    return span;
  });
  if (sides.down === null && sides.across === null) size.append("a number");
  else size.append(high, " × ", wide, turned ? " turned" : "");
  const role = roleIn(step, node[1]);
  const along = bothSides.flatMap((side) => (sides[side] === null ? [] : `${axisWords(sides[side])} ${side}`));
  const label = `${plain}, ${shapeText(data, sides)}${along.map((words) => `, ${words}`).join("")}`;
  return made("span", { class: `box ${role}`, role: "group", "aria-label": label, "data-key": node[1] },
    made("span", { class: "box-name" }, mathElement(name, false)), body, size);
}

/**
 * The numbers of a small matrix, of which one may be chosen with a pointer.
 * @param {Page} page
 * @param {State} state
 * @param {MatrixTree} node
 * @param {boolean} turned
 * @param {(number | null)[]} chosen the row and the column that are held
 * @param {number} digits
 */
function numberedBody(page, state, node, turned, chosen, digits) {
  const { data, numbers, store } = page;
  const { axes, layer } = data.quantities[node[1]];
  const [rows, columns] = shapeSizes(data, sidesOf(data, node, turned));
  const [down, across] = turned ? [node[3], node[2]] : [node[2], node[3]];
  const body = made("span", { class: "box-body cells" });
  body.style.gridTemplateColumns = `repeat(${columns}, auto)`;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = axes.map((_, axis) => (axis === down ? row : axis === across ? column : 0));
      const value = numbers.value(state.iteration, node[1], at);
      const marked = chosen.some((place) => place !== null) && [row, column].every((place, side) => (chosen[side] ?? place) === place);
      const cell = made("span", { class: marked ? "cell marked" : "cell", "data-value": String(value) }, roundedText(value, digits));
      cell.addEventListener("click", () => {
        const units = store.state.units.map((unit, of) => at[axes.indexOf(`unit[${of}]`)] ?? unit);
        const example = axes.includes("example") ? at[axes.indexOf("example")] : store.state.example;
        store.set({ units, example, focus: layer ?? store.state.focus });
      });
      body.append(cell);
    }
  }
  return body;
}

/**
 * A large matrix, its sides by the logarithms of their sizes.
 * @param {number[]} sizes
 * @param {(number | null)[]} chosen the row and the column that are held
 */
function stripedBody(sizes, chosen) {
  const [high, wide] = sizes.map((size) => 18 + 13 * Math.log2(size));
  const body = made("span", { class: "box-body" });
  Object.assign(body.style, { width: `${wide}px`, height: `${high}px` });
  if (chosen.every((place) => place === null)) return body;
  const stripe = made("span", { class: "stripe marked" });
  const [[top, height], [left, width]] = chosen.map((place, side) =>
    place === null ? [0, 100] : [(100 * place) / sizes[side], 100 / sizes[side]]);
  Object.assign(stripe.style, { top: `min(${top}%, 100% - 3px)`, left: `min(${left}%, 100% - 3px)`, height: `max(3px, ${height}%)`, width: `max(3px, ${width}%)` });
  body.append(stripe);
  return body;
}

/**
 * The colours of the sides in words.
 * @param {PageData} data
 * @param {MatrixTree[]} nodes
 */
function axesLegend(data, nodes) {
  const axes = new Set(nodes.flatMap((node) => Object.values(sidesOf(data, node, false))));
  return [...axes].filter((axis) => axis !== null).map((axis) => {
    const swatch = made("span", { class: "swatch" });
    swatch.style.background = axisColour(axis);
    return made("span", { class: "axis" }, swatch, `${axisWords(axis)} (${axisSize(data, axis)})`);
  });
}
