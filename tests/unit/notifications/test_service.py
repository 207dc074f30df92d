"""Which texts are sent to whom, and how often, when messages come twice or late and handlers stop half-way."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from events.notifications import NotificationKind, NotificationSent
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderPaid,
    OrderReadied,
    OrderRejected,
    OrderState,
)
from events.queries import AddressFound
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import ids, runtime
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.vault import RowWrite
from functions.notifications import service, wording
from functions.notifications.inbox import inbox
from functions.notifications.queries import queries
from language.generate import ROOT
from tests.support.delivery import attributes, body_of
from tests.support.promised import hand_over, promised, read
from tests.support.rows import stored_text
from tests.support.texts import MemoryTexts, Text
from tests.unit.notifications.mall import ADDRESS, CREATED, IN_SPANISH, NUMBER, Owner, consume, order

APPROVED = order(OrderApproved, shopping_list_id="0a1b2c3d-4e5f")
KINDS: list[tuple[OrderState, NotificationKind, str]] = [
    (CREATED, "received", "received your order"),
    (APPROVED, "approved", "is approved"),
    (order(OrderReadied, shortages=()), "ready_for_pickup", "is ready"),
    (order(OrderCancelled, reason="too slow", by="customer"), "cancelled", "was cancelled"),
    (order(OrderRejected, reason="the customer is disabled"), "rejected", "could not be accepted"),
    (order(OrderCompleted), "completed", "is complete"),
]
SAMPLES = ROOT / "events" / "samples"
BEFORE = [
    "CustomerDisabled",
    "CustomerEnabled",
    "CustomerErased",
    "CustomerLanguageChanged",
    "CustomerRegistered",
    "CustomerSmsChanged",
]
RECEIVED = ids.derive(CREATED.order_id, "received")


class FailingStore(MemoryEventStore):
    """Fails the given number of commits."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the table is down")
        super().commit(*commits, beside=beside)


def committed() -> str:
    """All commits, as text."""
    store = runtime.current().store
    assert isinstance(store, MemoryEventStore)
    return "".join(str(commit) for stream in store.items for commit in store.forwards(stream))


def status() -> str:
    """The status of the order's first notification."""
    return service.notifications.get(RECEIVED).status


@pytest.mark.parametrize(("event", "kind", "words"), KINDS, ids=[kind for _, kind, _ in KINDS])
def test_each_event_of_an_order_is_texted_once(
    texts: MemoryTexts, event: OrderState, kind: NotificationKind, words: str
) -> None:
    for id in ("message-2", "message-2", "a replay with its cause forgotten"):
        assert consume(event, id)
    (text,) = texts.asked
    assert (text.number, text.request_id) == (NUMBER, ids.derive(event.order_id, kind))
    assert words in text.text
    assert "0a1b2c3d" in text.text
    assert [message.name for message in promised()] == ["NotificationSent"]


def test_each_kind_has_a_text_and_a_request_id_of_its_own(texts: MemoryTexts) -> None:
    for n, (event, _, _) in enumerate(KINDS):
        consume(event, f"message-{n}")
    assert len({text.request_id for text in texts.asked}) == len({text.text for text in texts.asked}) == len(KINDS)


@pytest.mark.parametrize(("event", "kind", "words"), KINDS, ids=[kind for _, kind, _ in KINDS])
def test_a_text_is_in_the_language_of_the_customer(
    texts: MemoryTexts, owner: Owner, event: OrderState, kind: NotificationKind, words: str
) -> None:
    owner.addresses["ada"] = IN_SPANISH
    consume(event)
    assert [text.text for text in texts.asked] == [wording.text(kind, event.order_id, "es")]
    assert words not in texts.asked[0].text


def test_each_text_goes_to_the_number_and_in_the_language_of_when_it_is_sent(texts: MemoryTexts, owner: Owner) -> None:
    consume(CREATED)
    owner.addresses["ada"] = AddressFound(sms_number="+15550101", language="es")
    consume(APPROVED, "message-2")
    assert texts.asked == [
        Text(NUMBER, wording.text("received", CREATED.order_id, "en"), RECEIVED),
        Text("+15550101", wording.text("approved", CREATED.order_id, "es"), ids.derive(CREATED.order_id, "approved")),
    ]


def test_a_text_that_is_retried_after_a_change_of_language_has_the_same_request_id(
    texts: MemoryTexts, owner: Owner
) -> None:
    with active(replace(runtime.current(), store=FailingStore(failures=1))):
        assert not consume(CREATED)
        owner.addresses["ada"] = IN_SPANISH
        assert consume(CREATED)
    assert [text.request_id for text in texts.asked] == [RECEIVED, RECEIVED]
    assert len(texts.arrived) == 1


def test_two_orders_are_two_texts(texts: MemoryTexts) -> None:
    consume(CREATED, "message-2")
    consume(order(OrderCreated, order_id="another"), "message-3")
    assert len({text.request_id for text in texts.asked}) == 2


def test_a_sent_text_is_published_with_the_whole_state() -> None:
    consume(CREATED, "message-2")
    (event,) = map(read, promised())
    assert isinstance(event, NotificationSent)
    assert event.model_dump(exclude={"sent_at"}) == {
        "notification_id": RECEIVED,
        "order_id": CREATED.order_id,
        "customer_id": "ada",
        "kind": "received",
        "status": "sent",
    }
    assert event.sent_at == service.notifications.get(RECEIVED).sent_at


