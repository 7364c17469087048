"""Worked examples of reading: a formula and its tree, in a compact notation."""

import time

import pytest
from parsed import shown

from handgrad.check.parsing import Macro, collect_functions, parse
from handgrad.check.tree import Unreadable, Words, walk

TEX = [
    # derivatives
    (r"{\partial J \over \partial W}", "∂[J|W]"),
    (r"\frac{\partial J}{\partial {W^{[l]}}}", "∂[J|W^[l]]"),
    (r"\partial J / \partial W_2", "∂[J|W_2]"),
    (r"\frac{\mathrm d L}{\mathrm d W} \mathrm{d}Z", "d[L|W] d(Z)"),
    (r"\frac{d}{dz} g(z)", "d/d[z] g(z)"),
    (r"\frac{\delta J}{\delta W}", "δ[J|W]"),
    (r"\frac{\partial (\frac12\sum(y-y')^2)}{\partial y'}", "∂[((1)/(2) Σ(<(y - y')>^2))|y']"),
    (r"\frac{\partial^2 E}{\partial w^2}", "∂2[E|w]"),
    (r"\frac{\partial A}{\partial L}", "∂[A|L]"),
    (r"\nabla_{W^{[l]}} J", "∇(J by W^[l])"),
    (r"\nabla_a C \odot \sigma'(z)", "∇(C by a) odot σ'(z)".replace("σ", "sigma")),
    (r"\partial AL^{T}", "∂(AL^T)"),
    (r"\delta W = \delta_3 A^T", "δ(W) = delta_3 A^T"),
    (r"dW = \delta A^T", "d(W) = delta A^T"),
    (r"\Delta w_{ij} = -\eta \delta_j x_i", "Δ(w_i,j) = -eta delta_j x_i"),
    ("∂L/∂W₃ = δ₃a₂ᵀ", "∂[L|W_3] = delta_3 a_2ᵀ"),
    # names
    (r"W^{(2)^{T}} W^T_{2} a^{[1](i)2} {W^{[l]}}^T", "W^(2),T W^T_2 a^[1],(i),2 W^[l]^T"),
    (r"Z[1] b{[l]} dZ^{[l](\cdot,i)} \delta2 W1", "Z@1 b^[l] d(Z^[l],(cdot,i)) delta#2 W#1"),
    (r"g^{[1]\prime}(Z) + \sigma^{'(l)} + f1 prime (Z1)", "g^[1]'(Z) + sigma'^(l) + f#1'(Z#1)"),
    (
        r"\text{net}_{h1} + net_{o1} + E_{total} + w^{new} + w_i^+ + w_{i}^{t+1}",
        "net_h#1 + net_o#1 + E_total + w^new + w_i^+ + w_i^t + 1",
    ),
    (
        r"\boldsymbol{\delta} \hat{\mathbf{Y}} \hat y \overrightarrow{x_i} \mathcal{L} \ell",
        "delta~bf Y~bf~hat y~hat x~vec_i L~cal l~ell",
    ),
    ("𝐖𝑥 ŷ W⁽ˡ⁾ wᵢⱼ x²", "W~bf x y~hat W^(l) w_i,j x^2"),
    (r"\mathbb{R}^{n \times m}", "R~bb^n times m"),
    # calls
    ("a(1-a) + W(A+b) + y'(1-y')", "a (1 - a) + W (A + b) + y' (1 - y')"),
    (r"\sigma(z)(1-\sigma(z)) = \sigma(1-\sigma)", "sigma(z) (1 - sigma(z)) = sigma (1 - sigma)"),
    (r"yloga + \log\hat{y}_{n,i} + \tanh^2z_1", "y log(a) + log(y~hat_n,i) + tanh^2(z_1)"),
    (r"h_\Theta(x^{(i)})_k + g(z1)' + \|a-y\|^2 + |x|", "<h_Theta(x^(i))>_k + <g(z#1)>' + <norm(a - y)>^2 + |(x)"),
    (r"1\{Z>0\} + \mathbf 1_{z>0} + \mathbb{1}[z>0]", "1({Z > 0}) + 1~bf({z > 0}) + 1~bb({z > 0})"),
    (r"\frac{1}{m}np.sum(dZ2, axis=1,keepdims=True)", "(1)/(m) sum(d(Z#2), axis=1, keepdims=True)"),
    (r"\max(0, z) + \arg\max_j a_j + \text{ReLU}'(z)", "max(0, z) + argmax_j(a_j) + ReLU'(z)"),
    ("dLeakyRelu(Z)", "dLeakyRelu(Z)"),
    # products and sums
    (r"1/m * dZ . A^T", "(1)/s(m) * d(Z) . A^T"),
    (r"1/2m \sum (a-y)", "(1)/s(2 m) Σ((a - y))"),
    (r"\frac1m\sum_{i=1}^{m} x_i - y", "(1)/(m) Σ[i=1..m](x_i) - y"),
    (r"\sum_{k \in K}\sum\limits_{i,j} w", "Σ[k=K](Σ[i](Σ[j](w)))"),
    (r"\Sigma {dZ^{[2]}}", "Σ(d(Z^[2]))"),
    (r"a * -1 + -b", "a * -1 + -b"),
    # structures
    (r"\begin{cases} 1 & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases}", "cases[1 if {z > 0}; 0]"),
    (r"f(x) = \left\{\begin{array}{ll} x, & x > 0 \\ 0 & \text{else}\end{array}\right.", "f(x) = cases[x if {x > 0}; 0]"),
    (r"\left[\begin{array}{cc} a & b \\ c & d\end{array}\right]^T", "<matrix[a, b; c, d]>^T"),
    (r"\lim_{h \to 0} \frac{a}{h}", "lim_{h -> 0}((a)/(h))"),
    # presentation
    (r"\color{red}{(a - t)}\textcolor{blue}{g'(z)}\underbrace{x}_{y}", "(a - t) g'(z) x"),
    (r"\boxed{\colorbox{red}{$a = b \label{x}$}}\tag{1}", "a = b"),
    (r"\large{(} a \large{)} \displaystyle \Big[ b \Big]", "(a) [(b)"),
    (r"a \overset{(1)}{=} b % note", "a = b"),
    # slips
    (r"A^{[2]} = W^{[3]T} . \partial Z^{[3]})", "A^[2] = W^[3],T . ∂(Z^[3])"),
    ("= =-(a-y)", "… = -(a - y)"),
    (r"\delta = ((w)^T \delta", "delta = (<(w)>^T delta)"),
    (r"a = b.", "a = b"),
    (r"\delta = a - y \qquad (1)", "delta = a - y"),
]
ROWS = [
    (r"\begin{aligned} a &= b \\ &= c + d \\ &\quad + e \end{aligned}", ["a = b", "… = c + d + e"]),
    (r"a = b \\ c = d \\", ["a = b", "c = d"]),
    (r"\begin{align} a &= b, & c &= d \\ e &= f \end{align}", ["a = b", "c = d", "e = f"]),
    (r"\begin{eqnarray} a &=& b \\ &=& c \end{eqnarray}", ["a = b", "… = c"]),
    (r"\frac{da}{dz} = 1 \Rightarrow \frac{dL}{dz} = 2", ["d[a|z] = 1", "d[L|z] = 2"]),
    (r"z = wx, \quad a = \sigma(z); y = a \text{ and } b = c", ["z = w x", "a = sigma(z)", "y = a", "b = c"]),
    (r"A^{[0]} = X, \text{ which is input}", ["A^[0] = X"]),
    (r"\left\{ \begin{aligned} z &= x \\ a &= z \end{aligned} \right.", ["z = x", "a = z"]),
    (r"a = \left( b \right. \\ \left. + c \right)", ["a = (b + c)"]),
    (r"x + \\ y", ["x + y"]),
]
PLAIN = [
    ("dW2 = 1/m * dZ2 . A1.T", "d(W#2) = (1)/s(m) * d(Z#2) . A#1ᵀ"),
    ("dZ1 = np.multiply(W2.T.dot(dZ2), 1 - A1**2)", "d(Z#1) = multiply(dot(W#2ᵀ, d(Z#2)), 1 - A#1^2)"),
    ("dz[1] = W[2]' * dz[2] .* g[1]'(z[1])", "d(z@1) = W@2' * d(z@2) .* g@1'(z@1)"),
    ("d/da l(a,y) = -y/a + (1-y)/1-a = da", "d/d[a] l(a, y) = -(y)/s(a) + ((1 - y))/s(1) - a = d(a)"),
    ("dl/dz = dl/da * da/dz", "d[l|z] = d[l|a] * d[a|z]"),
    ("dCost/dA = d( 1/m * sum(A – y) )/dA = 2", "d[Cost|A] = d[((1)/s(m) * sum(A - y))|A] = 2"),
    ("dA * d(ZLayerOutput) = dA * dLeakyRelu(dZ)", "d(A) * d((ZLayerOutput)) = d(A) * dLeakyRelu(d(Z))"),
    ("z(l) = W(l)a(l-1) + b(l)", "z@(l) = W@(l) a@(l - 1) + b@(l)"),
    ("y_hat = a, z^l_j = Σ_k w^l_jk a^(l-1)_k", "y~hat = a / z^l_j = Σ[k](w^l_j,k a^(l - 1)_k)"),
    ("sum_j w_jk * delta_j", "Σ[j](w_j,k * delta_j)"),
    ("dL/dŷ = e^-z", "d[L|y~hat] = e^-z"),
    ("z = Wx + b", "z = W x + b"),
    ("relu'(z) = 1 if z > 0 else 0", "relu'(z) = cases[1 if {z > 0}; 0]"),
    ("W1 -= lr * dW1", "W#1 -= lr * d(W#1)"),
]


