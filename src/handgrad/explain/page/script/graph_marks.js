// The marks of the graph: SVG elements, their classes, and numbers with their colours.

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

/**
 * What a step does with a part, and what its equation for the chosen entry does. "takes": that one only reads it.
 * @param {string[]} lit
 * @param {string[]} used
 */
function graphRoles(lit, used) {
  const takes = used.length > 0 && !used.includes("writes");
  return { reads: lit.includes("reads"), writes: lit.includes("writes"), used: used.length > 0, takes };
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

/** What colours, rings and lines mean. */
function graphLegend() {
  const marks = made("p", { class: "graph-legend" });
  for (const [name, words] of [
    ["reads", "read by this step"], ["writes", "written by it"], ["strong", "strong: for the chosen entry"], ["chosen", "chosen"],
    ["empty", "not computed yet"], ["positive", "positive"], ["negative", "negative"], ["line", "positive edge"],
    ["line dashed", "negative edge (thicker: larger)"], ["square", "bias"],
  ]) {
    marks.append(made("span", {}, made("i", { class: name }), words));
  }
  const legend = made("details", { class: "soft" }, made("summary", {}, "What the marks mean"), marks);
  legend.open = innerWidth >= 1000; // on a phone it would push the equation down
  return legend;
}
