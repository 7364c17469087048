"""Checkpoints: a run kept in a folder, so that after a kill at any moment it goes on to the bits that it would have reached."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import ModelFileError, TrainingError
from handgrad.model_file import read_model_file, write_model_file

KEPT = 2
"""How many checkpoints stay: the last one, and one before it should that be damaged."""
NAME = re.compile(r"epoch-(\d{6,})\.safetensors")
BESIDE = re.compile(r"\.epoch-\d{6,}\.safetensors\..*")
"""What a kill in the middle of writing leaves."""
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Checkpoint:
    """A run after an epoch: what is said of it, and its arrays."""

    epoch: int
    about: dict[str, Any]
    arrays: dict[str, Array]


class Checkpoints:
    """The checkpoints of one run in a folder, one safetensors file for each epoch that was kept.

    `identity` says what the run is, by name: a checkpoint of a run that differs in it is refused. Values are JSON, or digests of
    what is too large to show.
    """

    def __init__(self, folder: str | Path, identity: Mapping[str, Any]) -> None:
        self.folder, self.identity = Path(folder), dict(identity)

    def begin(self, *, resume: bool) -> tuple[Checkpoint | None, list[str]]:
        """The checkpoint to go on from, or None for a new run, with what a person should know about it.

        Raises TrainingError where the folder cannot be made, has checkpoints that `resume` does not ask for, has nothing but
        damaged ones, or has those of another run.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            found = self._files()
        except OSError as error:
            raise TrainingError(f"cannot keep checkpoints in {self.folder}: {error.strerror or error}") from None
        if not found:
            return None, [f"there is no checkpoint in {self.folder}: the run starts from the beginning"] if resume else []
        if not resume:
            raise TrainingError(
                f"{self.folder} holds the checkpoints of an earlier run, up to epoch {max(found)}; "
                "resume it, or take another folder, or remove them"
            )
        notes = []
        for epoch in sorted(found, reverse=True):
            try:
                checkpoint = _read(epoch, found[epoch])
            except ModelFileError as error:
                notes.append(f"the checkpoint of epoch {epoch} is passed over: {error}")
                continue
            self._require_same(checkpoint)
            return checkpoint, [*notes, f"resumed after epoch {checkpoint.epoch}, from {self.folder}"]
        raise TrainingError(f"no checkpoint in {self.folder} can be read: {notes[0]}")

    def _require_same(self, checkpoint: Checkpoint) -> None:
        before = checkpoint.about["identity"]
        differing = [name for name in {**before, **self.identity} if before.get(name) != self.identity.get(name)]
        if differing:
            told = "; ".join(_told(name, before.get(name), self.identity.get(name)) for name in differing)
            raise TrainingError(
                f"the checkpoints in {self.folder} are those of another run: {told}. "
                "Resume with the same network, data and options, or take another folder"
            )

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint beside its place, rename it, and remove older ones. Raises ModelFileError."""
        single = [name for name, array in checkpoint.arrays.items() if array.ndim == 0]  # which come back with one dimension
        about = {"checkpoint": checkpoint.epoch, "identity": self.identity, "single": single, **checkpoint.about}
        write_model_file(self._path(checkpoint.epoch), about, checkpoint.arrays)
        with contextlib.suppress(OSError):  # an old file that stays does no harm
            for epoch in sorted(self._files())[:-KEPT]:
                self._path(epoch).unlink()
            for path in self.folder.iterdir():
                if BESIDE.fullmatch(path.name):
                    path.unlink()

    def _path(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch:06}.safetensors"

    def _files(self) -> dict[int, Path]:
        matches = ((NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return {int(match[1]): path for match, path in matches if match}


def _read(epoch: int, path: Path) -> Checkpoint:
    about, arrays = read_model_file(path)
    if about.get("checkpoint") != epoch or not isinstance(about.get("identity"), dict):
        raise ModelFileError(f"{path} is no checkpoint of epoch {epoch}")
    return Checkpoint(epoch, about, {name: array[0] if name in about["single"] else array for name, array in arrays.items()})


def _told(name: str, before: Any, now: Any) -> str:
    digests = {type(value) is str and value.startswith("sha256:") for value in (before, now)}
    return f"{name} differ" if digests == {True} else f"{name} was {_shown(before)} and is {_shown(now)}"


def _shown(value: Any) -> str:
    return "not given" if value is None or (isinstance(value, str) and value.startswith("sha256:")) else str(value)


def digest(*arrays: Array | None) -> str | None:
    """A fingerprint of arrays, their shapes and types included; None for none. Nothing is copied as a whole."""
    found = hashlib.sha256()
    for array in arrays:
        if array is None:
            found.update(b"none")
            continue
        found.update(f"{array.dtype.str} {array.shape}".encode())
        for start in range(0, len(array), ROWS_AT_ONCE):
            found.update(np.ascontiguousarray(array[start : start + ROWS_AT_ONCE]).data)
    return None if all(array is None for array in arrays) else f"sha256:{found.hexdigest()}"


def generator_state(rng: np.random.Generator) -> dict[str, Any]:
    """A generator's state as JSON."""
    return dict(plain(rng.bit_generator.state))


def plain(value: Any) -> Any:
    """A state of random numbers as JSON: arrays as lists, NumPy's numbers as Python's."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
