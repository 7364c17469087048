"""The field's own names, and the axes that they stand on."""

from handgrad.calculus.indices import EXAMPLE, Affine, Axis, unit

ELEMENTS = frozenset({"W", "b", "Z", "A", "M"})
"""The quantities of a layer: weights, biases, pre-activations, activations, dropout masks."""

QUANTITIES = ELEMENTS | {"X", "Y", "Y_smooth", "J", "ell", "w", "share", "label"}
"""The names of the field that are never functions. share is w_i / Σ w: an example's share in the mean, 1/m."""

TARGETS = {"Y", "Y_smooth"}


def default_axes(name: str, layer: Affine | None) -> tuple[Axis, ...]:
    """The axes that a name of the field stands for, as in Ng's course: W[l] is n_l × n_{l-1}, examples are columns."""
    if name in ELEMENTS and layer is not None:
        if name == "W":
            return (unit(layer), unit(layer - 1))
        return (unit(layer),) if name == "b" else (unit(layer), EXAMPLE)
    if name == "X" or name in TARGETS:
        return (unit(0 if name == "X" else "L"), EXAMPLE)
    return (EXAMPLE,) if name in {"ell", "w", "share", "label"} else ()
