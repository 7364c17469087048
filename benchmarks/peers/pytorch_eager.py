"""PyTorch, step by step, with its fused optimisers."""

import torch

from benchmarks.peers.job import Array, Epoch, Job, Read, fastest_threads, main


def modules(job: Job) -> torch.nn.Sequential:
    """The network with the job's first parameters."""
    layers: list[torch.nn.Module] = []
    for W, b in zip(job.W, job.b, strict=True):
        linear = torch.nn.Linear(W.shape[1], W.shape[0], dtype=getattr(torch, job.dtype))
        linear.weight.data, linear.bias.data = torch.tensor(W), torch.tensor(b)
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def read_modules(network: torch.nn.Sequential) -> tuple[list[Array], list[Array]]:
    """Weights and biases as arrays."""
    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    return [layer.weight.detach().numpy() for layer in linear], [layer.bias.detach().numpy() for layer in linear]


def prepare(job: Job, rule: str) -> tuple[Epoch, Read]:
    """Modules, and a loop over the batches."""
    X, labels = torch.from_numpy(job.X), torch.from_numpy(job.labels)

    def made() -> tuple[Epoch, Read]:
        network = modules(job)
        kind = torch.optim.Adam if rule == "adam" else torch.optim.SGD
        optimiser = kind(network.parameters(), lr=job.learning_rates[rule], fused=True)

        def epoch(order: Array) -> None:
            for rows in torch.from_numpy(order):
                loss = torch.nn.functional.cross_entropy(network(X[rows]), labels[rows])
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()

        return epoch, lambda: read_modules(network)

    trial, _ = made()
    fastest_threads(job, lambda: trial(job.orders[0][:4]), torch.set_num_threads)
    return made()


if __name__ == "__main__":
    main(prepare)
