"""Small fitted estimators, and the data that they are fitted to."""

import numpy as np
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification, make_regression
from sklearn.preprocessing import StandardScaler

from handgrad import MLPClassifier

X3, y3 = load_iris(return_X_y=True)
X3 = StandardScaler().fit_transform(X3)
X2, y2 = make_classification(120, 5, random_state=0)
XR, YR = make_regression(80, 4, noise=1.0, random_state=0)
YR = YR / YR.std()
XL, YL = make_multilabel_classification(90, 6, n_classes=3, random_state=0)


def small(cls=MLPClassifier, **options):
    """An estimator that is fitted in a moment."""
    return cls(**{"hidden_layer_sizes": (6,), "max_iter": 12, "random_state": 0, **options})


def same(a, b):
    """Whether two estimators have the same weights and biases, bit for bit."""
    return all(np.array_equal(one, other) for one, other in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True))
