"""The insights service, with its rows in memory or in a DynamoDB of this process."""

from collections.abc import Iterator

import pytest

from functions.kernel.composition.manifest import manifest
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.aws import local_views
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def runtime() -> Iterator[Runtime]:
    with active(memory_runtime("insights")) as running:
        yield running


@pytest.fixture
def in_dynamodb() -> Iterator[Runtime]:
    """Within the test, rows are in DynamoDB."""
    with local_views(manifest("insights").indexes) as views, active(memory_runtime("insights", views=views)) as running:
        yield running
