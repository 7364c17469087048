// Trees of equations: their values, and what they come to at one place with symbols and with numbers, as
// handgrad/explain/entries.py writes it.

/** A sum keeps so many of its terms. */
const TREES_TERMS = 6;

/** @type {{ [name: string]: (...values: number[]) => number }} */
const TREES_PRIMITIVES = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  erf: (x) => (Math.abs(x) < 1 ? treesErf(x) : Math.sign(x) * (1 - treesErfc(Math.abs(x)))),
  erfc: (x) => treesErfc(x),
  tanh: Math.tanh,
  cosh: Math.cosh,
  cos: Math.cos,
  floor: Math.floor,
  abs: Math.abs,
  sign: Math.sign,
  max: Math.max,
  min: Math.min,
  clip: (x, low, high) => Math.min(Math.max(x, low), high),
  where: (condition, yes, no) => (condition ? yes : no),
  indicator: (condition) => condition,
};

/**
 * The constants of the language, which need no numbers.
 * @type {{ [key: string]: number }}
 */
const TREES_CONSTANTS = { pi: Math.PI };

/** @type {{ [relation: string]: (left: number, right: number) => boolean }} */
const TREES_RELATIONS = {
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
};

/**
 * The error function near 0, by a series of positive terms.
 * @param {number} x
 */
function treesErf(x) {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * 1 less the error function: far from 0 by its continued fraction.
 * @param {number} x
 * @returns {number}
 */
function treesErfc(x) {
  if (!(x >= 0)) return Number.isNaN(x) ? x : 2 - treesErfc(-x);
  if (x < 2) return 1 - treesErf(x);
  let tail = x;
  for (let k = 200; k > 0; k--) tail = x + k / 2 / tail;
  return Math.exp(-x * x) / (tail * Math.sqrt(Math.PI));
}

/**
 * What evaluating needs: numbers by key and place, and where each variable is. `lost` says that a function has no formula.
 * @typedef {{ data: PageData, place: number[], variables: readonly string[], read: (key: string, at: number[]) => number, lost: boolean }} Scope
 */

/**
 * The value of a formula in index form.
 * @param {PageData} data
 * @param {Tree} tree
 * @param {readonly number[]} at where each variable is, counted from 0; those of sums are set inside
 * @param {readonly string[]} variables their axes
 * @param {(key: string, at: number[]) => number} read
 * @returns {number}
 */
function evaluate(data, tree, at, variables, read) {
  return treesValue({ data, place: [...at], variables, read, lost: false }, tree);
}

/**
 * @param {Scope} scope
 * @param {Tree} tree
 * @returns {number}
 */
function treesValue(scope, tree) {
  switch (tree[0]) {
    case "number":
      return tree[3];
    case "entry":
      return treesRead(scope, tree[1], tree[2]);
    case "plus":
      return tree[1].reduce((sum, term, n) => (n ? sum + treesValue(scope, term) : treesValue(scope, term)), 0);
    case "minus":
      return -treesValue(scope, tree[1]);
    case "times":
      return tree[2].reduce((product, factor) => product * treesValue(scope, factor), 1);
    case "fraction":
      return treesValue(scope, tree[1]) / treesValue(scope, tree[2]);
    case "raised":
      return treesRaised(treesValue(scope, tree[1]), treesValue(scope, tree[2]));
    case "related":
      return Number(TREES_RELATIONS[tree[1]](treesValue(scope, tree[3]), treesValue(scope, tree[4])));
    case "identity":
      return Number(scope.place[tree[1]] === scope.place[tree[2]]);
    case "function":
      return treesApplied(scope, tree[1], tree[4].map((argument) => treesValue(scope, argument)));
    case "reduced":
      return treesTotal(tree[1], treesTerms(scope, tree[2], tree[4]));
    default:
      throw new Error(`${tree[0]} has no value`);
  }
}

/**
 * Where an entry stands; the only example is at 0.
 * @param {Scope} scope
 * @param {number[]} variables
 */
function treesPlace(scope, variables) {
  return variables.map((variable) => scope.place[variable] ?? 0);
}

/**
 * The number of an entry.
 * @param {Scope} scope
 * @param {string} key
 * @param {number[]} variables
 */
function treesRead(scope, key, variables) {
  return TREES_CONSTANTS[key] ?? scope.read(key, treesPlace(scope, variables));
}

/**
 * A power; squares are as exact as a product.
 * @param {number} base
 * @param {number} exponent
 */
function treesRaised(base, exponent) {
  return exponent === 2 ? base * base : base ** exponent;
}

/**
 * A function at numbers.
 * @param {Scope} scope
 * @param {string} name
 * @param {number[]} values
 * @returns {number}
 */
function treesApplied(scope, name, values) {
  if (Object.hasOwn(TREES_PRIMITIVES, name)) return TREES_PRIMITIVES[name](...values);
  const formula = scope.data.functions[name];
  if (!formula) {
    scope.lost = true;
    return NaN;
  }
  const read = (/** @type {string} */ key) => {
    return values[formula.parameters.indexOf(key)] ?? formula.defaults[key];
  };
  const inner = { ...scope, place: [], variables: [], read };
  const value = treesValue(inner, formula.body);
  scope.lost ||= inner.lost;
  return value;
}

/**
 * How many places each variable of a sum has.
 * @param {Scope} scope
 * @param {number[]} variables
 */
function treesSizes(scope, variables) {
  return variables.map((variable) => scope.data.axes[scope.variables[variable]]);
}

/**
 * Put the variables of a sum where its term of this number is, the last one running fastest.
 * @param {Scope} scope
 * @param {number[]} variables
 * @param {number[]} sizes
 * @param {number} flat
 */
function treesSet(scope, variables, sizes, flat) {
  for (let n = variables.length - 1; n >= 0; n--) {
    scope.place[variables[n]] = flat % sizes[n];
    flat = Math.floor(flat / sizes[n]);
  }
}

/**
 * The values of all terms of a sum, in order.
 * @param {Scope} scope
 * @param {number[]} variables
 * @param {Tree} body
 */
function treesTerms(scope, variables, body) {
  const sizes = treesSizes(scope, variables);
  const values = new Array(sizes.reduce((product, size) => product * size, 1));
  for (let flat = 0; flat < values.length; flat++) {
    treesSet(scope, variables, sizes, flat);
    values[flat] = treesValue(scope, body);
  }
  return values;
}

/**
 * What terms come to.
 * @param {"sum" | "max"} kind
 * @param {number[]} values
 */
function treesTotal(kind, values) {
  return kind === "max" ? values.reduce((most, value) => Math.max(most, value), -Infinity) : values.reduce((sum, value) => sum + value, 0);
}
