"""What the two estimators' docstrings have in common, and the keeping of their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)

SHARED = """
hidden_layer_sizes : int or sequence of int, default=(100,)
    The widths of the hidden layers; () for none.
activation : str, Activation or list, default="relu"
    Of the hidden layers: "identity", "logistic", "tanh", "relu", or any activation of the catalogue, as "gelu" or
    "leaky_relu(0.1)"; a list has one for each hidden layer, and may have one more, which is the output's.
solver : {"lbfgs", "sgd", "adam"}, default="adam"
    The method. "adam" is Kingma and Ba's with ε before the bias correction (their section 2), "sgd" has the learning rate
    inside the velocity (Sutskever et al., 2013), "lbfgs" takes all examples at once.
alpha : float, default=0.0001
    The L2 penalty of a mini-batch is alpha/2 ΣW² over the batch's weight (its number of examples without weights).
batch_size : int, default="auto"
    Examples to a mini-batch; "auto" is min(200, n_samples).
learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
    How the learning rate of sgd changes. "constant": it does not. "invscaling": after each epoch it is learning_rate_init /
    (t + 1)^power_t, where t counts the examples seen. "adaptive": it is divided by 5 each time that training would stop, until
    it is below 1e-6.
learning_rate_init : float, default=0.001
    The first learning rate.
power_t : float, default=0.5
    The power of "invscaling".
max_iter : int, default=200
    The most epochs, or iterations of lbfgs.
shuffle : bool, default=True
    Whether the examples come in another order in every epoch.
random_state : int, RandomState instance or None, default=None
    What first weights, held-out examples and orders are drawn with, as scikit-learn draws them.
tol : float, default=1e-4
    The least improvement over the best epoch that counts as one; for lbfgs the largest entry of the gradient at its end.
verbose : bool or int, default=False
    Shows a progress bar on a terminal, a line for each epoch elsewhere.
warm_start : bool or "optimizer", default=False
    True: fit goes on from the weights of the last one. "optimizer": and with the state of the optimiser as it was.
momentum : float, default=0.9
    What sgd's velocity keeps of itself.
nesterovs_momentum : bool, default=True
    Whether the velocity of sgd takes up the gradient before the step rather than after it (Nesterov, 1983).
early_stopping : bool, default=False
    Whether to stop by the score of held-out examples, and to keep the parameters of the best epoch. lbfgs stops so only with an
    eval_set.
validation_fraction : float, default=0.1
    The share of the examples that early_stopping holds out, where no eval_set is given.
beta_1, beta_2 : float, default=0.9, 0.999
    What adam's running means keep of the gradient and of its square.
epsilon : float, default=1e-8
    What adam adds to the root of the mean squared gradient, by which it divides.
n_iter_no_change : int, default=10
    How many epochs in a row may pass without an improvement by tol.
max_fun : int, default=15000
    The most evaluations of the loss by lbfgs.
"""
MORE = """
dropout : float or list of float, default=0.0
    The share of each hidden layer's units that a step leaves out; a list has one for each layer.
coefs_init, intercepts_init : list of array, default=None
    First weights of the shapes (n_l-1, n_l), and biases, in place of drawn ones.
scoring : str or callable, default=None
    What validation examples are scored by: a name or callable of scikit-learn's, "loss" for minus the loss, or None for the
    accuracy or R². Weights of the examples count where it takes sample_weight; DataFrames' column names are not passed on. It
    matters where there are validation examples: with early_stopping or an eval_set.
callbacks : callable or list of them, default=None
    Called after each epoch with its `EpochState` (epoch, loss, score, parameters, …); one that returns True ends the run.
    One that raises ends it too, and what was reached until then is kept.
checkpoint : path, default=None
    A folder to which fit writes the run after every `checkpoint_every` epochs; one folder for one fit, so that a search over
    folds goes without.
checkpoint_every : int, default=1
    See checkpoint.
resume : bool, default=False
    Go on from the last checkpoint, to the bits of a run that was never interrupted; for this random_state is an int.
n_threads : int, default=None
    How many threads take a step; None for as many as are worth it, and one in a worker process.
"""
ATTRIBUTES = """
coefs_, intercepts_ : list of array
    Weights of the shapes (n_l-1, n_l), and biases; with early_stopping those of the best epoch of the last fit, or its last
    ones where none was better than those of a fit before. They may be assigned to.
loss_, loss_curve_, best_loss_ : float, list of float, float or None
    The last loss, the mean loss of each epoch, and the least (None with early_stopping). With lbfgs, as in scikit-learn, there
    is only the first; `score_history_["loss"]` has its curve.
validation_scores_, best_validation_score_ : list of float or None, float or None
    The score of each epoch, and the best, where there are validation examples.
n_iter_, t_, n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_
    As in scikit-learn: epochs, examples seen, layers with the inputs, outputs, the output's activation, what X has.
best_iteration_ : int or None
    The epoch with the best score, counted from 1 over `score_history_`.
stopped_ : str
    Why the run ended: "finished", "early stopping", "callback", "interrupted", "converged", "diverged" or "error".
score_history_ : dict of lists
    By epoch: "loss", "learning_rate", "seconds", and "validation_score" where there is one.
network_ : Network
    The network and its loss, without the penalty.
derivation_ : Derivation
    Its equations: `print(estimator.derivation_)`.
"""
TEXTS = {"{shared}": SHARED, "{more}": MORE, "{attributes}": ATTRIBUTES}


def documented(cls: Class) -> Class:
    """Put the common parameters and attributes into a class's docstring."""
    if cls.__doc__:  # python -OO has none
        for mark, text in TEXTS.items():
            cls.__doc__ = cls.__doc__.replace(mark, text.strip().replace("\n", "\n    "))
    return cls


def keep_parameters(estimator: Any, given: Mapping[str, Any]) -> None:
    """Keep what a constructor was given, each parameter under its name and as it is."""
    for name, value in given.items():
        if name != "self" and not name.startswith("__"):
            setattr(estimator, name, value)
