"""Broken histories of sagas and their outages, each with the invariant that it violates."""

import json
from collections.abc import Callable
from typing import Any

from tests.simulation.check import (
    outages,
    sagas,
)
from tests.simulation.check.parsed_history import SECOND
from tests.simulation.history_builder import Case, HistoryBuilder

SAGA = '"CreateOrderSaga#o"'


def edit(history: HistoryBuilder, *words: str, change: Callable[[list[Any]], object], part: str = "events") -> None:
    """Change the events or messages of the first commit of the saga that contains all these words."""
    item = history.fields("commit", SAGA, *words)["item"]
    content = json.loads(item[part]["S"])
    change(content)
    item[part] = {"S": json.dumps(content)}


def initiated_before_all_three(history: HistoryBuilder) -> None:
    history.drop("commit", SAGA, '"StepAnswered", 1, {"step": 2}')


def approved_before_it_was_initiated(history: HistoryBuilder) -> None:
    edit(history, '"StepAnswered", 1, {"step": 4}', change=lambda events: events.pop(0))


def another_answer_taken(history: HistoryBuilder) -> None:
    fields = history.fields("commit", SAGA, '"StepAnswered", 1, {"step": 2}')
    fields["item"]["causation_id"] = {"S": "Order#o/1/OrderCreated"}


def late_answer_taken(history: HistoryBuilder) -> None:
    """An answer to a step that was asked counts after the saga has turned round."""
    item = history.fields("commit", SAGA, '"StepAnswered", 1, {"step": 2}')["item"]
    position = history.find("commit", SAGA, "TurnedRound")
    history.drop("commit", SAGA, '"StepAnswered", 1, {"step": 2}')
    later, history.entries = history.entries[position:], history.entries[:position]
    history.commit("CreateOrderSaga#o", ("StepAnswered", {"step": 2}), cause=item["cause"]["S"])
    history.entries += later


def answer_lost(history: HistoryBuilder) -> None:
    """Of two answers at once the saga took one."""
    history.drop("commit", SAGA, '"StepAnswered", 1, {"step": 2}')


def no_command(history: HistoryBuilder) -> None:
    edit(history, "Started", change=lambda messages: messages.pop(1), part="messages")


def no_watch(history: HistoryBuilder) -> None:
    edit(history, "Started", change=lambda events: events.pop())


def watch_that_ends_too_late(history: HistoryBuilder) -> None:
    edit(history, "Started", change=lambda messages: messages[-1].update(delay=600), part="messages")


def begun_without_a_mark(history: HistoryBuilder) -> None:
    history.entries.pop(history.find("row", '"running"', "mark#o"))


def watch_ignored(history: HistoryBuilder) -> None:
    until = history.time(60)
    ends = "SagaWatchEnds", {"order_id": "x", "until": until}, 60
    history.commit("CreateOrderSaga#x", ("WatchSet", {"until": until}), timers=[ends])
    history.deliver_timers()


def due_too_early(history: HistoryBuilder) -> None:
    edit(history, "Started", change=lambda events: events[2][2].update(due=history.time(-3_600)))


def retried_before_it_was_due(history: HistoryBuilder) -> None:
    edit(history, "TurnedRound", change=lambda events: events[1][2].update(due=history.time(3_600 * 24)))


def saga_without_end(history: HistoryBuilder) -> None:
    history.drop("commit", '"CreateOrderSaga#o"', '"Completed"')


def no_saga(history: HistoryBuilder) -> None:
    while any(kind == "commit" and "CreateOrderSaga" in json.dumps(f) for _, kind, f in history.entries):
        history.drop("commit", "CreateOrderSaga")


def both_ends(history: HistoryBuilder) -> None:
    history.commit("CreateOrderSaga#o", ("Compensated", {"at": ""}))


def compensation_left_out(history: HistoryBuilder) -> None:
    edit(history, '"Undone", 1, {"step": 0}', change=lambda events: events.pop(0))


