"""Schedules of the learning rate: their numbers by hand, their laws, and what derive, explain and the program make of them."""

import itertools
import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from explained import explained
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.calculus.notation import NOTATIONS
from handgrad.catalogue.lookup import find_schedule
from handgrad.catalogue.rules import Stalling
from handgrad.catalogue.schedules import SCHEDULES
from handgrad.derivation import derive
from handgrad.derivation.checking import check_steps
from handgrad.derivation.program import program
from handgrad.errors import CatalogueError
from handgrad.network import Network

TOTAL, PER_EPOCH = 40, 4
BY_HAND = {
    "constant": lambda _: 1.0,
    "step(factor=0.5, every=3)": lambda i: 0.5 ** (i // PER_EPOCH // 3),
    "exponential(gamma=0.9)": lambda i: 0.9 ** (i // PER_EPOCH),
    "inverse_scaling(power=0.7)": lambda i: 1 / (i + 1) ** 0.7,
    "adaptive": lambda _: 1.0,
    "cosine(warmup=0)": lambda i: (1 + math.cos(math.pi * i / TOTAL)) / 2,
    "cosine(warmup=0.25)": lambda i: (i + 1) / 10 if i < 10 else (1 + math.cos(math.pi * (i - 10) / 30)) / 2,
    "coslog4": lambda i: (1 - math.cos(2 * math.pi * math.log2(1 + 15 * i / TOTAL))) / 2,
}


def rates(spelling, alpha=1.0, *, first=0, steps=None, total=TOTAL, per_epoch=PER_EPOCH, state=None):
    return find_schedule(spelling).rates(alpha, first, total if steps is None else steps, total, per_epoch, state)


def test_every_schedule_is_worked_by_hand():
    assert {find_schedule(spelling).name for spelling in BY_HAND} == set(SCHEDULES)
    assert set(SCHEDULES) == {"constant", "step", "exponential", "inverse_scaling", "adaptive", "cosine", "coslog4"}


@pytest.mark.parametrize("spelling", BY_HAND)
def test_rates_are_those_worked_by_hand(spelling):
    found = rates(spelling, alpha=0.2)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [0.2 * BY_HAND[spelling](i) for i in range(TOTAL)], rtol=1e-12, atol=1e-16)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(BY_HAND)),
    st.integers(1, 300),
    st.integers(1, 50),
    st.lists(st.integers(0, 300), max_size=6),
    st.floats(1e-6, 10),
)
def test_a_run_in_pieces_has_the_bits_of_the_whole(spelling, total, per_epoch, cuts, alpha):
    whole = rates(spelling, alpha, total=total, per_epoch=per_epoch)
    ends = sorted({0, total, *(cut for cut in cuts if cut < total)})
    pieces = [
        rates(spelling, alpha, first=start, steps=end - start, total=total, per_epoch=per_epoch)
        for start, end in itertools.pairwise(ends)
    ]
    assert np.array_equal(np.concatenate(pieces), whole)
    assert whole.shape == (total,)
    assert ((whole >= 0) & (whole <= alpha * (1 + 1e-12))).all()


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 0.9), st.integers(1, 400))
def test_the_warm_up_rises_evenly_and_joins_the_cosine_without_a_jump(warmup, total):
    found, warm = rates(f"cosine(warmup={warmup})", 1.0, total=total), warmup * total
    rising = int(warm)
    np.testing.assert_allclose(found[:rising], np.arange(1, rising + 1) / (warm or 1), rtol=1e-12)
    assert (np.diff(found[rising:]) <= 1e-12).all()  # from then on it falls
    assert found.max() > 1 - 1e-9 if total > warm + 1 else True
    largest = max(1 / max(warm, 1), math.pi / 2 / (total - warm))  # of the slopes of both parts, or their first step
    assert np.abs(np.diff(found)).max(initial=0) <= largest + 1e-12
    assert found[0] > 0
    assert 0 < found[-1] <= 1