def test_events_that_no_text_is_about_are_not_consumed() -> None:
    assert OrderPaid not in inbox.messages


@pytest.mark.parametrize("message", BEFORE)
def test_what_the_release_before_subscribed_to_is_taken_without_effect(message: str) -> None:
    detail = json.loads((SAMPLES / f"{message}.v1.json").read_text())
    record = {"messageId": "1", "receiptHandle": "1", "body": body_of(detail), "attributes": attributes()}
    assert message not in inbox.pattern["detail-type"]
    assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
    assert (stored_text(runtime.current().views), promised()) == ("[]", [])


def test_while_the_owner_does_not_answer_nothing_is_recorded_and_the_message_is_retried(
    texts: MemoryTexts, owner: Owner
) -> None:
    owner.down = True
    assert not consume(CREATED)
    assert service.notifications.find(RECEIVED) is None
    owner.down = False
    assert consume(CREATED)
    assert (status(), len(texts.asked)) == ("sent", 1)


def test_a_text_that_was_sent_asks_nobody_when_its_event_comes_again(texts: MemoryTexts, owner: Owner) -> None:
    consume(CREATED)
    owner.down = True
    assert consume(CREATED, "a replay")
    assert len(texts.asked) == 1


def test_an_unknown_or_erased_customer_is_skipped(texts: MemoryTexts, owner: Owner) -> None:
    owner.addresses.clear()
    assert consume(CREATED)
    assert (status(), texts.asked, promised()) == ("skipped", [], [])


def test_what_was_skipped_stays_so_when_the_customer_registers_later(texts: MemoryTexts, owner: Owner) -> None:
    owner.addresses.clear()
    consume(CREATED)
    owner.addresses["ada"] = ADDRESS
    consume(CREATED, "a replay")
    assert (status(), texts.asked) == ("skipped", [])


def test_the_number_is_nowhere_but_at_the_carrier(
    texts: MemoryTexts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "notifications")
    consume(CREATED)
    hand_over(inbox, promised())
    texts.down = True
    assert not consume(APPROVED, "message-2")
    texts.down, texts.unreachable = False, {NUMBER}
    consume(APPROVED, "message-2")
    printed, stored = "".join(capsys.readouterr()), stored_text(runtime.current().views) + committed()
    assert (RECEIVED in stored, "OrderApproved failed" in printed) == (True, True)
    for secret in (NUMBER, NUMBER.lstrip("+")):
        assert secret not in stored + printed + str(promised())


def test_an_unreachable_number_is_skipped(texts: MemoryTexts) -> None:
    texts.unreachable.add(NUMBER)
    assert consume(CREATED, "message-2")
    assert (status(), promised()) == ("skipped", [])


def test_while_the_provider_is_down_nothing_is_recorded_and_the_text_is_retried(texts: MemoryTexts) -> None:
    texts.down = True
    assert not consume(CREATED, "message-2")
    assert service.notifications.find(RECEIVED) is None
    texts.down = False
    assert consume(CREATED, "message-2")
    assert (status(), len(texts.asked)) == ("sent", 1)


def test_a_text_that_was_sent_but_not_recorded_is_retried_with_the_same_request_id(texts: MemoryTexts) -> None:
    with active(replace(runtime.current(), store=FailingStore(failures=1))):
        assert not consume(CREATED, "message-2")
        assert consume(CREATED, "message-2")
        assert status() == "sent"
        assert [message.name for message in promised()] == ["NotificationSent"]
    assert [text.request_id for text in texts.asked] == [RECEIVED, RECEIVED]
    assert len(texts.arrived) == 1


def test_two_workers_that_send_the_same_text_at_once_use_one_request_id_and_record_it_once(
    texts: MemoryTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = texts.send

    def send_while_another_does(number: str, text: str, request_id: str) -> None:
        monkeypatch.setattr(texts, "send", first)
        assert consume(CREATED, "message-2")
        first(number, text, request_id)

    monkeypatch.setattr(texts, "send", send_while_another_does)
    assert consume(CREATED, "message-2")
    assert texts.arrived == [Text(NUMBER, texts.asked[0].text, RECEIVED)]
    assert [message.name for message in promised()] == ["NotificationSent"]
    assert service.notifications.get(RECEIVED).version == 1


def test_another_service_asks_which_texts_could_not_be_sent_and_why(texts: MemoryTexts, owner: Owner) -> None:
    consume(CREATED)
    owner.addresses.clear()
    consume(APPROVED)
    answer = queries.handle({"query": "FindSkippedTexts", "data": {"order_ids": [CREATED.order_id, "another"]}})
    [[skipped]] = answer["answer"]["texts"].values()
    assert skipped == {
        "id": ids.derive(CREATED.order_id, "approved"),
        "order_id": CREATED.order_id,
        "kind": "approved",
        "status": "skipped",
        "reason": "there is no customer ada",
        "time": skipped["time"],
    }
    assert list(answer["answer"]["texts"]) == [CREATED.order_id]
