"""What the caller or a document's front matter states about the setting, so that it need not be inferred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from handgrad.errors import HandgradError

LAYOUTS = ("columns", "rows", "single")
"""The examples are the columns or the rows of X, or there is a single one."""
WEIGHTS = ("out-in", "in-out")
"""W is n_l × n_{l-1} (units as rows), or its transpose."""
PREFIXES = ("handgrad-", "handgrad_", "handgrad.")


@dataclass(frozen=True, slots=True)
class Options:
    """The parts of the setting that are stated; None is inferred.

    `network` is spelled as everywhere, 4-3:relu-1:sigmoid; `loss` is the name of a loss of the catalogue, as half_squared_error.
    Raises HandgradError for what does not exist or does not fit together.
    """

    network: str | None = None
    loss: str | None = None
    layout: str | None = None
    weights: str | None = None

    def __post_init__(self) -> None:
        for name, known in (("layout", LAYOUTS), ("weights", WEIGHTS)):
            value = getattr(self, name)
            if value is not None and value not in known:
                raise HandgradError(f"{name} is one of {', '.join(known)}, but {value!r} was given")
        if self.network is not None:
            from handgrad.network import Network  # only where one is stated

            Network(self.network, loss=self.loss)
        elif self.loss is not None:
            from handgrad.catalogue.lookup import find_loss

            find_loss(self.loss)

    def merged(self, front_matter: Mapping[str, str]) -> Options:
        """These options, and below them those of a document's front matter.

        There, `handgrad-layout: rows` is taken at its word. Bare names serve other programs too (`layout: post`): `layout: rows` is
        taken where its value is one of handgrad's, and left aside otherwise. Raises HandgradError as the constructor does.
        """
        found = {}
        for field in fields(self):
            stated = [front_matter[prefix + field.name] for prefix in PREFIXES if prefix + field.name in front_matter]
            if getattr(self, field.name) is not None:
                continue
            if stated:
                found[field.name] = _read(field.name, stated[0])
            elif field.name in front_matter and _valid(field.name, front_matter[field.name]):
                found[field.name] = _read(field.name, front_matter[field.name])
        return replace(self, **found)


def _read(name: str, value: str) -> str:
    """A value of front matter as an option has it; in_out is how a notation spells it."""
    return value.strip().replace("_", "-") if name == "weights" else value.strip()


def _valid(name: str, value: str) -> bool:
    try:
        Options(**{name: _read(name, value)})
    except HandgradError:
        return False
    return True
