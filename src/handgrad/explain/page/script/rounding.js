// Numbers as the text formats write them: so many significant digits, very large and very small ones as powers of ten.

/** Digits of an exact value beyond which none of a tie is left. */
const ROUNDING_EXACT = 100;

/**
 * A number to so many significant digits: its mantissa, and the power of ten where it is written with one. What lies exactly
 * between two goes to the even one, as in Python's `g` format; JavaScript's own rounding takes the larger.
 * @param {number} value finite, and not below zero
 * @param {number} digits
 * @returns {{ mantissa: string, exponent: number | null }}
 */
function roundedParts(value, digits) {
  const [exact, power] = value.toExponential(ROUNDING_EXACT).replace(".", "").split("e");
  const between = /^50*$/.test(exact.slice(digits)) && Number(exact[digits - 1]) % 2 === 0;
  const kept = between ? `${exact.slice(0, 1)}.${exact.slice(1, digits)}e${power}` : value.toExponential(digits - 1);
  const rounded = Number(kept);
  if (rounded === Infinity) return { mantissa: "∞", exponent: null };
  const [mantissa, exponent] = rounded.toExponential().split("e");
  if (rounded === 0 || (Number(exponent) >= -4 && Number(exponent) < 16)) return { mantissa: String(rounded), exponent: null };
  return { mantissa, exponent: Number(exponent) };
}

/**
 * What is no finite number; empty for one.
 * @param {number} value
 */
function roundedEndless(value) {
  return Number.isNaN(value) ? "NaN" : Number.isFinite(value) ? "" : value < 0 ? "-∞" : "∞";
}

/**
 * A number as it stands in a line of text: -0.1235, 1.2 · 10⁻⁷.
 * @param {number} value
 * @param {number} digits
 * @returns {string}
 */
function roundedText(value, digits) {
  const endless = roundedEndless(value);
  if (endless) return endless;
  const { mantissa, exponent } = roundedParts(Math.abs(value), digits);
  const sign = value < 0 ? "-" : "";
  if (exponent === null) return sign + mantissa;
  const power = `10${[...String(exponent)].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)])).join("")}`;
  return sign + (mantissa === "1" ? power : `${mantissa} · ${power}`);
}
