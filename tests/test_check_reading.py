"""From documents to passages: spans, delimiters, plain equations, code, LaTeX files, notebooks; never a traceback, never slow."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.check.reading import KINDS, Read, read, read_file
from handgrad.errors import DataError

FORMULA = r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}"


def found(text: str, kind: str | None = None) -> list[str]:
    return [passage.text for passage in lawful(read(text, kind=kind)).passages]


def lawful(result: Read, files: Mapping[str | None, str] | None = None) -> Read:
    """What holds of everything that is read, whatever it is. `files` are the texts of a document of several files."""
    for passage in (*result.passages, *result.skipped):
        text = passage.source.text
        assert 0 <= passage.start < passage.end <= len(text)
        assert len(passage.text) == passage.end - passage.start
        place, last = passage.source.place(passage.start), passage.source.place(passage.end)
        assert (place.cell or 0, place.line, place.column) < (last.cell or 0, last.line, last.column)
        if place.cell is None:
            own = text if files is None else files[place.file]
            assert own.split("\n")[place.line - 1][place.column - 1] == text[passage.start]
        if "&" not in text and "<" not in text:
            assert all(a in (b, " ") for a, b in zip(passage.text, text[passage.start : passage.end], strict=True))
    starts: dict[int, int] = {}
    for passage in result.passages:
        assert passage.text == passage.text.strip()
        assert passage.start >= starts.get(id(passage.source), 0), "in order, and nothing twice"
        starts[id(passage.source)] = passage.end
    sections = [passage.section for passage in result.passages]
    assert sections == sorted(sections)
    for problem in result.problems:
        assert 0 <= problem.start <= len(problem.source.text)
        assert problem.message
    return result


WRAPPED = {
    "inline": "so ${}$ holds",
    "inline with spaces": "so $ {} $ holds",
    "display": "$${}$$",
    "display in a sentence": "as follows: $${}$$. Then",
    "display of lines": "Text\n$$\n{}\n$$\nmore",
    "item": "- first\n- second: $${}$$\n- third",
    "item of lines": "1. so\n   $$\n   {}\n   $$\n2. then",
    "quote": "> so\n> $$\n> {}\n> $$\n",
    "nested quote": "> > - $${}$$",
    "table": "| a | b |\n|---|---|\n| $${}$$ | text |",
    "parentheses": r"so \({}\) holds",
    "brackets": "so\n\\[\n{}\n\\]\nholds",
    "double backslashes": r"so \\({}\\) holds",
    "dollars in parentheses": r"so \( ${}$ \) holds",
    "equation": "\\begin{{equation}}\n{}\n\\end{{equation}}",
    "math fence": "```math\n{}\n```",
    "latex fence": "~~~latex\n{}\n~~~",
    "fence of MyST": "```{{math}}\n:label: a\n\n{}\n```",
    "colon fence of MyST": ":::{{math}}\n{}\n:::",
    "fence in an item": "- so\n  ```math\n  {}\n  ```\n",
    "directive": ".. math:: {}\n\nText",
    "directive of lines": ".. math::\n   :label: a\n\n   {}\n\nText",
    "role": "so :math:`{}` holds",
    "GitHub": "so $`{}`$ holds",
    "code span with dollars": "so `${}$` holds",
    "bold around": "**${}$** holds",
    "heading": "## Step ${}$\n",
    "HTML": "<p>${}$</p>",
    "after a price": "it is \\$5, so ${}$",
    "line without delimiters": "Text.\n\n{}\n\nMore text.",
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=list(WRAPPED))
@pytest.mark.parametrize("formula", [FORMULA, r"\delta_k = (a_k - t_k) g_k'(z_k)", r"J = -\sum_i y_i \log(\hat{y}_i)"])
def test_a_formula_is_found_once_in_every_wrapping(wrapped: str, formula: str) -> None:
    text = f"# Title\n\nWe have $x$ here.\n\n{wrapped.format(formula)}\n\nAt last $z$."
    assert found(text) == ["x", formula, "z"]
    assert found(text.replace("\n", "\r\n")) == ["x", formula, "z"]


def test_nested_dollars_belong_to_the_display() -> None:
    inner = r"\boxed{\colorbox{red}{$\frac{\partial C}{\partial w} = \delta a$}}"
    assert found(f"$${inner}$$ and ${inner}$ and $y = \\text{{if $x$ then}}$.") == [inner, inner, r"y = \text{if $x$ then}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs $5 and $10 here.", []),
        ("It costs $5 and the weight $w$ too.", ["w"]),
        (r"a \$ and $x$", ["x"]),
        ("$a$$b$ and $$c$$", ["a", "b", "c"]),
        ("from $5: $$x = y$$", ["x = y"]),
        (r"\[link\] and \(not this\)", []),
        ("<!-- $x = y$ -->\n\n$z$", ["z"]),
        ("```bash\nx=3\n```\n$z$", ["z"]),
    ],
)
def test_dollars_that_are_none(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize("opener", ["$$", "$$\n", "- $$", r"\[", r"\begin{align}"])
def test_an_unclosed_display_swallows_nothing(opener: str) -> None:
    result = lawful(read(f"First $p$.\n\n{opener} dZ = A - Y\n\nThen ${FORMULA}$ and\n\n$$q = r$$\n"))
    assert [passage.text for passage in result.passages] == ["p", "dZ = A - Y", FORMULA, "q = r"]
    assert [problem.source.place(problem.start).line for problem in result.problems] == [3]


def test_an_unclosed_fence_swallows_nothing() -> None:
    assert found("```python\nx\n\nThen $a = b$.") == ["a = b"]


EQUATIONS = [
    "dW2 = 1/m * dZ2 . A1.T",
    "δ³ = (a³ - y) ⊙ σ'(z³)",
    "∂L/∂W₃ = δ₃ a₂ᵀ",
    "dCost/dA = d( 1/m * sum( (A – y)^2 ) )/dA = 2/m * (A – y) = dA",
    "d/da l(a,y) = -y/a + (1-y)/1-a = da",
    "Z[1] = W[1] X + b[1]",
    "dz[1] = W[2]' * dz[2] .* g[1]'(z[1])",
    "netWeights = netWeights – (learningRate * dW)",
    "error = target - output",
    "W := W - α dW",
    "dZ1 = (dZ2·W2^T)⊙(Z1>0)",
    "relu'(z) = 1 if z > 0 else 0",
    "𝛿 = 𝑎 − 𝑦",
]


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "- {}",
        "2) {}",
        "`{}`",
        "Backward: {}",
        "| the delta | {} |",
        "```\n{}\n```",
        "```text\n{}  # a remark\n```",
        "其中 {} 表示梯度",
        "<p>{}</p>",
    ],
)
def test_equations_without_delimiters(line: str, equation: str) -> None:
    assert found(line.format(equation)) == [equation]


@pytest.mark.parametrize(
    "end", [" where X is the input", ", so that all is well.", " (the error)", " with n = number of units", "  (n2, m)", "."]
)
def test_the_end_of_a_plain_equation(end: str) -> None:
    assert found(f"Z2 = W2 X + b2{end}") == ["Z2 = W2 X + b2"]


@pytest.mark.parametrize(
    "line",
    [
        "where n = number of units",
        "accuracy = 95 %",
        "batch size = 32, epochs = 10",
        "Y = output matrix, L = Total Number of layers = 3",
        ". = matrix multiplication and * = element-wise multiplication",
        "Loss = Loss after an iteration; relu = relu activation function",
        "dW1 = gradient of the loss",
        "w = weights - learning progress",
        "loss = cross-entropy",
        "![figure](a.png?x=1)",
        "Let's say it's the same = as before",
    ],
)
def test_prose_with_a_sign_of_equality(line: str) -> None:
    assert found(line) == []


def test_lines_that_go_on_with_an_equation() -> None:
    assert found("C = a (y - t)\n  = b y - b t\n  = c d\n\n= e f\n") == ["C = a (y - t)", "= b y - b t", "= c d"]
    assert found("```\ndC = a * b\n   = c * d\n```") == ["dC = a * b", "= c * d"]
    assert found("= a * b") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("minimize L(θ) = (1/N) Σ loss(f(x_i; θ), y_i)", ["L(θ) = (1/N) Σ loss(f(x_i; θ), y_i)"]),
        ("with softmax a_j = e^{z_j} / sum_k e^{z_k}", ["a_j = e^{z_j} / sum_k e^{z_k}"]),
        ("E = 1/2 sum over the output units (y_j - a_j)^2", []),
    ],
)
def test_words_beside_plain_equations(line: str, expected: list[str]) -> None:
    assert found(line) == expected


def test_a_display_with_products_of_letters_is_no_prose() -> None:
    formula = r"\eqalign{ L &= wx - xy + wx * e^{-(wx+b)} \\ &= wx - xy + xy + wx }"
    assert found(f"$$\n{formula}\n$$") == [formula]


def test_markup_in_plain_equations() -> None:
    assert found("*dW* = dZ A") == ["dW  = dZ A"]
    assert found("W<sup>[1]</sup> = 2") == ["W   ^{[1]}      = 2"]
    assert found("dW2 = A1^T·dZ2    dZ1 = dZ2·W2^T") == ["dW2 = A1^T·dZ2", "dZ1 = dZ2·W2^T"]


def test_kinds_of_passages() -> None:
    kinds = {
        passage.text: passage.kind
        for passage in read("$a = b$, `c = d * e`, `f = np.dot(g, h.T)`, `i = j @ k`, `l = 1/m * m . n.T`").passages
    }
    assert kinds == {
        "a = b": "tex",
        "c = d * e": "plain",
        "f = np.dot(g, h.T)": "numpy",
        "i = j @ k": "numpy",
        "l = 1/m * m . n.T": "plain",
    }


CODE = """import numpy as np
Z1 = W1 @ X + b1
def step(x):
    return x
