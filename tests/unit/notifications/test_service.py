"""Which texts are sent to whom, and how often, when messages come twice or late and handlers stop half-way."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from events.customers import CustomerErased, CustomerLanguageChanged, CustomerRegistered, CustomerSmsChanged
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
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import ids, runtime
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.vault import RowWrite
from functions.kernel.runtime.views import Row
from functions.notifications import service, wording
from functions.notifications.inbox import inbox
from tests.support.promised import promised, read
from tests.support.texts import MemoryTexts, Text
from tests.unit.notifications.mall import ADA, ADA_FOUND, CREATED, NUMBER, Owner, consume, order

APPROVED = order(OrderApproved, shopping_list_id="0a1b2c3d-4e5f")
SPANISH = CustomerLanguageChanged(**{**ADA.model_dump(), "language": "es"})
KINDS: list[tuple[OrderState, NotificationKind, str]] = [
    (CREATED, "received", "received your order"),
    (APPROVED, "approved", "is approved"),
    (order(OrderReadied, shortages=()), "ready_for_pickup", "is ready"),
    (order(OrderCancelled, reason="too slow", by="customer"), "cancelled", "was cancelled"),
    (order(OrderRejected, reason="the customer is disabled"), "rejected", "could not be accepted"),
    (order(OrderCompleted), "completed", "is complete"),
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


def status() -> str:
    """The status of the order's first notification."""
    return service.notifications.get(RECEIVED).status


@pytest.mark.parametrize(("event", "kind", "words"), KINDS, ids=[kind for _, kind, _ in KINDS])
def test_each_event_of_an_order_is_texted_once(
    texts: MemoryTexts, event: OrderState, kind: NotificationKind, words: str
) -> None:
    consume(ADA)
    for id in ("message-2", "message-2", "a replay with its cause forgotten"):
        assert consume(event, id)
    (text,) = texts.asked
    assert (text.number, text.request_id) == (NUMBER, ids.derive(event.order_id, kind))
    assert words in text.text
    assert "0a1b2c3d" in text.text
    assert [message.name for message in promised()] == ["NotificationSent"]


def test_each_kind_has_a_text_and_a_request_id_of_its_own(texts: MemoryTexts) -> None:
    consume(ADA)
    for n, (event, _, _) in enumerate(KINDS):
        consume(event, f"message-{n}")
    assert len({text.request_id for text in texts.asked}) == len({text.text for text in texts.asked}) == len(KINDS)


@pytest.mark.parametrize(("event", "kind", "words"), KINDS, ids=[kind for _, kind, _ in KINDS])
def test_a_text_is_in_the_language_of_the_copy(
    texts: MemoryTexts, event: OrderState, kind: NotificationKind, words: str
) -> None:
    consume(CustomerRegistered(**{**ADA.model_dump(), "language": "es"}))
    consume(event, "message-2")
    assert [text.text for text in texts.asked] == [wording.text(kind, event.order_id, "es")]
    assert words not in texts.asked[0].text


def test_a_customer_who_changes_the_language_gets_later_texts_in_it(texts: MemoryTexts) -> None:
    consume(ADA)
    consume(CREATED, "message-2")
    consume(SPANISH, "message-3", stream_version=2)
    consume(ADA, "message-1 again")
    consume(APPROVED, "message-4")
    assert [text.text for text in texts.asked] == [
        wording.text("received", CREATED.order_id, "en"),
        wording.text("approved", CREATED.order_id, "es"),
    ]


def test_a_text_that_is_retried_after_a_change_of_language_has_the_same_request_id(texts: MemoryTexts) -> None:
    with active(replace(runtime.current(), store=FailingStore(failures=1))):
        consume(ADA)
        assert not consume(CREATED, "message-2")
        consume(SPANISH, "message-3", stream_version=2)
        assert consume(CREATED, "message-2")
    assert [text.request_id for text in texts.asked] == [RECEIVED, RECEIVED]
    assert len(texts.arrived) == 1


def test_a_customer_whose_copy_misses_is_texted_in_the_language_that_the_owner_answers(
    texts: MemoryTexts, owner: Owner
) -> None:
    owner.customers["ada"] = ADA_FOUND.model_copy(update={"language": "es"})
    consume(CREATED)
    owner.customers.clear()
    consume(APPROVED, "message-2")
    assert [text.text for text in texts.asked] == [
        wording.text("received", CREATED.order_id, "es"),
        wording.text("approved", CREATED.order_id, "es"),
    ]


