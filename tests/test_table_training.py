"""Training on tables: rows divided honestly, the encoding of the training rows alone, and the recipe."""

import contextlib
import re
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_tables import real

from handgrad.engine.tables.dividing import Divisible, divide
from handgrad.engine.tables.preparing import TableOptions, prepare
from handgrad.engine.tables.run import TableRun, seconds_of
from handgrad.errors import DataError, NetworkError, TrainingError
from handgrad.model import Model
from handgrad.tables.dates import times_of
from handgrad.tables.encoding import EncodingOptions
from handgrad.tables.reading import open_table

DROPPED = EncodingOptions(drop=("when", "weight"))
PLAIN = EncodingOptions(drop=("person", "when", "weight"))


def people(n=200, seed=0):
    """A table with one column of each kind."""
    rng = np.random.default_rng(seed)
    age, town = rng.integers(18, 90, n), rng.choice(["Bonn", "Köln", "Trier"], n)
    yes = (age + 20 * (town == "Köln") + rng.normal(0, 5, n)) > 60
    return pl.DataFrame({
        "age": age, "town": town, "person": np.arange(n) // 4, "when": [f"20{y:02}-03-01" for y in rng.permutation(n) % 60],
        "weight": rng.uniform(0.5, 2, n), "income": np.where(yes, "high", "low"),
    })  # fmt: skip


def divided(**roles):
    options = TableOptions(
        "income", encoding=EncodingOptions(drop=tuple({"person", "when", "weight"} - set(roles.values()))), **roles
    )
    return prepare(people(), options, name="people.csv")


def parts(table):
    return table.split.train, table.validated, table.split.held_out


@settings(max_examples=60)
@given(st.integers(0, 1000), st.integers(12, 400), st.sampled_from(["plain", "classes", "groups", "times"]))
def test_every_row_has_one_part_and_no_group_or_moment_has_two(seed, n, kind):
    rng = np.random.default_rng(seed)
    marks = rng.integers(0, max(4, n // 5), n)
    y, classes = (rng.integers(0, 3, n), ("a", "b", "c")) if kind == "classes" else (rng.normal(size=n), None)
    groups, times = marks if kind == "groups" else None, marks.astype(float) if kind == "times" else None
    numbers = np.sort(rng.choice(1000, n, replace=False))
    if kind in {"groups", "times"} and len(np.unique(marks)) < 6:
        with contextlib.suppress(DataError):  # of so few there may be none left to train on
            divide(Divisible("t", numbers, y, classes, groups, times), np.empty(0, int), rng)
        return
    split, validated = divide(Divisible("t", numbers, y, classes, groups, times), np.empty(0, int), rng)
    found = (split.train, validated, split.held_out)
    assert sorted(np.concatenate(found)) == sorted(numbers)
    assert all(len(part) for part in found)
    of = dict(zip(numbers, marks, strict=True))
    seen = [{of[row] for row in part} for part in found]
    if kind == "groups":
        assert not seen[0] & (seen[1] | seen[2])
        assert not seen[1] & seen[2]
    if kind == "times":
        assert max(seen[0]) < min(seen[1]) <= max(seen[1]) < min(seen[2])


def test_rows_are_held_out_of_each_class_alike():
    table = divided()
    shares = [np.mean(table.data.y[part]) for part in parts(table)]
    assert max(shares) - min(shares) < 0.03
    assert len(table.split.held_out) == 50


def test_groups_and_times_and_weights_are_no_inputs_unless_kept():
    for roles in ({"group": "person"}, {"time_column": "when"}, {"weight": "weight"}):
        table = divided(**roles)
        assert table.encoding.inputs == ("age", "town")
    kept = TableOptions("income", group="town", encoding=EncodingOptions(keep=("town",), drop=("person", "when", "weight")))
    assert prepare(people(), kept, name="t").encoding.inputs == ("age", "town")
    assert divided(weight="weight").weights.max() == 1


def test_the_encoding_is_that_of_the_training_rows():
    frame = people()
    table = divided()
    ages = frame["age"].to_numpy()[table.split.train]
    column = table.encoding.columns[0]
    assert (column.name, column.center) == ("age", np.median(ages))
    np.testing.assert_array_equal(table.data.X, table.encoding.encode(frame).X.astype(np.float32))


def test_a_test_file_is_held_out_as_a_whole():
    options = TableOptions("income", encoding=EncodingOptions(drop=("person", "when", "weight")))
    test = people(40, seed=1).with_columns(pl.lit("Mainz").alias("town"))
    table = prepare(people(), options, name="a.csv", test=test, test_name="b.csv")
    assert table.split.held_out.tolist() == list(range(200, 240))
    assert table.unknown == {"town": 40}
    assert len(table.split.train) + len(table.validated) == 200


def test_rows_without_an_answer_are_left_out_and_counted():
    frame = people().with_columns(pl.when(pl.col("age") < 30).then(None).otherwise(pl.col("income")).alias("income"))
    table = prepare(frame, TableOptions("income", encoding=EncodingOptions(drop=("person", "when", "weight"))), name="t")
    young = int((frame["age"] < 30).sum())
    assert any(f"{young} rows have no income" in note for note in table.notes)
    assert set(np.concatenate(parts(table))) == set(np.flatnonzero(frame["age"].to_numpy() >= 30))


REFUSED = {
    "no such target": (TableOptions("incme"), people(), r"no column 'incme', which is to be the target.*did you mean 'income'"),
    "twice": (TableOptions("income", weight="income"), people(), "two things: target, weight"),
    "one class": (TableOptions("income"), people().with_columns(pl.lit("low").alias("income")), "'low' in all rows"),
    "names": (TableOptions("n"), pl.DataFrame({"x": range(30), "n": [f"n{i}" for i in range(30)]}), "too many classes"),
    "always the same": (TableOptions("y", "regression"), pl.DataFrame({"x": np.arange(30) ** 2, "y": [2.5] * 30}), "nothing to"),
    "few rows": (TableOptions("income"), people(9), "9 rows.*at least 10"),
    "text target": (TableOptions("town", "regression", encoding=PLAIN), people(), "row 1.*not a number"),
    "no group": (
        TableOptions("income", group="person", encoding=EncodingOptions(drop=("when", "weight"))),
        people().with_columns(pl.when(pl.col("age") == 40).then(None).otherwise(pl.col("person")).alias("person")),
        "names no group",
    ),
    "no time": (
        TableOptions("income", time_column="when", encoding=EncodingOptions(drop=("person", "weight"))),
        people().with_columns(pl.lit("3/4/21").alias("when")),
        "ambiguous, as '3/4/21'",
    ),
    "no weight": (
        TableOptions("income", weight="weight", encoding=EncodingOptions(drop=("person", "when"))),
        people().with_columns(pl.Series("weight", [None, *[1.0] * 199])),
        "row 1 has no weight",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learnt_is_refused(name):
    options, frame, message = REFUSED[name]
    with pytest.raises(DataError, match=message):
        prepare(frame, options, name="people.csv")


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"task": "classify"}, "no task 'classify'.*did you mean 'classification'"),
        ({"group": "person", "time_column": "when"}, "by group or by time"),
    ],
)
def test_options_that_do_not_go_together_are_refused(roles, message):
    with pytest.raises(DataError, match=message):
        TableOptions("income", **roles)


