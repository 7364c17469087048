"""Straight-line Python with NumPy as formulas: read through `ast`, never run."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from handgrad.check.parsing.building import indexed, is_condition, is_one, marked, multiplied, negative, summed, term
from handgrad.check.parsing.numpy_calls import known_call
from handgrad.check.parsing.python_source import Lines, blank_after, blank_before, parsed
from handgrad.check.parsing.words import is_quantity, letters, word_node
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
    Node,
    Number,
    Script,
    Span,
    Statement,
    Sum,
    Unreadable,
    Words,
    bare,
)

DEEPEST = 100
MODULES = {"np", "numpy", "jnp", "math", "torch", "tf", "cp", "xp", "scipy", "special", "F", "nn"}
OWNERS = {"self", "cls", "params", "parameters", "model", "net", "network", "cache", "layer"}
GRADIENTS = {"grads", "grad", "gradients", "gradient", "dparams"}
SAME_METHODS = {"astype", "copy", "item", "detach", "squeeze", "clone", "float", "numpy", "cpu"}
BUILT_IN = {"float", "int", "len", "dot", "matmul"}
OVER_AN_AXIS = {"sum", "mean", "max", "min", "argmax", "prod", "nansum", "amax", "average", "std", "var"}
COMPARISONS = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}
CONSTANTS = {"pi": math.pi, "e": math.e}
SELECTS = (ast.Compare, ast.BoolOp, ast.Call, ast.List, ast.Tuple, ast.JoinedStr)
NOT_READ = {
    ast.FunctionDef: "functions are not read yet",
    ast.AsyncFunctionDef: "functions are not read yet",
    ast.ClassDef: "classes are not read yet",
    ast.For: "loops are not read yet",
    ast.While: "loops are not read yet",
    ast.If: "branches are not read yet",
    ast.With: "with blocks are not read yet",
    ast.Try: "try blocks are not read yet",
}


def parse_numpy(text: str, start: int = 0) -> tuple[Statement, ...]:
    """The assignments and expressions of a piece of code, with offsets that count from `start`.

    Imports, prints and strings alone are no formulas and left out. What cannot be read is a statement with an `Unreadable` side.
    """
    lines = Lines.of(text, start)
    tree = parsed(lines.source)
    if isinstance(tree, ast.Module):
        return _Reader(text, start, lines).statements(tree)
    pieces = lines.pieces()
    if len(pieces) == 1:
        return (_unread(lines.span(), tree),)
    found: list[Statement] = []
    for piece in pieces:  # what is right in a page with a line of the shell or of prose is read all the same
        tree = parsed(piece.source)
        found += _Reader(text, start, piece).statements(tree) if isinstance(tree, ast.Module) else [_unread(piece.span(), tree)]
    return tuple(found)


def _unread(span: Span, reason: str) -> Statement:
    return Statement((Unreadable(span, reason),), (), (), span)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the nodes of `ast` to those of a formula."""

    text: str
    start: int
    lines: Lines

    def span(self, node: ast.expr | ast.stmt) -> Span:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.lines.offset(node.lineno, node.col_offset), self.lines.offset(node.end_lineno, node.end_col_offset)

    def source(self, span: Span) -> str:
        return self.text[span[0] - self.start : span[1] - self.start]

    def statements(self, tree: ast.Module) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for statement in tree.body:
            try:
                found += self.statement(statement)
            except RecursionError:
                found.append(_unread(self.span(statement), "this is nested too deeply"))
        return tuple(found)

    def statement(self, node: ast.stmt) -> Iterator[Statement]:
        span = self.span(node)
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from self.assignment(targets, value, span)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from self.assignment([target], value, span)
            case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
                yield self.chain([self.target(target), self.outer(value)], "+=" if isinstance(op, ast.Add) else "-=", span)
            case ast.AugAssign():
                yield _unread(span, "it changes a value in place")
            case ast.Expr(value=ast.Constant()) | ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
                return
            case ast.Expr(value=value):
                yield Statement((self.outer(value),), (), (), span)
            case _ if type(node) in NOT_READ:
                yield _unread(span, NOT_READ[type(node)])

    def assignment(self, targets: list[ast.expr], value: ast.expr, span: Span) -> Iterator[Statement]:
        if isinstance(value, ast.Lambda) and len(targets) == 1 and isinstance(targets[0], ast.Name):
            place = self.span(targets[0])
            inner = tuple(word_node(one.arg, self.lines_of(one)) for one in value.args.args)
            yield self.chain([Call(place, letters(self.source(place), place), inner), self.outer(value.body)], "=", span)
        elif isinstance(targets[0], ast.Tuple | ast.List):
            names = targets[0].elts
            values = self.unpacked(value, len(names))
            if values is None or len(targets) > 1 or any(isinstance(name, ast.Starred | ast.Tuple | ast.List) for name in names):
                yield _unread(span, "several values are taken from one")
                return
            for name, one in zip(names, values, strict=True):
                yield Statement((self.target(name), one), ("=",), (span,), span)
        else:
            yield self.chain([*(self.target(target) for target in targets), self.outer(value)], "=", span)

    def lines_of(self, node: ast.arg) -> Span:
        assert node.end_col_offset is not None
        return self.lines.offset(node.lineno, node.col_offset), self.lines.offset(node.lineno, node.end_col_offset)

    def unpacked(self, value: ast.expr, count: int) -> list[Node] | None:
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == count:
            return [self.outer(one) for one in value.elts]
        if isinstance(value, ast.Attribute) and value.attr == "shape":
            return [self.shape(value, axis) for axis in range(count)]
        return None

    def chain(self, sides: list[Node], op: str, span: Span) -> Statement:
        """A statement of sides that stand one after the other with `op` between them."""
        bad = next((side for side in sides if isinstance(side, Unreadable) and side.reason.startswith("it sets")), None)
        if bad:
            return _unread(span, bad.reason)
        spans: list[Span] = []
        for left, right in pairwise(sides):
            assert left.span is not None
            assert right.span is not None
            sign = self.start + self.text.find(op, left.span[1] - self.start)
            spans.append((sign if spans else span[0], right.span[1]))
        return Statement(tuple(sides), (op,) * len(spans), tuple(spans), span)

    def target(self, node: ast.expr) -> Node:
        if isinstance(node, ast.Subscript):
            at = node.slice
            if any(isinstance(part, ast.Compare | ast.BoolOp) for part in ast.walk(at)):
                return Unreadable(self.span(node), "it sets the entries that a mask selects")
            if any(isinstance(part, ast.Slice | ast.Call) for part in ast.walk(at)) and not self.key(at):
                return Unreadable(self.span(node), "it sets a part of an array")
        return self.expression(node, 0)

    # Expressions. `depth` counts nesting, which chains of + and * do not add to.

    def outer(self, node: ast.expr) -> Node:
        """An expression with the brackets that stand around it."""
        return self.operand(node, 0)

    def operand(self, node: ast.expr, depth: int, spare: int = 0) -> Node:
        """The expression in as many pairs of brackets as stand around it, less those that are a call's."""
        inner = self.expression(node, depth)
        first, last = self.span(node)
        first, last, text = first - self.start, last - self.start, self.text
        pairs: list[Span] = []
        while len(pairs) < DEEPEST:
            first, last = blank_before(text, first), blank_after(text, last)
            if not (first and last < len(text) and text[first - 1] == "(" and text[last] == ")"):
                break
            first, last = first - 1, last + 1
            pairs.append((first + self.start, last + self.start))
        for pair in pairs[: len(pairs) - spare] if spare else pairs:
            inner = Group(pair, inner)
        return inner

    def expression(self, node: ast.expr, depth: int) -> Node:
        span = self.span(node)
        if depth > DEEPEST:
            return Unreadable(span, "this is nested too deeply")
        depth += 1
        match node:
            case ast.Constant(value=value):
                return self.constant(value, span)
            case ast.Name():
                return word_node(self.source(span), span)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Sum(span, (term(self.operand(operand, depth)),), ("-",))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.operand(operand, depth)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self.total(node, depth)
            case ast.BinOp(op=ast.Mult() | ast.MatMult() | ast.Div()):
                return self.product(node, depth)
            case ast.BinOp(left=base, op=ast.Pow(), right=power):
                raised = self.operand(power, depth)
                return marked(self.operand(base, depth), Script(raised.span, "sup", (bare(raised),)), span)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                return Compare(span, COMPARISONS[type(op)], self.operand(left, depth), self.operand(right, depth))
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                rows = (self.operand(body, depth), self.operand(test, depth)), (self.operand(otherwise, depth), None)
                return Cases(span, rows)
            case ast.Call():
                return self.call(node, depth)
            case ast.Attribute():
                return self.attribute(node, depth)
            case ast.Subscript():
                return self.subscript(node, depth)
            case ast.List(elts=rows) | ast.Tuple(elts=rows) if rows:
                entries = [row.elts if isinstance(row, ast.List | ast.Tuple) else [row] for row in rows]
                if not any(isinstance(row, ast.List | ast.Tuple) for row in rows):
                    entries = [rows]
                return Matrix(span, tuple(tuple(self.operand(entry, depth) for entry in row) for row in entries))
        return Unreadable(span, f"{type(node).__name__} is not read")

    def constant(self, value: object, span: Span) -> Node:
        if value is None or isinstance(value, bool | str):
            return Words(span, str(value))
        if isinstance(value, int | float):
            try:
                return Number(span, float(value), self.source(span))
            except OverflowError:
                return Unreadable(span, "this number is too large")
        return Unreadable(span, "this constant is not read")

    def total(self, node: ast.expr, depth: int) -> Node:
        """Terms left to right: a + b - c."""
        parts: list[tuple[str, Node]] = []
        span, left = self.span(node), node
        while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add | ast.Sub) and (left is node or not self.bracketed(left)):
            parts.append(("+" if isinstance(left.op, ast.Add) else "-", self.operand(left.right, depth)))
            left = left.left
        parts.append(("+", self.operand(left, depth)))
        return summed(span, parts[::-1])

    def bracketed(self, node: ast.expr) -> bool:
        first, last = (place - self.start for place in self.span(node))
        first, last = blank_before(self.text, first), blank_after(self.text, last)
        return first > 0 and self.text[first - 1] == "(" and self.text[last : last + 1] == ")"

    def product(self, node: ast.expr, depth: int) -> Node:
        """Factors and divisors left to right; a factor of 1 only makes a comparison a number, and a first minus is of it all."""
        spine: list[ast.BinOp] = []
        left = node
        while (
            isinstance(left, ast.BinOp)
            and isinstance(left.op, ast.Mult | ast.MatMult | ast.Div)
            and (left is node or not self.bracketed(left))
        ):
            spine.append(left)
            left = left.left
        result, minus = self.operand(left, depth), False
        if isinstance(result, Sum) and len(result.terms) == 1 and result.signs == ("-",):
            result, minus = result.terms[0], True
        for step in reversed(spine):
            span = self.span(step)
            if minus and result.span is not None:
                span = result.span[0], span[1]
            right = self.operand(step.right, depth)
            if isinstance(step.op, ast.Div):
                result = Fraction(span, result, right, "/")
            elif isinstance(step.op, ast.Mult) and is_one(right) and is_condition(result):
                continue
            elif isinstance(step.op, ast.Mult) and is_one(result) and is_condition(right):
                result = right
            else:
                result = multiplied(span, result, right, "odot" if isinstance(step.op, ast.Mult) else "@")
        return Sum(self.span(node), (result,), ("-",)) if minus else result

    def attribute(self, node: ast.Attribute, depth: int) -> Node:
        span, attr, base = self.span(node), node.attr, node.value
        place = span[1] - len(attr), span[1]
        if self.module(base):
            return Number(span, CONSTANTS[attr], self.source(span)) if attr in CONSTANTS else Name(span, attr)
        if attr in {"T", "mT"}:
            return marked(self.operand(base, depth), Script((self.dot(node), span[1]), "transpose"), span)
        if attr == "shape":
            return Call(span, Name(place, "shape"), (self.operand(base, depth),))
        if attr == "size":
            return Call(span, Name(place, "size"), (self.operand(base, depth),))
        if attr == "data":
            return self.operand(base, depth)
        if attr == "grad":
            of = self.operand(base, depth)
            return of if isinstance(of, Differential | Derivative) else Differential(span, of, "nabla")
        owner = self.last_word(base)
        if owner is None:
            return Unreadable(span, "a part of this value is not read")
        word = self.owned(word_node(attr, place), owner)
        if owner in OWNERS | GRADIENTS or "cache" in owner or "param" in owner:
            return replace(word, span=span)
        return replace(indexed(word, Script(self.span(base), "sub", (self.operand(base, depth),))), span=span)

    def dot(self, node: ast.Attribute) -> int:
        """Where the dot before an attribute stands."""
        end = self.span(node)[1] - self.start
        return self.start + self.text.rfind(".", 0, end - len(node.attr))

    @staticmethod
    def module(node: ast.expr) -> bool:
        """Whether it is np, or a part of it as np.linalg."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in MODULES

    @staticmethod
    def last_word(node: ast.expr) -> str | None:
        return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None

    @staticmethod
    def owned(word: Node, owner: str) -> Node:
        """W1 of grads is a gradient."""
        if owner in GRADIENTS and isinstance(word, Name):
            return Differential(word.span, word, "nabla")
        return word

    def shape(self, node: ast.Attribute, axis: int) -> Node:
        span = self.span(node)
        number = Number(None, float(axis), str(axis))
        return Call(span, Name((span[1] - 5, span[1]), "shape"), (self.operand(node.value, 1),), (("axis", number),))

    def key(self, node: ast.expr) -> tuple[Node, Node | None] | None:
        """The word that a key is, and what is joined to it: "W1", "W" + str(l), f"W{l}"."""
        match node:
            case ast.Constant(value=str(word)) if word.isidentifier():
                span = self.span(node)
                cut = (len(self.source(span)) - len(word)) // 2
                inner = (span[0] + cut, span[1] - cut)
                return word_node(word, inner if self.source(inner) == word else span), None
            case ast.BinOp(left=left, op=ast.Add(), right=ast.Call(func=ast.Name(id="str"), args=[index])):
                word_of = self.key(left)
                return word_of and (word_of[0], self.operand(index, 1, spare=1))
            case ast.JoinedStr(values=[ast.Constant(value=str(word)), ast.FormattedValue(value=index)]) if word.isidentifier():
                span = self.span(node)  # places within a formatted string are not known
                joined = word_node(index.id, span) if isinstance(index, ast.Name) else Unreadable(span, "this key is not read")
                return word_node(word, span), joined
        return None

    def subscript(self, node: ast.Subscript, depth: int) -> Node:
        span, base, at = self.span(node), node.value, node.slice
        if isinstance(base, ast.Attribute) and base.attr == "shape" and isinstance(at, ast.Constant | ast.UnaryOp):
            call = self.shape(base, 0)
            assert isinstance(call, Call)
            return replace(call, span=span, keywords=(("axis", self.axis(at)),))
        if found := self.key(at):
            word, index = found
            owner = self.last_word(base)
            if isinstance(index, Unreadable):
                return replace(index, span=span)
            if index is not None:
                word = indexed(word, Script(index.span, "sub", (bare(index),)))
            if owner and is_quantity(owner) and not (isinstance(word, Name) and word.name[:1] in set("WwBbZzAaXxYy")):
                # weights["h1"] is not h1, while weights["W1"] is W1
                return marked(self.operand(base, depth), Script(word.span, "sub", (word,)), span)
            return replace(self.owned(word, owner or ""), span=span)
        indices = at.elts if isinstance(at, ast.Tuple) else [at]
        if any(isinstance(part, ast.Slice) for part in indices):
            return Unreadable(span, "a slice is not read")
        if not indices or any(isinstance(part, SELECTS) for index in indices for part in ast.walk(index)):
            return Unreadable(span, "what an index of this kind selects is not read")
        of = self.operand(base, depth)
        assert of.span is not None
        script = Script((of.span[1], span[1]), "bracket", tuple(self.operand(index, depth) for index in indices))
        return replace(indexed(of, script), span=span) if isinstance(of, Differential) else marked(of, script, span)

    def axis(self, node: ast.expr) -> Node:
        """A number with its sign."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            number = self.expression(node.operand, 1)
            if isinstance(number, Number):
                return Number(self.span(node), -number.value, "-" + number.text)
        return self.operand(node, 1)

    def call(self, node: ast.Call, depth: int) -> Node:
        span, function = self.span(node), node.func
        if any(isinstance(argument, ast.Starred) for argument in node.args) or any(word.arg is None for word in node.keywords):
            return Unreadable(span, "arguments with a star are not read")
        owned = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id in OWNERS
        library = isinstance(function, ast.Attribute) and not owned
        spare = 1 if len(node.args) == 1 and not node.keywords else 0
        arguments = [self.operand(argument, depth, spare) for argument in node.args]
        keywords = [(word.arg or "", self.axis(word.value)) for word in node.keywords]
        if isinstance(function, ast.Name):
            name, place = function.id, self.span(function)
        elif isinstance(function, ast.Attribute):
            name, (first, last) = function.attr, self.span(function)
            place = max(first, last - len(name)), last
            if name in SAME_METHODS and not self.module(function.value):
                return self.operand(function.value, depth)
            if library and not self.module(function.value):
                arguments.insert(0, self.operand(function.value, depth))
        else:
            return Unreadable(span, "what is called here is not a name")
        if (library or name in BUILT_IN) and arguments and not keywords:
            known = known_call(name, place, arguments, span)
            if known is not None:
                return known
        if name in OVER_AN_AXIS and len(arguments) == 2 and library:
            keywords.insert(0, ("axis", negative(arguments.pop())))
        return Call(span, letters(name, place), tuple(arguments), tuple(keywords))
