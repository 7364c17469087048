"""Derivations in several notations, and texts and files that are made to break what reads them."""

import json
import random

MARKDOWN = r"""# Two layers

$Z^{[1]} = W^{[1]} X + b^{[1]}$, $A^{[1]} = \tanh(Z^{[1]})$, $Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}$, $A^{[2]} = \sigma(Z^{[2]})$
$$dZ^{[2]} = A^{[2]} - Y$$
$$dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}$$
"""
PLAIN = """Forward:

Z1 = W1 * X + b1
A1 = sigmoid(Z1)

- dZ1 = (A1 - Y) .* A1 .* (1 - A1)
- dW1 = 1/m * dZ1 . X.T
- W1 := W1 - alpha * dW1
"""
LATEX = r"""\documentclass{article}
\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\begin{document}
\begin{align}
z_j &= \sum_i w_{ji} x_i + b_j, & a_j &= \sigma(z_j) \\
\pd{E}{w_{ji}} &= (a_j - y_j) a_j (1 - a_j) x_i
\end{align}
\end{document}
"""
PYTHON = """import numpy as np
Z1 = np.dot(W1, X) + b1
A1 = np.tanh(Z1)
dZ1 = (A1 - Y) * (1 - A1 ** 2)
dW1 = np.dot(dZ1, X.T) / m
db1 = np.sum(dZ1, axis=1, keepdims=True) / m
"""
NOTEBOOK = json.dumps({"cells": [{"cell_type": "markdown", "source": [MARKDOWN]}, {"cell_type": "code", "source": PYTHON}]})
TEXTS = {".md": MARKDOWN, ".txt": PLAIN, ".tex": LATEX, ".py": PYTHON, ".ipynb": NOTEBOOK}
PIECES = [
    "$",
    "$$",
    "{",
    "}",
    "^{",
    "_{",
    "\\frac",
    "\\sum_{i=1}^",
    "=",
    "==",
    "\\\\",
    "&",
    "(",
    ")",
    "[",
    "]",
    "|",
    "`",
    "```\n",
    "\n\n",
    "'",
    "\\odot",
    "\\partial",
    "1/0",
    "10^{10^{10}}",
    "1e999",
    "**",
    "@",
    "dZ^{[9]}",
    "\\begin{cases}",
    "\\end{align}",
    "\\text{",
    "\\sqrt",
    "ᵀ",
    "∂",
    "ᴻ",
    "\u202e",
    "\x00",
    "\x1e",
    "\ufeff",
    "\r",
    "½",
    "²",
    ",",
    ";",
    "#",
    "%",
    "np.sum(",
    ", axis=",
    "lambda: ",
    "9" * 400,
    "\\left(",
    "T",
    "nan",
    "inf",
]


def power(depth: int) -> str:
    return "x^{" * depth + "2" + "}" * depth


def around(opens: str, depth: int, closes: str = ")") -> str:
    return f"$$dZ^{{[2]}} = {opens * depth}Y{closes * depth}$$"


def matrix(size: int) -> str:
    rows = r" \\ ".join(" & ".join(["1"] * size) for _ in range(size))
    return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"


