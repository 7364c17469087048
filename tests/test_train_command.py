"""handgrad train: its options, how it ends, and the job that it runs."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from handgrad.cli.training_report import curve
from handgrad.datasets import Dataset, read_dataset
from handgrad.engine.engine import Engine
from handgrad.engine.job import Run, default_network, defaults_for
from handgrad.engine.reference import ReferenceEngine
from handgrad.errors import DataError, NetworkError, TrainingError
from handgrad.model import Model

COMMAND = [sys.executable, "-c", "from handgrad.cli import main; main()", "train"]


@pytest.fixture
def run(run):
    """Run `handgrad train` in a folder of its own: (exit code, standard output, standard error)."""
    return lambda *arguments: run("train", *arguments)


def test_the_options_reach_the_run(run, tmp_path, monkeypatch):
    seen = []
    before = Run.__init__

    def spied(self, *arguments, **options):
        before(self, *arguments, **options)
        seen.append(self)

    monkeypatch.setattr(Run, "__init__", spied)
    code, _, err = run(
        "wine", "--network", "13-8:tanh-3", "--epochs", 3, "--batch-size", 16, "--optimiser", "momentum(beta=0.8)",
        "--learning-rate", 0.05, "--schedule", "step(0.5, every=2)", "--l2", 0.01, "--weight-decay", 0.02, "--dropout", 0.1,
        "--clip", 2, "--label-smoothing", 0.05, "--class-weight", "balanced", "--patience", 5, "--metric", "accuracy",
        "--threads", 1, "--dtype", "float64", "--seed", 4, "--checkpoint", "kept", "--every", 2, "--out", "m.safetensors", "--json",
    )  # fmt: skip
    assert code == 0, err
    job = seen[0]
    options = job.options
    assert (str(job.network), job.network.l2, job.network.label_smoothing) == ("13-8:tanh-3:softmax", 0.01, 0.05)
    assert options.rule.label == "momentum(beta=0.8, weight_decay=0.02)"
    assert (options.alpha, options.timing.spelling, options.shares, options.clip) == (0.05, "step(factor=0.5, every=2)", [0.1], 2)
    assert (options.class_weight, options.patience, options.metric, options.n_threads) == ("balanced", 5, "accuracy", 1)
    assert (options.batch_size, options.epochs, job.seed) == (16, 3, 4)
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["epoch-000002.safetensors", "epoch-000003.safetensors"]
    model = Model.load("m.safetensors")
    assert model.parameters.buffer.dtype == np.float64
    assert model.provenance["optimiser"] == "momentum(beta=0.8, weight_decay=0.02)"
    assert (model.provenance["epochs"], model.provenance["stopped"]) == (3, "finished")


def test_early_stopping_sets_training_examples_aside(run):
    code, out, _ = run("breast_cancer", "--patience", 3, "--epochs", 300, "--seed", 1)
    assert code == 0
    assert "to stop by, 142 held out" in out
    assert "the best, are kept" in out
    assert "validation loss" in out
    job = Run(read_dataset("breast_cancer"), patience=3, seed=1)
    parts = [job.split.train, job.validated, job.split.held_out]
    assert sorted(np.concatenate(parts)) == list(range(569))
    assert sorted(Run(read_dataset("breast_cancer"), seed=1).split.held_out) == sorted(job.split.held_out)


@pytest.mark.parametrize("data", ["wine", "diabetes"])
def test_a_run_is_resumed_to_the_same_model(run, tmp_path, data):
    run(data, "--epochs", 6, "--out", "whole", "--optimiser", "adam")
    run(data, "--epochs", 3, "--out", "part", "--optimiser", "adam", "--checkpoint", "kept")
    code, out, _ = run(data, "--epochs", 6, "--out", "resumed", "--optimiser", "adam", "--checkpoint", "kept", "--resume")
    assert code == 0
    assert "resumed after epoch 3, from kept" in out
    assert Model.load("whole").parameters.buffer.tobytes() == Model.load("resumed").parameters.buffer.tobytes()
    code, _, err = run(data, "--epochs", 6, "--optimiser", "adam", "--checkpoint", "kept", "--resume", "--seed", 1)
    assert code == 2
    assert "those of another run" in err
    assert not (tmp_path / f"{data}.safetensors").exists()


def test_resuming_where_nothing_was_kept_starts_from_the_beginning(run):
    code, out, _ = run("iris", "--epochs", 1, "--checkpoint", "kept", "--resume")
    assert code == 0
    assert "there is no checkpoint in kept: the run starts from the beginning" in out


def test_control_c_keeps_the_model_and_says_so(tmp_path):
    command = [*COMMAND, "digits", "--epochs", "1000000", "--schedule", "constant", "--checkpoint", "kept", "--every", "5"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "kept").exists() or not any((tmp_path / "kept").iterdir()):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "interrupted after" in out
    assert "parameters so far are kept" in out
    model = Model.load(tmp_path / "digits.safetensors")
    assert model.provenance["stopped"] == "interrupted"
    assert model.provenance["hold_out_score"] > 0.8


def test_a_run_that_diverges_keeps_its_last_finite_parameters_beside_the_model(run, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"an earlier model")
    code, _, err = run(
        "diabetes",
        "--optimiser",
        "adam",
        "--learning-rate",
        1e4,
        "--epochs",
        200,
        "--out",
        "m.safetensors",
        "--network",
        "10-8-8-1",
    )
    assert code == 2
    assert err.count("\n") == 1
    assert "the run diverges; try a learning rate ten times smaller" in err
    assert "The last finite parameters are in m.diverged.safetensors" in err
    assert (tmp_path / "m.safetensors").read_bytes() == b"an earlier model"
    assert np.isfinite(Model.load("m.diverged.safetensors").parameters.buffer).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["iris", "--optimiser", "adm"], "did you mean 'adam'"),
        (["iris", "--optimiser", "adam(beta=1)"], "adam has the parameters"),
        (["iris", "--schedule", "cos"], "did you mean 'cosine'"),
        (["iris", "--dropout", "1"], "dropout is a number in [0, 1)"),
        (["iris", "--network", "4-3", "--dropout", "0.5"], "has none"),
        (["iris", "--clip", "-1"], "clip is a number in (0, ∞)"),
        (["iris", "--label-smoothing", "1"], "label_smoothing is 0 or more and below 1"),
        (["iris", "--class-weight", "even"], "--class-weight is balanced"),
        (["diabetes", "--class-weight", "balanced"], "targets that are classes"),
        (["diabetes", "--metric", "accuracy"], "accuracy counts classes"),
        (["iris", "--metric", "acuracy"], "did you mean 'accuracy'"),
        (["iris", "--dtype", "float16"], "there is no precision 'float16'"),
        (["iris", "--resume"], "give --checkpoint DIR too"),
        (["iris", "--checkpoint", "file/kept"], "cannot keep checkpoints in file/kept"),
        (["iris", "--optimiser", "lbfgs", "--learning-rate", "0.1"], "it takes no learning_rate"),
        (["iris", "--optimiser", "lbfgs", "--checkpoint", "kept"], "it has no checkpoints"),
    ],
)
def test_bad_options_are_one_clear_line(run, tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    code, _, err = run(*arguments)
    assert code == 2
    assert err.startswith("handgrad: ")
    assert err.count("\n") == 1
    assert message in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("option", ["--patience", "--threads", "--every", "--epochs", "--batch-size"])
def test_whole_numbers_from_1(run, option):
    code, out, err = run("iris", option, "0")
    assert (code, out) == (2, "")
    assert option in err


def test_without_numba_the_command_to_type_is_printed(tmp_path):
    code = "import sys; sys.modules['numba'] = None; from handgrad.cli import main; main()"
    command = [sys.executable, "-c", code, "train", "iris", "--epochs", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'handgrad[train]'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_lbfgs_from_the_command(run):
    code, out, _ = run("diabetes", "--optimiser", "lbfgs", "--epochs", 20, "--l2", 0.01, "--json")
    assert code == 0
    assert json.loads(out)["score"] > 0.3


@pytest.mark.parametrize("network", ["5-2", "4-3:relu-2", "4-3:relu-1:sigmoid", "4-3:relu-4"])
def test_a_network_of_another_shape_than_the_data(network):
    with pytest.raises(NetworkError, match=r"iris has (4 features|3 classes), but the network"):
        Run(read_dataset("iris"), network)


def test_two_classes_train_with_one_output_too():
    job = Run(read_dataset("breast_cancer"), "30-4:tanh-1:sigmoid", epochs=5)
    job.train()
    assert job.score() > 0.9
    assert job.fit.scores[-1] == pytest.approx(job.score())


def test_targets_of_a_loss_that_they_do_not_suit():
    with pytest.raises(DataError, match="binary_cross_entropy takes targets in"):
        Run(read_dataset("diabetes"), None, "binary_cross_entropy").check()


@pytest.mark.parametrize("engine", [ReferenceEngine, Engine])
@pytest.mark.parametrize("data", ["iris", "diabetes"])
def test_the_score_of_the_last_epoch_is_that_of_the_model(data, engine):
    job = Run(read_dataset(data), epochs=4, seed=2)
    job.train(engine=engine)
    assert job.fit.scores[-1] == pytest.approx(job.score(), abs=1e-5)
    assert job.model().provenance["hold_out_score"] == job.score()


def images(rows):
    rng = np.random.default_rng(0)
    y = np.arange(rows) % 3
    X = rng.integers(0, 100, (rows, 12), dtype=np.uint8)
    X[np.arange(rows), 4 * y] += 150
    return Dataset("images", X, y, tuple(f"pixel_{k}" for k in range(12)), ("a", "b", "c"), held_out=30)


def test_images_are_scaled_together_and_held_out_as_their_makers_did():
    data = images(120)
    job = Run(data, epochs=10)
    assert list(job.split.held_out) == list(range(90, 120))
    assert len(set(job.inputs.mean)) == len(set(job.inputs.scale)) == 1
    X, _ = job.examples(job.split.train)
    assert X.dtype == np.float32
    assert abs(X.mean()) < 0.05
    assert X.std() == pytest.approx(1, abs=0.05)
    job.train()
    assert job.score() > 0.9


def test_the_defaults_grow_with_the_data():
    small, large = images(120), images(12_000)
    assert default_network(small) == "12-32-3"
    assert default_network(large) == "12-256-128-3"
    assert defaults_for(small).epochs > defaults_for(large).epochs
    assert defaults_for(small).batch_size < defaults_for(large).batch_size
    assert default_network(read_dataset("digits")) == "64-128-10"


def test_a_rule_that_is_chosen_brings_its_own_learning_rate():
    iris = read_dataset("iris")
    assert Run(iris, optimiser="rmsprop").options.alpha == 0.001
    assert Run(iris, optimiser="rmsprop").options.timing.name == "constant"
    assert Run(iris, learning_rate=0.5).options.alpha == 0.5
    assert Run(iris, "4-3").options.shares == []
    with pytest.raises(TrainingError, match="epochs is a whole number"):
        Run(iris, epochs=0)


def test_a_curve_is_one_character_a_value():
    assert curve([1.0, 2.0, 3.0]) == "▁▅█" or len(curve([1.0, 2.0, 3.0])) == 3
    assert curve([2.0, 2.0]) == "▁▁"
    assert curve([]) == ""
    assert len(curve(list(range(100)))) == 24
