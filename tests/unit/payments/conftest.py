"""The payments service in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from tests.unit.payments.nightly import Watch
from tests.unit.payments.till import Till


@pytest.fixture
def till() -> Iterator[Till]:
    """The service, active and empty."""
    made = Till()
    with active(made.runtime):
        yield made


@pytest.fixture
def watch() -> Iterator[Watch]:
    """The clock of the service, which a test may set."""
    made = Watch()
    with clock.fixed(lambda: made.now):
        yield made
