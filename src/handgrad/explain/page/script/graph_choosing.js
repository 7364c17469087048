// Choosing in the graph with a pointer and with the keyboard, and what is said of what a pointer is at.

/**
 * Choose what is clicked: a unit, or a weight with the units at both of its ends.
 * @param {Page} page
 * @param {MouseEvent} event
 */
function graphClicked(page, event) {
  const met = event.target instanceof Element ? event.target.closest("[data-layer]") : null;
  if (!met) return;
  const [layer, unit, from, to] = ["layer", "unit", "from", "to"].map((name) => Number(met.getAttribute(`data-${name}`)));
  const units = [...page.store.state.units];
  if (met.classList.contains("edge")) units.splice(layer - 1, 2, from, to);
  else units[layer] = unit;
  page.store.set({ units, focus: layer });
}

/**
 * Arrow keys choose the next unit or layer, page up and down ten units further; steps of the iteration have them elsewhere. Whether
 * it was such a key.
 * @param {Page} page
 * @param {KeyboardEvent} event
 */
function graphPressed(page, event) {
  const arrows = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const moves = { ...arrows, PageUp: [0, -10], PageDown: [0, 10] };
  const move = moves[/** @type {keyof typeof moves} */ (event.key)];
  if (!move || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return false;
  event.preventDefault();
  event.stopPropagation();
  const { units, focus } = page.store.state;
  const { widths } = page.data.network;
  const layer = Math.min(Math.max(focus + move[0], 0), widths.length - 1);
  const unit = Math.min(Math.max(units[layer] + move[1], 0), widths[layer] - 1);
  page.store.set({ units: units.map((before, place) => (place === layer ? unit : before)), focus: layer });
  return true;
}

/**
 * Say what is pointed at: a weight's or a bias's number.
 * @param {Page} page
 * @param {PointerEvent} event
 */
function graphPointed(page, event) {
  const met = event.target instanceof Element ? event.target.closest(".edge, .bias") : null;
  const [layer, from, to, unit] = ["layer", "from", "to", "unit"].map((name) => Number(met?.getAttribute(`data-${name}`)));
  const key = met?.getAttribute("data-key");
  if (!met || !key) return;
  const called = (/** @type {number} */ of, /** @type {number} */ place) => placeAlong(page.data, graphAxis(of), place);
  const where = met.classList.contains("edge") ? `from ${called(layer - 1, from)} to ${called(layer, to)}` : `of ${called(layer, unit)}`;
  const title = met.querySelector("title") ?? graphAdd(/** @type {SVGElement} */ (met), "title", {});
  const name = plainName(layoutShown(page, page.store.state), key);
  title.textContent = `${name} ${where}: ${roundedText(Number(met.getAttribute("data-value")), page.data.digits)}`;
}
