"""What the marks at a name are: its layer, its indices, its example, a transpose, a power."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from handgrad.check.tree import Bracketed, Call, Dots, Group, Name, Node, Number, Product, Script, Statement, Sum, children, walk
from handgrad.check.understanding.roles import DATA, LAYERED, UNITS, is_hat, split_word, usual_role

TRANSPOSES = frozenset({"T", "top", "intercal", "mathsf", "tr", "Tr", "transpose", "mathrm"})
TIMES = frozenset({"t", "tau", "new", "old", "+", "prev", "next", "before", "after", "neu", "alt", "updated"})
LAYER_LETTERS = frozenset("lL")
EXAMPLE_LETTERS = frozenset("inpskjm")
NO_PAIRS = frozenset({"in", "xh", "hh", "hy", "ho", "ih", "oh", "xy"})


@dataclass(frozen=True)
class Marks:
    """The marks at one name.

    `layer` is an expression in layers (None where there is none), `words` are labels that are no numbers.
    """

    layer: Node | None = None
    indices: tuple[Node, ...] = ()
    example: Node | None = None
    transpose: bool = False
    power: Node | None = None
    primes: int = 0
    words: tuple[str, ...] = ()
    time: Node | None = None


@dataclass(frozen=True)
class Habit:
    """How a document marks layers: which kinds of marks its weights and units have, and which letters count layers."""

    square: bool = False
    plain: bool = False
    sub: bool = True
    counters: frozenset[str] = LAYER_LETTERS
    prime_transposes: bool = False
    roles: Mapping[tuple[str, bool], str] = field(default_factory=dict)

    def role(self, name: Name) -> str | None:
        """The document's role for a name, or the usual one."""
        found = self.roles.get((name.name, is_hat(name)))
        return found if found is not None else usual_role(name)


def _content(script: Script) -> list[Node]:
    """The parts of a script, side by side; products by juxtaposition are taken apart."""
    parts: list[Node] = []
    for node in script.body:
        if isinstance(node, Product) and not any(node.signs):
            parts.extend(node.items)
        elif isinstance(node, Call) and node.arguments:  # as T(l), which is no call here
            parts.append(replace(node.function, scripts=node.function.scripts))
            parts.append(Bracketed(node.span, "(", node.arguments))
        elif isinstance(node, Group):
            parts.append(Bracketed(node.span, node.open, (node.body,)))
        else:
            parts.append(node)
    return parts


def is_counter(node: Node, counters: frozenset[str]) -> bool:
    """Whether a mark counts layers: l, L, l+1, L-1, l-1 with the document's letters."""
    names = [part for part in walk(node) if isinstance(part, Name)]
    return bool(names) and all(part.name in counters and not part.scripts for part in names) and _affine(node)


def _affine(node: Node) -> bool:
    if isinstance(node, Sum):
        return all(isinstance(term, Name | Number) for term in node.terms)
    return isinstance(node, Name | Number)


def _bare(node: Node) -> Node:
    """A part of a script without marks of its own that belong to what stands around it, as the T of {(l)^T}."""
    return replace(node, scripts=()) if isinstance(node, Name) else node


def is_name(node: Node, words: Iterable[str]) -> bool:
    """Whether a node is a name among these words."""
    return isinstance(node, Name) and node.name in words


def _is_pair(name: Name) -> bool:
    """Whether a name is two index letters side by side, as ij."""
    word = name.name
    return len(word) == 2 and word.islower() and word[0] != word[1] and word not in NO_PAIRS and not name.scripts