NUMBERS = [
    "10^{10^{10}} = 5",
    "1e999 = 2",
    "2**10**10 = 4",
    "e^{e^{e^{9}}} = 3",
    r"\frac{1}{0} = 3",
    r"\frac{0}{0} \approx 0.00",
    "0^{-1} = 1",
    "(-1)^{0.5} = 1",
    r"\log 0 = 1",
    r"\sqrt{-1} = 2",
    "2^{-99999} = 0",
    "9" * 3000 + " = 1",
    r"\exp(1000)^{2} = 5",
    "1e308*10 = 7",
    "1e-320 = 0.1e-320",
    "1/1e-320 = 4",
    r"100000000000000000000 \approx 1e20",
    r"\sum_{i=1}^{1000000000} i = 3",
]
LINES = [
    r"dW^{[2]} = \frac{1}{0} dZ^{[2]} A^{[1]T}",
    r"dW^{[2]} = 1e999 dZ^{[2]} A^{[1]T}",
    r"dW^{[2]} = 10^{10^{10}} dZ^{[2]} A^{[1]T}",
    r"J = \sum_{i=1}^{10^{10}} (a_i - y_i)^2",
    r"J = \sum_{i=1}^{-5} (a_i - y_i)^2",
    r"J = (A - Y)^{-999999}",
    "W^{[999999999]} = W^{[999999998]}",
    r"dZ^{[l]} = W^{[l+10^9]T} dZ^{[l+1000000000]}",
    "a_{1000000000} = \\sigma(z_{1000000000})",
    "dW^{[2]}_{99999999, 88888888} = dZ_{99999999} A_{88888888}",
    "z_{99} + z_{1} = a_{99} + a_{1}",
    r"\frac{\partial^{999999999} J}{\partial W^{999999999}} = 2",
    "\\sigma" + "'" * 999 + "(z) = 2",
    r"W^{[1]} \in \mathbb{R}^{999999999 \times 999999999}",
    "\\delta_{ij}^{99999999} = 1",
]
CODE = [
    "dW2 = np.eye(10**9)",
    "dW2 = np.ones((1000000, 1000000))",
    "x = np.power(10, 10**10)",
    "dZ2 = dZ2.reshape(10**10, -1)",
    "x = 10**10**10",
    "x = 1 << 10**10",
    "x = 'a' * 10**10",
    "x = np.sum()",
    "x = np.dot(*a, **k)",
    "x = np.sum(dZ2, axis=99999999)",
    "W[1:2, ..., None] @= W.T",
    "x = b'\\xff'",
    "x = 1j",
    "x = ...",
    "x = 0x" + "f" * 99,
    "x = " + "(" * 150 + "1" + ")" * 150,
    "x = " + "-" * 150 + "1",
    "x = a" + "[0]" * 300,
    "x = a" + "(0)" * 300,
    "x = 1" + " + 1" * 900,
    "x = " + "9" * 5000,
    "x = 1" + " ** 1" * 150,
    "x = a < b < c",
    "x = f'{1 + 1}'",
    "x = '\\d'",
    "w := 3",
    "x = {1: 2}",
    "m = 1000000000000",
]
CYCLES = [
    "$f(x) = g(x)$ and $g(x) = f(x)$. $a = f(z)$",
    "$f(x) = f(f(x))$. $a = f(z)$",
    r"$f(x) = \begin{cases} f(x) & x > 0 \\ f(-x) & x \le 0 \end{cases}$",
    r"$\sigma(x) = \frac{1}{1 + e^{-\sigma(x)}}$",
    "$x = y$, $y = z$, $z = x$, $J = J$, $b = b + b$",
    r"$f(x) = \frac{1}{x - x}$",
    "$f(x) = e^{e^{e^{e^{x^{x}}}}}$",
    " ".join(f"$f_{{{k + 1}}}(x) = f_{{{k}}}(f_{{{k}}}(x))$" for k in range(12)),
    " ".join(f"$a_{{{k + 1}}} = a_{{{k}}} + a_{{{k}}} a_{{{k}}}$" for k in range(12)),
]
NASTY: dict[str, str] = {
    **{f"number {k}": f"$${line}$$\n\n`{line}`\n\n{line}\n" for k, line in enumerate(NUMBERS)},
    **{f"line {k}": f"{MARKDOWN}\n$${line}$$\n" for k, line in enumerate(LINES)},
    "code": f"```python\n{PYTHON}" + "\n".join(CODE) + "\n```\n",
    **{
        f"cycle {k}": f"{line} $z = w x + b$, $a = f(z)$, $J = (a - y)^2$, $dz = (a - y) f'(z)$, $dw = dz x$"
        for k, line in enumerate(CYCLES)
    },
    "letters": MARKDOWN + "$$J = " + " ".join(f"a_{c}" for c in "ijklmnopqrstuvwxyzabcd") + "$$",
    "sums": MARKDOWN + "$$J = " + "".join(rf"\sum_{c}" for c in "ijklmnopqrst") + " a_{ijklmnopqrst}$$",
    "index letters": MARKDOWN + "$$dW_{" + "ijklmnop" * 200 + "} = dZ_{" + ",".join(f"i_{k}" for k in range(1000)) + "}$$",
    "a matrix": MARKDOWN + f"$$A = {matrix(200)}$$\n\n$$Z = {matrix(12)} {matrix(12)}$$",
    "terms": MARKDOWN + "$$dZ^{[2]} = " + "+".join(["A"] * 2000) + "$$",
    "factors": MARKDOWN + "$$dZ^{[2]} = " + " A" * 2000 + "$$\n$$dZ^{[2]} = " + r" \odot ".join(["A^{[2]}"] * 60) + "$$",
    "mixed factors": MARKDOWN + "$$dZ^{[2]} = " + r" (A^{[2]} - Y) \cdot W^{[2]T} dZ^{[2]} \cdot" * 8 + " A$$",
    "a chain": MARKDOWN + "$$dZ^{[2]}" + " = A^{[2]} - Y" * 300 + "$$\n$$1" + r" \approx 2 - 1" * 300 + "$$",
    "relations": MARKDOWN + "\n\n".join(f"$$dW^{{[2]}} = {k} dZ^{{[2]}} A^{{[1]T}}$$" for k in range(2, 300)),
    "derivatives": "$$"
    + "".join(rf"\frac{{\partial Z^{{[{k + 1}]}}}}{{\partial Z^{{[{k}]}}}}" for k in range(120))
    + r" = \frac{\partial J}{\partial W}$$",
    "nested derivatives": "$$"
    + r"\frac{\partial" * 200
    + " J"
    + r"}{\partial W}" * 200
    + " = 2$$ $$"
    + r"\partial " * 900
    + "J = 1$$",
    "long names": MARKDOWN
    + f"$${'W' * 4000} = 1$$ `{'W' * 4000} = X` {'W' * 9000} = 1 $$\\{'W' * 4000} = \\text{{{'w' * 1900}}}$$",
    "control characters": "".join(map(chr, range(1, 32))) + MARKDOWN.replace(" = ", " \x1e= \x1f") + "\x7f\x85\u2028\u2029",
    "surrogates": "$$dZ = A - Y \ud800$$ \udfff $\ud83d = 1$",
    "zero bytes": MARKDOWN.replace(" ", "\x00"),
    "a mark of byte order": "\ufeff" + MARKDOWN,
    "carriage returns": MARKDOWN.replace("\n", "\r\n") + MARKDOWN.replace("\n", "\r"),
    "right to left": MARKDOWN + "\u202e $$dZ = A - Y$$ \u202d שלום $$ש = A$$ مرحبا \u2066 $$م = σ(ع)$$ \u2069",
    "all letters": "$$"
    + "".join(map(chr, range(0x1D00, 0x2400)))
    + " = A$$ ٣ = ٤ + ½, x = ⁹⁹⁹⁹⁹⁹, $W^{[²]} = W^{[٣]}$, W₁₂₃₄₅₆₇₈₉₀₁₂₃₄₅ = 1",
    "accents": "$$x" + "\u0302" * 3000 + " = 1$$",
    "dollars": "$" * 3001 + "\n\n" + "$$\n" * 601,
    "unclosed": MARKDOWN + "$$ dZ = A - Y\n\n$$$$ $ $$ \\[ \\( \\begin{align} \\begin{cases} ``` <!-- <div> [a](",
    "backslashes": "\\" * 2001 + " $$" + "\\" * 2001 + "$$",
    "environments": "$$" + r"\begin{align}" * 200 + "x = 1" + r"\end{align}" * 200 + "$$ $$" + r"\begin{bmatrix}" * 200 + "x = 1$$",
    "roots": "$$A = " + r"\sqrt" * 900 + "2$$ $$A = " + "|" * 900 + "2$$ $$A = " + "|x" * 300 + "$$ $$" + "x_" * 900 + "$$",
    "minus signs": around("-", 2000, "") + f"\n\ndZ2 = {'-' * 2000}Y\n\n" + around("-(", 55) + around("+", 2000, ""),
    "quotes and lists": ">" * 300 + " $x = 1$\n\n" + "\n".join("  " * k + "- $x = 1$" for k in range(120)) + "[" * 900 + "*_" * 900,
    "a table": "|" + "a|" * 60 + "\n|" + "-|" * 60 + "\n|" + "x = 1|" * 60,
    "front matter": "---\nhandgrad-network: 20000-20000:relu-1:sigmoid\nhandgrad-loss: [1, 2]\n---\n" + MARKDOWN,
    "sizes": MARKDOWN + "with $L = 2000$, $L = 0$ layers, $m = 10^9$ examples, $n_0 = -5$ and $n^{[1]} = 99999999$",
    "nothing": "",
    "spaces": " \n\t\n",
    **{f"nested {n} {opens}": MARKDOWN + around(opens, n) for n in (15, 58, 900) for opens in ("(1 - ", r"\sigma(")},
    "nested powers": f"$$A = {power(500)}$$ $$A = {power(20)}$$ $$3 = {'(1 + ' * 18}2{')^2' * 18}$$ "
    + around(r"\frac{1}{", 500, "}"),
}
FILES: dict[str, bytes] = {
    "cut.ipynb": NOTEBOOK[:-40].encode(),
    "list.ipynb": b"[1, 2]",
    "deep.ipynb": b"[" * 9000,
    "cells.ipynb": b'{"cells": [1, null, {"cell_type": "code", "source": 3}, {"source": {}}, '
    b'{"cell_type": "markdown", "source": [null, 4]}]}',
    "number.ipynb": b"1" * 9000,
    "cycle.tex": b"\\input{cycle}\n\\input{cycle.tex}\n\\input{../../etc/passwd}\n\\include{other}\n" + LATEX.encode(),
    "other.tex": b"\\input{cycle}\n$dZ = A - Y$\n",
    "macros.tex": rb"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}\newcommand{\c}[9]{#1#9#12}\def\d{\d}\newcommand{\e}[1]{#1#1}"
    rb"$\a = \c{1}$ $\d = 1$ $x = " + rb"\e{" * 18 + b"a" + b"}" * 18 + rb"$ \newcommand{\f",
    "bad.py": b"A = (1\nB = np.dot(A,\n dZ = A - \nx = '\\d'\n\tdef f(:\n",
    "deep.py": b"x = " + b"(" * 9000,
    "minus.py": b"x = " + b"-" * 9000 + b"1",
    "latin.md": "$dZ = A - Y$ \xe9".encode("latin-1"),
    "utf16.md": MARKDOWN.encode("utf-16"),
    "bytes.md": bytes(random.Random(0).randrange(1, 256) for _ in range(5000)),
    "bytes.tex": bytes(random.Random(1).randrange(1, 256) for _ in range(5000)),
    "zero.md": b"\x00" * 50,
    "sphinx.rst": b".. math::\n" * 90 + b".. math::\n\n   x = 1\n\n:math:`a = b` :math:`" + b".. include:: sphinx.rst\n",
}
