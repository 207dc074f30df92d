"""Log lines and metrics, read from standard output as CloudWatch would."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from events.envelope import Metadata
from functions.kernel.domain.errors import NotFoundError, RefusedError, UnavailableError
from functions.kernel.eventstore import codec, relay
from functions.kernel.eventstore.codec import UnreadableError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.rest.caller import OPEN
from functions.kernel.rest.http import Api
from functions.kernel.runtime import observe
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.side_by_side import in_threads
from tests.support.delivery import attributes, delivered
from tests.support.handling import Handled, filled
from tests.support.jar_api import api, ask
from tests.support.jars import jars as jars_of
from tests.support.runtime import memory_runtime

METADATA = Metadata(
    id="m-1",
    name="JarFilled",
    version=1,
    time="2030-01-31T12:00:00Z",
    source="mallbots.jars",
    stream="Jar#j",
    stream_version=1,
    correlation_id="c-1",
    causation_id=None,
    actor="anonymous",
    traceparent="",
)


@pytest.fixture(autouse=True)
def jars(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    monkeypatch.setenv("MALLBOTS_STAGE", "attic")
    with active(memory_runtime("jars")):
        yield


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def metrics(line: dict[str, Any]) -> dict[str, tuple[str, list[float]]]:
    """The metrics of a line: name → unit and values."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "MallBots/attic"
    return {metric["Name"]: (metric["Unit"], line[metric["Name"]]) for metric in directive["Metrics"]}


def dimensions(line: dict[str, Any]) -> dict[str, str]:
    (names,) = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    return {name: line[name] for name in names}


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_a_log_line_says_which_service_and_message_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    with observe.handling(METADATA):
        observe.logger().info("inside", extra={"jar_id": "j"})
    observe.logger().info("outside")
    inside, outside = lines(capsys)
    about = {name: inside[name] for name in ("service", "correlation_id", "message_id", "message_name", "jar_id")}
    assert about == {
        "service": "jars",
        "correlation_id": "c-1",
        "message_id": "m-1",
        "message_name": "JarFilled",
        "jar_id": "j",
    }
    assert (inside["level"], inside["message"]) == ("INFO", "inside")
    assert "correlation_id" not in outside


def test_log_lines_of_threads_say_each_which_message_they_are_about(capsys: pytest.CaptureFixture[str]) -> None:
    both_handle = threading.Barrier(2, timeout=10)

    def job(number: int) -> None:
        with observe.handling(METADATA.model_copy(update={"id": f"m-{number}"})):
            both_handle.wait()
            observe.logger().info(f"about {number}")
            both_handle.wait()

    assert in_threads([lambda: job(0), lambda: job(1)]) == [None, None]
    observe.logger().info("outside")
    said = {line["message"]: line.get("message_id") for line in lines(capsys)}
    assert said == {"about 0": "m-0", "about 1": "m-1", "outside": None}


def test_what_is_done_side_by_side_for_a_message_is_logged_as_about_it(capsys: pytest.CaptureFixture[str]) -> None:
    with observe.handling(METADATA):
        in_threads([lambda: observe.logger().info("one"), lambda: observe.logger().info("two")])
    assert [(line["message_id"], line["message_name"]) for line in lines(capsys)] == [("m-1", "JarFilled")] * 2


@pytest.fixture
def threads_that_take_turns() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("threads_that_take_turns")
def test_threads_that_log_for_the_first_time_at_once_all_have_a_whole_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        monkeypatch.setenv("MALLBOTS_SERVICE", f"jars-{number}")
        assert in_threads([lambda: observe.logger().info("first")] * 10) == [None] * 10


def test_a_batch_has_one_line_that_names_every_message_with_its_stream_and_flow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handled = [observe.about("JarFilled", "Jar#j", "c-1", 0.25), observe.about("JarSealed", "Jar#k", "c-2")]
    observe.batch("inbox", handled, 0.5)
    (line,) = lines(capsys)
    assert line == {
        "service": "jars",
        "batch": "inbox",
        "handled": [
            {"message": "JarFilled", "stream": "Jar#j", "correlation_id": "c-1", "milliseconds": 250.0},
            {"message": "JarSealed", "stream": "Jar#k", "correlation_id": "c-2"},
        ],
        "milliseconds": 500.0,
    }


def test_a_batch_of_which_nothing_was_handled_has_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    observe.batch("inbox", [], 0.5)
    assert lines(capsys) == []


def test_a_failed_message_is_logged_with_reason_and_stack(capsys: pytest.CaptureFixture[str]) -> None:
    with observe.handling(METADATA):
        observe.failed("JarFilled", raised(RefusedError("the jar is sealed"), raised(KeyError("x"))), 3)
    (log,) = lines(capsys)
    assert (log["level"], log["reason"], log["error"], log["tries"]) == (
        "ERROR",
        "the jar is sealed",
        "RefusedError",
        3,
    )
    assert (log["correlation_id"], log["message_name"]) == ("c-1", "JarFilled")
    assert [line for line in log["stack"] if ".py:" not in line] == [
        "KeyError: KeyError",
        "RefusedError: the jar is sealed",
    ]
    assert "test_observe.py" in log["stack"][0]


