"""Two versions on the way at once: an adjustment that does not say why yet, from a replay or a dead-letter queue, and
code that is older than what it hears.

The old table is the golden one of tests/unit/payments: what a mall stored before adjustments said why.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from events import registry
from events.envelope import Metadata
from events.payments import InvoiceAdjusted, InvoiceState
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.projections.projection import Projection, rows
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.views import Row
from language.generate import ROOT
from tests.support.delivery import attributes, body_of
from tests.support.mall import Mall
from tests.support.runtime import RecordingQueue, memory_runtime

OLD_TABLE = json.loads((ROOT / "tests" / "unit" / "payments" / "streams" / "adjusted.v1.json").read_text())
SAMPLES = ROOT / "events" / "samples"
SHORT, CALLED_OFF = (900, "short_pick"), (0, "cancelled")


def adjusted_row(message: InvoiceState, metadata: Metadata) -> Row:
    return Row("adjusted", metadata.id, message.model_dump(mode="json"))


def consumer(message: type[InvoiceState]) -> Inbox:
    """One that keeps adjustments as they come, in the place of insights."""
    projection, inbox = Projection(), Inbox("insights")
    projection.on(message)(adjusted_row)
    inbox.include(projection)
    return inbox


insights = consumer(InvoiceAdjusted)


@pytest.fixture
def mall() -> Mall:
    """A mall of today whose payments have the old table, of which nothing has been relayed yet."""
    mall = Mall(settings={"MALLBOTS_MAX_RECEIVES": "1"})
    next(one for one in mall.subscribers if one.inbox.service == "insights").inbox = insights
    store = mall.runtimes["payments"].store
    assert isinstance(store, MemoryEventStore)
    for item in OLD_TABLE:
        store.items.setdefault(item["stream"]["S"], {})[int(item["version"]["N"])] = item
        store.log.append(item)
    return mall


def adjustments(mall: Mall) -> list[tuple[int, str]]:
    """What the consumer has of them: of one moment in the old table, so in no order."""
    with mall.at_work("insights"):
        return sorted((data["amount"], data["reason"]) for data in shown())


def versions_sent(mall: Mall) -> list[int]:
    return [said.metadata.version for said in mall.published if said.metadata.name == "InvoiceAdjusted"]


@contextmanager
def down(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Insights cannot write, so whatever it hears fails."""

    def refuse(*_: object) -> bool:
        raise RuntimeError("the table is not there")

    with monkeypatch.context() as patch:
        patch.setattr(mall.runtimes["insights"].views, "put", refuse)
        yield


def test_a_message_of_version_1_that_was_never_sent_is_sent_as_it_was_promised_and_understood(mall: Mall) -> None:
    mall.settle()
    assert versions_sent(mall) == [1, 1]
    assert adjustments(mall) == [CALLED_OFF, SHORT]
    assert "insights" not in mall.dead_letters()


def test_a_consumer_that_joins_late_understands_version_1_from_a_replay(mall: Mall) -> None:
    mall.relay_positions["payments"] = len(OLD_TABLE)  # all was sent long ago, when nobody listened
    mall.settle()
    assert mall.published == []
    with mall.at_work("payments"):
        relay.republish(to="insights")
    mall.settle()
    assert versions_sent(mall) == [1, 1]
    assert adjustments(mall) == [CALLED_OFF, SHORT]


def test_a_replay_of_what_was_heard_already_changes_nothing(mall: Mall) -> None:
    mall.settle()
    with mall.at_work("payments"):
        relay.republish(stream="Invoice#order-1")
    mall.settle()
    assert versions_sent(mall) == [1, 1, 1, 1]
    assert adjustments(mall) == [CALLED_OFF, SHORT]


def test_version_1_is_understood_when_it_is_redriven_from_a_dead_letter_queue(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    with down(mall, monkeypatch):
        mall.settle()
    letters = mall.dead_letters()["insights"]
    waiting = [json.loads(letter.body)["detail"]["metadata"] for letter in letters]
    assert ("InvoiceAdjusted", 1) in [(metadata["name"], metadata["version"]) for metadata in waiting]
    assert adjustments(mall) == []

    for letter in letters:  # as SQS moves messages back: their bodies, untouched
        mall.runtimes["insights"].queue.send(letter.body)
    letters.clear()
    mall.settle()
    assert adjustments(mall) == [CALLED_OFF, SHORT]
    assert "insights" not in mall.dead_letters()


@pytest.fixture
def old_insights(own_words: None) -> Inbox:
    """Insights as it was when an adjustment did not say why."""
    registry._messages.pop("InvoiceAdjusted")

    class InvoiceAdjusted(InvoiceState, source="payments", key="invoice_id"):
        """Less is owed than before."""

    return consumer(InvoiceAdjusted)


def in_queue(detail: dict[str, Any]) -> dict[str, Any]:
    return handed_over(body_of(detail))


def handed_over(body: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "m-1", "receiptHandle": "r-1", "body": body, "attributes": attributes()}]}


def sample(version: int) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads((SAMPLES / f"InvoiceAdjusted.v{version}.json").read_text())
    return detail


def shown() -> list[dict[str, Any]]:
    return list(rows("adjusted"))


def test_a_version_that_is_newer_than_the_code_waits_in_its_queue_and_newer_code_handles_it(
    old_insights: Inbox,
) -> None:
    queue, dead_letters = RecordingQueue(), RecordingQueue()
    with active(memory_runtime("insights", queue=queue, dead_letters=dead_letters)):
        assert old_insights.handle(in_queue(sample(2))) == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
        assert (queue.retry_in_seconds, dead_letters.sent) == ({"r-1": 2}, [])
        assert shown() == []
        assert insights.handle(in_queue(sample(2))) == {"batchItemFailures": []}
        assert shown() == [sample(2)["data"]]


def test_code_that_is_older_than_a_field_takes_the_message_without_it(old_insights: Inbox) -> None:
    detail = sample(1)
    known = dict(detail["data"])
    detail["data"]["adjusted_by"] = detail["metadata"]["region"] = detail["sent_twice"] = "unheard of"
    dead_letters = RecordingQueue()
    with active(memory_runtime("insights", dead_letters=dead_letters)):
        assert old_insights.handle(in_queue(detail)) == {"batchItemFailures": []}
        assert dead_letters.sent == []
        assert shown() == [known]


def test_what_version_1_held_stays_to_be_read_beside_version_2() -> None:
    schemas = ROOT / "events" / "schemas"
    for version, holds in ((1, False), (2, True)):
        schema = json.loads(Path(schemas / f"InvoiceAdjusted.v{version}.json").read_text())
        assert ("reason" in schema["required"]) is holds
        assert ("reason" in sample(version)["data"]) is holds
