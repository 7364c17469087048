"""The one family of exceptions: each message says what was given, what was expected, where, and what to do."""

import difflib
from collections.abc import Iterable


class HandgradError(ValueError):
    """Base of every error that handgrad raises on purpose."""


class FormulaError(HandgradError):
    """A text is not a formula of the language. `position` counts characters from 0."""

    def __init__(self, message: str, text: str = "", position: int = 0) -> None:
        self.text, self.position = text, position
        if text:
            message = f"{message}, at character {position + 1}\n    {text}\n    {' ' * position}^"
        super().__init__(message)


class AxisError(HandgradError):
    """An expression joins quantities whose named axes do not fit, or arrays have other sizes than their axes."""


class CatalogueError(HandgradError):
    """A record that does not exist, or one whose formulas contradict each other."""


class NetworkError(HandgradError):
    """A network that cannot be: its widths, activations, loss or parameters do not fit together."""


class DataError(HandgradError):
    """Arrays or files of examples that cannot be used."""


class ModelFileError(HandgradError):
    """A file that is not a whole, valid handgrad model."""


class TrainingError(HandgradError):
    """A run that cannot go on, such as a loss that is no longer finite."""


class MissingExtraError(HandgradError, ImportError):
    """A part of handgrad whose optional dependencies are not installed."""


class EngineWarning(UserWarning):
    """The engine goes on, but not as well as it could, as where compiled code cannot be kept on disk."""


MOST_NAMED = 40


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `Known: a, b, c`, led by the nearest name where one is near; for the end of a message. Of many, some are named."""
    choices = sorted(known)
    by_lower = {choice.lower(): choice for choice in choices}
    nearest = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    nearest = nearest or [choice for choice in by_lower if choice.startswith(name[:2].lower())]
    hint = f"did you mean {by_lower[nearest[0]]!r}? " if nearest else ""
    more = len(choices) - MOST_NAMED
    named = choices if more <= 0 else [*choices[:MOST_NAMED], f"and {more:,} more"]
    return f"{hint}Known: {', '.join(named)}"
