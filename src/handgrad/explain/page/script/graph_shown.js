// What the graph shows of a state: which quantity where, and what is lit up.

/**
 * What the graph shows at a step: the key of each part's numbers, null where they are not there yet, and what is lit up.
 * @typedef {{ nodes: (string | null)[], edges: (string | null)[], biases: (string | null)[], loss: string | null,
 *   targets: string | null, lit: (part: GraphPart["part"], layer: number) => string[],
 *   used: (part: GraphPart["part"], layer: number, at: { [axis: string]: number }) => string[] }} GraphShown
 */

/**
 * What is shown where in a state. Nodes and the loss have the quantity computed last; edges and biases have the weights, the new
 * ones after their update, or the gradients, but those that a step writes or reads have what it is about. `lit` says what of
 * that, and `used` what of it at a place, in the equation of the chosen entry.
 * @param {PageData} data
 * @param {State} state
 * @param {LayoutData} layout
 * @returns {GraphShown}
 */
function graphShown(data, state, layout) {
  const widths = data.network.widths;
  const done = new Set(data.steps.slice(0, state.step + 1).map((step) => step.key));
  /** @type {(string | null)[]} */
  const nodes = widths.map((_, layer) => (layer === 0 ? "X" : null));
  /** @type {string | null} */
  let loss = null;
  let targets = data.steps.findIndex((each) => each.phase === "loss") <= state.step ? "Y" : null; // once the loss is looked at
  for (const key of done) {
    const place = graphPart(data, key);
    if (place?.part === "targets") targets = key;
    if (place?.part === "nodes") nodes[place.layer] = key;
    if (place?.part === "loss") loss = key;
  }
  const step = data.steps[state.step];
  /** @type {{ key: string, role: string, place: GraphPart | null }[]} */
  const touched = step
    ? [{ key: step.key, role: "writes" }, ...step.reads.map((key) => ({ key, role: "reads" }))]
      .map((each) => ({ ...each, place: graphPart(data, each.key) }))
    : [];
  const at = (/** @type {GraphPart["part"]} */ part, /** @type {number} */ layer) =>
    touched.filter(({ place }) => place?.part === part && place.layer === layer);
  const roles = (/** @type {{ role: string }[]} */ found) => [...new Set(found.map(({ role }) => role))];
  const parameter = (/** @type {"edges" | "biases"} */ part, /** @type {number} */ layer) => {
    const key = `${part === "edges" ? "W" : "b"}[${layer}]`;
    const gradient = done.has(`d${key}`) ? `d${key}` : null;
    const usual = state.edges === "gradients" ? gradient : done.has(data.carried[key]) ? data.carried[key] : key;
    const keys = at(part, layer).map((each) => each.key);
    return keys.length === 0 || (keys[0] !== step.key && keys.includes(usual ?? "")) ? usual : keys[0];
  };
  const running = step ? graphRunning(data, layout.equations[step.id]) : new Map();
  return {
    nodes,
    edges: widths.map((_, layer) => (layer === 0 ? null : parameter("edges", layer))),
    biases: widths.map((_, layer) => (layer === 0 ? null : parameter("biases", layer))),
    loss,
    targets,
    lit: (part, layer) => roles(at(part, layer)),
    used: (part, layer, where) => roles(at(part, layer).filter(({ key }) =>
      Object.entries(where).every(([axis, unit]) => running.get(key)?.has(axis) || chosenAlong(state, axis) === unit))),
  };
}

/**
 * The axes over which an entry's equation runs, in a sum or a maximum, by the quantity that it takes all along them.
 * @param {PageData} data
 * @param {EquationData} equation
 */
function graphRunning(data, equation) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  const look = (/** @type {Tree} */ tree) => {
    if (tree[0] === "entry") {
      const bound = tree[2].filter((variable) => variable >= equation.free).map((variable) => equation.variables[variable]);
      found.set(tree[1], new Set([...(found.get(tree[1]) ?? []), ...bound]));
    }
    partsOf(tree).forEach(look);
  };
  look(data.trees[equation.index]);
  return found;
}
