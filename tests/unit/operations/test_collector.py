"""The collector stores every letter once, whatever fails, and a letter leaves its queue only when it is stored."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.kernel.projections.view_store import read_item
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from functions.operations import collector as collector_module
from functions.operations import forms, letter_bodies, rows
from functions.operations.cloud import HIDDEN
from functions.operations.collector import collector
from functions.operations.letters import DISCARDED, DONE, OPEN, PARKED, REDRIVING
from tests.support.letters import QUEUES, MemoryFailureQueues, sample
from tests.unit.operations.collecting import INBOX, NOON, Failing, Time, collect, of_order, record, stored


def test_letters_of_all_queues_are_stored_and_leave_their_queues(queues: MemoryFailureQueues, time: Time) -> None:
    names = ["inbox", "fifo_inbox", "sqs_redrive", "schedule_rule", "iot_rule", "topic", "relay", "unreadable"]
    for name in names:
        queue, held = sample(name)
        queues.put(queue.name, held)
    collect(time)
    assert len(stored()) == len(names)
    assert not any(queues.held.values())
    assert {letter.state for letter in stored()} == {OPEN}


def test_more_letters_than_one_call_receives_are_stored_in_one_go(queues: MemoryFailureQueues, time: Time) -> None:
    queues.put(INBOX, *(of_order(number) for number in range(1, 36)))
    collect(time)
    assert (len(stored()), queues.count(INBOX)) == (35, 0)


def test_a_letter_says_when_it_was_stored_and_why(queues: MemoryFailureQueues, time: Time) -> None:
    queues.put(INBOX, record())
    collect(time)
    [letter] = stored()
    assert letter.stored_at == clock.stamp(NOON)
    assert letter.open_since == letter.failed_at == "2026-03-14T09:46:54.123000Z"
    assert [(one.what, one.actor, one.detail) for one in letter.history] == [("stored", "system", letter.reason)]


def test_a_letter_that_cannot_be_stored_stays_in_its_queue_and_holds_up_no_other(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time
) -> None:
    broken = [True]

    def fails(call: str, arguments: tuple[Any, ...]) -> None:
        row = arguments[0]
        if broken and call == "put" and isinstance(row, Row) and (row.data or {}).get("order") == "order-2":
            raise ConnectionError("no table")

    Failing(runtime, fails)
    queues.put(INBOX, *(of_order(number) for number in (1, 2, 3)))
    collect(time)
    assert sorted(letter.order for letter in stored()) == ["order-1", "order-3"]
    assert [held.id for held in queues.held[INBOX]] == ["record-2"]
    broken.clear()
    collect(time)
    assert sorted(letter.order for letter in stored()) == ["order-1", "order-2", "order-3"]
    assert queues.count(INBOX) == 0


def test_a_queue_that_does_not_answer_holds_up_no_other(queues: MemoryFailureQueues, time: Time) -> None:
    def fails(call: str, queue: str) -> None:
        if queue == INBOX:
            raise ConnectionError("no queue")

    queues.fails = fails
    queues.put(INBOX, record())
    queues.put("payments/inbox/dead-letters", sample("sqs_redrive")[1])
    collect(time)
    assert [letter.consumer for letter in stored()] == ["payments/inbox"]
    assert queues.count(INBOX) == 1


def test_a_letter_that_was_stored_and_could_not_be_deleted_is_not_counted_again(
    queues: MemoryFailureQueues, time: Time
) -> None:
    def fails(call: str, queue: str) -> None:
        if call == "delete":
            raise ConnectionError("not now")

    queues.fails = fails
    queues.put(INBOX, record())
    collect(time, times=3)
    [first] = stored()
    assert (first.repetitions, queues.count(INBOX)) == (0, 1)
    queues.fails = lambda call, queue: None
    collect(time)
    assert (stored(), queues.count(INBOX)) == ([first], 0)


def test_two_collectors_that_have_the_same_record_at_once_make_one_letter(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time
) -> None:
    other = [True]

    def at_once(call: str, arguments: tuple[Any, ...]) -> None:
        row = arguments[0]
        if other and call == "put" and isinstance(row, Row) and row.sort == rows.LETTER:
            other.clear()
            time.after(seconds=HIDDEN + 1)
            collector.handle({})

    Failing(runtime, at_once)
    queues.put(INBOX, record())
    collect(time)
    [letter] = stored()
    assert (letter.repetitions, len(letter.history), queues.count(INBOX)) == (0, 1, 0)
    assert letter.body == record().body


def test_a_write_that_the_sdk_repeats_after_it_succeeded_is_no_repetition(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time
) -> None:
    views = runtime.views

    class Repeating:
        def __getattr__(self, name: str) -> Any:
            return getattr(views, name)

        def put(self, row: Row, version: int) -> bool:
            views.put(row, version)
            return views.put(row, version)

    runtime.views = Repeating()
    queues.put(INBOX, record())
    collect(time)
    [letter] = stored()
    assert (letter.repetitions, letter.version_of_row, queues.count(INBOX)) == (0, 1, 0)


def given_up(time: Time) -> dict[str, str]:
    """What SQS says of a record that is sent now."""
    return {"SentTimestamp": str(int(time.now.timestamp() * 1000))}


@pytest.mark.parametrize("state", [OPEN, REDRIVING, DONE])
def test_a_letter_that_comes_again_is_counted_and_open_again(
    queues: MemoryFailureQueues, time: Time, state: str
) -> None:
    queues.put(INBOX, record())
    collect(time)
    [first] = stored()
    run = {REDRIVING: "", DONE: "run-1/0"}.get(state, "")
    rows.change(first.id, lambda letter: replace(letter, state=state, run=run))
    sent = given_up(time)
    attributes = {"reason": "another", "error": "KeyError", "tries": "3", "code": "next"}
    queues.put(INBOX, record(number=2, system=sent, attributes=attributes))
    again = clock.stamp(time.now)
    collect(time)
    [letter] = stored()
    assert (letter.state, letter.repetitions, letter.reason, letter.code) == (OPEN, 1, "another", "next")
    assert letter.failed_at == again
    assert letter.open_since == (first.open_since if state == OPEN else again)
    assert [one.what for one in letter.history] == ["stored", "came again"]
    assert letter.fingerprint != first.fingerprint
    assert letter.body == first.body


@pytest.mark.parametrize("state", [PARKED, DISCARDED])
def test_a_letter_that_was_put_away_and_comes_again_is_counted_and_stays_away(
    queues: MemoryFailureQueues, time: Time, state: str
) -> None:
    queues.put(INBOX, record())
    collect(time)
    rows.change(stored()[0].id, lambda letter: replace(letter, state=state))
    queues.put(INBOX, record(number=2, system=given_up(time)))
    collect(time)
    [letter] = stored()
    assert (letter.state, letter.repetitions) == (state, 1)


def test_a_letter_that_was_closed_expires_and_one_that_is_open_never_does(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time
) -> None:
    queues.put(INBOX, record())
    collect(time)
    [letter] = stored()
    items = runtime.views.items  # type: ignore[attr-defined]  # of rows in memory

    def expiries() -> set[int | None]:
        of_it = [item for (partition, _), item in items.items() if partition == f"letter {letter.id}"]
        return {int(item["expires"]["N"]) if "expires" in item else None for item in of_it}

    assert expiries() == {None}
    closed = time.now
    rows.change(letter.id, lambda letter: letter.after("done", state=DONE, run="run-1/0"))
    expires = int((closed + timedelta(days=90)).timestamp())
    assert expiries() == {expires}
    time.after(minutes=1)
    queues.put(INBOX, record(number=2, system=given_up(time)))
    collect(time)
    assert expiries() == {None, expires}  # the letter and its new body, and its body before
    for key in [key for key, item in items.items() if "expires" in item]:
        del items[key]
    assert rows.letter(letter.id).body == record().body


def test_a_letter_of_which_the_body_expired_first_comes_again_with_its_new_body(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time
) -> None:
    queues.put(INBOX, record())
    collect(time)
    [letter] = stored()
    rows.change(letter.id, lambda letter: letter.after("done", state=DONE, run="run-1/0"))
    items = runtime.views.items  # type: ignore[attr-defined]  # of rows in memory
    for key in [key for key in items if key[0] == f"letter {letter.id}" and key[1] != rows.LETTER]:
        del items[key]
    time.after(minutes=1)
    queues.put(INBOX, record(number=2, system=given_up(time)))
    collect(time)
    assert (rows.letter(letter.id).body, rows.letter(letter.id).state) == (record().body, OPEN)


def test_nothing_personal_that_was_dropped_is_in_any_row(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time
) -> None:
    queues.put(INBOX, sample("personal")[1])
    collect(time)
    assert [letter.name for letter in stored()] == ["CustomerRegistered"]
    items = repr([read_item(item) for item in runtime.views.items.values()])  # type: ignore[attr-defined]
    assert "customer-ada" in items
    assert "Ada Brown" not in items
    assert "555 0100" not in items


def test_a_new_letter_takes_one_read_four_writes_and_the_deletion_of_a_note(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time
) -> None:
    calls: list[str] = []
    Failing(runtime, lambda call, arguments: calls.append(call))
    collector_module.store(forms.read(*sample("inbox")))
    assert calls == ["get", "put", "put", "put", "put", "delete"]


@pytest.mark.parametrize(("minutes", "left"), [(59, 1), (61, 0), (200, 0)])
def test_a_body_whose_writer_ended_is_deleted_an_hour_later(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time, minutes: int, left: int
) -> None:
    note = letter_bodies.begin(replace(forms.read(*sample("inbox")), life="life"), 1)
    runtime.views.put(Row(f"letter {note.id}", "body life 0000", {"text": "{}"}), 1)
    time.now += timedelta(minutes=minutes)
    collect(time)
    there = [key for key in runtime.views.items if key[0] in ("begun", f"letter {note.id}")]  # type: ignore[attr-defined]
    assert len(there) == 2 * left


def test_what_was_stored_is_remembered_without_its_body_which_may_be_a_megabyte_each(
    queues: MemoryFailureQueues,
) -> None:
    queues.put(INBOX, *(of_order(number) for number in range(3)))
    stored = collector_module.drain(QUEUES[INBOX])
    assert [letter.body for letter in stored] == [""] * 3
    assert all(rows.letter(letter.id).body for letter in stored)
