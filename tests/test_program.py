"""The NumPy program of a derivation runs by itself and gives the reference pass's numbers."""

import inspect
import itertools
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from draws import HIDDEN, pairs, problem

from handgrad.calculus.notation import NOTATIONS, Notation, find_notation
from handgrad.calculus.rendering import render
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.catalogue.own import add_activation, add_loss
from handgrad.derivation import derive
from handgrad.derivation.program import program
from handgrad.errors import HandgradError
from handgrad.network import Network, Parameters

KINDS = itertools.cycle(NOTATIONS)
PAIRS = [(hidden, *pair, next(KINDS)) for hidden, pair in zip(itertools.cycle(HIDDEN), pairs(3), strict=False)]
CHOSEN = [
    *itertools.product(
        ("matrix", "index"), ("columns", "rows", "single", "indexed"), ("out_in", "in_out"), ("dZ", "partial", "delta")
    ),
    ("factors", "columns", "out_in", "partial"),
]
PIECES = [
    Notation(form=form, examples=examples, weights=weights, gradient=gradient, weighted=weighted)
    for (form, examples, weights, gradient), weighted in zip(
        CHOSEN, itertools.cycle((False, True, True, False, True)), strict=False
    )
]
LAYERS = ("numbered", "general", "from_output")
NETWORKS = (
    Network("3-5:relu-2:sigmoid", l2=0.1),
    Network("3-4:elu(alpha=0.5)-5:gelu-2", label_smoothing=0.1),
    Network("3-4:leaky_relu(0.2)-5:leaky_relu(0.3)-4:softmax", loss="squared_error", l2=0.3),
    Network("3-4:mish-5:hard_sigmoid-2:softplus", loss="poisson"),
    Network("3-2", loss="huber(delta=0.5)"),
    Network("1-1:tanh-1:identity-1:silu", loss="quantile(0.3)"),
)
WORST = re.compile(
    r"gradient check: worst relative error (\S+), below 1e-6: the gradients hold\n"
    r"loss before training: (\S+)\nloss after training:  (\S+)\n"
)


@dataclass
class Written:
    """A program that was run, with the way in which it holds the derivation's arrays."""

    names: dict[str, Any]
    notation: Notation
    keys: list[str]

    def __getattr__(self, name):
        return self.names[name]

    def parameters(self, arrays):
        """W[l] of n_l × n_{l-1} and b[l], or their gradients, as the program holds them and under its names."""
        n, found = self.notation, []
        for key, array in arrays.items():
            matrix = array if key[0] == "W" or n.form == "index" else array[:, None]
            turned = n.form == "matrix" and (n.weights == "in_out" if key[0] == "W" else n.examples == "rows")
            found.append((matrix.T if turned else matrix).copy())
        return dict(zip(self.keys, found, strict=True))

    def held(self, array):
        """X or Y, given as m × n, as the program holds them."""
        n = self.notation
        if n.examples == "single":
            return array if n.form == "index" else array[:, :, None]
        return array if n.examples == "rows" and n.form == "matrix" else array.T

    def weights(self, weights):
        """The examples' weights as the program holds them."""
        n = self.notation
        if n.form == "index" or n.examples == "single":
            return weights
        return weights[:, None] if n.examples == "rows" else weights[None, :]


def run(source, name="program"):
    names = {"__name__": name}
    exec(compile(source, f"<{name}>", "exec"), names)  # source that we made ourselves
    return names


def written(derivation, notation):
    n = find_notation(notation)
    names = run(program(derivation, notation))
    return Written(names, n, list(names["draw"](np.random.default_rng(0))))


def relative(found, expected):
    assert found.shape == expected.shape
    difference = np.linalg.norm(found - expected)
    return difference / np.linalg.norm(expected) if difference else 0.0


def hold(found, notation, **choices):
    """Hold loss and gradients of the program for a problem to those of its derivation."""
    derivation = derive(found.network, **choices)
    own = written(derivation, notation)
    weights = found.weights if own.notation.weighted else None
    data = [own.held(found.X), own.held(found.Y), *([] if weights is None else [own.weights(weights)])]
    parameters = own.parameters(found.parameters.arrays())
    expected = derivation.loss(found.parameters, found.X, found.Y, weights)
    J, computed = own.backward(parameters, *data)
    assert abs(J - expected) <= 1e-12 * abs(expected)
    assert abs(own.loss(parameters, *data) - expected) <= 1e-12 * abs(expected)
    gradients = own.parameters(derivation.gradients(found.parameters, found.X, found.Y, weights).arrays())
    assert list(computed) == list(gradients)
    for name, gradient in gradients.items():
        assert relative(computed[name], gradient) <= 1e-12, name
    return own, parameters, data


