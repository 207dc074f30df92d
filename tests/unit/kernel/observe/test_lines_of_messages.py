"""Log lines and metrics of what is done with messages, read from standard output as CloudWatch would."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from events.envelope import Metadata
from functions.kernel.domain.errors import NotFoundError, RefusedError, UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.item import messages_of
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import observe
from functions.kernel.runtime.context import Context, within
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.side_by_side import in_threads
from tests.support.delivery import delivered
from tests.support.handling import Handled, filled
from tests.support.jar_api import api, ask
from tests.support.jars import jars as jars_of
from tests.support.runtime import memory_runtime
from tests.unit.kernel.observe.captured import dimensions, lines, metrics, raised

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


def test_a_batch_has_one_line_that_names_every_message_with_its_stream_version_flow_and_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = METADATA.model_copy(update={"name": "JarSealed", "id": "m-2", "stream_version": 7, "causation_id": "m-1"})
    observe.batch([observe.received(METADATA), observe.received(other)], 0.5)
    (line,) = lines(capsys)
    assert line == {"handled": ["JarFilled Jar#j 1 c-1 m-1", "JarSealed Jar#j 7 c-1 m-2"], "ms": 500}


def test_a_batch_of_which_nothing_was_handled_has_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    observe.batch([], 0.5)
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
    assert "captured.py" in log["stack"][0]


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
    assert dimensions(metric) == {"service": "jars"}
    handled = [one.split() for one in batch["handled"]]
    assert [(stream, flow) for _, stream, _, flow, _ in handled] == [("jars#a", "flow-1"), ("jars#c", "flow-1")]


def test_a_batch_of_the_relay_has_one_line_that_names_the_causes_too(capsys: pytest.CaptureFixture[str]) -> None:
    store = MemoryEventStore()
    with active(memory_runtime("jars", store=store)):
        for jar, cause in (("a", None), ("b", "m-0")):
            with within(Context(correlation_id="c-1", causation_id=cause)):
                jars_of.create(jar, lambda jar: jar.fill(5))
        records = [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": i}} for i in store.log]
        assert relay.handle({"Records": records}) == {"batchItemFailures": []}
    (line,) = lines(capsys)
    ids = [message.id for item in store.log for message in messages_of(item)]
    assert line["handled"] == [f"JarFilled Jar#a 1 c-1 {ids[0]}", f"JarFilled Jar#b 1 c-1 {ids[1]} m-0"]


def test_an_alarm_may_watch_whatever_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    observe.count("SagaKeepsRetrying", "InitiateShopping")
    (line,) = lines(capsys)
    assert metrics(line) == {"SagaKeepsRetrying": ("Count", [1.0])}
    assert (dimensions(line), line["message"]) == ({"service": "jars"}, "InitiateShopping")


def test_outside_a_deployment_all_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("MALLBOTS_SERVICE")
    with observe.handling(METADATA):
        observe.logger().error("nothing")
        observe.failed("JarFilled", raised(KeyError("x")), 1)
    observe.batch([observe.received(METADATA)], 1)
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
    assert [(len(line.get("handled", [])), line.get("status")) for line in map(json.loads, printed)] == [
        (1, None),
        (0, 200),
    ]
    assert imported == "[]"


def test_a_line_names_flow_cause_message_stream_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    with observe.handling(METADATA.model_copy(update={"causation_id": "m-0"})):
        observe.logger().info("inside")
    [line] = lines(capsys)
    named = ("correlation_id", "causation_id", "message_id", "message_name", "stream", "stream_version")
    assert [line[name] for name in named] == ["c-1", "m-0", "m-1", "JarFilled", "Jar#j", "1"]


@pytest.mark.parametrize(("sampled", "says"), [("", False), ("0", True), ("0b", True), ("1", False)])
def test_the_details_of_a_flow_are_logged_where_its_id_begins_as_the_stage_samples(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sampled: str, says: bool
) -> None:
    monkeypatch.setenv("MALLBOTS_DEBUG", sampled)
    flow = "0b4f6f0e-6d3c-4c3b-9c3e-0f6b8f1e2a3d"
    with observe.handling(METADATA.model_copy(update={"correlation_id": flow})):
        observe.detail("handled")
    details = [line for line in lines(capsys) if "debug" in line]
    assert bool(details) is says
    assert {line["correlation_id"] for line in details} == ({flow} if says else set())
