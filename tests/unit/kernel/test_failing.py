"""A consumer most of whose messages fail by errors of ours asks for a pause, and no other does."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.registry import NewerVersionError
from functions.kernel.domain.errors import NotFoundError, RefusedError, UnavailableError
from functions.kernel.messaging.redelivery import Again
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.delivery import delivered, message_attributes
from tests.support.handling import Handled, filled
from tests.support.runtime import RecordingQueue, memory_runtime

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BROKEN = RuntimeError("the shelf is gone")


class Container:
    """A container of an inbox that handles a jar for each message; the broken ones fail."""

    def __init__(self, broken: Exception) -> None:
        self.now = NOON
        self.outcomes = RecordingQueue()
        self._handled = Handled(broken=broken)
        self._messages = 0

    def receive(self, *jars: str, again: int | None = None, letter: bool = False) -> None:
        """Messages come, each a new one; or one that came before, by its number."""
        for jar in jars:
            self._messages += again is None
            event = delivered(filled(jar))
            [record] = event["Records"]
            record["messageId"] = f"record-{self._messages if again is None else again}"
            if letter:
                record["messageAttributes"] = message_attributes({"letter": "a1b2", "run": "run-1/0"})
            self._handled.inbox.handle(event)

    @property
    def requests(self) -> list[dict[str, Any]]:
        said = [json.loads(sent.body) for sent in self.outcomes.sent]
        return [one for one in said if "pause" in one]


@pytest.fixture
def container() -> Iterator[Container]:
    yield from running(Container(broken=BROKEN))


def running(container: Container) -> Iterator[Container]:
    settings = {"MALLBOTS_CODE": "c0de"}
    runtime = memory_runtime("jars", outcomes=container.outcomes, settings=settings)
    with active(runtime), clock.fixed(lambda: container.now, lambda seconds: None):
        yield container


def test_a_consumer_most_of_whose_messages_fail_asks_for_a_pause_and_says_why(container: Container) -> None:
    container.receive(*["whole"] * 9, *["broken"] * 10)
    assert container.requests == []
    container.now += timedelta(minutes=5)
    container.receive("broken")
    assert container.requests == [
        {
            "pause": "jars/inbox",
            "share": 0.55,
            "messages": 20,
            "since": "2026-03-01T12:00:00.000000Z",
            "at": "2026-03-01T12:05:00.000000Z",
            "code": "c0de",
            "error": "RuntimeError: the shelf is gone",
            "sample": "JarFilled record-20",
        }
    ]


def test_one_with_few_messages_does_not(container: Container) -> None:
    container.receive(*["broken"] * 19)
    assert container.requests == []


def test_one_of_which_half_fails_does_not(container: Container) -> None:
    container.receive(*["whole", "broken"] * 30)
    assert container.requests == []


@pytest.mark.parametrize(
    "error",
    [
        RefusedError("the jar is sealed"),
        UnavailableError("the owner does not answer"),
        NotFoundError("there is no jar"),
        UndeliverableError("the body is not JSON"),
        NewerVersionError("JarFilled 7"),
        TimeoutError("slow"),
        Again(60),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_refused_may_pass_or_cannot_be_read_pauses_nothing(error: Exception) -> None:
    for container in running(Container(broken=error)):
        container.receive(*["broken"] * 40)
        assert container.requests == []


def test_the_latest_try_of_a_message_counts(container: Container) -> None:
    container.receive(*["broken"] * 15)
    for number in range(1, 16):
        container.receive("whole", again=number)
    container.receive(*["broken"] * 10)
    assert container.requests == []


def test_a_message_that_fails_again_and_again_is_one(container: Container) -> None:
    container.receive(*["whole"] * 19)
    for _ in range(7):
        container.receive("broken", again=19)
    container.receive(*["broken"] * 17)
    assert container.requests == []


def test_what_failed_long_ago_is_forgotten(container: Container) -> None:
    container.receive(*["broken"] * 19)
    container.now += timedelta(minutes=11)
    container.receive(*["broken"] * 19)
    assert container.requests == []
    container.receive("broken")
    assert len(container.requests) == 1


def test_letters_that_were_sent_back_and_fail_again_count(container: Container) -> None:
    container.receive(*["broken"] * 20, letter=True)
    assert len(container.requests) == 1


def test_it_asks_again_by_other_messages_only_and_once_a_minute(container: Container) -> None:
    container.receive(*["broken"] * 59)
    assert len(container.requests) == 1
    container.now += timedelta(minutes=1)
    container.receive("broken")
    assert len(container.requests) == 2
    container.now += timedelta(minutes=1)
    container.receive(*["broken"] * 19)
    assert len(container.requests) == 2


def test_a_request_that_was_not_taken_is_made_again(container: Container) -> None:
    container.outcomes.down = True
    container.receive(*["broken"] * 20)
    container.outcomes.down = False
    container.receive("broken")
    assert container.requests == []
    container.now += timedelta(minutes=1)
    container.receive("broken")
    assert [one["messages"] for one in container.requests] == [22]


def test_another_container_knows_nothing_of_it(container: Container) -> None:
    container.receive(*["broken"] * 15)
    fresh: Runtime = memory_runtime("jars", outcomes=container.outcomes)
    with active(fresh):
        container.receive(*["broken"] * 15)
    assert container.requests == []
