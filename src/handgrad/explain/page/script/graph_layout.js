// Where the graph has what: which units of a wide layer are drawn, where they stand, what a state shows of them, and its marks.

/**
 * A column of the graph: a layer's drawn units from top to bottom, and what is folded away between them.
 * @typedef {{ x: number, nodes: { unit: number, y: number }[], folds: { y: number, more: number }[] }} GraphColumn
 */

/**
 * The places of everything. `shape` says which units are drawn at which width: while it stays, so does what is built.
 * @typedef {{ shape: string, width: number, foot: number, height: number, gap: number,
 *   columns: GraphColumn[], loss: { x: number, y: number } }} GraphLayout
 */

/**
 * A part of the graph: the nodes of a layer, the edges into it, its biases, the targets beside the outputs, or the loss.
 * @typedef {{ part: "nodes" | "edges" | "biases" | "targets" | "loss", layer: number }} GraphPart
 */

const GRAPH_RADIUS = 23;
const GRAPH_EDGE = 12; // free space around all
const GRAPH_ROWS = [58, 67]; // from a node to the one beneath it, in high columns and in others
const GRAPH_TOP = 64; // for the headings of the columns
const GRAPH_FOOT = 66; // for the names of what the nodes and edges show
const GRAPH_GAPS = [98, 190]; // the least and the most from a column to the next
const GRAPH_HIGH = 7; // a column of more rows than these is high
const GRAPH_HEADING = 110; // the width of a column's heading
const GRAPH_FITS = 10; // a layer of so many units is drawn whole
const GRAPH_FOLDED = 7; // of a wider one, so many units are drawn
const GRAPH_LETTER = 7; // the width of a letter, about
const GRAPH_NAME = 14; // so many letters of an input's or a class's name are written

/**
 * The units of a layer that are drawn: all where they fit; of more the first ones, the chosen one and the last.
 * @param {number} count
 * @param {number} chosen
 */
function graphUnits(count, chosen) {
  if (count <= GRAPH_FITS) return Array.from({ length: count }, (_, unit) => unit);
  const drawn = new Set([0, 1, 2, 3, 4, chosen, count - 1]);
  for (let unit = 5; drawn.size < GRAPH_FOLDED; unit++) drawn.add(unit);
  const ordered = [...drawn].sort((one, other) => one - other);
  // a fold hides two or more
  return ordered.flatMap((unit, place) => (unit - ordered[place - 1] === 2 ? [unit - 1, unit] : [unit]));
}

/**
 * The rows of a column: its drawn units, and how many units are folded away (`more`) where some are.
 * @param {number[]} units
 */
function graphRows(units) {
  return units.flatMap((unit, place) => {
    const more = place > 0 ? unit - units[place - 1] - 1 : 0;
    return more > 0 ? [{ unit: -1, more }, { unit, more: 0 }] : [{ unit, more: 0 }];
  });
}

/**
 * A column of drawn units around a middle height; each fold takes a row as a unit does.
 * @param {number[]} units
 * @param {number} x
 * @param {number} middle
 * @param {number} apart
 * @returns {GraphColumn}
 */
function graphColumn(units, x, middle, apart) {
  const rows = graphRows(units);
  const placed = rows.map((row, place) => ({ ...row, y: middle + (place - (rows.length - 1) / 2) * apart }));
  return { x, nodes: placed.filter((row) => row.unit >= 0), folds: placed.filter((row) => row.more > 0) };
}

/**
 * The layout in a width, or wider where that is too narrow.
 * @param {PageData} data
 * @param {readonly number[]} chosen the chosen unit of every layer
 * @param {number} room the width there is
 * @returns {GraphLayout}
 */
