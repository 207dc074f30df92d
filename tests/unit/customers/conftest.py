"""The customers service in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime.runtime import Runtime, active
from tests.support.runtime import RecordingBus, memory_runtime


@pytest.fixture
def bus() -> RecordingBus:
    """The bus, which records the messages that are published without a commit."""
    return RecordingBus()


@pytest.fixture(autouse=True)
def runtime(bus: RecordingBus) -> Iterator[Runtime]:
    with active(memory_runtime("customers", bus=bus)) as running:
        yield running
