"""A document says the same in every format, whatever is in it, and what each format needs to be read is right."""

import io
import itertools
import json
import math
import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from draws import HIDDEN, pairs
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from handgrad.calculus.boxes import columns
from handgrad.calculus.latex import Latex
from handgrad.calculus.layout import lay_out
from handgrad.calculus.notation import NOTATIONS, Notation
from handgrad.calculus.unicode import Unicode
from handgrad.calculus.written import Applied, Approximately, Dots, Grid, Minus, Name, Plus, Transposed
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.derivation import derive
from handgrad.document.blocks import (
    Aside,
    Bullets,
    Code,
    Document,
    Formula,
    Heading,
    HeatMap,
    Line,
    Paragraph,
    Program,
    Strong,
    Table,
)
from handgrad.document.data import to_json
from handgrad.document.formats import FORMATS, write
from handgrad.document.html import to_html, to_html_fragment
from handgrad.document.latex import to_latex
from handgrad.document.letters import SYMBOLS, WORDS
from handgrad.document.markdown import for_github, to_markdown
from handgrad.document.mathml import PARTS, to_mathml
from handgrad.document.parts import colour
from handgrad.document.terminal import print_to, to_text
from handgrad.errors import HandgradError
from handgrad.network import Network

NG = Notation()
HOSTILE = r"""{a} $5 & #1 a_b _c_ % ~ ^ \frac <b>x</b> "q" 'r' `s` **t** | u -- [v](w) 1. &lt; --> ]]> \\ -- *"""
LETTERS = "Σ ∂ δ ε ᵀ → ≤ ⊙ é ⁽²⁾ ₁ ℓ Ỹ ß – … 日 😀 ﬁ"


def formula_of(equation, notation):
    """An equation as a formula of one line."""
    written = lay_out(equation, notation)
    return Formula(written.left, (Line(written.right, (equation.reason,), ":=" if written.update else "=", equation.id),))


def catalogue(name):
    """Every activation, loss and optimiser in a notation."""
    found, rules = {}, itertools.cycle(OPTIMISERS)
    for (output, loss), hidden in zip(pairs(2), itertools.cycle(HIDDEN), strict=False):
        derivation = derive(Network(f"3-4:{hidden}-2:{output}", loss=loss, l2=0.1), optimiser=next(rules))
        for equation in (*derivation.definitions, *derivation):
            formula = formula_of(equation, derivation.named(name))
            found.setdefault((formula.left, formula.lines[0].right), formula)
    return Document(("Everything in ", Code(name)), tuple(found.values()), find(name))


def find(name):
    return derive("4-3:relu-2:sigmoid").named(name)


def grid(array):
    return Grid(tuple(tuple(Approximately(float(x)) for x in row) for row in np.atleast_2d(array)))


def everything(words=HOSTILE + LETTERS):
    """One block of every kind, with the same words in each place that has any."""
    Z, numbers = Name("Z"), grid(np.random.default_rng(0).standard_normal((3, 4)))
    said = (words, " ", Z, ", ", Code(words or "c"), " and ", Strong(words or "s"))
    entries = Grid(((Approximately(1.5), Dots()), (Dots("down"), Dots("diagonal"))))
    return Document(
        (words, " of ", Z),
        (
            Heading(said),
            Paragraph(said),
            Heading(said, 2),
            Bullets((said, (words,))),
            Formula(Z, (Line(Name("A"), said, label="Z1"), Line(numbers, (words,), "≈"), Line(entries))),
            Formula(Z, (Line(Applied("relu", (Plus((numbers, Minus(Transposed(numbers)), Name("A"))),)), said, ":=", "wide"),)),
            Formula(None, (Line(Plus((numbers,) * 9), (), ""),)),
            Table((said, ("n",)), ((said, ("1",)), (("x",), ("-20",)), (("only one",),)), "lr"),
            Heading(said, 3),
            HeatMap(((0.5, -1.0, math.nan), (0.0, 0.01, math.inf)), said),
            *(Aside(kind, said) for kind in ("note", "warning", "good")),
            Program(f"# {words[:60]}\nfor i in x[1]:\n\tprint('{{}}')\n"),
        ),
        NG,
        lambda: {"values": [1.0]},
    )


DOCUMENTS = {**{name: catalogue(name) for name in NOTATIONS}, "everything": everything()}


def text_of(html):
    return "".join(ET.fromstring(f"<div>{html}</div>").itertext())


# --- text


@pytest.mark.parametrize("width", [40, 101])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_text_keeps_to_its_width(name, width):
    for line in to_text(DOCUMENTS[name], width).splitlines():
        atom = not re.search(r"\S \S", line.strip()) or line.startswith("    ") or re.search("[⎡⎢⎣]", line)
        assert columns(line) <= width or atom, line