@pytest.mark.parametrize(
    ("error", "hours", "metric"),
    [
        (KeyError("x"), 0.0, "Errors"),
        (UndeliverableError("refused for good"), 0.0, "Errors"),
        (UnavailableError("stores does not answer"), 0.2, None),
        (UnavailableError("stores does not answer"), 0.25, "StillFailing"),
        (NotFoundError("there is no jar yet"), 8.0, "StillFailing"),
    ],
)
def test_a_failure_is_counted_where_it_is_ours_or_where_it_lasts(
    capsys: pytest.CaptureFixture[str], error: Exception, hours: float, metric: str | None
) -> None:
    """No metric is for what may pass within the longest back-off, 15 minutes."""
    Handled(a=error).inbox.handle(delivered(filled("a"), tries=2, hours=hours))
    counted = [metrics(line) for line in lines(capsys) if "_aws" in line]
    assert counted == ([{metric: ("Count", [1.0])}] if metric else [])


def test_the_messages_of_a_batch_share_one_line_and_those_that_fail_have_their_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Handled(b=KeyError("x")).inbox.handle(delivered(filled("a"), filled("b"), filled("c")))
    error, metric, batch = lines(capsys)
    assert (error["level"], error["message"], error["tries"]) == ("ERROR", "JarFilled failed", 1)
    assert (metric["Errors"], metric["message"]) == ([1.0], "JarFilled")
    assert (dimensions(metric), batch["batch"]) == ({"service": "jars"}, "inbox")
    assert [(one["stream"], one["correlation_id"]) for one in batch["handled"]] == [
        ("jars#a", "flow-1"),
        ("jars#c", "flow-1"),
    ]


def test_a_batch_of_the_relay_has_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    store = MemoryEventStore()
    with active(memory_runtime("jars", store=store)):
        for jar in ("a", "b"):
            jars_of.create(jar, lambda jar: jar.fill(5))
        records = [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": i}} for i in store.log]
        assert relay.handle({"Records": records}) == {"batchItemFailures": []}
    (line,) = lines(capsys)
    assert (line["batch"], [(one["message"], one["stream"]) for one in line["handled"]]) == (
        "stream",
        [("JarFilled", "Jar#a"), ("JarFilled", "Jar#b")],
    )


def test_an_alarm_may_watch_whatever_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    observe.count("SagaKeepsRetrying", "InitiateShopping")
    (line,) = lines(capsys)
    assert metrics(line) == {"SagaKeepsRetrying": ("Count", [1.0])}
    assert (dimensions(line), line["message"]) == ({"service": "jars"}, "InitiateShopping")


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


def test_a_request_has_a_line_with_its_route_and_status(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask("GET", "/api/jars/j", headers={"x-correlation-id": "0b4f6f0e-6d3c-4c3b-9c3e-0f6b8f1e2a3d"})
    assert answer.status == 404
    (line,) = lines(capsys)
    assert (line["service"], line["route"], line["status"]) == ("jars", "GET /api/jars/{jarId}", 404)
    assert line["milliseconds"] >= 0
    assert "_aws" not in line


@pytest.mark.parametrize(("status", "counted"), [(200, False), (404, False), (429, False), (503, False), (500, True)])
def test_a_request_counts_as_an_error_where_the_error_is_ours(
    capsys: pytest.CaptureFixture[str], status: int, counted: bool
) -> None:
    """503 is what the service needs and does not get; the alarm on the gateway's 5xx rings for it."""
    observe.request_done("GET /api/jars", status, 0.1)
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


def test_outside_a_deployment_all_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("MALLBOTS_SERVICE")
    with observe.handling(METADATA):
        observe.logger().error("nothing")
        observe.failed("JarFilled", raised(KeyError("x")), 1)
    observe.batch("inbox", [observe.about("JarFilled", "Jar#j", "c-1")], 1)
    ask("GET", "/api/nothing", api=api)
    assert capsys.readouterr().out == ""


def test_a_service_is_imported_without_powertools() -> None:
    modules = "functions.kernel.rest.http, functions.kernel.messaging.inbox, functions.kernel.eventstore.relay"
    program = f"import sys, {modules}; print([name for name in sys.modules if name.startswith('aws_lambda')])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


ALL_GOES_WELL = """
import sys
from functions.kernel.runtime.runtime import active
from tests.support.delivery import delivered
from tests.support.handling import Handled, filled
from tests.support.jar_api import ask
from tests.support.runtime import memory_runtime

with active(memory_runtime("jars")):
    Handled().inbox.handle(delivered(filled("a")))
    ask("POST", "/api/jars", {"coins": 1})
print([name for name in sys.modules if name.startswith("aws_lambda")])
"""


def test_powertools_is_not_imported_for_what_goes_well() -> None:
    found = subprocess.run([sys.executable, "-c", ALL_GOES_WELL], capture_output=True, text=True, check=True)
    *printed, imported = found.stdout.splitlines()
    assert [(line.get("batch"), line.get("status")) for line in map(json.loads, printed)] == [
        ("inbox", None),
        (None, 200),
    ]
    assert imported == "[]"


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