W1 -= (rate *
    dW1)
for i in range(3):
    pass
print(W1)
"""


@pytest.mark.parametrize(
    "wrapped",
    ["```python\n{}```", "```py\n{}```", "```\n{}```", "- so\n\n  ```python\n{}  ```", ".. code-block:: python\n\n{}\n\nend"],
)
def test_straight_line_code(wrapped: str) -> None:
    code = CODE.replace("\n", "\n   ").join(("   ", "\n")) if wrapped.startswith("..") else CODE
    result = lawful(read(wrapped.format(code)))
    assert [passage.text.replace(" ", "") for passage in result.passages] == ["Z1=W1@X+b1", "W1-=(rate*\ndW1)"]
    assert {passage.kind for passage in result.passages} == {"numpy"}
    assert [problem.message for problem in result.problems] == ["a function is not read yet", "a loop is not read yet"]
    assert len(result.skipped) == 2


def test_python_files_and_sessions() -> None:
    assert found(CODE, "python") == ["Z1 = W1 @ X + b1", "W1 -= (rate *\n    dW1)"]
    assert found('é = "é"; dZ = (A -\n  Y)', "python") == ['é = "é"', "dZ = (A -\n  Y)"]
    assert found("```python\n>>> dZ = A - Y\n>>> dW = (dZ @\n...     X.T)\n```") == ["dZ = A - Y", "dW = (dZ @\n        X.T)"]
    assert found("```python\ndZ[1] = W[2]' dZ[2]\ndb = dZ\n```") == ["dZ[1] = W[2]' dZ[2]", "db = dZ"]


def test_macros_and_front_matter() -> None:
    result = read(
        "---\nnetwork: 2-3-1\nloss: 'mse'\n---\n$$\\newcommand{\\W}[1]{\\mathbf{W}^{#1}} \\def\\d{\\partial}$$\n$\\W{1} = 2$"
    )
    assert result.front_matter == {"network": "2-3-1", "loss": "mse"}
    assert {name: (macro.arguments, macro.default, macro.body) for name, macro in result.macros.items()} == {
        "W": (1, None, r"\mathbf{W}^{#1}"),
        "d": (0, None, r"\partial"),
    }
    assert [passage.text for passage in result.passages] == [r"\W{1} = 2"]


def test_sections_and_prose() -> None:
    result = read("# One\n$a$\n\n**Two**\n\n$b$\n\nThree\n-----\n$c$\n<h2>Four</h2>\nEach row of $X$ is one. Is it? $$d$$ Yes.\n")
    assert [passage.section for passage in result.passages] == [1, 2, 3, 4, 4]
    assert [prose.text for prose in result.prose][-3:] == ["Each row of $X$ is one.", "Is it?", "Yes."]


def test_environments() -> None:
    aligned = "\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}"
    names = [
        passage.environment
        for passage in read(f"$${aligned}$$ $x$ $$y = {aligned}$$\n\\begin{{align*}}a &= b\\end{{align*}}").passages
    ]
    assert names == ["aligned", None, None, "align*"]


LATEX = r"""
\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\input{parts/macros}
$before = document$
\begin{document}
\section{First}
Text $a = b$ % and $c = d$
and 5\% of \includegraphics[width=3]{x}.
\begin{align*}
 x &= y \\ % comment
 z &= w
