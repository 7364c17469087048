// Where the graph has what: which units of a wide layer are drawn, and where they stand.

/**
 * A column of the graph: a layer's drawn units from top to bottom, and what is folded away between them.
 * @typedef {{ x: number, nodes: { unit: number, y: number }[], folds: { y: number, more: number }[] }} GraphColumn
 */

/**
 * The places of everything. `shape` says which units are drawn at which width: while it stays, so does what is built.
 * `close`: targets stand beneath the outputs, for there is no room beside them.
 * @typedef {{ shape: string, width: number, foot: number, height: number, gap: number,
 *   columns: GraphColumn[], loss: { x: number, y: number }, close: boolean }} GraphLayout
 */

/**
 * A part of the graph: the nodes of a layer, the edges into it, its biases, the targets beside the outputs, or the loss.
 * @typedef {{ part: "nodes" | "edges" | "biases" | "targets" | "loss", layer: number }} GraphPart
 */

const GRAPH_RADIUS = 23;
const GRAPH_EDGE = 12; // free space around all
const GRAPH_ROWS = [58, 67, 76]; // from a node to the one beneath it: in high columns, in others, with targets between them
const GRAPH_TOP = 64; // for the headings of the columns
const GRAPH_FOOT = 66; // for the names of what the nodes and edges show
const GRAPH_GAPS = [98, 190]; // the least and the most from a column to the next
const GRAPH_CLOSE = 79; // the least where that makes all fit
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
  const left = GRAPH_EDGE + Math.max(GRAPH_RADIUS + names, GRAPH_HEADING / 4);
  const rows = Math.max(...drawn.map((units) => graphRows(units).length));
  const beside = (room - left - 2 * GRAPH_RADIUS - aside - 24 - GRAPH_HEADING / 2 - 1) / (widths.length - 0.8);
  const beneath = (room - left - GRAPH_HEADING / 2.5) / widths.length; // and half of the heading of the loss
  const close = beside < GRAPH_GAPS[0] && beneath >= GRAPH_CLOSE && data.outputs.length === 0 && rows <= GRAPH_HIGH;
  const gap = close ? beneath : Math.min(GRAPH_GAPS[1], Math.max(GRAPH_GAPS[0], beside));
  const toLoss = close ? gap : 2 * GRAPH_RADIUS + aside + 24 + 0.2 * gap;
  const apart = GRAPH_ROWS[close ? 2 : rows > GRAPH_HIGH ? 0 : 1];
  const foot = GRAPH_TOP + rows * apart;
  const middle = (GRAPH_TOP + foot) / 2;
  const columns = drawn.map((units, layer) => graphColumn(units, left + gap * layer, middle, apart));
  const loss = { x: columns[columns.length - 1].x + toLoss, y: middle };
  const width = close ? room : Math.ceil(loss.x + GRAPH_HEADING / 2);
  const shape = `${drawn.map((units) => units.join(" ")).join("; ")} in ${width}`;
  return { shape, width, foot, height: foot + GRAPH_FOOT, gap, columns, loss, close };
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
  const layer = axes.length > 0 ? axisLayer(axes[0]) ?? -1 : -1;
  const ofLoss = data.steps.some((step) => step.phase === "loss" && step.key === key);
  if (key === "Y" || (ofLoss && layer >= 0)) return { part: "targets", layer: data.network.widths.length - 1 };
  if (layer >= 0 && axes.length === 1) return { part: "biases", layer };
  if (layer >= 0 && axes.length === 2 && axes[1] === "example") return { part: "nodes", layer };
  if (layer > 0 && axes.length === 2 && axisLayer(axes[1]) === layer - 1) return { part: "edges", layer };
  return ofLoss ? { part: "loss", layer: -1 } : null;
}
