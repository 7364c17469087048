// What is shown, in one place: views read it here and change it here, never each other.

/**
 * @param {PageData} data
 * @returns {Store}
 */
function makeStore(data) {
  /** @type {((state: State, before: State | null) => void)[]} */
  const views = [];
  /** @type {Partial<State>[]} */
  const changes = [];
  /** @type {Store} */
  const store = {
    state: clippedState(data, data.start, data.start),
    set(change) {
      changes.push(change);
      if (changes.length > 1) return; // a view's own change waits until all views have seen this one
      try {
        for (; changes.length > 0; changes.shift()) {
          const before = store.state;
          store.state = clippedState(data, { ...before, ...changes[0] }, before);
          if (sameState(before, store.state)) continue;
          for (const view of views) view(store.state, before);
        }
      } finally {
        changes.length = 0;
      }
    },
    subscribe(view) {
      views.push(view);
      view(store.state, null);
    },
  };
  return store;
}

/**
 * The state within what there is; a number that is none stays as it was.
 * @param {PageData} data
 * @param {State} state
 * @param {State} before
 * @returns {State}
 */
function clippedState(data, state, before) {
  const within = (/** @type {number} */ value, /** @type {number} */ last, /** @type {number} */ otherwise) =>
    Number.isInteger(value) ? Math.min(Math.max(value, 0), last) : otherwise;
  const { widths } = data.network;
  return {
    ...state,
    iteration: within(state.iteration, data.iterations.length - 1, before.iteration),
    step: within(state.step, data.steps.length, before.step),
    example: within(state.example, data.examples.count - 1, before.example),
    units: widths.map((width, layer) => within(state.units[layer], width - 1, before.units[layer] ?? 0)),
    focus: within(state.focus, widths.length - 1, before.focus),
    notation: within(state.notation, data.notations.length - 1, before.notation),
  };
}

/**
 * @param {State} one
 * @param {State} other
 */
function sameState(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * The notation and layout of the formulas that are shown.
 * @param {Page} page
 * @param {State} state
 */
function layoutShown(page, state) {
  return page.data.notations[state.notation].layouts[state.layout];
}

/**
 * So many steps on or back, through the ends of iterations; it stops at the first and the last.
 * @param {Page} page
 * @param {number} count
 */
function movedBy(page, count) {
  const { iterations, steps } = page.data;
  const each = steps.length + 1; // the end of the iteration is one more
  const { iteration, step } = page.store.state;
  const place = Math.min(Math.max(iteration * each + step + count, 0), iterations.length * each - 1);
  return { iteration: Math.floor(place / each), step: place % each };
}

/**
 * Whether nothing follows.
 * @param {Page} page
 * @param {State} state
 */
function isLast(page, state) {
  return state.step === page.data.steps.length && state.iteration === page.data.iterations.length - 1;
}

/**
 * An element with attributes and children; text goes in as text.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {{ [name: string]: string }} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
function made(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
