"""Broken histories of robots, read models and failures, each with the invariant that it violates."""

from tests.simulation.check import (
    failures,
    lists,
    loops,
    poison,
    projections,
    published_state,
    robots,
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
