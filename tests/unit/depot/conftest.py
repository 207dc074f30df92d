"""The depot in memory."""

from collections.abc import Iterator

import pytest

from tests.support.contention import ContendedStore
from tests.unit.depot.floor import Floor


@pytest.fixture
def store() -> ContendedStore:
    """A store in which another change may come in between."""
    return ContendedStore()


@pytest.fixture
def floor(store: ContendedStore) -> Iterator[Floor]:
    """The service, active and empty."""
    with Floor(store).open() as made:
        yield made