\end{align*}
\begin{lstlisting}[language=Python]
dW = np.dot(dZ, A.T)
\end{lstlisting}
\subsection{Second}
\input{parts/one}
\include{../outside}\input{/etc/hostname}\input{main}\input{parts/link}
$$unclosed = 3

Last \(e = f\).
\end{document}
$after = document$
"""


def test_a_latex_file_and_those_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    (folder / "parts").mkdir(parents=True)
    one, main = folder / "parts" / "one.tex", folder / "main.tex"
    included = "\nIncluded $i = j$.\n\\input{parts/one}\\section{Third} $k$"
    main.write_text(LATEX, encoding="utf-8")
    (folder / "parts" / "macros.tex").write_text(r"\newcommand\W{\mathbf{W}}", encoding="utf-8")
    one.write_text(included, encoding="utf-8")
    (tmp_path / "outside.tex").write_text("$secret$", encoding="utf-8")
    (folder / "parts" / "link.tex").symlink_to(tmp_path / "outside.tex")
    result = lawful(read_file(main), {None: LATEX, str(one): included})
    assert set(result.macros) == {"pd", "W"}
    texts = [" ".join(passage.text.split()) for passage in result.passages]
    aligned = r"\begin{align*} x &= y \\ z &= w \end{align*}"
    assert texts == ["a = b", aligned, "dW = np.dot(dZ, A.T)", "i = j", "k", "unclosed = 3", "e = f"]
    assert [passage.section for passage in result.passages] == [1, 1, 1, 2, 3, 3, 3]
    place = result.passages[3].source.place(result.passages[3].start)
    assert (place.line, place.column, place.file) == (2, 11, str(one))
    assert len(result.problems) == 6
    assert len(read(LATEX, kind="latex").problems) == 7


def test_every_character_of_files_that_are_read_as_one_has_its_own_place(tmp_path: Path) -> None:
    texts = {
        None: "A $a$\\input{one} b\n\\input{none}\\input{two}\\input{one}\n$c$",
        str(tmp_path / "one.tex"): "$one$",
        str(tmp_path / "two.tex"): "\n% two\n\\input{three} $two$\n",
        str(tmp_path / "three.tex"): "",
    }
    for name, text in texts.items():
        (tmp_path / (name or "main.tex")).write_text(text, encoding="utf-8")
    source = lawful(read_file(tmp_path / "main.tex"), texts).passages[0].source
    places = [source.place(offset) for offset in range(len(source.text))]
    for place, character in zip(places, source.text, strict=True):
        line = texts[place.file].split("\n")[place.line - 1]
        assert f"{line}\n"[place.column - 1] == character
    assert len(set(places)) == len(places) == sum(map(len, texts.values())) + 3, "each once, and a line's end behind each file"


def notebook(*cells: tuple[str, str]) -> str:
    return json.dumps(
        {"cells": [{"cell_type": kind, "source": text.splitlines(keepends=True)} for kind, text in cells], "nbformat": 4}
    )


def test_a_notebook() -> None:
    text = notebook(
        ("markdown", "# T\n$$a = b$$"),
        ("code", "%matplotlib inline\ndZ = A - Y\n"),
        ("raw", "$r$"),
        ("code", "%%bash\nls"),
        ("markdown", "\n\n$c$"),
    )
    result = lawful(read(text, "a.ipynb"))
    places = [passage.source.place(passage.start) for passage in result.passages]
    assert [(place.cell, place.line, place.column) for place in places] == [(1, 2, 3), (2, 2, 1), (5, 3, 2)]
    assert [passage.text for passage in result.passages] == ["a = b", "dZ = A - Y", "c"]


@pytest.mark.parametrize("text", ['{"cells": [', "[1]", "{}", "[" * 100_000, '{"cells": 3}', "9" * 5000])
def test_a_notebook_that_is_none(text: str) -> None:
    with pytest.raises(DataError, match="is not a notebook"):
        read(text, "bad.ipynb")


def test_files(tmp_path: Path) -> None:
    (tmp_path / "mark.md").write_bytes(b"\xef\xbb\xbf$a$")
    (tmp_path / "latin.md").write_bytes("é $a$".encode("latin-1"))
    (tmp_path / "zero.md").write_bytes(b"a\0b")
    (tmp_path / "large.md").write_bytes(b" " * 5_000_001)
    assert read_file(tmp_path / "mark.md").passages[0].start == 1
    assert "UTF-8" in read_file(tmp_path / "latin.md").problems[0].message
    for name in ("zero.md", "large.md", "none.md", "."):
        with pytest.raises(DataError):
            read_file(tmp_path / name)


def test_a_formula_that_is_too_long() -> None:
    result = lawful(read(f"$$x = {'a+' * 20_000} b$$\n\n$y$"))
    assert [passage.text for passage in result.passages] == ["y"]
    assert "are the most" in result.problems[0].message


PIECES = [
    "$",
    "$$",
    "\n",
    "\n\n",
    "```",
    "```math\n",
    "```python\n",
    "`",
    "- ",
    "> ",
    "# ",
    "|",
    "|---|",
    "\\[",
    "\\]",
    "\\(",
    "\\)",
    "\\begin{align}",
]
PIECES += [
    "\\end{align}",
    "\\begin{equation}",
    "\\end{equation}",
    "{",
    "}",
    "\\text{",
    "<!--",
    "-->",
    "a = b",
    "dW = dZ @ A.T",
    "word ",
    "the ",
    "(",
    ")",
    ", ",
]
PIECES += [
    "---\n",
    "===\n",
    ".. math::\n   ",
    ":math:`",
    "$`",
    "\\newcommand{\\a}{b}",
    "% c\n",
    "\\input{a}",
    "\\section{s}",
    "def f():\n",
    "    ",
    "\\",
    "é",
    "δ",
    "<b>",
]
PIECES += [
    "&lt;",
    "<sup>",
    "</sup>",
    "~~~",
    ":::{math}\n",
    "\\item ",
    "\\begin{verbatim}",
    "\\end{verbatim}",
    "\x1e",
    "\r\n",
    "\0",
    ">>> ",
    "%%",
    "1",
    " ",
]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "notebook"])
@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join))
def test_any_text_is_read(kind: str, text: str) -> None:
    lawful(read(text, kind=kind))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_mutated_documents_are_read(data: st.DataObject) -> None:
    text = "\n\n".join([*(wrapped.format(FORMULA) for wrapped in WRAPPED.values()), *EQUATIONS, f"```python\n{CODE}```", LATEX])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 30)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:]
    lawful(read(text))
    lawful(read(notebook(("markdown", text), ("code", text)), kind="notebook"))


@pytest.mark.parametrize(
    "piece",
    [
        "$",
        "$$ x = y\n",
        "$$ x = y\n\n",
        "\\",
        "> - ",
        "$\\text{",
        "```a\n\n",
        "\\begin{align}\n\n",
        "a = ",
        "a(",
        "a = b\n",
        "\\input{a}",
    ],
)
@pytest.mark.parametrize("kind", ["markdown", "latex"])
def test_time_grows_with_length_only(piece: str, kind: str) -> None:
    text = (piece * 100_000)[:100_000]
    began = time.process_time()
    read(text, kind=kind)
    assert time.process_time() - began < 2
