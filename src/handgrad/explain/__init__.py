"""Iterations of training worked through with symbols, shapes and numbers."""

from handgrad.explain.explanation import Explanation as Explanation
from handgrad.explain.explanation import explain as explain
from handgrad.explain.findings import Finding as Finding
from handgrad.explain.health import health as health
from handgrad.explain.inputs import explain_model as explain_model
from handgrad.explain.iterations import Iteration as Iteration
from handgrad.explain.iterations import Step as Step
from handgrad.explain.moves import Moved as Moved
