"""Habits of writing that are slips or dialects: escapes, broken words, decimal commas, old environments, conditions in brackets."""

import time

import pytest
from parsed import shown

from handgrad.check.parsing import collect_functions, collect_names, parse
from handgrad.check.tree import Name, Unreadable, walk

TEX = [
    # other names and look-alikes of commands
    (r"\frac{\part C}{\part w} = 1", "∂[C|w] = 1"),
    (r"\triangle W = 1", "Δ(W) = 1"),
    (r"x \in \R^n", "x in R~bb^n"),
    (r"A \in \mathbf{R}^{m \times n}", "A in R~bb^m times n"),
    (r"d = a \ldotp\ast b", "d = a .* b"),
    # words that a converter has broken
    (r"E = \text{targe}t_{o1} - \text{ou}t_{o1} + \text{ne}t_1", "E = target_o#1 - out_o#1 + net_1"),
    (r"\text{ w := w - $\alpha \frac{\partial J}{\partial w}$ }", "w := w - alpha ∂[J|w]"),
    ("a = y_kloga_k", "a = y_k log(a_k)"),
    # scripts
    (r"y = \delta{ik} - y^{\circ 2}", "y = delta_i,k - y^2"),
    (r"db = \sum_i dZ_{:,i}", "d(b) = Σ[i](d(Z_:,i))"),
    (r"v_{dW^{[l]}} = s_{db}", "v_d(W^[l]) = s_d(b)"),
    (r"A_i[r, 0] = f(Z_i [r, 0])", "A_i@r,0 = f(Z_i@r,0)"),
    (r"L = -\log(p(d*)) + \|y*_n\|", "L = -log(p (d^*)) + norm(y^*_n)"),
    # typefaces and braces
    (r"c(\bf{y,\hat{y}}) = \mathbf{b}", "c(y~bf, y~bf~hat) = b~bf"),
    (r"\bf{a} + b = c", "a~bf + b = c"),
    (r"\frac{\partial{}}{\partial{z}} f(z) = 1", "∂/∂[z] f(z) = 1"),
    (r"{\rm tr}(A) = {\sigma}(z)", "tr(A) = sigma(z)"),
    (r"\pmatrix{a & b \cr c & d}_{j} = \pmatrix{x + y}", "<matrix[a, b; c, d]>_j = (x + y)"),
    # brackets
    (r"J(W,b;x,y) = P(y = k | x; \theta)", "J(W, b, x, y) = P({y == k}, x, theta)"),
    (r"d = W^{(3)} (1,1,1)^T a", "d = W^(3) <matrix[1, 1, 1]>^T a"),
    (r"Z = H (W^{(2)})^T + b", "Z = H <(W^(2))>^T + b"),
    (r"dL = g:dW_k\,h", "d(L) = tr(<g>ᵀ d(W_k) h)"),
    (r"C = \sum_{\forall x} C_x", "C = Σ[x](C_x)"),
    (r"z = a + .… + b", "z = a + ... + b"),
    (r"\theta'(s) = 1 - \theta(s)^2", "theta'(s) = 1 - <theta(s)>^2"),
    # decimal commas
    (r"\begin{pmatrix} 0,1 & -0,0667 \end{pmatrix} = a", "matrix[0.1, -0.0667] = a"),
    (r"H = x \cdot w_{2,1} + 1 = 0,3", "H = x cdot w_2,1 + 1 = 0.3"),
    (r"a = \sigma(0,35) = 0,5866", "a = sigma(0.35) = 0.5866"),
    # a sign that is left over
    (r"w = \eta \cdot x \cdot ", "w = eta cdot x"),
]
SEVERAL = [
    (r"\eqalign{ L &= a] \\ &= b \cr d &= 2 }", ["L = a", "… = b", "d = 2"]),
    (r"s' = s(1-s) \ \ \ \ \ \frac{\partial s}{\partial w} = x", ["s' = s (1 - s)", "∂[s|w] = x"]),
    (r"f(x) = 0 (x \le 0), f(x) = x (x > 0)", ["f(x) = cases[0 if {x <= 0}; x if {x > 0}]"]),
    (r"y = 1 \quad (x>0) \\ y = 0 \quad (x \le 0)", ["y = cases[1 if {x > 0}; 0 if {x <= 0}]"]),
    (r"dZ = A - Y \qquad (A, dZ \in R^{1 \times m})", ["d(Z) = A - Y", "A", "d(Z) in R~bb^1 times m"]),
    (r"a = b \qquad (\text{where}\quad b = c)", ["a = b", "b = c"]),
    (r"x = z\ (l = 2,3, ..., L-1)", ["x = z", "l = 2,3,…,L-1"]),
    (r"x = z, \: i=1,\cdots,n : j=1,\cdots,c", ["x = z", "i = 1,…,n", "j = 1,…,c"]),
    (r"w \to w - v", ["w -> w - v"]),
]
PLAIN = [
    (r"dz2 = da2\*a1^T", ["d(z#2) = d(a#2) * a#1^T"]),
    ("(x, w) --> z = (w^Tx) --> a = f(z)", ["matrix[x, w]", "z = (w^T x)", "a = f(z)"]),
    ("y = 1/(1+e⁻⁰·⁵⁸⁵)", ["y = (1)/s((1 + e^-0.585))"]),
    ("E = 1/2 sum_j (y_j,c - d_j,c)^2", ["E = (1)/s(2) Σ[j](<(y_j,c - d_j,c)>^2)"]),
    ("L = -sum_i y_i log(y_pred,i)", ["L = -Σ[i](y_i log(y~hat_i))"]),
    ("J = (1/n) sum (y - a)^2 + sum(W**2)", ["J = ((1)/s(n)) Σ(<(y - a)>^2) + sum(W^2)"]),
    ("J = sum 1/2 e^2", ["J = Σ((1)/s(2) e^2)"]),
    ("df/dx = df/dg * dg/dx", ["d[f|x] = d[f|g] * d[g|x]"]),
    ("y = w2a + b2", ["y = w#2 a + b#2"]),
    ("Dw_ij = -r * t_qj", ["Δ(w_i,j) = -r * t_q,j"]),
    ("A = gReLU(Z)", ["A = g_ReLU(Z)"]),
    ("𝑑𝑍=𝑊[3]𝑇𝑑𝑍[3].∗𝑔[1]′(𝑧[2])", ["d(Z) = W@3ᵀ d(Z@3) .* g@1'(z@2)"]),
    ("W₂ = [[1, -1]] + [[1], [-1]]", ["W_2 = matrix[1, -1] + matrix[1; -1]"]),
    ("C = Σ (Y - T)^(*2)", ["C = Σ(<(Y - T)>^2)"]),
    ("w1..w8 = a", ["w#1 ... w#8 = a"]),
]


