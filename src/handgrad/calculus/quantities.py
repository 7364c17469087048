"""The field's own names, and the axes that they stand on."""

from handgrad.calculus.indices import EXAMPLE, Affine, Axis, unit

ELEMENTS = frozenset({"W", "b", "Z", "A", "M"})
"""The quantities of a layer: weights, biases, pre-activations, activations, dropout masks."""

QUANTITIES = ELEMENTS | {"X", "Y", "Y_smooth", "J", "ell", "w", "share", "label"}
"""The names of the field that are never functions. share is w_i / Σ w: an example's share in the mean, 1/m."""

STATE = frozenset({"v", "s"})
"""What update rules keep of each parameter: v of its gradient, s of the gradient's square."""

TARGETS = {"Y", "Y_smooth"}


def default_axes(name: str, layer: Affine | None) -> tuple[Axis, ...]:
    """The axes that a name of the field stands for, as in Ng's course: W[l] is n_l × n_{l-1}, examples are columns."""
    if layer is not None:
        state, _, of = name.partition("_")  # v_W[l], an optimiser's state for W[l], is of its shape
        element = of if state in STATE else name
        if element == "W":
            return (unit(layer), unit(layer - 1))
        if element in ELEMENTS:
            return (unit(layer),) if element == "b" else (unit(layer), EXAMPLE)
    if name == "X" or name in TARGETS:
        return (unit(0 if name == "X" else "L"), EXAMPLE)
    return (EXAMPLE,) if name in {"ell", "w", "share", "label"} else ()
