"""Every loss of the catalogue: its values, its gradient, its simplified forms, and what a record must hold."""

import numpy as np
import pytest
from draws import ALLOWED, HIDDEN, pairs, problem
from scipy import special

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import Symbol, symbol
from handgrad.calculus.indices import EXAMPLE, Affine, unit
from handgrad.calculus.rewriting import substitute
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.lookup import every_loss, find_loss, functions
from handgrad.catalogue.losses import LOSSES, OUTPUT_GOES_WITH
from handgrad.catalogue.records import REAL, Loss
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_LOSSES
from handgrad.derivation import derive
from handgrad.network import Network, Parameters, outputs_for

EVERY = every_loss()
OF_THREE = EVERY["half_mean_squared_error"].with_parameters({"n": 3})
IN_CATALOGUE = [*LOSSES, "huber(0.4)", "huber(delta=3)", "quantile(0.9)", "quantile(q=0.1)"]
WITH_PARAMETERS = [*IN_CATALOGUE, *SCIKIT_LEARN_LOSSES.values(), OF_THREE]
AXES = (unit(1), EXAMPLE)
FUSED = [(name, output) for name, loss in EVERY.items() for output in loss.fused]
CAPPED = {"log_loss", "binary_log_loss"}

REFERENCES = {
    "squared_error": lambda a, y: (a - y) ** 2,
    "half_squared_error": lambda a, y: (a - y) ** 2 / 2,
    "absolute_error": lambda a, y: np.abs(a - y),
    "huber": lambda a, y: special.huber(1, a - y),
    "huber(0.4)": lambda a, y: special.huber(0.4, a - y),
    "huber(delta=3)": lambda a, y: special.huber(3, a - y),
    "log_cosh": lambda a, y: np.log(np.cosh(a - y)),
    "quantile": lambda a, y: np.abs(a - y) / 2,
    "quantile(0.9)": lambda a, y: np.where(y > a, 0.9, -0.1) * (y - a),
    "quantile(q=0.1)": lambda a, y: np.where(y > a, 0.1, -0.9) * (y - a),
    "poisson": lambda a, y: a - special.xlogy(y, a),
    "binary_cross_entropy": lambda a, y: -special.xlogy(y, a) - special.xlog1py(1 - y, -a),
    "cross_entropy": lambda a, y: -special.xlogy(y, a),
    "half_mean_squared_error": lambda a, y: 0.5 * (a - y) ** 2,
    "half_mean_squared_error(n=3)": lambda a, y: (a - y) ** 2 / 6,
    "half_poisson_deviance": lambda a, y: special.kl_div(y, a),
    "binary_log_loss": lambda a, y: -special.xlogy(y, a) - special.xlog1py(1 - y, -a),
    "log_loss": lambda a, y: -special.xlogy(y, a),
}


def spelled(value):
    """The spelling of a record; other values as they are."""
    return getattr(value, "spelling", str(value))


def at(expression, **values):
    """Evaluate a formula in a, y, z for arrays of units × examples."""
    placed = {name: symbol({"a": "A", "y": "Y", "z": "Z"}[name], 1, AXES) for name in values}
    arrays = {placed[name].key: array for name, array in values.items()}
    return evaluate(substitute(expression, placed, Affine.of(1)), arrays, functions(), AXES)


def some(spelling, shape=(3, 200)):
    """Outputs and targets that a loss allows, and different everywhere."""
    loss, rng = find_loss(spelling), np.random.default_rng(5)
    a = {REAL: rng.normal(0, 2, shape)}.get(loss.outputs, rng.uniform(0.05, 0.95, shape))
    y = rng.uniform(0.05, 0.95, shape) if np.isfinite(loss.targets.high) else rng.uniform(0.1, 4, shape)
    return (a * 3 if loss.outputs.high == np.inf and loss.outputs.low == 0 else a), y


def test_the_catalogue_has_the_losses_that_were_promised():
    assert set(LOSSES) == set(ALLOWED)
    assert set(REFERENCES) == set(map(spelled, WITH_PARAMETERS))
    assert (LOSSES["huber"].parameters, LOSSES["quantile"].parameters) == ({"delta": 1}, {"q": 0.5})


@pytest.mark.parametrize("record", EVERY.values(), ids=lambda record: record.name)
def test_every_record_is_complete(record):
    assert len(record.source) > 5
    assert record.value
    assert record.gradient
    assert record.opaque is None
    allowed = ALLOWED.get(record.name, set(outputs_for(record)))
    assert record.output in allowed
    assert set(record.fused) <= allowed
    assert set(record.limits) == set(record.parameters)
    assert all(record.limits[name].holds(np.asarray(value)) for name, value in record.parameters.items())
    assert bool(record.labels) == record.simplex
    assert Loss.usual(record.name) is record
    assert str(Network([3, 2], loss=record).activation(1).name) == record.output


@pytest.mark.parametrize("output", ACTIVATIONS)
def test_the_loss_that_an_output_goes_with(output):
    expected = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "exp": "poisson"}.get(output, "squared_error")
    assert OUTPUT_GOES_WITH.get(output, "squared_error") == expected
    assert Network([3, 2], [output]).loss.name == expected


