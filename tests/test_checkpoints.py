"""Checkpoints: after a kill at any moment, a run ends with the bits of one that was never interrupted."""

import contextlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from engines import BOTH, task

from handgrad import add_activation, fit
from handgrad.engine.engine import Engine
from handgrad.engine.reference import ReferenceEngine
from handgrad.engine.runs.checkpoints import digest
from handgrad.errors import TrainingError
from handgrad.network import Network, Parameters

EVERYTHING = {
    "epochs": 8, "batch_size": 5, "optimiser": "adam", "schedule": "adaptive(patience=1, tolerance=0.01)", "dropout": 0.3,
    "clip": 1.0, "weight_decay": 0.01, "patience": 6, "rng": 3,
}  # fmt: skip


class StoppedError(Exception):
    pass


def run(engine, folder=None, until=None, *, resume=False, dtype=np.float64, spelling="3-5:tanh-4:relu-2", **changed):
    """A run with all that has a state, which an exception ends after the epoch `until`."""
    network, parameters, X, y, w = task(spelling, dtype=dtype)

    def stop(state):
        if state.epoch == until:
            raise StoppedError

    options = {**EVERYTHING, "validation": (X[::2], y[::2]), **changed}
    with contextlib.suppress(StoppedError):
        return fit(network, parameters, X, y, w, checkpoint=folder, resume=resume, engine=engine, callbacks=[stop], **options)


def same(a, b):
    assert a.parameters.buffer.tobytes() == b.parameters.buffer.tobytes()
    assert (a.losses, a.scores, a.best_epoch, a.stopped) == (b.losses, b.scores, b.best_epoch, b.stopped)
    assert [s.learning_rate for s in a.history] == [s.learning_rate for s in b.history]
    assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in {*a.state, *b.state})


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("until", [1, 4, 7, 8])
def test_a_run_goes_on_to_the_bits_that_it_would_have_reached(engine, dtype, until, tmp_path):
    whole = run(engine, dtype=dtype)
    run(engine, tmp_path / "kept", until, dtype=dtype)
    resumed = run(engine, tmp_path / "kept", resume=True, dtype=dtype)
    same(resumed, whole)
    assert resumed.notes == (f"resumed after epoch {until}, from {tmp_path / 'kept'}",)
    same(run(engine, tmp_path / "kept", resume=True, dtype=dtype), whole)  # again, from its end


def test_a_run_that_stopped_early_has_ended(tmp_path):
    options = {"patience": 2, "min_delta": 10.0}
    whole = run(ReferenceEngine, tmp_path, **options)
    assert (whole.stopped, len(whole.history)) == ("early stopping", 3)
    same(run(ReferenceEngine, tmp_path, resume=True, **options), whole)