@pytest.mark.parametrize("name", NOTATIONS)
def test_text_holds_every_formula_and_reason(name):
    document = DOCUMENTS[name]
    shown = to_text(document, 400)
    for formula in document.blocks:
        unicode = Unicode(document.notation)
        line = formula.lines[0]
        assert f"  {unicode.text(formula.left)} {line.sign} {unicode.text(line.right)}   " in shown
        assert f"{line.reason[0]}" in shown
        assert f"[{line.label}]\n" in shown


@pytest.mark.parametrize("width", [60])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_console_shows_the_text_in_colours(name, width):
    def printed(**options):
        out = io.StringIO()
        print_to(DOCUMENTS[name], Console(file=out, width=width, **options))
        return out.getvalue()

    text = to_text(DOCUMENTS[name], width)
    assert [line.rstrip() for line in printed(color_system=None).splitlines()] == text.splitlines()
    colours = printed(force_terminal=True, color_system="truecolor")
    assert "\x1b[1m" in colours
    bare = re.sub(r"\x1b\[[\d;]*m", "", colours)
    assert [line.rstrip() for line in bare.splitlines()] == text.splitlines()


def test_lines_of_a_formula_are_aligned_and_reasons_stand_beside_or_beneath():
    A, W = Name("A"), Name("W")
    formula = Formula(A, (Line(W, ("short",), label="A1"), Line(Plus((A, W)), ("why " * 40,)), Line(W, (), "≈")))
    beside = Formula(A, (Line(W, ("short",), label="A1"), Line(Plus((A, W)), ("why",))))
    shown = to_text(Document(("T",), (formula, beside), NG), 72).split("\n\n")
    assert shown[1].splitlines() == [
        "  A = W                                                             [A1]",
        "          short",
        "    = A + W",
        f"          {'why ' * 14}why",
        f"          {'why ' * 14}why",
        f"          {'why ' * 9}why",
        "    ≈ W",
    ]
    assert shown[2].splitlines() == [
        "  A = W                     short                                   [A1]",
        "    = A + W                 why",
    ]


def test_no_control_character_reaches_a_terminal_or_a_page():
    document = everything("a\x1b[31mred\x00\x9b\x07\ud800")
    for form in ("text", "markdown", "latex", "html"):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", write(document, form))


# --- Markdown

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")


def read(line):
    """What a reader sees of a line of Markdown."""
    tokens = MARKDOWN.parse(line)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"], line
    children = tokens[1].children
    assert all(t.type in {"text", "code_inline", "text_special", "html_inline", "strong_open", "strong_close"} for t in children)
    assert all(t.content in {"<span>", "</span>"} for t in children if t.type == "html_inline")
    return "".join(t.content for t in children if t.type != "html_inline")


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from("  *_`[]<>#$|~&\\-+=.)1"), min_size=1))
@example("__0__")
def test_markdown_shows_words_as_they_are(words):
    words = " ".join(words.split())
    if words:
        document = Document(("T",), (Paragraph((words,)),), NG)
        assert read(to_markdown(document).removeprefix("# T\n\n")) == words


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from("`|$ \\"), min_size=1).filter(str.strip))
def test_markdown_shows_code_as_it_is(source):
    source = " ".join(source.split())
    assert read(to_markdown(Document(("T",), (Paragraph(("x ", Code(source))),), NG)).removeprefix("# T\n\n")) == f"x {source}"


def test_tables_in_markdown_keep_their_columns():
    rows = [token for token in MARKDOWN.parse(to_markdown(everything("a|b"))) if token.type in {"th_open", "td_open", "tr_open"}]
    assert [token.type for token in rows] == ["tr_open", "th_open", "th_open", *["tr_open", "td_open", "td_open"] * 3]
    bars = Document(("T",), (Table((("a",),), (((Applied("abs", (Name("|"),)), Code("|"), "|"),),)),), NG)
    assert [token.type for token in MARKDOWN.parse(to_markdown(bars))].count("td_open") == 1


@pytest.mark.parametrize("name", DOCUMENTS)
def test_markdown_holds_only_what_github_renders(name):
    shown = to_markdown(DOCUMENTS[name])
    blocks = re.findall(r"^```math\n(.*?)\n```$", shown, re.DOTALL | re.MULTILINE)
    assert len(blocks) == sum(isinstance(block, Formula) for block in DOCUMENTS[name].blocks)
    for block in blocks:
        assert not re.search(r"\\(operatorname|mbox|phantom|newcommand|def|tag)\b|[<>]|\n\n", block)
        assert block.count(r"\begin") == block.count(r"\end")
    for before, after in re.findall(r"(.?)\$`[^`]*`\$(.?)", re.sub(r"```.*?```", "", shown, flags=re.DOTALL)):
        assert not re.match(r"[\w-]", before)
        assert not re.match(r"\w", after)


