"""scikit-learn's MLPClassifier: partial_fit on the rows in the order of the epoch, which it cuts into batches itself."""

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.peers.job import Array, Epoch, Job, Read, fastest_threads, main


def prepare(job: Job, rule: str) -> tuple[Epoch, Read]:
    """A classifier whose first parameters are the job's."""
    solver = {"solver": "adam"} if rule == "adam" else {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False}
    model = MLPClassifier(
        job.widths[1:-1], alpha=0.0, batch_size=job.batch, learning_rate_init=job.learning_rates[rule], shuffle=False, **solver
    )
    # for two classes it would have a single output; truth values by class give it two, and softmax is set below
    y, classes = (job.Y.astype(int), [0, 1]) if job.widths[-1] == 2 else (job.labels, list(range(job.widths[-1])))

    def epoch(order: Array) -> None:
        rows = order.ravel()
        model.partial_fit(job.X[rows], y[rows], classes=classes)

    def trial() -> None:
        epoch(job.orders[0][:4])

    trial()
    model.out_activation_ = "softmax"
    fastest_threads(job, trial, threadpool_limits)
    for layer, (W, b) in enumerate(zip(job.W, job.b, strict=True)):
        model.coefs_[layer][...] = W.T
        model.intercepts_[layer][...] = b
    del model._optimizer  # noqa: SLF001  # which is made anew, without what the trial left in it

    def read() -> tuple[list[Array], list[Array]]:
        return [np.asarray(W.T) for W in model.coefs_], list(model.intercepts_)

    return epoch, read


if __name__ == "__main__":
    main(prepare)
