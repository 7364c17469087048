"""The compiled epoch: gather, forward, loss, backward and update for one mini-batch after the other, by one or more threads.

The threads share the examples of a layer, each with its own through the forward and the backward pass, and then rows of its
weights for the update; or, where that is even, its units, each with its own weights throughout. They meet before the update and
after it, and between layers where one needs what another thread made. Nothing is allocated, and no Python runs.

Weights lie as n_{l-1} × n_l here, with the biases as a last row, since an input of 1 stands after the units of each layer: so
forward pass and update read and write them in order. The backward pass reads transposes, which the update keeps; of large weights
there are none, and it turns a panel at a time.
"""

from __future__ import annotations

import math

import numpy as np

from handgrad.engine import dropout
from handgrad.engine.compiled.building import compiled
from handgrad.engine.compiled.machine import COLUMNS, PAD, STORE, TIMES, UPDATE, call_activation, call_loss, call_rule, call_vjp
from handgrad.engine.compiled.products import (
    add_product,
    gather,
    meet,
    pack,
    product,
    real,
    rows_of,
    transposed,
    view,
)

# Columns of a thread's table of layers, an int64 array with a row for the inputs and one for each layer: units, entries and bytes
# of a row of A and S, addresses and bytes of a row of the thread's block of weights and of all transposed; the block's place (first
# byte of a row of A, units, bytes with padding) and the thread's rows of it; whether threads share the units, and W is large.
(
    N, LD, ROW, A, S, W, W_ROW, WT, WT_ROW, FIRST, UNITS, WIDE, LOW, HIGH, SHARED, LARGE, ACTIVATION, ACTIVATION_P, THRESHOLD,
    GRADIENT, STATE, FIELDS,
) = range(22)  # fmt: skip
# Columns of the table of factors, a float64 array with a row for each layer: learning rates of W and b, 1/keep of dropout.
W_RATE, B_RATE, KEEP, FACTORS = range(4)
# Entries of the int64 array of what a run works on.
(
    JOB, SIZE, BATCH, X, X_KIND, X_ROW, X_COLUMN, Y, Y_KIND, Y_ROW, Y_COLUMN, Y_BUFFER, Y_LD, WEIGHTS, W_BUFFER, LOSS, LOSS_P,
    FUSED, VJP, RULE, RULE_P, RULE_COUNT, ALPHA, OWN_DECAY, STATE_SIZE, CLIPPED, SCRATCH, SCRATCH_BYTES, PANEL, PANEL_BYTES,
    PANELS, MEETING, STEP, SEED, OUT, ALL,
) = range(36)  # fmt: skip
# Entries of the float64 array of a run's settings.
L2, DECAY, OWN, CLIP, SMOOTHING, USUAL, TOTAL, SETTINGS = range(8)
SHIFTS, MULTIPLIERS = zip(*dropout.ROUNDS, strict=True)
TRAIN, GRADIENTS, OUTPUTS = range(3)
"""The jobs: take steps, add up the gradient without a step, or only compute outputs."""
LOSSES, PENALTIES, SQUARES, MEETINGS = range(4)
"""What a thread tells the others of a step, and how often it has met them."""


@compiled
def bits(seed, t, layer, row, unit):
    """The random bits of dropout.py, for one unit of one example in step t."""
    h = (
        np.uint32(seed * dropout.SEED)
        ^ np.uint32(t * dropout.STEP)
        ^ np.uint32(layer * dropout.LAYER)
        ^ np.uint32(row * dropout.ROW)
    )
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(SHIFTS[0]))) * np.uint32(MULTIPLIERS[0]))
    h = np.uint32(h + np.uint32(np.uint32(unit) * np.uint32(dropout.UNIT)))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(SHIFTS[1]))) * np.uint32(MULTIPLIERS[1]))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(SHIFTS[2]))) * np.uint32(MULTIPLIERS[2]))
    return np.uint32(h ^ np.uint32(h >> np.uint32(16)))


@compiled
def drop(layers, factors, layer, row, first, last, run, t, one):
    """Leave out units first … last of one example: activation and slope become 0, those of the others 1/keep times themselves."""
    where, n = row * layers[layer, ROW], layers[layer, N]
    a, s = view(layers[layer, A] + where, n, one), view(layers[layer, S] + where, n, one)
    threshold, keep, nothing = layers[layer, THRESHOLD], real(factors[layer, KEEP], one), real(0, one)
    for j in range(first, last):
        scale = keep if bits(run[SEED], t, layer, row, j) >= threshold else nothing
        a[j] = scale * a[j]
        s[j] = scale * s[j]