def test_formulas_in_markdown_do_not_touch_letters():
    words = ("a", Name("Z"), "b ", Name("Z"), ", 1-", Name("Z"), Code("0$"), "x ", Code("y$"), Name("A"), Name("A"))
    shown = to_markdown(Document(("T",), (Paragraph(words),), NG))
    assert shown == "# T\n\na $`Z`$ b $`Z`$, 1- $`Z`$`0$`x `y$`$`A`$$`A`$\n"


def test_formulas_for_github():
    assert for_github(r"\operatorname{sign}(x) < y>z") == r"\mathrm{sign}(x) \lt y \gt z"


def test_reasons_in_markdown_are_numbered_where_there_are_several_lines():
    A = Name("A")
    formula = Formula(Name("Z"), (Line(A, ("one",), label="Z1"), Line(A), Line(A, ("three",), "≈")))
    assert to_markdown(Document(("T",), (formula,), NG)) == (
        "# T\n\n```math\n\\begin{aligned}\nZ &= A && (1) \\\\\n &= A \\\\\n &\\approx A && (2)\n\\end{aligned}\n```\n\n"
        "1. `Z1`: one\n2. three\n"
    )


# --- LaTeX


def compiled(source, folder):
    """The log of pdflatex, which must succeed in one run without a warning that a reader would see."""
    (folder / "article.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "article.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=100)
    log = (folder / "article.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-2000:]
    return log


needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


@needs_tex
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_article_compiles_and_nothing_sticks_out(name, tmp_path):
    log = compiled(to_latex(DOCUMENTS[name]), tmp_path)
    sizes = [float(size) for size in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log)]
    assert not [size for size in sizes if size > 5]
    assert not re.search(r"Missing character|LaTeX Warning|invalid in math mode", log)


@needs_tex
def test_every_character_compiles(tmp_path):
    known = "".join((*SYMBOLS, *WORDS)) + "".join(map(chr, itertools.chain(range(0xA0, 0x250), range(0x370, 0x400))))
    table = tuple(((f"[{n}] {known[n]}",), ("*",)) for n in range(40))  # long enough to go over a page
    blocks = (Paragraph((known,)), Program(known), Bullets((("[x]",),)), Table((("c",), ("d",)), table))
    named = NG.but(names={"W": "Ω", "tanh": "größe"})
    formula = Formula(Name("W"), (Line(Applied("tanh", (Name("A"),)), (LETTERS,)), Line(grid(np.arange(36.0)))))
    log = compiled(to_latex(Document((HOSTILE,), (*blocks, formula), named)), tmp_path)
    assert not re.search("Missing character|invalid in math mode", log)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_article_declares_every_character_that_it_holds(name):
    source = to_latex(DOCUMENTS[name])
    declared = {chr(int(code, 16)) for code in re.findall(r"\\DeclareUnicodeCharacter\{([0-9A-F]+)\}", source)}
    assert declared == {c for c in source if ord(c) > 127}


# --- HTML


@pytest.mark.parametrize("name", DOCUMENTS)
def test_pages_are_well_formed_and_fetch_nothing(name):
    page = to_html(DOCUMENTS[name])
    assert not re.search(r"<script|\bsrc=|@import|url\(|<link", page)
    body = page[page.index("<main") : page.index("</main>") + len("</main>")]
    tree = ET.fromstring(body)
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {link.get("href")[1:] for link in tree.iter("a")} <= set(ids)
    assert ET.fromstring(to_html_fragment(DOCUMENTS[name])).get("class") == "handgrad"


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1))
@settings(max_examples=50)
def test_pages_show_words_as_they_are(words):
    document = Document(("T",), (Paragraph((words,)), Program(words)), NG)
    tree = ET.fromstring(to_html_fragment(document))
    assert [tree.find("p").text, tree.find("pre/code").text] == [words, words]


def test_pages_of_hostile_words_hold_no_element_of_theirs():
    tree = ET.fromstring(to_html_fragment(everything("<img src=x onerror=alert(1)>")))
    assert not [element for element in tree.iter() if element.tag == "img"]
    named = NG.but(names={"W": "<script>x</script>"}, latex={"b": r"\text{<img>\&amp;}"})
    page = to_html(Document(("T",), (Formula(Name("W"), (Line(Name("b")),)),), named))
    assert not re.search("<script|<img", page)


def test_labels_are_linked_from_where_they_are_named():
    formula = Formula(Name("Z"), (Line(Name("A"), label="Z1"),))
    document = Document(("T",), (Heading(("Z1",)), formula, Paragraph(("see ", Code("Z1"), " and ", Code("A1")))), NG)
    page = to_html(document)
    assert '<a href="#Z1"><code>Z1</code></a> and <code>A1</code>' in page
    assert 'id="Z1"' in page
    assert "id=" not in to_html_fragment(document)


