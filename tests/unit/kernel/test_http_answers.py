"""What every answer carries: its flow, and the version of what was read."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.kernel.runtime import ids
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.jar_api import ask
from tests.support.runtime import memory_runtime

SAME = "0b4f6f0e-6d3c-4c3b-9c3e-0f6b8f1e2a3d"


@pytest.fixture(autouse=True)
def running() -> Iterator[Runtime]:
    with active(memory_runtime("jars")) as runtime:
        yield runtime


def new_jar(coins: int = 3) -> str:
    return str(ask("POST", "/api/jars", {"coins": coins}).body["id"])


@pytest.mark.parametrize(("path", "status"), [("/api/jars/largest", 200), ("/api/nothing", 404), ("/api/jars/%", 400)])
def test_every_answer_carries_the_correlation_id_of_the_request(path: str, status: int) -> None:
    answer = ask("GET", path, headers={"X-Correlation-Id": SAME})
    assert (answer.status, answer.headers["X-Correlation-Id"]) == (status, SAME)


@pytest.mark.parametrize("headers", [{}, {"x-correlation-id": "mine"}, {"x-correlation-id": ""}])
def test_a_request_without_a_proper_correlation_id_gets_a_new_one(headers: dict[str, str]) -> None:
    first, second = (ask("GET", "/api/jars/largest", headers=headers).headers["X-Correlation-Id"] for _ in range(2))
    assert ids.is_uuid(first)
    assert ids.is_uuid(second)
    assert first != second


def sent_metadata(running: Runtime, headers: dict[str, str]) -> dict[str, Any]:
    jar = ask("POST", "/api/jars", {"coins": 1}, headers).body["id"]
    commit = running.store.read(f"Jar#{jar}", 1)
    assert commit
    metadata: dict[str, Any] = commit.messages[0].detail["metadata"]
    return metadata


def test_what_comes_of_a_request_is_of_its_flow_and_has_no_cause_before_it(running: Runtime) -> None:
    metadata = sent_metadata(running, {"x-correlation-id": SAME})
    assert (metadata["correlation_id"], metadata["causation_id"], metadata["actor"]) == (SAME, None, "staff:clerk-1")


def test_a_trace_is_continued(running: Runtime) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    traceparent = sent_metadata(running, {"traceparent": parent})["traceparent"]
    assert traceparent.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert traceparent != parent


@pytest.mark.parametrize(
    "parent",
    [
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    ],
)
def test_a_malformed_trace_is_begun_anew(running: Runtime, parent: str) -> None:
    trace = sent_metadata(running, {"traceparent": parent})["traceparent"].split("-")[1]
    assert trace not in parent.lower()


def test_a_read_of_a_jar_has_its_version_as_etag_and_a_list_has_none() -> None:
    jar = new_jar()
    ask("PUT", f"/api/jars/{jar}/coins", {"coins": 1})
    assert ask("GET", f"/api/jars/{jar}").headers["ETag"] == '"2"'
    assert "ETag" not in ask("GET", "/api/jars").headers


@pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_what_the_client_has_already_is_not_sent_again(known: str) -> None:
    answer = ask("GET", f"/api/jars/{new_jar()}", headers={"If-None-Match": known})
    assert (answer.status, answer.text, answer.headers["ETag"]) == (304, "", '"1"')
    assert ids.is_uuid(answer.headers["X-Correlation-Id"])


def test_a_write_is_answered_whatever_the_client_has() -> None:
    jar = new_jar()
    answer = ask("PUT", f"/api/jars/{jar}/coins", {"coins": 1}, {"If-None-Match": "*"})
    assert (answer.status, answer.text) == (200, "{}")


@pytest.mark.parametrize("known", ['"2"', '"11"', "1", "", "nonsense"])
def test_what_the_client_has_not_is_sent(known: str) -> None:
    assert ask("GET", f"/api/jars/{new_jar()}", headers={"If-None-Match": known}).status == 200