@compiled
def wait(run, sums, part, parts):
    """Wait for the other threads; False where the run is given up."""
    if parts == 1:
        return True
    sums[part, MEETINGS] += 1
    return meet(run[MEETING], parts, int(sums[part, MEETINGS]))


@compiled
def fetch(layers, run, settings, order, start, low, high, one):
    """Gather the rows low … high of the mini-batch that begins at `start`: inputs, targets and weights."""
    last = len(layers) - 1
    inputs, outputs = layers[0, N], layers[last, N]
    to = layers[0, A] + low * layers[0, ROW]
    gather(run[X], run[X_KIND], run[X_ROW], run[X_COLUMN], order, start + low, start + high, to, layers[0, ROW], inputs, one)
    if run[JOB] == OUTPUTS:
        return
    ld = run[Y_LD] * run[SIZE]
    to = run[Y_BUFFER] + low * ld
    gather(run[Y], run[Y_KIND], run[Y_ROW], run[Y_COLUMN], order, start + low, start + high, to, ld, outputs, one)
    if settings[SMOOTHING] > 0:
        keep, share = real(1 - settings[SMOOTHING], one), real(settings[SMOOTHING] / outputs, one)
        for r in range(high - low):
            y = view(to + r * ld, outputs, one)
            for j in range(outputs):
                y[j] = keep * y[j] + share
    if run[WEIGHTS]:
        weights = view(run[WEIGHTS], run[ALL], one)
        found = view(run[W_BUFFER], run[BATCH], one)
        for r in range(low, high):
            found[r] = weights[order[start + r]]


@compiled
def forward(layers, factors, run, rows, low, high, t, sums, part, parts, one):
    """Take the rows low … high of a batch through all layers, up to Z of the output layer.

    In a layer whose units the threads share, each takes all rows through its units.
    """
    last, size, panel = len(layers) - 1, run[SIZE], run[PANEL] + part * run[PANEL_BYTES]
    for l in range(1, last + 1):
        shared = layers[l, SHARED]
        if (shared or layers[l - 1, SHARED]) and not wait(run, sums, part, parts):
            return False
        top, bottom = (0, rows) if shared else (low, high)
        n, wide, before, after = layers[l - 1, N] + 1, layers[l, WIDE], layers[l - 1, ROW], layers[l, ROW]
        x, left = layers[l - 1, A] + top * before, layers[l, FIRST] // size
        a, s = layers[l, A] + top * after + layers[l, FIRST], layers[l, S] + top * after + layers[l, FIRST]
        w, row = layers[l, W], layers[l, W_ROW]
        if layers[l, LARGE]:
            for j in range(0, wide, COLUMNS):
                width = min(COLUMNS, wide - j)
                pack(w + j, row, n, width, panel, one)
                product(run[PANELS], x, before, size, panel, COLUMNS, n, a + j, after, bottom - top, width, STORE, one, one)
        else:
            product(run[PANELS], x, before, size, w, row, n, a, after, bottom - top, wide, STORE, one, one)
        if l < last:
            if layers[l, ACTIVATION]:
                call_activation(layers[l, ACTIVATION], a, s, bottom - top, layers[l, UNITS], layers[l, LD], layers[l, ACTIVATION_P])
            if run[JOB] == TRAIN and layers[l, THRESHOLD]:
                for r in range(top, bottom):
                    drop(layers, factors, l, r, left, left + layers[l, UNITS], run, t, one)
            if left + layers[l, UNITS] == layers[l, N]:
                for r in range(bottom - top):
                    view(layers[l, A] + (top + r) * after, layers[l, N] + 1, one)[layers[l, N]] = one
    return not layers[last, SHARED] or wait(run, sums, part, parts)


@compiled
def activate_outputs(layers, low, high):
    """The output activation of the rows low … high, with its slopes where it is pointwise."""
    last = len(layers) - 1
    if layers[last, ACTIVATION]:
        a, s = layers[last, A] + low * layers[last, ROW], layers[last, S] + low * layers[last, ROW]
        call_activation(layers[last, ACTIVATION], a, s, high - low, layers[last, N], layers[last, LD], layers[last, ACTIVATION_P])


