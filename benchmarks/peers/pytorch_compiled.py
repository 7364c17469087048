"""PyTorch with the whole step (gather, forward, loss, gradient, update) compiled by torch.compile into one graph."""

from itertools import chain

import torch

from benchmarks.peers.job import Array, Epoch, Job, Read, fastest_threads, main

Tensors = list[torch.Tensor]


def loss_of(parameters: Tensors, X: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss of a batch."""
    *hidden, (W, b) = zip(parameters[::2], parameters[1::2], strict=True)
    for weights, bias in hidden:
        X = torch.relu(torch.nn.functional.linear(X, weights, bias))
    return torch.nn.functional.cross_entropy(torch.nn.functional.linear(X, W, b), labels)


def prepare(job: Job, rule: str) -> tuple[Epoch, Read]:
    """Parameters, and a compiled step that changes them in place."""
    X, labels = torch.from_numpy(job.X), torch.from_numpy(job.labels)
    alpha, gradient = job.learning_rates[rule], torch.func.grad(loss_of)

    def descend(parameters: Tensors, states: list[Tensors], t: torch.Tensor, rows: torch.Tensor) -> None:  # noqa: ARG001
        for theta, g in zip(parameters, gradient(parameters, X[rows], labels[rows]), strict=True):
            theta.sub_(alpha * g)

    def adam(parameters: Tensors, states: list[Tensors], t: torch.Tensor, rows: torch.Tensor) -> None:
        for theta, v, s, g in zip(parameters, *states, gradient(parameters, X[rows], labels[rows]), strict=True):
            v.lerp_(g, 0.1)
            s.mul_(0.999).addcmul_(g, g, value=0.001)
            theta.sub_(alpha * (v / (1 - 0.9**t)) / ((s / (1 - 0.999**t)).sqrt() + 1e-8))

    step = torch.compile(adam if rule == "adam" else descend, fullgraph=True, dynamic=False)

    def made() -> tuple[Epoch, Read]:
        parameters = [torch.tensor(array) for array in chain(*zip(job.W, job.b, strict=True))]
        states = [[torch.zeros_like(theta) for theta in parameters] for _ in range(2)]
        t = torch.zeros((), dtype=torch.float64)

        def epoch(order: Array) -> None:
            with torch.no_grad():
                for rows in torch.from_numpy(order):
                    t.add_(1)
                    step(parameters, states, t, rows)

        return epoch, lambda: ([W.numpy() for W in parameters[::2]], [b.numpy() for b in parameters[1::2]])

    trial, _ = made()
    fastest_threads(job, lambda: trial(job.orders[0][:4]), torch.set_num_threads)
    return made()


if __name__ == "__main__":
    main(prepare)
