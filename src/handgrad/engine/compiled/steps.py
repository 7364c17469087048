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
from handgrad.engine.compiled import tables as at
from handgrad.engine.compiled.building import compiled
from handgrad.engine.compiled.machine import COLUMNS, STORE, TIMES, call_activation, call_loss, call_sparse_product, call_vjp
from handgrad.engine.compiled.products import gather, meet, pack, product, real, rows_of, transposed, view
from handgrad.engine.compiled.updates import accumulate, clip, measure, squared_weights, update

SHIFTS, MULTIPLIERS = zip(*dropout.ROUNDS, strict=True)


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
    where, n = row * layers[layer, at.ROW], layers[layer, at.N]
    a, s = view(layers[layer, at.A] + where, n, one), view(layers[layer, at.S] + where, n, one)
    threshold, keep, nothing = layers[layer, at.THRESHOLD], real(factors[layer, at.KEEP], one), real(0, one)
    for j in range(first, last):
        scale = keep if bits(run[at.SEED], t, layer, row, j) >= threshold else nothing
        a[j] = scale * a[j]
        s[j] = scale * s[j]


@compiled
def wait(run, sums, part, parts):
    """Wait for the other threads; False where the run is given up."""
    if parts == 1:
        return True
    sums[part, at.MEETINGS] += 1
    return meet(run[at.MEETING], parts, int(sums[part, at.MEETINGS]))


@compiled
def fetch(layers, run, settings, order, start, low, high, one):
    """Gather the rows low … high of the mini-batch that begins at `start`: inputs, targets and weights.

    Sparse inputs stay where they are; of them it is noted where they stand.
    """
    last = len(layers) - 1
    inputs, outputs = layers[0, at.N], layers[last, at.N]
    if run[at.INDPTR]:
        begins, ends = view(run[at.INDPTR], run[at.ALL] + 1, 0), view(run[at.ENDS], 2 * run[at.BATCH], 0)
        for r in range(low, high):
            ends[2 * r], ends[2 * r + 1] = begins[order[start + r]], begins[order[start + r] + 1]
        view(layers[1, at.SEEN], run[at.BATCH], 0)[:] = -1
    else:
        to, row = layers[0, at.A] + low * layers[0, at.ROW], layers[0, at.ROW]
        gather(run[at.X], run[at.X_KIND], run[at.X_ROW], run[at.X_COLUMN], order, start + low, start + high, to, row, inputs, one)
    if run[at.JOB] == at.OUTPUTS:
        return
    ld = run[at.Y_LD] * run[at.SIZE]
    to = run[at.Y_BUFFER] + low * ld
    gather(run[at.Y], run[at.Y_KIND], run[at.Y_ROW], run[at.Y_COLUMN], order, start + low, start + high, to, ld, outputs, one)
    if settings[at.SMOOTHING] > 0:
        keep, share = real(1 - settings[at.SMOOTHING], one), real(settings[at.SMOOTHING] / outputs, one)
        for r in range(high - low):
            y = view(to + r * ld, outputs, one)
            for j in range(outputs):
                y[j] = keep * y[j] + share
    if run[at.WEIGHTS]:
        weights = view(run[at.WEIGHTS], run[at.ALL], one)
        found = view(run[at.W_BUFFER], run[at.BATCH], one)
        for r in range(low, high):
            found[r] = weights[order[start + r]]