def dumped(text, kind):
    functions = collect_functions([(text, kind)])
    return [shown(statement) for statement in parse(text, 0, kind, functions=functions)]


@pytest.mark.parametrize(("text", "tree"), TEX)
def test_latex(text, tree):
    assert dumped(text, "tex") == [tree]


@pytest.mark.parametrize(("text", "trees"), SEVERAL)
def test_several_statements(text, trees):
    assert dumped(text, "tex") == trees


@pytest.mark.parametrize(("text", "trees"), PLAIN)
def test_plain_text(text, trees):
    assert dumped(text, "plain") == trees


@pytest.mark.parametrize("text", ["x \\in [0,1]", "w_{1,2} = a", "k = 1,2,3", "y = 0,1", "a = f(0,1) + 0.5"])
def test_commas_that_are_no_decimal_commas(text):
    assert not any("." in shown(statement).replace("...", "").replace("0.5", "") for statement in parse(text))


def test_a_fraction_that_has_lost_its_bar_is_not_guessed():
    (statement,) = parse("𝑑𝑊=1𝑚𝑑𝑍𝐴", 0, "plain")
    assert isinstance(statement.sides[1], Unreadable)
    assert "bar" in statement.sides[1].reason


def test_words_that_a_document_gives_a_value_are_names():
    passages = [(r"FO = \sigma(FI)", "tex"), (r"HI_1 = x, der = FO\cdot(1-FO) \\ FI &= HI", "tex"), ("XW = dz = dW", "tex")]
    names = collect_names(passages)
    assert names == {"FO", "FI", "HI", "der"}
    statements = parse(r"w = FO \cdot der_i + XW", names=names)
    named = {node.name for side in statements[0].sides for node in walk(side) if isinstance(node, Name)}
    assert {"FO", "der", "X", "W"} <= named


@pytest.mark.parametrize("kind", ["tex", "plain"])
@pytest.mark.parametrize(
    "piece",
    ["a:", " a:b", "--> a=b ", r"\bf{a,b}", "0,1;", "(x>0)", r"\eqalign{", r"\ ", "y_j,c ", "w^Tx ", r"\text{ne}t", "y*_"],
)
def test_time_is_linear(piece, kind):
    start = time.process_time()
    parse((piece * 20_000)[:20_000], 0, kind)
    assert time.process_time() - start < 5
