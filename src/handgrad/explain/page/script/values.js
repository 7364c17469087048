// The numbers of the iterations: stored ones as they are, others from their equations when they are asked for.

/** Numbers by iteration, key and place. */
class Numbers {
  /** @param {PageData} data */
  constructor(data) {
    this.data = data;
    /** @type {(Float64Array | undefined)[]} */
    this.decoded = [];
    /** @type {Map<string, number[]>} */
    this.shapes = new Map();
    /** @type {Map<string, number>} */
    this.found = new Map();
    /** @type {Map<string, Float64Array>} */
    this.whole = new Map();
    /** @type {Map<string, EquationData>} */
    this.equations = new Map();
    const layout = data.notations[0].layouts.columns;
    for (const step of data.steps) this.equations.set(step.key, layout.equations[step.id]); // the last one of a quantity is computed
  }

  /**
   * The sizes of the axes of a quantity, in order.
   * @param {string} key
   */
  shape(key) {
    let sizes = this.shapes.get(key);
    if (!sizes) {
      sizes = this.data.quantities[key].axes.map((axis) => this.data.axes[axis]);
      this.shapes.set(key, sizes);
    }
    return sizes;
  }

  /**
   * A stored array; undefined where the number follows from an equation.
   * @param {number} iteration
   * @param {string} key
   */
  stored(iteration, key) {
    const place = this.data.iterations[iteration].arrays[key];
    if (place === undefined) return undefined;
    const array = this.data.arrays[place];
    return (this.decoded[place] ??= "data" in array ? decoded(array.data) : new Float64Array(product(array.shape)).fill(array.fill));
  }

  /**
   * One number of a quantity, at a place along each of its axes.
   * @param {number} iteration
   * @param {string} key
   * @param {readonly number[]} at
   * @returns {number}
   */
  value(iteration, key, at) {
    const scalar = this.data.iterations[iteration].scalars[key];
    if (scalar !== undefined) return Number(scalar);
    const sizes = this.shape(key);
    const flat = at.reduce((sum, index, axis) => sum * sizes[axis] + index, 0);
    const stored = this.stored(iteration, key);
    if (stored) return stored[flat];
    const name = `${iteration} ${key} ${flat}`;
    const known = this.found.get(name);
    if (known !== undefined) return known;
    const result = this.computed(iteration, key, at);
    if (this.found.size > 1_000_000) this.found.clear();
    this.found.set(name, result);
    return result;
  }

  /**
   * A number that is not stored.
   * @param {number} iteration
   * @param {string} key
   * @param {readonly number[]} at
   * @returns {number}
   */
  computed(iteration, key, at) {
    const before = this.data.carried[key];
    if (before !== undefined && iteration > 0) return this.value(iteration - 1, before, at);
    const equation = this.equations.get(key);
    if (!equation) throw new Error(`${key} has no number`);
    const tree = this.data.trees[equation.index];
    if (tree[0] !== "equals") throw new Error(`${key} is no equation`);
    const read = (/** @type {string} */ of, /** @type {number[]} */ where) => this.value(iteration, of, where);
    return evaluate(this.data, tree[3], at, equation.variables, read);
  }

  /**
   * All numbers of a quantity, the last axis running fastest.
   * @param {number} iteration
   * @param {string} key
   * @returns {Float64Array}
   */
  array(iteration, key) {
    const stored = this.stored(iteration, key);
    if (stored) return stored;
    const name = `${iteration} ${key}`;
    const known = this.whole.get(name);
    if (known) return known;
    const sizes = this.shape(key);
    const result = new Float64Array(product(sizes));
    for (let flat = 0; flat < result.length; flat++) result[flat] = this.value(iteration, key, unravelled(flat, sizes));
    if (this.whole.size > 32) this.whole.clear();
    this.whole.set(name, result);
    return result;
  }
}

/**
 * How many entries an array of this shape has.
 * @param {readonly number[]} shape
 */
function product(shape) {
  return shape.reduce((count, size) => count * size, 1);
}

/**
 * Where the number at a place of a flat array stands along each axis.
 * @param {number} flat
 * @param {readonly number[]} sizes
 */
function unravelled(flat, sizes) {
  const at = new Array(sizes.length);
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    at[axis] = flat % sizes[axis];
    flat = Math.floor(flat / sizes[axis]);
  }
  return at;
}

/**
 * Little-endian float64 in base64.
 * @param {string} text
 */
function decoded(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, place) => view.getFloat64(8 * place, true));
}