def test_a_class_that_only_the_test_file_has_is_named_with_its_row():
    test = people(10, seed=2).with_columns(pl.Series("income", ["high"] * 9 + ["middling"]))
    with pytest.raises(DataError, match=r"b\.csv: row 10: 'middling' is none of the classes of a\.csv: high, low"):
        prepare(people(), TableOptions("income", encoding=PLAIN), name="a.csv", test=test, test_name="b.csv")


def test_times_are_numbers_dates_or_iso_text():
    same = [
        pl.Series(["2024-01-31", "2024-02-01 12:30", None]), pl.Series(["2024-01-31T00:00:00", "2024-02-01 12:30:00", None]),
        pl.Series([date(2024, 1, 31), date(2024, 2, 1), None]),
    ]  # fmt: skip
    for series in same:
        moments = times_of(series, "when", "t")
        assert np.isnan(moments[2])
        assert moments[0] < moments[1]
    assert times_of(pl.Series(["3", "20", "1"]), "when", "t").tolist() == [3, 20, 1]


@pytest.mark.parametrize(("name", "target"), [("penguins", None), ("crx", None), ("penguins", "body_mass_g"), ("diabetes", None)])
def test_real_tables_are_learnt(name, target, tmp_path):
    frame, usual = real(name)
    table = prepare(frame, TableOptions(target or usual), name=name)
    run = TableRun(table, epochs=60)
    assert run.check().worst[1] < 1e-6
    run.train()
    assert run.score() > {"penguins": 0.97, "crx": 0.8, "diabetes": 0.3}[name] - (0.2 if target else 0)
    path = run.model().save(tmp_path / "m.safetensors")
    loaded = Model.load(path)
    np.testing.assert_array_equal(loaded.outputs(frame), run.model().outputs(frame))
    assert loaded.target == (target or usual)
    held = run.split.held_out
    assert loaded.score(frame[held], table.data.y[held]) == run.score()


def small_run(**more):
    table = prepare(people(), TableOptions("income", encoding=PLAIN), name="people.csv")
    return TableRun(table, **more)


