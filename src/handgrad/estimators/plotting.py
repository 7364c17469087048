"""A picture of how the training went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from handgrad.errors import HandgradError, MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOSS, SCORE = "#1f4e79", "#c55a11"
"""A dark blue and an orange, which differ in grey and for colour-blind readers too."""
PER_INCH = 12
"""So many letters of a legend in one row fit above an inch of the axes, about."""


def plot(estimator: Any, ax: Axes | None = None) -> Axes:
    """Draw the training loss and, where there is one, the validation score by epoch, with the best epoch marked.

    After several calls with warm_start or of partial_fit the epochs are counted through all of them.
    `ax` are matplotlib's axes to draw on, by default new ones in a new figure. The scores have an axis of their own on the right.
    Returns the axes of the loss. Raises NotFittedError before fit, HandgradError where no epoch was finished, and
    MissingExtraError without matplotlib.
    """
    check_is_fitted(estimator)
    history = getattr(estimator, "score_history_", None) or {}
    losses = np.asarray(history.get("loss", []), float)
    if not len(losses):
        raise HandgradError("there is no curve to plot: no epoch was finished")
    try:
        from matplotlib import pyplot as plt
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        raise MissingExtraError("plot needs matplotlib, which is not installed: pip install 'handgrad[plot]'") from None
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    marker = "o" if len(losses) == 1 else ""  # a line through one point is not seen
    epochs = np.arange(1, len(losses) + 1)
    lines = ax.plot(epochs, losses, color=LOSS, marker=marker, label="training loss")
    ax.set(xlabel="iteration" if estimator.solver == "lbfgs" else "epoch", ylabel="training loss")
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    ax.spines["top"].set_visible(False)
    scores = np.array(history.get("validation_score", []), float)  # None is NaN
    if not len(scores):
        ax.spines["right"].set_visible(False)
        return ax
    name, last = _score_name(estimator), epochs[-len(scores) :]
    right = ax.twinx()
    right.spines["top"].set_visible(False)
    right.set_ylabel(name)
    lines += right.plot(last, scores, color=SCORE, marker=marker, linestyle="--", label=name)
    if np.isfinite(scores).any():
        best = int(np.nanargmax(np.where(np.isfinite(scores), scores, np.nan)))
        ax.axvline(last[best], color="0.6", linewidth=1, linestyle=":", zorder=0)
        label = f"best epoch: {last[best]} ({scores[best]:.4g})"
        lines += right.plot(last[best], scores[best], color=SCORE, marker="o", linestyle="none", label=label)
    inches = ax.get_window_extent().width / ax.figure.dpi
    columns = len(lines) if sum(len(str(line.get_label())) for line in lines) < PER_INCH * inches else 1
    ax.legend(handles=lines, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns, frameon=False)  # it hides no curve
    return ax


def _score_name(estimator: Any) -> str:
    if estimator.scoring == "loss":
        return "validation score (−loss)"
    if isinstance(estimator.scoring, str):
        return f"validation {estimator.scoring}"
    if estimator.scoring is not None:
        return "validation score"
    return "validation R²" if estimator._targets is None else "validation accuracy"
