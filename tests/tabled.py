"""Models of real tables whose parameters are drawn, as it does not matter how good they are, and what all commands are held to."""

import warnings
from dataclasses import replace

import numpy as np
from draws import model_of
from real_tables import real, written

from handgrad import MLPClassifier
from handgrad.datasets import read_dataset
from handgrad.model import Model, Scaling
from handgrad.network import Network, Parameters
from handgrad.tables.encoding import EncodingOptions, TableEncoding
from handgrad.tables.frames import as_frame
from handgrad.tables.kinds import class_labels, number_targets

READING = {"delimiter": ",", "header": True, "encoding": "utf-8", "decimal": "."}


def model_of_table(frame, target, *, hidden="8:tanh", numbers=False, seed=0, provenance=None, **options):
    """A model that was made for a table, with drawn weights and biases."""
    frame = as_frame(frame)
    rng = np.random.default_rng(seed)
    encoding = TableEncoding.fit(frame.drop(target), EncodingOptions(**options))
    classes, targets = None, None
    if numbers:
        y = number_targets(frame[target], target)
        targets = Scaling.standard(y[~np.isnan(y), None])
    else:
        classes, _ = class_labels(frame[target])
    network = Network(f"{encoding.width}-{hidden}-{1 if numbers else len(classes)}")
    parameters = Parameters.draw(network, rng, dtype=np.float32)
    for b in parameters.b.values():
        b[...] = rng.normal(size=b.shape)
    about = {"data": "table.csv", "reading": READING, "hold_out": {"R²" if numbers else "accuracy": 0.5}} | (provenance or {})
    return Model(
        network, parameters, Scaling.none(encoding.width), targets, classes, encoding.labels, about, table=encoding, target=target
    )


def right(model, frame):
    """The share of the rows whose answer is what the model predicts, worked out by itself."""
    known = frame.filter(frame[model.target].is_not_null())
    predicted = model.predict(known)
    return float(np.mean([model.classes[c] == str(value) for c, value in zip(predicted, known[model.target], strict=True)]))


def fill(place):
    """Put models of all kinds into a folder, and the penguins as CSV and Parquet."""
    (penguins, target), examples = real("penguins"), read_dataset("iris")
    model_of_table(penguins, target).save(place / "species.safetensors")
    model_of_table(penguins, "body_mass_g", numbers=True).save(place / "mass.safetensors")
    for name in ("penguins.csv", "penguins.parquet"):
        written(penguins, place / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it does not converge
        estimator = MLPClassifier((5,), max_iter=2, random_state=0, solver="sgd").fit(examples.X, examples.y)
    estimator.save(place / "estimator.safetensors")
    scaling = Scaling.standard(examples.X)
    iris = replace(model_of(Network("4-5:tanh-3")), inputs=scaling, features=examples.features, classes=examples.classes)
    replace(iris, provenance={"data": "iris"}).save(place / "iris.safetensors")
    return place


def refused(result, message):
    """Assert that a command ended in one clear error."""
    code, out, err = result
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert 1 <= len(err.strip().splitlines()) <= 2, err
    assert message in err


def files_in(folder):
    """The names of all files in a folder, hidden ones too."""
    return sorted(entry.name for entry in folder.iterdir())