def test_the_recipe_is_that_of_the_paper():
    run = small_run()
    assert str(run.network) == "4-256:selu-256:selu-256:selu-2:softmax"
    assert (run.network.label_smoothing, run.options.alpha, run.options.rule.label) == (0.1, 0.04, "adam(beta2=0.95)")
    assert run.options.metric == "loss"  # few rows validate
    many = prepare(people(2000), TableOptions("income", encoding=PLAIN), name="many.csv")
    assert TableRun(many).options.metric == "accuracy_then_loss"
    assert run.options.rate_factors["W[2]"] == pytest.approx(1 / 16)
    assert not run.parameters.W[4].any()
    assert run.parameters.W[2].std() == pytest.approx(1 / 16, rel=0.02)
    assert run.parameters.b[2].std() == pytest.approx(1, rel=0.2)


def test_a_rule_of_ones_own_comes_with_the_usual_weights():
    run = small_run(optimiser="momentum", hidden="8:tanh", epochs=3)
    assert str(run.network) == "4-8:tanh-2:softmax"
    assert (run.network.label_smoothing, run.options.rate_factors) == (0.0, None)
    assert run.parameters.W[2].any()
    assert not run.parameters.b[1].any()


def test_two_classes_may_have_one_output():
    run = small_run(loss="binary_cross_entropy", hidden="8", epochs=5)
    assert run.network.widths[-1] == 1
    run.train()
    assert 0 < run.model().probabilities(run.model().outputs(people())).min() < 1


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"network": "4-3-2", "hidden": "3"}, NetworkError, "whole network, or its hidden layers"),
        ({"network": "5-3-2"}, NetworkError, "4 features.*5 inputs"),
        ({"metric": "r2d2"}, TrainingError, "no metric"),
    ],
)
def test_what_does_not_fit_together_is_refused(more, error, message):
    with pytest.raises(error, match=message):
        small_run(**more)


def test_a_time_limit_plans_the_epochs_and_holds():
    run = small_run(hidden="8")
    with pytest.raises(TrainingError, match="above 0"):
        run.train(time_limit=0.0)
    with pytest.raises(TrainingError, match="checkpoint"):
        run.train(time_limit=1.0, checkpoint="x")
    fit = run.train(time_limit=0.001)
    assert len(fit.history) == 1
    planned = small_run(hidden="8", patience=1000).train(time_limit=60.0)
    assert planned.stopped == "finished"
    assert len(planned.history) == 256


def test_weights_count():
    frame = people().with_columns(pl.when(pl.col("income") == "low").then(1e-9).otherwise(1.0).alias("weight"))
    options = TableOptions("income", weight="weight", encoding=EncodingOptions(drop=("person", "when")))
    run = TableRun(prepare(frame, options, name="t"), hidden="8", epochs=20, label_smoothing=0.0)
    run.train()
    predicted = run.model().predict(frame)
    assert (predicted == 0).all()  # the class high alone has a weight


def test_the_same_seed_gives_the_same_bits_and_another_gives_others():
    def trained(seed):
        run = TableRun(
            prepare(people(), TableOptions("income", encoding=PLAIN), name="t", seed=seed), hidden="8", epochs=3, seed=seed
        )
        return run.train().parameters.buffer

    np.testing.assert_array_equal(trained(3), trained(3))
    assert (trained(3) != trained(4)).any()


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400)])
def test_times_as_people_write_them(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "0", "-5", "1d", "nan", "inf"])
def test_no_times(text):
    with pytest.raises(TrainingError, match="90s, 5m or 1\\.5h"):
        seconds_of(text)


def test_an_array_file_brings_its_own_test_rows(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(60, 2, 2)), np.arange(60) % 3
    np.savez(tmp_path / "a.npz", x_train=X[:40], y_train=y[:40], x_test=X[40:], y_test=y[40:])
    file = open_table(tmp_path / "a.npz")
    table = prepare(file.read(), TableOptions("y"), name="a.npz", test=file.test(), test_name="its test rows")
    assert table.split.held_out.tolist() == list(range(40, 60))
    assert table.encoding.width == 4


def test_words_for_missing_count_for_answers_and_weights_too():
    income = pl.Series("income", ["unknown" if n % 10 == 0 else value for n, value in enumerate(people()["income"])])
    frame = people().with_columns(income)
    table = prepare(frame, TableOptions("income", encoding=replace(PLAIN, missing=("unknown",))), name="t")
    assert table.data.classes == ("high", "low")
    assert any("20 rows have no income" in note for note in table.notes)
    numbers = people().with_columns(y=pl.Series([-999.0 if n % 10 == 0 else float(n) for n in range(200)]))
    drop = ("person", "when", "weight", "income")
    table = prepare(numbers, TableOptions("y", encoding=EncodingOptions(drop=drop, missing=("-999",))), name="t")
    assert table.data.y[np.concatenate(parts(table))].min() > 0


