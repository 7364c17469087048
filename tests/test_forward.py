"""The forward pass of predictions: the derivation's numbers, and the same bits whatever stands around a row."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad import forward
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.derivation import derive
from handgrad.network import Network, Parameters

NETWORK = Network("5-40:selu-30:mish-3")


def drawn(network, seed=0, dtype=np.float32):
    parameters = Parameters.draw(network, seed, dtype=dtype)
    parameters.buffer[...] += np.random.default_rng(seed).normal(0, 0.1, parameters.buffer.shape)
    return parameters


@pytest.mark.parametrize("activation", [name for name, known in ACTIVATIONS.items() if not known.rowwise])
def test_every_activation_gives_what_the_derivation_gives(activation):
    network = Network(f"4-6:{activation}-3:softmax", loss="cross_entropy")
    parameters, X = drawn(network), np.random.default_rng(1).normal(size=(300, 4))
    expected = derive(network).output(Parameters(network, parameters.buffer.astype(float)), X)
    np.testing.assert_allclose(forward.outputs(network, parameters, X), expected, rtol=1e-9, atol=1e-10)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 600), st.integers(-12, 12), st.sampled_from([np.float32, np.float64]))
def test_a_rows_bits_are_its_own(seed, count, magnitude, dtype):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 5)) * 10.0 ** rng.integers(min(magnitude, 0), max(magnitude, 1), (600, 1))
    parameters = drawn(NETWORK, seed % 1000, dtype)
    whole = forward.outputs(NETWORK, parameters, X)
    rows = rng.permutation(600)[:count]
    np.testing.assert_array_equal(forward.outputs(NETWORK, parameters, X[rows]), whole[rows])
    np.testing.assert_array_equal(forward.outputs(NETWORK, parameters, X[rows[:1]]), whole[rows[:1]])


@pytest.mark.parametrize("environment", [{"OPENBLAS_NUM_THREADS": "1"}, {"OPENBLAS_CORETYPE": "Nehalem"}])
def test_the_bits_do_not_depend_on_threads_or_on_the_kernels_of_blas(environment, monkeypatch):
    code = """
import hashlib
import numpy as np
from handgrad import Network, Parameters, forward
network = Network("37-300:relu-200:leaky_relu-3:identity", loss="squared_error")
X = np.random.default_rng(0).normal(size=(700, 37))
print(hashlib.sha256(forward.outputs(network, Parameters.draw(network, 0, dtype=np.float32), X).tobytes()).hexdigest())
"""
    found = set()
    for variables in ({}, environment):
        with monkeypatch.context() as changed:
            for name, value in variables.items():
                changed.setenv(name, value)
            found.add(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert len(found) == 1


def test_no_rows_and_rows_of_zeros():
    parameters = drawn(NETWORK)
    assert forward.outputs(NETWORK, parameters, np.empty((0, 5))).shape == (0, 3)
    zeros = forward.outputs(NETWORK, parameters, np.zeros((2, 5)))
    np.testing.assert_allclose(zeros.sum(axis=1), 1)


def test_activations_that_overflow_do_so_as_in_ieee_arithmetic():
    network = Network("1-2:exp-1:identity", loss="squared_error")
    parameters = Parameters.given(network, [[[1.0], [0.5]], [[1.0, 1.0]]])
    found = forward.outputs(network, parameters, np.array([[2000.0], [0.0]]))
    assert np.isinf(found[0, 0])
    assert found[1, 0] == pytest.approx(2.0)
