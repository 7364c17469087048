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
 * What evaluating needs: where each variable is, and what reads a quantity, of which `at` are the variables of its axes, wherever
 * `place` has them. `lost` says that a function has no formula.
 * @typedef {{ data: PageData, place: number[], variables: readonly string[], reader: TreesReader, lost: boolean }} Scope
 * @typedef {(key: string, at: readonly number[]) => () => number} TreesReader
 */

/**
 * What computes a formula wherever the variables of its scope are by then: a tree is walked once, and its numbers may be many.
 * @param {Scope} scope
 * @param {Tree} tree
 * @returns {() => number}
 */
function treesCompiled(scope, tree) {
  const part = (/** @type {Tree} */ inside) => treesCompiled(scope, inside);
  switch (tree[0]) {
    case "number": {
      const value = tree[3];
      return () => value;
    }
    case "entry":
      return treesReader(scope, tree[1], tree[2]);
    case "plus": {
      const [first, ...rest] = tree[1].map(part);
      return () => {
        let sum = first();
        for (const term of rest) sum += term();
        return sum;
      };
    }
    case "minus": {
      const term = part(tree[1]);
      return () => -term();
    }
    case "times": {
      const [first, ...rest] = tree[2].map(part);
      return () => {
        let product = first();
        for (const factor of rest) product *= factor();
        return product;
      };
    }
    case "fraction": {
      const [above, below] = [part(tree[1]), part(tree[2])];
      return () => above() / below();
    }
    case "raised": {
      const [base, exponent] = [part(tree[1]), part(tree[2])];
      return () => treesRaised(base(), exponent());
    }
    case "related": {
      const compare = TREES_RELATIONS[tree[1]];
      const [left, right] = [part(tree[3]), part(tree[4])];
      return () => Number(compare(left(), right()));
    }
    case "identity": {
      const [, one, other] = tree;
      return () => Number(scope.place[one] === scope.place[other]);
    }
    case "function": {
      const parts = tree[4].map(part);
      const values = parts.map(() => NaN);
      const compute = treesApplied(scope, tree[1], values);
      return () => {
        for (let n = 0; n < parts.length; n++) values[n] = parts[n]();
        return compute();
      };
    }
    case "reduced": {
      const [, kind, variables, , body] = tree;
      const terms = treesTerms(scope, variables, body);
      return () => treesTotal(kind, terms());
    }
    default:
      throw new Error(`${tree[0]} has no value`);
  }
}

/**
 * Where an entry stands; the only example is at 0.
 * @param {readonly number[]} place
 * @param {readonly number[]} variables
 */
function treesPlace(place, variables) {
  return variables.map((variable) => place[variable] ?? 0);
}

/**
 * What reads the number of an entry.
 * @param {Scope} scope
 * @param {string} key
 * @param {readonly number[]} variables
 * @returns {() => number}
 */
function treesReader(scope, key, variables) {
  if (!Object.hasOwn(TREES_CONSTANTS, key)) return scope.reader(key, variables);
  return () => TREES_CONSTANTS[key];
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
 * What computes a function of `values`, whatever they are by then.
 * @param {Scope} scope
 * @param {string} name
 * @param {readonly number[]} values
 * @returns {() => number}
 */
function treesApplied(scope, name, values) {
  if (Object.hasOwn(TREES_PRIMITIVES, name)) return () => TREES_PRIMITIVES[name](...values);
  const { functions } = scope.data;
  if (!Object.hasOwn(functions, name)) {
    scope.lost = true;
    return () => NaN;
  }
  const { parameters, defaults, body } = functions[name];
  /** @type {TreesReader} */
  const reader = (key) => {
    const place = parameters.indexOf(key);
    return () => values[place] ?? defaults[key];
  };
  const inner = { ...scope, place: [], variables: [], reader, lost: false };
  const compute = treesCompiled(inner, body);
  scope.lost ||= inner.lost;
  return compute;
}

/**
 * How many places each variable of a sum has.
 * @param {Scope} scope
 * @param {readonly number[]} variables
 */
function treesSizes(scope, variables) {
  return variables.map((variable) => scope.data.axes[scope.variables[variable]]);
}

/**
 * Put the variables of a sum where its term of this number is, the last one running fastest.
 * @param {Scope} scope
 * @param {readonly number[]} variables
 * @param {readonly number[]} sizes
 * @param {number} flat
 */
function treesSet(scope, variables, sizes, flat) {
  for (let n = variables.length - 1; n >= 0; n--) {
    scope.place[variables[n]] = flat % sizes[n];
    flat = Math.floor(flat / sizes[n]);
  }
}

/**
 * What computes all terms of a sum, in order, into an array that is the same each time.
 * @param {Scope} scope
 * @param {readonly number[]} variables
 * @param {Tree} body
 * @returns {() => Float64Array}
 */
function treesTerms(scope, variables, body) {
  const sizes = treesSizes(scope, variables);
  const term = treesCompiled(scope, body);
  const values = new Float64Array(sizes.reduce((product, size) => product * size, 1));
  return () => {
    for (let flat = 0; flat < values.length; flat++) {
      treesSet(scope, variables, sizes, flat);
      values[flat] = term();
    }
    return values;
  };
}

/**
 * What terms come to.
 * @param {"sum" | "max"} kind
 * @param {Iterable<number>} values
 */
function treesTotal(kind, values) {
  let total = kind === "max" ? -Infinity : 0;
  for (const value of values) total = kind === "max" ? Math.max(total, value) : total + value;
  return total;
}