class Marker:
    """Reads marks with a document's habit."""

    def __init__(self, habit: Habit) -> None:
        self.habit = habit
        self._known: dict[int, tuple[Name, Marks]] = {}

    def marks(self, name: Name) -> Marks:
        """The marks at a name."""
        known = self._known.get(id(name))
        if known is None or known[0] is not name:
            known = self._known[id(name)] = (name, self._read(name))
        return known[1]

    def _read(self, name: Name) -> Marks:
        role = self.habit.role(name)
        found = Marks()
        parts = split_word(name.name)
        if parts is not None and (name.name, is_hat(name)) not in self.habit.roles:
            found = Marks(words=(parts[1],))
        elif len(name.name) == 2 and name.name[1] == "L" and role in LAYERED:
            found = Marks(layer=Name(None, "L"))  # AL, ZL
        scripts = list(name.scripts)
        for place, script in enumerate(scripts):
            found = self._script(found, script, role, scripts[place + 1 :])
        return found

    def _script(self, found: Marks, script: Script, role: str | None, later: list[Script]) -> Marks:
        if script.kind == "transpose":
            return replace(found, transpose=not found.transpose)
        if script.kind == "prime":
            if self.habit.prime_transposes and role in {*LAYERED, "X"}:
                return replace(found, transpose=not found.transpose)
            return replace(found, primes=found.primes + script.count)
        for part in _content(script):
            found = self._part(found, script.kind, part, role, later)
        return found

    def _part(self, found: Marks, kind: str, part: Node, role: str | None, later: list[Script]) -> Marks:
        own = tuple(part.scripts) if isinstance(part, Name) else ()
        found = self._one(found, kind, _bare(part), role, later)
        for script in own:  # as [l]^T in braces, or j' in a subscript
            raised = replace(script, kind="sup") if script.kind == "sub" and kind == "sup" else script
            found = self._script(found, raised, role, [])
        return found

    def _one(self, found: Marks, kind: str, part: Node, role: str | None, later: list[Script]) -> Marks:
        if kind == "sup":
            return self._superscript(found, part, role)
        if kind == "bracket":
            return replace(found, layer=part) if found.layer is None and role not in DATA else replace(found, example=part)
        if kind == "digits":
            return self._numbered(found, part, role, later)
        return self._subscript(found, part, role, later)

    def _superscript(self, found: Marks, part: Node, role: str | None) -> Marks:
        if isinstance(part, Bracketed):
            return self._bracketed(found, part, role)
        if is_name(part, TRANSPOSES) and not (is_name(part, "T") and role == "m"):
            return replace(found, transpose=not found.transpose)
        if is_name(part, {"prime"}):
            return replace(found, primes=found.primes + 1)
        if is_name(part, {"t"}) and role in {"W", "X"} and not self.habit.plain and found.layer is None and found.indices == ():
            return replace(found, transpose=not found.transpose)
        if is_name(part, TIMES) or (isinstance(part, Sum) and any(is_name(term, TIMES) for term in part.terms)):
            return replace(found, time=part)
        plain = self.habit.plain and found.layer is None and role in {*LAYERED, "function", "loss"}
        if plain and (isinstance(part, Number) or is_counter(part, self.habit.counters)):
            return replace(found, layer=part)
        if isinstance(part, Number | Sum) and not is_counter(part, self.habit.counters):
            return replace(found, power=part)
        if is_counter(part, self.habit.counters):
            return replace(found, layer=part) if found.layer is None else replace(found, power=part)
        if isinstance(part, Name) and role in {*LAYERED, "function"} and found.layer is None:
            return replace(found, words=(*found.words, part.name))
        if isinstance(part, Name) and len(part.name) == 1 and role in DATA | {"output", "loss"}:
            return replace(found, example=part)
        return replace(found, power=part)

    def _bracketed(self, found: Marks, part: Bracketed, role: str | None) -> Marks:
        inner = part.body
        for k, item in enumerate(inner):  # (\cdot, i): all units of example i
            if is_name(item, {"cdot", "*", "bullet"}) or isinstance(item, Dots):
                rest = [x for n, x in enumerate(inner) if n != k and not is_name(x, {"cdot"})]
                return replace(found, example=rest[0]) if rest else found
        if not inner:
            return found
        first = inner[0]
        if part.open == "[":
            if role in DATA and not is_counter(first, self.habit.counters):
                return replace(found, example=first) if found.example is None else found
            return replace(found, layer=first) if found.layer is None else replace(found, example=first)
        if self._is_example(first, found, role):
            return replace(found, example=first)
        if found.layer is None:
            if isinstance(first, Name) and len(first.name) > 1 and first.name not in self.habit.counters:
                return replace(found, words=(*found.words, first.name))
            return replace(found, layer=first)
        return replace(found, example=first)

    def _is_example(self, part: Node, found: Marks, role: str | None) -> bool:
        if found.layer is not None:
            return True
        if role in DATA | {"output", "loss"}:
            return not (role == "loss" and is_counter(part, self.habit.counters))
        if self.habit.square and not is_counter(part, self.habit.counters):
            return True
        return role in {*UNITS, None} and is_name(part, EXAMPLE_LETTERS - self.habit.counters)

    def _numbered(self, found: Marks, part: Node, role: str | None, later: list[Script]) -> Marks:
        if found.layer is not None or role in DATA | {"output"}:
            return replace(found, indices=(*found.indices, part))
        return replace(found, layer=part) if self._by_sub(role, later) else replace(found, indices=(*found.indices, part))

    def _by_sub(self, role: str | None, later: list[Script]) -> bool:
        """Whether a number below is a layer: not where another mark at the name is one."""
        above = any(s.kind in {"sup", "bracket"} and any(self._marks_layer(p, role) for p in _content(s)) for s in later)
        return self.habit.sub and not above and role in {*LAYERED, "function", None}

    def _marks_layer(self, part: Node, role: str | None) -> bool:
        if isinstance(part, Bracketed):
            return bool(part.body) and (part.open == "[" or not self._is_example(part.body[0], Marks(), role))
        return self.habit.plain and (isinstance(part, Number) or is_counter(part, self.habit.counters))

    def _subscript(self, found: Marks, part: Node, role: str | None, later: list[Script]) -> Marks:
        if isinstance(part, Bracketed) and part.body:
            inner = part.body[0]
            if part.open == "[" and found.layer is None:
                return replace(found, layer=inner)
            is_layer = found.layer is None and self._by_sub(role, later)
            return replace(found, layer=inner) if is_layer else replace(found, example=inner)
        if isinstance(part, Number):
            several = part.text.isdigit() and (found.indices or len(part.text) == 2)
            if role == "W" and several and not self._single(part, later, found):
                digits = tuple(Number(None, float(digit), digit) for digit in part.text)
                return replace(found, indices=(*found.indices, *digits))
            return self._numbered(found, part, role, later) if not found.indices else replace(found, indices=(*found.indices, part))
        if is_counter(part, self.habit.counters) and found.layer is None and self._by_sub(role, later) and not found.indices:
            return replace(found, layer=part)
        if isinstance(part, Name) and part.name in TIMES and role in {"W", "b", None} and part.name != "t":
            return replace(found, time=part)
        made = {"theta", "Theta", "w", "W"} if role in {"A", "loss", "output", None} else {"theta", "Theta"}
        if role != "W" and is_name(part, made):
            return found  # h_θ: the function that the parameters make
        if isinstance(part, Name) and part.name in {":", "*", "cdot", "bullet"}:
            return replace(found, words=(*found.words, ":"))  # all of them: what stands beside it tells the example
        if ":" in found.words and isinstance(part, Name) and not found.indices:
            return replace(found, words=tuple(w for w in found.words if w != ":"), example=part)
        if isinstance(part, Name) and role == "W" and _is_pair(part):
            return replace(found, indices=(*found.indices, *(Name(None, letter) for letter in part.name)))
        if isinstance(part, Name) and len(part.name) > 1:
            return replace(found, words=(*found.words, part.name))
        if isinstance(part, Name | Sum):
            return replace(found, indices=(*found.indices, part))
        return replace(found, words=(*found.words, "?"))

    def _single(self, part: Number, later: list[Script], found: Marks) -> bool:
        return not found.indices and found.layer is None and self._by_sub("W", later) and part.value > 9


