"""A command is always answered: with its commit, by itself, or by a refusal; a fault is never a refusal."""

import json

import pytest

from events.envelope import Envelope
from functions.kernel.domain.errors import (
    ConcurrencyError,
    InvalidError,
    MallBotsError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from functions.kernel.messaging.inbox import Again, Inbox
from functions.kernel.runtime.runtime import Runtime
from tests.support.delivery import delivered
from tests.support.handling import (
    DONE,
    FILL,
    Asked,
    answers,
    bus_of,
    committed,
    fill,
    fill_up_to,
    inbox_with,
    names,
)
from tests.support.jars import FillJar, JarFillAccepted, JarFillRefused, jars
from tests.support.runtime import RecordingQueue


def test_an_accepted_command_is_answered_by_its_own_commit_and_by_nothing_else(running: Runtime) -> None:
    assert inbox_with(fill).handle(delivered(FILL)) == DONE
    assert names(committed(running)) == ["JarFilled", "JarFillAccepted"]
    assert bus_of(running).messages == []
    metadata = Envelope.read(committed(running)[1].detail).metadata
    assert (metadata.causation_id, metadata.correlation_id) == ("message-1", "flow-1")


def test_an_accepted_command_that_changes_nothing_is_answered_on_the_bus(running: Runtime) -> None:
    jars.create("jar-1", lambda jar: jar.fill(5))
    assert inbox_with(fill_up_to).handle(delivered(FILL)) == DONE
    assert bus_of(running).names == ["JarFillAccepted"]
    assert jars.get("jar-1").version == 1


def test_a_command_that_only_looks_is_answered_on_the_bus(running: Runtime) -> None:
    jars.create("jar-1", lambda jar: jar.fill(5))
    assert inbox_with(lambda command: jars.get(command.jar_id)).handle(delivered(FILL)) == DONE
    assert bus_of(running).names == ["JarFillAccepted"]


@pytest.mark.parametrize("coins", [5, -5])
def test_a_command_that_the_state_or_a_rule_forbids_is_refused_with_the_reason(running: Runtime, coins: int) -> None:
    jars.create("jar-1", lambda jar: jar.seal())
    assert inbox_with(fill).handle(delivered(FillJar(jar_id="jar-1", coins=coins))) == DONE
    [refusal] = bus_of(running).messages
    reason = "the jar is sealed" if coins > 0 else "nothing comes out of a jar"
    assert (refusal.name, refusal.detail["data"]) == ("JarFillRefused", {"jar_id": "jar-1", "reason": reason})
    assert refusal.detail["metadata"]["causation_id"] == "message-1"
    assert answers(committed(running)) == []
    assert jars.get("jar-1").version == 1


def test_a_command_whose_commit_would_be_too_large_is_refused_and_not_retried(running: Runtime) -> None:
    inbox = inbox_with(lambda command: jars.create(command.jar_id, lambda jar: jar.fill(1, note="x" * 350_000)))
    assert inbox.handle(delivered(FILL)) == DONE
    [refusal] = bus_of(running).messages
    assert refusal.name == "JarFillRefused"
    assert refusal.detail["data"]["reason"].startswith("a change to Jar#jar-1 takes 350,")
    assert committed(running) == []


def test_a_command_that_names_an_unknown_thing_is_refused(running: Runtime) -> None:
    inbox = inbox_with(lambda command: jars.change(command.jar_id, lambda jar: jar.fill(1)))
    assert inbox.handle(delivered(FILL)) == DONE
    assert [message.detail["data"]["reason"] for message in bus_of(running).messages] == ["there is no jar jar-1"]


def test_the_refusal_is_told_the_state_that_forbade_it(running: Runtime) -> None:
    states: list[str] = []

    def refused(command: FillJar, error: MallBotsError) -> JarFillRefused:
        assert isinstance(error, RefusedError)
        states.append(error.state)
        return JarFillRefused(jar_id=command.jar_id, reason=error.message)

    jars.create("jar-1", lambda jar: jar.seal())
    inbox = Inbox("jars")
    inbox.answers(FillJar, accepted=lambda c: JarFillAccepted(jar_id=c.jar_id), refused=refused)(fill)
    inbox.handle(delivered(FILL))
    assert states == ["sealed"]


def test_a_refused_command_is_judged_again_when_it_is_repeated(running: Runtime) -> None:
    inbox = inbox_with(lambda command: jars.change(command.jar_id, lambda jar: jar.fill(command.coins)))
    inbox.handle(delivered(FILL))
    jars.create("jar-1", lambda jar: jar.fill(1))
    inbox.handle(delivered(FILL))
    assert bus_of(running).names == ["JarFillRefused"]
    assert "JarFillAccepted" in names(committed(running))
    assert jars.get("jar-1").coins == 6


def test_all_answers_to_one_command_have_one_id(running: Runtime) -> None:
    inbox = inbox_with(lambda command: jars.change(command.jar_id, lambda jar: jar.fill(command.coins)))
    inbox.handle(delivered(FILL))
    jars.create("jar-1", lambda jar: jar.fill(1))
    inbox.handle(delivered(FILL))
    inbox.handle(delivered(FILL))
    inbox.handle(delivered(FILL, id="message-2"))
    first, again = bus_of(running).messages
    other = answers(committed(running))[1]
    assert first.id == answers(committed(running))[0].id == again.id
    assert other.id != first.id


@pytest.mark.parametrize(
    "error",
    [
        ConcurrencyError("too many at once"),
        UnavailableError("the stores do not answer"),
        ConnectionError("the table does not answer"),
        KeyError("a bug"),
    ],
)
def test_a_passing_fault_is_not_a_refusal_and_has_the_command_tried_again(running: Runtime, error: Exception) -> None:
    faults: list[Exception] = [error]

    def sometimes(command: FillJar) -> None:
        if faults:
            raise faults.pop()
        fill(command)

    inbox = inbox_with(sometimes)
    assert inbox.handle(delivered(FILL)) == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    assert (bus_of(running).messages, committed(running)) == ([], [])
    assert inbox.handle(delivered(FILL, tries=2)) == DONE
    assert names(committed(running)) == ["JarFilled", "JarFillAccepted"]


def test_a_command_that_cannot_be_decided_yet_is_not_answered_yet(running: Runtime) -> None:
    def not_yet(command: FillJar) -> None:
        raise Again(30)

    assert inbox_with(not_yet).handle(delivered(FILL)) != DONE
    assert (bus_of(running).messages, committed(running)) == ([], [])
    assert isinstance(running.queue, RecordingQueue)
    assert running.queue.retry_in_seconds == {"receipt-0": 30}


@pytest.mark.parametrize("coins", [5, -5])
def test_a_command_whose_answer_the_bus_does_not_take_is_tried_again(running: Runtime, coins: int) -> None:
    jars.create("jar-1", lambda jar: jar.fill(5))
    event = delivered(FillJar(jar_id="jar-1", coins=coins))
    inbox = inbox_with(fill_up_to if coins > 0 else fill)
    bus_of(running).down = True
    assert inbox.handle(event) == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    bus_of(running).down = False
    assert inbox.handle(event) == DONE
    assert bus_of(running).names == ["JarFillAccepted" if coins > 0 else "JarFillRefused"]


def test_a_recorded_answer_that_the_bus_does_not_take_is_tried_again(running: Runtime) -> None:
    inbox = inbox_with(fill)
    inbox.handle(delivered(FILL))
    bus_of(running).down = True
    assert inbox.handle(delivered(FILL)) != DONE
    bus_of(running).down = False
    assert inbox.handle(delivered(FILL)) == DONE
    assert bus_of(running).messages == answers(committed(running))


def test_an_unreadable_command_is_not_answered_but_dead_lettered(running: Runtime) -> None:
    event = delivered(FILL)
    body = json.loads(event["Records"][0]["body"])
    body["detail"]["data"]["coins"] = "many"
    event["Records"][0]["body"] = json.dumps(body)
    assert inbox_with(fill).handle(event) == DONE
    assert isinstance(running.dead_letters, RecordingQueue)
    assert [sent.reason["error"] for sent in running.dead_letters.sent if sent.reason] == ["UndeliverableError"]
    assert bus_of(running).messages == []


@pytest.mark.parametrize("error", [RefusedError("no"), NotFoundError("no"), InvalidError("no")])
def test_the_same_errors_from_an_event_are_not_refusals_but_failures(running: Runtime, error: Exception) -> None:
    def handle(event: Asked) -> None:
        raise error

    inbox = Inbox("jars")
    inbox.on(Asked)(handle)
    assert inbox.handle(delivered(Asked(jar_id="jar-1"))) != DONE
    assert bus_of(running).messages == []
