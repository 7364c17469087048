"""handgrad: fully connected networks whose gradients are equations that one can read, check and run.

Everything public is reached from here and imported when it is first used.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from handgrad.version import __version__ as __version__

if TYPE_CHECKING:
    from handgrad.calculus.equation import Equation as Equation
    from handgrad.calculus.evaluation import evaluate as evaluate
    from handgrad.calculus.expressions import Expression as Expression
    from handgrad.calculus.notation import NOTATIONS as NOTATIONS
    from handgrad.calculus.notation import Notation as Notation
    from handgrad.calculus.parser import parse as parse
    from handgrad.calculus.rendering import render as render
    from handgrad.catalogue.activations import ACTIVATIONS as ACTIVATIONS
    from handgrad.catalogue.initialisers import INITIALISERS as INITIALISERS
    from handgrad.catalogue.losses import LOSSES as LOSSES
    from handgrad.catalogue.optimisers import OPTIMISERS as OPTIMISERS
    from handgrad.catalogue.own import add_activation as add_activation
    from handgrad.catalogue.own import add_loss as add_loss
    from handgrad.catalogue.own import make_loss as make_loss
    from handgrad.catalogue.records import Activation as Activation
    from handgrad.catalogue.records import Interval as Interval
    from handgrad.catalogue.records import Loss as Loss
    from handgrad.check.checking import check as check
    from handgrad.check.findings import Checked as Checked
    from handgrad.datasets import read_dataset as read_dataset
    from handgrad.derivation import Derivation as Derivation
    from handgrad.derivation import derive as derive
    from handgrad.engine.fitting import fit as fit
    from handgrad.engine.runs.states import Fit as Fit
    from handgrad.errors import HandgradError as HandgradError
    from handgrad.estimators import MLPClassifier as MLPClassifier
    from handgrad.estimators import MLPRegressor as MLPRegressor
    from handgrad.estimators import TableEncoder as TableEncoder
    from handgrad.explain import Explanation as Explanation
    from handgrad.explain import explain as explain
    from handgrad.explain import explain_model as explain_model
    from handgrad.gradcheck import gradcheck as gradcheck
    from handgrad.model import Model as Model
    from handgrad.network import Network as Network
    from handgrad.network import Parameters as Parameters
    from handgrad.network import outputs_for as outputs_for
    from handgrad.table_model import TableModel as TableModel
    from handgrad.table_model import load as load
    from handgrad.training import train as train

_PUBLIC = {
    "calculus.evaluation": ("evaluate",),
    "calculus.equation": ("Equation",),
    "calculus.expressions": ("Expression",),
    "calculus.notation": ("NOTATIONS", "Notation"),
    "calculus.parser": ("parse",),
    "calculus.rendering": ("render",),
    "catalogue.activations": ("ACTIVATIONS",),
    "catalogue.initialisers": ("INITIALISERS",),
    "catalogue.losses": ("LOSSES",),
    "catalogue.optimisers": ("OPTIMISERS",),
    "catalogue.own": ("add_activation", "add_loss", "make_loss"),
    "catalogue.records": ("Activation", "Interval", "Loss"),
    "check.checking": ("check",),
    "check.findings": ("Checked",),
    "datasets": ("read_dataset",),
    "derivation": ("Derivation", "derive"),
    "engine.fitting": ("fit",),
    "engine.runs.states": ("Fit",),
    "errors": ("HandgradError",),
    "estimators": ("MLPClassifier", "MLPRegressor", "TableEncoder"),
    "explain": ("Explanation", "explain", "explain_model"),
    "gradcheck": ("gradcheck",),
    "model": ("Model",),
    "network": ("Network", "Parameters", "outputs_for"),
    "table_model": ("TableModel", "load"),
    "training": ("train",),
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}
_HEAVY = _PUBLIC["estimators"]
"""What a star import leaves out, since it brings scikit-learn with it."""
__all__ = sorted(_HOME.keys() - set(_HEAVY))  # noqa: PLE0605  # the names stand above, once by module


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'handgrad' has no attribute {name!r}")
    value = getattr(import_module(f"handgrad.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*sorted(_HOME), "__version__"]


class _Package(ModuleType):
    """The package, in which explain and check are the functions, also after the rooms of these names were imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