@compiled
def forward(layers, factors, run, rows, low, high, t, sums, part, parts, one):
    """Take the rows low … high of a batch through all layers, up to Z of the output layer.

    In a layer whose units the threads share, each takes all rows through its units.
    """
    last, size, panel = len(layers) - 1, run[at.SIZE], run[at.PANEL] + part * run[at.PANEL_BYTES]
    for l in range(1, last + 1):
        shared = layers[l, at.SHARED]
        if (shared or layers[l - 1, at.SHARED]) and not wait(run, sums, part, parts):
            return False
        top, bottom = (0, rows) if shared else (low, high)
        n, wide, before, after = layers[l - 1, at.N] + 1, layers[l, at.WIDE], layers[l - 1, at.ROW], layers[l, at.ROW]
        x, left = layers[l - 1, at.A] + top * before, layers[l, at.FIRST] // size
        a, s = layers[l, at.A] + top * after + layers[l, at.FIRST], layers[l, at.S] + top * after + layers[l, at.FIRST]
        w, row = layers[l, at.W], layers[l, at.W_ROW]
        if l == 1 and run[at.INDPTR]:
            ends, bias, kind = run[at.ENDS] + top * 16, layers[0, at.N], run[at.SPARSE_PRODUCT]
            call_sparse_product(kind, run[at.X], run[at.COLUMNS], ends, bottom - top, w, row, bias, a, after, wide, one, one)
        elif layers[l, at.LARGE]:
            for j in range(0, wide, COLUMNS):
                width = min(COLUMNS, wide - j)
                pack(w + j, row, n, width, panel, one)
                product(run[at.PANELS], x, before, size, panel, COLUMNS, n, a + j, after, bottom - top, width, STORE, one, one)
        else:
            product(run[at.PANELS], x, before, size, w, row, n, a, after, bottom - top, wide, STORE, one, one)
        if l < last:
            if layers[l, at.ACTIVATION]:
                call_activation(
                    layers[l, at.ACTIVATION], a, s, bottom - top, layers[l, at.UNITS], layers[l, at.LD], layers[l, at.ACTIVATION_P]
                )
            if run[at.JOB] == at.TRAIN and layers[l, at.THRESHOLD]:
                for r in range(top, bottom):
                    drop(layers, factors, l, r, left, left + layers[l, at.UNITS], run, t, one)
            if left + layers[l, at.UNITS] == layers[l, at.N]:
                for r in range(bottom - top):
                    view(layers[l, at.A] + (top + r) * after, layers[l, at.N] + 1, one)[layers[l, at.N]] = one
    return not layers[last, at.SHARED] or wait(run, sums, part, parts)


@compiled
def activate_outputs(layers, low, high):
    """The output activation of the rows low … high, with its slopes where it is pointwise."""
    last = len(layers) - 1
    if layers[last, at.ACTIVATION]:
        a, s = layers[last, at.A] + low * layers[last, at.ROW], layers[last, at.S] + low * layers[last, at.ROW]
        call_activation(
            layers[last, at.ACTIVATION], a, s, high - low, layers[last, at.N], layers[last, at.LD], layers[last, at.ACTIVATION_P]
        )


@compiled
def lose(layers, run, low, high, one):
    """The loss of the rows low … high, summed with their weights; S of the output layer becomes their error dZ."""
    last = len(layers) - 1
    rows, n, ld = high - low, layers[last, at.N], layers[last, at.LD]
    a, s = layers[last, at.A] + low * layers[last, at.ROW], layers[last, at.S] + low * layers[last, at.ROW]
    y, w = run[at.Y_BUFFER] + low * run[at.Y_LD] * run[at.SIZE], run[at.W_BUFFER] + low * run[at.SIZE]
    if not run[at.FUSED]:
        activate_outputs(layers, low, high)
    if not run[at.FUSED] and (run[at.VJP] or not layers[last, at.ACTIVATION]):
        for r in range(rows):
            slopes = view(s + r * layers[last, at.ROW], n, one)
            for j in range(n):
                slopes[j] = one
    found = call_loss(run[at.LOSS], a, s, y, w, rows, n, ld, run[at.Y_LD], run[at.LOSS_P])
    if not run[at.FUSED] and run[at.VJP]:
        call_vjp(run[at.VJP], a, s, rows, n, ld, layers[last, at.ACTIVATION_P])
    return found


