"""DynamoDB in this process, for the tests that want it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import aws


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A client of a DynamoDB that begins empty for each file of tests."""
    with aws.local_aws():
        yield aws.client("dynamodb")