def test_the_ends():
    cosine = rates("cosine", 0.5, total=1000)
    assert cosine[0] == pytest.approx(0.5 / 100)
    assert cosine[99] == cosine[100] == 0.5
    assert 0 < cosine[-1] < 1e-5
    assert rates("cosine", 0.5, total=1).tolist() == [0.5]  # a run of one step takes it in full
    coslog = rates("coslog4", 1.0, total=1500)
    assert coslog[0] == 0
    tops = np.flatnonzero((coslog[1:-1] > coslog[:-2]) & (coslog[1:-1] >= coslog[2:])) + 1
    places = [1500 * (2 ** (wave + 0.5) - 1) / 15 for wave in range(4)]
    np.testing.assert_allclose(tops, places, atol=1)
    np.testing.assert_allclose(coslog[[100, 300, 700]], 0, atol=1e-12)  # where a wave ends
    assert coslog[-1] < 1e-3


def test_the_rate_is_lowered_when_the_loss_stalls():
    schedule, state = find_schedule("adaptive(factor=5, patience=2, tolerance=0.01)"), Stalling()
    assert schedule.first_state() == state
    lowered = []
    for loss in (1.0, 0.9, 0.895, 0.5, 0.6, 0.6, 0.6, 0.45, 0.45, 0.45, math.nan, math.inf):
        state = schedule.after_epoch(state, loss)
        lowered.append(state.stalls)
    assert lowered == [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3]
    assert state.best == 0.45
    assert schedule.rates(0.25, 7, 3, 100, 10, state).tolist() == [0.25 / 125] * 3


@given(st.lists(st.floats(0, 10), max_size=30), st.integers(0, 30))
def test_a_state_outlives_a_checkpoint(losses, place):
    schedule, state, restored = find_schedule("adaptive"), Stalling(), Stalling()
    for number, loss in enumerate(losses):
        if number == place:
            restored = Stalling(**json.loads(json.dumps(asdict(restored))))
        state, restored = schedule.after_epoch(state, loss), schedule.after_epoch(restored, loss)
    assert state == restored


@pytest.mark.parametrize("name", SCHEDULES)
def test_others_keep_no_state(name):
    schedule, state = SCHEDULES[name], Stalling(1, 1, 0.5)
    assert schedule.adaptive == (name == "adaptive")
    assert (schedule.after_epoch(state, 0.7) == state) == (not schedule.adaptive)


@pytest.mark.parametrize(("first", "steps", "total", "per_epoch"), [(-1, 2, 5, 1), (4, 2, 5, 1), (0, -1, 5, 1), (0, 1, 5, 0)])
def test_steps_beyond_the_run_are_refused(first, steps, total, per_epoch):
    with pytest.raises(CatalogueError, match=f"a run of {total} steps"):
        SCHEDULES["cosine"].rates(0.1, first, steps, total, per_epoch)


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("cosine", "cosine"),
        ("cosine(0.1)", "cosine"),
        ("cosine(warmup=0.05)", "cosine(warmup=0.05)"),
        ("step(0.5, every=20)", "step(factor=0.5, every=20)"),
        ("adaptive(patience=3)", "adaptive(patience=3)"),
    ],
)
def test_spellings(spelling, canonical):
    schedule = find_schedule(spelling)
    assert schedule.spelling == canonical
    assert find_schedule(canonical) == schedule
    assert find_schedule(schedule) is schedule


@pytest.mark.parametrize(
    ("spelling", "says"),
    [
        ("cosin", "there is no schedule 'cosin'. did you mean 'cosine'"),
        (None, "there is no schedule None"),
        ("cosine(1)", r"cosine needs a warmup in \[0, 1\), but 1 was given"),
        ("cosine(warm=0.1)", "cosine has the parameters warmup, but 'warm' was given"),
        ("coslog4(3)", "coslog4 has 0 parameter"),
        ("step(every=0)", r"step needs a every in \[1, ∞\)"),
        ("step(factor=2)", r"factor in \(0, 1\]"),
        ("adaptive(factor=0.2)", r"factor in \(1, ∞\)"),
        ("exponential(gamma=inf)", "finite gamma"),
        ("inverse_scaling(power=half)", "a parameter is a number"),
    ],
)
def test_what_no_schedule_is(spelling, says):
    with pytest.raises(CatalogueError, match=says):
        find_schedule(spelling)


