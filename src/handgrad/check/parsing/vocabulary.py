"""The words and signs that formulas about networks are written with: one table for each thing that the parser must know."""

from __future__ import annotations

from handgrad.check.greek import CAPITAL, SMALL

RELATIONS = {
    "=": "=", "==": "=", "!=": "!=", ":=": ":=", "<-": "<-", "->": "->", "-->": "->", "<": "<", ">": ">", "<=": "<=", ">=": ">=",
    "+=": "+=", "-=": "-=", "=<": "<=", "~=": "approx", "\\gets": "<-", "\\leftarrow": "<-", "\\longleftarrow": "<-",
    "\\approx": "approx", "\\simeq": "approx", "\\cong": "approx", "\\approxeq": "approx", "\\doteq": "approx",
    "\\propto": "propto", "\\in": "in", "\\equiv": "equiv", "\\triangleq": ":=", "\\coloneqq": ":=", "\\coloneq": ":=",
    "\\leq": "<=", "\\le": "<=", "\\leqslant": "<=", "\\geq": ">=", "\\ge": ">=", "\\geqslant": ">=", "\\neq": "!=",
    "\\ne": "!=", "\\lt": "<", "\\gt": ">", "\\to": "->", "\\rightarrow": "->", "\\longrightarrow": "->",
    "\\xrightarrow": "->", "\\mapsto": "->", "\\sim": "approx",
}  # fmt: skip
"""How relations are written, and what the tree calls them."""

JOINERS = {
    "=>", "==>", ";", "\\Rightarrow", "\\implies", "\\Longrightarrow", "\\iff", "\\Leftrightarrow", "\\Longleftrightarrow",
    "\\therefore", "\\because", "\\Leftarrow", "\\land", "\\wedge", "\\rightsquigarrow", "\\leadsto",
}  # fmt: skip
"""What stands between two statements."""

SIGNS = {
    "+": "+", "-": "-", "\\pm": "pm", "\\mp": "pm", "*": "*", "/": "/", "\\div": "/", ".*": ".*", "@": "@", "\\cdot": "cdot",
    "\\centerdot": "cdot", "\\times": "times", "\\odot": "odot", "\\circ": "circ", "\\bigcirc": "circ", "\\otimes": "otimes",
    "\\bullet": "bullet", "\\*": "*", "\\ldotp": ".", "\\ast": "ast", "\\star": "ast", ".": ".", "\\bigodot": "odot",
    "\\oplus": "+", "\\ominus": "-",
}  # fmt: skip
"""Signs of sums and products, and what the tree calls them."""

UNICODE = {
    "⋅": "\\cdot", "·": "\\cdot", "∙": "\\cdot", "•": "\\bullet", "∗": "\\ast", "⁎": "\\ast", "⋆": "\\ast", "◦": "\\circ",
    "○": "\\circ", "⨀": "\\odot", "ʘ": "\\odot", "☉": "\\odot", "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "∕": "/",
    "⁄": "/", "≔": "\\coloneqq", "⟵": "\\leftarrow", "⟶": "\\to", "⟹": "\\implies", "⟸": "\\Leftarrow", "⟺": "\\iff",
    "∴": "\\therefore", "∼": "\\sim", "≃": "\\simeq", "≅": "\\cong", "≜": "\\triangleq", "≐": "\\doteq", "⩽": "\\le",
    "⩾": "\\ge", "≦": "\\le", "≧": "\\ge", "‖": "\\Vert", "∥": "\\Vert", "∣": "|", "｜": "|", "…": "\\dots", "⋮": "\\vdots",
    "⋱": "\\ddots", "√": "\\sqrt", "′": "'", "″": "''", "‴": "'''", "’": "'", "‘": "'", "ʹ": "'", "＝": "=", "＋": "+", "（": "(",
    "）": ")", "，": ",", "；": ";", "［": "[", "］": "]", "。": ".", "、": ",", "：": ":",
    "‚": ",", "⟨": "\\langle", "⟩": "\\rangle",
    "𝟙": "\\mathbb{1}", "𝟏": "\\mathbf{1}", "ϴ": "\\Theta", "∆": "\\Delta", "Ω": "\\Omega", "ᵀ": "ᵀ", "½": "\\frac{1}{2}",
    "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}", "⅓": "\\frac{1}{3}", "ı": "i", "ȷ": "j",
}  # fmt: skip
"""Characters and what they are in LaTeX, besides those of `handgrad.document.letters.SYMBOLS`."""

