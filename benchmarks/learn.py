"""A peer that learns real data: python -m benchmarks.learn PEER FOLDER EPOCHS; a line with the test accuracy after every epoch.

FOLDER holds a job as in peers/job.py, and the test set as X_test.npy and labels_test.npy. Every peer is evaluated in the same way,
by NumPy in the precision of the job, from the parameters that it returns.
"""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.peers.job import Array, read_job


def predicted(X: Array, W: list[Array], b: list[Array]) -> Array:
    """The classes of the rows of X."""
    for weights, bias in zip(W[:-1], b[:-1], strict=True):
        X = np.maximum(X @ weights.T + bias, 0)
    return np.asarray((X @ W[-1].T + b[-1]).argmax(axis=1))


def main() -> None:
    """Train, and print a line after every epoch."""
    peer, folder, epochs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    job = read_job(folder)
    X, labels = np.load(folder / "X_test.npy"), np.load(folder / "labels_test.npy")
    rng, steps = np.random.default_rng(0), len(job.X) // job.batch
    orders = [rng.permutation(len(job.X))[: steps * job.batch].reshape(steps, job.batch) for _ in range(epochs)]
    job = replace(job, orders=np.stack(orders))
    epoch, read = importlib.import_module(f"benchmarks.peers.{peer}").prepare(job, job.rules[0])
    for number, order in enumerate(job.orders, 1):
        epoch(order)
        print(f"epoch {number}  accuracy {np.mean(predicted(X, *read()) == labels):.4f}", flush=True)


if __name__ == "__main__":
    main()
