// Formulas as MathML: what stands between the parts that handgrad/explain/page/templates.py has made. How tightly things bind,
// and where parentheses stand, is as in handgrad/calculus/typeset.py.

const BINDING = { related: 5, plus: 10, minus: 20, reduced: 25, times: 30, power: 50, atom: 60 };
const MATHML_DOT = "<mo>·</mo>";
const MATHML_MINUS = "<mo>−</mo>";

/** A number that would run into one before it. */
const MATHML_NUMBER = /^(\d|\(-[\d.]+\))/;
/** What is taller than a line, so that parentheses around it grow. */
const MATHML_TALL = /<mfrac|<mtable|∑/;
const MATHML_WORD_FIRST = /^(?:<[a-z]+[^>]*>)*?<mi[^>]*>[^<]{2,}/;
const MATHML_SIGN = /^<mo[^>]*>[^<]*<\/mo>$/;
const MATHML_NAMESPACE = "http://www.w3.org/1998/Math/MathML";

/**
 * A formula as the MathML inside of <math>.
 * @param {PageData} data
 * @param {Style} style
 * @param {Tree} tree
 * @param {readonly string[]} variables what each is written as: letters, or numbers counted from 1
 * @param {(node: Tree, mathml: string) => string} [matrix] draws an array in place of its name
 * @returns {string}
 */
function typeset(data, style, tree, variables, matrix) {
  return new MathmlWriter(data, style, variables, matrix).text(tree, 0).html;
}

/**
 * An element <math> of the inside of one; with `display`, sums have their limits above and below.
 * @param {string} inner MathML made by `typeset` or of the page's data
 * @param {boolean} display
 * @returns {HTMLElement}
 */
function mathElement(inner, display) {
  const math = document.createElementNS(MATHML_NAMESPACE, "math");
  math.innerHTML = inner;
  if (display) {
    math.setAttribute("displaystyle", "true");
    for (const mark of math.querySelectorAll("msub, msubsup")) {
      if (!["∑", "max", "min"].includes(mark.firstElementChild?.textContent ?? "")) continue;
      const moved = document.createElementNS(MATHML_NAMESPACE, mark.localName === "msub" ? "munder" : "munderover");
      moved.append(...mark.childNodes);
      mark.replaceWith(moved);
    }
  }
  return /** @type {HTMLElement} */ (/** @type {unknown} */ (math)); // an element as others, with style and dataset
}

/**
 * A string of the page's data with indices in their places, and commas where an index has more than one character.
 * @param {string} text
 * @param {readonly string[]} variables
 */
function mathmlFilled(text, variables) {
  const written = (/** @type {string} */ hole) => variables[hole.charCodeAt(0) - 0xe000] ?? "1";
  return text
    .replace(/<mi>[\ue000-\ue0ff]<\/mi>(?:<mi>[\ue200\ue201]<\/mi><mi>[\ue000-\ue0ff]<\/mi>)+/g, (run) => {
      const shown = (run.match(/[\ue000-\ue0ff]/g) ?? []).map(written);
      const apart = shown.some((index) => index.length > 1 || (run.includes("\ue201") && /^\d/.test(index)));
      return run.replace(/<mi>[\ue200\ue201]<\/mi>/g, apart ? "<mo>,</mo>" : "");
    })
    .replace(/<mi>([\ue000-\ue0ff])<\/mi>/g, (_, hole) => mathmlIndex(written(hole)))
    .replace(/[\ue000-\ue0ff]/g, (hole) => mathmlEscaped(written(hole)))
    .replace(/[\ue200\ue201]/g, ",");
}

/**
 * An index: a number, or a letter, which can have primes.
 * @param {string} index
 */
