"""The service live, with its rows and connections in memory, and a clock that stands still until a test moves it."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.live import MemoryConnections
from tests.support.runtime import memory_runtime
from tests.unit.live.desk import Desk, Time


@pytest.fixture
def connections() -> MemoryConnections:
    return MemoryConnections()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(autouse=True)
def runtime(connections: MemoryConnections, time: Time) -> Iterator[Runtime]:
    with (
        clock.fixed(lambda: time.now),
        active(memory_runtime("live", adapters={"connections": connections})) as running,
    ):
        yield running


@pytest.fixture
def desk(connections: MemoryConnections) -> Desk:
    """A clerk's desk with an open connection."""
    return Desk(connections)
