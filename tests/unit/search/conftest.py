"""The search service, with its rows in memory or in a DynamoDB of this process."""

from collections.abc import Iterator

import pytest

from functions.kernel.manifest import manifest
from functions.kernel.runtime import Runtime, active
from functions.kernel.view_store import DynamoViews
from tests.support.aws import client, local_aws, view_table
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def runtime() -> Iterator[Runtime]:
    with active(memory_runtime("search")) as running:
        yield running


@pytest.fixture
def in_dynamodb() -> Iterator[Runtime]:
    """Within the test, rows are in DynamoDB."""
    with local_aws():
        dynamodb = client("dynamodb")
        views = DynamoViews(dynamodb, view_table(dynamodb, manifest("search").indexes))
        with active(memory_runtime("search", views=views)) as running:
            yield running
