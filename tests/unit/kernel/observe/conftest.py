"""Log lines and metrics of a service that is deployed, read from standard output as CloudWatch would."""

from collections.abc import Iterator

import pytest

from functions.kernel.runtime.runtime import active
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def jars(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    monkeypatch.setenv("MALLBOTS_STAGE", "attic")
    with active(memory_runtime("jars")):
        yield
