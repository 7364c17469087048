// A formula at a place: symbols, numbers put in, and the result, long sums by their largest terms, as explain/entries.py has it.

/**
 * A formula at a place: with symbols, with numbers, its value, and what long sums leave out.
 * @typedef {{ symbols: Tree, numbers: Tree, value: number, leftOut: { count: number, total: number }[] }} TreesEntry
 */

/**
 * An equation at a place: symbols, numbers put in, and the value.
 * @param {Page} page
 * @param {number} iteration
 * @param {LayoutData} layout
 * @param {string} stepId
 * @param {readonly number[]} at the place of the left side, counted from 0
 * @returns {Worked}
 */
function worked(page, iteration, layout, stepId, at) {
  const { data, numbers } = page;
  const equation = layout.equations[stepId];
  const tree = data.trees[equation.index];
  if (tree[0] !== "equals") throw new Error(`${stepId} is no equation`);
  const place = [...at];
  const scope = { data, place, variables: equation.variables, reader: numbers.reader(iteration, place), lost: false };
  const worker = new TreesWorker(scope, layout.style);
  const left = worker.symbol(tree[2]);
  const found = worker.entry(tree[3]);
  const zero = found.value === 0 && found.numbers[0] === "minus" && found.numbers[1][0] === "rounded"; // nobody writes -0 by itself
  const numbered = zero ? { ...found, left, numbers: treesLeaf(0) } : { ...found, left };
  if (tree[2][0] !== "entry") return { ...numbered, otherForm: false };
  const value = treesReader(scope, tree[2][1], tree[2][2])(); // what is computed, by another form of the formula where that is stable
  return { ...numbered, value, otherForm: !scope.lost && Number.isFinite(value) && !Number.isFinite(found.value) };
}

/** Works formulas out at the place of a scope. */
class TreesWorker {
  /**
   * @param {Scope} scope
   * @param {Style} style
   */
  constructor(scope, style) {
    this.scope = scope;
    this.style = style;
  }

  /**
   * A symbol with numbers for its indices.
   * @param {Tree} tree
   * @returns {Tree}
   */
  symbol(tree) {
    if (tree[0] === "entry") return ["entry", tree[1], treesPlace(this.scope.place, tree[2]), this.symbol(tree[3])];
    if (tree[0] === "function") return ["function", tree[1], tree[2], tree[3], tree[4].map((argument) => this.symbol(argument))];
    const indices = this.scope.variables.map((_, variable) => String((this.scope.place[variable] ?? 0) + 1));
    const { html, binds } = new MathmlWriter(this.scope.data, this.style, indices).node(tree);
    return ["written", html, binds];
  }

  /**
   * @param {Tree} tree
   * @returns {TreesEntry}
   */
  entry(tree) {
    switch (tree[0]) {
      case "number":
        return { symbols: tree, numbers: tree, value: tree[3], leftOut: [] };
      case "entry": {
        const known = treesReader(this.scope, tree[1], tree[2])();
        const whole = tree[1] === "m" || tree[1] === "t";
        const symbols = tree[3][0] === "function" ? this.entry(tree[3]).symbols : this.symbol(tree);
        return { symbols, numbers: whole ? ["whole", known] : treesLeaf(known), value: known, leftOut: [] };
      }
      case "minus":
        return this.joined([tree[1]], ([term]) => ["minus", term], ([term]) => -term);
      case "plus":
        return this.joined(tree[1], treesPlus, (values) => values.reduce((sum, term) => sum + term));
      case "times":
        return this.joined(tree[2], treesTimes, (values) => values.reduce((product, factor) => product * factor));
      case "fraction":
        return this.joined([tree[1], tree[2]], ([above, below]) => ["fraction", above, below], ([above, below]) => above / below);
      case "raised":
        return this.joined([tree[1], tree[2]], ([base, exponent]) => ["raised", base, exponent], ([base, exponent]) => treesRaised(base, exponent));
      case "related": {
        const [, relation, sign] = tree;
        const compare = TREES_RELATIONS[relation];
        return this.joined([tree[3], tree[4]], ([left, right]) => ["related", relation, sign, left, right], ([a, b]) => Number(compare(a, b)));
      }
      case "function": {
        const [, name, template, binds, parts] = tree;
        return this.joined(parts, (shown) => ["function", name, template, binds, shown], (values) => treesApplied(this.scope, name, values)());
      }
      case "identity": {
        const same = treesCompiled(this.scope, tree)();
        return { symbols: this.symbol(tree), numbers: ["whole", same], value: same, leftOut: [] };
      }
      case "reduced":
        return this.sum(tree[1], tree[2], tree[4]);
      default:
        throw new Error(`${tree[0]} has no entries`);
    }
  }