@pytest.mark.parametrize("name", NOTATIONS)
def test_mathml_says_what_the_latex_says(name):
    for block in DOCUMENTS[name].blocks:
        for written in (block.left, block.lines[0].right):
            latex = Latex(DOCUMENTS[name].notation).text(written)
            math = ET.fromstring(to_mathml(latex, display=True))
            assert math.tag == "math", latex
            assert all(len(element) == PARTS.get(element.tag, len(element)) for element in math.iter())
            plain = re.sub(r"\\(begin|end)\{\w+\}|\\[a-zA-Z]+|[{}^_&\\\s]", "", re.sub(r"\\(text|mathrm|operatorname)", "", latex))
            letters = [c for c in "".join(math.itertext()) if c.isascii() and c.isalnum()]
            functions = "".join(re.findall(r"\\(exp|tanh|log|cosh|max|min)\b", latex))
            assert sorted(letters) == sorted([c for c in plain + functions if c.isalnum()]), latex


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\begin{bmatrix} 1 \end{bmatrix}^{T}", "[1]T"),
        (r"a := b", "a:=b"),
        (r"\lvert a \rvert", "|a|"),
        (r"\mathbb{1}[z < 0]", "𝟙[z<0]"),
        (r"\text{a<b & c}", "a<b\u00a0&\u00a0c"),
        (r"\mathrm{ReLU}'(z)", "ReLU′(z)"),
        (r"W \in \mathbb{R}^{3 \times m}", "W∈ℝ3×m"),
        (r"a^", "a^"),
        (r"\frac{1}", r"\frac{1}"),
    ],
)
def test_mathml_of_what_latex2mathml_gets_wrong(latex, expected):
    assert text_of(to_mathml(latex)) == expected


def test_matrices_in_mathml_carry_their_exponents_whole():
    math = ET.fromstring(to_mathml(r"\begin{bmatrix} 1 & 2 \end{bmatrix}^{T}"))
    power = next(math.iter("msup"))
    assert [element.tag for element in power[0]] == ["mo", "mtable", "mo"]
    assert all(bracket.get("stretchy") == "true" for bracket in power[0] if bracket.tag == "mo")


def test_functions_in_mathml_stand_off_from_a_factor_before_them():
    tags = [element.tag for element in ET.fromstring(to_mathml(r"z \tanh(z) + (z) \mathrm{ReLU}'(z) - \log(z)")).find("mrow")]
    assert " ".join(tags) == "mi mspace mi mo mi mo mo mo mi mo mspace mrow mo mi mo mo mi mo mi mo"


# --- JSON and the formats by name


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=["Cs"])),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
            max_leaves=8,
        ),
    )
)
def test_json_is_the_data(data):
    def named(value):
        if isinstance(value, float) and not math.isfinite(value):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
        if isinstance(value, dict):
            return {key: named(inner) for key, inner in value.items()}
        return [named(inner) for inner in value] if isinstance(value, list) else value

    def refused(constant):
        raise AssertionError(constant)

    assert json.loads(to_json(Document(("T",), (), NG, lambda: data)), parse_constant=refused) == named(data)


def test_json_of_arrays():
    data = {"W": np.array([[0.1, 2.0], [-3.0, np.nan]]), "n": np.int64(3), "x": np.float64(1e-7), "none": {}, "é": (1, True)}
    assert to_json(Document(("T",), (), NG, lambda: data)) == (
        '{\n  "W": [\n    [0.1, 2.0],\n    [-3.0, "NaN"]\n  ],\n  "n": 3,\n  "x": 1e-07,\n  "none": {},\n  "é": [1, true]\n}\n'
    )


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_ends_its_last_line_and_is_the_same_again(form):
    first = write(DOCUMENTS["everything"], form)
    assert first.endswith("\n")
    assert not first.endswith("\n\n")
    assert write(everything(), form) == first
    assert write(everything(""), form)


def test_a_format_that_does_not_exist_names_the_nearest():
    with pytest.raises(HandgradError, match=r"there is no format 'markdwon'\. did you mean 'markdown'"):
        write(DOCUMENTS["ng"], "markdwon")


def test_colours_are_white_at_zero_and_even_on_both_sides():
    assert colour(0.0, 3.0) == (255, 255, 255)
    assert colour(5.0, 3.0) == colour(math.inf, 3.0) == colour(3.0, 3.0)
    reds = [colour(value, 1.0) for value in np.linspace(0, 1, 9)]
    assert reds == sorted(reds, reverse=True)
    assert len(set(reds)) == 9