def test_groups_of_very_different_sizes_are_divided_as_evenly_as_they_can_be_or_remarked_on():
    marks = np.repeat(["a", "b", "c", "d", "e"], [100, 30, 30, 20, 20])
    table = prepare(people().with_columns(person=marks), TableOptions("income", group="person", encoding=DROPPED), name="t")
    held = set(marks[table.split.held_out])
    assert "a" not in held
    lopsided = np.repeat(["a", "b", "c"], [190, 5, 5])
    table = prepare(people().with_columns(person=lopsided), TableOptions("income", group="person", encoding=DROPPED), name="t")
    assert [len(part) for part in parts(table)] == [190, 5, 5]
    assert any(note.startswith("2% of the rows are held out, as groups") for note in table.notes)


def test_groups_that_a_test_file_shares_are_refused_and_rows_that_it_shares_are_told():
    options = TableOptions("income", group="person", encoding=DROPPED)
    with pytest.raises(DataError, match=r"b\.csv and a\.csv share 10 of the groups 'person'"):
        prepare(people(), options, name="a.csv", test=people(40, seed=1), test_name="b.csv")
    test = pl.concat([people()[:7], people(40, seed=1)])
    table = prepare(people(), TableOptions("income", encoding=PLAIN), name="a.csv", test=test, test_name="b.csv")
    assert any(re.match(r"\d+ of the 47 rows of b\.csv are, in all columns, also rows of a\.csv", note) for note in table.notes)


def test_classes_that_nothing_was_learnt_of_are_told_and_a_single_one_is_refused():
    income = np.where(np.arange(200) < 150, np.where(np.arange(200) % 2, "low", "high"), "none")
    frame = people().with_columns(income=income, when=np.arange(200))
    options = TableOptions("income", time_column="when", encoding=EncodingOptions(drop=("person", "weight")))
    table = prepare(frame, options, name="t")
    assert any("no row to train on is of the class 'none'" in note and "50 rows held out are" in note for note in table.notes)
    assert any("rows whose when is 150 or later are held out" in note for note in table.notes)
    with pytest.raises(DataError, match="all of the class 'low'"):
        prepare(frame.with_columns(income=np.where(np.arange(200) < 150, "low", "none")), options, name="t")


def test_weights_of_rows_held_out_are_looked_at_before_training():
    frame = people().with_columns(when=np.arange(200), weight=(np.arange(200) < 150).astype(float))
    options = TableOptions("income", time_column="when", weight="weight", encoding=EncodingOptions(drop=("person",)))
    with pytest.raises(DataError, match="the rows held out all have the weight 0"):
        prepare(frame, options, name="t")


def test_numbers_that_cannot_be_squared_are_refused_with_their_row():
    frame = pl.DataFrame({"x": np.arange(40) ** 2, "y": [1e300 if n == 7 else float(n) for n in range(40)]})
    with pytest.raises(DataError, match=r"row 8: 'y' is 1e\+300"):
        prepare(frame, TableOptions("y"), name="t")


def test_the_target_cannot_be_dropped():
    with pytest.raises(DataError, match="is the target, which cannot be dropped"):
        TableOptions("income", encoding=EncodingOptions(drop=("income",)))


def test_the_score_and_the_provenance_count_the_weights():
    options = TableOptions("income", weight="weight", encoding=EncodingOptions(drop=("person", "when")))
    run = TableRun(prepare(people(), options, name="t"), hidden="8", epochs=20)
    run.train()
    held = run.split.held_out
    right = run.model().predict(people())[held] == run.data.y[held]
    assert run.score() == pytest.approx(np.average(right, weights=people()["weight"].to_numpy()[held]))
    told = run.provenance
    assert (told["weight"], told["patience"], told["dropout"], told["recipe"]) == ("weight", 100, 0.15, "RealMLP TD-S")
    assert told["options"] == {"drop": ("person", "when")}


def test_values_that_differ_only_in_case_are_told():
    frame = people().with_columns(
        income=pl.Series(["Yes" if n % 3 else "yes" if n % 2 else "no" for n in range(200)]),
        town=pl.Series([("Bonn", "bonn", "Trier")[n % 3] for n in range(200)]),
    )
    notes = " ".join(prepare(frame, TableOptions("income", encoding=PLAIN), name="t").notes)
    assert "the classes 'Yes', 'yes' differ only in case" in notes
    assert "town: 'Bonn', 'bonn' differ only in case" in notes


def test_how_many_groups_are_held_out_is_told():
    notes = prepare(people(), TableOptions("income", group="person", encoding=DROPPED), name="t").notes
    assert any(re.fullmatch(r"of 50 groups by person, 1\d are held out as a whole", note) for note in notes)