  /**
   * The parts' entries under one node.
   * @param {Tree[]} parts
   * @param {(parts: Tree[]) => Tree} write
   * @param {(values: number[]) => number} compute
   * @returns {TreesEntry}
   */
  joined(parts, write, compute) {
    return treesJoined(parts.map((part) => this.entry(part)), write, compute);
  }

  /**
   * A sum written out, its largest terms where it is long; a maximum is that of all its terms.
   * @param {"sum" | "max"} kind
   * @param {number[]} variables
   * @param {Tree} body
   * @returns {TreesEntry}
   */
  sum(kind, variables, body) {
    const values = [...treesTerms(this.scope, variables, body)()];
    const total = treesTotal(kind, values);
    const sizes = treesSizes(this.scope, variables);
    const shown = (kind === "max" ? treesLargest(values) : treesPicked(values)).map((flat) => {
      treesSet(this.scope, variables, sizes, flat);
      return this.entry(body);
    });
    if (shown.length === values.length) return shown.length === 1 ? shown[0] : treesJoined(shown, treesPlus, () => total);
    const missing = { count: values.length - shown.length, total: total - shown.reduce((sum, term) => sum + term.value, 0) };
    /** @type {TreesEntry} */
    const dots = { symbols: ["dots"], numbers: ["dots"], value: missing.total, leftOut: [missing] };
    const largest = (/** @type {Tree[]} */ parts) => /** @type {Tree} */ (["function", "max", this.style.largest, BINDING.atom, parts]);
    return treesJoined([...shown, dots], kind === "max" ? largest : treesPlus, () => total);
  }
}

/**
 * A number put in; one below zero is minus its size, so that it reads well among others.
 * @param {number} value
 * @returns {Tree}
 */
function treesLeaf(value) {
  return value < 0 ? ["minus", ["rounded", -value]] : ["rounded", value + 0];
}

/**
 * @param {TreesEntry[]} parts
 * @param {(parts: Tree[]) => Tree} write
 * @param {(values: number[]) => number} compute
 * @returns {TreesEntry}
 */
function treesJoined(parts, write, compute) {
  return {
    symbols: write(parts.map((part) => part.symbols)),
    numbers: write(parts.map((part) => part.numbers)),
    value: compute(parts.map((part) => part.value)),
    leftOut: parts.flatMap((part) => part.leftOut),
  };
}

/**
 * A sum, sums inside it flattened.
 * @param {Tree[]} terms
 * @returns {Tree}
 */
function treesPlus(terms) {
  return ["plus", terms.flatMap((term) => (term[0] === "plus" ? term[1] : [term]))];
}

/**
 * A product, with the sign of its first factor in front.
 * @param {Tree[]} factors
 * @returns {Tree}
 */
function treesTimes([first, ...rest]) {
  return first[0] === "minus" ? ["minus", ["times", "scalar", [first[1], ...rest]]] : ["times", "scalar", [first, ...rest]];
}

/**
 * Which term is the maximum: the first of the largest, or the first that is no number.
 * @param {number[]} values
 */
function treesLargest(values) {
  const lost = values.findIndex(Number.isNaN);
  return [lost >= 0 ? lost : values.indexOf(treesTotal("max", values))];
}

/**
 * Which terms of a sum are shown, in order: the largest, those that are no numbers last.
 * @param {number[]} values
 */
function treesPicked(values) {
  const size = (/** @type {number} */ place) => (Number.isNaN(values[place]) ? -1 : Math.abs(values[place]));
  const places = values.map((_, place) => place).sort((a, b) => (size(a) === size(b) ? a - b : size(b) - size(a)));
  return places.slice(0, TREES_TERMS).sort((a, b) => a - b);
}
