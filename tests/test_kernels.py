"""The compiled kernels: current, and equal to the evaluated formulas of the catalogue, at usual and extreme numbers."""

import ctypes
import math
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import symbol
from handgrad.calculus.indices import EXAMPLE, unit
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.lookup import every_loss, every_rule, find_activation, find_loss, find_optimiser, functions
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.optimisers import LBFGS, OPTIMISERS
from handgrad.catalogue.own import add_activation, add_loss
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_RULES
from handgrad.engine.kernels import compiling
from handgrad.engine.kernels import generated as kernels
from handgrad.engine.kernels.compiling import kernel, record_kernel
from handgrad.engine.kernels.generating import catalogue_source, kernel_source, record_source
from handgrad.errors import EngineWarning, TrainingError

DTYPES = ("float32", "float64")
POINTWISE = [name for name, record in ACTIVATIONS.items() if not record.rowwise and not record.own]
EVERY_LOSS, EVERY_RULE = every_loss(), every_rule()
BUILT_IN = [name for name, record in EVERY_LOSS.items() if not record.own]
PAIRS = [(loss, output) for loss in BUILT_IN for output in EVERY_LOSS[loss].fused]
EXTREME = [0.0, -0.0, 1e-42, -1e-42, 20.0, -20.0, 90.0, -90.0, 1e4, -1e4, 3.0, -3.0, 1e30, -1e30]
NOT_FINITE = [np.inf, -np.inf, np.nan]
ROW_AXES = (EXAMPLE, unit())


def call(address, *arguments, gives=None):
    """Call a kernel: arrays by their address, sizes as they are."""
    kinds = [ctypes.c_void_p if isinstance(a, np.ndarray) else ctypes.c_int64 for a in arguments]
    plain = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
    return ctypes.CFUNCTYPE(gives, *kinds)(address)(*plain)