def sent_step_not_undone(history: HistoryBuilder) -> None:
    edit(history, "Compensated", change=lambda events: events.pop(0))


def ended_too_late(history: HistoryBuilder) -> None:
    position = history.find("commit", '"CreateOrderSaga#o"', '"Compensated"')
    later = history.entries[position:]
    history.entries[position:] = [(at + 4000 * SECOND, kind, fields) for at, kind, fields in later]


def not_as_its_order(history: HistoryBuilder) -> None:
    history.drop("commit", '"Order#o"', '"Rejected"')


def list_not_cancelled(history: HistoryBuilder) -> None:
    history.drop("commit", '"ShoppingList#o"', '"Cancelled"')


def with_an_outage(history: HistoryBuilder) -> None:
    history.record("away", name="bus away", target="bus")
    history.record("back", name="bus away", target="bus")


def given_up_after_an_outage(history: HistoryBuilder) -> None:
    with_an_outage(history)
    history.record("dead", queue="ordering/relay/failures", message="d", body="{}", reason={}, by="relay")


def in_progress_for_hours(history: HistoryBuilder) -> None:
    with_an_outage(history)
    history.record("quiet")
    history.wait(4_000)
    history.record("deed", who="nobody", what="nothing")


def parked_after_a_minute(history: HistoryBuilder) -> None:
    begun = history.entries[history.find("commit", '"CreateOrderSaga#o"', "TurnedRound")][0]
    position = history.find("commit", '"CreateOrderSaga#o"', '"Parked"')
    history.entries[position] = (begun + 60 * SECOND, *history.entries[position][1:])


def parked_for_ever(history: HistoryBuilder) -> None:
    for words in ("Resumed", '"Undone", 1, {"step": 0}', '"Undone", 1, {"step": 3}', "Compensated"):
        history.drop("commit", SAGA, words)


def resumed_at_its_first_try(history: HistoryBuilder) -> None:
    history.replace("commit", ('"CreateOrderSaga#o"', "Resumed"), '"attempt": 9', '"attempt": 1')


CASES: list[Case] = [
    ("completed", initiated_before_all_three, sagas.STAGES_IN_ORDER),
    ("completed", approved_before_it_was_initiated, sagas.STAGES_IN_ORDER),
    ("completed", another_answer_taken, sagas.AWAITED_ANSWER),
    ("refused", late_answer_taken, sagas.AWAITED_ANSWER),
    ("refused", answer_lost, sagas.ANSWER_COUNTS),
    ("completed", no_command, sagas.COMMAND_SENT),
    ("completed", no_watch, sagas.WATCHED),
    ("completed", watch_that_ends_too_late, sagas.WATCHED),
    ("completed", begun_without_a_mark, sagas.MARKED),
    ("completed", watch_ignored, sagas.WATCH_HANDLED),
    ("completed", due_too_early, sagas.IN_TIME),
    ("parked", retried_before_it_was_due, sagas.IN_TIME),
    ("completed", saga_without_end, sagas.ENDS),
    ("completed", no_saga, sagas.ENDS),
    ("completed", both_ends, sagas.ONE_END),
    ("refused", compensation_left_out, sagas.ALL_UNDONE),
    ("refused", sent_step_not_undone, sagas.ALL_UNDONE),
    ("refused", ended_too_late, sagas.ENDS),
    ("parked", parked_for_ever, sagas.ENDS),
    ("parked", resumed_at_its_first_try, sagas.IN_TIME),
    ("parked", parked_after_a_minute, sagas.PARKED_LATE),
    ("parked", with_an_outage, outages.NO_HAND),
    ("completed", given_up_after_an_outage, outages.NO_HAND),
    ("completed", in_progress_for_hours, outages.SETTLED),
    ("refused", not_as_its_order, sagas.AS_ITS_ORDER),
    ("refused", list_not_cancelled, sagas.COMPENSATED),
]