def dumped(text, kind="tex", **known):
    return [shown(statement) for statement in parse(text, 0, kind, **known)]


@pytest.mark.parametrize(("text", "tree"), TEX, ids=[text for text, _ in TEX])
def test_formulas(text, tree):
    assert dumped(text) == [tree]


@pytest.mark.parametrize(("text", "trees"), ROWS)
def test_statements(text, trees):
    assert dumped(text) == trees


@pytest.mark.parametrize(("text", "tree"), PLAIN)
def test_plain_text(text, tree):
    assert " / ".join(dumped(text, "plain")) == tree


def test_names_of_the_document_are_one_name():
    assert dumped("dZ-1 = dA-1 * g", "plain", names={"dA-1", "dZ-1"}) == ["d(Z-1) = d(A-1) * g"]
    assert dumped("xyz = xy", names={"xyz"}) == ["xyz = x y"]


def test_functions_of_the_document():
    text = r"s(x) = \frac{1}{1+e^{-x}}"
    found = collect_functions([(text, "tex"), (r"g^{[1]}(Z^{[1]}) + a(1-a) + k'(z)", "tex"), ("d(x) = s(x)(1-s(x))", "tex")])
    assert {"s", "g", "k", "d"} <= found
    assert not {"a", "Z", "z"} & found
    assert dumped("s(Iw+1)d(z)", functions=found) == ["s(I w + 1) d(z)"]
    assert dumped("s(Iw+1)") == ["s (I w + 1)"]


