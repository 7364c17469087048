// What is chosen: the equation at its place in index form, its numbers so far, and at the end what the iteration has changed.

const endExamples = 10; // so many examples are listed at the end of an iteration
const endOutputs = 4; // of so many outputs, all are listed

/**
 * What is at a place along an axis: "unit 2 of layer 1", "input 1 (petal length)", "example 3 (row 7)".
 * @param {PageData} data
 * @param {string} axis
 * @param {number} place
 */
function placeAlong(data, axis, place) {
  const layer = axisLayer(axis);
  const last = data.network.widths.length - 1;
  const names = layer === null ? data.examples.labels : layer === 0 ? data.inputs : layer === last ? data.outputs : [];
  const words = layer === null ? "example" : layer === 0 ? "input" : "unit";
  const of = layer ? ` of layer ${layer}` : "";
  return `${words} ${place + 1}${of}${names[place] ? ` (${names[place]})` : ""}`;
}

/**
 * The current equation in index form: with letters, and worked at the chosen place.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function entryView(page, host) {
  const { data, store } = page;
  const general = scrolling("The equation of an entry");
  const legend = made("ul", { class: "letters" });
  const heading = made("h3", {});
  const lines = scrolling("The chosen entry with its numbers");
  const result = made("output", { class: "result", "aria-live": "off" }); // else spoken at every step that is played
  const rest = made("p", { class: "soft" });
  host.append(general, legend, heading, lines, rest);

  store.subscribe((state, before) => {
    if (before && !shownAnew(state, before)) return;
    const step = data.steps[state.step];
    host.hidden = !step;
    if (!step) return;
    const layout = layoutShown(page, state);
    const equation = layout.equations[step.id];
    general.replaceChildren(mathElement(typeset(data, layout.style, data.trees[equation.index], equation.letters), true));
    const single = (/** @type {string} */ axis) => axis === "example" && data.examples.count === 1; // which has no letter
    const meanings = equation.variables.flatMap((axis, variable) => {
      if (single(axis)) return [];
      const letter = equation.letters[variable].replaceAll("'", "′");
      const bound = variable >= equation.free;
      return `${letter}|${bound ? `: all ${axisWords(axis)}` : ` = ${placeAlong(data, axis, chosenAlong(state, axis))}`}`;
    });
    legend.replaceChildren(...[...new Set(meanings)].map((meaning) => {
      const [letter, ...words] = meaning.split("|");
      return made("li", {}, made("i", {}, letter), words.join("|"));
    }));
    const free = equation.variables.slice(0, equation.free);
    const at = free.map((axis) => chosenAlong(state, axis));
    const words = free.flatMap((axis, place) => (single(axis) ? [] : placeAlong(data, axis, at[place])));
    heading.textContent = words.length > 0 ? `With numbers, for ${words.join(", ")}` : "With numbers";
    const found = worked(page, state.iteration, layout, step.id, at);
    const writer = new MathmlWriter(data, layout.style, equation.letters);
    const tree = data.trees[equation.index];
    const sign = tree[0] === "equals" ? data.strings[tree[1]] : "";
    result.textContent = roundedText(found.value, data.digits);
    result.dataset.value = String(found.value);
    const put = workedLine("", "<mo>=</mo>", brokenPieces(writer, found.numbers));
    const same = signless(put.textContent ?? "") === signless(result.textContent); // a number by itself says nothing new
    const equal = made("span", { class: "sign" }, mathElement("<mo>=</mo>", true));
    lines.replaceChildren(made("div", { class: "worked" },
      workedLine(writer.text(found.left, 0).html, sign, brokenPieces(writer, found.symbols)),
      ...(same ? [] : [put]),
      made("div", { class: "comes-to" }, made("span", {}), equal, result)));
    rest.textContent = beneath(page, found);
  });
}

/**
 * What is to be said of a result: what long sums leave out, and where an equal form is computed.
 * @param {Page} page
 * @param {Worked} found
 */
function beneath(page, found) {
  const said = found.leftOut.map(({ count, total }) =>
    `⋯ stands for ${count} more terms, together ${roundedText(total, page.data.digits)}`);
  if (found.otherForm) said.push(page.data.other_form);
  return said.join("; ");
}

/**
 * A line of the chosen entry: the left side, the sign, and the right side in pieces that go on beneath each other.
 * @param {string} left
 * @param {string} sign
 * @param {string[]} pieces
 */
