"""Estimators in model files: what is loaded is what was saved, and what was not saved so is refused."""

import contextlib
import copy
import json
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from handgrad import MLPClassifier, MLPRegressor, Model
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.own import add_activation
from handgrad.errors import ModelFileError
from handgrad.model_file import read_model_file, write_model_file

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}
RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
SIGNAL = X @ RNG.standard_normal((3, 3))
NUMBERS = SIGNAL.argmax(axis=1)
LABELS = {
    "int": NUMBERS * 10,
    "small int": NUMBERS.astype(np.int8),
    "str": np.array(["blau", "grün", "red"])[NUMBERS],
    "object": np.array(["a", "long name", "b"], dtype=object)[NUMBERS],
    "bool": SIGNAL[:, 0] > 0,
    "float": np.array([1.0, 2.0, 5.0])[NUMBERS],
    "one class": np.full(60, 7),
    "two": np.array(["no", "yes"])[(SIGNAL[:, 0] > 0).astype(int)],
    "labels": (SIGNAL > 0).astype(int),
    "sparse labels": sparse.csr_matrix((SIGNAL > 0).astype(int)),
    "columns": np.stack([NUMBERS, NUMBERS > 0], axis=1) + 3,
}
SETTINGS = [
    {"solver": "sgd", "learning_rate": "adaptive", "early_stopping": True},
    {"solver": "lbfgs"},
    {"solver": "sgd", "momentum": 0.0, "learning_rate": "invscaling"},
    {"activation": ["gelu", "tanh"], "hidden_layer_sizes": [4, 3]},
    {"hidden_layer_sizes": (), "activation": "logistic"},
]
STOPS = {"early_stopping": True, "n_iter_no_change": 1, "learning_rate_init": 0.5}


def fitted(estimator, y, inputs=X, **more):
    return estimator.set_params(**{**SMALL, **more}).fit(inputs, y)


def state_of(estimator):
    """All attributes, as values that compare."""
    return {name: plain(value) for name, value in vars(estimator).items()}


def plain(value):
    match value:
        case np.ndarray():
            return value.dtype.str, value.shape, value.tolist()
        case list() | tuple():
            return type(value), [plain(part) for part in value]
        case dict():
            return {name: plain(part) for name, part in value.items()}
        case float():
            return repr(float(value))  # NaN is NaN
        case _ if hasattr(value, "buffer") or hasattr(value, "to_json"):
            return plain(vars(value) | {"network": None, "W": None, "b": None})
        case _:
            return value


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("labels", LABELS)
def test_a_loaded_classifier_is_the_one_that_was_saved(tmp_path, labels, dtype):
    before = fitted(MLPClassifier(), LABELS[labels], X.astype(dtype))
    after = MLPClassifier.load(before.save(tmp_path / "a.safetensors"))
    assert state_of(after) == state_of(before)
    for method in ("predict", "predict_proba", "transform"):
        found, wanted = getattr(after, method)(X), getattr(before, method)(X)
        assert type(found) is type(wanted)
        if not sparse.issparse(found):
            assert plain(found) == plain(wanted)
    if labels != "columns":
        assert after.score(X, LABELS[labels]) == before.score(X, LABELS[labels])


@pytest.mark.parametrize("more", SETTINGS)
@pytest.mark.parametrize("y", [SIGNAL[:, 0], SIGNAL])
def test_a_loaded_regressor_is_the_one_that_was_saved(tmp_path, y, more):
    before = fitted(MLPRegressor(), y, **more)
    after = MLPRegressor.load(before.save(tmp_path / "a.safetensors"))
    assert state_of(after) == state_of(before)
    assert after.get_params() == before.get_params()
    np.testing.assert_array_equal(after.predict(X), before.predict(X))
    assert clone(after).get_params() == before.get_params()


