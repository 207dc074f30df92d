"""The collector stores every letter once, whatever fails, and a letter leaves its queue only when it is stored."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.projections.view_store import read_item
from functions.kernel.runtime import budget, clock
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from functions.operations import collector as collector_module
from functions.operations import forms, groups, rows
from functions.operations.cloud import HIDDEN, Held
from functions.operations.collector import collector
from functions.operations.letters import DISCARDED, DONE, OPEN, PARKED, REDRIVING, Letter
from functions.operations.rows import Filter
from tests.simulation.cost import item_size
from tests.support.letters import QUEUES, MemoryFailureQueues, known_consumers, sample
from tests.unit.operations.rung import Rung

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
INBOX, RELAY = "depot/inbox/dead-letters", "depot/relay/failures"


@dataclass
class Time:
    """A clock that a test advances."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def after(self, **passed: float) -> None:
        self.now += timedelta(**passed)


@pytest.fixture
def time() -> Iterator[Time]:
    time = Time()
    with clock.fixed(time, lambda seconds: time.after(seconds=seconds)):
        yield time


@pytest.fixture
def queues(runtime: Runtime, time: Time, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryFailureQueues]:
    queues = MemoryFailureQueues()
    runtime.adapters["failure_queues"] = queues
    with known_consumers(monkeypatch):
        yield queues


def record(name: str = "inbox", number: int = 1, **changes: Any) -> Held:
    return sample(name, **{"id": f"record-{number}", "receipt": f"receipt-{number}", **changes})[1]


def of_order(number: int, **changes: Any) -> Held:
    """The letter of a message of its own."""
    body = record().body.replace("order-1", f"order-{number}").replace("message-2", f"message-{number}")
    return record(number=number, body=body, **changes)


def stored() -> list[Letter]:
    return list(rows.letters(Filter(), 100).letters)


def collect(time: Time, times: int = 1) -> None:
    """Collect, as often as each time that what was received is visible again."""
    for _ in range(times):
        collector.handle({})
        time.after(seconds=HIDDEN + 1)


class Failing:
    """Rows that fail: the calls that a test names, each with its error, as often as it says."""

    def __init__(self, running: Runtime, fails: Callable[[str, tuple[Any, ...]], object]) -> None:
        self._views, self._fails = running.views, fails
        running.views = self

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._views, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._fails(name, arguments)
            return method(*arguments, **named)

        return call


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


def test_the_collector_stops_in_time_and_the_next_goes_on(queues: MemoryFailureQueues, time: Time) -> None:
    queues.put(INBOX, *(of_order(number) for number in range(1, 31)))
    calls = [0]

    def left() -> float:
        calls[0] += 1
        return 60.0 - 2 * calls[0]

    with budget.limited(left):
        collector.handle({})
    some = len(stored())
    assert 0 < some < 30
    assert queues.count(INBOX) == 30 - some
    collect(time, times=2)
    assert (len(stored()), queues.count(INBOX)) == (30, 0)


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
    assert expiries() == {int((closed + timedelta(days=90)).timestamp())}
    time.after(minutes=1)
    queues.put(INBOX, record(number=2, system=given_up(time)))
    collect(time)
    assert expiries() == {None}


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


def test_a_new_letter_takes_one_read_and_three_writes(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time
) -> None:
    calls: list[str] = []
    Failing(runtime, lambda call, arguments: calls.append(call))
    collector_module.store(forms.read(*sample("inbox")))
    assert calls == ["get", "put", "put", "put"]


STRANGE: list[Any] = ["\ud800", "x" * 300_000, "", 7, None, {}, "\0", [], {"a": 1}]


def hostile() -> Iterator[str]:
    """Bodies that a careless reader or a store would choke on."""
    content = json.loads(sample("inbox")[1].body)
    for member in ("id", "name", "stream", "correlation_id", "causation_id"):
        for value in STRANGE:
            changed = json.loads(json.dumps(content))
            changed["detail"]["metadata"][member] = value
            yield json.dumps(changed)
    for order in STRANGE:
        changed = json.loads(json.dumps(content))
        changed["detail"]["data"]["order_id"] = order
        yield json.dumps(changed)
    personal = json.loads(sample("personal")[1].body)
    for name in ("\ud800", ["deep"], None, {"name": "Ada"}):
        changed = json.loads(json.dumps(personal))
        changed["detail"]["data"] |= {"name": name, "sms_number": "1", "customer_id": "\ud800"}
        yield json.dumps(changed)
    yield from (
        "[" * 500_000,
        '{"a":' * 200_000,
        "[" * 900 + "]" * 900,
        '{"detail": []}',
        '{"detail": {"metadata": 1, "data": 2}}',
        "null",
        "7",
        '""',
    )
    yield from ('{"topic": "\\ud800"}', '{"topic": "state", "robot": "\\ud800"}', '{"failures": 7}', "x" * 1_048_576)
    yield '{"failures": [7, {"errorMessage": {}, "failedAction": []}], "base64OriginalPayload": 7, "topic": []}'
    yield '{"detail-type": "RobotLeasesDue", "version": "x", "time": {}}'
    yield '{"detail-type": "Scheduled Event", "version": "0", "time": "now"}'


HOSTILE = list(hostile())


