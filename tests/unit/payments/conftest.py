"""The payments service in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from tests.support.contention import ContendedStore
from tests.unit.payments.nightly import Watch
from tests.unit.payments.till import Till


@pytest.fixture
def store() -> ContendedStore:
    """The store of the service, before whose commits something else may happen."""
    return ContendedStore()


@pytest.fixture
def till(store: ContendedStore) -> Iterator[Till]:
    """The service, active and empty."""
    made = Till(store)
    with active(made.runtime):
        yield made


@pytest.fixture
def watch() -> Iterator[Watch]:
    """The clock of the service, which a test may set."""
    made = Watch()
    with clock.fixed(lambda: made.now):
        yield made
