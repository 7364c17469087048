"""Laws of reading and writing: what is written is read again, nothing raises, places are right."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsed import shown, tree

from handgrad.check.parsing import NUMPY, PLAIN, TEX, Style, parse, style_of, transposed, write
from handgrad.check.tree import (
    BigSum,
    Bracketed,
    Call,
    Cases,
    Compare,
    Derivative,
    Differential,
    Fraction,
    Group,
    Matrix,
    Name,
    Node,
    Number,
    Operator,
    Product,
    Root,
    Script,
    Scripted,
    Sum,
    Unreadable,
    children,
    rebuilt,
    walk,
)

FORMULAS = [
    r"\frac{\partial J}{\partial W^{[l]}} = \frac{1}{m} dZ^{[l]} A^{[l-1]T} + \frac{\lambda}{m} W^{[l]}",
    r"\delta^l = ((w^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)",
    r"E = \frac12 \sum_{k=1}^K (\hat{y}_k - t_k)^2, \quad \frac{\partial E}{\partial w_{jk}} = (a_k - t_k)g_k'(z_k)a_j",
    r"\color{red}{(a - t)}\color{blue}{g'(z)} \underbrace{x}_{\text{input}} = \boxed{b}",
    r"\begin{aligned} a &= b + \\ & c \\ &= \begin{cases} 1 & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases} \end{aligned}",
    "dZ[1] = W[2]' dZ[2] .* g[1]'(Z[1]); db2 = np.sum(dZ2, axis=1, keepdims=True) / m",
    "∂L/∂W₃ = δ₃a₂ᵀ = ½(y − ŷ)²·‖x‖",
    r"\nabla_W J = -\log(1 - a_2) \approx 0.562 \Rightarrow dL/dA2 = 1/2m \sum\limits_{i,j} |w_{ij}|",
    r"A = \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}^T x, \text{ where } \mathbb{1}\{z>0\} \in \mathbb{R}^{n\times m}",
]
SCRAPS = r"""
\frac \sum \partial \left( \right) \left \right { } ( ) [ ] ^ _ ' = + - * / . , & \\ \begin{cases} \end{cases} \begin{aligned}
\end{aligned} \begin{array}{c} \end{array} \text{ \mathbf \hat \sqrt \log \max d dW x 2 1e-3 .5 ᵀ ² ₃ ∂ Σ σ ŷ ‖ | || \| \{ \}
\over \color{red} \underbrace \delta \Delta \nabla \Rightarrow ; \quad if else np. .T prime \mathrm \mathbb{1} \mathbb{E} \lim
\to \in $ % # \dots ... [l] (l) \overset \tag{1} \prime \begin{bmatrix} \end{bmatrix} ~ \, : sum_j dA-1 1/2m \bf \cal
"""
PIECES = [*SCRAPS.split(), "= =", "\n", " "]


def without_places(value):
    """The tree without its spans."""
    if isinstance(value, Node):
        return replace(
            value,
            **{field.name: None if field.name == "span" else without_places(getattr(value, field.name)) for field in fields(value)},
        )
    return tuple(without_places(part) for part in value) if isinstance(value, tuple) else value


# Trees as the parser makes them.

letters = st.sampled_from(["W", "X", "A", "Z", "b", "y", "a", "w", "theta", "eta", "net", "WeightOutput", "m"])
index = st.sampled_from(["i", "j", "k"]).map(lambda letter: Name(None, letter))
whole = st.integers(0, 30).map(lambda value: Number(None, float(value), str(value)))
layer = st.one_of(st.just(Name(None, "l")), whole, st.just(Sum(None, (Name(None, "l"), Number(None, 1.0, "1")), ("+", "-"))))
raised = st.one_of(
    layer.map(lambda body: (Bracketed(None, "[", (body,)),)),
    layer.map(lambda body: (Bracketed(None, "(", (body,)), Name(None, "T"))),
    layer.map(lambda body: (body,)),
    st.just((Name(None, "top"),)),
).map(lambda body: Script(None, "sup", body))
lowered = st.lists(index, min_size=1, max_size=2).map(lambda body: Script(None, "sub", tuple(body)))
primed = st.integers(1, 2).map(lambda count: Script(None, "prime", (), count))
numbered = whole.map(lambda number: Script(None, "digits", (number,)))
scripts = st.one_of(
    st.just(()),
    lowered.map(lambda one: (one,)),
    raised.map(lambda one: (one,)),
    st.tuples(lowered, raised),
    st.tuples(raised, primed),
    st.tuples(primed),
)
faces = st.sets(st.sampled_from(["hat", "bf", "bar", "tilde"]), max_size=1).map(frozenset)
names = st.one_of(
    st.builds(Name, st.none(), letters.filter(lambda name: len(name) == 1), scripts, faces),
    st.builds(Name, st.none(), letters, scripts),
    st.builds(
        lambda name, digits: Name(None, name, (digits,)), letters.filter(lambda name: len(name) == 1 or name == "theta"), numbered
    ),
)
functions = st.builds(
    Name,
    st.none(),
    st.sampled_from(["sigma", "log", "tanh", "ReLU", "g"]),
    st.sampled_from([(), (Script(None, "prime"),)]),
)


SIGNS = ["", "cdot", "odot", "*", "@"]


@st.composite
def trees(draw, depth=2):
    """Trees as the parser makes them: sums of products of factors."""
    kind = draw(st.sampled_from(["term", "sum", "minus"])) if depth else "leaf"
    if kind == "leaf":
        return draw(st.one_of(names, whole))
    if kind == "minus":
        return Sum(None, (draw(terms(depth)),), ("-",))
    if kind == "sum":
        found = [(draw(st.sampled_from("+-")), draw(terms(depth))) for _ in range(draw(st.integers(2, 3)))]
        return Sum(None, tuple(term for _, term in found), tuple(sign for sign, _ in found))
    return draw(terms(depth))


@st.composite
def terms(draw, depth):
    """A factor, a product of factors, or a sum over an index."""
    kind = draw(st.sampled_from(["factor", "product", "big", "bare"]))
    first = draw(factors(depth - 1))
    if kind == "factor":
        return first
    if kind == "big":
        return BigSum(None, draw(index), Number(None, 1.0, "1"), draw(names), first)
    if kind == "bare":
        return BigSum(None, draw(index), None, None, first)
    items, signs = [first], []
    for _ in range(draw(st.integers(1, 3))):
        items.append(draw(factors(depth - 1)))
        signs.append(draw(st.sampled_from(SIGNS)))
        if isinstance(items[-2], Differential | Operator) and isinstance(items[-1], Group | Scripted):
            signs[-1] = signs[-1] or "cdot"  # ∂ J (θ) would be of J at θ
    return Product(None, tuple(items), tuple(signs))


@st.composite
def factors(draw, depth):
    """One factor."""
    one, other = draw(names), draw(names)
    inner = draw(trees(depth)) if depth > 0 else other
    brackets = one if isinstance(inner, Matrix) else inner  # brackets around a matrix are its own
    match draw(st.integers(0, 12)):
        case 0:
            return Group(None, brackets, draw(st.sampled_from(["(", "[", "norm"])))
        case 1:
            return Call(None, draw(functions), (inner,))
        case 2:
            return Call(None, Name(None, "max"), (inner, one))
        case 3:
            return Differential(None, one, draw(st.sampled_from(["d", "partial", "nabla"])))
        case 4:
            return Derivative(None, one, other, draw(st.sampled_from(["partial", "d"])))
        case 5:
            return Operator(None, one, "partial")
        case 6 if not isinstance(inner, Differential):
            return Fraction(None, inner, one)
        case 7:
            return Root(None, inner.body if isinstance(inner, Group) and inner.open == "(" else inner)
        case 8:
            return Scripted(None, Group(None, brackets), (draw(raised),))
        case 9:
            return Matrix(None, ((inner, one), (other, inner)))
        case 10:
            return Cases(None, ((inner, Compare(None, ">", one, other)), (one, None)))
    return one


@settings(max_examples=120, deadline=None)
@given(trees())
def test_what_is_written_is_read_as_the_same_tree(node):
    text = write(node)
    (statement,) = parse(text)
    (side,) = statement.sides
    assert without_places(side) == node, text
    assert write(side, text) == text


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(["", " "])), max_size=25), st.sampled_from(["tex", "plain"]))
def test_nothing_raises_on_any_pieces(pieces, kind):
    hold_laws_of_places("".join(piece + gap for piece, gap in pieces), kind)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_raises_on_damaged_formulas(data):
    text = data.draw(st.sampled_from(FORMULAS))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 6))
        text = text[:place] + data.draw(st.sampled_from(["", *PIECES])) + text[place + cut :]
    hold_laws_of_places(text, data.draw(st.sampled_from(["tex", "plain"])), data.draw(st.integers(0, 50)))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40), st.sampled_from(["tex", "plain"]))
def test_nothing_raises_on_any_text(text, kind):
    hold_laws_of_places(text, kind)


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_read(text):
    kind = "plain" if "np." in text else "tex"
    for statement in hold_laws_of_places(text, kind, 7):
        assert not any(isinstance(node, Unreadable) for side in statement.sides if side for node in walk(side))


def hold_laws_of_places(text, kind, start=0):
    """Relations stand in order and apart, and each part of a tree within its whole."""
    statements = parse(text, start, kind)
    last, end = start, start + len(text)
    for statement in statements:
        assert start <= statement.span[0] <= statement.span[1] <= end
        assert len(statement.ops) == len(statement.spans) == len(statement.sides) - 1
        assert statement.continues == (statement.sides[0] is None)
        for first, after in statement.spans:
            assert last <= first <= after <= end
            last = after
        stack = [(side, statement.span) for side in statement.sides if side is not None]
        while stack:
            node, around = stack.pop()
            if node.span is not None:
                assert around[0] <= node.span[0] <= node.span[1] <= around[1], (text, node)
                around = node.span
            stack += [(child, around) for child in children(node)]
    return statements


@pytest.mark.parametrize("text", FORMULAS)
def test_the_text_of_each_part_is_read_as_that_part(text):
    kind = "plain" if "np." in text else "tex"
    for statement in parse(text, 0, kind):
        for side in statement.sides:
            if side is not None:
                known = {node.function.name for node in walk(side) if isinstance(node, Call)}
                again = parse(write(side, text), 0, kind, functions=known)
                assert [tree(part) for one in again for part in one.sides] == [tree(side)]


def test_a_correction_keeps_the_author_s_text():
    text = r"dW^{[l]} = \tfrac{1}{m}\, dZ^{[l]} \cdot A^{[l-1]}"
    (statement,) = parse(text)
    product = statement.sides[1]
    style = style_of(parse(r"dA = W^{[l]\top} \cdot dZ"))
    better = rebuilt(product, product.items[2], transposed(product.items[2], style))
    assert write(better, text) == r"\tfrac{1}{m} dZ^{[l]} \cdot A^{[l-1] \top}"


@pytest.mark.parametrize(
    ("node", "style", "text"),
    [
        (Name(None, "W", (Script(None, "sup", (Bracketed(None, "[", (Name(None, "l"),)),)),)), TEX, "W^{[l]T}"),
        (Name(None, "W", (Script(None, "sup", (Name(None, "l"),)),)), Style(joined=False), "(W^{l})^{T}"),
        (Name(None, "W", (Script(None, "digits", (Number(None, 2.0, "2"),)),)), PLAIN, "W2.T"),
        (Name(None, "W"), Style("plain", transpose="'"), "W'"),
        (Group(None, Name(None, "W")), NUMPY, "(W).T"),
    ],
)
def test_transposes_are_written_as_the_author_does(node, style, text):
    assert write(transposed(node, style), None, style) == text


@pytest.mark.parametrize(
    ("text", "kind", "style"),
    [
        (
            r"dA^{[1]} = W^{[2]T} \cdot dZ^{[2]}, \quad dZ = dA \odot g'(Z) \frac{1}{m}",
            "tex",
            Style("tex", "cdot", "odot", "T", joined=True, layer="[]"),
        ),
        (
            r"\delta^{(2)} = (\Theta^{(2)})^\top \delta^{(3)} \circ g'(z)",
            "tex",
            Style("tex", "", "circ", "top", joined=False, layer="()"),
        ),
        ("dZ1 = W2.T @ dZ2 * g'(Z1)", "plain", Style("numpy", "@", "*", ".T", joined=True, layer="digits")),
        ("dz[1] = W[2]' * dz[2] .* g[1]'(z[1])", "plain", Style("plain", "*", ".*", "'", joined=True, layer="index")),
    ],
)
def test_styles(text, kind, style):
    assert style_of(parse(text, 0, kind)) == style


PLAIN_TEXTS = [
    "dW2 = dZ2 . A1.T",
    "dZ[1] = W[2]' * dZ[2] .* g[1]'(Z[1])",
    "dL/dW1 = (a - y) * x / m",
    "y_hat = sigmoid(z_1) - sum(x)^2",
    "x -> max(0, z)",
]


@pytest.mark.parametrize("text", PLAIN_TEXTS)
@pytest.mark.parametrize("style", [PLAIN, NUMPY])
def test_plain_text_is_written_as_it_is_read(text, style):
    (statement,) = parse(text, 0, "plain")
    for side in statement.sides:
        again = parse(write(without_places(side), None, style), 0, "plain")
        assert [shown(one) for one in again] == [tree(side)]
