"""Which one-time codes are sent, and how often, when messages come twice or late and handlers stop half-way."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from events.customers import OneTimeCodeRequested
from events.queries import OneTimeCodeFound
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock, ids, runtime
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.vault import RowWrite
from functions.notifications import wording
from functions.notifications.inbox import inbox
from tests.support.delivery import delivered
from tests.support.promised import promised
from tests.support.texts import MemoryTexts, Text
from tests.unit.notifications.mall import NUMBER, Owner, consume

CODE = "012345"
REQUESTED = OneTimeCodeRequested(phone_id="phone-1", request=1, expires_at="2026-03-14T09:05:00.000000Z")
TEXT_ID = ids.derive("one-time code", "phone-1", 1)


class Time:
    now = datetime(2026, 3, 14, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def time(owner: Owner) -> Iterator[Time]:
    owner.codes["phone-1", 1] = OneTimeCodeFound(sms_number=NUMBER, language="en", code=CODE)
    time = Time()
    with clock.fixed(lambda: time.now):
        yield time


class LosingStore(MemoryEventStore):
    """Fails one commit."""

    failed = False

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        if not self.failed:
            self.failed = True
            raise ConnectionError("the table is down")
        super().commit(*commits, beside=beside)


def test_a_code_is_sent_once_however_often_its_request_is_delivered(texts: MemoryTexts) -> None:
    for id in ("message-1", "message-1", "a replay with its cause forgotten"):
        assert consume(REQUESTED, id)
    assert texts.asked == [Text(NUMBER, wording.code_text(CODE, "en"), TEXT_ID)]


def test_a_code_that_is_in_the_queue_of_texts_since_before_codes_had_their_own_is_sent(texts: MemoryTexts) -> None:
    assert inbox.handle(delivered(REQUESTED)) == {"batchItemFailures": []}
    assert [text.request_id for text in texts.asked] == [TEXT_ID]


def test_each_request_has_a_text_of_its_own_in_the_customers_language(texts: MemoryTexts, owner: Owner) -> None:
    owner.codes["phone-1", 2] = OneTimeCodeFound(sms_number=NUMBER, language="es", code="999999")
    consume(REQUESTED)
    consume(REQUESTED.model_copy(update={"request": 2}), "message-2")
    assert [text.text for text in texts.asked] == [wording.code_text(CODE, "en"), wording.code_text("999999", "es")]
    assert len({text.request_id for text in texts.asked}) == 2


def test_a_code_of_a_phone_that_nobody_has_or_that_is_not_valid_any_more_is_not_sent(
    texts: MemoryTexts, owner: Owner
) -> None:
    owner.codes.clear()
    assert consume(REQUESTED)
    assert texts.asked == []


def test_a_request_that_comes_after_five_minutes_sends_nothing_and_asks_nobody(
    texts: MemoryTexts, owner: Owner, time: Time
) -> None:
    time.now += timedelta(minutes=5)
    owner.down = True
    assert consume(REQUESTED)
    assert texts.asked == []


def test_while_the_owner_does_not_answer_the_request_is_retried(texts: MemoryTexts, owner: Owner) -> None:
    owner.down = True
    assert not consume(REQUESTED)
    owner.down = False
    assert consume(REQUESTED)
    assert len(texts.asked) == 1


def test_while_the_carrier_does_not_answer_the_request_is_retried(texts: MemoryTexts) -> None:
    texts.down = True
    assert not consume(REQUESTED)
    texts.down = False
    assert consume(REQUESTED)
    assert len(texts.asked) == 1


def test_a_text_that_was_sent_and_not_recorded_is_sent_again_with_the_same_request_id(texts: MemoryTexts) -> None:
    with active(replace(runtime.current(), store=LosingStore())):
        assert not consume(REQUESTED)
        assert consume(REQUESTED)
        assert consume(REQUESTED, "message-2")
    assert [text.request_id for text in texts.asked] == [TEXT_ID, TEXT_ID]
    assert len(texts.arrived) == 1


def test_a_number_that_cannot_be_reached_is_given_up(texts: MemoryTexts) -> None:
    texts.unreachable.add(NUMBER)
    assert consume(REQUESTED)
    texts.unreachable.clear()
    assert texts.asked == []


def test_neither_code_nor_number_is_kept_or_logged_or_published(
    texts: MemoryTexts, owner: Owner, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "notifications")
    owner.codes["phone-1", 2] = owner.codes["phone-1", 1]
    consume(REQUESTED)
    texts.down = True
    consume(REQUESTED.model_copy(update={"request": 2}), "message-2")
    assert len(texts.asked) == 1
    store, views = runtime.current().store, runtime.current().views
    assert isinstance(store, MemoryEventStore)
    assert isinstance(views, MemoryViews)
    assert (len(store.log), views.items, promised()) == (1, {}, [])
    written = "".join(capsys.readouterr()) + "".join(str(event) for event in store.forwards(f"CodeText#{TEXT_ID}"))
    assert "OneTimeCodeRequested" in written
    for secret in (CODE, NUMBER, NUMBER.lstrip("+")):
        assert secret not in written
