"""Every activation of the catalogue: its values, its slope, its range, and what a record must hold."""

import numpy as np
import pytest
from draws import PROMISED
from scipy import special

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import symbol
from handgrad.calculus.indices import EXAMPLE, Affine, unit
from handgrad.calculus.parser import parse
from handgrad.calculus.rewriting import substitute
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.initialisers import INITIALISERS
from handgrad.catalogue.lookup import find_activation, functions
from handgrad.catalogue.records import Activation

POINTWISE = [record.name for record in ACTIVATIONS.values() if not record.rowwise]
WITH_PARAMETERS = [*POINTWISE, "leaky_relu(0.3)", "elu(0.5)", "elu(2)"]
FAR = np.concatenate([-np.logspace(4, -8, 500), [-0.0, 0.0], np.logspace(-8, 4, 500)])
NEAR = np.linspace(-6.03, 6.07, 1211)

SELU = (1.0507009873554805, 1.6732632423543772)


def softplus(z):
    return np.logaddexp(0, z)


REFERENCES = {
    "identity": lambda z: z,
    "exp": np.exp,
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda z: np.clip(z, 0, None),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "selu": lambda z: SELU[0] * np.where(z > 0, z, SELU[1] * np.expm1(np.minimum(z, 0))),
    "softplus": softplus,
    "gelu": lambda z: z * special.ndtr(z),
    "silu": lambda z: z * special.expit(z),
    "mish": lambda z: z * np.tanh(softplus(z)),
    "hard_sigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "softmax": lambda z: special.softmax(z, axis=0),
}


def value_of(spelling, z):
    return called(find_activation(spelling), z, 0)


def slope_of(spelling, z):
    return called(find_activation(spelling), z, 1)


def called(record, z, primes):
    Z = symbol("Z", on=(unit("l"), EXAMPLE)[: z.ndim])
    return np.broadcast_to(evaluate(record.call(Z, primes), {"Z": z}, functions(record), Z.axes), z.shape)


def far_from_kinks(z, spelling, margin):
    return z[[all(abs(x - kink) > margin for kink in find_activation(spelling).kink_points) for x in z]]


def test_the_catalogue_has_the_activations_that_were_promised():
    assert set(REFERENCES) == PROMISED <= set(ACTIVATIONS)
    assert all(name == record.name for name, record in ACTIVATIONS.items())


@pytest.mark.parametrize("record", ACTIVATIONS.values(), ids=lambda record: record.name)
def test_every_record_is_complete(record):
    assert len(record.source) > 10
    assert record.symbol
    assert record.initialiser in INITIALISERS
    assert record.value_expression.parts or record.name == "identity"
    assert record.opaque is None
    assert bool(record.slope) != bool(record.vjp)
    assert bool(record.vjp) == bool(record.jacobian) == record.simplex
    assert not record.simplex or record.rowwise
    assert set(record.limits) <= set(record.parameters)
    assert record.interval.low < record.interval.high
    assert Activation.usual(record.name) is record


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(PROMISED - {"exp"}))
def test_no_overflow_and_the_values_of_scipy_from_minus_to_plus_1e4(name, dtype):
    z = FAR.astype(dtype) if name != "softmax" else np.stack([FAR, np.roll(FAR, 7), FAR[::-1]]).astype(dtype)
    found = value_of(name, z)
    assert found.dtype == dtype
    assert np.isfinite(found).all()
    expected = REFERENCES[name](z.astype(np.float64))
    # what rounding z by one bit changes: e^z by |z| bits, e^(-z²/2) by z²; below the smallest normal number bits are lost
    exponent = z.astype(np.float64) ** 2 if name == "gelu" else np.abs(z.astype(np.float64))
    spread = np.ptp(z, axis=0).astype(np.float64) if name == "softmax" else exponent
    bits = 8 if name != "gelu" else 64  # its erfc is good to 1e-14
    allowed = np.abs(expected) * np.finfo(dtype).eps * (bits + 2 * spread) + np.finfo(dtype).tiny * (1 + np.abs(z))
    assert (np.abs(found - expected) <= allowed).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exp_is_infinite_where_it_must_be_and_warns_of_nothing(dtype):
    found = value_of("exp", FAR.astype(dtype))
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_allclose(found, np.exp(FAR.astype(dtype)), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [name for name in POINTWISE if name != "exp"])
def test_no_slope_overflows(name, dtype):
    found = slope_of(name, FAR.astype(dtype))
    assert found.dtype == dtype
    assert np.isfinite(found).all()
    assert (np.abs(found) <= 2).all()


