"""Broken histories of robots, sagas, read models and failures, each with the invariant that it violates."""

import json
from collections.abc import Callable
from typing import Any

from tests.simulation.check import (
    failures,
    lists,
    loops,
    outages,
    poison,
    projections,
    published_state,
    robots,
    sagas,
    stages,
)
from tests.simulation.check.parsed_history import SECOND
from tests.simulation.history_builder import Case, HistoryBuilder


def two_lists_for_one_robot(history: HistoryBuilder) -> None:
    stops = [{"store_id": "s", "items": [{"product_id": "cable", "quantity": 1}]}]
    position = history.find("commit", '"Bot#r", 3') + 1
    later, history.entries = history.entries[position:], history.entries[:position]
    created, assigned = {"order_id": "x", "stops": stops}, {"bot_id": "r", "assignment": 1}
    history.commit("ShoppingList#x", ("Created", created), ("Initiated", {}), ("Assigned", assigned))
    history.entries += later


def assigned_alone(history: HistoryBuilder) -> None:
    history.drop("commit", '"Bot#r", 3')


def assignment_number_left_out(history: HistoryBuilder) -> None:
    history.replace("commit", ('"ShoppingList#o", 3',), '"assignment": 1', '"assignment": 2')


def picked_too_many(history: HistoryBuilder) -> None:
    history.replace("commit", ('"ShoppingList#o", 5',), '"quantity": 2', '"quantity": 4')


