"""render: an expression or an equation as Unicode, LaTeX or NumPy source, in a reader's notation."""

from typing import Literal

from handgrad.calculus.einsum_source import EinsumSource, einsum_equation
from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Call, Expression, Symbol, symbol
from handgrad.calculus.latex import Latex
from handgrad.calculus.layout import lay_out, lay_out_matrix
from handgrad.calculus.means import normalised
from handgrad.calculus.notation import Notation, find_notation
from handgrad.calculus.numpy_source import NumpySource, function_source
from handgrad.calculus.unicode import Unicode
from handgrad.calculus.written import Written
from handgrad.errors import HandgradError, did_you_mean

TYPESETTERS = {"unicode": Unicode, "latex": Latex}


def render(
    what: Expression | Equation,
    notation: Notation | str = "ng",
    form: Literal["unicode", "latex", "numpy"] = "unicode",
) -> str:
    r"""Write an expression or an equation.

    `notation` is a Notation or the name of one; what has more axes than a matrix is written in index form. As "numpy" it is source
    code: in matrix form for arrays of two dimensions in the notation's order, in index form for arrays whose dimensions are the
    axes as meant; a slope is assigned to its equation's id, and a definition is a
    Python function. Raises HandgradError for a notation or form that does not exist.

    >>> from handgrad.calculus.parser import parse
    >>> render(parse("sum(unit[1]: W[2] * A[1]) + b[2]"))
    'W[2] A[1] + b[2]'
    >>> render(parse("mean(example: dZ[2] * A[1])"), "rows", "latex")
    '\\frac{1}{m} A_{1}^{T} dZ_{2}'
    """
    notation = find_notation(notation)
    if form == "numpy":
        return _numpy(what, notation)
    return typeset(lay_out(what, notation), notation, form)


def typeset(written: Written, notation: Notation, form: str) -> str:
    """What is written as Unicode or LaTeX. Raises HandgradError for a form that does not exist."""
    if form not in TYPESETTERS:
        raise HandgradError(f"there is no form {form!r}. {did_you_mean(form, [*TYPESETTERS, 'numpy'])}")
    return TYPESETTERS[form](notation).text(written)


def _numpy(what: Expression | Equation, notation: Notation) -> str:
    if notation.form == "factors":
        raise HandgradError("the bare factors of a chain have no NumPy source; take the form matrix or index")
    if notation.examples == "indexed":  # arrays hold all examples
        notation = notation.but(examples="columns")
    if isinstance(what, Equation) and isinstance(what.left, Call):
        right = _numpy(Equation(what.id, symbol("_", on=what.left.axes), what.right, what.reason), notation).partition(" = ")[2]
        if any(argument.axes for argument in what.left.arguments):
            return f"{what.id} = {right}"
        names = ", ".join(argument.key for argument in what.left.arguments if isinstance(argument, Symbol))
        return f"def {function_source(what.left.function, what.left.primes)}({names}): return {right}"
    if notation.form == "matrix":
        return NumpySource(notation).text(lay_out_matrix(what, notation))
    if isinstance(what, Equation):
        return einsum_equation(what, notation)
    return EinsumSource(notation).code(normalised(what, notation))[0]