@pytest.mark.parametrize("spelling", WITH_PARAMETERS, ids=spelled)
def test_the_value_is_that_of_the_books(spelling):
    a, y = some(spelling)
    np.testing.assert_allclose(
        at(find_loss(spelling).value_expression, a=a, y=y), REFERENCES[spelled(spelling)](a, y), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("spelling", WITH_PARAMETERS, ids=spelled)
def test_the_stable_form_equals_the_value(spelling):
    a, y = some(spelling)
    loss = find_loss(spelling)
    np.testing.assert_allclose(at(loss.stable_expression, a=a, y=y), at(loss.value_expression, a=a, y=y), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("spelling", WITH_PARAMETERS, ids=spelled)
def test_the_gradient_is_the_derivative_of_the_value(spelling):
    loss, step = find_loss(spelling), 1e-4
    a, y = some(spelling)
    a = np.where(np.min([np.abs(a - y - kink) for kink in loss.kink_points] or [np.ones_like(a)], axis=0) < 3 * step, a + 0.01, a)

    def value(offset):
        return at(loss.stable_expression, a=a + offset, y=y)

    measured = (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step)
    np.testing.assert_allclose(at(loss.gradient_expression, a=a, y=y), measured, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("spelling", WITH_PARAMETERS, ids=spelled)
def test_at_a_kink_the_gradient_is_the_declared_one(spelling):
    loss = find_loss(spelling)
    for kink, gradient in loss.kink_points.items():
        y = np.zeros((1, 1))
        assert at(loss.gradient_expression, a=y + kink, y=y)[0, 0] == pytest.approx(gradient, abs=1e-15)


@pytest.mark.parametrize(
    ("spelling", "kinks"),
    [("absolute_error", {0: 0}), ("huber(2)", {-2: -2, 2: 2}), ("quantile(0.3)", {0: 0}), ("log_cosh", {}), ("poisson", {})],
)
def test_the_conventions_at_kinks(spelling, kinks):
    assert find_loss(spelling).kink_points == kinks


@pytest.mark.parametrize("spelling", WITH_PARAMETERS, ids=spelled)
def test_the_losses_are_zero_at_the_target_or_smallest_there(spelling):
    loss = find_loss(spelling)
    _, y = some(spelling)
    off = np.full_like(y, 1e-3)
    smallest = at(loss.value_expression, a=y, y=y)
    if not loss.simplex:  # which is smallest at the target over all outputs that sum to 1
        assert (smallest < at(loss.value_expression, a=y + off, y=y)).all()
        assert (smallest < at(loss.value_expression, a=y - off, y=y)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spelling", [name for name in WITH_PARAMETERS if find_loss(name).outputs is REAL], ids=spelled)
def test_large_errors_do_not_overflow(spelling, dtype):
    loss, a = find_loss(spelling), np.array([[-1e4, -90.0, 0.0, 90.0, 1e4]], dtype)
    y = np.full_like(a, 0.5)
    for expression in (loss.stable_expression, loss.gradient_expression):
        found = at(expression, a=a, y=y)
        assert found.dtype == dtype
        assert np.isfinite(found).all()
    assert at(loss.stable_expression, a=a, y=y)[0, 4] > 900


def test_log_cosh_is_the_absolute_error_less_log_2_far_out():
    found = at(LOSSES["log_cosh"].stable_expression, a=np.array([[1e4]]), y=np.array([[0.0]]))
    assert found[0, 0] == pytest.approx(1e4 - np.log(2), rel=1e-15)


def test_poisson_at_a_target_of_0():
    a = np.array([[1e-300, 0.5, 3.0]])
    np.testing.assert_array_equal(at(LOSSES["poisson"].stable_expression, a=a, y=np.zeros((1, 3))), a)


@pytest.mark.parametrize(("name", "output"), FUSED)
def test_the_simplified_value_equals_the_loss_of_the_output(name, output):
    loss, activation = EVERY[name], ACTIVATIONS[output]
    z = np.random.default_rng(1).normal(0, 2, (3, 40))
    a = evaluate(activation.call(symbol("Z", 1)), {"Z[1]": z}, functions(), AXES)
    _, y = some(loss, z.shape)
    y = y / y.sum(axis=0) if loss.simplex else y
    simplified = at(loss.fused_with(activation)[0], z=z, y=y)
    np.testing.assert_allclose(simplified.sum(axis=0), at(loss.value_expression, a=a, y=y).sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize(("name", "output"), FUSED)
def test_the_simplified_delta_equals_the_chain_rule(name, output):
    for hidden in HIDDEN:
        found = problem(Network([3, 4, 5], [hidden, output], EVERY[name]), 2)
        derivation = derive(found.network)
        values = derivation.evaluate(derivation.values(found.parameters, found.X, found.Y), ["dA[2]", "dZ[2]"])
        by_chain = evaluate(derivation["dZ2_chain"].right, values, derivation.functions, (unit(2), EXAMPLE))
        np.testing.assert_allclose(by_chain, values["dZ[2]"], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("output", [output for output, loss in pairs(2) if loss == "squared_error"])
def test_the_pairs_that_simplify(output):
    simplify = {loss for loss in LOSSES if output in LOSSES[loss].fused}
    expected = {
        "exp": {"poisson"},
        "sigmoid": {"binary_cross_entropy"},
        "softmax": {"cross_entropy"},
    }
    assert simplify == expected.get(output, set())


@pytest.mark.parametrize(
    ("spelling", "loss", "factor"),
    [
        ("3-2:identity", "squared_error", 2),
        ("3-2:identity", "half_squared_error", 1),
        ("3-2:sigmoid", "binary_cross_entropy", 1),
        ("3-2:softmax", "cross_entropy", 1),
        ("3-2:exp", "poisson", 1),
        ("3-2:identity", EVERY["half_mean_squared_error"], 1),
        ("3-2:identity", OF_THREE, 1 / 3),
        ("3-2:sigmoid", EVERY["binary_log_loss"], 1),
        ("3-2:softmax", EVERY["log_loss"], 1),
        ("3-2:exp", EVERY["half_poisson_deviance"], 1),
    ],
    ids=spelled,
)
def test_the_deltas_that_everyone_knows(spelling, loss, factor):
    found = problem(Network(spelling, loss=loss), 0)
    derivation = derive(found.network)
    values = derivation.evaluate(derivation.values(found.parameters, found.X, found.Y), ["dZ[1]"])
    np.testing.assert_allclose(values["dZ[1]"], factor * (values["A[1]"] - values["Y"]), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "output"), [pair for pair in FUSED if pair[1] in {"sigmoid", "softmax"} and pair[0] not in CAPPED]
)
def test_the_simplified_pair_survives_a_certain_and_wrong_output(name, output, dtype):
    network = Network([1, 2], [output], name)
    parameters = Parameters.given(network, [np.array([[1e4], [-1e4]], dtype)], [np.zeros(2, dtype)])
    derivation = derive(network)
    X, Y = np.array([[1.0], [-1.0]], dtype), np.array([[0.0, 1.0], [0.0, 1.0]])
    assert derivation.loss(parameters, X, Y) == pytest.approx(1e4, rel=1e-6)  # 2e4 in one example, 0 in the other
    assert np.abs(derivation.gradients(parameters, X, Y).buffer).max() == 0.5


def test_labels_are_one_hot_targets():
    loss = LOSSES["cross_entropy"]
    a = np.random.default_rng(0).dirichlet(np.ones(5), 30).T
    labels = np.random.default_rng(1).integers(0, 5, 30)
    label = Symbol("label")
    read = substitute(
        loss.meant(loss.labels, {"a": (unit(), EXAMPLE), "label": (EXAMPLE,)}), {"a": symbol("A", 1), "label": label}, Affine.of(1)
    )
    by_label = evaluate(read, {"A[1]": a, "label": labels})
    np.testing.assert_allclose(by_label, at(loss.value_expression, a=a, y=np.eye(5)[labels].T).sum(axis=0), rtol=1e-14)


def test_the_network_takes_labels_as_one_hot_rows():
    found = problem(Network("3-4:tanh-5"), 0)
    derivation, labels = derive(found.network), [4, 0, 2, 2]
    by_label = derivation.gradients(found.parameters, found.X, labels).buffer
    np.testing.assert_array_equal(by_label, derivation.gradients(found.parameters, found.X, np.eye(5)[labels]).buffer)


def test_label_smoothing_is_a_transformation_of_the_targets():
    found = problem(Network("3-4:tanh-5"), 0)
    smooth = Network(str(found.network), label_smoothing=0.2)
    moved = 0.8 * found.Y + 0.2 / 5
    parameters = Parameters(smooth, found.parameters.buffer)
    assert derive(smooth).loss(parameters, found.X, found.Y) == pytest.approx(
        derive(found.network).loss(found.parameters, found.X, moved)
    )
    np.testing.assert_allclose(
        derive(smooth).gradients(parameters, found.X, found.Y).buffer,
        derive(found.network).gradients(found.parameters, found.X, moved).buffer,
        rtol=1e-12,
        atol=1e-15,
    )


def test_the_l2_term_is_half_lambda_times_the_squared_weights_and_spares_the_biases():
    found = problem(Network("3-4:tanh-2"), 0)
    heavy = Network(str(found.network), l2=0.3)
    parameters = Parameters(heavy, found.parameters.buffer)
    penalty = 0.15 * sum((W**2).sum() for W in parameters.W.values())
    plain = derive(found.network).loss(found.parameters, found.X, found.Y, found.weights)
    assert derive(heavy).loss(parameters, found.X, found.Y, found.weights) == pytest.approx(plain + penalty)
    more = derive(heavy).gradients(parameters, found.X, found.Y)
    less = derive(found.network).gradients(found.parameters, found.X, found.Y)
    for layer in (1, 2):
        np.testing.assert_allclose(more.W[layer] - less.W[layer], 0.3 * parameters.W[layer])
        np.testing.assert_allclose(more.b[layer], less.b[layer], rtol=1e-14)
