"""The operations service, with its rows in memory or in a DynamoDB of this process."""

from collections.abc import Iterator

import pytest

from functions.kernel.composition.manifest import manifest
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.aws import local_views
from tests.support.runtime import memory_runtime

SETTINGS = {"MALLBOTS_LETTERS_KEPT_DAYS": "90"}


@pytest.fixture(autouse=True)
def runtime() -> Iterator[Runtime]:
    views = MemoryViews(manifest("operations").indexes)
    with active(memory_runtime("operations", views=views, settings=SETTINGS)) as running:
        yield running


@pytest.fixture
def in_dynamodb() -> Iterator[Runtime]:
    """Within the test, rows are in DynamoDB."""
    with (
        local_views(manifest("operations").indexes) as views,
        active(memory_runtime("operations", views=views, settings=SETTINGS)) as running,
    ):
        yield running