def test_macros():
    macros = {
        "pd": Command(2, None, r"\frac{\partial #1}{\partial #2}"),
        "vv": Command(1, None, r"\mathbf{#1}"),
        "E": Command(1, "J", "#1"),
    }
    text = r"\pd{L}{\vv W} = \E + \E[C]"
    (statement,) = parse(text, 10, macros=macros)
    assert shown(statement) == "∂[L|W~bf] = J + C"
    assert statement.sides[0].span == (10, 10 + text.index(" ="))
    loop = {"a": Command(0, None, r"\b\b"), "b": Command(0, None, r"\a\a")}
    (side,) = parse(r"\a", macros=loop)[0].sides
    assert isinstance(side, Unreadable)
    wide = {"a": Command(0, None, "x" * 200)}
    (side,) = parse(r"\a" * 200, macros=wide)[0].sides
    assert isinstance(side, Unreadable)
    assert "10,000" in side.reason


class Command:
    def __init__(self, arguments, default, body):
        self.arguments, self.default, self.body = arguments, default, body


def test_a_macro_is_anything_with_the_three_attributes():
    macro: Macro = Command(0, None, "x")
    assert macro.body == "x"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = b *", "nothing stands after *"),
        (r"a = \frac{}{b}", "empty part"),
        ("(" * 80 + "a" + ")" * 80, "nested too deeply"),
        (r"\hat" * 500 + "a", "nested too deeply"),
        ("^T", "nothing before it"),
        ("a, b = c", "a list"),
        ("a = ()", "empty brackets"),
    ],
)
def test_what_cannot_be_read_says_why(text, reason):
    sides = [side for statement in parse(text) for side in statement.sides]
    assert any(reason in node.reason for side in sides for node in walk(side) if isinstance(node, Unreadable))


def test_words_are_kept_outside_of_sides():
    (statement,) = parse(r"\text{cross entropy loss} = -\log y")
    assert statement.sides[0] == Words((0, 25), "cross entropy loss")


@pytest.mark.parametrize(
    "piece", ["(", "{", r"\text{", r"\begin{cases}", "|", "x'", r"\bf ", r"\log ", "a+", r"\frac", "x^{", r"a=b\\", "f(x)="]
)
def test_time_is_linear(piece):
    start = time.process_time()
    parse((piece * 20_000)[:20_000])
    assert time.process_time() - start < 5
