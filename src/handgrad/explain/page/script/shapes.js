// The shapes of matrices: what runs down and across them, in words, sizes and colours.

/**
 * What runs down and across a matrix: axes, or null where there is one row or one column.
 * @typedef {{ down: string | null, across: string | null }} Sides
 */

/** @typedef {Extract<Tree, ["matrix", ...unknown[]]>} MatrixTree */

/** @type {("down" | "across")[]} */
const bothSides = ["down", "across"];

/**
 * What runs along an axis, in words.
 * @param {string | null} axis
 */
function axisWords(axis) {
  if (axis === null) return "a single row or column";
  const layer = axisLayer(axis);
  return layer === null ? "examples" : layer === 0 ? "inputs" : `units of layer ${layer}`;
}

/**
 * The layer whose units run along an axis; null for examples.
 * @param {string} axis
 */
function axisLayer(axis) {
  const found = /^unit\[(\d+)\]/.exec(axis);
  return found ? Number(found[1]) : null;
}

/**
 * A quantity's name as plain text. The weights of examples have none of their own: formulas get them when they are typeset.
 * @param {LayoutData} layout
 * @param {string} key
 */
function plainName(layout, key) {
  return layout.names[key]?.[0] ?? key;
}

/**
 * The number of what is chosen along an axis.
 * @param {State} state
 * @param {string} axis
 */
function chosenAlong(state, axis) {
  const layer = axisLayer(axis);
  return layer === null ? state.example : state.units[layer];
}

/**
 * The colour of an axis.
 * @param {string | null} axis
 */
function axisColour(axis) {
  if (axis === null) return "var(--line)";
  const layer = axisLayer(axis);
  return `var(--axis${layer === null ? 5 : layer % 5})`;
}

/**
 * What runs down and across a matrix as it is written.
 * @param {PageData} data
 * @param {MatrixTree} node
 * @param {boolean} turned
 * @returns {Sides}
 */
function sidesOf(data, node, turned) {
  const axes = data.quantities[node[1]]?.axes ?? []; // π is no quantity
  const [down, across] = [node[2], node[3]].map((place) => axes[place] ?? null);
  return turned ? { down: across, across: down } : { down, across };
}

/**
 * Rows × columns.
 * @param {PageData} data
 * @param {Sides} sides
 */
function shapeText(data, { down, across }) {
  return down === null && across === null ? "a number" : `${axisSize(data, down)} × ${axisSize(data, across)}`;
}

/**
 * How many rows and how many columns.
 * @param {PageData} data
 * @param {Sides} sides
 */
function shapeSizes(data, sides) {
  return bothSides.map((side) => axisSize(data, sides[side]));
}

/**
 * @param {PageData} data
 * @param {string | null} axis
 */
function axisSize(data, axis) {
  return axis === null ? 1 : data.axes[axis];
}

/**
 * The parts of a node.
 * @param {Tree} tree
 * @returns {Tree[]}
 */
function partsOf(tree) {
  switch (tree[0]) {
    case "plus": return tree[1];
    case "times": return tree[2];
    case "function": return tree[4];
    case "minus": case "transposed": return [tree[1]];
    case "fraction": case "raised": return [tree[1], tree[2]];
    case "related": case "equals": return tree[0] === "equals" ? [tree[2], tree[3]] : [tree[3], tree[4]];
    case "reduced": return [tree[4]];
    default: return [];
  }
}

/**
 * The axes that an equation's sums and maxima run over; matrix form does not say so by itself.
 * @param {Tree} tree
 * @param {EquationData} equation
 * @returns {Set<string>}
 */
function summedAxes(tree, equation) {
  const own = tree[0] === "reduced" ? tree[2].map((variable) => equation.variables[variable]) : [];
  return new Set([...own, ...partsOf(tree).flatMap((part) => [...summedAxes(part, equation)])]);
}
