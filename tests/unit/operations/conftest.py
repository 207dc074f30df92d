"""The operations service, with its rows in memory or in a DynamoDB of this process."""

from collections.abc import Iterator

import pytest

from functions.kernel.composition.manifest import manifest
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.aws import local_views
from tests.support.letters import MemoryFailureQueues, MemoryTopic, known_consumers, operator
from tests.support.runtime import memory_runtime
from tests.unit.operations import redriving
from tests.unit.operations.collecting import Time
from tests.unit.operations.pausing import Operations
from tests.unit.operations.rung import Rung


@pytest.fixture(autouse=True)
def runtime() -> Iterator[Runtime]:
    with active(memory_runtime("operations")) as running:
        running.adapters["topic"] = MemoryTopic()
        yield running


@pytest.fixture
def in_dynamodb() -> Iterator[Runtime]:
    """Within the test, rows are in DynamoDB."""
    with (
        local_views(manifest("operations").indexes) as views,
        active(memory_runtime("operations", views=views)) as running,
    ):
        running.adapters["topic"] = MemoryTopic()
        yield running


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[redriving.Place]:
    with redriving.known_consumers(monkeypatch):
        yield redriving.Place()


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rung:
    monkeypatch.setenv("MALLBOTS_SERVICE", "operations")
    monkeypatch.setenv("MALLBOTS_STAGE", "prod")
    return Rung(capsys)


@pytest.fixture
def time() -> Iterator[Time]:
    time = Time()
    with clock.fixed(time, lambda seconds: time.after(seconds=seconds)):
        yield time


@pytest.fixture
def queues(runtime: Runtime, time: Time, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryFailureQueues]:
    queues = MemoryFailureQueues()
    runtime.adapters["failure_queues"] = queues
    with known_consumers(monkeypatch):
        yield queues


@pytest.fixture
def operations(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operations]:
    made = Operations()
    runtime.adapters |= {"mappings": made.mappings, "backlog": made.backlogs, "uncollected": made.backlogs}
    runtime.adapters |= {"topic": made, "starts": made, "outcomes": made}
    with known_consumers(monkeypatch), clock.fixed(lambda: made.now, lambda seconds: None), operator():
        yield made