@pytest.mark.parametrize("more", [{}, *SETTINGS[:3:2], STOPS, {"dropout": 0.3}])
def test_training_goes_on_from_a_file_as_if_it_had_not_stopped(tmp_path, more):
    before = MLPClassifier(**SMALL).set_params(**more)
    for _ in range(3):
        before.partial_fit(X, LABELS["str"], classes=np.unique(LABELS["str"]))
    after = MLPClassifier.load(before.save(tmp_path / "a.safetensors"))
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a run that has stopped early says so
            before.partial_fit(X, LABELS["str"])
            after.partial_fit(X, LABELS["str"])
    assert after.stopped_ == before.stopped_
    assert before.stopped_ == "early stopping" if more is STOPS else before.stopped_ == "finished"
    for ours, wanted in zip(after.coefs_, before.coefs_, strict=True):
        np.testing.assert_array_equal(ours, wanted)
    assert after.loss_curve_ == before.loss_curve_


def test_warm_starts_go_on_with_the_optimisers_state(tmp_path):
    before = fitted(MLPRegressor(), SIGNAL[:, 0], warm_start="optimizer")
    after = MLPRegressor.load(before.save(tmp_path / "a.safetensors"))
    np.testing.assert_array_equal(before.fit(X, SIGNAL[:, 0]).predict(X), after.fit(X, SIGNAL[:, 0]).predict(X))


@pytest.mark.parametrize("labels", ["str", "two", "labels"])
def test_a_model_reads_the_file_too(tmp_path, labels):
    estimator = fitted(MLPClassifier(), LABELS[labels])
    model = Model.load(estimator.save(tmp_path / "a.safetensors"))
    expected = estimator._outputs(X)
    np.testing.assert_allclose(model.outputs(X), expected, rtol=1e-12)
    if labels == "labels":
        assert model.classes is None
    else:
        assert [model.classes[c] for c in model.predict(X)] == estimator.predict(X).tolist()


def test_names_of_features_are_kept(tmp_path):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(X, schema=["länge", "b", "c"])
    after = MLPRegressor.load(fitted(MLPRegressor(), SIGNAL[:, 0], frame).save(tmp_path / "a.safetensors"))
    assert after.feature_names_in_.tolist() == ["länge", "b", "c"]
    assert after.feature_names_in_.dtype == object
    after.predict(frame)
    with pytest.raises(ValueError, match="feature names"):
        after.predict(frame.select(["b", "länge", "c"]))


def test_long_curves_do_not_stand_in_the_json(tmp_path):
    before = fitted(MLPRegressor(), SIGNAL[:, 0], inputs=X)
    before.loss_curve_ = RNG.standard_normal(5000).tolist()
    path = before.save(tmp_path / "a.safetensors")
    assert MLPRegressor.load(path).loss_curve_ == before.loss_curve_
    assert len(json.dumps(read_model_file(path)[0])) < 10_000


def test_parameters_of_every_kind_that_a_file_holds(tmp_path):
    own = add_activation(
        "bent", "where(z > 0, z, beta * z)", "where(z > 0, 1, beta)", parameters={"beta": 0.3}, kinks={"0": "beta"}
    )
    given = {
        "hidden_layer_sizes": np.array([4, 3]),
        "activation": [own.with_parameters({"beta": 0.2}), ACTIVATIONS["elu"]],
        "class_weight": {"no": 1, "yes": np.float64(2.5)},
        "n_iter_no_change": np.inf,
        "scoring": "balanced_accuracy",
        "checkpoint": None,
    }
    before = fitted(MLPClassifier(), LABELS["two"], **given)
    path = before.save(tmp_path / "a.safetensors")
    del ACTIVATIONS["bent"]
    after = MLPClassifier.load(path)
    assert plain(after.hidden_layer_sizes) == plain(given["hidden_layer_sizes"])
    assert after.activation == given["activation"]
    assert after.class_weight == given["class_weight"]
    assert after.n_iter_no_change == np.inf
    np.testing.assert_array_equal(after.predict_proba(X), before.predict_proba(X))


def test_first_weights_are_kept(tmp_path):
    start = fitted(MLPRegressor(), SIGNAL[:, 0])
    before = fitted(MLPRegressor(coefs_init=start.coefs_, intercepts_init=start.intercepts_), SIGNAL[:, 0])
    after = MLPRegressor.load(before.save(tmp_path / "a.safetensors"))
    assert plain(after.coefs_init) == plain(start.coefs_)
    np.testing.assert_array_equal(clone(after).fit(X, SIGNAL[:, 0]).predict(X), before.predict(X))


