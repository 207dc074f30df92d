"""The ordering service in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime.runtime import Runtime, active
from tests.support.runtime import memory_runtime
from tests.unit.ordering.mall import Catalogue


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


@pytest.fixture(autouse=True)
def runtime(catalogue: Catalogue) -> Iterator[Runtime]:
    with active(memory_runtime("ordering", invoke=catalogue)) as running:
        yield running
