"""A 2-3-2 network, sigmoid everywhere, with squared error (no 1/2): one example at a time, and as a mean over examples.

The first iteration is worked weight by weight, in index form, and every formula stands next to what a tiny push of that very
weight does to the loss. Then the network learns XOR and AND at once, in both ways.
"""

import numpy as np

from handgrad.derivation import derive
from handgrad.gradcheck import gradcheck
from handgrad.network import Network, Parameters
from handgrad.training import train

NETWORK = Network([2, 3, 2], ["sigmoid", "sigmoid"], loss="squared_error")
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([[0, 0], [1, 0], [1, 0], [0, 1]])  # XOR and AND


def weight_by_weight(parameters: Parameters, x: np.ndarray, y: np.ndarray) -> None:
    derivation = derive(NETWORK)
    for name in ("dA2", "slope2", "dZ2", "dW2"):
        print(f"{derivation.render(name, 'index')}    ({derivation[name].reason})")
    found = derivation.forward(parameters, [x])
    hidden, out = found["A[1]"][:, 0], found["A[2]"][:, 0]
    print(f"hidden a = {hidden}, outputs a = {out}, targets y = {y}")
    print(" j k   2(a_j - y_j) a_j(1 - a_j) a_k    (C(w+h) - C(w-h)) / 2h")
    h = 1e-5
    for j in range(2):
        delta = 2 * (out[j] - y[j]) * out[j] * (1 - out[j])
        for k in range(3):
            costs = []
            for push in (h, -h):
                moved = parameters.copy()
                moved.W[2][j, k] += push
                costs.append(derivation.loss(moved, [x], [y]))
            print(f" {j} {k}   {delta * hidden[k]:+.10f}                  {(costs[0] - costs[1]) / (2 * h):+.10f}")


def main() -> None:
    np.set_printoptions(precision=4, suppress=True)
    derivation, start = derive(NETWORK), Parameters.draw(NETWORK, 4)
    print(f"{NETWORK}, one example first\n")
    weight_by_weight(start, X[1], Y[1])

    each = [derivation.gradients(start, [x], [y]).W[2] for x, y in zip(X, Y, strict=True)]
    print("\nAll four examples: the mean of their gradients, and the gradient of their mean loss")
    print(np.mean(each, axis=0), derivation.gradients(start, X, Y).W[2], sep="\n")
    print("Gradient against differences of the loss:", gradcheck(NETWORK, start, X, Y))

    for words, size in (("one example at a time", 1), ("the mean over all four", 4)):
        parameters = start.copy()
        print(f"\nLearning XOR and AND, {words}")
        for epoch in train(NETWORK, parameters, X, Y, epochs=400, batch_size=size, learning_rate=4, rng=0):
            if epoch.number in (1, 10, 50, 100, 200, 400):
                print(f"epoch {epoch.number:3}  loss {epoch.loss:.5f}")
        print(derivation.output(parameters, X))


if __name__ == "__main__":
    main()