def test_every_so_many_epochs_and_the_last_two_stay(tmp_path):
    run(ReferenceEngine, tmp_path, every=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-000006.safetensors", "epoch-000008.safetensors"]


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_any_generator_goes_on(kind, tmp_path):
    whole = run(ReferenceEngine, rng=np.random.Generator(kind(1)))
    run(ReferenceEngine, tmp_path, 3, rng=np.random.Generator(kind(1)))
    same(run(ReferenceEngine, tmp_path, resume=True, rng=np.random.Generator(kind(1))), whole)


def test_without_a_checkpoint_the_run_starts_from_the_beginning_and_says_so(tmp_path):
    found = run(ReferenceEngine, tmp_path / "new" / "folder", resume=True)
    assert found.notes == (f"there is no checkpoint in {tmp_path / 'new' / 'folder'}: the run starts from the beginning",)
    same(found, run(ReferenceEngine))


def test_an_earlier_run_is_not_written_over(tmp_path):
    run(ReferenceEngine, tmp_path, 2)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(TrainingError, match="holds the checkpoints of an earlier run, up to epoch 2"):
        run(ReferenceEngine, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def spoil(path, how):
    data = bytearray(path.read_bytes())
    if how == "cut":
        data = data[: len(data) // 2]
    elif how == "empty":
        data = bytearray()
    else:
        data[-100] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["cut", "empty", "a bit"])
def test_of_a_damaged_checkpoint_the_one_before_is_taken(how, tmp_path):
    run(ReferenceEngine, tmp_path, 5)
    spoil(tmp_path / "epoch-000005.safetensors", how)
    found = run(ReferenceEngine, tmp_path, resume=True)
    same(found, run(ReferenceEngine))
    assert found.notes[0].startswith("the checkpoint of epoch 5 is passed over: ")
    assert "damaged" in found.notes[0]
    assert found.notes[1].startswith("resumed after epoch 4")


def test_where_all_are_damaged_nothing_is_lost_in_silence(tmp_path):
    run(ReferenceEngine, tmp_path, 5)
    for path in tmp_path.iterdir():
        spoil(path, "cut")
    with pytest.raises(TrainingError, match=r"no checkpoint in .* can be read: the checkpoint of epoch 5"):
        run(ReferenceEngine, tmp_path, resume=True)


def test_what_a_kill_in_the_middle_of_writing_leaves_is_cleared(tmp_path):
    run(ReferenceEngine, tmp_path, 3)
    (tmp_path / ".epoch-000004.safetensors.x7f3").write_bytes(b"half of a fi")
    same(run(ReferenceEngine, tmp_path, resume=True), run(ReferenceEngine))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-000007.safetensors", "epoch-000008.safetensors"]


OTHER = [
    ({"batch_size": 6}, "batch_size was 5 and is 6"),
    ({"learning_rate": 0.01}, "learning_rate was 0.001 and is 0.01"),
    ({"optimiser": "momentum"}, r"optimiser was adam\(weight_decay=0.01\) and is momentum"),
    ({"schedule": "constant"}, r"schedule was adaptive.* and is constant"),
    ({"dropout": 0.2}, r"dropout was \[0.3, 0.3\] and is \[0.2, 0.2\]"),
    ({"clip": None}, "clip was 1.0 and is not given"),
    ({"weight_decay": 0.5}, r"optimiser was .*0.01.* and is .*0.5"),
    ({"patience": 7}, "patience was 6 and is 7"),
    ({"class_weight": "balanced"}, "class_weight was not given and is balanced"),
    ({"rate_factors": {"W[1]": 0.5}}, "rate_factors was"),
    ({"rng": 4}, "the random numbers differ"),
    ({"validation": None}, "the validation data was"),
    ({"spelling": "3-5:tanh-5:relu-2"}, "the network was .*tanh-4.* and is .*tanh-5"),
    ({"dtype": np.float32}, "the dtype was float64 and is float32"),
    ({"shuffle": False}, "shuffle was True and is False"),
    ({"restore_best": False}, "restore_best was True"),
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    run(ReferenceEngine, folder, 3)
    return folder


@pytest.mark.parametrize(("changed", "message"), OTHER, ids=[str(changed) for changed, _ in OTHER])
def test_a_checkpoint_of_another_run_is_refused_with_what_differs(kept, changed, message):
    with pytest.raises(TrainingError, match="those of another run: .*" + message) as caught:
        run(ReferenceEngine, kept, resume=True, **changed)
    assert "\n" not in str(caught.value)


def test_other_data_other_weights_and_another_formula_are_refused(tmp_path):
    add_activation("bent", value="z / (1 + abs(z))", slope="1 / (1 + abs(z))^2")
    network, _, X, y, w = task()
    network = Network("3-4:bent-2")
    parameters = Parameters.draw(network, 0)
    options = {"epochs": 2, "checkpoint": tmp_path, "engine": ReferenceEngine}
    fit(network, parameters, X, y, w, **options)
    for X_, y_, w_ in ((X + 1e-9, y, w), (X, 1 - y, w), (X, y, None), (X.astype(np.float32), y, w)):
        with pytest.raises(TrainingError, match="the training data differ"):
            fit(network, parameters, X_, y_, w_, resume=True, **options)
    with pytest.raises(TrainingError, match="the first parameters differ"):
        fit(network, Parameters.draw(network, 1), X, y, w, resume=True, **options)
    from handgrad.catalogue.activations import ACTIVATIONS

    del ACTIVATIONS["bent"]
    add_activation("bent", value="z / (2 + abs(z))", slope="2 / (2 + abs(z))^2")
    with pytest.raises(TrainingError, match="the formulas of its own records differ"):
        fit(Network("3-4:bent-2"), parameters, X, y, w, resume=True, **options)


def test_a_run_may_grow_where_its_learning_rates_do_not_ask_how_long_it_is(tmp_path):
    longer = {"epochs": 12, "patience": None}
    run(ReferenceEngine, tmp_path / "a", patience=None)
    same(run(ReferenceEngine, tmp_path / "a", resume=True, **longer), run(ReferenceEngine, **longer))
    with pytest.raises(TrainingError, match="stands after epoch 12, but 8 epochs"):
        run(ReferenceEngine, tmp_path / "a", resume=True, patience=None)
    run(ReferenceEngine, tmp_path / "b", 3, schedule="cosine")
    with pytest.raises(TrainingError, match="the schedule cosine depends on the number of epochs, which was 8 and is 12"):
        run(ReferenceEngine, tmp_path / "b", resume=True, schedule="cosine", epochs=12)


def test_a_folder_that_cannot_be_made_is_said_at_the_start(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="cannot keep checkpoints in"):
        run(ReferenceEngine, tmp_path / "file")


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(tmp_path):
    folder = tmp_path / "kept"

    def vanish(state):
        if state.epoch == 2:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()

    network, parameters, X, y, _ = task()
    found = fit(network, parameters, X, y, epochs=4, checkpoint=folder, callbacks=[vanish], engine=ReferenceEngine)
    assert found.stopped == "finished"
    assert [note.partition(":")[0] for note in found.notes] == ["epoch 3 is not kept", "epoch 4 is not kept"]


def test_the_fingerprint_of_arrays_knows_every_bit_and_the_shape():
    X = np.arange(24.0).reshape(6, 4)
    others = [X.astype(np.float32), X.reshape(4, 6), X.ravel(), X[:5], np.where(X == 7, 7.000001, X), X[::-1]]
    prints = {digest(array) for array in (X, *others)}
    assert len(prints) == len(others) + 1
    assert digest(np.asfortranarray(X)) == digest(X) == digest(np.repeat(X, 2, axis=1)[:, ::2])
    assert digest(None, None) is None


PROGRAM = """
import sys, time
sys.path[:0] = {path!r}
from test_checkpoints import run
from handgrad.engine.engine import Engine
run(Engine, epochs=1, n_threads=2)  # so that all is loaded
print("begins", flush=True)
found = run(Engine, {folder!r}, resume=True, epochs=150, patience=None, n_threads=2)
print(found.parameters.buffer.tobytes().hex(), len(found.history), flush=True)
"""


def test_a_process_killed_at_random_moments_ends_with_the_same_bits(tmp_path):
    program = PROGRAM.format(path=[sys.path[0], *sys.path], folder=str(tmp_path / "kept"))
    rng, kills = random.Random(), 0
    while True:
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "begins\n"
            if kills < 4:
                time.sleep(rng.uniform(0, 0.4))
                process.send_signal(signal.SIGKILL)
                kills += 1
            ended = process.stdout.readline().split()
        if ended:
            break
    assert process.returncode in {0, -signal.SIGKILL}
    whole = run(Engine, epochs=150, patience=None, n_threads=2)
    assert ended == [whole.parameters.buffer.tobytes().hex(), "150"]
