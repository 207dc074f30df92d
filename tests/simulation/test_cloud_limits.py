"""The simulated cloud has the limits that infra deploys; they are read from its source, which is slow to import."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.simulation import deployment, event_source, streams
from tests.simulation.scheduler import SECOND

INFRA = Path(__file__).parents[2] / "infra"


def constant(file: str, name: str) -> Any:
    """The value of a constant of a module."""
    for statement in ast.parse((INFRA / file).read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return ast.literal_eval(statement.value)
    raise LookupError(f"{file} has no {name}")


def arguments(file: str, call: str) -> dict[str, str]:
    """The keyword arguments of the first call of a name, as they are written."""
    for node in ast.walk(ast.parse((INFRA / file).read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(call):
            return {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg}
    raise LookupError(f"{file} does not call {call}")


@pytest.mark.parametrize(
    ("simulated", "file", "name"),
    [
        (deployment.API_TIMEOUT, "service.py", "API_TIMEOUT"),
        (deployment.QUERIES_TIMEOUT, "service.py", "QUERIES_TIMEOUT"),
        (deployment.WORKER_TIMEOUT, "queues.py", "FUNCTION_TIMEOUT"),
        (deployment.MAX_RECEIVES, "queues.py", "RECEIVES_BEFORE_REDRIVE"),
        (streams.RETRIES, "service.py", "STREAM_RETRIES"),
        (streams.OLDEST / (3_600 * SECOND), "service.py", "STREAM_HOURS"),
    ],
)
def test_a_limit_is_the_one_that_is_deployed(simulated: float, file: str, name: str) -> None:
    assert simulated == constant(file, name)


def test_the_visibility_timeout_is_the_deployed_one() -> None:
    timeout = constant("queues.py", "FUNCTION_TIMEOUT")
    assert "visibility_timeout=Duration.seconds(6 * FUNCTION_TIMEOUT + window)" in (INFRA / "queues.py").read_text()
    assert 6 * timeout * SECOND == event_source.VISIBILITY


def test_streams_are_read_as_they_are_deployed() -> None:
    mapping = arguments("service.py", "EventSourceMapping")
    assert mapping["batch_size"] == str(streams.BATCH)
    assert mapping["bisect_batch_on_error"] == mapping["report_batch_item_failures"] == "True"
    assert mapping["max_record_age"] == "Duration.hours(STREAM_HOURS)"


def test_queues_are_read_in_batches_of_ten_and_that_of_robots_in_larger_ones() -> None:
    source = arguments("queues.py", "add_event_source_mapping")
    assert source["batch_size"] == "self._batch_size"
    assert source["report_batch_item_failures"] == "True"
    assert "batch_size: int = 10," in (INFRA / "queues.py").read_text()
    robots = constant("iot.py", "(BATCH, BATCH_SECONDS)")
    assert robots == (deployment.ROBOTS_BATCH, deployment.ROBOTS_WINDOW)
