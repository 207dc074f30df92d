"""The notifications service in memory."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime.runtime import Runtime, active
from tests.support.runtime import memory_runtime
from tests.support.texts import MemoryTexts
from tests.unit.notifications.mall import Owner


@pytest.fixture
def texts() -> MemoryTexts:
    """The provider of text messages."""
    return MemoryTexts()


@pytest.fixture
def owner() -> Owner:
    """The customers service, which knows Ada."""
    return Owner()


@pytest.fixture(autouse=True)
def runtime(texts: MemoryTexts, owner: Owner) -> Iterator[Runtime]:
    with active(memory_runtime("notifications", invoke=owner, adapters={"texts": texts})) as running:
        yield running
