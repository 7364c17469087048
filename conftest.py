"""What every test and doctest of the repository gets."""

from collections.abc import Iterator

import pytest

from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES


@pytest.fixture(autouse=True)
def _catalogue_as_shipped() -> Iterator[None]:
    """Take out again whatever a test adds to the catalogue."""
    activations, losses = dict(ACTIVATIONS), dict(LOSSES)
    yield
    for records, shipped in ((ACTIVATIONS, activations), (LOSSES, losses)):
        records.clear()
        records.update(shipped)  # type: ignore[arg-type]  # each with its own kind of record
