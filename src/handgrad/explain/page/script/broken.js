// A long line of a worked formula in pieces: the line may be broken before each of them, between the terms of a sum.

/**
 * The pieces of a formula, which side by side are the formula; a formula without a sum at its outside is one piece.
 * @param {MathmlWriter} writer
 * @param {Tree} tree
 * @param {number} around how tightly what is around it binds
 * @returns {string[]}
 */
function brokenPieces(writer, tree, around = 0) {
  const { html, binds } = writer.node(tree);
  const pieces = brokenInside(writer, tree) ?? [html];
  if (binds >= around) return pieces;
  const [open, close] = ["prefix", "postfix"].map((form) => {
    const tall = MATHML_TALL.test(html) ? "true" : "false";
    return `<mo stretchy="${tall}" fence="true" form="${form}">${form === "prefix" ? "(" : ")"}</mo>`;
  });
  return brokenAfter(open, [...pieces.slice(0, -1), pieces[pieces.length - 1] + close]);
}

/**
 * The pieces of a sum, also of one that is taken away or multiplied from the left; null for other formulas.
 * @param {MathmlWriter} writer
 * @param {Tree} tree
 * @returns {string[] | null}
 */
function brokenInside(writer, tree) {
  if (tree[0] === "plus") {
    const [first, ...others] = tree[1];
    const rest = others.flatMap((term) => {
      const taken = term[0] === "minus";
      // at the beginning of a line too, the sign stands between two terms
      const sign = `<mo form="infix">${taken ? "−" : "+"}</mo>`;
      return brokenAfter(sign, brokenPieces(writer, taken ? term[1] : term, BINDING.minus + 1));
    });
    return [...brokenPieces(writer, first, BINDING.plus), ...rest];
  }
  if (tree[0] === "minus") return brokenAfter(MATHML_MINUS, brokenPieces(writer, tree[1], BINDING.minus + 1));
  if (tree[0] !== "times" || tree[1] !== "scalar") return null;
  const factors = tree[2];
  const [sum] = factors.slice(-1);
  if (factors.length < 2 || sum[0] !== "plus") return null;
  const before = factors.length === 2 ? factors[0] : /** @type {Tree} */ (["times", "scalar", factors.slice(0, -1)]);
  return brokenAfter(writer.text(before, BINDING.times).html + writer.style.times, brokenPieces(writer, sum, BINDING.times + 1));
}

/**
 * Pieces that follow something on its line.
 * @param {string} before
 * @param {string[]} pieces
 */
function brokenAfter(before, [first, ...others]) {
  return [before + first, ...others];
}
