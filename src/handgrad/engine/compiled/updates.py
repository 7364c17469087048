"""The update of a compiled step: gradients of a thread's rows of every layer, and the rule that moves its weights."""

from __future__ import annotations

from handgrad.engine.compiled import tables as at
from handgrad.engine.compiled.building import compiled
from handgrad.engine.compiled.machine import PAD, STORE, UPDATE, call_rule, call_sparse_update
from handgrad.engine.compiled.products import add_product, real, transposed, view


@compiled
def to_weights(layers, run, l, first, last, rows, place, mode, alpha, beta):
    """Σ over the batch of A[l-1] dZ[l], for the rows first … last of a thread's block of layer l's weights, to `place`.

    Within a step a thread asks for each row of a layer once, and in rising order.
    """
    if l == 1 and run[at.INDPTR]:
        call_sparse_update(
            run[at.SPARSE_UPDATE], run[at.X], run[at.COLUMNS], run[at.ENDS], layers[1, at.SEEN], rows, layers[0, at.N], first, last,
            layers[1, at.S] + layers[1, at.FIRST], layers[1, at.ROW], place, layers[1, at.W_ROW], layers[1, at.WIDE], mode,
            alpha, beta,
        )  # fmt: skip
        return
    a, b = layers[l - 1, at.A] + first * run[at.SIZE], layers[l, at.S] + layers[l, at.FIRST]
    add_product(
        run[at.PANELS], a, run[at.SIZE], layers[l - 1, at.ROW], b, layers[l, at.ROW], rows, place, layers[l, at.W_ROW],
        last - first, layers[l, at.WIDE], mode, alpha, beta,
    )  # fmt: skip


def _squares(address, count, one):
    """The sum of the squares of numbers, in float64."""
    values, total = view(address, count, one), 0.0
    for j in range(count):
        value = float(values[j])
        total += value * value
    return total


squares = compiled(_squares, free_order=True)


@compiled
def add_multiple(target, factor, source, count, one):
    """Add a multiple of one array to another."""
    to, what, times = view(target, count, one), view(source, count, one), real(factor, one)
    for j in range(count):
        to[j] += times * what[j]


@compiled
def scale(target, factor, count, one):
    """Multiply an array by a number."""
    to, times = view(target, count, one), real(factor, one)
    for j in range(count):
        to[j] *= times


@compiled
def descend(layers, factors, run, settings, l2, l, first, last, rows, alpha, total, one):
    """Plain gradient descent on rows of layer l, in the product itself: W ← (1 - αλ) W - α/m Σ A dZ; `l2` is λ of the step."""
    bias = layers[l - 1, at.N]
    weights = min(last, bias)
    place = layers[l, at.W] + first * layers[l, at.W_ROW]
    if l2 + settings[at.DECAY] == 0 and factors[l, at.W_RATE] == factors[l, at.B_RATE]:
        rate = alpha * factors[l, at.W_RATE]
        to_weights(layers, run, l, first, last, rows, place, UPDATE, real(-rate / total, one), one)
        return
    if weights > first:
        rate = alpha * factors[l, at.W_RATE]
        beta = real(1 - rate * (l2 + settings[at.DECAY]), one)
        to_weights(layers, run, l, first, weights, rows, place, UPDATE, real(-rate / total, one), beta)
    if last > bias:
        rate = alpha * factors[l, at.B_RATE]
        place = layers[l, at.W] + bias * layers[l, at.W_ROW]
        to_weights(layers, run, l, bias, last, rows, place, UPDATE, real(-rate / total, one), one)