@pytest.mark.parametrize(("hidden", "output", "loss", "notation"), PAIRS)
def test_the_numbers_are_the_derivations_for_every_output_and_loss(hidden, output, loss, notation):
    hold(problem(Network(f"4-3:{hidden}-3:{output}", loss=loss), 1), notation)


@pytest.mark.parametrize(("hidden", "notation"), list(zip(HIDDEN, KINDS, strict=False)))
def test_the_numbers_are_the_derivations_for_every_activation(hidden, notation):
    hold(problem(Network(f"2-3:{hidden}-4:{hidden}-2:{hidden}", loss="half_squared_error"), 2), notation)


@pytest.mark.parametrize("place", range(len(PIECES)))
def test_the_numbers_are_the_derivations_in_every_notation(place):
    network = NETWORKS[place % len(NETWORKS)]
    hold(problem(network, place), PIECES[place], one_over_m=("dW", "dZ")[place // len(NETWORKS) % 2])


@pytest.mark.parametrize(("optimiser", "notation"), list(zip(OPTIMISERS, KINDS, strict=False)))
def test_steps_are_the_derivations(optimiser, notation):
    found = problem(NETWORKS[0], 3)
    derivation = derive(found.network, optimiser=optimiser)
    own, parameters, data = hold(found, notation, optimiser=optimiser)
    expected = {**found.parameters.arrays(), **derivation.first_state(found.parameters), "alpha": 0.05}
    expected |= {key: np.asarray(array) for key, array in derivation.values(found.parameters, found.X, found.Y).items()}
    state = [own.first_state(parameters)] if derivation.state else []
    timed = "t" in own.step.__code__.co_varnames
    for t in (1, 2, 3):
        _, gradients = own.backward(parameters, *data)
        own.step(parameters, gradients, *state, *([t] if timed else []), 0.05)
        after = derivation.evaluate({**expected, "t": float(t)})
        expected |= {key: after[f"{key[:-1]}, t+1]"] for key in (*found.parameters.arrays(), *derivation.state)}
    for name, array in own.parameters({key: expected[key] for key in found.parameters.arrays()}).items():
        assert relative(parameters[name], array) <= 1e-12, name


@pytest.mark.parametrize("notation", [*NOTATIONS, Notation(weights="in_out")])
def test_first_parameters_are_handgrads_own(notation):
    network = Network("5-4:relu-3:selu-3:tanh-2:softmax")
    own = written(derive(network), notation)
    drawn = own.draw(np.random.default_rng(5))
    for name, array in own.parameters(Parameters.draw(network, 5).arrays()).items():
        assert np.allclose(drawn[name], array, rtol=1e-14, atol=0), name


@pytest.mark.parametrize("notation", [*NOTATIONS, Notation(weighted=True), NOTATIONS["index"].but(weighted=True)])
def test_the_gradient_check_finds_a_wrong_gradient(notation):
    found = problem(Network("3-4:relu-3:hard_sigmoid-2:leaky_relu", loss="absolute_error", l2=0.01), 4)
    own, parameters, data = hold(found, notation)
    assert own.gradient_check(parameters, *data, entries=100) < 1e-8
    source = program(derive(found.network), own.notation)
    wrong, times = re.subn(r"( (?:dZ1|delta1) = )(.*)", r"\1 1.001 * (\2)", source)
    assert times == 1
    assert run(wrong)["gradient_check"](parameters, *data, entries=100) > 1e-4


def test_the_gradient_check_keeps_off_kinks():
    source = program(derive(Network("2-3:relu-1")))
    parameters = run(source)["draw"](np.random.default_rng(0))
    X, Y = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[1.0, 2.0]])
    parameters["b1"][0] = 1e-6 - (parameters["W1"] @ X)[0, 0]  # a unit that a step in its bias turns off
    assert run(source)["gradient_check"](parameters, X, Y) < 1e-8
    assert run(source.replace("continue  # across", "pass  # across"))["gradient_check"](parameters, X, Y) > 1e-3


def test_a_gradient_check_that_could_compare_nothing_says_so():
    own = run(program(derive(Network("2-1", loss="absolute_error"))))
    parameters, X = own["draw"](np.random.default_rng(0)), np.ones((2, 3))
    assert np.isnan(own["gradient_check"](parameters, X, own["forward"](parameters, X)[-1]))


@pytest.mark.parametrize("notation", [*NOTATIONS, Notation(form="index", weighted=True), NOTATIONS["nielsen"].but(weighted=True)])
def test_training_lowers_the_loss_and_leaves_what_it_was_given(notation):
    network = Network("4-8:tanh-3")
    own = written(derive(network, optimiser="adam"), notation)
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((40, 4)), rng.integers(3, size=40)
    data = [own.held(X), own.held(np.eye(3)[labels]), *([own.weights(rng.uniform(0.5, 2, 40))] if own.notation.weighted else [])]
    first = own.draw(rng)
    kept = {name: array.copy() for name, array in first.items()}
    trained = [own.train(first, *data, epochs=30, alpha=0.02, rng=np.random.default_rng(1)) for _ in range(2)]
    assert own.loss(trained[0], *data) < 0.7 * own.loss(first, *data)
    for name, array in kept.items():
        assert np.array_equal(first[name], array)
        assert np.array_equal(trained[0][name], trained[1][name])


