"""The customers service in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.runtime import RecordingBus, memory_runtime
from tests.unit.customers.kiosk import Watch


@pytest.fixture
def bus() -> RecordingBus:
    """The bus, which records the messages that are published without a commit."""
    return RecordingBus()


@pytest.fixture(autouse=True)
def runtime(bus: RecordingBus) -> Iterator[Runtime]:
    with active(memory_runtime("customers", bus=bus)) as running:
        yield running


@pytest.fixture(autouse=True)
def watch() -> Iterator[Watch]:
    """The time, which a test moves."""
    moved = Watch()
    with clock.fixed(lambda: moved.now):
        yield moved
