"""ReLU layers with softmax and cross-entropy for classes, or with identity and squared error for numbers, at any depth.

The equations of layer l are the same ones in a network of two layers and of six: only the last layer knows the loss. Softmax
lets every output depend on every unit; its full Jacobian is worked out here and simplifies to A - Y.
"""

import numpy as np

from handgrad.derivation import derive
from handgrad.gradcheck import gradcheck
from handgrad.network import Network, Parameters
from handgrad.training import train


def first_iteration() -> None:
    derivation = derive(Network("2-3-2-3"))
    for name in ("dA3", "dZ3_chain", "dZ3", "dW3", "db3", "dA2", "dZ2", "dW2", "db2"):
        print(f"{name + ':':<10} {derivation.render(name)}\n{'':10} {derivation[name].reason}")
    # One example whose scores are ln 1, ln 2 and ln 5: the softmax is 1/8, 2/8 and 5/8. The right class is the last.
    output = derive(Network("1-3"))
    scores = Parameters.given(output.network, W=[[[0], [0], [0]]], b=[np.log([1, 2, 5])])
    found = output.evaluate(output.values(scores, [[0]], [2]), ["dA[1]", "dZ[1]"])
    a, dA = found["A[1]"][:, 0], found["dA[1]"][:, 0]
    jacobian = np.diag(a) - np.outer(a, a)
    print(f"\nsoftmax a = {a}\ndA = -y / a = {dA + 0.0}\nJacobian a_i (δ_ij - a_j) =\n{jacobian}")
    print(f"Jacobian times dA = {jacobian @ dA}\na - y             = {found['dZ[1]'][:, 0]}")


def spirals(rng: np.random.Generator, count: int = 100) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat([0, 1, 2], count)
    radius = np.tile(np.linspace(0.1, 1, count), 3)
    angle = 4 * radius + 2 * np.pi / 3 * labels + 0.15 * rng.standard_normal(3 * count)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), labels


def train_and_show(network: Network, X: np.ndarray, Y: np.ndarray, rate: float) -> None:
    parameters = Parameters.draw(network, 1)
    print(f"\n{network!r}\n{gradcheck(network, parameters, X[::25], Y[::25], directions=4)}")
    losses = [epoch.loss for epoch in train(network, parameters, X, Y, epochs=40, learning_rate=rate)]
    print("loss:", *(f"{losses[number - 1]:.4f}" for number in (1, 2, 5, 10, 20, 40)))
    if network.loss.name == "cross_entropy":
        print(f"right among these points: {(derive(network).output(parameters, X).argmax(axis=1) == Y).mean():.1%}")


def main() -> None:
    np.set_printoptions(precision=4, suppress=True)
    first_iteration()
    X, labels = spirals(np.random.default_rng(0))
    curve = np.column_stack([np.sin(3 * X[:, 0]), X[:, 0] * X[:, 1]])
    for hidden in ([32, 32], [32, 32, 32, 32, 32]):
        train_and_show(Network([2, *hidden, 3], loss="cross_entropy"), X, labels, 0.1)
        train_and_show(Network([2, *hidden, 2], loss="squared_error"), X, curve, 0.05)


if __name__ == "__main__":
    main()