@pytest.mark.parametrize(("loss", "notation"), list(zip(LOSSES, KINDS, strict=False)))
def test_the_demonstration_shows_training_that_works(loss, notation, capsys):
    network = Network(f"3-4:exp-5:relu-3:{LOSSES[loss].output}", loss=loss)
    run(program(derive(network), notation), "__main__")
    error, before, after = map(float, WORST.fullmatch(capsys.readouterr().out).groups())
    assert error < 1e-6
    assert after < before


def test_the_program_runs_with_numpy_alone(tmp_path):
    path = tmp_path / "network.py"
    path.write_text(program(derive("4-5:gelu-6:softplus-3", optimiser="adam"), "nielsen"), "utf-8")
    alone = f"import sys; sys.modules['handgrad'] = None; import runpy; runpy.run_path({str(path)!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-I", "-c", alone], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.stderr == ""
    assert float(WORST.fullmatch(done.stdout).group(1)) < 1e-6
    assert re.findall(r"^(?:import|from) .*", path.read_text("utf-8"), re.MULTILINE) == ["import math", "import numpy as np"]


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_every_equation_that_is_computed_stands_above_its_code(network, notation):
    derivation = derive(network, optimiser="momentum")
    source = program(derivation, notation)
    assert max(map(len, source.splitlines())) <= 110
    page = re.sub(r"\n *# {5}", " ", source)
    for name in ("Z1", "ell", "J", f"dZ{network.L}", "dW1", "db1"):
        assert f"# {derivation.render(name, notation)}" in page, name
    for rule in derivation.rule:
        assert f"# {render(rule, notation)}" in page, rule
    assert "_chain" not in source


def test_a_deep_network_is_computed_and_stays_readable():
    network = Network("5" + "-5:tanh" * 12, loss="squared_error", l2=0.1)
    hold(problem(network, 0), "rows", optimiser="adam")
    assert max(map(len, program(derive(network)).splitlines())) <= 110


NAMES = [
    ({"W": "θ", "A": "h", "J": "C"}, {"theta1", "h0", "C"}),
    ({"W": "lambda", "b": "class", "X": "np", "Y": "loss", "m": "len"}, {"lambda1", "class1", "np_", "loss_", "len_"}),
    ({"W": "W^h", "Z": "dA", "sigmoid": "σ", "alpha": "rng", "relu": "print"}, {"W1", "dA1", "dA1_", "sigma", "print_"}),
    ({"A[2]": "Ŷ", "dZ": "E", "lambda": "λ"}, {"Ŷ", "E2", "lambda_"}),
    ({"W": "w#\nraise SystemExit", "J": '""" + 1', "b": "\\"}, {"W1", "b1", "J"}),
]


@pytest.mark.parametrize(("names", "expected"), NAMES)
@pytest.mark.parametrize("notation", ["ng", "index"])
def test_the_readers_names_are_the_variables_and_break_nothing(names, expected, notation):
    chosen = NOTATIONS[notation].but(names=names)
    found = problem(Network("3-5:relu-2:sigmoid", l2=0.1), 6)
    own, parameters, data = hold(found, chosen)
    assert own.gradient_check(parameters, *data) < 1e-6
    own.train(parameters, *data, epochs=1)
    if notation == "ng":
        used = {inspect.unwrap(own.names[f]).__code__.co_varnames for f in ("forward", "loss_of_outputs", "backward", "train")}
        assert expected <= {*itertools.chain(*used), *own.names}


def test_large_numbers_are_no_trouble():
    for network in (Network("2-3:elu-2:sigmoid"), Network("2-3:mish-2:softmax"), Network("2-3:gelu-1", loss="log_cosh")):
        found = problem(network, 7)
        found.X[...] *= 1e5
        hold(found, "rows")


@pytest.fixture
def own_records():
    """Names that a test may add to the catalogue, which it leaves as it was."""
    before = [dict(catalogue) for catalogue in (ACTIVATIONS, LOSSES)]
    yield
    for catalogue, records in zip((ACTIVATIONS, LOSSES), before, strict=True):
        catalogue.clear()
        catalogue.update(records)


