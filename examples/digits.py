"""A digit classifier: 64-32-10, ReLU and then softmax, on the handwritten digits that scikit-learn bundles.

Shows one digit, what the untrained network makes of it and which way the first step pushes; checks the gradient; trains; and
counts what the network gets right among digits that it has never seen.
"""

import numpy as np

from handgrad.datasets import read_dataset
from handgrad.derivation import derive
from handgrad.gradcheck import gradcheck
from handgrad.network import Network, Parameters
from handgrad.training import stratified_split, train


def picture(pixels: np.ndarray) -> str:
    return "\n".join("".join(2 * " .:-=+*#@"[int(8 * ink)] for ink in row) for row in pixels.reshape(8, 8))


def main() -> None:
    np.set_printoptions(precision=2, suppress=True, linewidth=120)
    rng = np.random.default_rng(0)
    digits = read_dataset("digits")
    X, y, split = digits.X / 16, digits.y, stratified_split(digits, rng)  # 16 is the blackest ink

    network = Network("64-32:relu-10:softmax", loss="cross_entropy")
    parameters = Parameters.draw(network, rng)
    derivation = derive(network)
    for name in ("Z1", "A1", "Z2", "A2", "ell", "J", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1"):
        print(f"{derivation.render(name)}    ({derivation[name].reason})")

    one = split.train[:1]
    first = derivation.evaluate(derivation.values(parameters, X[one], y[one]), ["J", "dZ[2]"])
    output, label = first["A[2]"][:, 0], y[one][0]
    print(f"\n{picture(X[one])}\nThis is a {label}. Before training, the probabilities of 0 to 9 are\n{output}")
    print(f"so the loss is -log({output[label]:.3f}) = {first['J']:.3f}, and dZ[2] = A[2] - Y is\n{first['dZ[2]'][:, 0]}")
    moved = derivation.step(parameters, X[one], y[one], learning_rate=0.1)
    print(f"After one step against the gradient the loss is {derivation.loss(moved, X[one], y[one]):.3f}.")
    print("\nGradient against differences of the loss:", gradcheck(network, parameters, X[:8], y[:8], directions=4))

    print(f"\nTraining {network}, {network.size} parameters, on {len(split.train)} digits")
    for epoch in train(network, parameters, X[split.train], y[split.train], epochs=30, learning_rate=0.3, rng=rng):
        if epoch.number in (1, 2, 3, 5, 10, 20, 30):
            print(f"epoch {epoch.number:2}  loss {epoch.loss:.4f}  {'*' * round(30 * epoch.loss)}")
    held = split.held_out
    predicted = derivation.output(parameters, X[held]).argmax(axis=1)
    print(f"Of {len(held)} digits that it has never seen, {(predicted == y[held]).mean():.1%} are read correctly.")
    for row in held[predicted != y[held]][:1]:
        print(f"One that is not: a {y[row]}, read as {predicted[held == row][0]}\n{picture(X[row])}")


if __name__ == "__main__":
    main()
