"""Documents read, understood and judged, for tests of what is told about them as a whole."""

from dataclasses import dataclass

from handgrad.check.judging.judged import Judged
from handgrad.check.judging.judging import Judge
from handgrad.check.options import Options
from handgrad.check.parsing import collect_functions, parse
from handgrad.check.parsing.numpy_code import parse_numpy
from handgrad.check.reading import Read, read
from handgrad.check.understanding.inferring import Understanding, understand
from handgrad.check.understanding.relations import Relation, relations_of
from handgrad.check.understanding.stated import stated


@dataclass
class Document:
    read: Read
    relations: list[Relation]
    understanding: Understanding
    judged: list[Judged]


def document(text: str, name: str = "notes.md") -> Document:
    found = read(text, name)
    functions = collect_functions((p.text, p.kind) for p in found.passages)
    statements = [
        (p, parse_numpy(p.text, p.start) if p.kind == "numpy" else parse(p.text, p.start, p.kind, functions=functions))
        for p in found.passages
    ]
    relations = relations_of(statements)
    understanding = understand(relations, stated(prose.text for prose in found.prose), Options(), functions)
    return Document(found, relations, understanding, Judge(understanding, relations).all())


def displayed(*formulas: str) -> str:
    return "\n\n".join(f"$${formula}$$" for formula in formulas) + "\n"


FORWARD = (
    r"Z^{[1]} = W^{[1]} X + b^{[1]}",
    r"A^{[1]} = relu(Z^{[1]})",
    r"Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}",
    r"A^{[2]} = \sigma(Z^{[2]})",
)
LOSS = r"J = -\frac{1}{m} \sum_{i=1}^{m} (y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log(1 - a^{[2](i)}))"
BACKWARD = {
    "dZ2": r"dZ^{[2]} = A^{[2]} - Y",
    "dW2": r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}",
    "db2": r"db^{[2]} = \frac{1}{m} \sum dZ^{[2]}",
    "dZ1": r"dZ^{[1]} = W^{[2]T} dZ^{[2]} \odot relu'(Z^{[1]})",
    "dW1": r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T",
    "db1": r"db^{[1]} = \frac{1}{m} \sum dZ^{[1]}",
}
UPDATES = tuple(rf"{p}^{{[{k}]}} = {p}^{{[{k}]}} - \alpha d{p}^{{[{k}]}}" for k in (1, 2) for p in "Wb")
"""A right derivation, part by part."""