@pytest.mark.usefixtures("time")
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_body_is_too_strange_to_be_stored(runtime: Runtime, number: int) -> None:
    for name in ("inbox", "bus_rule", "iot_rule", "sqs_redrive"):
        queue, held = sample(name, body=HOSTILE[number])
        kept = collector_module.store(forms.read(queue, held))
        read = rows.letter(kept.id)
        assert read == kept
        is_completed = any(text in HOSTILE[number] for text in ("Scheduled", "base64OriginalPayload"))
        assert is_completed or (read.body == HOSTILE[number]) is (read.name != "CustomerRegistered")
        assert rows.change(kept.id, lambda letter: letter.after("parked", state=PARKED)).state == PARKED
    for item in runtime.views.items.values():  # type: ignore[attr-defined]  # of rows in memory
        assert item_size(item) <= 400 * 1024
        assert all(len(item[key]["S"].encode()) <= 1024 for key in item if key.endswith(("partition", "sort")))


def test_what_was_stored_is_remembered_without_its_body_which_may_be_a_megabyte_each(
    queues: MemoryFailureQueues,
) -> None:
    queues.put(INBOX, *(of_order(number) for number in range(3)))
    stored = collector_module.drain(QUEUES[INBOX])
    assert [letter.body for letter in stored] == [""] * 3
    assert all(rows.letter(letter.id).body for letter in stored)


def test_a_queue_that_is_never_empty_takes_the_time_of_the_others_in_some_minutes_only(
    queues: MemoryFailureQueues, time: Time
) -> None:
    queues.put(INBOX, *(of_order(number) for number in range(2_000)))
    others = [name for name in QUEUES if name != INBOX]
    for number, name in enumerate(others, start=3_000):
        queues.put(name, record("unreadable", number, body=f"{{ {number}"))
    queues.fails = lambda call, queue: time.after(seconds=4) if queue == INBOX else None
    for _ in QUEUES:
        begun = time.now
        with budget.at_most(60):
            collector.handle({})
        time.now = max(time.now, begun + timedelta(seconds=60))
    assert {name: queues.count(name) for name in others} == dict.fromkeys(others, 0)
    assert queues.count(INBOX) > 0


def test_while_a_queue_is_never_empty_its_new_group_is_counted_and_rings_in_its_first_minute(
    queues: MemoryFailureQueues, time: Time, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "operations")
    monkeypatch.setenv("MALLBOTS_STAGE", "prod")
    queues.put(INBOX, *(of_order(number) for number in range(3_000)))
    queues.fails = lambda call, queue: time.after(seconds=1) if queue == INBOX else None
    with budget.at_most(60):
        collector.handle({})
        assert budget.left() > 0
    assert queues.count(INBOX) > 0
    [group] = groups.every(OPEN)
    assert group.counts == {OPEN: 3_000 - queues.count(INBOX)}
    printed = capsys.readouterr().out
    assert [printed.count(f'"{metric}":') for metric in ("NewLetterGroup", "LetterGroupGrows")] == [1, 1]


def test_a_new_group_rings_though_those_that_are_counted_before_it_take_all_the_time(
    queues: MemoryFailureQueues, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        queues.put(INBOX, of_order(number, attributes={"reason": f"cause {'abc'[number]}", "error": "E"}))
    collector.handle({})
    for number in range(3):
        queues.put(INBOX, of_order(10 + number, attributes={"reason": f"cause {'abc'[number]}", "error": "E"}))
    queues.put(INBOX, of_order(20, attributes={"reason": "a new cause", "error": "E"}))
    count = groups.count_again

    def slow(*given: Any) -> object:
        time.after(seconds=30)
        return count(*given)

    monkeypatch.setattr(groups, "count_again", slow)
    with budget.at_most(60):
        collector.handle({})
    assert "a new cause" in [group.reason for group in groups.every(OPEN)]


DENIED = ClientError({"Error": {"Code": "AccessDeniedException"}}, "ReceiveMessage")


@pytest.mark.parametrize(
    ("error", "rings"),
    [(ConnectionError("no table"), [0, 1, 1]), (TypeError("what a letter was never like"), [1, 1, 1])],
    ids=["by what may pass, from the second time on", "by an error of ours, at once"],
)
def test_a_letter_that_stays_in_its_queue_rings(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time, rung: Rung, error: Exception, rings: list[int]
) -> None:
    """The age of its queue's oldest message leaves it out from the third receive on."""
    broken = [True]

    def fails(call: str, arguments: tuple[Any, ...]) -> None:
        if broken and call == "put":
            raise error

    Failing(runtime, fails)
    queues.put(INBOX, record())
    found = []
    for _ in rings:
        collect(time)
        found.append(rung.times("Errors"))
    assert (found, queues.count(INBOX)) == (rings, 1)
    broken.clear()
    collect(time)
    assert (rung.times("Errors"), queues.count(INBOX)) == (0, 0)


@pytest.mark.parametrize(("error", "rings"), [(DENIED, 1), (ConnectionError("no queue"), 0)], ids=["ours", "passes"])
def test_a_queue_that_may_not_be_received_from_rings_and_one_that_does_not_answer_is_told_by_its_age(
    queues: MemoryFailureQueues, time: Time, rung: Rung, error: Exception, rings: int
) -> None:
    def fails(call: str, queue: str) -> None:
        if queue == INBOX:
            raise error

    queues.fails = fails
    collect(time)
    assert rung.times("Errors") == rings