function workedLine(left, sign, pieces) {
  const side = left === "" ? [] : [mathElement(left, true)];
  return made("div", {},
    made("span", {}, ...side),
    made("span", { class: "sign" }, mathElement(sign, true)),
    made("span", { class: "pieces" }, ...pieces.map((piece) => mathElement(piece, true))));
}

/**
 * A number without what is written before it.
 * @param {string} text
 */
function signless(text) {
  return text.replace(/[=\s]/g, "").replaceAll("−", "-");
}

/**
 * The numbers of the chosen unit and of the weight into it, with – for what the iteration has not computed yet.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function chosenView(page, host) {
  const { data, store } = page;
  const caption = made("h3", { tabindex: "-1" });
  const other = made("button", { type: "button", class: "other" });
  const table = scrolling("The numbers of what is chosen");
  host.append(made("div", { class: "about" }, caption, other), table);
  other.addEventListener("click", () => {
    store.set({ focus: data.steps[store.state.step]?.layer ?? store.state.focus });
    caption.focus(); // the button is gone
  });

  store.subscribe((state, before) => {
    if (before && !shownAnew(state, before)) return;
    const l = state.focus;
    const unit = placeAlong(data, `unit[${l}]`, state.units[l]);
    caption.textContent = `Chosen: ${unit}, ${placeAlong(data, "example", state.example)}`;
    const layer = data.steps[state.step]?.layer ?? l;
    other.hidden = layer === l;
    other.textContent = `the step is about ${layer === 0 ? "the inputs" : `layer ${layer}`}: choose ${placeAlong(data, `unit[${layer}]`, state.units[layer])}`;
    const head = ["quantity", "value", ...(l === 0 ? [] : ["gradient", "after the update"])];
    /** @type {[words: string, ...keys: string[]][]} */
    const rows = l === 0 ? [["input", "A[0]"]] : [
      ["weighted sum", `Z[${l}]`, `dZ[${l}]`],
      ["activation", `A[${l}]`, `dA[${l}]`],
      ["slope of the activation", data.steps.find(({ id }) => id === `slope${l}`)?.key ?? ""],
      ["bias", `b[${l}]`, `db[${l}]`, data.carried[`b[${l}]`]],
      [`weight from ${placeAlong(data, `unit[${l - 1}]`, state.units[l - 1])}`, `W[${l}]`, `dW[${l}]`, data.carried[`W[${l}]`]],
    ];
    const body = rows.filter(([, key]) => key !== "").map(([words, ...keys]) =>
      made("tr", {}, made("th", { scope: "row" }, words), ...head.slice(1).map((_, place) => numberCell(page, state, keys[place]))));
    table.replaceChildren(tableOf(head, made("tbody", {}, ...body)));
  });
}

/**
 * A table under a line of headings.
 * @param {string[]} head
 * @param {...HTMLElement} bodies
 */
function tableOf(head, ...bodies) {
  return made("table", {}, made("thead", {}, made("tr", {}, ...head.map((words) => made("th", { scope: "col" }, words)))), ...bodies);
}

/**
 * A number of the table with its symbol; a gradient that the derivation has no step for stays empty.
 * @param {Page} page
 * @param {State} state
 * @param {string | undefined} key
 */
function numberCell(page, state, key) {
  const { data, numbers } = page;
  if (!key || !data.quantities[key]) return made("td", {});
  const at = data.quantities[key].axes.map((axis) => chosenAlong(state, axis));
  const known = isKnown(data, state, key);
  const value = known ? numbers.value(state.iteration, key, at) : NaN;
  const cell = made("td", { "data-key": key }, known ? roundedText(value, data.digits) : "–");
  if (known) cell.dataset.value = String(value);
  const symbol = entrySymbol(page, state, key, at);
  if (symbol) cell.prepend(made("span", { class: "symbol" }, mathElement(`${symbol}<mo>=</mo>`, false)));
  return cell;
}

/**
 * Whether an iteration has computed a quantity at its current step, or starts with it.
 * @param {PageData} data
 * @param {State} state
 * @param {string} key
 */
function isKnown(data, state, key) {
  return data.steps.findIndex((step) => step.key === key) <= state.step;
}

/**
 * The symbol of an entry as the left side of its equation has it; a parameter's is that of its update.
 * @param {Page} page
 * @param {State} state
 * @param {string} key
 * @param {number[]} at
 */
