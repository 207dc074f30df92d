"""The stores service in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime.runtime import Runtime, active
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def runtime() -> Iterator[Runtime]:
    with active(memory_runtime("stores")) as running:
        yield running