def padded(values, dtype, ld=None, fill=np.nan):
    """A copy with rows of `ld` entries, a multiple of 16; beyond the values stands `fill`."""
    rows, n = values.shape
    out = np.full((rows, ld or -(-n // 16) * 16), fill, dtype)
    out[:, :n] = values
    return out


def numbers(record, *others):
    return np.array([*(value for each in (record, *others) for value in each.parameters.values()), 0.0])


def checked(found, expected, dtype, sizes=1.0, bits=16):
    """Hold to an expected value within rounding of numbers of these sizes; infinities and NaN stand at the same places."""
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    with np.errstate(all="ignore"):
        expected = np.asarray(expected, np.float64)
        reach = np.abs(expected.astype(dtype)).astype(np.float64)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        np.testing.assert_array_equal(np.isinf(found), np.isinf(reach))
        same = np.isinf(reach) | np.isnan(expected)
        off = np.abs(np.asarray(found, np.float64) - expected)
        allowed = bits * (eps * sizes * np.maximum(np.abs(expected), 1e-3) + tiny)
    assert (off[~same] <= np.broadcast_to(allowed, off.shape)[~same]).all(), (found, expected)


def drawn(dtype, rows=5, n=37, scale=3.0, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((rows, n)) * scale
    z.flat[: len(EXTREME)] = EXTREME
    return z.astype(dtype)


def test_the_committed_file_is_what_the_catalogue_makes():
    assert Path(kernels.__file__).read_text(encoding="utf-8") == catalogue_source()


def test_there_is_a_kernel_for_every_record():
    names = {
        *POINTWISE,
        "softmax",
        "softmax_vjp",
        *BUILT_IN,
        *OPTIMISERS,
        *SCIKIT_LEARN_RULES,
        *(f"{loss}_of_{output}" for loss, output in PAIRS),
    }
    assert {f"{name}_{dtype}" for name in names for dtype in DTYPES} == {key for key in vars(kernels) if key.endswith(DTYPES)}


def activated(record, z):
    """a and g'(z) of the derivation, from the numbers as they are, in float64."""
    Z = symbol("Z", on=(unit("l"), EXAMPLE))
    known = functions(record)
    return [
        np.broadcast_to(evaluate(record.call(Z, primes), {"Z": z.astype(np.float64)}, known, Z.axes), z.shape) for primes in (0, 1)
    ]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spelling", [*POINTWISE, "leaky_relu(0.3)", "elu(0.5)"])
def test_an_activation_and_its_slope(spelling, dtype):
    record = find_activation(spelling)
    given = drawn(dtype)
    z, s = padded(given, dtype, 64, fill=7), padded(np.zeros_like(given), dtype, 64, fill=8)
    call(record_kernel(record, dtype), z, s, len(given), given.shape[1], 64, numbers(record))
    a, slope = activated(record, given)
    # what rounding by one bit changes: e^z by |z| bits, erfc(z) and e^(-z²/2) by z²
    exponent = np.abs(given.astype(np.float64))
    sizes = 1 + np.minimum(exponent**2 if record.name == "gelu" else exponent, 2e4)
    cancelling = 1 / np.maximum(np.abs(a), 1e-3) if record.name == "hard_sigmoid" else 1.0
    checked(z[:, :37], a, dtype, sizes * cancelling)
    checked(s[:, :37], slope, dtype, np.maximum(sizes, 1 / np.maximum(np.abs(slope), 1e-3)))
    assert (z[:, 37:] == 7).all()
    assert (s[:, 37:] == 8).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", POINTWISE)
def test_what_is_not_finite_stays_what_the_formula_makes_of_it(name, dtype):
    record, given = ACTIVATIONS[name], np.array([NOT_FINITE], dtype)
    z, s = padded(given, dtype), padded(given, dtype)
    call(kernel(name, dtype), z, s, 1, 3, 16, numbers(record))
    a, slope = activated(record, given)
    checked(z[:, :3], a, dtype)
    checked(s[:, :3], slope, dtype)


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 130])
def test_any_width_and_no_rows(n):
    given = np.random.default_rng(n).standard_normal((3, n))
    z, s = padded(given, "float64"), padded(given, "float64")
    call(kernel("relu", "float64"), z, s, 0, n, z.shape[1], numbers(ACTIVATIONS["relu"]))
    np.testing.assert_array_equal(z[:, :n], given)
    call(kernel("relu", "float64"), z, s, 3, n, z.shape[1], numbers(ACTIVATIONS["relu"]))
    np.testing.assert_array_equal(z[:, :n], np.maximum(given, 0))
    np.testing.assert_array_equal(s[:, :n], given > 0)
    assert np.isnan(z[:, n:]).all()


def rowwise(text, record, axes, **values):
    """A formula over rows, of arrays of rows."""
    named = {key: value.astype(np.float64) for key, value in values.items()}
    expression = record.meant(text, dict.fromkeys(named, (unit(),)))
    rows = range(len(next(iter(named.values()))))
    return np.stack([evaluate(expression, {key: value[row] for key, value in named.items()}, None, axes) for row in rows])


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_and_its_product(dtype):
    record = ACTIVATIONS["softmax"]
    given = drawn(dtype, scale=5)
    given[0] = np.linspace(-1, 1, 37) * (1e4 if dtype == "float32" else 1e8)
    z, d = padded(given, dtype, 64), padded(given, dtype, 64)
    call(kernel("softmax", dtype), z, d, len(given), 37, 64, numbers(record))
    a = rowwise(record.stable, record, (unit(),), z=given)
    spread = np.max(given, axis=1, keepdims=True).astype(np.float64) - given
    checked(z[:, :37], a, dtype, 1 + np.minimum(spread, 100))
    np.testing.assert_array_equal(d, padded(given, dtype, 64))
    product = rowwise(record.vjp, record, (unit(),), a=z[:, :37], da=np.nan_to_num(given))
    d[:, :37] = np.nan_to_num(given)
    call(kernel("softmax_vjp", dtype), z, d, len(given), 37, 64, numbers(record))
    checked(d[:, :37], product, dtype, 1 + 1e3 * np.abs(given).max(axis=1, keepdims=True).astype(np.float64))
    assert np.isnan(z[:, 37:]).all()
    assert np.isnan(d[:, 37:]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_with_nan_or_two_infinities_is_nan_and_others_are_not(dtype):
    given = np.zeros((4, 5), dtype)
    given[0, 1], given[1, 3], given[2, :2] = np.nan, np.inf, -np.inf
    z = padded(given, dtype)
    call(kernel("softmax", dtype), z, z.copy(), 4, 5, 16, np.zeros(1))
    np.testing.assert_array_equal(np.isnan(z[:, :5]).any(axis=1), [True, True, False, False])
    np.testing.assert_allclose(z[2, :5], [0, 0, 1 / 3, 1 / 3, 1 / 3], rtol=1e-6)


def outputs_and_targets(loss, dtype, rows=6, n=19):
    """Outputs and targets that a loss allows, those at the ends of their intervals included."""
    rng = np.random.default_rng(3)
    if np.isfinite(loss.outputs.high):
        a = rng.uniform(0.01, 0.99, (rows, n))
    elif np.isfinite(loss.outputs.low):
        a = rng.uniform(0.1, 5, (rows, n))
    else:
        a = rng.standard_normal((rows, n)) * 3
        a[0, :4] = [0.0, 1e4, -1e4, 60.0]
    if np.isfinite(loss.targets.high):
        y = rng.uniform(0, 1, (rows, n))
        y[1, :2] = 0, 1
    elif np.isfinite(loss.targets.low):
        y = rng.uniform(0, 4, (rows, n))
        y[1, :2] = 0, 1
    else:
        y = rng.standard_normal((rows, n)) * 3
        y[0, :4] = [0.0, 0.0, 0.0, 0.0]
    return a.astype(dtype), y.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spelling", [*BUILT_IN, "huber(2.5)", "quantile(0.9)"])
def test_a_loss_its_gradient_and_the_slope(spelling, dtype):
    loss = EVERY_LOSS.get(spelling) or find_loss(spelling)
    given, y = outputs_and_targets(loss, dtype)
    rows, n = given.shape
    slopes = np.random.default_rng(4).standard_normal(given.shape).astype(dtype)
    weights = np.array([1, 0.5, 2, 0, 3, 1], dtype)
    a, s = padded(given, dtype, 48), padded(slopes, dtype, 48)
    total = call(record_kernel(loss, dtype), a, s, y, weights, rows, n, 48, n, numbers(loss), gives=ctypes.c_double)
    values = {"a": given.astype(np.float64), "y": y.astype(np.float64)}
    each, gradient = (evaluate(e, values) for e in (loss.stable_expression, loss.stable_gradient_expression))
    wide = weights.astype(np.float64)[:, None]
    size = np.sum(np.abs(wide * each)) + np.sum(wide * np.maximum(np.abs(values["a"]), np.abs(values["y"])))
    assert abs(total - np.sum(wide * each)) <= 16 * np.finfo(dtype).eps * size
    largest = (1 + np.abs(values["a"]) + np.abs(values["y"])) * (1e3 if "squared" in loss.name else 10)  # a - y cancels
    checked(s[:, :n], wide * gradient * slopes, dtype, largest)
    np.testing.assert_array_equal(a, padded(given, dtype, 48))
    assert np.isnan(s[:, n:]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_a_loss_with_the_output_that_it_simplifies_with(loss, output, dtype):
    loss, g = EVERY_LOSS[loss], ACTIVATIONS[output]
    rng = np.random.default_rng(5)
    given = rng.standard_normal((7, 10)).astype(dtype) * 4
    y = rng.dirichlet(np.ones(10), 7).astype(dtype)
    y[0] = np.eye(10)[3]
    given[1, :2] = [30, -30] if output == "exp" else [1e4, -1e4]
    weights = rng.uniform(0, 2, 7).astype(dtype)
    weights[2] = 0
    z, d = padded(given, dtype, 32), padded(np.full_like(given, 5), dtype, 32)
    address = record_kernel(loss, dtype, fused_with=g)
    assert address == kernel(f"{loss.name}_of_{output}", dtype)
    total = call(address, z, d, y, weights, 7, 10, 32, 10, numbers(g, loss), gives=ctypes.c_double)
    Z = symbol("Z", on=(EXAMPLE, unit("l")))
    a = evaluate(g.call(Z), {"Z": given.astype(np.float64)}, functions(g), Z.axes)
    value = loss.fused_with(g)[0]
    if g.rowwise:
        each = rowwise(loss.fused[output].value, loss, (unit(),), z=given, y=y)
    else:
        each = evaluate(value, {"z": given.astype(np.float64), "y": y.astype(np.float64)})
    wide = weights.astype(np.float64)[:, None]
    checked(z[:, :10], a, dtype, 1 + np.minimum(np.abs(given.astype(np.float64)), 100))
    checked(d[:, :10], wide * (a - y), dtype, 1e3 * (1 + np.minimum(np.abs(given.astype(np.float64)), 100)))
    assert abs(total - np.sum(wide * each)) <= 16 * np.finfo(dtype).eps * np.sum(wide * (np.abs(each) + np.abs(given)))
    assert np.isnan(z[:, 10:]).all()
    assert np.isnan(d[:, 10:]).all()


def updated(rule, values, t):
    """One step of a rule by its formulas: the state and theta as they become."""
    axes = dict.fromkeys(("theta", "dtheta", "t", *rule.state), ())
    values = {**values, **rule.parameters, "t": float(t)}
    state = {key: evaluate(rule.read(text, axes), values) for key, text in rule.state.items()}
    following = {f"{key}[t+1]": value for key, value in state.items()}
    return {**state, "theta": evaluate(rule.read(rule.update, axes), {**values, **following})}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "spelling", [*OPTIMISERS, *SCIKIT_LEARN_RULES, "adam(beta1=0.5, epsilon0=0.01)", "momentum(weight_decay=0.1)"]
)
def test_three_steps_of_an_optimiser(spelling, dtype):
    rule = EVERY_RULE.get(spelling) or find_optimiser(spelling)
    rng = np.random.default_rng(6)
    count, apart = 77, 90
    theta, state = rng.standard_normal(count).astype(dtype), np.zeros((len(rule.state), apart), dtype)
    state[:, count:] = np.nan
    wide = {"theta": theta.astype(np.float64), **{key: np.zeros(count) for key in rule.state}}
    address = record_kernel(rule, dtype)
    for t in (1, 2, 3):
        g = rng.standard_normal(count).astype(dtype) * 10.0 ** rng.integers(-4, 4, count).astype(dtype)
        g[:3] = 0, 1e-30, -1e15
        p = np.array([*rule.parameters.values(), t], np.float64)
        call(address, theta, g, state, apart, count, p)
        before = wide["theta"]
        wide = updated(rule, {**wide, "dtheta": g.astype(np.float64)}, t)
        moved = np.abs(wide["theta"] - before) + np.abs(before)
        assert (np.abs(theta - wide["theta"]) <= 40 * t * np.finfo(dtype).eps * moved).all()
        for row, key in zip(state, rule.state, strict=True):
            sizes = np.abs(wide[key]) + np.abs(g.astype(np.float64)) ** (2 if key == "s" else 1)
            assert (np.abs(row[:count] - wide[key]) <= 40 * np.finfo(dtype).eps * sizes + np.finfo(dtype).tiny).all()
    assert np.isnan(state[:, count:]).all()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A user's cache of its own, and a compiler that has compiled nothing of a user's yet."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(compiling, "cache_folder", lambda: folder)
    monkeypatch.setattr(compiling, "_own", {})
    monkeypatch.setattr(compiling, "_compiled", {})
    monkeypatch.setattr(compiling, "_warned", [])
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    return folder


@pytest.fixture
def own(monkeypatch):
    """Catalogues that are as before afterwards."""
    for records in (ACTIVATIONS, LOSSES):
        for name in [name for name, record in records.items() if record.own]:
            monkeypatch.delitem(records, name)
    before = dict(ACTIVATIONS), dict(LOSSES)
    yield
    for records, old in zip((ACTIVATIONS, LOSSES), before, strict=True):
        records.clear()
        records.update(old)


@pytest.mark.usefixtures("own")
def test_an_own_activation_and_loss_are_compiled_once_and_kept(cache, monkeypatch):
    formulas = {"value": "z * sigmoid(lambda0 * z) + where(z > 1, tanh(z), min(z, cos(z)))^3 * 0", "slope": ""}
    formulas["slope"] = "sigmoid(lambda0*z) * (1 + lambda0*z*(1 - sigmoid(lambda0*z)))"
    g = add_activation("swish", **formulas, parameters={"lambda0": 1.5})
    loss = add_loss("quartic", "(a - y)^4 + power * (a - y)^2", "4 * (a - y)^3 + 2 * power * (a - y)", parameters={"power": 0.5})
    compiled = []
    monkeypatch.setattr(compiling, "on_compile", compiled.append)
    for expected in ([f"swish_{DTYPES[1]}", f"quartic_{DTYPES[1]}"], []):
        compiled.clear()
        given, y = drawn("float64", scale=2)[:, :9].clip(-30, 30), drawn("float64", scale=2, seed=1)[:, :9].clip(-30, 30)
        z, s = padded(given, "float64"), padded(given, "float64")
        call(record_kernel(g, "float64"), z, s, 5, 9, 16, numbers(g))
        a, slope = activated(g, given)
        np.testing.assert_allclose(z[:, :9], a, rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(s[:, :9], slope, rtol=1e-12, atol=1e-14)
        z[:, :9], s[:, :9] = given, 1
        total = call(record_kernel(loss, "float64"), z, s, y, np.ones(5), 5, 9, 16, 9, numbers(loss), gives=ctypes.c_double)
        difference = given - y
        assert math.isclose(total, np.sum(difference**4 + difference**2 / 2), rel_tol=1e-13)
        np.testing.assert_allclose(s[:, :9], 4 * difference**3 + difference, rtol=1e-12)
        assert compiled == expected
        assert len(list(cache.glob("kernels-*.py"))) == 2
        compiling._own.clear()  # as in a new process
        compiling._compiled.clear()


@pytest.mark.usefixtures("own")
def test_a_file_in_the_cache_that_is_not_what_was_written_is_never_run(cache):
    g = add_activation("twice", "2 * z", "2")
    text = record_source(g, "float64")
    z = padded(np.ones((1, 3)), "float64")
    call(record_kernel(g, "float64"), z, z.copy(), 1, 3, 16, numbers(g))
    path = next(cache.glob("kernels-*.py"))
    assert path.read_text(encoding="utf-8") == text
    path.write_text("raise RuntimeError('run')\n")
    compiling._own.clear()
    compiling._compiled.clear()
    call(record_kernel(g, "float64"), z, z.copy(), 1, 3, 16, numbers(g))
    np.testing.assert_array_equal(z[0, :3], 4)
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.usefixtures("own")
def test_where_no_folder_can_be_written_it_goes_on_and_says_so_once(cache):
    cache.write_text("a file, so that no folder can be made here")
    g = add_activation("thrice", "3 * z", "3")
    z = padded(np.ones((1, 3)), "float64")
    with pytest.warns(EngineWarning, match="cannot be written to"):
        address = record_kernel(g, "float64")
    record_kernel(g, "float32")  # a second warning would be an error
    call(address, z, z.copy(), 1, 3, 16, numbers(g))
    np.testing.assert_array_equal(z[0, :3], 3)


@pytest.mark.usefixtures("cache")
def test_where_numba_can_keep_nothing_it_goes_on_and_says_so_once(monkeypatch):
    monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
    z = padded(np.array([[-1.0, 2.0]]), "float64")
    with pytest.warns(EngineWarning, match="cannot be kept on disk"):
        address = kernel("relu", "float64")
    kernel("identity", "float64")  # a second warning would be an error
    call(address, z, z.copy(), 1, 2, 16, np.zeros(1))
    np.testing.assert_array_equal(z[0, :2], [0, 2])


@pytest.mark.usefixtures("own", "cache")
def test_parameters_and_names_of_a_user_are_never_source():
    g = add_activation("lambda", "rows * z + if * z", "rows + if", parameters={"rows": 2.0, "if": 3.0})
    z = padded(np.ones((1, 2)), "float64")
    call(record_kernel(g, "float64"), z, z.copy(), 1, 2, 16, numbers(g))
    np.testing.assert_array_equal(z[0, :2], 5)


@pytest.mark.usefixtures("own")
def test_what_has_no_kernel_says_why():
    g = add_activation("opaque", lambda z: 2 * z, lambda z, a: np.full_like(z, 2))  # noqa: ARG005
    with pytest.raises(TrainingError, match="given as Python functions"):
        record_kernel(g, "float64")
    with pytest.raises(TrainingError, match="does not simplify with the output tanh; known: softmax"):
        record_kernel(LOSSES["cross_entropy"], "float64", fused_with=ACTIVATIONS["tanh"])
    with pytest.raises(TrainingError, match="lbfgs is no rule over single parameters"):
        record_kernel(LBFGS, "float64")
    with pytest.raises(TrainingError, match="did you mean 'relu'"):
        kernel("rellu", "float64")
    with pytest.raises(TrainingError, match="float32 or float64, but float16"):
        kernel("relu", "float16")


def test_common_parts_are_computed_once_and_fixed_parts_before_the_loop():
    lines = "\n".join(kernel_source("k", ACTIVATIONS["gelu"], "float32"))
    before, few, many = lines.split("for row")  # rows too short for vectors have a loop of their own
    assert few.count("erfc_32(") == many.count("erfc_32(") == 1
    loop = few + many
    assert "math.sqrt" in before
    assert "math.sqrt" not in loop
    adam = "\n".join(kernel_source("k", OPTIMISERS["adam"], "float64"))
    assert adam.index("**p_t") < adam.index("for i in")
    assert "/ (1.0 - p_beta1**p_t)" in adam


def test_a_changed_record_of_the_catalogue_gets_a_kernel_of_its_own(cache):
    steep = replace(ACTIVATIONS["relu"], value="max(0, 2 * z)", slope="where(z > 0, 2, 0)")
    z = padded(np.array([[-1.0, 2.0]]), "float64")
    call(record_kernel(steep, "float64"), z, z.copy(), 1, 2, 16, np.zeros(1))
    np.testing.assert_array_equal(z[0, :2], [0, 4])
    assert len(list(cache.glob("kernels-*.py"))) == 1
