"""What leaves with a commit: messages, reminders, answers."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from events.envelope import Envelope
from events.registry import Command
from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.eventstore.publish import Publisher, answer, reminder_body
from functions.kernel.eventstore.repository import Repository, change_together
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.commit import Cause, Outgoing
from functions.kernel.runtime.context import Context
from tests.support.delivery import attributes
from tests.support.jars import (
    FillJar,
    Jar,
    JarFillAccepted,
    JarFilled,
    JarForgotten,
    JarSealed,
    Sealed,
    jar_sealed,
    jars,
)
from tests.support.runtime import memory_runtime

pytestmark = pytest.mark.usefixtures("running")

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TRACE = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


class AskForCoins(Command, source="beggars", key="beggar_id", to="jars"):
    """Spare some change."""

    beggar_id: str


@dataclass(frozen=True)
class Begged(DomainEvent):
    pass


@dataclass
class Beggar(Aggregate):
    @applies(Begged)
    def _begged(self, event: Begged) -> None: ...


begs = Publisher("beggars")
beggars = Repository(Beggar, begs)


@begs(Begged)
def ask_for_coins(beggar: Beggar, event: Begged) -> AskForCoins:
    return AskForCoins(beggar_id=beggar.id)


def sent_by(id: str) -> list[Outgoing]:
    return [message for commit in jars.history(id) for message in commit.messages]


def fill_and_seal(jar: Jar) -> None:
    jar.fill_each(1, 2)
    jar.seal()


def test_each_event_is_told_with_the_state_right_after_it() -> None:
    jars.create("jar-1", fill_and_seal)
    [commit] = jars.history("jar-1")
    outgoing = [(message.name, message.detail["data"]) for message in commit.messages]
    assert outgoing == [
        ("JarFilled", {"jar_id": "jar-1", "coins": 1, "added": 1}),
        ("JarFilled", {"jar_id": "jar-1", "coins": 3, "added": 2}),
        ("JarSealed", {"jar_id": "jar-1", "coins": 3}),
        ("JarForgotten", {"jar_id": "jar-1"}),
    ]
    assert [message.detail["metadata"]["stream_version"] for message in commit.messages] == [1, 2, 3, 3]


@dataclass(frozen=True)
class Taken(DomainEvent):
    kind: str


@dataclass
class Shelf(Aggregate):
    """Its state is changed in place, unlike a jar's."""

    taken: dict[str, int] = field(default_factory=dict)

    @applies(Taken)
    def _taken(self, event: Taken) -> None:
        self.taken[event.kind] = self.taken.get(event.kind, 0) + 1


takes = Publisher("jars")
shelves = Repository(Shelf, takes)


@takes(Taken)
def taken_from(shelf: Shelf, event: Taken) -> JarFilled:
    return JarFilled(jar_id=shelf.id, coins=sum(shelf.taken.values()), added=1)


def test_each_event_is_told_with_the_state_right_after_it_even_where_the_state_is_changed_in_place() -> None:
    def take_two(shelf: Shelf) -> None:
        shelf.record(Taken("cup"))
        shelf.record(Taken("cup"))

    def take_two_from_each(one: Shelf, other: Shelf) -> None:
        take_two(one)
        take_two(other)

    def versions(id: str) -> list[int]:
        return [message.detail["data"]["coins"] for commit in shelves.history(id) for message in commit.messages]

    for _ in range(2):
        shelves.create("alone", take_two)
        change_together((shelves, "first"), (shelves, "second"), take_two_from_each, may_be_new=True)
    assert [versions(id) for id in ("alone", "first", "second")] == [[1, 2, 3, 4]] * 3


def test_a_message_says_who_says_what_about_which_version_and_because_of_what() -> None:
    working = Context(
        correlation_id="flow-1",
        causation_id="message-1",
        cause=Cause("message-1"),
        actor="staff:mia",
        traceparent=TRACE,
        reply_to="checkout",
        saga="order-1",
    )
    with context.within(working), clock.fixed(lambda: NOON):
        jars.create("jar-1", lambda jar: jar.fill(1))
    [message] = sent_by("jar-1")
    metadata = Envelope.read(message.detail).metadata
    assert metadata.model_dump(exclude={"id", "traceparent"}, exclude_none=True) == {
        "name": "JarFilled",
        "version": 1,
        "time": "2026-03-01T12:00:00.000000Z",
        "source": "mallbots.jars",
        "stream": "Jar#jar-1",
        "stream_version": 1,
        "correlation_id": "flow-1",
        "causation_id": "message-1",
        "actor": "staff:mia",
    }
    _, trace, span, _ = metadata.traceparent.split("-")
    assert trace == "0123456789abcdef0123456789abcdef"
    assert span != "0123456789abcdef"


def test_a_command_says_to_whom_and_about_what_it_is_to_be_answered() -> None:
    beggars.create("beggar-1", lambda beggar: beggar.record(Begged()))
    [commit] = beggars.history("beggar-1")
    metadata = Envelope.read(commit.messages[0].detail).metadata
    assert (metadata.reply_to, metadata.saga) == ("beggars", "beggar-1")