def short_of_too_many(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Order#o", 4',), '"quantity": 1', '"quantity": 4')


def a_list_left_waiting(history: HistoryBuilder) -> None:
    created = {"order_id": "x", "stops": []}
    history.commit("ShoppingList#x", ("Created", created), ("Initiated", {}))


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


def row_goes_back(history: HistoryBuilder) -> None:
    history.write_row("search/views", "orders", "o", 2, {})


def row_comes_back(history: HistoryBuilder) -> None:
    history.write_row("search/views", "customers", "c", 1, {}, deleted="true")
    history.write_row("search/views", "customers", "c", 2, {"name": "C"})


def row_of_another_state(history: HistoryBuilder) -> None:
    history.write_row("depot/views", "lists", "o", 99, {"status": "pending"})


def row_missing(history: HistoryBuilder) -> None:
    del history.tables["search/views"]["orders", "o"]


def counted_twice(history: HistoryBuilder) -> None:
    history.reach("ready", {}, time="2026-01-05T09:00:01.000000Z")


def counted_in_another_hour(history: HistoryBuilder) -> None:
    history.reach("ready", {}, id="x", hour="2026-01-05T10")


def stage_not_counted(history: HistoryBuilder) -> None:
    [key] = [key for key in history.tables["insights/views"] if key[1].endswith(" ready o")]
    del history.tables["insights/views"][key]
    history.add("reached", key[1], {"ready": [-1, 0, 0, 0]})


def waited_for_another_time(history: HistoryBuilder) -> None:
    history.reach("ready", {"waited": 1})


def row_hidden_by_a_sum(history: HistoryBuilder) -> None:
    history.add("reached", "2026-01-05T09:00", {"approved": [-1, 0, 0, 0]})


def sold_twice(history: HistoryBuilder) -> None:
    history.add("sold", "2026-01-05T09:00", {"mall": [1, 2, 2000]})


def late_for_ever(history: HistoryBuilder) -> None:
    history.write_row("insights/views", "late 0", "2026-01-05T09:00 3", 1, {})


def never_summed_up(history: HistoryBuilder) -> None:
    history.write_row("insights/views", "sums", "summed", 2, {"until": "2026-01-05T09:00"})


def saga_listed_as_running(history: HistoryBuilder) -> None:
    history.write_row("checkout/views", "sagas", "o", 99, {"status": "running"})


def saga_marked_for_ever(history: HistoryBuilder) -> None:
    history.write_row("checkout/views", "running", f"{history.time()}#o", 99, {"order_id": "o"})


def marked_without_a_saga(history: HistoryBuilder) -> None:
    history.write_row("checkout/views", "running", f"{history.time()}#x", 1, {"order_id": "x"})


def running_without_a_mark(history: HistoryBuilder) -> None:
    history.drop("commit", SAGA, '"Completed"')


def missing_from_the_list_of_sagas(history: HistoryBuilder) -> None:
    history.wait(60)
    history.request("GET", "/api/checkout/sagas?limit=1")
    history.respond(body={"sagas": []})


def basket_indexed_for_ever(history: HistoryBuilder) -> None:
    history.write_row("baskets/views", "baskets", "o", 99, {"basket_id": "o"}, untouched_partition="open")


def handled_too_late(history: HistoryBuilder) -> None:
    message = history.fields("sent", "search/inbox", "OrderCompleted")["message"]
    at, kind, fields = history.entries.pop(history.find("deleted", message + '"'))
    history.entries.append((at + 3600 * SECOND, kind, fields))


def failing_in_turn(history: HistoryBuilder) -> None:
    message = history.fields("sent", "depot/dispatcher", "ShoppingListAvailable")["message"]
    for _ in range(10):
        history.record("invocation", container="d", function="depot/dispatcher", cause=[message])
        history.record("ended", container="d", function="depot/dispatcher", how="ok", failures=[message])


def failed_at_a_message(history: HistoryBuilder, *, struck: bool = False) -> None:
    """struck: whether a fault refused a call of the container meanwhile."""
    history.record("invocation", container="search/inbox-1", function="search/inbox", cause=["message-1", "message-2"])
    if struck:
        history.record("fault", number=1, name="throttle", where="search/inbox-1 PutItem search/views")
    history.record("ended", container="search/inbox-1", function="search/inbox", how="ok", failures=["message-1"])


def timed_out_without_a_reason(history: HistoryBuilder) -> None:
    history.record("invocation", container="search/inbox-1", function="search/inbox", cause=["message-1"])
    history.record("refused", where="search/inbox-1 PutItem search/views", retried=True)
    history.record("ended", container="search/inbox-1", function="search/inbox", how="timeout", failures=[])


def answered_with_500(history: HistoryBuilder) -> None:
    history.request("PUT", "/api/baskets/y/checkout", key="late")
    history.record("refused", where="api PutItem baskets/events", retried=True)
    history.respond(status=500)


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


def a_list_left_waiting_for_a_minute(history: HistoryBuilder) -> None:
    a_list_left_waiting(history)
    history.wait(60)
    history.commit("ShoppingList#x", ("Cancelled", {"order_id": "x"}))


def published_as_it_was_before(history: HistoryBuilder) -> None:
    history.replace("commit", ('"ShoppingList#o", 5',), '"picked": 2', '"picked": 0', part="messages")


def stopped_as_a_loop(history: HistoryBuilder) -> None:
    history.record("loop", function="depot/inbox", cause=["message-1"])


CASES: list[Case] = [
    ("completed", two_lists_for_one_robot, robots.ONE_ROBOT),
    ("completed", assigned_alone, robots.ONE_ROBOT),
    ("completed", assignment_number_left_out, robots.NEXT_NUMBER),
    ("completed", picked_too_many, robots.AT_MOST_LISTED),
    ("completed", short_of_too_many, robots.AT_MOST_LISTED),
    ("completed", a_list_left_waiting, robots.NO_WAIT),
    ("completed", a_list_left_waiting_for_a_minute, robots.NO_WAIT),
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
    ("completed", row_goes_back, projections.NEVER_BACK),
    ("completed", row_comes_back, projections.NEVER_BACK),
    ("completed", row_of_another_state, projections.REBUILT),
    ("completed", row_missing, projections.REBUILT),
    ("completed", counted_twice, stages.COUNTED),
    ("completed", counted_in_another_hour, stages.COUNTED),
    ("completed", stage_not_counted, stages.COUNTED),
    ("completed", waited_for_another_time, stages.COUNTED),
    ("completed", row_hidden_by_a_sum, stages.SUMMED),
    ("completed", sold_twice, stages.SUMMED),
    ("completed", late_for_ever, stages.ALL_SUMMED),
    ("completed", never_summed_up, stages.ALL_SUMMED),
    ("completed", saga_listed_as_running, projections.REBUILT),
    ("completed", saga_marked_for_ever, projections.REBUILT),
    ("completed", marked_without_a_saga, projections.REBUILT),
    ("completed", running_without_a_mark, projections.REBUILT),
    ("completed", missing_from_the_list_of_sagas, lists.NOTHING_MISSING),
    ("completed", basket_indexed_for_ever, projections.REBUILT),
    ("completed", handled_too_late, poison.BOUNDED),
    ("completed", failing_in_turn, poison.IN_TURN),
    ("completed", stopped_as_a_loop, loops.NO_LOOP),
    ("completed", failed_at_a_message, failures.CAUSED),
    ("completed", timed_out_without_a_reason, failures.ENDS_ITSELF),
    ("completed", answered_with_500, failures.UNAVAILABLE),
    ("completed", published_as_it_was_before, published_state.PUBLISHED_STATE),
]
