"""The update rules. To add one, add a record."""

from handgrad.catalogue.records import Optimiser

OPTIMISERS: dict[str, Optimiser] = {
    record.name: record
    for record in (
        Optimiser(
            "gradient_descent",
            "theta - alpha * dtheta",
            "Cauchy (1847)",
            hyperparameters={"alpha": 0.1},
        ),
    )
}
