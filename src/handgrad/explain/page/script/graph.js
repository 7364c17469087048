// The network as a graph: what is built once for the units that are drawn, and what each state changes in it.

/**
 * @typedef {{ group: SVGElement, text: SVGElement, aside: SVGElement | null, layer: number, unit: number }} GraphNode
 * @typedef {{ group: SVGElement, layer: number, from: number, to: number, ends: number[] }} GraphEdge
 * @typedef {{ box: SVGElement, layer: number, unit: number }} GraphBias
 */

/**
 * The graph of the network, in which units and weights are chosen.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function graphView(page, host) {
  new Graph(page, host);
}

class Graph {
  /**
   * @param {Page} page
   * @param {HTMLElement} host
   */
  constructor(page, host) {
    this.page = page;
    this.data = page.data;
    this.scroll = document.createElement("div");
    this.scroll.className = "graph-scroll";
    host.append(this.scroll, graphLegend());
    /** @type {GraphLayout} */
    this.layout = graphLayout(this.data, page.store.state.units, 0);
    this.shape = "";
    /** @type {SVGElement} */
    this.svg = graphAdd(null, "svg", {});
    /** @type {GraphNode[]} */
    this.nodes = [];
    /** @type {GraphEdge[]} */
    this.edges = [];
    /** @type {GraphBias[]} */
    this.biases = [];
    /** @type {SVGElement[]} */
    this.captions = [];
    this.loss = this.labels = this.links = this.svg;
    this.scroll.addEventListener("click", (event) => graphClicked(page, event));
    this.scroll.addEventListener("keydown", (event) => graphPressed(page, event) && this.focus());
    this.scroll.addEventListener("pointerover", (event) => graphPointed(page, event));
    this.room = this.scroll.clientWidth; // remembered, for asking lays the page out
    page.store.subscribe((state, before) => this.show(state, before));
    new ResizeObserver(() => {
      if (this.scroll.clientWidth === this.room) return;
      this.room = this.scroll.clientWidth;
      this.show(page.store.state, null);
    }).observe(this.scroll);
  }

  /**
   * Show a state: build what is drawn anew where other units are, then fill in the numbers.
   * @param {State} state
   * @param {State | null} before
   */
  show(state, before) {
    this.layout = graphLayout(this.data, state.units, this.room);
    if (this.layout.shape !== this.shape) {
      const held = this.svg.contains(document.activeElement);
      this.build();
      this.fill(state);
      if (held) this.focus();
    } else this.fill(state);
    if (!before || before.step !== state.step || before.iteration !== state.iteration) this.bring(state, before !== null);
  }

  /** Build the elements for the units that are drawn. */
  build() {
    const { columns, width, height, loss } = this.layout;
    this.shape = this.layout.shape;
    const words = `The network ${this.data.network.text}. Arrow keys choose a unit.`;
    const size = { width, height, viewBox: `0 0 ${width} ${height}` };
    this.svg = graphAdd(null, "svg", { class: "graph", role: "group", "aria-label": words, ...size });
    const last = columns[columns.length - 1];
    this.links = graphAdd(this.svg, "g", { class: "links" });
    for (const { y } of last.nodes) {
      graphAdd(this.links, "line", { x1: last.x + GRAPH_RADIUS, y1: y, x2: loss.x - GRAPH_RADIUS, y2: loss.y });
    }
    const lines = graphAdd(this.svg, "g", { "aria-hidden": "true" });
    this.edges = columns.flatMap((_, layer) => (layer === 0 ? [] : this.edgesInto(lines, layer)));
    this.nodes = [];
    this.biases = [];
    columns.forEach((column, layer) => this.buildColumn(column, layer));
    this.labels = graphAdd(this.svg, "g", { class: "labels", "aria-hidden": "true" });
    this.loss = graphAdd(this.svg, "g", { class: "loss", role: "img", transform: `translate(${loss.x} ${loss.y})` });
    const side = GRAPH_RADIUS - 1;
    for (const [name, more] of /** @type {[string, number][]} */ ([["halo", 8], ["body", 0]])) {
      const size = 2 * (side + more);
      graphAdd(this.loss, "rect", { class: name, x: -side - more, y: -side - more, width: size, height: size, rx: 6 + more });
    }
    graphAdd(this.loss, "text", { class: "number" });
    this.captions = this.buildCaptions();
    this.scroll.replaceChildren(this.svg);
  }

  /**
   * The edges into a layer: what lights it up, the line itself, and a wide one to be met by fingers.
   * @param {SVGElement} lines
   * @param {number} layer
   * @returns {GraphEdge[]}
   */
  edgesInto(lines, layer) {
    const [before, column] = this.layout.columns.slice(layer - 1, layer + 1);
    return column.nodes.flatMap((to) =>
      before.nodes.map((from) => {
        const ends = [before.x + GRAPH_RADIUS, from.y, column.x - GRAPH_RADIUS, to.y];
        const group = graphAdd(lines, "g", { class: "edge", "data-layer": layer, "data-from": from.unit, "data-to": to.unit });
        const [x1, y1, x2, y2] = ends;
        for (const name of ["halo", "line", "met"]) graphAdd(group, "line", { class: name, x1, y1, x2, y2 });
        return { group, layer, from: from.unit, to: to.unit, ends };
      }),
    );
  }

  /**
   * The nodes of a layer with their biases, what is written beside them, and what is folded.
   * @param {GraphColumn} column
   * @param {number} layer
   */
  buildColumn(column, layer) {
    const output = layer === this.layout.columns.length - 1;
    const names = layer === 0 ? this.data.inputs : output ? this.data.outputs : [];
    for (const { y, more } of column.folds) {
      const above = column.nodes.filter((node) => node.y < y);
      const first = above[above.length - 1].unit + 1;
      const fold = graphAdd(this.svg, "g", { class: "fold", "data-layer": layer, "data-unit": first });
      graphAdd(fold, "rect", { class: "met", x: column.x - 44, y: y - 24, width: 88, height: 48 });
      graphAdd(fold, "text", { x: column.x, y: y - 5 }).textContent = "⋮";
      graphAdd(fold, "text", { x: column.x, y: y + 14 }).textContent = `${more} more`;
    }
    for (const { unit, y } of column.nodes) {
      const data = { "data-layer": layer, "data-unit": unit };
      const group = graphAdd(this.svg, "g", { class: "node", role: "button", transform: `translate(${column.x} ${y})`, ...data });
      graphAdd(group, "circle", { class: "halo", r: GRAPH_RADIUS + 7 });
      graphAdd(group, "circle", { class: "body", r: GRAPH_RADIUS });
      graphAdd(group, "circle", { class: "ring", r: GRAPH_RADIUS + 3 });
      const text = graphAdd(group, "text", { class: "number" });
      const side = GRAPH_RADIUS + 9;
      const named = names.length > 0;
      if (named) {
        const where = output ? { x: side, y: -3, class: "name after" } : { x: -side, y: 4, class: "name" };
        const name = graphAdd(group, "text", where);
        name.textContent = graphShort(names[unit]);
        graphAdd(group, "title", {}).textContent = names[unit];
      }
      const aim = this.layout.close ? { x: 0, y: GRAPH_RADIUS + 20 } : { x: side, y: named ? 15 : 5 };
      const aside = output ? graphAdd(group, "text", { class: "target", ...aim }) : null;
      this.nodes.push({ group, text, aside, layer, unit });
      if (layer === 0) continue;
      const [x, top] = [column.x - GRAPH_RADIUS - 3, y - GRAPH_RADIUS - 3];
      const rim = 0.71 * GRAPH_RADIUS;
      graphAdd(this.svg, "line", { class: "stem", x1: x, y1: top, x2: column.x - rim, y2: y - rim });
      const box = graphAdd(this.svg, "rect", { class: "bias", x: x - 5.5, y: top - 5.5, width: 11, height: 11, ...data });
      this.biases.push({ box, layer, unit });
    }
  }

  /** The headings over the columns, and the places under and between them for the names of what they show. */
  buildCaptions() {
    const { columns, loss, gap, foot } = this.layout;
    const { activations, loss: lossName } = this.data.network;
    const frame = (/** @type {string} */ name, /** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ height) => {
      const width = Math.min(gap, GRAPH_HEADING);
      return graphAdd(this.svg, "foreignObject", { class: name, x: x - width / 2, y, width, height });
    };
    const places = [...columns, loss];
    const layers = activations.map((activation, place) => `layer ${place + 1}\n${activation}`);
    const headings = ["inputs", ...layers, `loss\n${lossName}`];
    headings.forEach((words, place) => {
      const heading = frame("heading", places[place].x, 4, GRAPH_TOP - 8);
      for (const line of words.replaceAll("_", " ").split("\n")) {
        graphText(heading.appendChild(document.createElement("div")), line);
      }
    });
    const under = places.map(({ x }) => frame("caption", x, foot + 2, 28));
    const between = columns.slice(1).map(({ x }, place) => frame("caption", (x + columns[place].x) / 2, foot + 32, 28));
    return [...under, ...between];
  }

  /**
   * Fill a state's numbers in and light up what its step reads and writes.
   * @param {State} state
   */
  fill(state) {
    const { data, page } = this;
    const shown = graphShown(data, state, layoutShown(page, state));
    const { units, focus } = state;
    graphClasses(this.svg, { graph: true, busy: state.step < data.steps.length });
    const read = (/** @type {string | null} */ key, /** @type {{ [axis: string]: number }} */ at) => {
      const place = data.quantities[key ?? ""]?.axes.map((axis) => at[axis] ?? state.example);
      return key === null ? null : page.numbers.value(state.iteration, key, place);
    };
    const named = (/** @type {string} */ key) => plainName(layoutShown(page, state), key);

    const values = this.nodes.map(({ layer, unit }) => read(shown.nodes[layer], { [graphAxis(layer)]: unit }));
    const scales = graphScales(this.nodes, values);
    this.nodes.forEach(({ group, text, aside, layer, unit }, place) => {
      const [key, value, chosen] = [shown.nodes[layer], values[place], units[layer] === unit];
      const lit = shown.lit("nodes", layer);
      const stop = chosen && layer === focus;
      const at = { [graphAxis(layer)]: unit };
      graphClasses(group, { node: true, chosen, focus: stop, ...graphRoles(lit, shown.used("nodes", layer, at)), ...graphSigns(value) });
      graphNumber(group, text, key, value, scales[layer]);
      const said = key && value !== null ? `${named(key)} = ${roundedText(value, data.digits)}` : "not computed yet";
      const roles = lit.includes("writes") ? ", written by this step" : lit.includes("reads") ? ", read by this step" : "";
      const label = `${placeAlong(data, graphAxis(layer), unit)}: ${said}${roles}`;
      graphSet(group, { "aria-label": label, "aria-pressed": chosen, tabindex: stop ? 0 : -1 });
      if (aside) this.fillTarget(aside, shown, at, read(shown.targets, at));
    });

    const ends = (/** @type {GraphEdge} */ { layer, from, to }) => ({ [graphAxis(layer)]: to, [graphAxis(layer - 1)]: from });
    const weights = this.edges.map((edge) => read(shown.edges[edge.layer], ends(edge)));
    const widest = graphScales(this.edges, weights);
    this.labels.replaceChildren();
    this.edges.forEach((edge, place) => {
      const { group, layer, from, to } = edge;
      const value = weights[place];
      const lit = shown.lit("edges", layer);
      const used = shown.used("edges", layer, ends(edge));
      const path = units[layer - 1] === from && units[layer] === to;
      graphClasses(group, { edge: true, path, ...graphRoles(lit, used), ...graphSigns(value) });
      graphSet(group, { "data-key": shown.edges[layer], "data-value": value });
      group.style.setProperty("--share", String(graphShare(value, widest[layer])));
      // a penalty of the loss takes all weights: too many numbers
      if (used.length > 0 && value !== null && data.steps[state.step].phase !== "loss") this.label(edge, roundedText(value, 3), lit);
    });

    const squares = this.biases.map(({ layer, unit }) => read(shown.biases[layer], { [graphAxis(layer)]: unit }));
    const largest = graphScales(this.biases, squares);
    this.biases.forEach(({ box, layer, unit }, place) => {
      const lit = shown.lit("biases", layer);
      const value = squares[place];
      graphClasses(box, { bias: true, ...graphRoles(lit, shown.used("biases", layer, { [graphAxis(layer)]: unit })), ...graphSigns(value) });
      graphSet(box, { "data-key": shown.biases[layer], "data-value": value });
      box.style.setProperty("--share", String(graphShare(value, largest[layer])));
    });

    const loss = read(shown.loss, {});
    const lit = shown.lit("loss", -1);
    graphClasses(this.links, { links: true, reads: lit.includes("writes") && shown.lit("targets", this.last).length > 0 });
    graphClasses(this.loss, { loss: true, ...graphRoles(lit, lit), ...graphSigns(loss) });
    graphNumber(this.loss, /** @type {SVGElement} */ (this.loss.querySelector("text")), shown.loss, loss, 0);
    const said = shown.loss && loss !== null ? `${named(shown.loss)} = ${roundedText(loss, data.digits)}` : "not computed yet";
    graphSet(this.loss, { "aria-label": `loss: ${said}` });
    [...shown.nodes, shown.loss, ...shown.edges.slice(1)].forEach((key, place) => this.caption(this.captions[place], key, state));
  }

  /** The number of the last layer. */
  get last() {
    return this.data.network.widths.length - 1;
  }

  /**
   * The target beside an output, once the loss is looked at.
   * @param {SVGElement} aside
   * @param {GraphShown} shown
   * @param {{ [axis: string]: number }} at
   * @param {number | null} value
   */
  fillTarget(aside, shown, at, value) {
    const [lit, used] = [shown.lit("targets", this.last), shown.used("targets", this.last, at)];
    graphClasses(aside, { target: true, after: !this.layout.close, ...graphRoles(lit, used) });
    graphSet(aside, { "data-key": shown.targets, "data-value": value });
    graphText(aside, value === null ? "" : `target ${roundedText(value, 3)}`);
  }

  /**
   * The number of a lit edge, in its middle.
   * @param {GraphEdge} edge
   * @param {string} words
   * @param {string[]} lit
   */
  label(edge, words, lit) {
    const [x1, y1, x2, y2] = edge.ends;
    const label = graphAdd(this.labels, "text", { class: `label ${lit.join(" ")}`, x: (x1 + x2) / 2, y: (y1 + y2) / 2 });
    graphText(label, words);
  }

  /**
   * The name of what a column or the edges between two show.
   * @param {SVGElement} frame
   * @param {string | null} key
   * @param {State} state
   */
  caption(frame, key, state) {
    const step = this.data.steps[state.step];
    const name = key === null ? undefined : layoutShown(this.page, state).names[key];
    graphClasses(frame, { caption: true, writes: step?.key === key, reads: key !== null && (step?.reads.includes(key) ?? false) });
    const inner = name === undefined ? "" : this.data.strings[name[1]];
    if (frame.getAttribute("data-inner") === inner) return;
    graphSet(frame, { "data-inner": inner });
    frame.replaceChildren(inner === "" ? (key ?? "") : mathElement(inner, false));
  }

  /**
   * Scroll to the layers that a step is about.
   * @param {State} state
   * @param {boolean} smoothly
   */
  bring(state, smoothly) {
    const step = this.data.steps[state.step];
    if (!step || this.layout.width <= this.room) return;
    const { columns, loss, gap } = this.layout;
    const middle = step.layer === null ? loss.x : step.layer === 0 ? 0 : columns[step.layer].x - gap / 2;
    const wanted = middle - this.room / 2;
    // no column is cut at the left
    const edges = [0, ...columns.slice(1).map(({ x }) => x - gap / 2), this.layout.width - this.room].filter((edge) => edge <= this.layout.width - this.room);
    const left = edges.reduce((best, edge) => (Math.abs(edge - wanted) < Math.abs(best - wanted) ? edge : best));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const behavior = /** @type {ScrollBehavior} */ (smoothly && !calm ? "smooth" : "auto");
    requestAnimationFrame(() => this.scroll.scrollTo({ left, behavior })); // all views have drawn by then
  }

  /** Put the keyboard's focus on the unit chosen last. */
  focus() {
    this.nodes.find(({ group }) => group.getAttribute("tabindex") === "0")?.group.focus();
  }
}
