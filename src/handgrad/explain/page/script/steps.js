// Choosing without the graph: any step from a list; layer, unit and example from a form.

/** @type {[phase: Phase, heading: string][]} */
const stepPhases = [["forward", "Forward"], ["loss", "Loss"], ["backward", "Backward"], ["update", "Update"]];

/**
 * @param {Page} page
 * @param {HTMLElement} host
 */
function stepsView(page, host) {
  const { data, store } = page;
  const links = [...data.steps, null].map((_, place) => {
    const link = made("a", {});
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab or window
      event.preventDefault(); // inside another page (a notebook's) the address does not lead here
      store.set({ step: place, playing: false });
    });
    return link;
  });
  const list = made("div", { class: "list" });
  const group = (/** @type {string} */ heading, /** @type {HTMLElement[]} */ members) =>
    list.append(made("div", { class: "phase" }, made("h3", {}, heading), made("ol", {}, ...members.map((link) => made("li", {}, link)))));
  host.append(made("h2", {}, "All steps"), list);
  for (const [phase, heading] of stepPhases) {
    const members = links.filter((_, place) => data.steps[place]?.phase === phase);
    if (members.length > 0) group(heading, members);
  }
  group("End", [links[data.steps.length]]);

  store.subscribe((state, before) => {
    const renamed = !before || state.notation !== before.notation || state.layout !== before.layout;
    links.forEach((link, place) => {
      link.href = linkTo(page, { ...state, step: place });
      link.classList.toggle("done", place < state.step);
      if (place === state.step) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
      if (!renamed) return;
      const step = data.steps[place];
      const words = stepWords(page, state, place);
      link.title = words;
      link.setAttribute("aria-label", words);
      if (!step) link.textContent = "end of the iteration";
      else {
        const name = mathElement(data.strings[layoutShown(page, state).names[step.key][1]], false);
        link.replaceChildren(name, ...stepMark(data, step).map((mark) => made("small", {}, mark)));
      }
    });
    if (!before || state.step !== before.step) showStep(list, links[state.step]);
  });
}

/**
 * What tells a step from another one that writes the same quantity: the word after its id's "_", if it has one.
 * @param {PageData} data
 * @param {StepData} step
 */
function stepMark(data, step) {
  const alike = data.steps.filter(({ key }) => key === step.key).length > 1;
  return alike ? step.id.split("_").slice(1) : [];
}

/**
 * A long list scrolls by itself, and the page stays where it is. A step that is seen stays too: one may be clicking through them.
 * @param {HTMLElement} list
 * @param {HTMLElement} link
 */
function showStep(list, link) {
  const [room, place] = [list.getBoundingClientRect(), link.getBoundingClientRect()];
  const margin = place.height; // of the lines before and after, too
  if (place.top < room.top + margin) list.scrollTop -= room.top + margin - place.top;
  else if (place.bottom > room.bottom - margin) list.scrollTop += place.bottom - room.bottom + margin;
}

/** So many choices are a list; of more, one gives the number. */
const chooseListed = 100;

/**
 * A control for one of so many things, which may have names.
 * @param {string} label
 * @param {number} count
 * @param {string[]} names
 * @param {(place: number) => void} chosen
 */
function chooserOf(label, count, names, chosen) {
  const control = count <= chooseListed
    ? made("select", {}, ...Array.from({ length: count }, (_, place) =>
        made("option", { value: String(place + 1) }, names[place] ? `${place + 1}: ${names[place]}` : String(place + 1))))
    : made("input", { type: "number", min: "1", max: String(count), inputmode: "numeric" });
  control.addEventListener("change", () => {
    if (/^\d+$/.test(control.value)) chosen(Number(control.value) - 1);
  });
  const field = made("label", { class: "field" }, made("span", {}, label), control);
  return { field, show: (/** @type {number} */ place) => void (control.value = String(place + 1)) };
}

/**
 * The chosen layer, its unit, the unit its weight comes from, the example.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function chooseView(page, host) {
  const { data, store } = page;
  const { widths } = data.network;
  const last = widths.length - 1;
  const namesOf = (/** @type {number} */ layer) => (layer === 0 ? data.inputs : layer === last ? data.outputs : []);
  const choose = (/** @type {number} */ layer) => (/** @type {number} */ unit) =>
    store.set({ units: store.state.units.map((old, at) => (at === layer ? unit : old)) });

  const layer = made("select", {}, ...widths.map((_, at) =>
    made("option", { value: String(at) }, at === 0 ? "0 (inputs)" : at === last ? `${at} (outputs)` : String(at))));
  layer.addEventListener("change", () => store.set({ focus: Number(layer.value) }));
  const units = made("div", { class: "fields" });
  const example = chooserOf(`example of ${data.examples.count}`, data.examples.count, data.examples.labels, (place) => store.set({ example: place }));
  host.append(
    made("h2", {}, "Chosen"),
    made("div", { class: "fields" }, made("label", { class: "field" }, made("span", {}, "layer"), layer), units, example.field),
    keysHelp());

  /** @type {((state: State) => void)[]} */
  let shown = [];
  store.subscribe((state, before) => {
    const { focus } = state;
    layer.value = String(focus);
    example.show(state.example);
    if (!before || focus !== before.focus) {
      const unit = chooserOf(focus === 0 ? "input" : `unit of layer ${focus}`, widths[focus], namesOf(focus), choose(focus));
      shown = [(now) => unit.show(now.units[focus])];
      units.replaceChildren(unit.field);
      if (focus > 0) {
        const words = focus === 1 ? "weight from input" : `weight from unit of layer ${focus - 1}`;
        const from = chooserOf(words, widths[focus - 1], namesOf(focus - 1), choose(focus - 1));
        shown.push((now) => from.show(now.units[focus - 1]));
        units.append(from.field);
      }
    }
    for (const show of shown) show(state);
  });
}

/** The keys, folded away. */
function keysHelp() {
  const list = made("dl", {});
  for (const [keys, words] of keyWords) {
    const written = [...keys].map((key) => made("kbd", {}, key));
    list.append(made("dt", {}, ...written.flatMap((key, place) => (place > 0 ? [" ", key] : [key]))), made("dd", {}, String(words)));
  }
  return made("details", { id: "keys" }, made("summary", {}, "Keys"), list);
}
