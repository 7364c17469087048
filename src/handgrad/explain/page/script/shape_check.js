// Whether the matrices of a formula fit, as they are written or turned.

/**
 * A side of a matrix in a formula.
 * @typedef {{ node: MatrixTree, side: "down" | "across" }} BoxSide
 */

/**
 * What runs down and across a part of a formula, and the sides of its matrices that do.
 * @typedef {Sides & { sides: { down: BoxSide[], across: BoxSide[] } }} PartSides
 */

/**
 * Whether a formula fits its shapes, and the sides that do not. "chance": sizes agree, axes do not.
 * @typedef {{ fits: "yes" | "no" | "chance", words: string, sides: BoxSide[] }} Verdict
 */

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
    this.free = new Set(equation.variables.slice(0, equation.free));
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
    if (this.clash || !wanted || !given) return this.clash ?? { fits: "yes", words: "", sides: [] };
    const [is, gives] = [wanted, given].map((sides) => shapeText(this.data, sides));
    for (const side of bothSides) {
      const [from, to] = [given[side], wanted[side]];
      if (from === null || from === to) continue; // a single one is the same for all
      if (axisSize(this.data, from) !== axisSize(this.data, to)) {
        const words = `does not fit: this gives ${gives}, but ${this.called(left) || "the left side"} is ${is}`;
        return { fits: "no", words, sides: [...wanted.sides[side], ...given.sides[side]] };
      }
      this.byChance(from, to, [...wanted.sides[side], ...given.sides[side]]);
    }
    if (this.clash) return this.clash;
    const same = is === "a number" ? "numbers only" : `all ${is}, entry by entry`;
    return { fits: "yes", words: this.said.join("; ") || same, sides: [] };
  }

  /**
   * What runs down and across a part; null where its parts do not fit.
   * @param {Tree} tree
   * @returns {PartSides | null}
   */
  sides(tree) {
    if (tree[0] === "matrix") {
      const [down, across] = bothSides.map((side) => [{ node: tree, side }]);
      return { ...sidesOf(this.data, tree, this.turned.has(tree)), sides: { down, across } };
    }
    const parts = partsOf(tree);
    if (tree[0] === "transposed") {
      const body = this.sides(tree[1]);
      return body && { down: body.across, across: body.down, sides: { down: body.sides.across, across: body.sides.down } };
    }
    if (tree[0] === "reduced") return this.reduced(tree);
    const matrices = tree[0] === "times" && tree[1] === "matrix";
    /** @type {PartSides | null} */
    let found = parts.length > 0 ? this.sides(parts[0]) : { down: null, across: null, sides: { down: [], across: [] } };
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
   * @returns {PartSides | null}
   */
  reduced(tree) {
    const body = this.sides(tree[4]);
    if (!body) return null;
    // index form has no sum over a single example
    const gone = (/** @type {string | null} */ axis) => axis !== null && (this.summed.has(axis) || !this.free.has(axis));
    const over = bothSides.flatMap((side) => body[side] ?? []).filter(gone);
    const [down, across] = bothSides.map((side) => (gone(body[side]) ? null : body[side]));
    const result = { down, across, sides: body.sides };
    const words = over.map((axis) => axisWords(axis)).join(" and ");
    this.say(`${shapeText(this.data, body)} summed over ${words} gives ${shapeText(this.data, result)}`, tree[1]);
    return result;
  }

  /**
   * A matrix product: what runs across the first runs down the second.
   * @param {PartSides} first
   * @param {PartSides} second
   * @param {Tree} left
   * @param {Tree} right
   * @returns {PartSides | null}
   */
  product(first, second, left, right) {
    const { data } = this;
    const result = { down: first.down, across: second.across, sides: { down: first.sides.down, across: second.sides.across } };
    const meeting = [...first.sides.across, ...second.sides.down];
    const [columns, rows] = [axisSize(data, first.across), axisSize(data, second.down)];
    if (columns !== rows) {
      const of = (/** @type {Tree} */ tree, /** @type {string | null} */ axis) =>
        `${this.called(tree) && ` of ${this.called(tree)}`}${axis === null ? "" : ` (${axisWords(axis)})`}`;
      const words = `${shapeCounted(columns, "column")}${of(left, first.across)} against ${shapeCounted(rows, "row")}${of(right, second.down)}`;
      this.clash ??= { fits: "no", words: `does not fit: ${words}`, sides: meeting };
      return null;
    }
    if (first.across !== second.down) this.byChance(first.across, second.down, meeting);
    this.say(`${shapeText(data, first)} times ${shapeText(data, second)} gives ${shapeText(data, result)}`);
    return result;
  }

  /**
   * Two parts entry by entry, where a single row, column or number is repeated.
   * @param {PartSides} first
   * @param {PartSides} second
   * @returns {PartSides | null}
   */
  met(first, second) {
    const { data } = this;
    /** @type {PartSides} */
    const result = { down: null, across: null, sides: { down: [], across: [] } };
    for (const side of bothSides) {
      const [one, other] = [first[side], second[side]];
      result[side] = one ?? other;
      result.sides[side] = [first, second].flatMap((part) => (part[side] === null ? [] : part.sides[side]));
      if (one === null || other === null || one === other) continue;
      if (axisSize(data, one) === axisSize(data, other)) {
        this.byChance(one, other, result.sides[side]);
        continue;
      }
      const what = side === "down" ? "row" : "column";
      const [left, right] = [one, other].map((axis) => `${shapeCounted(axisSize(data, axis), what)} (${axisWords(axis)})`);
      this.clash ??= { fits: "no", words: `does not fit: ${left} against ${right}`, sides: result.sides[side] };
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
   * @param {BoxSide[]} sides
   */
  byChance(one, other, sides) {
    const [size, first, second] = [axisSize(this.data, one), axisWords(one), axisWords(other)];
    this.clash ??= { fits: "chance", words: `the sizes agree by chance (${size} = ${size}), but ${first} would meet ${second}`, sides };
  }

  /**
   * The name of a part that is a matrix by itself, or nothing.
   * @param {Tree} tree
   */
  called(tree) {
    return tree[0] === "matrix" ? `${plainName(this.layout, tree[1])}${this.turned.has(tree) ? " turned" : ""}` : "";
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
