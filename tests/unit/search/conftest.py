"""The search service, with its rows in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime.runtime import Runtime, active
from tests.support.runtime import memory_runtime
from tests.unit.search.orders import Owner


@pytest.fixture
def owner() -> Owner:
    """The customers service, without any customer."""
    return Owner()


@pytest.fixture(autouse=True)
def runtime(owner: Owner) -> Iterator[Runtime]:
    with active(memory_runtime("search", invoke=owner)) as running:
        yield running