function mathmlIndex(index) {
  if (/^\d+$/.test(index)) return `<mn>${index}</mn>`;
  const letter = index.replace(/'+$/, "");
  const primes = index.length - letter.length;
  const plain = `<mi>${mathmlEscaped(letter)}</mi>`;
  return primes ? `<mrow>${plain}<mi>${["′", "″", "‴"][primes - 1] ?? "′".repeat(primes)}</mi></mrow>` : plain;
}

/**
 * Text among MathML.
 * @param {string} text
 */
function mathmlEscaped(text) {
  return text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/**
 * A piece of a formula: `head` is what it begins with, all of it where it is a number.
 * @typedef {{ html: string, binds: number, head: string }} Piece
 */

/** Writes trees in the style of a notation. */
class MathmlWriter {
  /**
   * @param {PageData} data
   * @param {Style} style
   * @param {readonly string[]} variables
   * @param {(node: Tree, mathml: string) => string} [matrix]
   */
  constructor(data, style, variables, matrix) {
    this.data = data;
    this.style = style;
    this.variables = variables;
    this.matrix = matrix;
  }

  /**
   * A formula, in parentheses where it binds less tightly than what is around it.
   * @param {Tree} tree
   * @param {number} around
   * @returns {Piece}
   */
  text(tree, around) {
    const piece = this.node(tree);
    return piece.binds < around ? this.parenthesised(piece) : piece;
  }

  /**
   * @param {Piece} piece
   * @returns {Piece}
   */
  parenthesised({ html, head }) {
    const tall = MATHML_TALL.test(html);
    const [open, close] = ["prefix", "postfix"].map((form) => (tall ? ` stretchy="true" fence="true" form="${form}"` : ' stretchy="false"'));
    return { html: `<mrow><mo${open}>(</mo>${html}<mo${close}>)</mo></mrow>`, binds: BINDING.atom, head: tall ? "" : `(${head})` };
  }

  /**
   * @param {Tree} tree
   * @returns {Piece}
   */
  node(tree) {
    switch (tree[0]) {
      case "number": {
        const html = this.data.strings[tree[1]];
        return { html, binds: tree[2], head: html.replace(/<[^>]*>/g, "") };
      }
      case "name":
        return { html: this.filled(tree[1]), binds: tree[2], head: "" };
      case "written":
        return { html: tree[1], binds: tree[2], head: "" };
      case "identity":
        return { html: this.filled(tree[3]), binds: tree[4], head: "" };
      case "entry":
        return this.node(tree[3]);
      case "matrix": {
        const piece = this.node(tree[4]);
        return this.matrix ? { ...piece, html: this.matrix(tree, piece.html) } : piece;
      }
      case "whole":
        return { html: `<mn>${tree[1]}</mn>`, binds: BINDING.atom, head: String(tree[1]) };
      case "rounded":
        return this.rounded(tree[1]);
      case "dots":
        return { html: "<mo>⋯</mo>", binds: BINDING.atom, head: "" };
      case "plus":
        return this.plus(tree[1]);
      case "minus": {
        const { html, head } = this.text(tree[1], BINDING.minus + 1);
        return { html: `<mrow>${MATHML_MINUS}${html}</mrow>`, binds: BINDING.minus, head: `-${head}` };
      }
      case "times":
        return this.times(tree[1], tree[2]);
      case "fraction":
        return this.fraction(tree[1], tree[2]);
      case "raised": {
        const [base, exponent] = [this.text(tree[1], BINDING.atom), this.text(tree[2], 0)];
        const html = `<msup><mrow>${base.html}</mrow><mrow>${exponent.html}</mrow></msup>`;
        return { html, binds: BINDING.power, head: `${base.head}^` };
      }
      case "transposed": {
        const { html, head } = this.text(tree[1], BINDING.atom);
        return { html: `<msup><mrow>${html}</mrow><mi>T</mi></msup>`, binds: BINDING.power, head: `${head}^` };
      }
      case "reduced":
        return this.reduced(tree[2], tree[3], tree[4]);
      case "function":
        return { html: this.applied(tree[2], tree[4]), binds: tree[3], head: "" };
      case "related": {
        const [left, right] = [this.text(tree[3], BINDING.plus), this.text(tree[4], BINDING.plus)];
        return { html: left.html + this.data.strings[tree[2]] + right.html, binds: BINDING.related, head: `${left.head} ` };
      }
      case "equals":
        return { html: this.text(tree[2], 0).html + this.data.strings[tree[1]] + this.text(tree[3], 0).html, binds: 0, head: "" };
    }
  }

  /** @param {Html} place */
  filled(place) {
    return mathmlFilled(this.data.strings[place], this.variables);
  }

  /**
   * @param {Tree[]} terms
   * @returns {Piece}
   */
  plus(terms) {
    const first = this.text(terms[0], BINDING.plus);
    let html = first.html;
    for (const term of terms.slice(1)) {
      const taken = term[0] === "minus";
      html += (taken ? MATHML_MINUS : "<mo>+</mo>") + this.text(taken ? term[1] : term, BINDING.minus + 1).html;
    }
    return { html, binds: BINDING.plus, head: `${first.head} ` };
  }

  /**
   * Factors, in parentheses where one is a product of a kind that could be misread beside this one.
   * @param {"matrix" | "elementwise" | "scalar"} kind
   * @param {Tree[]} factors
   * @returns {Piece}
   */
  times(kind, factors) {
    const style = this.style;
    const sign = { elementwise: style.elementwise, matrix: style.product, scalar: style.times }[kind];
    const ambiguous = {
      elementwise: style.matrix_first ? ["scalar"] : ["matrix", "scalar"],
      matrix: ["elementwise"],
      scalar: style.times ? ["elementwise", "matrix"] : ["elementwise"],
    }[kind];
    const pieces = factors.map((factor, place) => {
      const last = place === factors.length - 1;
      const piece = this.node(factor);
      let tight = place === 0 ? BINDING.times : BINDING.times + 1;
      if (factor[0] === "times") tight = ambiguous.includes(factor[1]) ? BINDING.times + 1 : BINDING.times;
      else if (last && kind === "scalar" && piece.binds === BINDING.reduced) tight = BINDING.reduced; // a sum may go on to the end
      return piece.binds < tight ? this.parenthesised(piece) : piece;
    });
    const html = pieces.reduce((line, piece, place) => {
      if (place === 0) return piece.html;
      if (sign) return line + sign + piece.html;
      return MATHML_NUMBER.test(piece.head) ? line + MATHML_DOT + piece.html : mathmlBeside(line, piece.html);
    }, "");
    return { html, binds: BINDING.times, head: `${pieces[0].head} ` };
  }

  /**
   * @param {Tree} above
   * @param {Tree} below
   * @returns {Piece}
   */
  fraction(above, below) {
    const under = below[0] === "entry" ? below[3] : below[0] === "matrix" ? below[4] : below;
    const named = under[0] === "name" || (under[0] === "written" && under !== below);
    if (this.style.inline_fractions && named && (above[0] === "number" || above[0] === "whole")) {
      const [first, second] = [this.text(above, BINDING.times), this.text(below, BINDING.times + 1)];
      return { html: `<mrow>${first.html}<mo>/</mo>${second.html}</mrow>`, binds: BINDING.times, head: `${first.head}/` };
    }
    const html = `<mfrac><mrow>${this.text(above, 0).html}</mrow><mrow>${this.text(below, 0).html}</mrow></mfrac>`;
    return { html, binds: BINDING.atom - 1, head: "" };
  }

  /**
   * A sum or maximum: over variables in index form; in matrix form it can have its body in parentheses.
   * @param {number[]} variables
   * @param {Html[]} signs
   * @param {Tree} body
   * @returns {Piece}
   */
  reduced(variables, signs, body) {
    const applied = this.style.applied_sums && !variables.length;
    const inside = applied ? this.parenthesised(this.text(body, 0)) : this.text(body, BINDING.reduced);
    const html = signs.reduceRight((line, sign) => mathmlBeside(this.filled(sign), line), inside.html);
    return { html, binds: BINDING.reduced, head: "" };
  }

  /**
   * A function of arguments.
   * @param {Html} template
   * @param {Tree[]} parts
   */
  applied(template, parts) {
    const shown = parts.map((part) => this.text(part, 0).html);
    let text = this.data.strings[template];
    if (shown.some((html) => MATHML_TALL.test(html))) text = text.replace(/stretchy="false"/g, 'stretchy="true"');
    return text
      .replace(/<mi>([\ue100-\ue1ff])<\/mi>/g, (_, hole) => `<mrow>${shown[hole.charCodeAt(0) - 0xe100]}</mrow>`)
      .replace(/[\ue100-\ue1ff]/g, (hole) => shown[hole.charCodeAt(0) - 0xe100].replace(/<[^>]*>/g, ""));
  }

  /**
   * @param {number} value
   * @returns {Piece}
   */
  rounded(value) {
    const endless = roundedEndless(Math.abs(value));
    const { mantissa, exponent } = endless ? { mantissa: endless, exponent: null } : roundedParts(Math.abs(value), this.data.digits);
    const [tag, sign] = [endless === "NaN" ? "mtext" : endless ? "mi" : "mn", value < 0 ? MATHML_MINUS : ""];
    const power = `<msup><mn>10</mn><mrow>${Number(exponent) < 0 ? MATHML_MINUS : ""}<mn>${Math.abs(Number(exponent))}</mn></mrow></msup>`;
    const number = `<${tag}>${mantissa}</${tag}>`;
    const html = exponent === null ? number : mantissa === "1" ? power : `<mrow>${number}${MATHML_DOT}${power}</mrow>`;
    const binds = exponent === null ? BINDING.atom : mantissa === "1" ? BINDING.power : BINDING.times;
    const head = endless ? "" : exponent === null ? mantissa : mantissa === "1" ? "10^" : `${mantissa} `;
    return sign ? { html: `<mrow>${sign}${html}</mrow>`, binds: BINDING.minus, head: `-${head}` } : { html, binds, head };
  }
}

/**
 * Two factors side by side, with a little room before the name of a function: z tanh(z).
 * @param {string} left
 * @param {string} right
 */
function mathmlBeside(left, right) {
  return left + (MATHML_WORD_FIRST.test(right) && !MATHML_SIGN.test(left) ? '<mspace width="0.17em"></mspace>' : "") + right;
}