def test_what_a_file_cannot_hold_is_named_and_becomes_the_default(tmp_path):
    before = fitted(MLPClassifier(), LABELS["two"], callbacks=[lambda _: None], random_state=np.random.RandomState(0), alpha=0.5)
    with pytest.warns(UserWarning, match=r"cannot hold callbacks, random_state: they are the defaults in what is loaded") as seen:
        path = before.save(tmp_path / "a.safetensors")
    assert seen[0].filename == __file__
    after = MLPClassifier.load(path)
    assert (after.callbacks, after.random_state, after.alpha) == (None, None, 0.5)
    np.testing.assert_array_equal(after.predict_proba(X), before.predict_proba(X))


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(NotFittedError):
        MLPClassifier().save(tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="max_iter"):
        fitted(MLPRegressor(), SIGNAL[:, 0]).set_params(max_iter=-1).save(tmp_path / "a.safetensors")
    sine = add_activation("sine", np.sin, lambda z, _: np.cos(z))
    opaque = fitted(MLPRegressor(), SIGNAL[:, 0])
    opaque.network_ = type(opaque.network_)(opaque.network_.widths, [sine, "identity"], opaque.network_.loss)
    with pytest.raises(ModelFileError, match="sine is a Python function"):
        opaque.save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_subclass_comes_back_as_itself(tmp_path):
    class Mine(MLPRegressor):
        pass

    path = fitted(Mine(), SIGNAL[:, 0]).save(tmp_path / "a.safetensors")
    assert type(Mine.load(path)) is Mine
    assert type(MLPRegressor.load(path)) is MLPRegressor


# What is not such a file.


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A saved estimator of each kind, as what its file says and its tensors."""
    folder, found = tmp_path_factory.mktemp("files"), {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        made = {
            "classifier": fitted(MLPClassifier(), LABELS["str"], early_stopping=True, n_iter_no_change=np.inf),
            "two": fitted(MLPClassifier(), LABELS["two"]),
            "regressor": fitted(MLPRegressor(coefs_init=None), SIGNAL, solver="sgd"),
        }
    for name, estimator in made.items():
        about, tensors = read_model_file(estimator.save(folder / f"{name}.safetensors"))
        found[name] = type(estimator), about, tensors
    return folder, found


def rewritten(files, name, change):
    """The file with what `change` makes of the estimator's JSON, and its checksum as it should be."""
    folder, found = files
    cls, about, tensors = found[name]
    about = copy.deepcopy(about)
    change(about["provenance"]["estimator"])
    write_model_file(folder / "changed.safetensors", {k: v for k, v in about.items() if k != "format"}, tensors)
    return cls, folder / "changed.safetensors"


def setter(*keys):
    *way, last, value = keys

    def change(about):
        for key in way:
            about = about[key]
        about[last] = value

    return change