def test_the_ids_of_messages_come_from_stream_and_version_and_are_the_same_whenever_they_are_made() -> None:
    made = []
    for _ in range(2):
        with runtime.active(memory_runtime("jars")):
            jars.create("jar-1", fill_and_seal)
            jars.create("jar-2", fill_and_seal)
            made.append([message.id for id in ("jar-1", "jar-2") for message in sent_by(id)])
    assert made[0] == made[1]
    assert len(set(made[0])) == 8


def test_a_reminder_rides_in_the_commit_with_its_delay() -> None:
    jars.create("jar-1", lambda jar: jar.seal())
    assert [(message.name, message.delay) for message in sent_by("jar-1")] == [
        ("JarSealed", None),
        ("JarForgotten", 3600),
    ]


def an_answer(working: Context) -> Outgoing:
    return answer(FillJar(jar_id="jar-1", coins=1), JarFillAccepted(jar_id="jar-1"), working)


def test_the_answer_to_a_command_rides_in_its_commit() -> None:
    with context.within(Context(causation_id="command-1", reply_to="checkout", saga="order-1")) as working:
        working.answer = an_answer(working)
        jars.create("jar-1", lambda jar: jar.fill(1))
    assert working.answered
    assert [message.name for message in sent_by("jar-1")] == ["JarFilled", "JarFillAccepted"]
    metadata = Envelope.read(sent_by("jar-1")[1].detail).metadata
    assert (metadata.causation_id, metadata.saga, metadata.source) == ("command-1", "order-1", "mallbots.jars")


def test_an_answer_stays_with_the_caller_when_nothing_is_committed() -> None:
    with context.within(Context(causation_id="command-1")) as working:
        working.answer = an_answer(working)
        jars.create("jar-1", lambda jar: None)
    assert not working.answered


def test_an_answer_rides_in_one_commit_only() -> None:
    with context.within(Context(causation_id="command-1")) as working:
        working.answer = an_answer(working)
        jars.create("jar-1", lambda jar: jar.fill(1))
        jars.create("jar-2", lambda jar: jar.fill(1))
    assert [message.name for id in ("jar-1", "jar-2") for message in sent_by(id)] == [
        "JarFilled",
        "JarFillAccepted",
        "JarFilled",
    ]


def test_all_answers_to_a_command_have_one_id_and_those_to_another_command_another() -> None:
    ids = [an_answer(Context(causation_id=command)).id for command in ("command-1", "command-1", "command-2")]
    assert ids[0] == ids[1] != ids[2]


def test_an_event_that_is_nobodys_business_is_not_told() -> None:
    silent = Repository(Jar, Publisher("jars"))
    silent.create("jar-1", lambda jar: jar.fill(1))
    assert sent_by("jar-1") == []


def test_a_publisher_may_find_that_an_event_is_not_worth_telling() -> None:
    sometimes = Publisher("jars")
    sometimes(Sealed)(lambda jar, event: jar_sealed(jar, event) if jar.coins else None)
    sometimes.reminder(Sealed)(lambda jar, event: None)
    repository = Repository(Jar, sometimes)
    repository.create("empty", lambda jar: jar.seal())
    repository.create("full", fill_and_seal)
    assert [message.name for message in sent_by("empty")] == []
    assert [message.name for message in sent_by("full")] == ["JarSealed"]


def test_an_event_is_told_by_one_message_at_most() -> None:
    twice = Publisher("jars")
    twice(Sealed)(jar_sealed)
    with pytest.raises(TypeError, match="Sealed is published already"):
        twice(Sealed)(jar_sealed)


def test_a_service_cannot_speak_for_another() -> None:
    foreign = Publisher("checkout")
    foreign(Sealed)(lambda jar, event: JarSealed(jar_id=jar.id, coins=jar.coins))
    with pytest.raises(TypeError, match="checkout cannot publish JarSealed, which is jars's"):
        Repository(Jar, foreign).create("jar-1", lambda jar: jar.seal())
    assert jars.find("jar-1") is None


def test_a_reminder_that_no_commit_carries_is_read_like_any_other_and_equal_ones_have_one_id() -> None:
    forgotten: list[str] = []
    inbox = Inbox("jars")
    inbox.on(JarForgotten)(lambda message: forgotten.append(message.jar_id))
    working = Context(correlation_id="flow-1", causation_id="message-1")
    bodies = [reminder_body(JarForgotten(jar_id=jar), working) for jar in ("jar-1", "jar-1", "jar-2")]
    records = [
        {
            "messageId": f"record-{position}",
            "receiptHandle": f"receipt-{position}",
            "body": body,
            "attributes": attributes(),
        }
        for position, body in enumerate(bodies)
    ]
    assert inbox.handle({"Records": records}) == {"batchItemFailures": []}
    assert forgotten == ["jar-1", "jar-1", "jar-2"]
    first, again, other = [Envelope.read(json.loads(body)["detail"]).metadata for body in bodies]
    assert first.id == again.id != other.id
    assert (first.correlation_id, first.causation_id) == ("flow-1", "message-1")
