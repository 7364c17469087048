// The numbers of the iterations: stored ones as they are, others from their equations when they are asked for.

/** So many computed numbers are kept, and as many of whole arrays. */
const NUMBERS_KEPT = 4_000_000;

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
    this.whole = new Map(); // the oldest first
    this.kept = 0;
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
   * An array that is stored or has been computed.
   * @param {number} iteration
   * @param {string} key
   */
  known(iteration, key) {
    return this.stored(iteration, key) ?? this.whole.get(`${iteration} ${key}`);
  }

  /**
   * What reads a quantity at places that change; an entry is where `place` has the variables `at` of its axes, or else at 0.
   * @param {number} iteration
   * @param {readonly number[]} place
   * @returns {TreesReader}
   */
  reader(iteration, place) {
    return (key, at) => {
      const scalar = this.data.iterations[iteration].scalars[key];
      if (scalar !== undefined) return () => Number(scalar);
      const array = this.known(iteration, key);
      if (!array) return () => this.value(iteration, key, treesPlace(place, at));
      const sizes = this.shape(key);
      return () => {
        let flat = 0;
        for (let axis = 0; axis < at.length; axis++) flat = flat * sizes[axis] + (place[at[axis]] ?? 0);
        return array[flat];
      };
    };
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
    const found = (/** @type {number} */ t) => this.known(t, key)?.[flat] ?? this.found.get(`${t} ${key} ${flat}`);
    return this.inOrder(iteration, key, found, (t) => {
      const before = t > 0 ? this.data.carried[key] : undefined;
      const result = before === undefined ? this.computed(t, key, at) : this.value(t - 1, before, at);
      if (this.found.size > NUMBERS_KEPT) this.found.clear();
      this.found.set(`${t} ${key} ${flat}`, result);
      return result;
    });
  }

  /**
   * What there is of a quantity in an iteration. That of one which is carried on comes iteration by iteration from the last that is
   * known: each asking the one before would be too deep after some hundreds.
   * @template T
   * @param {number} iteration
   * @param {string} key
   * @param {(iteration: number) => T | undefined} known
   * @param {(iteration: number) => T} make
   * @returns {T}
   */
  inOrder(iteration, key, known, make) {
    let from = iteration;
    let result = known(from);
    while (result === undefined && from > 0 && this.data.carried[key] !== undefined) result = known(--from);
    result ??= make(from);
    while (from < iteration) result = make(++from);
    return result;
  }

  /**
   * A number from its equation.
   * @param {number} iteration
   * @param {string} key
   * @param {readonly number[]} at
   * @returns {number}
   */
  computed(iteration, key, at) {
    const place = [...at];
    return this.compiled(key, place, this.reader(iteration, place))();
  }

  /**
   * What computes a quantity by its equation.
   * @param {string} key
   * @param {number[]} place where the variables are, those of the left side first
   * @param {TreesReader} reader
   */
  compiled(key, place, reader) {
    const equation = this.equations.get(key);
    if (!equation) throw new Error(`${key} has no number`);
    const tree = this.data.trees[equation.index];
    if (tree[0] !== "equals") throw new Error(`${key} is no equation`);
    return treesCompiled({ data: this.data, place, variables: equation.variables, reader, lost: false }, tree[3]);
  }

  /**
   * All numbers of a quantity, the last axis running fastest.
   * @param {number} iteration
   * @param {string} key
   * @returns {Float64Array}
   */
  array(iteration, key) {
    return this.inOrder(iteration, key, (t) => this.known(t, key), (t) => {
      const before = t > 0 ? this.data.carried[key] : undefined;
      const result = before === undefined ? this.computedArray(t, key) : this.array(t - 1, before);
      this.keep(`${t} ${key}`, result);
      return result;
    });
  }

  /**
   * All numbers of a quantity from its equation, with those of what it reads.
   * @param {number} iteration
   * @param {string} key
   */
  computedArray(iteration, key) {
    const sizes = this.shape(key);
    /** @type {number[]} */
    const place = [];
    const read = this.reader(iteration, place);
    const compute = this.compiled(key, place, (of, at) => {
      if (this.data.iterations[iteration].scalars[of] === undefined) this.array(iteration, of); // now it is there
      return read(of, at);
    });
    const result = new Float64Array(product(sizes));
    for (let flat = 0; flat < result.length; flat++) {
      unravelled(flat, sizes).forEach((index, axis) => (place[axis] = index));
      result[flat] = compute();
    }
    return result;
  }

  /**
   * Keep an array, and let go of the oldest ones where there is more than enough.
   * @param {string} name
   * @param {Float64Array} array
   */
  keep(name, array) {
    this.whole.set(name, array);
    this.kept += array.length;
    for (const [old, { length }] of this.whole) {
      if (this.kept <= NUMBERS_KEPT || old === name) break;
      this.whole.delete(old);
      this.kept -= length;
    }
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
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let place = 0; place < bytes.length; place++) bytes[place] = characters.charCodeAt(place);
  const view = new DataView(bytes.buffer);
  const result = new Float64Array(bytes.length / 8);
  for (let place = 0; place < result.length; place++) result[place] = view.getFloat64(8 * place, true);
  return result;
}
