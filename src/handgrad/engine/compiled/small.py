"""Compiled steps with one example at a time for networks whose layers are one pad wide: all in one piece, on one thread.

Such a step takes less time than the calls and tables of the general one. The formulas are the same kernels; W is read and
written in place, so that no transpose is kept.
"""

from __future__ import annotations

import math

from handgrad.engine.compiled import tables as at
from handgrad.engine.compiled.building import compiled
from handgrad.engine.compiled.machine import STORE, add_outer, call_activation, call_loss, call_rule, tile_row_pad, times_rows
from handgrad.engine.compiled.products import gather, real, view


@compiled
def go_small(layers, run, settings, order, alphas, one):
    """Take a step per learning rate, each with the next example of `order`; returns the same as `steps.go`.

    Plain gradient descent moves each layer's weights as soon as its own errors have gone back.
    """
    last, size = len(layers) - 1, run[at.SIZE]
    inputs, x = layers[0, at.N], layers[0, at.A]
    outputs, errors = layers[last, at.A], layers[last, at.S]
    first = view(x, inputs, one)
    rule, count = run[at.RULE], run[at.RULE_COUNT]
    p = view(run[at.RULE_P], max(count, 1), 0.0)
    kind = 0 if size == 4 else 1
    plain_inputs = run[at.X_KIND] == kind and run[at.X_COLUMN] == size
    plain_targets = run[at.Y_KIND] == kind and (run[at.Y_COLUMN] == size or layers[last, at.N] == 1)
    loss = 0.0
    for k in range(len(alphas)):
        row = order[k]
        if plain_inputs:
            features = view(run[at.X] + row * run[at.X_ROW], inputs, one)
            for j in range(inputs):
                first[j] = features[j]
        else:
            gather(run[at.X], run[at.X_KIND], run[at.X_ROW], run[at.X_COLUMN], order, k, k + 1, x, 0, inputs, one)
        for l in range(1, last + 1):
            a, n = layers[l, at.A], layers[l, at.N]
            tile_row_pad(
                layers[l - 1, at.A],
                size,
                size,
                layers[l, at.W],
                layers[l, at.W_ROW],
                layers[l - 1, at.N] + 1,
                a,
                0,
                STORE,
                one,
                one,
            )
            if l < last:
                if layers[l, at.ACTIVATION]:
                    call_activation(
                        layers[l, at.ACTIVATION], a, layers[l, at.S], 1, n, layers[l, at.LD], layers[l, at.ACTIVATION_P]
                    )
                view(a, n + 1, one)[n] = one
        # what steps.lose does, which takes a twentieth of such a step longer
        if not run[at.FUSED]:
            if layers[last, at.ACTIVATION]:
                call_activation(
                    layers[last, at.ACTIVATION],
                    outputs,
                    errors,
                    1,
                    layers[last, at.N],
                    layers[last, at.LD],
                    layers[last, at.ACTIVATION_P],
                )
            else:
                slopes = view(errors, layers[last, at.N], one)
                for j in range(layers[last, at.N]):
                    slopes[j] = one
        y = run[at.Y] + row * run[at.Y_ROW]
        if not plain_targets:
            y = run[at.Y_BUFFER]
            gather(run[at.Y], run[at.Y_KIND], run[at.Y_ROW], run[at.Y_COLUMN], order, k, k + 1, y, 0, layers[last, at.N], one)
        found = call_loss(
            run[at.LOSS],
            outputs,
            errors,
            y,
            run[at.W_BUFFER],
            1,
            layers[last, at.N],
            layers[last, at.LD],
            run[at.Y_LD],
            run[at.LOSS_P],
        )
        if not math.isfinite(found):
            return k, loss, float(k)
        loss += found
        alpha = alphas[k]
        step, keep = (one, real(0, one)) if rule else (real(-alpha, one), one)
        for l in range(last, 0, -1):
            if l > 1:
                times_rows(layers[l, at.W], layers[l, at.W_ROW], layers[l - 1, at.N], layers[l, at.S], layers[l - 1, at.S], one)
            place = layers[l, at.GRADIENT] if rule else layers[l, at.W]
            add_outer(layers[l - 1, at.A], layers[l, at.S], layers[l - 1, at.N] + 1, place, layers[l, at.W_ROW], step, keep)
        if rule:
            p[run[at.ALPHA]], p[count - 1] = alpha, run[at.STEP] + k + 1
            place, state = layers[1, at.GRADIENT], layers[1, at.STATE]
            call_rule(rule, layers[1, at.W], place, state, run[at.STATE_SIZE], run[at.STATE_SIZE], run[at.RULE_P])
    return len(alphas), loss, float(len(alphas))