@pytest.mark.parametrize(
    ("name", "layers"), list(zip(SCHEDULES, itertools.cycle(("numbered", "general", "from_output")), strict=False))
)
def test_the_derivation_has_the_rate_as_an_equation_that_holds(name, layers):
    derivation = derive("2-1-1", optimiser="adam", schedule=name, layers=layers)
    assert max(check_steps(derivation).values()) < 1e-7
    assert str(derivation["alpha"].right) == str(SCHEDULES[name].expression)
    assert derive("2-1-1", optimiser="adam", layers=layers).schedule is None


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_is_shown_in_every_notation(name, notation):
    derivation = derive("2-1:sigmoid", schedule=name)
    for form, alpha in (("unicode", "α"), ("latex", r"\alpha"), ("numpy", "alpha")):
        assert derivation.render("alpha", notation, form).startswith(f"{alpha} = ")
    document = derivation.document(notation, reasons=False)
    for format_name in ("text", "markdown", "latex", "html"):
        text = " ".join(document.to(format_name).split())
        assert f"of a step follows the schedule {name.replace('_', ' ')} (" in text
    data = document.data
    assert data["schedule"] == name
    assert [step["right"] for step in data["steps"] if step["id"] == "alpha"] == [str(SCHEDULES[name].expression)]


@pytest.mark.parametrize(("spelling", "notation"), list(zip(BY_HAND, itertools.cycle(NOTATIONS), strict=False)))
def test_explain_takes_the_steps_that_the_schedule_says(spelling, notation):
    found = explained(Network("2-1:tanh"), schedule=spelling, iterations=4, learning_rate=0.2, notation=notation)
    expected = find_schedule(spelling).rates(0.2, 0, 4, 4, 1)  # the loss falls, so that nothing stalls
    assert found.learning_rates == pytest.approx(expected, rel=1e-12)
    for iteration, rate in zip(found.iterations, expected, strict=True):
        for key, array in iteration.before.arrays().items():
            moved = array - rate * iteration.gradients.arrays()[key]
            np.testing.assert_allclose(iteration.after.arrays()[key], moved, rtol=1e-12, atol=1e-15)
        assert iteration.values["alpha"] == pytest.approx(rate, rel=1e-12)
    text = " ".join(found.to_text().split())
    assert f"the schedule {find_schedule(spelling).spelling}, from α₀ = 0.2, in a run of 4 steps" in text
    assert "α = " in text
    data = json.loads(found.to_json())
    assert data["schedule"] == find_schedule(spelling).spelling
    assert [iteration["learning_rate"] for iteration in data["iterations"]] == pytest.approx(expected, rel=1e-12)
    for document in (found.document(full=True), found.weight(1, 1, 1)):
        for format_name in ("markdown", "latex", "html"):
            assert document.to(format_name)


def test_the_numbers_of_a_rate_are_put_in():
    text = " ".join(explained(Network("2-1:tanh"), schedule="inverse_scaling", iterations=2).to_text().split())
    assert "0.05 / 1^0.5" in text.replace("1⁰·⁵", "1^0.5")
    assert "is 0.05" in text or "= 0.05" in text


def test_explain_lowers_the_rate_where_the_loss_stalls():
    found = explained(Network("2-1:tanh"), schedule="adaptive(tolerance=100)", iterations=5, learning_rate=0.1)
    assert found.learning_rates == pytest.approx([0.1, 0.1, 0.1, 0.02, 0.02], rel=1e-12)


@pytest.mark.parametrize("spelling", [*BY_HAND, "adaptive(patience=1, tolerance=100)"])
def test_the_program_takes_the_steps_that_the_schedule_says(spelling):
    names = {"__name__": "program"}
    exec(compile(program(derive("2-1", schedule=spelling)), "<program>", "exec"), names)
    taken, losses = [], []
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 10)), rng.standard_normal((1, 10))
    backward, step = names["backward"], names["step"]

    def watched(parameters, gradients, *more):
        taken.append(float(more[-1]))
        step(parameters, gradients, *more)

    def lost(parameters, *data):
        J, gradients = backward(parameters, *data)
        losses.append(J * data[0].shape[1] / 10)
        return J, gradients

    names["step"], names["backward"] = watched, lost
    names["train"](names["draw"](rng), X, Y, epochs=5, batch_size=4, alpha0=0.1)
    schedule, state, expected = find_schedule(spelling), Stalling(), []
    for epoch in range(5):
        expected += list(schedule.rates(0.1, 3 * epoch, 3, 15, 3, state))
        state = schedule.after_epoch(state, sum(losses[3 * epoch : 3 * epoch + 3]))
    assert taken == pytest.approx(expected, rel=1e-12, abs=1e-15)
