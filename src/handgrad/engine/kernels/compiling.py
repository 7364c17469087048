"""Kernels as machine code: compiled when one is asked for, kept on disk by Numba, and handed out as addresses."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import inspect
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba.core.compiler import Compiler

from handgrad.catalogue.records import Activation, Record
from handgrad.engine.kernels import generated as kernels
from handgrad.engine.kernels.generating import BITS, kernel_name, record_source
from handgrad.errors import EngineWarning, TrainingError, did_you_mean
from handgrad.model_file import write_beside

on_compile: Callable[[str], None] | None = None
"""Called with a kernel's name before it is compiled; not where it is found on disk. Compiling takes 0.1 to 0.6 s a kernel."""

_compiled: dict[FunctionType, Any] = {}
"""What is loaded stays so: its addresses are in use."""
_own: dict[str, FunctionType] = {}
"""Kernels of records that are not in the catalogue, by their source."""
_lock = threading.RLock()
_warned: list[str] = []


@contextlib.contextmanager
def telling(say: Callable[[str], None]) -> Iterator[None]:
    """Say once that code is being compiled, if any is: the first time on a machine, and after a change of handgrad."""
    global on_compile  # noqa: PLW0603  # Numba has no other way to hear of it
    before, said = on_compile, list[str]()

    def tell(name: str) -> None:
        if not said:
            say("compiling for this machine; the code is kept, so that this happens once")
        said.append(name)

    on_compile = tell
    try:
        yield
    finally:
        on_compile = before


def kernel(name: str, dtype: npt.DTypeLike) -> int:
    """The address of a kernel of the catalogue: kernel("relu", "float32"), kernel("cross_entropy_of_softmax", np.float64).

    What each kind takes is said in generating.py. Raises TrainingError for a name or dtype that there is not.
    """
    full = f"{name}_{_precision(dtype)}"
    if not isinstance(getattr(kernels, full, None), FunctionType):
        known = {key.removesuffix(f"_{precision}") for key in vars(kernels) for precision in BITS if key.endswith(f"_{precision}")}
        raise TrainingError(f"there is no kernel {name!r}. {did_you_mean(name, known)}")
    return _address(getattr(kernels, full), full)


def record_kernel(record: Record, dtype: npt.DTypeLike, *, fused_with: Activation | None = None) -> int:
    """The address of a record's kernel, a user's own too; of a loss with the output that it simplifies with.

    Kernels read a record's parameters when they are called, so that huber(2) has the kernel of huber. Raises TrainingError for a
    record of Python functions, and for a pair that does not simplify.
    """
    precision = _precision(dtype)
    name = f"{kernel_name(record, fused_with)}_{precision}"
    if hasattr(kernels, name) and _in_catalogue(record) and (fused_with is None or _in_catalogue(fused_with)):
        return _address(getattr(kernels, name), name)
    text = record_source(record, precision, fused_with)
    with _lock:
        if text not in _own:
            _own[text] = _imported(text).kernel
        return _address(_own[text], name)


def _precision(dtype: npt.DTypeLike) -> str:
    name = np.dtype(dtype).name
    if name not in BITS:
        raise TrainingError(f"kernels compute in float32 or float64, but {name} was given")
    return name


def _in_catalogue(record: Record) -> bool:
    """Whether the formulas are those that the package comes with; a user's own are held to be others."""
    usual = type(record).usual(record.name)
    if usual is None or record.own or list(usual.parameters) != list(record.parameters):
        return False
    return replace(record, parameters=usual.parameters) == usual


def _address(function: FunctionType, name: str) -> int:
    with _lock:
        if function not in _compiled:
            _compiled[function] = _compile(function, name)
        return int(_compiled[function].address)


def announcing(name: str) -> type[Compiler]:
    """A compiler that calls `on_compile`: Numba makes one where it compiles, and none where it loads."""

    class Announcing(Compiler):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if on_compile is not None:
                on_compile(name)
            super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call,unused-ignore]

    return Announcing


def warn_uncached(reason: object) -> None:
    """Say, once in a process, that compiled code cannot be kept."""
    _warn(f"compiled code cannot be kept on disk ({reason}); each process compiles anew unless NUMBA_CACHE_DIR is a folder")


def _compile(function: FunctionType, name: str) -> Any:
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "pipeline_class": announcing(name)}
    signature = _signature(function, name.rpartition("_")[2])
    if Path(function.__code__.co_filename).is_file():
        try:
            return numba.cfunc(signature, cache=True, **options)(function)
        except (OSError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "cannot cache" not in str(error):
                raise
            reason = str(error)
    else:
        reason = f"{function.__code__.co_filename} is no file"
    warn_uncached(reason)
    return numba.cfunc(signature, **options)(function)


_POINTERS = {"z", "a", "s", "d", "y", "w", "theta", "g", "state"}


def _signature(function: FunctionType, precision: str) -> Any:
    """The C types of a kernel, which the names of its arguments tell."""
    types: Any = numba.types
    real, numbers = types.CPointer(getattr(types, precision)), types.CPointer(types.float64)
    names = inspect.signature(function).parameters
    kinds = [real if name in _POINTERS else numbers if name == "p" else types.int64 for name in names]
    return (types.float64 if "w" in names else types.void)(*kinds)


def _warn(message: str) -> None:
    if not _warned:
        _warned.append(message)
        warnings.warn(message, EngineWarning, stacklevel=2)


def _imported(text: str) -> ModuleType:
    """The module of a generated text, from a file in the user's cache, where Numba can keep what it compiles of it."""
    name = f"kernels-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    with _folder() as folder:
        path = folder / f"{name}.py"
        if not path.is_file() or path.read_bytes() != text.encode():  # only what is generated here is ever imported
            write_beside(path, text.encode())
        spec = importlib.util.spec_from_file_location(f"handgrad_{name.replace('-', '_')}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module.__name__] = module
        spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder for generated files: the user's cache, or one for the moment where that cannot be written to."""
    folder = cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _warn(f"the folder {folder} cannot be written to ({error.strerror}), so that each process compiles your own formulas anew")
    else:
        yield folder
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


def cache_folder() -> Path:
    """The folder of this user for files that can be made again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "handgrad"