@pytest.mark.usefixtures("own_records")
@pytest.mark.parametrize("notation", [*NOTATIONS, Notation(weighted=True)])
@pytest.mark.parametrize("one_over_m", ["dW", "dZ"])
def test_own_formulas_have_programs_constant_ones_too(notation, one_over_m):
    add_activation("flat", value="p", slope="0", parameters={"p": 0.3})
    add_activation("np", value="2 * z + gelu(z)", slope="2 + gelu'(z)")
    add_loss("linear", value="a - y", gradient="1")
    hold(problem(Network("3-4:np-2:flat(0.5)-2:np-3:identity", loss="linear"), 8), notation, one_over_m=one_over_m)


@pytest.mark.usefixtures("own_records")
def test_what_has_no_program_is_refused():
    add_activation("twice", lambda z: 2 * z, lambda z, a: 2 + 0 * z * a)
    with pytest.raises(HandgradError, match="the activation twice is a Python function"):
        program(derive("3-2:twice-1"))
    add_loss("outside", lambda a, y: (a - y) ** 2, lambda a, y: 2 * (a - y))
    with pytest.raises(HandgradError, match="the loss outside is a Python function"):
        program(derive(Network("3-1", loss="outside")))
    with pytest.raises(HandgradError, match="did you mean 'nielsen'"):
        program(derive("3-1"), "nielson")


def test_layers_have_numbers_whatever_the_style():
    numbered, *others = (program(derive("3-4-2", layers=layers, optimiser="adam")) for layers in LAYERS)
    assert "dW2 = " in numbered
    assert others == [numbered, numbered]


def smooth(depth):
    """A deep network of sigmoids, whose first gradients all but vanish, with data."""
    network = Network("3-" + "4:sigmoid-" * depth + "1")
    rng = np.random.default_rng(1)
    return program(derive(network)), rng.normal(size=(3, 32)), rng.integers(0, 2, (1, 32)).astype(float)


@pytest.mark.parametrize("depth", [1, 5, 10])
@pytest.mark.parametrize("wrong", [r"-(\1)", r"0 * (\1)", r"1.01 * (\1)"])
def test_the_gradient_check_sees_small_gradients(depth, wrong):
    source, X, Y = smooth(depth)
    own = run(source)
    parameters = own["draw"](np.random.default_rng(0))
    assert own["gradient_check"](parameters, X, Y) < 1e-6
    changed, times = re.subn(r"(?<=    dW1 = )(.*)", wrong, source)
    assert times == 1
    assert run(changed)["gradient_check"](parameters, X, Y) > (1e-3 if "1.01" in wrong else 0.5)


def test_gradients_that_nothing_could_resolve_are_no_error():
    source, X, Y = smooth(20)
    own = run(source)
    parameters = own["draw"](np.random.default_rng(0))
    assert 0 < np.abs(own["backward"](parameters, X, Y)[1]["W1"]).max() < 1e-12
    assert own["gradient_check"](parameters, X, Y) < 1e-6


@pytest.mark.parametrize("wrong", [r"-(\1)", r"np.nan * (\1)"])
def test_the_demonstration_ends_where_gradients_are_wrong(wrong, capsys):
    source = re.sub(r"(?<=    dW1 = )(.*)", wrong, program(derive("3-4:tanh-2")))
    with pytest.raises(SystemExit, match=r"worst relative error \S+, not below 1e-6: the gradients are wrong"):
        run(source, "__main__")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("notation", [*NOTATIONS, Notation(form="index"), NOTATIONS["nielsen"].but(weighted=True)])
def test_the_demonstration_gives_each_example_one_class(notation, capsys):
    names = run(program(derive("2-1:relu-3"), notation), "__main__")  # where the unit is dead, all outputs tie
    assert "the gradients hold" in capsys.readouterr().out
    single = find_notation(notation).examples == "single"
    Y = names["Y" if "Y" in names else "y"]
    assert set(np.unique(Y)) == {0, 1}
    assert np.array_equal(Y.sum(axis=1 if single or find_notation(notation).examples == "rows" else 0).ravel(), np.ones(32))


@pytest.mark.parametrize(
    ("notation", "named"),
    [("rows", "the notation rows"), (NOTATIONS["index"], "the notation index"), (Notation(layer="_l"), "a reader's notation")],
)
def test_what_the_program_says_of_itself(notation, named):
    source = program(derive(Network("3-3", l2=0.1, label_smoothing=0.2)), notation)
    title = " ".join(source.partition("\n\n")[0].strip('"').split())
    assert title == f"3-3:softmax with cross_entropy of smoothed labels and an L2 penalty, derived by handgrad in {named}."


@pytest.mark.parametrize("optimiser", ["gradient_descent", "adam"])
def test_a_wrong_update_ends_the_program(optimiser):
    source = program(derive("4-3:tanh-2:sigmoid", optimiser=optimiser))
    assert source.count("theta - alpha") == 1
    with pytest.raises(SystemExit, match="however short the steps: the update is wrong"):
        run(source.replace("theta - alpha", "theta + alpha"), "__main__")
