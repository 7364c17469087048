"""A compact notation for the trees of other people's formulas."""

from handgrad.check.tree import (
    BigSum,
    Bracketed,
    Call,
    Cases,
    Compare,
    Derivative,
    Differential,
    Dots,
    Fraction,
    Group,
    Matrix,
    Name,
    Number,
    Operator,
    Product,
    Root,
    Script,
    Scripted,
    Sum,
    Unreadable,
    Words,
)

MARKS = {"partial": "∂", "nabla": "∇", "delta": "δ", "Delta": "Δ"}


def shown(statement):
    """A statement in one line."""
    text = "…" if statement.continues else tree(statement.sides[0])
    for op, side in zip(statement.ops, statement.sides[1:], strict=True):
        text += f" {op} {tree(side)}"
    return text


def tree(node):
    """A node in one line."""
    match node:
        case Number(text=text) | Words(text=text):
            return text
        case Name(name=name, scripts=scripts, faces=faces):
            return name + "".join(f"~{face}" for face in sorted(faces)) + "".join(map(tree, scripts))
        case Script(kind=kind, body=body, count=count):
            return {"sup": "^", "sub": "_", "digits": "#", "bracket": "@", "prime": "'" * count, "transpose": "ᵀ"}[kind] + ",".join(
                map(tree, body)
            )
        case Bracketed(open=opens, body=body):
            return opens + ",".join(map(tree, body)) + {"[": "]", "(": ")", "{": "}", "<": ">"}[opens]
        case Scripted(base=base, scripts=scripts):
            return f"<{tree(base)}>" + "".join(map(tree, scripts))
        case Group(body=body, open=opens):
            return f"{'' if opens == '(' else opens}({tree(body)})"
        case Call(function=function, arguments=arguments, keywords=keywords):
            inside = [*map(tree, arguments), *(f"{key}={tree(value)}" for key, value in keywords)]
            return f"{tree(function)}({', '.join(inside)})"
        case Differential(of=of, mark=mark, by=by):
            return f"{MARKS.get(mark, mark)}({tree(of)}{'' if by is None else ' by ' + tree(by)})"
        case Derivative(of=of, by=by, mark=mark, order=order):
            return f"{MARKS.get(mark, mark)}{'' if order == 1 else order}[{tree(of)}|{tree(by)}]"
        case Operator(by=by, mark=mark):
            return f"{MARKS.get(mark, mark)}/{MARKS.get(mark, mark)}[{tree(by)}]"
        case Product(items=items, signs=signs):
            return tree(items[0]) + "".join(
                f" {sign}{' ' * bool(sign)}{tree(item)}" for sign, item in zip(signs, items[1:], strict=True)
            )
        case Sum(terms=terms, signs=signs):
            text = " ".join(f"{sign} {tree(term)}" for sign, term in zip(signs, terms, strict=True))
            return text.removeprefix("+ ") if text[0] == "+" else text[0] + text[2:]
        case Fraction(over=over, under=under, mark=mark):
            return f"({tree(over)})/{'s' if mark == '/' else ''}({tree(under)})"
        case Root(body=body):
            return f"√({tree(body)})"
        case BigSum(index=index, lower=lower, upper=upper, body=body, kind=kind):
            limits = "" if index is None else tree(index)
            limits += "" if lower is None else f"={tree(lower)}"
            limits += "" if upper is None else f"..{tree(upper)}"
            return f"{ {'sum': 'Σ', 'prod': 'Π'}.get(kind, 'mean') }{f'[{limits}]' if limits else ''}({tree(body)})"
        case Cases(rows=rows):
            return "cases[" + "; ".join(tree(value) + ("" if when is None else f" if {tree(when)}") for value, when in rows) + "]"
        case Matrix(rows=rows):
            return "matrix[" + "; ".join(", ".join(map(tree, row)) for row in rows) + "]"
        case Compare(op=op, left=left, right=right):
            return f"{{{tree(left)} {op} {tree(right)}}}"
        case Dots():
            return "..."
        case Unreadable(reason=reason):
            return f"unreadable[{reason}]"
    raise AssertionError(node)
