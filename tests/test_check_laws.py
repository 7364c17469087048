"""What `derive` writes is right, and `check` says so: in every notation and format, for all of the catalogue."""

import pytest

from handgrad import Network, derive
from handgrad.calculus.notation import NOTATIONS, find_notation
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.check.checking import check_text
from handgrad.check.findings import Checked
from handgrad.check.options import Options

FILES = {"markdown": "notes.md", "latex": "notes.tex", "text": "notes.txt", "numpy": "notes.py"}
HIDDEN = sorted(set(ACTIVATIONS) - {"softmax"})
LOSSES = [
    ("identity", "squared_error"),
    ("tanh", "squared_error"),
    ("softmax", "squared_error"),
    ("relu", "half_squared_error"),
    ("sigmoid", "half_squared_error"),
    ("identity", "absolute_error"),
    ("identity", "huber"),
    ("identity", "log_cosh"),
    ("identity", "quantile"),
    ("exp", "poisson"),
    ("softplus", "poisson"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
]
DEPTHS = ["5-1:sigmoid", "3-2:softmax", "4-3:relu-2:tanh-1:sigmoid", "3-4:tanh-3:relu-3:sigmoid-2:softmax"]
PIECES = [
    "gradient=delta", "gradient=partial", "gradient=partial partials=operator", "layer=(l)", "layer=_l", "layer=^l", "names.J=C",
    "names.W=Theta latex.W=\\Theta", "d=∂", "d=∇", "examples=rows", "examples=single", "examples=indexed",
    "examples=indexed example_mark=_i", "weights=in_out", "elementwise=* product=.", "elementwise=∘ product=·", "elementwise=.*",
    "times=*", "fractions=inline", "assign==", "assign=←", "sums=bare", "sums=applied", "form=index sums=from_0",
    "form=index sums=from_1", "form=index examples=indexed", "form=factors", "lower=all", "lower=none", "matrix_first=true",
]  # fmt: skip
SHARE = {"markdown": 0.9, "text": 0.9, "latex": 0.7, "numpy": 0.85}
"""How many of the relations are read at least. LaTeX's own commands for layout hide some, and a program's slopes have no symbol."""


def written(network: Network, form: str, notation: str, choices: str = "", *, reasons: bool = False, **style: str) -> str:
    """A derivation as a document: an article, or the statements of a program one after the other."""
    derivation = derive(network, **style)
    chosen = find_notation(notation).choose(choices.split())
    if form == "numpy":
        return "import numpy as np\n\n" + "\n".join(derivation.render(step.id, chosen, "numpy") for step in derivation) + "\n"
    return derivation.document(chosen, reasons=reasons).to(form)


def checked(text: str, form: str) -> Checked:
    found = check_text(text, FILES[form], Options())
    assert [(f.line, f.formula, f.message) for f in found.findings if f.verdict == "wrong"] == []
    return found


def unread(found: Checked, share: float) -> list[tuple[int, str, str]]:
    """The relations that are not read, where these are more than may be."""
    left = [(f.line, f.formula, f.message) for f in found.findings if f.verdict not in {"right", "convention"}]
    assert len(found.findings) > 10
    return left if len(left) > (1 - share) * len(found.findings) else []


def assert_clean(network: Network, form: str, notation: str = "ng", choices: str = "", **style: str) -> None:
    """No finding is wrong, nearly all relations are read, and the setting that is found is that of the network."""
    found = checked(written(network, form, notation, choices, **style), form)
    assert unread(found, SHARE[form]) == []
    setting = dict(found.setting)
    names = [activation.name.replace("_", " ").lower() for activation in network.activations]
    loss = network.loss.words.removeprefix("half ")
    assert setting["layers"].startswith(str(network.L))
    assert f"{names[-1]} with {loss}" in setting["output and loss"].lower().replace("with half ", "with ")
    assert set(names[:-1]) <= set(setting.get("hidden activations", "").lower().split(" or "))
    examples = find_notation(notation).choose(choices.split()).examples
    way = {"columns": "examples are columns", "rows": "examples are rows"}.get(examples, "one example")
    assert way in setting["layout"] or examples in {"single", "indexed"}


def turn(items: list, start: int) -> list:
    """Each item with a notation and a format, all combinations of the two in turn."""
    ways = [(notation, form) for form in ("markdown", "text", "numpy", "latex") for notation in NOTATIONS]
    ways = [way for way in ways if way not in {("nielsen", "numpy"), ("index", "numpy")}]  # their programs have names of their own
    return [(item, *ways[(start + 3 * k) % len(ways)]) for k, item in enumerate(items)]


@pytest.mark.parametrize(("hidden", "notation", "form"), turn(HIDDEN, 0))
def test_every_activation(hidden, notation, form):
    # hardσ is spelled out: two names side by side are a product to most readers
    choices = "latex.hard_sigmoid=\\operatorname{hardsigmoid}" if hidden == "hard_sigmoid" else ""
    assert_clean(Network(f"3-4:{hidden}-2:sigmoid"), form, notation, choices)


@pytest.mark.parametrize(("pair", "notation", "form"), turn(LOSSES, 1))
def test_every_loss_with_its_usual_outputs(pair, notation, form):
    output, loss = pair
    assert_clean(Network(f"3-4:tanh-2:{output}", loss=loss), form, notation)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("form", ["markdown", "text", "latex"])
def test_every_notation_in_every_format(notation, form):
    assert_clean(Network("3-4:sigmoid-2:sigmoid", loss="half_squared_error"), form, notation)


@pytest.mark.parametrize(("spelling", "notation", "form"), turn(DEPTHS, 2))
def test_every_depth(spelling, notation, form):
    assert_clean(Network(spelling), form, notation)


@pytest.mark.parametrize(("form", "notation"), [("markdown", "ng"), ("text", "rows"), ("text", "nielsen"), ("markdown", "index")])
def test_penalty(form, notation):
    assert_clean(Network("3-4:relu-2:sigmoid", l2=0.1), form, notation)


@pytest.mark.parametrize("choices", PIECES)
def test_every_piece_of_notation(choices):
    assert_clean(Network("4-3:relu-2:sigmoid"), "markdown" if len(choices) % 2 else "text", "ng", choices)


@pytest.mark.parametrize("style", [{"one_over_m": "dZ"}, {"layers": "general"}], ids=str)
@pytest.mark.parametrize(("form", "notation"), [("markdown", "ng"), ("text", "ng"), ("markdown", "nielsen")])
def test_other_ways_to_derive(form, notation, style):
    text = written(Network("4-3:relu-2:sigmoid"), form, notation, **style)
    assert unread(checked(text, form), SHARE[form]) == []


@pytest.mark.parametrize("optimiser", ["momentum", "adam"])
def test_rules_that_keep_a_state_are_not_held_against_a_text(optimiser):
    found = checked(written(Network("4-3:relu-2:sigmoid"), "markdown", "ng", optimiser=optimiser), "markdown")
    assert found.count("right") > 20


def test_the_reasoning_is_right_too():
    assert unread(checked(written(Network("3-1:sigmoid"), "markdown", "ng", reasons=True), "markdown"), 0.9) == []