function graphLayout(data, chosen, room) {
  const widths = data.network.widths;
  const drawn = widths.map((count, layer) => graphUnits(count, chosen[layer]));
  const names = graphNamesWidth(data.inputs);
  const aside = Math.max(graphNamesWidth(data.outputs), 9 * GRAPH_LETTER); // "target 1"
  const toLoss = 2 * GRAPH_RADIUS + aside + 24; // and a part of the gap
  const left = GRAPH_EDGE + Math.max(GRAPH_RADIUS + names, GRAPH_HEADING / 4);
  const ends = left + toLoss + GRAPH_HEADING / 2 + 1;
  const gap = Math.min(GRAPH_GAPS[1], Math.max(GRAPH_GAPS[0], (room - ends) / (widths.length - 0.8)));
  const rows = Math.max(...drawn.map((units) => graphRows(units).length));
  const apart = GRAPH_ROWS[rows > GRAPH_HIGH ? 0 : 1];
  const foot = GRAPH_TOP + rows * apart;
  const middle = (GRAPH_TOP + foot) / 2;
  const columns = drawn.map((units, layer) => graphColumn(units, left + gap * layer, middle, apart));
  const loss = { x: columns[columns.length - 1].x + toLoss + 0.2 * gap, y: middle };
  const width = Math.ceil(loss.x + GRAPH_HEADING / 2);
  const shape = `${drawn.map((units) => units.join(" ")).join("; ")} in ${width}`;
  return { shape, width, foot, height: foot + GRAPH_FOOT, gap, columns, loss };
}

/**
 * The room that names take beside their nodes.
 * @param {string[]} names
 */
function graphNamesWidth(names) {
  return names.length === 0 ? 0 : Math.max(...names.map((name) => Math.min(name.length, GRAPH_NAME))) * GRAPH_LETTER + 12;
}

/**
 * A name, shortened where it is too long for the graph.
 * @param {string} name
 */
function graphShort(name) {
  return name.length > GRAPH_NAME ? `${name.slice(0, GRAPH_NAME - 1)}…` : name;
}

/**
 * The layer of an axis such as "unit[2]"; -1 for others.
 * @param {string} axis
 */
function graphLayer(axis) {
  return Number(/^unit\[(\d+)\]$/.exec(axis)?.[1] ?? -1);
}

/**
 * The axis of a layer's units.
 * @param {number} layer
 */
function graphAxis(layer) {
  return `unit[${layer}]`;
}

/**
 * The part of the graph that a quantity is; null where it is none, as a learning rate.
 * @param {PageData} data
 * @param {string} key
 * @returns {GraphPart | null}
 */
function graphPart(data, key) {
  const axes = data.quantities[key]?.axes ?? [];
  const layer = axes.length > 0 ? graphLayer(axes[0]) : -1;
  const ofLoss = data.steps.some((step) => step.phase === "loss" && step.key === key);
  if (key === "Y" || (ofLoss && layer >= 0)) return { part: "targets", layer: data.network.widths.length - 1 };
  if (layer >= 0 && axes.length === 1) return { part: "biases", layer };
  if (layer >= 0 && axes.length === 2 && axes[1] === "example") return { part: "nodes", layer };
  if (layer > 0 && axes.length === 2 && graphLayer(axes[1]) === layer - 1) return { part: "edges", layer };
  return ofLoss ? { part: "loss", layer: -1 } : null;
}

/**
 * What the graph shows at a step: the key of each part's numbers, null where they are not there yet, and what is lit up.
 * @typedef {{ nodes: (string | null)[], edges: (string | null)[], biases: (string | null)[], loss: string | null,
 *   targets: string | null, lit: (part: GraphPart["part"], layer: number) => string[], own: (layer: number) => boolean }} GraphShown
 */

/**
 * What is shown where in a state. Nodes and the loss have the quantity computed last; edges and biases have the weights, the new
 * ones after their update, or the gradients, but those that a step writes or reads have what it is about. `own` says whether what
 * the step writes runs over the units of a layer, so that its entry for the chosen unit takes the chosen one alone.
 * @param {PageData} data
 * @param {State} state
 * @returns {GraphShown}
 */
function graphShown(data, state) {
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
  const parameter = (/** @type {"edges" | "biases"} */ part, /** @type {number} */ layer) => {
    const key = `${part === "edges" ? "W" : "b"}[${layer}]`;
    const gradient = done.has(`d${key}`) ? `d${key}` : null;
    const usual = state.edges === "gradients" ? gradient : done.has(data.carried[key]) ? data.carried[key] : key;
    const touched = (step ? [step.key, ...step.reads] : []).filter((each) => {
      const place = graphPart(data, each);
      return place?.part === part && place.layer === layer;
    });
    return touched.length === 0 || (touched[0] !== step.key && touched.includes(usual ?? "")) ? usual : touched[0];
  };
  /** @type {Map<string, string[]>} */
  const lit = new Map();
  for (const [key, role] of [...(step?.reads ?? []).map((key) => [key, "reads"]), ...(step ? [[step.key, "writes"]] : [])]) {
    const place = graphPart(data, key);
    const name = place && `${place.part} ${place.layer}`;
    if (name) lit.set(name, [...new Set([...(lit.get(name) ?? []), role])]);
  }
  const written = new Set((data.quantities[step?.key]?.axes ?? []).map(graphLayer));
  return {
    nodes,
    edges: widths.map((_, layer) => (layer === 0 ? null : parameter("edges", layer))),
    biases: widths.map((_, layer) => (layer === 0 ? null : parameter("biases", layer))),
    loss,
    targets,
    lit: (part, layer) => lit.get(`${part} ${layer}`) ?? [],
    own: (layer) => written.has(layer),
  };
}