@compiled
def lose(layers, run, low, high, one):
    """The loss of the rows low … high, summed with their weights; S of the output layer becomes their error dZ."""
    last = len(layers) - 1
    rows, n, ld = high - low, layers[last, N], layers[last, LD]
    a, s = layers[last, A] + low * layers[last, ROW], layers[last, S] + low * layers[last, ROW]
    y, w = run[Y_BUFFER] + low * run[Y_LD] * run[SIZE], run[W_BUFFER] + low * run[SIZE]
    if not run[FUSED]:
        activate_outputs(layers, low, high)
    if not run[FUSED] and (run[VJP] or not layers[last, ACTIVATION]):
        for r in range(rows):
            slopes = view(s + r * layers[last, ROW], n, one)
            for j in range(n):
                slopes[j] = one
    found = call_loss(run[LOSS], a, s, y, w, rows, n, ld, run[Y_LD], run[LOSS_P])
    if not run[FUSED] and run[VJP]:
        call_vjp(run[VJP], a, s, rows, n, ld, layers[last, ACTIVATION_P])
    return found


@compiled
def backward(tables, run, rows, low, high, sums, part, parts, one):
    """Take the errors of the rows low … high back to layer 1: S of each layer becomes its dZ; shared units as in `forward`."""
    layers = tables[part]
    last, size, panel = len(layers) - 1, run[SIZE], run[PANEL] + part * run[PANEL_BYTES]
    for l in range(last, 1, -1):
        shared = layers[l - 1, SHARED]
        if (shared or (l < last and layers[l, SHARED])) and not wait(run, sums, part, parts):
            return False
        top, bottom = (0, rows) if shared else (low, high)
        first, wide, n, after = layers[l - 1, FIRST], layers[l - 1, WIDE], layers[l, N], layers[l - 1, ROW]
        errors, row = layers[l, S] + top * layers[l, ROW], layers[l, ROW]
        s = layers[l - 1, S] + top * after + first
        if layers[l, LARGE]:
            for j in range(0, wide, COLUMNS):
                width = min(COLUMNS, wide - j)
                for other in range(parts if layers[l, SHARED] else 1):
                    block = tables[other, l]
                    w, place = block[W] + (first + j) // size * block[W_ROW], panel + block[FIRST] // size * COLUMNS
                    transposed(w, block[W_ROW], width // size, block[UNITS], place, COLUMNS, one)
                product(run[PANELS], errors, row, size, panel, COLUMNS, n, s + j, after, bottom - top, width, TIMES, one, one)
        else:
            w = layers[l, WT] + first
            product(run[PANELS], errors, row, size, w, layers[l, WT_ROW], n, s, after, bottom - top, wide, TIMES, one, one)
    return True


@compiled
def to_weights(layers, run, l, first, last, rows, place, mode, alpha, beta):
    """Σ over the batch of A[l-1] dZ[l], for the rows first … last of a thread's block of layer l's weights, to `place`."""
    add_product(
        run[PANELS], layers[l - 1, A] + first * run[SIZE], run[SIZE], layers[l - 1, ROW], layers[l, S] + layers[l, FIRST],
        layers[l, ROW], rows, place, layers[l, W_ROW], last - first, layers[l, WIDE], mode, alpha, beta,
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
def descend(layers, factors, run, settings, l, first, last, rows, alpha, total, one):
    """Plain gradient descent on rows of layer l, in the product itself: W ← (1 - αλ) W - α/m Σ A dZ."""
    bias = layers[l - 1, N]
    weights = min(last, bias)
    place = layers[l, W] + first * layers[l, W_ROW]
    if settings[L2] + settings[DECAY] == 0 and factors[l, W_RATE] == factors[l, B_RATE]:
        rate = alpha * factors[l, W_RATE]
        to_weights(layers, run, l, first, last, rows, place, UPDATE, real(-rate / total, one), one)
        return
    if weights > first:
        rate = alpha * factors[l, W_RATE]
        beta = real(1 - rate * (settings[L2] + settings[DECAY]), one)
        to_weights(layers, run, l, first, weights, rows, place, UPDATE, real(-rate / total, one), beta)
    if last > bias:
        rate = alpha * factors[l, B_RATE]
        place = layers[l, W] + bias * layers[l, W_ROW]
        to_weights(layers, run, l, bias, last, rows, place, UPDATE, real(-rate / total, one), one)


@compiled
def differentiate(layers, run, settings, l, first, last, rows, place, total, one):
    """The gradient of J by rows of layer l's weights and biases, to `place`."""
    to_weights(layers, run, l, first, last, rows, place, STORE, real(1 / total, one), one)
    wide, row = layers[l, WIDE], layers[l, W_ROW]
    if row > wide:  # the rule goes over whole rows, so that nothing may be left behind the last column
        for r in range(last - first):
            behind = view(place + r * row + wide, (row - wide) // run[SIZE], one)
            behind[:] = real(0, one)
    weights = min(last, layers[l - 1, N]) - first
    if settings[L2] > 0 and weights > 0:
        add_multiple(place, settings[L2], layers[l, W] + first * layers[l, W_ROW], weights * layers[l, W_ROW] // run[SIZE], one)


@compiled
def follow(layers, factors, run, settings, l, first, last, place, alpha, t, part, one):
    """Apply the update rule to rows of layer l, whose gradient stands at `place`."""
    bias, row, count = layers[l - 1, N], layers[l, W_ROW], run[RULE_COUNT]
    hyperparameters = run[RULE_P] + part * 8 * count
    p = view(hyperparameters, count, 0.0)
    p[count - 1] = t
    for kind in range(2):
        low, high = (first, min(last, bias)) if kind == 0 else (max(first, bias), last)
        if high <= low:
            continue
        theta, entries = layers[l, W] + low * row, (high - low) * row // run[SIZE]
        p[run[ALPHA]] = alpha * factors[l, W_RATE if kind == 0 else B_RATE]
        if run[OWN_DECAY] >= 0:
            p[run[OWN_DECAY]] = settings[OWN] if kind == 0 else 0.0
        if kind == 0 and settings[DECAY] > 0:
            scale(theta, 1 - p[run[ALPHA]] * settings[DECAY], entries, one)
        state = layers[l, STATE] + low * row
        call_rule(run[RULE], theta, place + (low - first) * row, state, run[STATE_SIZE], entries, hyperparameters)


@compiled
def turn(layers, run, l, first, last, one):
    """Keep the transpose of rows of layer l's weights."""
    if layers[l, WT]:
        place = layers[l, WT] + layers[l, FIRST] // run[SIZE] * layers[l, WT_ROW] + first * run[SIZE]
        transposed(
            layers[l, W] + first * layers[l, W_ROW], layers[l, W_ROW], last - first, layers[l, UNITS], place, layers[l, WT_ROW], one
        )


@compiled
def update(layers, factors, run, settings, rows, alpha, total, t, part, one):
    """One thread's part of a step: its rows of all layers, gradient and rule in pieces that stay in the cache."""
    for l in range(1, len(layers)):
        first, last = layers[l, LOW], layers[l, HIGH]
        if last <= first:
            continue
        if not run[RULE]:
            descend(layers, factors, run, settings, l, first, last, rows, alpha, total, one)
        elif run[CLIPPED]:
            follow(
                layers, factors, run, settings, l, first, last, layers[l, GRADIENT] + first * layers[l, W_ROW], alpha, t, part, one
            )
        else:
            scratch = run[SCRATCH] + part * run[SCRATCH_BYTES]
            piece = max(run[SCRATCH_BYTES] // layers[l, W_ROW] // PAD, 1) * PAD
            for low in range(first, last, piece):
                high = min(low + piece, last)
                differentiate(layers, run, settings, l, low, high, rows, scratch, total, one)
                follow(layers, factors, run, settings, l, low, high, scratch, alpha, t, part, one)
        turn(layers, run, l, first, last, one)


@compiled
def measure(layers, run, settings, rows, total, one):
    """One thread's part of the whole gradient, for clipping, and the sum of its squares."""
    found = 0.0
    for l in range(1, len(layers)):
        first, last = layers[l, LOW], layers[l, HIGH]
        if last > first:
            place = layers[l, GRADIENT] + first * layers[l, W_ROW]
            differentiate(layers, run, settings, l, first, last, rows, place, total, one)
            found += squares(place, (last - first) * layers[l, W_ROW] // run[SIZE], one)
    return found


@compiled
def clip(layers, run, norm, limit, one):
    """Shorten one thread's part of the gradient where the whole is longer than the limit."""
    if norm > limit:
        for l in range(1, len(layers)):
            first, last = layers[l, LOW], layers[l, HIGH]
            if last > first:
                place = layers[l, GRADIENT] + first * layers[l, W_ROW]
                scale(place, limit / norm, (last - first) * layers[l, W_ROW] // run[SIZE], one)


@compiled
def accumulate(layers, run, settings, rows, one):
    """Add one thread's part of the gradient of a batch to that of all examples."""
    for l in range(1, len(layers)):
        first, last = layers[l, LOW], layers[l, HIGH]
        if last > first:
            place = layers[l, GRADIENT] + first * layers[l, W_ROW]
            to_weights(layers, run, l, first, last, rows, place, UPDATE, real(1 / settings[TOTAL], one), one)


@compiled
def penalty(layers, run, settings, one):
    """One thread's part of λ/2 ΣW²."""
    found = 0.0
    for l in range(1, len(layers)):
        first, last = layers[l, LOW], min(layers[l, HIGH], layers[l - 1, N])
        if last > first:
            found += squares(layers[l, W] + first * layers[l, W_ROW], (last - first) * layers[l, W_ROW] // run[SIZE], one)
    return settings[L2] / 2 * found


@compiled
def put_out(layers, run, start, low, high, one):
    """Copy the outputs of the rows low … high to the rows of the result, in C order."""
    last = len(layers) - 1
    n = layers[last, N]
    for r in range(low, high):
        outputs, to = view(layers[last, A] + r * layers[last, ROW], n, one), view(run[OUT] + (start + r) * n * run[SIZE], n, one)
        for j in range(n):
            to[j] = outputs[j]


@compiled
def go(tables, factors, run, settings, order, alphas, sums, part, parts, one):
    """Do one thread's part of a run: a mini-batch of `order` for each learning rate in `alphas`.

    `sums` has a row of eight float64 for each thread (a cache line, so that threads do not write to the same one). Returns the
    steps done, the loss summed over the examples with their weights, and the sum of the weights.
    """
    layers = tables[part]
    done, loss, weight = 0, 0.0, 0.0
    batch, job = run[BATCH], run[JOB]
    sums[part, MEETINGS] = 0
    for k in range(len(alphas)):
        start = k * batch
        rows = min(batch, len(order) - start)
        t = run[STEP] + k + 1
        low, high = rows_of(rows, part, parts, 4)
        fetch(layers, run, settings, order, start, low, high, one)
        if not forward(layers, factors, run, rows, low, high, t, sums, part, parts, one):
            return done, loss, weight
        if job == OUTPUTS:
            activate_outputs(layers, low, high)
            put_out(layers, run, start, low, high, one)
            done += 1
            if not wait(run, sums, part, parts):
                return done, loss, weight
            continue
        sums[part, LOSSES] = lose(layers, run, low, high, one) if high > low else 0.0
        if not backward(tables, run, rows, low, high, sums, part, parts, one):
            return done, loss, weight
        sums[part, PENALTIES] = penalty(layers, run, settings, one) if settings[L2] > 0 and job == TRAIN else 0.0
        if not wait(run, sums, part, parts):
            return done, loss, weight
        total = float(rows)
        if run[WEIGHTS]:
            weights, total = view(run[W_BUFFER], rows, one), 0.0
            for r in range(rows):
                total += weights[r]
        found, whole = 0.0, 0.0
        for other in range(parts):
            found, whole = found + sums[other, LOSSES], whole + sums[other, PENALTIES]
        if not math.isfinite(found + whole):
            return done, loss, weight
        if job == GRADIENTS:
            accumulate(layers, run, settings, rows, one)
        elif total > 0:
            alpha = alphas[k] * total / (rows * settings[USUAL])
            if run[CLIPPED]:
                sums[part, SQUARES] = measure(layers, run, settings, rows, total, one)
                if not wait(run, sums, part, parts):
                    return done, loss, weight
                norm = 0.0
                for other in range(parts):
                    norm += sums[other, SQUARES]
                clip(layers, run, math.sqrt(norm), settings[CLIP], one)
            update(layers, factors, run, settings, rows, alpha, total, t, part, one)
        loss, weight, done = loss + found + whole * total, weight + total, done + 1
        if not wait(run, sums, part, parts):
            return done, loss, weight
    return done, loss, weight