@pytest.mark.parametrize("spelling", WITH_PARAMETERS)
def test_the_slope_is_the_derivative_of_the_value(spelling):
    step = 1e-3
    z = far_from_kinks(NEAR, spelling, 3 * step)
    assert len(z) > 1180

    def value(offset):
        return value_of(spelling, z + offset)

    measured = (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step)
    np.testing.assert_allclose(slope_of(spelling, z), measured, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("spelling", WITH_PARAMETERS)
def test_at_a_kink_the_slope_is_the_declared_one(spelling):
    for kink, slope in find_activation(spelling).kink_points.items():
        assert slope_of(spelling, np.array([kink]))[0] == pytest.approx(slope, rel=1e-15)


@pytest.mark.parametrize("spelling", WITH_PARAMETERS)
def test_a_slope_that_jumps_is_declared_as_a_kink(spelling):
    z = np.linspace(-5, 5, 100_001)
    jumps = np.flatnonzero(np.abs(np.diff(slope_of(spelling, z))) > 1e-3 * max(1, np.abs(slope_of(spelling, z)).max()))
    kinks = find_activation(spelling).kink_points
    # elu with alpha = 1 bends without a jump; a declared kink need not be one
    assert all(any(abs(z[place] - kink) < 2e-4 for kink in kinks) for place in jumps)
    assert {"relu", "leaky_relu", "selu", "hard_sigmoid"} <= {name for name in POINTWISE if ACTIVATIONS[name].kinks}


@pytest.mark.parametrize(
    ("name", "kinks"), [("relu", {0: 0}), ("leaky_relu", {0: 0.01}), ("elu(0.5)", {0: 0.5}), ("hard_sigmoid", {-3: 0, 3: 0})]
)
def test_the_conventions_at_kinks(name, kinks):
    assert find_activation(name).kink_points == kinks


@pytest.mark.parametrize("spelling", [*WITH_PARAMETERS, "softmax"])
def test_the_stable_form_equals_the_one_of_the_books(spelling):
    record = find_activation(spelling)
    z = np.linspace(-8, 8, 900).reshape(3, 300)
    axes = (unit(), EXAMPLE) if record.rowwise else ()
    values = {"z": z}
    written = evaluate(record.value_expression, values, functions(), axes)
    stable = evaluate(record.stable_expression, values, functions(), axes)
    np.testing.assert_allclose(written, stable, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("spelling", [*WITH_PARAMETERS, "softmax"])
def test_the_values_lie_in_the_declared_range_and_reach_its_finite_ends(spelling):
    record = find_activation(spelling)
    z = np.stack([np.linspace(-16, 16, 6401), np.zeros(6401)])
    a, near = value_of(spelling, z), value_of(spelling, z * 0.75)
    assert record.interval.holds(a).all()
    for end, reached, before in ((record.interval.low, a.min(), near.min()), (record.interval.high, a.max(), near.max())):
        if np.isfinite(end):
            assert reached == pytest.approx(end, abs=1e-2)
        else:  # it is still on its way
            assert abs(reached) > 1.2 * abs(before)


@pytest.mark.parametrize("spelling", WITH_PARAMETERS)
def test_the_slope_reads_no_more_than_it_says(spelling):
    record = find_activation(spelling)
    z = np.linspace(-4, 4.01, 50)
    kept = {"z": z, "a": value_of(spelling, z)}
    slope = evaluate(record.slope_expression, {name: kept[name] for name in record.slope_reads}, functions())
    np.testing.assert_allclose(np.broadcast_to(slope, z.shape), slope_of(spelling, z), rtol=1e-14, atol=1e-15)
    for name in record.slope_reads:
        with pytest.raises(ValueError, match="no value"):
            evaluate(record.slope_expression, {other: kept[other] for other in record.slope_reads - {name}}, functions())


def test_what_each_slope_reads():
    reads = {name: "".join(sorted(ACTIVATIONS[name].slope_reads)) for name in POINTWISE}
    assert reads.items() >= {
        "identity": "", "exp": "a", "sigmoid": "a", "tanh": "a", "relu": "z", "leaky_relu": "z", "elu": "az", "selu": "az",
        "softplus": "z", "gelu": "z", "silu": "z", "mish": "z", "hard_sigmoid": "z",
    }.items()  # fmt: skip


def test_the_constants_of_selu_keep_mean_0_and_variance_1():
    # Klambauer et al. define λ and α by this fixed point, for a standard normal z
    fine = np.linspace(-12, 12, 200_001)
    density = np.exp(-(fine**2) / 2) / np.sqrt(2 * np.pi) * (fine[1] - fine[0])
    a = value_of("selu", fine)
    assert (a * density).sum() == pytest.approx(0, abs=1e-9)
    assert (a**2 * density).sum() == pytest.approx(1, abs=1e-9)


SOFTMAX = ACTIVATIONS["softmax"]


def row(*shape):
    return np.random.default_rng(3).normal(0, 2, shape)


def jacobian(z):
    placed = substitute(SOFTMAX.jacobian_expression, {"a": symbol("A", 1)}, Affine.of(1))
    return evaluate(placed, {"A[1]": value_of("softmax", z)}, axes=(unit(1), unit(1, 1), EXAMPLE))


def test_the_rows_of_softmax_sum_to_1():
    np.testing.assert_allclose(value_of("softmax", 100 * row(5, 300)).sum(axis=0), 1, rtol=1e-14)


def test_softmax_does_not_change_when_a_number_is_added_to_a_row():
    z = row(4, 20)
    np.testing.assert_allclose(value_of("softmax", z + 7), value_of("softmax", z), rtol=1e-13)


def test_the_jacobian_of_softmax_is_its_derivative():
    z, step = row(4, 6), 1e-5
    found = jacobian(z)
    for j in range(4):
        move = step * np.eye(4)[j][:, None]
        measured = (value_of("softmax", z + move) - value_of("softmax", z - move)) / (2 * step)
        np.testing.assert_allclose(found[:, j], measured, atol=1e-10)


def test_the_vector_jacobian_product_of_softmax_is_da_times_its_jacobian():
    z, da = row(4, 6), row(4, 6) ** 2
    placed = substitute(SOFTMAX.slope_expression, {"a": symbol("A", 1), "da": parse("dA[1]")}, Affine.of(1))
    product = evaluate(placed, {"A[1]": value_of("softmax", z), "dA[1]": da})
    np.testing.assert_allclose(product, np.einsum("ie,ije->je", da, jacobian(z)), atol=1e-14)
