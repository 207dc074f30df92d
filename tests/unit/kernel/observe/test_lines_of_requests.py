"""The lines of requests, and what no line may hold: names, numbers, and what could not be read."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from functions.kernel.domain.errors import RefusedError
from functions.kernel.eventstore import codec
from functions.kernel.eventstore.codec import UnreadableError
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.rest import http
from functions.kernel.rest.caller import OPEN
from functions.kernel.rest.http import Api
from functions.kernel.runtime import observe
from tests.support.delivery import attributes
from tests.support.jar_api import ask
from tests.unit.kernel.observe.captured import dimensions, lines, metrics, raised


def validation_error() -> Exception:
    try:
        TypeAdapter(int).validate_python("Mia Wallace")
    except ValueError as error:
        return error
    raise AssertionError


def sns_error() -> ClientError:
    return ClientError({"Error": {"Code": "InvalidParameter", "Message": "no number: +49 170 1234567"}}, "Publish")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (validation_error(), "ValidationError"),
        (ValueError("Mia Wallace +49 170 1234567"), "ValueError"),
        (sns_error(), "InvalidParameter in Publish"),
        (RuntimeError("this function has no BUS"), "this function has no BUS"),
    ],
)
def test_nobodys_name_or_number_is_logged(capsys: pytest.CaptureFixture[str], error: Exception, reason: str) -> None:
    observe.failed("JarFilled", raised(RefusedError("the jar is sealed"), error), 1)
    observe.failed("JarFilled", error, 1)
    printed = capsys.readouterr().out
    assert json.loads(printed.splitlines()[1])["reason"] == reason
    assert "Mia" not in printed
    assert "1234567" not in printed


def test_a_request_has_a_line_with_its_route_status_flow_and_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "time", SimpleNamespace(perf_counter=iter([5.0, 5.1234]).__next__))
    flow = "0b4f6f0e-6d3c-4c3b-9c3e-0f6b8f1e2a3d"
    answer = ask("GET", "/api/jars/j", headers={"x-correlation-id": flow})
    assert answer.status == 404
    (line,) = lines(capsys)
    assert (line["route"], line["status"], line["correlation_id"]) == ("GET /api/jars/{jarId}", 404, flow)
    assert line["ms"] == 123
    assert "_aws" not in line


@pytest.mark.parametrize(("status", "counted"), [(200, False), (404, False), (429, False), (503, False), (500, True)])
def test_a_request_counts_as_an_error_where_the_error_is_ours(
    capsys: pytest.CaptureFixture[str], status: int, counted: bool
) -> None:
    """503 is what the service needs and does not get; the alarm on the gateway's 5xx rings for it."""
    observe.request_done("GET /api/jars", status, 0.1, "c-1")
    (line,) = lines(capsys)
    assert ("_aws" in line, line["status"]) == (counted, status)


def test_what_no_route_matches_is_one_route_in_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    ask("GET", "/api/one")
    ask("GET", "/api/two")
    assert [line["route"] for line in lines(capsys)] == ["none", "none"]


def test_a_request_that_breaks_is_logged_without_its_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = Api("jars")

    @broken.post("/api/broken", may=OPEN)
    def fail() -> None:
        raise ValueError("Mia Wallace")

    answer = ask("POST", "/api/broken", {"name": "Mia Wallace"}, api=broken)
    assert answer.status == 500
    printed = capsys.readouterr().out
    log, metric = map(json.loads, printed.splitlines())
    assert log["correlation_id"] == answer.headers["X-Correlation-Id"]
    assert any(line.endswith(" fail") for line in log["stack"])
    assert metrics(metric) == {"Errors": ("Count", [1.0])}
    assert (dimensions(metric), metric["route"]) == ({"service": "jars"}, "POST /api/broken")
    assert "Mia" not in printed


@dataclass(frozen=True)
class Note:
    author: str


def test_what_could_not_be_read_is_not_quoted_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnreadableError, match="author") as stored:
        codec.from_data(Note, {"author": ["Mia Wallace"]})
    observe.failed("JarFilled", stored.value, 1)
    inbox = Inbox("jars")
    body = json.dumps({"detail": {"metadata": {"name": "JarFilled"}, "data": {"name": "Mia Wallace"}}})
    inbox.handle(
        {
            "Records": [
                {
                    "messageId": "s-1",
                    "receiptHandle": "r-1",
                    "body": body,
                    "attributes": attributes(),
                }
            ]
        }
    )
    printed = capsys.readouterr().out
    assert "author" in printed
    assert "Mia" not in printed