function entrySymbol(page, state, key, at) {
  const { data } = page;
  const step = data.steps.find((of) => of.key === (data.carried[key] ?? key));
  if (!step) return "";
  const layout = layoutShown(page, state);
  const tree = data.trees[layout.equations[step.id].index];
  return tree[0] === "equals" ? typeset(data, layout.style, tree[2], at.map((place) => String(place + 1))) : "";
}

/**
 * What the iteration has changed: the loss and, for some examples, what is predicted.
 * @param {Page} page
 * @param {HTMLElement} host
 */
function endView(page, host) {
  const { data, store } = page;
  store.subscribe((state, before) => {
    if (before && !shownAnew(state, before)) return;
    host.hidden = state.step < data.steps.length;
    if (host.hidden) return;
    const { iteration } = state;
    const last = data.network.widths.length - 1;
    const width = data.network.widths[last];
    const [start, end] = toldApart(Number(data.iterations[iteration].loss), Number(data.iterations[iteration].loss_after), data.digits);
    const name = mathElement(data.strings[layoutShown(page, state).names.J[1]], false);
    const loss = made("p", { class: "loss" }, "The loss ", name, ": ", made("strong", {}, `${start} → ${end}`));
    const follows = iteration + 1 < data.iterations.length
      ? `The next step begins iteration ${iteration + 2}, with the new parameters.`
      : "This is the end of the last iteration.";
    const head = ["example", ...(width > 1 ? ["output"] : []), "target", "prediction before", "after"];
    const classes = isOneHot(page, iteration);
    const rows = Array.from({ length: Math.min(data.examples.count, endExamples) }, (_, example) => {
      const all = Array.from({ length: width }, (_, output) => output);
      const one = classes ? all.filter((output) => page.numbers.value(iteration, "Y", [output, example]) === 1) : [state.units[last]];
      return (width <= endOutputs ? all : one).map((output) => endRow(page, iteration, example, output));
    });
    const table = scrolling("Targets and predictions");
    table.append(tableOf(head, ...rows.map((group) => made("tbody", {}, ...group))));
    const some = [
      data.examples.count > endExamples ? `These are the first ${endExamples} of ${data.examples.count} examples.` : "",
      width > endOutputs ? `Of ${width} outputs, ${classes ? "that of each example's class" : "the chosen one"} is listed.` : "",
    ].filter(Boolean).join(" ");
    host.replaceChildren(loss, table, ...(some ? [made("p", { class: "soft" }, some)] : []), made("p", {}, follows));
  });
}

/**
 * Whether targets are classes: a single 1 for each example, else 0.
 * @param {Page} page
 * @param {number} iteration
 */
function isOneHot(page, iteration) {
  const { data, numbers } = page;
  const targets = numbers.array(iteration, "Y");
  const sums = new Float64Array(data.examples.count);
  targets.forEach((target, flat) => (sums[flat % sums.length] += target));
  return targets.every((target) => target === 0 || target === 1) && sums.every((sum) => sum === 1);
}

/**
 * A row of what the iteration has changed: an output for an example.
 * @param {Page} page
 * @param {number} iteration
 * @param {number} example
 * @param {number} output
 */
function endRow(page, iteration, example, output) {
  const { data, numbers } = page;
  const last = data.network.widths.length - 1;
  const named = data.network.widths[last] > 1;
  const at = [output, example];
  const before = numbers.value(iteration, `A[${last}]`, at);
  const after = numbers.value(iteration, `A[${last}, t+1]`, at);
  const labels = [data.examples.labels[example], data.outputs[output]];
  const [first, second] = [example, output].map((place, of) => `${place + 1}${labels[of] ? ` (${labels[of]})` : ""}`);
  const shown = [roundedText(numbers.value(iteration, "Y", at), data.digits), ...toldApart(before, after, data.digits)];
  const cells = [numbers.value(iteration, "Y", at), before, after].map((value, place) =>
    made("td", { "data-value": String(value) }, shown[place]));
  return made("tr", {}, made("th", { scope: "row" }, first), ...(named ? [made("td", {}, second)] : []), ...cells);
}

/**
 * Two numbers as text, with as many digits as tell them apart, if they differ.
 * @param {number} first
 * @param {number} second
 * @param {number} digits
 * @returns {[string, string]}
 */
function toldApart(first, second, digits) {
  /** @type {[string, string]} */
  const shown = [roundedText(first, digits), roundedText(second, digits)];
  return shown[0] !== shown[1] || first === second || digits > 16 ? shown : toldApart(first, second, digits + 1);
}