GREEK = (SMALL - {"pi"}) | CAPITAL  # π is a number
LETTERS = {f"var{name}": name for name in ("epsilon", "theta", "kappa", "rho", "sigma", "phi")} | {
    "infty": "infty", "top": "top", "intercal": "intercal", "dagger": "dagger", "dag": "dagger", "bot": "bot",
    "aleph": "aleph", "forall": "forall", "emptyset": "emptyset", "hbar": "hbar", "square": "square", "Box": "square",
    "imath": "i", "jmath": "j", "wp": "p", "Im": "Im", "Re": "Re", "S": "S", "int": "int", "ln": "ln",
    "colon": "colon", "exists": "exists",
}  # fmt: skip
"""Commands that are letters, besides the Greek ones, and their names."""

ALIASES = {
    "part": "partial", "triangle": "Delta", "vartriangle": "Delta", "bigtriangleup": "Delta", "bigtriangledown": "nabla",
    "triangledown": "nabla", "sdot": "cdot", "isin": "in", "larr": "leftarrow", "rarr": "rightarrow", "rArr": "Rightarrow",
    "lang": "langle", "rang": "rangle", "plusmn": "pm", "infin": "infty", "empty": "emptyset", "thetasym": "vartheta",
}  # fmt: skip
"""Other names of commands, as editors and renderers have them, and look-alikes of letters."""

FACES = {
    "mathbf": "bf", "boldsymbol": "bf", "bm": "bf", "pmb": "bf", "bold": "bf", "textbf": "bf", "mathbfit": "bf", "symbf": "bf",
    "bf": "bf", "mathcal": "cal", "mathscr": "cal", "cal": "cal", "mathbb": "bb", "Bbb": "bb", "mathds": "bb", "mathbbm": "bb",
    "mathfrak": "frak", "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde",
    "widetilde": "tilde", "vec": "vec", "overrightarrow": "vec", "overleftarrow": "vec", "dot": "dot", "ddot": "ddot",
    "check": "check", "breve": "check", "mathring": "ring", "mathrm": "", "mathsf": "", "mathit": "", "mathtt": "",
    "mathnormal": "", "rm": "", "it": "", "sf": "", "tt": "", "up": "", "underline": "", "operatorname": "",
    "operatornamewithlimits": "", "acute": "", "grave": "", "text": "",
}  # fmt: skip
"""Typefaces and accents that take an argument."""
DECLARATIONS = {"bf", "cal", "rm", "it", "sf", "tt", "up"}
"""Typefaces that hold to the end of the braces they stand in: {\\bf W}."""
UPRIGHT = {"mathrm", "operatorname", "operatornamewithlimits", "mathsf", "mathtt", "mathit", "textbf", "rm", "text"}
"""Typefaces in which several letters are one word."""
MARKS = {
    "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u030c": "check", "\u20d7": "vec",
    "\u0308": "ddot",
}  # fmt: skip
"""Combining accents."""

