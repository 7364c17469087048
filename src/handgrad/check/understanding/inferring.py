"""The setting of a document: what its formulas say by their form, what its words say, and what is left open."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from handgrad.catalogue.lookup import find_loss
from handgrad.check.judging.evaluating import Lexicon
from handgrad.check.judging.trying import Trier, single
from handgrad.check.options import Options
from handgrad.check.tree import BigSum, Call, Differential, Name, Number, walk
from handgrad.check.understanding.candidates import Layout, Net, count_layers, possible_layouts, possible_nets
from handgrad.check.understanding.equations import FORWARD_OPS, Found
from handgrad.check.understanding.forward import understand_forward
from handgrad.check.understanding.names import Habit, habit_of, named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS
from handgrad.check.understanding.setting import Frozen, Setting
from handgrad.check.understanding.settling import settle
from handgrad.check.understanding.stated import Stated


@dataclass
class Understanding:
    """How a document is read: names, a base setting, and the layouts and networks that it supports, the likeliest first."""

    lexicon: Lexicon
    base: Setting
    layouts: list[Layout]
    nets: list[Net]
    trier: Trier
    found: Found
    stated: Stated
    others: list[Setting] = field(default_factory=list)
    both_cases: bool = False

    def settings(
        self,
        relation: Relation | None = None,
        *,
        layouts: Sequence[Layout] | None = None,
        nets: Sequence[Net] | None = None,
    ) -> Iterator[Setting]:
        """All settings that are supported, the likeliest first: for a batch, then for one example.

        Where a text has capitals for a batch and small letters for one example, a relation in small letters is about one example.
        """
        small = relation is not None and self.both_cases and self.is_small(relation)
        averaged = relation is not None and self.is_average(relation)
        for base in (self.base, *self.others):
            for hidden, output, loss in nets or self.nets:
                for examples, weights in layouts or self.layouts:
                    setting = base.but(hidden=hidden, output=output, loss=loss, examples=examples, weights=weights)
                    batch = [setting] if examples in {"columns", "rows"} else []
                    if averaged and batch:
                        yield from batch
                        continue
                    yield from (single(setting), *batch) if small else (*batch, single(setting))

    def is_average(self, relation: Relation) -> bool:
        """Whether a gradient by a bias has a 1/m and no sum: it is about many examples, over which it must be summed."""
        by = relation.left.by or relation.left.of if isinstance(relation.left, Differential) else getattr(relation.left, "by", None)
        if not isinstance(by, Name) or self.lexicon.habit.role(by) != "b":
            return False
        sums = any(
            isinstance(n, BigSum) or (isinstance(n, Call) and n.function.name in {"sum", "mean"}) for n in walk(relation.right)
        )
        return not sums and any(self.lexicon.habit.role(n) == "m" for n in named(relation.right))

    def is_small(self, relation: Relation) -> bool:
        """Whether all quantities of units in a relation are written with small letters."""
        counted = any(self.lexicon.habit.role(n) == "m" for n in relation.names)
        return not counted and cases((relation,), self.lexicon.habit) == {False}


def understand(
    relations: Sequence[Relation], stated: Stated, options: Options, functions: Iterable[str], *, deadline: float = math.inf
) -> Understanding:
    """Infer the setting of a document from its relations, its words and what the caller states."""
    statements = list({id(r.statement): r.statement for r in relations}.values())
    habit = habit_of(statements)
    found = understand_forward(relations, habit)
    habit = habit_of(statements, found.roles)
    lexicon = Lexicon(habit, found.fixed, {}, frozenset(functions), _generic_sigma(relations, stated), _loose_sigma(stated))
    stated = _with_options(stated, options)
    base = Setting(
        L=count_layers(relations, habit, found, stated),
        indices=found.indices or "",
        letters=Frozen(found.letters),
        labels=Frozen(found.labels),
        one_output=stated.one_output,
        first=_first(relations),
        bias=any(habit.role(n) == "b" for r in relations for n in r.names),
        **found.shifts,  # type: ignore[arg-type]
    )
    base = base.but(deltas=base.sums)
    layouts = possible_layouts(stated, options)
    nets = possible_nets(relations, _with_sigma(found, lexicon), stated, base.L, habit)
    understanding = Understanding(lexicon, base, layouts, nets, Trier(lexicon, deadline), found, stated)
    understanding.both_cases = len(cases(relations, habit)) == 2
    settle(understanding, [r for r in relations if r.op in FORWARD_OPS | {"approx", "propto"} and r.unreadable() is None])
    return understanding


def cases(relations: Iterable[Relation], habit: Habit) -> set[bool]:
    """Whether quantities of units are written with capitals (true), with small letters (false), or both."""
    return {
        name.name[0].isupper()
        for r in relations for name in r.names
        if habit.role(name) in {"Z", "A", "X"} and len(name.name) == 1
    }  # fmt: skip


def _with_options(stated: Stated, options: Options) -> Stated:
    if options.network is not None:
        from handgrad.network import Network

        network = Network(options.network, loss=options.loss)
        names = [activation.name for activation in network.activations]
        stated = replace(
            stated, layers=network.L, hidden=tuple(names[:-1]), outputs=(names[-1],), losses=(network.loss.name,),
            firm=stated.firm | {"layers", "hidden", "output", "loss"}, one_output=network.widths[-1] == 1,
        )  # fmt: skip
    elif options.loss is not None:
        stated = replace(stated, losses=(find_loss(options.loss).name,), firm=stated.firm | {"loss"})
    return stated


def _generic_sigma(relations: Sequence[Relation], stated: Stated) -> bool:
    """Whether σ is the activation of whatever layer: where another one is named and σ stands for hidden and output layers alike."""
    called = {n.function.name for r in relations for n in r.parts() if isinstance(n, Call)}
    hidden = set(stated.hidden) - {"sigmoid"}
    others = (set(ACTIVATIONS) - {"sigmoid", "softmax"}) | {"g", "f", "phi"}
    return bool(hidden) and not called & others and "sigmoid" not in stated.outputs


def _loose_sigma(stated: Stated) -> bool:
    """Whether σ may be any layer's activation: where others are named and the sigmoid is not."""
    named_ = {*stated.hidden, *stated.outputs}
    return bool(named_) and "sigmoid" not in named_


def _with_sigma(found: Found, lexicon: Lexicon) -> Found:
    """What forward equations say, where σ is the sigmoid unless it may be another activation."""
    loose = lexicon.generic_sigma or lexicon.loose_sigma
    told = {layer: name for layer, name in found.activations.items() if name != "sigma" or not loose}
    own = {layer: "sigmoid" if name == "sigma" else name for layer, name in told.items()}
    return replace(found, activations=own)


def _first(relations: Sequence[Relation]) -> int:
    """The number of the first unit: 0 where an index or a lower end of a sum is 0."""
    for relation in relations:
        for node in relation.parts():
            lower = getattr(node, "lower", None)
            if isinstance(lower, Number) and lower.value == 0:
                return 0
    return 1
