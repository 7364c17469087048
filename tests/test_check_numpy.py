"""Straight-line NumPy, as formulas."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.check.parsing.numpy_code import parse_numpy
from handgrad.check.tree import (
    Call,
    Cases,
    Compare,
    Derivative,
    Differential,
    Fraction,
    Group,
    Matrix,
    Name,
    Number,
    Product,
    Script,
    Scripted,
    Sum,
    Unreadable,
    Words,
    walk,
)


def shown(node):
    """The node in short, to compare by; brackets that the reader added are ⟨⟩."""
    match node:
        case None:
            return "otherwise"
        case Number(text=text) | Words(text=text):
            return text
        case Name():
            return "".join(f"{face} " for face in sorted(node.faces)) + node.name + "".join(map(shown, node.scripts))
        case Script(kind="digits" | "sub" | "bracket"):
            return {"digits": "", "sub": "_", "bracket": "#"}[node.kind] + ",".join(map(shown, node.body))
        case Script(kind="transpose"):
            return "ᵀ"
        case Script(kind="sup"):
            return "^" + ",".join(map(shown, node.body))
        case Scripted():
            return shown(node.base) + "".join(map(shown, node.scripts))
        case Differential():
            return f"{node.mark} {shown(node.of)}"
        case Derivative():
            return f"{node.mark} {shown(node.of)}/{node.mark} {shown(node.by)}"
        case Group(span=None):
            return f"⟨{shown(node.body)}⟩"
        case Group():
            return f"({shown(node.body)})"
        case Sum():
            text = "".join(f" {sign} {shown(term)}" for sign, term in zip(node.signs, node.terms, strict=True))
            return "{" + text[1:].removeprefix("+ ") + "}"
        case Product():
            rest = "".join(
                f" {'⊙' if sign == 'odot' else sign} {shown(item)}" for sign, item in zip(node.signs, node.items[1:], strict=True)
            )
            return "{" + shown(node.items[0]) + rest + "}"
        case Fraction(mark="/"):
            return "{" + f"{shown(node.over)} / {shown(node.under)}" + "}"
        case Call():
            keywords = [f"{word}={shown(value)}" for word, value in node.keywords]
            return f"{shown(node.function)}({', '.join([*map(shown, node.arguments), *keywords])})"
        case Compare():
            return f"{shown(node.left)} {node.op} {shown(node.right)}"
        case Matrix():
            return "[" + "; ".join(" ".join(map(shown, row)) for row in node.rows) + "]"
        case Cases():
            return "cases " + "; ".join(f"{shown(value)} if {shown(when)}" for value, when in node.rows)
        case Unreadable():
            return f"? {node.reason}"


def read(text):
    found = []
    for statement in parse_numpy(text):
        rest = "".join(f" {op} {shown(side)}" for op, side in zip(statement.ops, statement.sides[1:], strict=True))
        found.append(shown(statement.sides[0]) + rest)
    return "; ".join(found)


READ = {
    # forward and loss
    "Z1 = np.dot(W1, X) + b1": "Z1 = {{W1 @ X} + b1}",
    "z1 = X.dot(W1) + b1": "z1 = {{X @ W1} + b1}",
    "z2 = a1 @ W2 + b2": "z2 = {{a1 @ W2} + b2}",
    "A1 = np.tanh(Z1)": "A1 = tanh(Z1)",
    "a = np.maximum(0, z)": "a = maximum(0, z)",
    "h = z * (z > 0)": "h = {z ⊙ (z > 0)}",
    "h = np.where(z > 0, z, 0.01 * z)": "h = where(z > 0, z, {0.01 ⊙ z})",
    "h = z if z > 0 else 0.01 * z": "h = cases z if z > 0; {0.01 ⊙ z} if otherwise",
    "s = 1 / (1 + np.exp(-z))": "s = {1 / ({1 + exp({- z})})}",
    "sigmoid = lambda x: 1 / (1 + np.exp(-x))": "sigmoid(x) = {1 / ({1 + exp({- x})})}",
    "probs = e / np.sum(e, axis=1, keepdims=True)": "probs = {e / sum(e, axis=1, keepdims=True)}",
    "probs = e / e.sum(1)": "probs = {e / sum(e, axis=1)}",
    "cost = -np.sum(Y * np.log(A2)) / m": "cost = {- {sum({Y ⊙ log(A2)}) / m}}",
    "cost = -1/m * np.sum(np.multiply(Y, np.log(A)))": "cost = {- {{1 / m} ⊙ sum({Y ⊙ log(A)})}}",
    "loss = 0.5 * np.mean((y_hat - y) ** 2)": "loss = {0.5 ⊙ mean(({hat y - y})^2)}",
    "loss = np.square(y_pred - y).mean()": "loss = mean(⟨{hat y - y}⟩^2)",
    "cost = float(np.squeeze(cost))": "cost = cost",
    "m = X.shape[1]": "m = shape(X, axis=1)",
    "n, m = X.shape": "n = shape(X, axis=0); m = shape(X, axis=1)",
    "m = len(X)": "m = shape(X, axis=0)",
    "x = np.array([0.05, 0.10])": "x = [0.05 0.10]",
    "W = np.array([[1, -2], [3, 4]])": "W = [1 {- 2}; 3 4]",
    # backward
    "dZ2 = A2 - Y": "d Z2 = {A2 - Y}",
    "dW2 = np.dot(dZ2, A1.T) / m": "d W2 = {{d Z2 @ A1ᵀ} / m}",
    "dW2 = (1 / m) * np.dot(dZ2, A1.T)": "d W2 = {({1 / m}) ⊙ {d Z2 @ A1ᵀ}}",
    "dW2 = 1 / m * dZ2 @ A1.T": "d W2 = {{{1 / m} ⊙ d Z2} @ A1ᵀ}",
    "dW = np.matmul(np.transpose(X), dZ)": "d W = {Xᵀ @ d Z}",
    "db2 = 1/m * np.sum(dZ2, axis=1, keepdims=True)": "d b2 = {{1 / m} ⊙ sum(d Z2, axis=1, keepdims=True)}",
    "db = np.mean(dZ, axis=-1)": "d b = mean(d Z, axis=-1)",
    "dZ1 = np.multiply(W2.T @ dZ2, 1 - np.power(A1, 2))": "d Z1 = {{W2ᵀ @ d Z2} ⊙ ⟨{1 - A1^2}⟩}",
    "dZ1 = W2.T @ dZ2 * (Z1 > 0)": "d Z1 = {{W2ᵀ @ d Z2} ⊙ (Z1 > 0)}",
    "dZ1 = dA1 * (Z1 > 0).astype(float)": "d Z1 = {d A1 ⊙ (Z1 > 0)}",
    "dZ1 = dA1 * np.greater(Z1, 0)": "d Z1 = {d A1 ⊙ ⟨Z1 > 0⟩}",
    "g = (z > 0) * 1": "g = (z > 0)",
    "dA = -(np.divide(Y, A) - np.divide(1 - Y, 1 - A))": "d A = {- ({{Y / A} - {⟨{1 - Y}⟩ / ⟨{1 - A}⟩}})}",
    "delta3 = -(y - y_hat) * sigmoid_prime(z3)": "delta3 = {- {({y - hat y}) ⊙ sigmoid_prime(z3)}}",
    "δ2 = (a2 - y) * σ(z2)": "delta2 = {({a2 - y}) ⊙ sigma(z2)}",
    "delta2 = delta3.dot(self.W2.T) * self.fPrime(self.z2)": "delta2 = {{delta3 @ W2ᵀ} ⊙ fPrime(z2)}",
    "dW = np.outer(delta, a)": "d W = outer(delta, a)",
    "ds = s * (1 - s)": "d s = {s ⊙ ({1 - s})}",
    "dL_dW = dL_dz * x": "d L/d W = {d L/d z ⊙ x}",
    "dZ = (A - B) @ C": "d Z = {({A - B}) @ C}",
    "dZ = np.dot(A - B, C)": "d Z = {⟨{A - B}⟩ @ C}",
    "dZ = (A @ B).T": "d Z = ({A @ B})ᵀ",
    "x = a - (b - c) - d1": "x = {a - ({b - c}) - d1}",
    "x = a / b / c * e": "x = {{{a / b} / c} ⊙ e}",
    # keys, attributes and indices
    "grads['dW2'] = dZ2 @ cache['A1'].T": "d W2 = {d Z2 @ A1ᵀ}",
    "grads['W1'] = X.T.dot(dhidden)": "nabla W1 = {Xᵀ @ d hidden}",
    "parameters['W' + str(l + 1)] -= lr * grads[f'dW{l}']": "W_{l + 1} -= {lr ⊙ d W_l}",
    "dW[2] = np.dot(dZ[2], A[l - 1].T)": "d W#2 = {d Z#2 @ A#{l - 1}ᵀ}",
    "w[i, j] = 1": "w#i,j = 1",
    "weights['h1'] = biases['b1']": "weights_h1 = b1",
    "layer1.W = layer2.W": "W_layer1 = W_layer2",
    "W.data -= lr * W.grad": "W -= {lr ⊙ nabla W}",
    # statements
    "a = b = c": "a = b = c",
    "a, b = x, -y": "a = x; b = {- y}",
    "W1: float = W1 - lr * dW1": "W1 = {W1 - {lr ⊙ d W1}}",
    "W1 += -step_size * dW1": "W1 += {- {step_size ⊙ d W1}}",
    "import numpy as np\n'''a note'''\nprint(x)\nx = 1": "x = 1",
    "  dZ2 = A2 - Y\n  dW2 = dZ2 @ A1.T": "d Z2 = {A2 - Y}; d W2 = {d Z2 @ A1ᵀ}",
    "dW1 = (1 / m) * (\n    dZ1 @ X.T\n)": "d W1 = {({1 / m}) ⊙ ({d Z1 @ Xᵀ})}",
    # what is not read says why
    "dZ[Z <= 0] = 0": "? it sets the entries that a mask selects",
    "dscores[range(N), y] -= 1": "? it sets a part of an array",
    "x = a[:, 1] + b": "x = {? a slice is not read + b}",
    "dW2 /= m": "? it changes a value in place",
    "A, cache = forward(X)": "? several values are taken from one",
    "def f(x):\n    return x\ny = 2": "? functions are not read yet; y = 2",
    "for i in range(3):\n    y = 2": "? loops are not read yet",
    "x = a % b": "x = ? BinOp is not read",
    "dW2 = = A": "? this is not Python: invalid syntax",
    "%matplotlib inline\nx = 1\ny = 2": "? this is not Python: invalid syntax; x = 1; y = 2",
}


@pytest.mark.parametrize("line", READ)
def test_how_a_line_is_read(line):
    assert read(line) == READ[line]


def test_places_are_those_of_the_document():
    text = "α = 1\r\n  # é\r\nδ2 = (\r\n  a2 - y) * np.dot(ŵ, z2.T)\n"
    document = "π" * 9 + text
    first, second = parse_numpy(text, 9)

    def part(node):
        return document[slice(*node.span)]

    assert part(first) == "α = 1"
    assert part(second) == "δ2 = (\r\n  a2 - y) * np.dot(ŵ, z2.T)"
    assert second.spans == (second.span,)
    product = second.sides[1]
    group, dot = product.items
    assert part(group) == "(\r\n  a2 - y)"
    assert [part(term) for term in group.body.terms] == ["a2", "y"]
    assert part(dot) == "np.dot(ŵ, z2.T)"
    assert [part(item) for item in dot.items] == ["ŵ", "z2.T"]
    assert dot.items[0].faces == {"hat"}
    assert [part(script) for script in dot.items[1].scripts] == ["2", ".T"]


def test_places_of_a_chain():
    text = "a = b = c + 1"
    (statement,) = parse_numpy(text)
    assert [text[slice(*span)] for span in statement.spans] == ["a = b", "= c + 1"]


def test_the_place_of_a_key_is_that_of_the_whole():
    text = 'grads["dW2"] = self.W1'
    (statement,) = parse_numpy(text)
    left, right = statement.sides
    assert text[slice(*left.span)] == 'grads["dW2"]'
    assert text[slice(*left.of.span)] == "W2"
    assert text[slice(*right.span)] == "self.W1"


CHARACTERS = "()[]{}'\"\\=+-*@./:,#;é \n\t\r\0aW1"


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(list(READ)), min_size=1, max_size=3).map("\n".join),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), st.text(CHARACTERS, max_size=3)), max_size=4),
    st.integers(0, 5),
)
def test_any_text_is_read_and_its_places_lie_within_it(text, changes, start):
    for at, length, new in changes:
        text = text[:at] + new + text[at + length :]
    for statement in parse_numpy(text, start):
        assert start <= statement.span[0] <= statement.span[1] <= start + len(text)
        for side in statement.sides:
            for node in walk(side):
                if node.span is not None:
                    assert start <= node.span[0] <= node.span[1] <= start + len(text)
        assert len(statement.spans) == len(statement.ops) == len(statement.sides) - 1


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 5000 + ")" * 5000,
        "x = " + "-" * 50_000 + "a",
        "x = " + "a + " * 50_000 + "a",
        "x = " + "a * " * 50_000 + "a",
        "x = " + "a ** " * 3000 + "a",
        "x = a" + ".T" * 5000,
        "x = a" + "[1]" * 5000,
        "x = " + "f(" * 90 + ")" * 90,
        "x = é + " + "é * b - " * 20_000 + "1",
        "x = 1" + "0" * 5000,
        "x = '\\d'",
        "x = '\ud800'",
        "x = 1\n" * 20_000 + "= ",
    ],
    ids=range(13),
)
def test_large_and_deep_code_is_read_or_refused(text):
    statements = parse_numpy(text)
    assert statements