FUNCTIONS = {
    "sigma", "phi", "psi", "Omega", "f", "g", "log", "ln", "exp", "tanh", "max", "min", "sin", "cos", "tan", "cosh", "sinh", "sech",
    "arctan", "sqrt", "softmax", "Softmax", "SoftMax", "softplus", "relu", "ReLU", "Relu", "RELU", "ReLu", "reLU", "leakyrelu",
    "leaky_relu", "LeakyReLU", "LeakyRelu", "leakyRelu", "lrelu", "elu", "ELU", "gelu", "GELU", "selu", "swish", "silu",
    "SiLU", "mish", "sigmoid", "Sigmoid", "sigm", "logistic", "sum", "Sum", "mean", "Mean", "dot", "multiply", "matmul",
    "outer", "inner", "transpose", "diag", "Diag", "sign", "sgn", "abs", "tr", "Tr", "trace", "argmax", "argmin", "square",
    "power", "maximum", "minimum", "where", "det", "log2", "log10", "lim", "clip", "identity", "step", "onehot", "one_hot",
    "shape", "len", "heaviside", "erf", "Var", "softsign", "reshape", "zeros", "ones", "vec", "sigmoid_prime",
    "sigmoid_derivative", "relu_prime", "relu_derivative", "tanh_prime", "tanh_derivative", "sigmoid_backward",
    "relu_backward", "softmax_prime", "softmax_derivative", "cost_derivative", "relu_grad", "sigmoid_grad", "sigmoidGradient",
    "log1p", "tanhDerivative", "sigmoidDerivative", "reluDerivative", "sigmoidPrime", "reluPrime", "tanhPrime", "expit",
    "logsumexp", "dropout",
}  # fmt: skip
"""Names that are functions wherever brackets follow."""
DIRECT = {
    "log", "ln", "exp", "tanh", "max", "min", "sin", "cos", "tan", "cosh", "sinh", "sech", "arctan", "lim", "argmax", "argmin",
    "sqrt", "diag", "det", "tr", "log2", "log10", "sign", "sgn", "softmax", "sigmoid", "relu", "ReLU", "logistic", "softplus",
    "Softmax", "Sigmoid",
}  # fmt: skip
"""Functions that are also applied to what follows without brackets: log y."""
COMMAND_FUNCTIONS = {
    "log", "ln", "exp", "tanh", "max", "min", "sin", "cos", "tan", "cosh", "sinh", "sech", "arctan", "lim", "det", "arg", "lg",
}  # fmt: skip
"""Commands of LaTeX that are functions."""
INDICATORS = {"I", "1", "H", "u", "indicator"}
"""What stands before the condition in 1{z > 0}."""
EMBEDDED = ("softmax", "sigmoid", "tanh", "relu", "log", "exp", "ln")
"""Functions that may be run together with letters: yloga."""
MODULES = {"np", "numpy", "jnp", "tf", "torch", "math", "cp", "nn", "F", "K", "scipy", "special", "self"}
METHODS = {"dot", "sum", "mean", "transpose", "max", "min", "reshape", "multiply", "matmul"}

QUANTITIES = {
    "W", "w", "b", "B", "X", "x", "Y", "y", "A", "a", "Z", "z", "delta", "theta", "Theta", "D", "t", "o", "n", "m",
    "alpha", "eta",
}  # fmt: skip
"""Names that stand for quantities: brackets after them are a factor, and W'(…) is a transpose."""
LAYERED = {"W", "w", "b", "B", "A", "a", "Z", "z", "delta", "theta", "Theta"}
"""Names after which (l) can be a layer: a(l-1)."""

WORDS = {
    "net", "Net", "out", "Out", "loss", "Loss", "cost", "Cost", "error", "Error", "err", "Err", "pred", "target", "MSE", "SSE",
    "BCE", "CE", "NLL", "RMSE", "KL", "bias", "lr", "LR", "True", "False", "None", "axis", "keepdims", "AL", "ZL", "logit",
    "logits",
    "inf", "std", "in", "new", "old", "grad", "obs", "true", "prime", "act", "hid", "tot", "total", "num", "cls",
} | (GREEK - {"mu", "nu", "xi"})  # fmt: skip
"""Words of up to three letters that are one name in LaTeX as well, and longer ones that could be mistaken for a product."""
SUFFIXES = {
    "hat", "bar", "tilde", "pred", "true", "out", "output", "in", "input", "hidden", "hid", "new", "old", "train", "test",
    "rate", "loss", "total", "prev", "next", "prime", "grad", "derivative", "backward", "max", "min", "net", "target", "label",
    "batch", "size", "dim",
}  # fmt: skip
"""Words that stand after _ without braces: W_out."""
STOPWORDS = {
    "and", "or", "where", "with", "for", "if", "else", "when", "then", "so", "thus", "hence", "is", "are", "the", "we",
    "since", "because", "otherwise", "elsewhere", "sonst", "falls", "as", "by", "let", "that", "therefore", "but", "while",
    "all", "every", "each", "of", "from", "which", "also", "gives", "get", "have", "using", "note", "und", "wobei", "et",
    "avec", "donde", "con", "on", "a", "an", "to", "s.t.", "st", "else:", "i.e.", "iff", "here", "this", "both", "now", "be",
    "at", "it", "its", "was", "has", "can", "will", "per",
}  # fmt: skip
"""Words of prose between formulas."""
OTHERWISE = {
    "otherwise", "else", "elsewhere", "sonst", "other", "else.", "otherwise.", "else:", "others", "ow", "o.w.", "autrement", "其他",
    "otherwise,",
}  # fmt: skip
"""Words that stand for the remaining case."""

