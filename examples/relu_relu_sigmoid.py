"""Three layers, ReLU, ReLU and sigmoid, with binary cross-entropy: is a point inside the circle?

Every step of the first iteration is printed as an equation, its reason and its numbers; the examples of the batch are the
columns. Then the gradient is checked, the network is trained, and a map shows what it has learned.
"""

import numpy as np

from handgrad.derivation import derive
from handgrad.gradcheck import gradcheck
from handgrad.network import Network, Parameters
from handgrad.training import train

NETWORK = Network("2-3:relu-2:relu-1:sigmoid", loss="binary_cross_entropy")


def first_iteration() -> None:
    parameters = Parameters.given(
        NETWORK,
        W=[[[1, 0.25], [-1, 0.5], [0.5, -0.5]], [[1, -1, 0.5], [-0.5, 2, 1]], [[1, -1]]],
        b=[[0.5, -0.5, 0.5], [-1, -0.25], [0.5]],
    )
    X, Y = [[1, 4], [2, -2]], [1, 0]  # two examples of two inputs each, and their labels
    derivation = derive(NETWORK)
    numbers = derivation.evaluate({**derivation.values(parameters, X, Y), "alpha": 0.5})
    for equation in derivation:
        print(f"\n{equation.id}:  {derivation.render(equation.id)}\n    {equation.reason}")
        if equation.id != "dZ3_chain":  # its simplified form follows, and that is what is computed
            print(np.round(numbers[equation.key], 4) + 0.0)  # + 0.0 takes the minus from -0.0
    moved = derivation.step(parameters, X, Y, learning_rate=0.5)
    print(f"\nThis iteration takes the loss from {numbers['J']:.4f} to {derivation.loss(moved, X, Y):.4f}.")
    print("Gradient against differences of the loss:", gradcheck(NETWORK, parameters, X, Y))


def map_of(network: Network, parameters: Parameters) -> str:
    across, down = np.meshgrid(np.linspace(-2, 2, 41), np.linspace(2, -2, 17))
    inside = derive(network).output(parameters, np.column_stack([across.ravel(), down.ravel()])).reshape(across.shape)
    return "\n".join("".join(" .:+#"[int(4.999 * p)] for p in row) for row in inside)


def main() -> None:
    np.set_printoptions(precision=4, suppress=True)
    print(NETWORK)
    first_iteration()

    network = Network("2-12:relu-12:relu-1:sigmoid")
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (400, 2))
    Y = (X**2).sum(axis=1) < 1.5
    parameters = Parameters.draw(network, rng)
    print(f"\nTraining {network} on {len(X)} points, {Y.sum()} of them inside the circle")
    for epoch in train(network, parameters, X, Y, epochs=100, learning_rate=0.3, rng=rng):
        if epoch.number in (1, 2, 5, 10, 20, 50, 100):
            print(f"epoch {epoch.number:3}  loss {epoch.loss:.4f}  {'*' * round(60 * epoch.loss)}")
    right = (derive(network).output(parameters, X)[:, 0] > 0.5) == Y
    print(f"{right.mean():.1%} of the points are on the right side. The map, # for inside:\n{map_of(network, parameters)}")


if __name__ == "__main__":
    main()
