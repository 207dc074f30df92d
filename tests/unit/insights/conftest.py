"""The insights service in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime import Runtime, active
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def runtime() -> Iterator[Runtime]:
    with active(memory_runtime("insights")) as running:
        yield running
