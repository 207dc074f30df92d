"""What the kernel is tried with: jars in memory, and DynamoDB in this process."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import Runtime
from tests.support import aws
from tests.support.runtime import memory_runtime


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A client of a DynamoDB that begins empty for each file of tests."""
    with aws.local_aws():
        yield aws.client("dynamodb")


@pytest.fixture
def running() -> Iterator[Runtime]:
    """The runtime of the jars, active."""
    with runtime.active(memory_runtime("jars")) as running:
        yield running