@compiled
def differentiate(layers, run, l2, l, first, last, rows, place, total, one):
    """The gradient of J by rows of layer l's weights and biases, to `place`."""
    to_weights(layers, run, l, first, last, rows, place, STORE, real(1 / total, one), one)
    wide, row = layers[l, at.WIDE], layers[l, at.W_ROW]
    if row > wide:  # the rule goes over whole rows, so that nothing may be left behind the last column
        for r in range(last - first):
            behind = view(place + r * row + wide, (row - wide) // run[at.SIZE], one)
            behind[:] = real(0, one)
    weights = min(last, layers[l - 1, at.N]) - first
    if l2 > 0 and weights > 0:
        add_multiple(
            place,
            l2,
            layers[l, at.W] + first * layers[l, at.W_ROW],
            weights * layers[l, at.W_ROW] // run[at.SIZE],
            one,
        )


@compiled
def follow(layers, factors, run, settings, l, first, last, place, alpha, t, part, one):
    """Apply the update rule to rows of layer l, whose gradient stands at `place`."""
    bias, row, count = layers[l - 1, at.N], layers[l, at.W_ROW], run[at.RULE_COUNT]
    hyperparameters = run[at.RULE_P] + part * 8 * count
    p = view(hyperparameters, count, 0.0)
    p[count - 1] = t
    for kind in range(2):
        low, high = (first, min(last, bias)) if kind == 0 else (max(first, bias), last)
        if high <= low:
            continue
        theta, entries = layers[l, at.W] + low * row, (high - low) * row // run[at.SIZE]
        p[run[at.ALPHA]] = alpha * factors[l, at.W_RATE if kind == 0 else at.B_RATE]
        if kind == 0 and settings[at.DECAY] > 0:
            scale(theta, 1 - p[run[at.ALPHA]] * settings[at.DECAY], entries, one)
        state = layers[l, at.STATE] + low * row
        call_rule(run[at.RULE], theta, place + (low - first) * row, state, run[at.STATE_SIZE], entries, hyperparameters)


@compiled
def turn(layers, run, l, first, last, one):
    """Keep the transpose of rows of layer l's weights."""
    if layers[l, at.WT]:
        place = layers[l, at.WT] + layers[l, at.FIRST] // run[at.SIZE] * layers[l, at.WT_ROW] + first * run[at.SIZE]
        transposed(
            layers[l, at.W] + first * layers[l, at.W_ROW],
            layers[l, at.W_ROW],
            last - first,
            layers[l, at.UNITS],
            place,
            layers[l, at.WT_ROW],
            one,
        )


@compiled
def update(layers, factors, run, settings, l2, rows, alpha, total, t, part, one):
    """One thread's part of a step: its rows of all layers, gradient and rule in pieces that stay in the cache."""
    for l in range(1, len(layers)):
        first, last = layers[l, at.LOW], layers[l, at.HIGH]
        if last <= first:
            continue
        if not run[at.RULE]:
            descend(layers, factors, run, settings, l2, l, first, last, rows, alpha, total, one)
        elif run[at.CLIPPED]:
            follow(
                layers,
                factors,
                run,
                settings,
                l,
                first,
                last,
                layers[l, at.GRADIENT] + first * layers[l, at.W_ROW],
                alpha,
                t,
                part,
                one,
            )
        else:
            scratch = run[at.SCRATCH] + part * run[at.SCRATCH_BYTES]
            piece = max(run[at.SCRATCH_BYTES] // layers[l, at.W_ROW] // PAD, 1) * PAD
            for low in range(first, last, piece):
                high = min(low + piece, last)
                differentiate(layers, run, l2, l, low, high, rows, scratch, total, one)
                follow(layers, factors, run, settings, l, low, high, scratch, alpha, t, part, one)
        turn(layers, run, l, first, last, one)


@compiled
def measure(layers, run, l2, rows, total, one):
    """One thread's part of the whole gradient, for clipping, and the sum of its squares."""
    found = 0.0
    for l in range(1, len(layers)):
        first, last = layers[l, at.LOW], layers[l, at.HIGH]
        if last > first:
            place = layers[l, at.GRADIENT] + first * layers[l, at.W_ROW]
            differentiate(layers, run, l2, l, first, last, rows, place, total, one)
            found += squares(place, (last - first) * layers[l, at.W_ROW] // run[at.SIZE], one)
    return found


@compiled
def clip(layers, run, norm, limit, one):
    """Shorten one thread's part of the gradient where the whole is longer than the limit."""
    if norm > limit:
        for l in range(1, len(layers)):
            first, last = layers[l, at.LOW], layers[l, at.HIGH]
            if last > first:
                place = layers[l, at.GRADIENT] + first * layers[l, at.W_ROW]
                scale(place, limit / norm, (last - first) * layers[l, at.W_ROW] // run[at.SIZE], one)


@compiled
def accumulate(layers, run, settings, rows, one):
    """Add one thread's part of the gradient of a batch to that of all examples."""
    for l in range(1, len(layers)):
        first, last = layers[l, at.LOW], layers[l, at.HIGH]
        if last > first:
            place = layers[l, at.GRADIENT] + first * layers[l, at.W_ROW]
            to_weights(layers, run, l, first, last, rows, place, UPDATE, real(1 / settings[at.TOTAL], one), one)


@compiled
def squared_weights(layers, run, one):
    """One thread's part of ΣW²."""
    found = 0.0
    for l in range(1, len(layers)):
        first, last = layers[l, at.LOW], min(layers[l, at.HIGH], layers[l - 1, at.N])
        if last > first:
            found += squares(
                layers[l, at.W] + first * layers[l, at.W_ROW], (last - first) * layers[l, at.W_ROW] // run[at.SIZE], one
            )
    return found
