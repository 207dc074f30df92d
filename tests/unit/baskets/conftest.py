"""The baskets service in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime.runtime import Runtime, active
from tests.support.runtime import memory_runtime
from tests.unit.baskets.mall import Owners


@pytest.fixture
def owners() -> Owners:
    """Owners without any customer or product."""
    return Owners()


@pytest.fixture(autouse=True)
def runtime(owners: Owners) -> Iterator[Runtime]:
    with active(memory_runtime("baskets", invoke=owners)) as running:
        yield running
