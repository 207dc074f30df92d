"""The search service, with its rows in memory or in a DynamoDB of this process."""

from collections.abc import Iterator

import pytest

from functions.kernel.manifest import manifest
from functions.kernel.runtime import Runtime, active
from tests.support.aws import local_views
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def runtime() -> Iterator[Runtime]:
    with active(memory_runtime("search")) as running:
        yield running


@pytest.fixture
def in_dynamodb() -> Iterator[Runtime]:
    """Within the test, rows are in DynamoDB."""
    with local_views(manifest("search").indexes) as views, active(memory_runtime("search", views=views)) as running:
        yield running