def named(node: Node) -> Iterable[Name]:
    """The names in a tree that stand for something, without those in scripts."""
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Name):
            yield top
        elif not isinstance(top, Script):
            stack.extend(reversed(list(children(top))))


def habit_of(statements: Iterable[Statement], roles: Mapping[tuple[str, bool], str] | None = None) -> Habit:
    """A document's habit, from all of its formulas."""
    kinds: Counter[str] = Counter()
    counters: Counter[str] = Counter()
    probe = Habit(roles=roles or {})
    primes = 0
    for name in (name for s in statements for side in s.sides if side is not None for name in named(side)):
        role = probe.role(name)
        if role not in LAYERED:
            continue
        seen = set()
        for script in name.scripts:
            seen |= _kinds(script, role, counters)
            primes += script.kind == "prime" and role == "W"
        kinds.update(seen)
    letters = LAYER_LETTERS | {letter for letter, count in counters.items() if count >= 2}
    top = kinds["square"] or kinds["paren"] or kinds["plain"]
    return Habit(
        square=kinds["square"] > 0,
        plain=kinds["plain"] > 0 and kinds["plain"] >= kinds["square"],
        sub=kinds["sub"] > 0 or not top,
        counters=letters,
        prime_transposes=primes > 0,
        roles=roles or {},
    )


def _kinds(script: Script, role: str, counters: Counter[str]) -> set[str]:
    """The kinds of marks of layers that a script holds."""
    found = set()
    for part in _content(script):
        inner = part.body[0] if isinstance(part, Bracketed) and part.body else part
        weight = role in {"W", "b", "accumulated", "mean gradient"}
        one_letter = isinstance(inner, Name | Sum) and not is_name(inner, TRANSPOSES | TIMES)
        if script.kind == "bracket" or (isinstance(part, Bracketed) and part.open == "["):
            found.add("square")
            if weight and one_letter:
                _count(inner, counters)
        elif isinstance(part, Bracketed) and script.kind == "sup":
            if weight or is_counter(inner, LAYER_LETTERS) or isinstance(inner, Number):
                found.add("paren")
                if weight and one_letter:
                    _count(inner, counters)
        elif script.kind == "sup" and is_counter(_bare(part), LAYER_LETTERS):
            found.add("plain")
        elif script.kind == "sup" and isinstance(part, Number) and part.value in {0, 1}:
            found.add("plain")  # nobody writes the powers 0 and 1
        elif script.kind in {"sub", "digits"} and isinstance(part, Number) and len(script.body) == 1:
            found.add("sub")
        elif script.kind != "sub" or len(_content(script)) != 1:
            continue
        elif is_counter(part, LAYER_LETTERS) or (weight and isinstance(part, Sum)):
            found.add("sub")
            if weight:
                _count(part, counters)
    return found


def _count(node: Node, counters: Counter[str]) -> None:
    for part in walk(node):
        if isinstance(part, Name) and len(part.name) == 1:
            counters[part.name] += 1
