// The loss curve: J before each iteration's step and after the last one; each point leads to its iteration.

const CURVE_SIZE = { height: 210, left: 62, right: 14, top: 12, bottom: 38 };
const CURVE_TICKS = 8;

/**
 * @param {string} tag
 * @param {{ [name: string]: string | number }} attributes
 * @param {...(Node | string)} children
 */
function drawn(tag, attributes, ...children) {
  const element = graphAdd(null, tag, attributes);
  element.append(...children);
  return element;
}

/**
 * J at the start of each iteration, and at the end of the last.
 * @param {PageData} data
 */
function curveLosses(data) {
  const { iterations } = data;
  return [...iterations.map(({ loss }) => Number(loss)), Number(iterations[iterations.length - 1].loss_after)];
}

/**
 * Where values stand between 0 (bottom) and 1 (top), with the values to write beside the axis. Losses that are all positive and span
 * more than a factor of 100 stand by their logarithms.
 * @param {number[]} losses
 */
function curveScale(losses) {
  const finite = losses.filter(Number.isFinite);
  const smallest = Math.min(...finite);
  const largest = Math.max(...finite);
  const log = smallest > 0 && largest > 100 * smallest;
  const by = log ? Math.log10 : (/** @type {number} */ value) => value;
  const room = smallest === largest ? Math.abs(by(largest)) / 2 || 1 : 0; // a level line stands in the middle
  const from = log ? Math.floor(by(smallest)) : by(smallest) - room;
  const to = log ? Math.ceil(by(largest)) : by(largest) + room;
  const ticks = log ? curveRound(from, to, 1, 5).map((power) => 10 ** power) : curveRound(from, to, 0, 5);
  return { log, ticks, place: (/** @type {number} */ value) => (by(value) - from) / (to - from) };
}

/**
 * Round numbers from one to another, about so many: 1, 2 or 5 times a power of ten apart, and no nearer than `least`.
 * @param {number} from
 * @param {number} to
 * @param {number} least
 * @param {number} about
 */
function curveRound(from, to, least, about) {
  const power = 10 ** Math.floor(Math.log10((to - from) / about));
  const apart = Math.max(least, power * ([1, 2, 5].find((times) => times * power * about >= to - from) ?? 10));
  const found = [];
  for (let count = Math.ceil(from / apart); count * apart <= to && found.length < 20; count++) found.push(count * apart);
  return found;
}

/**
 * @param {Page} page
 * @param {HTMLElement} host
 */
function curveView(page, host) {
  const { data, store } = page;
  const losses = curveLosses(data);
  const last = losses.length - 1;
  const scale = curveScale(losses);
  const name = (/** @type {number} */ place) => (place < last ? `before iteration ${place + 1}` : `after iteration ${last}`);
  const words = losses.map((loss, place) => `J ${name(place)}: ${roundedText(loss, data.digits)}`);
  const now = () => store.state.iteration + Number(store.state.step === data.steps.length);
  const go = (/** @type {number} */ place) =>
    store.set(place < last ? { iteration: place, step: 0, playing: false } : { iteration: last - 1, step: data.steps.length, playing: false });

  const room = made("div", {});
  const line = made("p", { class: "now" });
  const notes = [scale.log ? "The axis is logarithmic." : "", curveGaps(losses, name)].filter(Boolean).join(" ");
  host.append(made("h2", {}, "Loss"), room, line, ...(notes ? [made("p", { class: "soft" }, notes)] : []));

  /** @type {SVGElement[]} */
  let points = [];
  let width = 0;
  // One point can be reached by Tab, the others from it by arrows.
  const reach = (/** @type {number} */ place) => points.forEach((point, at) => point.setAttribute("tabindex", at === place ? "0" : "-1"));
  const mark = () => points.forEach((point, at) => (at === now() ? point.setAttribute("aria-current", "true") : point.removeAttribute("aria-current")));
  const key = (/** @type {KeyboardEvent} */ event, /** @type {number} */ place) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const next = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: last }[event.key];
    if (event.key === "Enter" || event.key === " ") go(place);
    else if (next === undefined) return;
    else if (points[next]) {
      reach(next);
      points[next].focus();
    }
    event.preventDefault();
  };
  const draw = () => {
    if (room.clientWidth === width || room.clientWidth === 0) return;
    width = room.clientWidth;
    const picture = curvePicture(losses, scale, words, width);
    room.replaceChildren(picture.all);
    points = picture.points;
    points.forEach((point, place) => {
      point.addEventListener("click", () => go(place));
      point.addEventListener("keydown", (event) => key(event, place));
    });
    reach(now());
    mark();
  };
  draw();
  new ResizeObserver(draw).observe(room); // letters stay as large as they are
  store.subscribe(() => {
    line.textContent = words[now()];
    mark();
    if (!host.contains(document.activeElement)) reach(now());
  });
}

/**
 * The curve in a width, and its points.
 * @param {number[]} losses
 * @param {ReturnType<typeof curveScale>} scale
 * @param {string[]} words what each point is called
 * @param {number} width
 */
function curvePicture(losses, scale, words, width) {
  const { height, left, right, top, bottom } = CURVE_SIZE;
  const last = losses.length - 1;
  const x = (/** @type {number} */ place) => left + (place / last) * (width - left - right);
  const y = (/** @type {number} */ value) => top + (1 - scale.place(value)) * (height - top - bottom);
  const all = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "loss by iteration" });
  for (const tick of scale.ticks) {
    all.append(
      drawn("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      drawn("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, roundedText(tick, 3)));
  }
  for (const place of curveRound(0, last, 1, CURVE_TICKS)) {
    all.append(drawn("text", { x: x(place), y: height - bottom + 18, "text-anchor": "middle" }, String(place)));
  }
  all.append(
    drawn("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, "iterations done"),
    drawn("path", { class: "course", d: curvePath(losses, x, y) }));

  const half = (x(1) - x(0)) / 2;
  const dot = Math.min(4.5, Math.max(1.5, half * 0.7));
  const points = losses.map((loss, place) => {
    const finite = Number.isFinite(loss);
    const point = { class: finite ? "point" : "point gap", role: "button", "aria-label": words[place], "data-value": loss };
    return drawn("g", point,
      drawn("title", {}, words[place]),
      drawn("rect", { class: "hit", x: x(place) - half, y: 0, width: 2 * half, height: height - bottom + 22 }),
      drawn("circle", { class: "dot", cx: x(place), cy: finite ? y(loss) : top, r: dot }));
  });
  all.append(...points);
  return { all, points };
}

/**
 * The line through what is finite, with gaps where a loss is not.
 * @param {number[]} losses
 * @param {(place: number) => number} x
 * @param {(value: number) => number} y
 */
function curvePath(losses, x, y) {
  const parts = losses.map((loss, place) => {
    if (!Number.isFinite(loss)) return "";
    const pen = place > 0 && Number.isFinite(losses[place - 1]) ? "L" : "M";
    return `${pen}${x(place).toFixed(2)} ${y(loss).toFixed(2)}`;
  });
  return parts.join("");
}

/**
 * Which losses are no numbers that can be drawn, in words.
 * @param {number[]} losses
 * @param {(place: number) => string} name
 */
function curveGaps(losses, name) {
  const gaps = losses.flatMap((loss, place) => (Number.isFinite(loss) ? [] : [place]));
  if (gaps.length === 0) return "";
  const more = gaps.length > 1 ? ` and at ${gaps.length - 1} more` : "";
  return `The loss is ${roundedText(losses[gaps[0]], 3)} ${name(gaps[0])}${more}: the curve has a gap there.`;
}
