"""The elementary functions of the kernels, against those of C in double precision."""

import math

import numba
import numpy as np
import pytest

from handgrad.calculus.functions import PRIMITIVES
from handgrad.engine.kernels import vector_math

FUNCTIONS = ("exp", "expm1", "log", "log1p", "tanh", "cosh", "erf", "erfc")
WORST = {"exp": 1, "expm1": 2, "log": 1, "log1p": 2, "tanh": 3, "cosh": 2, "erf": 3, "erfc": 5}
REFERENCE = {"erf": math.erf, "erfc": math.erfc}
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, -2.0, 1e-40, -1e-40, 1e-45, 1e30, -1e30]


def spread(bits):
    """Numbers of every size, the densest where the functions change, subnormal ones included."""
    rng = np.random.default_rng(bits)
    low, high = (-44, 38) if bits == 32 else (-322, 308)
    sizes = 10 ** rng.uniform(low, high, 4000)
    sides = np.concatenate([sizes, -sizes, rng.uniform(-1, 1, 4000), rng.uniform(0.5, 2, 2000), rng.uniform(-30, 30, 6000)])
    wide = rng.uniform(-110, 95, 4000) if bits == 32 else rng.uniform(-760, 720, 4000)
    return np.concatenate([SPECIAL, sides, wide]).astype(f"f{bits // 8}")


@pytest.fixture(scope="module", params=[32, 64])
def values(request):
    """The arguments, and what each function makes of them: one compiled loop over all functions."""
    bits = request.param
    exp, expm1, log, log1p, tanh, cosh, erf, erfc, sign, order, ordered = (
        getattr(vector_math, f"{name}_{bits}") for name in (*FUNCTIONS, "sign", "order", "ordered")
    )

    @numba.njit(error_model="numpy")
    def compute(x, out, orders):
        for i in range(len(x)):
            out[0, i], out[1, i], out[2, i], out[3, i] = exp(x[i]), expm1(x[i]), log(x[i]), log1p(x[i])
            out[4, i], out[5, i], out[6, i], out[7, i] = tanh(x[i]), cosh(x[i]), erf(x[i]), erfc(x[i])
            orders[i] = order(x[i])
            out[8, i], out[9, i] = sign(x[i]), ordered(orders[i])

    x = spread(bits)
    out, orders = np.empty((10, len(x)), x.dtype), np.empty(len(x), np.int64)
    compute(x, out, orders)
    return x, dict(zip((*FUNCTIONS, "sign", "back"), out, strict=True)) | {"order": orders}


def reference(name, x):
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.array([REFERENCE[name](float(v)) for v in wide]) if name in REFERENCE else getattr(np, name)(wide)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_within_a_few_units_in_the_last_place(values, name):
    x, found = values
    with np.errstate(over="ignore", under="ignore"):
        exact = reference(name, x)
        expected = exact.astype(x.dtype)
    np.testing.assert_array_equal(np.isnan(found[name]), np.isnan(expected))
    infinite = np.isinf(expected) | np.isinf(found[name])
    largest = np.abs(expected[infinite & ~np.isinf(found[name])])  # what just overflows may round to the largest number
    assert largest.size == 0
    np.testing.assert_array_equal(found[name][infinite], expected[infinite])
    plain = ~infinite & ~np.isnan(expected)
    units = np.abs(found[name][plain].astype(np.float64) - exact[plain]) / np.spacing(np.abs(expected[plain])).astype(np.float64)
    allowed = WORST[name] + (1 if x.dtype == np.float64 else 0)  # that far the reference may be off itself
    assert units.max() <= allowed, (x[plain][units.argmax()], units.max())


def test_the_sign_is_that_of_numpy(values):
    x, found = values
    np.testing.assert_array_equal(found["sign"], np.sign(x))


def test_the_order_of_whole_numbers_is_that_of_the_floats(values):
    x, found = values
    np.testing.assert_array_equal(found["back"], x)
    numbers = ~np.isnan(x)
    by_order = x[numbers][np.argsort(found["order"][numbers], kind="stable")]
    assert (np.diff(by_order[np.isfinite(by_order)]) >= 0).all()
    assert by_order[0] == -np.inf
    assert by_order[-1] == np.inf


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_a_kernel_form(name):
    primitive = PRIMITIVES[name]
    assert primitive.kernel or all(hasattr(vector_math, f"{name}_{bits}") for bits in (32, 64))
    if primitive.kernel:
        text = primitive.kernel.format(*"xyz"[: primitive.arity], one="1.0", zero="0.0")
        assert all(letter in text for letter in "xyz"[: primitive.arity])