LIES = {
    "another class": setter("class", "MLPRegressor"),
    "no class": setter("class", None),
    "classes too few": setter("targets", "classes", [{"dtype": "<U4", "values": ["blau", "grün"]}]),
    "classes unsorted": setter("targets", "classes", 0, "values", ["red", "grün", "blau"]),
    "other classes": setter("targets", "classes", 0, "values", ["a", "b", "c"]),
    "classes of another kind": setter("targets", "kind", "multilabel"),
    "no classes": setter("targets", None),
    "targets that are a number": setter("targets", 3),
    "an unknown parameter": setter("parameters", "learning_rte", 0.1),
    "a list for a number": setter("parameters", "alpha", [1, 2]),
    "a word for a number": setter("parameters", "max_iter", "many"),
    "a parameter out of range": setter("parameters", "beta_1", 1.5),
    "an unknown activation": setter("parameters", "activation", "reluu"),
    "an unknown record": setter("parameters", "activation", {"activation": "reluu"}),
    "an array that is not there": setter("parameters", "coefs_init", {"array": "none", "shape": [1]}),
    "parameters as a list": setter("parameters", []),
    "n_iter_ below 0": setter("fitted", "n_iter_", -1),
    "n_iter_ beyond 64 bits": setter("fitted", "n_iter_", 2**64),
    "n_iter_ as a float": setter("fitted", "n_iter_", 3.0),
    "n_iter_ as truth": lambda about: about["fitted"].update(n_iter_=True),
    "t_ as text": setter("fitted", "t_", "3"),
    "best_iteration_ 0": setter("fitted", "best_iteration_", 0),
    "a curve of text": setter("fitted", "loss_curve_", ["a"]),
    "a curve that is a number": setter("fitted", "loss_curve_", 1.0),
    "a history that is a list": setter("fitted", "score_history_", []),
    "a history without the loss": setter("fitted", "score_history_", {"dict": [["seconds", [1.0]]]}),
    "a learning rate of 0": setter("fitted", "_rate", 0.0),
    "no number of iterations": lambda about: about["fitted"].pop("n_iter_"),
    "an unknown rule": setter("optimizer", "dict", 0, ["solver", "adamm"]),
    "no rule": setter("optimizer", None),
    "another rule's state": setter("optimizer", "dict", 0, ["solver", "sgd"]),
    "a rule without its numbers": setter("optimizer", {"dict": [["solver", "adam"]]}),
    "a state without arrays": setter("optimizer_state", {"dict": [["v", 1], ["s", 1], ["t", 1]]}),
    "nothing": lambda about: about.clear(),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_contradicts_itself_is_refused(files, lie):
    cls, path = rewritten(files, "classifier", LIES[lie])
    with pytest.raises(ModelFileError, match=r"changed\.safetensors"):
        cls.load(path)


def test_only_what_is_fitted_is_set(files):
    cls, path = rewritten(files, "classifier", setter("fitted", "predict", 1))
    assert "predict" not in vars(cls.load(path))


def test_the_wrong_class_says_which_is_right(files):
    _, path = rewritten(files, "regressor", lambda _: None)
    with pytest.raises(ModelFileError, match="holds a 'MLPRegressor', not a 'MLPClassifier'"):
        MLPClassifier.load(path)
    _, path = rewritten(files, "regressor", setter("class", "MLPClassifier"))
    with pytest.raises(ModelFileError):
        MLPClassifier.load(path)


def test_a_model_that_is_no_estimators(files, tmp_path):
    _, path = rewritten(files, "regressor", lambda _: None)
    model = Model.load(path)
    plain_one = Model(model.network, model.parameters, model.inputs).save(tmp_path / "plain.safetensors")
    with pytest.raises(ModelFileError, match=r"not an estimator's: read it with handgrad.Model.load"):
        MLPRegressor.load(plain_one)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(2**70),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["tuple", "dict", "array", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value, way=()):
    """Every place in JSON, as the keys that lead there."""
    yield way
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*way, key))


@given(data=st.data(), name=st.sampled_from(["classifier", "two", "regressor"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_in_any_place_gives_an_estimator_or_a_model_file_error(files, data, name):
    about = files[1][name][1]["provenance"]["estimator"]
    way = data.draw(st.sampled_from([way for way in places(about) if way]))
    value = data.draw(JSON)
    removed = data.draw(st.booleans())

    def change(about):
        for key in way[:-1]:
            about = about[key]
        if removed:
            del about[way[-1]]
        else:
            about[way[-1]] = value

    cls, path = rewritten(files, name, change)
    try:
        found = cls.load(path)
    except ModelFileError:
        return
    assert len(found.predict(X[:4])) == 4
    if way[0] != "parameters":  # a folder for checkpoints would be one of them
        with contextlib.suppress(ValueError):
            found.partial_fit(X, SIGNAL if name == "regressor" else LABELS[{"classifier": "str", "two": "two"}[name]])


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_bit_or_a_cut_end_is_noticed(files, data):
    cls, path = rewritten(files, "two", lambda _: None)
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole = whole[:place]
    else:
        whole[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bytes(whole))
    with pytest.raises(ModelFileError):
        cls.load(path)


def test_no_loss_of_ones_own_is_needed_to_predict(tmp_path):
    before = fitted(MLPRegressor(), SIGNAL[:, 0], loss=("(a - y)^4", "4 * (a - y)^3"))
    after = MLPRegressor.load(before.save(tmp_path / "a.safetensors"))
    np.testing.assert_array_equal(after.predict(X), before.predict(X))
    assert after.loss == before.loss
    assert not any(record.own for record in LOSSES.values())
