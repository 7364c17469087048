// Matrices drawn to shape: whether they fit, and boxes that one may turn to see what then no longer does.

/**
 * What runs down and across a matrix: axes, or null where there is one row or one column.
 * @typedef {{ down: string | null, across: string | null }} Sides
 */

/**
 * Whether a formula fits its shapes. "chance": sizes agree, axes do not.
 * @typedef {{ fits: "yes" | "no" | "chance", words: string }} Verdict
 */

/** @typedef {Extract<Tree, ["matrix", ...unknown[]]>} MatrixTree */

/** @type {("down" | "across")[]} */
const bothSides = ["down", "across"];

/**
 * What runs along an axis, in words.
 * @param {string | null} axis
 */
function axisWords(axis) {
  if (axis === null) return "nothing else";
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

/**
 * Goes through a formula with its shapes: what meets what, whether it has the same size and is the same thing.
 */
class ShapeCheck {
  /**
   * @param {PageData} data
   * @param {LayoutData} layout
   * @param {EquationData} equation
   * @param {Set<Tree>} turned
   */
  constructor(data, layout, equation, turned) {
    this.data = data;
    this.layout = layout;
    this.turned = turned;
    this.summed = summedAxes(data.trees[equation.index], equation);
    /** @type {string[]} */
    this.said = [];
    /** @type {Verdict | null} */
    this.clash = null;
  }

  /**
   * The verdict on both sides of an equation.
   * @param {Tree} left
   * @param {Tree} right
   * @returns {Verdict}
   */
  verdict(left, right) {
    const [wanted, given] = [this.sides(left), this.sides(right)];
    if (this.clash || !wanted || !given) return this.clash ?? { fits: "yes", words: "" };
    const [is, gives] = [wanted, given].map((sides) => shapeText(this.data, sides));
    for (const side of bothSides) {
      const [from, to] = [given[side], wanted[side]];
      if (from === null || from === to) continue; // a single one is the same for all
      if (axisSize(this.data, from) !== axisSize(this.data, to)) {
        return { fits: "no", words: `does not fit: this gives ${gives}, but ${this.called(left) || "the left side"} is ${is}` };
      }
      this.byChance(from, to);
    }
    if (this.clash) return this.clash;
    const same = is === "a number" ? "numbers only" : `all ${is}, entry by entry`;
    return { fits: "yes", words: this.said.join("; ") || same };
  }

  /**
   * What runs down and across a part; null where its parts do not fit.
   * @param {Tree} tree
   * @returns {Sides | null}
   */
  sides(tree) {
    if (tree[0] === "matrix") return sidesOf(this.data, tree, this.turned.has(tree));
    const parts = partsOf(tree);
    if (tree[0] === "transposed") {
      const body = this.sides(tree[1]);
      return body && { down: body.across, across: body.down };
    }
    if (tree[0] === "reduced") return this.reduced(tree);
    const matrices = tree[0] === "times" && tree[1] === "matrix";
    /** @type {Sides | null} */
    let found = parts.length > 0 ? this.sides(parts[0]) : { down: null, across: null };
    for (let place = 1; place < parts.length && found; place++) {
      const next = this.sides(parts[place]);
      if (!next) return null;
      found = matrices ? this.product(found, next, parts[place - 1], parts[place]) : this.met(found, next);
    }
    return found;
  }

  /**
   * A sum or maximum over axes.
   * @param {Extract<Tree, ["reduced", ...unknown[]]>} tree
   * @returns {Sides | null}
   */
  reduced(tree) {
    const body = this.sides(tree[4]);
    if (!body) return null;
    const over = bothSides.flatMap((side) => body[side] ?? []).filter((axis) => this.summed.has(axis));
    const [down, across] = bothSides.map((side) => (this.summed.has(body[side] ?? "") ? null : body[side]));
    const result = { down, across };
    const words = over.map((axis) => axisWords(axis)).join(" and ");
    this.say(`${shapeText(this.data, body)} summed over ${words} gives ${shapeText(this.data, result)}`, tree[1]);
    return result;
  }

  /**
   * A matrix product: what runs across the first runs down the second.
   * @param {Sides} first
   * @param {Sides} second
   * @param {Tree} left
   * @param {Tree} right
   * @returns {Sides | null}
   */
  product(first, second, left, right) {
    const { data } = this;
    const result = { down: first.down, across: second.across };
    const [columns, rows] = [axisSize(data, first.across), axisSize(data, second.down)];
    if (columns !== rows) {
      const of = (/** @type {Tree} */ tree, /** @type {string | null} */ axis) =>
        `${this.called(tree) && ` of ${this.called(tree)}`}${axis === null ? "" : ` (${axisWords(axis)})`}`;
      const words = `${shapeCounted(columns, "column")}${of(left, first.across)} against ${shapeCounted(rows, "row")}${of(right, second.down)}`;
      this.clash ??= { fits: "no", words: `does not fit: ${words}` };
      return null;
    }
    if (first.across !== second.down) this.byChance(first.across, second.down);
    this.say(`${shapeText(data, first)} times ${shapeText(data, second)} gives ${shapeText(data, result)}`);
    return result;
  }

  /**
   * Two parts entry by entry, where a single row, column or number is repeated.
   * @param {Sides} first
   * @param {Sides} second
   * @returns {Sides | null}
   */
  met(first, second) {
    const { data } = this;
    /** @type {Sides} */
    const result = { down: null, across: null };
    for (const side of bothSides) {
      const [one, other] = [first[side], second[side]];
      result[side] = one ?? other;
      if (one === null || other === null || one === other) continue;
      if (axisSize(data, one) === axisSize(data, other)) {
        this.byChance(one, other);
        continue;
      }
      const what = side === "down" ? "row" : "column";
      const [left, right] = [one, other].map((axis) => `${shapeCounted(axisSize(data, axis), what)} (${axisWords(axis)})`);
      this.clash ??= { fits: "no", words: `does not fit: ${left} against ${right}` };
      return null;
    }
    for (const part of [first, second]) {
      const number = part.down === null && part.across === null;
      const along = part.down === null ? result.down : part.across === null ? result.across : null;
      if (number || along === null || axisSize(data, along) === 1) continue;
      this.say(`${shapeText(data, part)} is repeated for each of the ${axisSize(data, along)} ${axisWords(along)}`);
    }
    return result;
  }

  /**
   * Sizes agree, but not what is counted.
   * @param {string | null} one
   * @param {string | null} other
   */
  byChance(one, other) {
    const [size, first, second] = [axisSize(this.data, one), axisWords(one), axisWords(other)];
    this.clash ??= { fits: "chance", words: `the sizes agree by chance (${size} = ${size}), but ${first} would meet ${second}` };
  }

  /**
   * The name of a part that is a matrix by itself, or nothing.
   * @param {Tree} tree
   */
  called(tree) {
    return tree[0] === "matrix" ? `${this.layout.names[tree[1]][0]}${this.turned.has(tree) ? " turned" : ""}` : "";
  }

  /**
   * A sentence of the verdict, once.
   * @param {string} words
   * @param {string} kind
   */
  say(words, kind = "sum") {
    const sentence = kind === "max" ? words.replace("summed over", "at its largest over") : words;
    if (!this.said.includes(sentence)) this.said.push(sentence);
  }
}

/**
 * So many of something.
 * @param {number} count
 * @param {string} what
 * @param {string} plural
 */
function shapeCounted(count, what, plural = "s") {
  return `${count} ${what}${count === 1 ? "" : plural}`;
}