NOTHING = {
    ",", ";", ":", "!", ">", " ", "\n", "\t", "/", "displaystyle", "textstyle",
    "scriptstyle", "scriptscriptstyle", "limits", "nolimits", "large", "Large", "LARGE", "huge", "Huge", "small", "normalsize",
    "footnotesize", "tiny", "scriptsize", "nonumber", "notag", "hline", "centering", "strut", "mathstrut", "allowbreak",
    "nobreak", "noindent", "par", "null", "relax", "thinspace", "medspace", "thickspace", "negthinspace", "negmedspace",
    "enspace", "hfill", "hfil", "break", "hfilneg", "protect", "unboldmath", "boldmath", "middle", "mathrel", "mathbin",
    "mathord", "mathop", "mathinner", "mathopen", "mathclose", "mathpunct", "smash", "ensuremath", "boxed", "fbox", "framebox",
    "cancel", "bcancel", "xcancel", "mathclap", "mathrlap", "mathllap", "clap", "llap", "rlap", "substack", "big", "Big",
    "bigg", "Bigg", "bigm", "Bigm", "biggm", "Biggm", "vcenter", "raisebox", "qed", "blacksquare", "checkmark", "qedhere",
    "hskip", "kern", "mkern", "mskip", "space", "nobreakspace", "uline", "emph", "itshape", "bfseries", "rmfamily",
}  # fmt: skip
"""Commands that only look like something; an argument stays."""
SPACES = {",", ";", ":", ">", " ", "space", "enspace", "nobreakspace", "thinspace", "medspace", "thickspace"}
"""Commands that are a space."""
SKIPPED = {
    "color": 1, "label": 1, "tag": 1, "hspace": 1, "vspace": 1, "phantom": 1, "hphantom": 1, "vphantom": 1, "ref": 1,
    "eqref": 1, "cite": 1, "footnote": 1, "textcolor": 1, "colorbox": 1, "fcolorbox": 2, "definecolor": 3, "mspace": 1,
    "style": 1, "class": 1, "cssId": 1, "require": 1, "bbox": 0, "htmlClass": 1, "overset": 1, "stackrel": 1, "underset": 1,
    "setlength": 2, "arraycolsep": 0, "scalebox": 1, "setcounter": 2, "autoref": 1, "cref": 1, "Cref": 1, "cline": 1,
    "renewcommand": 2, "htmlId": 1, "href": 1, "cancelto": 1, "rotatebox": 1, "resizebox": 2, "hypertarget": 1, "hyperlink": 1,
    "pagebreak": 0, "addtocounter": 2, "citep": 1, "citet": 1, "rule": 2,
}  # fmt: skip
"""Commands that vanish with so many arguments; what stands after these stays."""
BRACES = {"underbrace", "overbrace", "underbracket", "overbracket", "underparen", "overparen"}
"""Commands whose annotation, a script, vanishes."""
TEXTS = {
    "text", "textrm", "textit", "textsf", "texttt", "textnormal", "textup", "mbox", "hbox", "intertext", "shortintertext",
    "textsc",
    "textmd",
}  # fmt: skip
"""Commands whose argument is words."""
FRACTIONS = {"frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac", "flatfrac"}
DOTS = {"dots", "cdots", "ldots", "vdots", "ddots", "dotsc", "dotsb", "dotsm", "hdots"}
CONTAINERS = {
    "aligned", "align", "split", "gather", "gathered", "eqnarray", "equation", "multline", "flalign", "alignat", "alignedat",
    "displaymath", "math", "IEEEeqnarray", "subequations", "multlined", "empheq", "center", "dmath",
}  # fmt: skip
"""Environments that hold equations in rows."""
BRACED = {
    "eqalign": "aligned", "eqalignno": "aligned", "leqalignno": "aligned", "displaylines": "aligned", "align": "aligned",
    "aligned": "aligned", "matrix": "matrix", "pmatrix": "pmatrix", "bmatrix": "bmatrix", "vmatrix": "vmatrix", "cases": "cases",
}  # fmt: skip
"""Commands whose argument is what an environment holds: \\pmatrix{a & b \\cr c & d}."""
MATRICES = {"matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "psmallmatrix", "bsmallmatrix"}
CASES = {"cases", "dcases", "rcases", "numcases"}
