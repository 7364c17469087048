// What the page's script works with. Whatever is counted starts from 0 here; people see counting from 1.

/** Index into `PageData.strings`: MathML without its <math>, in which private characters stand for what is filled in. */
type Html = number;

/**
 * A written formula, as handgrad/explain/page/templates.py makes it of what the text formats typeset.
 *
 * "number": a constant as the formula has it. "name": a quantity without a number. "entry": a quantity of index form, whose
 * numbers stand at the variables `at` in the array of `key`, with how it is written. "matrix": the array of `key`, with what runs
 * down and across (places among the array's axes, or -1 for none), with how it is written. "reduced": a sum or maximum over
 * variables, each with the sign of its sum. "function": arguments in a template. "identity": δ of two variables.
 */
type Tree =
  | ["number", Html, number, number] // how it is written, how tightly it binds, its value
  | ["name", Html, number]
  | ["entry", string, number[], Tree]
  | ["matrix", string, number, number, Tree]
  | ["plus", Tree[]]
  | ["minus", Tree]
  | ["times", "matrix" | "elementwise" | "scalar", Tree[]]
  | ["fraction", Tree, Tree]
  | ["raised", Tree, Tree]
  | ["reduced", "sum" | "max", number[], Html[], Tree]
  | ["function", string, Html, number, Tree[]]
  | ["related", string, Html, Tree, Tree]
  | ["identity", number, number, Html, number]
  | ["transposed", Tree]
  | ["equals", Html, Tree, Tree]
  // made by the script alone:
  | ["rounded", number] // a number for the page, to so many significant digits
  | ["whole", number]
  | ["written", string, number] // MathML as it is, how tightly it binds
  | ["dots"];

/** How a notation typesets what stands between the parts of a formula. */
interface Style {
  elementwise: string;
  product: string;
  times: string;
  matrix_first: boolean;
  inline_fractions: boolean;
  applied_sums: boolean;
  largest: Html; // a maximum of two
}

/** An equation in a notation. `variables` are the axes of its index form's variables, those of the left side first. */
interface EquationData {
  matrix: number | null; // index into `PageData.trees`, an "equals"; null where the equation has no matrix form
  index: number; // index into `PageData.trees`, an "equals"
  free: number; // so many variables are those of the left side
  variables: string[]; // "unit[1]", "example"
  letters: string[]; // "j", "i": how the variables are written where no entry is chosen
}

interface LayoutData {
  style: Style;
  names: { [key: string]: [string, Html] }; // a quantity's name as plain text and as MathML
  equations: { [step: string]: EquationData };
}

interface NotationData {
  id: string;
  label: string;
  form: "matrix" | "index"; // which form comes first
  layout: "columns" | "rows"; // its own
  layouts: { columns: LayoutData; rows: LayoutData };
}

/** A quantity: the axes of its array in order ("unit[2]", "unit[1]", "example"), and the layer it belongs to. */
interface Quantity {
  axes: string[];
  layer: number | null;
}

type Phase = "forward" | "loss" | "backward" | "update";

interface StepData {
  id: string; // "dZ2"
  key: string; // "dZ[2]": what it writes
  phase: Phase;
  layer: number | null;
  reason: string;
  reads: string[]; // keys
}

/** `arrays` are indices into `PageData.arrays`; what neither is there nor among `scalars` follows from its equation. */
interface IterationData {
  loss: number | string; // "NaN", "Infinity" and "-Infinity" are text in JSON
  loss_after: number | string;
  arrays: { [key: string]: number };
  scalars: { [key: string]: number | string };
}

interface PageData {
  title: string;
  version: string;
  network: {
    text: string;
    widths: number[];
    activations: string[]; // of layers 1 to L
    loss: string;
    size: number; // how many parameters
    optimiser: string;
    schedule: string | null;
    learning_rate: number;
  };
  words: string[]; // paragraphs: what is explained, where parameters and examples come from
  examples: { count: number; labels: string[] }; // labels such as "row 5", or none
  inputs: string[]; // the inputs' names, or none
  outputs: string[]; // the classes by output, or none
  digits: number;
  other_form: string; // what is said where an equation's own form overflows and an equal one is computed
  axes: { [axis: string]: number }; // their sizes
  quantities: { [key: string]: Quantity };
  carried: { [key: string]: string }; // W[1] of an iteration is W[1, t+1] of the one before
  steps: StepData[];
  iterations: IterationData[];
  // little-endian float64 in base64, the last axis running fastest, or the same number everywhere
  arrays: ({ shape: number[]; data: string } | { shape: number[]; fill: number })[];
  strings: string[];
  trees: Tree[];
  notations: NotationData[];
  functions: { [name: string]: { parameters: string[]; defaults: { [parameter: string]: number }; body: Tree } }; // what formulas call that is no function of the language
  start: State;
}

/**
 * What is shown. `step` is one of `PageData.steps` or, where it is their count, the end of the iteration. `units` has the chosen unit of
 * every layer from 0, so that the chosen weight of layer l leads from units[l-1] to units[l]; `focus` is the layer chosen last.
 */
interface State {
  iteration: number;
  step: number;
  example: number;
  units: number[];
  focus: number;
  notation: number;
  layout: "columns" | "rows";
  edges: "weights" | "gradients";
  playing: boolean;
  speed: number; // seconds per step
}

interface Store {
  state: State;
  set(change: Partial<State>): void;
  subscribe(view: (state: State, before: State | null) => void): void;
}

/** What all parts of the page share. */
interface Page {
  data: PageData;
  numbers: Numbers;
  store: Store;
}

/** What a formula comes to at a place: with symbols, with numbers put in, and what a long sum leaves out. */
interface Worked {
  left: Tree;
  symbols: Tree;
  numbers: Tree;
  value: number;
  otherForm: boolean; // written so, the numbers overflow or divide by zero: `value` comes from an equal form that does not
  leftOut: { count: number; total: number }[];
}