@compiled
def backward(tables, run, rows, low, high, sums, part, parts, one):
    """Take the errors of the rows low … high back to layer 1: S of each layer becomes its dZ; shared units as in `forward`."""
    layers = tables[part]
    last, size, panel = len(layers) - 1, run[at.SIZE], run[at.PANEL] + part * run[at.PANEL_BYTES]
    for l in range(last, 1, -1):
        shared = layers[l - 1, at.SHARED]
        if (shared or (l < last and layers[l, at.SHARED])) and not wait(run, sums, part, parts):
            return False
        top, bottom = (0, rows) if shared else (low, high)
        first, wide, n, after = layers[l - 1, at.FIRST], layers[l - 1, at.WIDE], layers[l, at.N], layers[l - 1, at.ROW]
        errors, row = layers[l, at.S] + top * layers[l, at.ROW], layers[l, at.ROW]
        s = layers[l - 1, at.S] + top * after + first
        if layers[l, at.LARGE]:
            for j in range(0, wide, COLUMNS):
                width = min(COLUMNS, wide - j)
                for other in range(parts if layers[l, at.SHARED] else 1):
                    block = tables[other, l]
                    w, place = block[at.W] + (first + j) // size * block[at.W_ROW], panel + block[at.FIRST] // size * COLUMNS
                    transposed(w, block[at.W_ROW], width // size, block[at.UNITS], place, COLUMNS, one)
                product(run[at.PANELS], errors, row, size, panel, COLUMNS, n, s + j, after, bottom - top, width, TIMES, one, one)
        else:
            w = layers[l, at.WT] + first
            product(run[at.PANELS], errors, row, size, w, layers[l, at.WT_ROW], n, s, after, bottom - top, wide, TIMES, one, one)
    return True


@compiled
def put_out(layers, run, start, low, high, one):
    """Copy the outputs of the rows low … high to the rows of the result, in C order."""
    last = len(layers) - 1
    n = layers[last, at.N]
    for r in range(low, high):
        outputs, to = (
            view(layers[last, at.A] + r * layers[last, at.ROW], n, one),
            view(run[at.OUT] + (start + r) * n * run[at.SIZE], n, one),
        )
        for j in range(n):
            to[j] = outputs[j]


@compiled
def go(tables, factors, run, settings, order, alphas, sums, part, parts, one):
    """Do one thread's part of a run: a mini-batch of `order` for each learning rate in `alphas`.

    `sums` has a row of eight float64 for each thread (a cache line, so that threads do not write to the same one). Returns the
    steps done, the loss summed over the examples with their weights, and the sum of the weights; where batches stand for themselves
    (PER_BATCH), the sum of their losses times their rows, and that of the rows.
    """
    layers = tables[part]
    done, loss, weight = 0, 0.0, 0.0
    batch, job = run[at.BATCH], run[at.JOB]
    sums[part, at.MEETINGS] = 0
    for k in range(len(alphas)):
        start = k * batch
        rows = min(batch, len(order) - start)
        t = run[at.STEP] + k + 1
        low, high = rows_of(rows, part, parts, 4)
        fetch(layers, run, settings, order, start, low, high, one)
        if not forward(layers, factors, run, rows, low, high, t, sums, part, parts, one):
            return done, loss, weight
        if job == at.OUTPUTS:
            activate_outputs(layers, low, high)
            put_out(layers, run, start, low, high, one)
            done += 1
            if not wait(run, sums, part, parts):
                return done, loss, weight
            continue
        sums[part, at.LOSSES] = lose(layers, run, low, high, one) if high > low else 0.0
        if not backward(tables, run, rows, low, high, sums, part, parts, one):
            return done, loss, weight
        penalised = settings[at.L2] > 0 and job == at.TRAIN
        sums[part, at.PENALTIES] = squared_weights(layers, run, one) if penalised else 0.0
        if not wait(run, sums, part, parts):
            return done, loss, weight
        total = float(rows)
        if run[at.WEIGHTS]:
            weights, total = view(run[at.W_BUFFER], rows, one), 0.0
            for r in range(rows):
                total += weights[r]
        found, whole = 0.0, 0.0
        for other in range(parts):
            found, whole = found + sums[other, at.LOSSES], whole + sums[other, at.PENALTIES]
        per_batch = run[at.PER_BATCH] and job == at.TRAIN
        heavy = float(rows) if per_batch else total
        l2 = settings[at.L2]
        if per_batch:
            l2 = l2 / total if total != 0 else 0.0
        whole *= l2 / 2
        if not math.isfinite(found + whole):
            return done, loss, weight
        if job == at.GRADIENTS:
            accumulate(layers, run, settings, rows, one)
        elif total != 0:
            alpha = alphas[k] if per_batch else alphas[k] * total / (rows * settings[at.USUAL])
            if run[at.CLIPPED]:
                sums[part, at.SQUARES] = measure(layers, run, l2, rows, total, one)
                if not wait(run, sums, part, parts):
                    return done, loss, weight
                norm = 0.0
                for other in range(parts):
                    norm += sums[other, at.SQUARES]
                clip(layers, run, math.sqrt(norm), settings[at.CLIP], one)
            update(layers, factors, run, settings, l2, rows, alpha, total, t, part, one)
        share = heavy / total if total != 0 else 1.0
        loss, weight, done = loss + share * (found + whole * total), weight + heavy, done + 1
        if not wait(run, sums, part, parts):
            return done, loss, weight
    return done, loss, weight
