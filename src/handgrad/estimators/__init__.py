"""scikit-learn's estimators over the compiled engine; predictions are NumPy alone."""

from handgrad.errors import MissingExtraError

try:
    from handgrad.estimators.classifier import MLPClassifier as MLPClassifier
    from handgrad.estimators.regressor import MLPRegressor as MLPRegressor
    from handgrad.estimators.table_encoder import TableEncoder as TableEncoder
except ImportError as error:
    if (error.name or "").startswith("handgrad"):
        raise
    raise MissingExtraError(f"the estimators need {error.name}, which is not installed: pip install 'handgrad[train]'") from None