/**
 * An SVG element with attributes, at the end of another one.
 * @param {Element | null} parent
 * @param {string} name
 * @param {{ [name: string]: string | number | boolean | null }} attributes
 * @returns {SVGElement}
 */
function graphAdd(parent, name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  graphSet(element, attributes);
  parent?.append(element);
  return element;
}

/**
 * Set attributes, where they change; null takes one away.
 * @param {Element} element
 * @param {{ [name: string]: string | number | boolean | null }} attributes
 */
function graphSet(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
  }
}

/**
 * @param {Element} element
 * @param {string} text
 */
function graphText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Give an element the classes that hold.
 * @param {Element} element
 * @param {{ [name: string]: boolean }} classes
 */
function graphClasses(element, classes) {
  graphSet(element, { class: Object.keys(classes).filter((name) => classes[name]).join(" ") });
}

/** @param {string[]} lit */
function graphRoles(lit) {
  return { reads: lit.includes("reads"), writes: lit.includes("writes") };
}

/** @param {number | null} value */
function graphSigns(value) {
  const number = value ?? 0;
  return { empty: value === null, positive: number > 0, negative: number < 0, wild: !Number.isFinite(number) };
}

/**
 * The largest size of a finite number by layer.
 * @param {{ layer: number }[]} parts
 * @param {(number | null)[]} values
 */
function graphScales(parts, values) {
  /** @type {number[]} */
  const scales = [];
  parts.forEach(({ layer }, place) => {
    const size = Math.abs(values[place] ?? 0);
    scales[layer] = Math.max(scales[layer] ?? 0, Number.isFinite(size) ? size : 0);
  });
  return scales;
}

/**
 * A number's size as a share of the largest.
 * @param {number | null} value
 * @param {number} scale
 */
function graphShare(value, scale) {
  if (value === null || scale === 0) return 0;
  return Number.isFinite(value) ? Math.abs(value) / scale : 1;
}

/**
 * A number in its node, coloured by its sign and size.
 * @param {SVGElement} group
 * @param {SVGElement} text
 * @param {string | null} key
 * @param {number | null} value
 * @param {number} scale
 */
function graphNumber(group, text, key, value, scale) {
  graphSet(group, { "data-key": key, "data-value": value });
  group.style.setProperty("--share", String(graphShare(value, scale)));
  const rows = value === null ? [] : roundedText(value, 3).split(" · "); // a power of ten stands beneath
  const words = rows.join("·");
  if (text.textContent === words) return;
  text.replaceChildren();
  rows.forEach((row, place) => {
    const y = (place - (rows.length - 1) / 2) * 13;
    graphText(graphAdd(text, "tspan", { x: 0, y }), place === 0 ? row : `·${row}`);
  });
  const longest = rows.length > 1 ? "·10.00" : words; // a power's digits are small
  const digits = longest.replace(/[-.·]/g, "").length; // signs and points are narrower
  text.style.fontSize = `${Math.min(13, (2 * GRAPH_RADIUS - 6) / (0.64 * digits + 0.38 * (longest.length - digits)))}px`;
}

/** What the colours and rings mean. */
function graphLegend() {
  const legend = document.createElement("p");
  legend.className = "graph-legend";
  const same = ["chosen", "positive", "negative"].map((name) => [name, name]);
  for (const [name, words] of [["reads", "read by this step"], ["writes", "written"], ...same, ["square", "bias"]]) {
    const key = document.createElement("span");
    key.append(Object.assign(document.createElement("i"), { className: name }), words);
    legend.append(key);
  }
  return legend;
}