def test_a_copy_from_before_customers_had_a_language_is_texted_in_english(texts: MemoryTexts) -> None:
    runtime.current().views.put(Row("customers", "ada", {"sms_number": NUMBER}), 1)
    consume(CREATED)
    assert texts.asked == [Text(NUMBER, wording.text("received", CREATED.order_id, "en"), RECEIVED)]


def test_two_orders_are_two_texts(texts: MemoryTexts) -> None:
    consume(ADA)
    consume(CREATED, "message-2")
    consume(order(OrderCreated, order_id="another"), "message-3")
    assert len({text.request_id for text in texts.asked}) == 2


def test_a_sent_text_is_published_with_the_whole_state() -> None:
    consume(ADA)
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


def test_a_text_goes_to_the_newest_number_even_if_the_older_event_comes_later(texts: MemoryTexts) -> None:
    changed = CustomerSmsChanged(**{**ADA.model_dump(), "sms_number": "+15550101"})
    consume(changed, "message-2", stream_version=2)
    consume(ADA)
    consume(CREATED, "message-3")
    assert [text.number for text in texts.asked] == ["+15550101"]


def test_a_customer_whose_copy_misses_is_asked_for_once(texts: MemoryTexts, owner: Owner) -> None:
    owner.customers["ada"] = ADA_FOUND
    consume(CREATED)
    owner.customers.clear()
    consume(APPROVED, "message-2")
    assert [text.number for text in texts.asked] == ["+15550102", "+15550102"]


def test_a_copy_made_of_an_answer_is_overwritten_by_newer_events(texts: MemoryTexts, owner: Owner) -> None:
    owner.customers["ada"] = ADA_FOUND
    consume(CREATED)
    consume(ADA, "message-2")
    consume(CustomerSmsChanged(**{**ADA.model_dump(), "sms_number": "+15550103"}), "message-3", stream_version=3)
    consume(APPROVED, "message-4")
    assert [text.number for text in texts.asked] == ["+15550102", "+15550103"]


def test_while_the_owner_is_down_nothing_is_recorded_and_the_message_is_retried(
    texts: MemoryTexts, owner: Owner
) -> None:
    owner.down = True
    assert not consume(CREATED)
    assert service.notifications.find(RECEIVED) is None
    owner.down, owner.customers["ada"] = False, ADA_FOUND
    assert consume(CREATED)
    assert (status(), len(texts.asked)) == ("sent", 1)


def test_an_unknown_customer_is_skipped(texts: MemoryTexts) -> None:
    assert consume(CREATED)
    assert (status(), texts.asked, promised()) == ("skipped", [], [])


def test_what_was_skipped_stays_so_when_the_customer_registers_later(texts: MemoryTexts) -> None:
    consume(CREATED)
    consume(ADA, "message-2")
    consume(CREATED, "a replay")
    assert (status(), texts.asked) == ("skipped", [])


@pytest.mark.parametrize("erased_first", [False, True])
def test_an_erased_customer_is_skipped_and_no_copy_is_left(texts: MemoryTexts, erased_first: bool) -> None:
    events = [(ADA, 1), (CustomerErased(customer_id="ada"), 2)]
    for message, version in events[::-1] if erased_first else events:
        consume(message, f"message-{version}", stream_version=version)
    consume(CREATED, "message-3")
    assert (status(), texts.asked) == ("skipped", [])
    assert NUMBER not in str(vars(runtime.current().views)) + str(vars(runtime.current().store))


def test_an_unreachable_number_is_skipped(texts: MemoryTexts) -> None:
    texts.unreachable.add(NUMBER)
    consume(ADA)
    assert consume(CREATED, "message-2")
    assert (status(), promised()) == ("skipped", [])


def test_while_the_provider_is_down_nothing_is_recorded_and_the_text_is_retried(texts: MemoryTexts) -> None:
    consume(ADA)
    texts.down = True
    assert not consume(CREATED, "message-2")
    assert service.notifications.find(RECEIVED) is None
    texts.down = False
    assert consume(CREATED, "message-2")
    assert (status(), len(texts.asked)) == ("sent", 1)


def test_a_text_that_was_sent_but_not_recorded_is_retried_with_the_same_request_id(texts: MemoryTexts) -> None:
    with active(replace(runtime.current(), store=FailingStore(failures=1))):
        consume(ADA)
        assert not consume(CREATED, "message-2")
        assert consume(CREATED, "message-2")
        assert status() == "sent"
        assert [message.name for message in promised()] == ["NotificationSent"]
    assert [text.request_id for text in texts.asked] == [RECEIVED, RECEIVED]
    assert len(texts.arrived) == 1


def test_two_workers_that_send_the_same_text_at_once_use_one_request_id_and_record_it_once(
    texts: MemoryTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    consume(ADA)
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
