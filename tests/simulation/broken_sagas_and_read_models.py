"""What may be wrong with robots, sagas, read models and waiting messages, each with the promise that it breaks."""

import json

from tests.simulation.broken_history import Case, Told
from tests.simulation.check import failures, poison, projections, published_state, robots, sagas
from tests.simulation.check.parsed_history import SECOND


def two_lists_for_one_robot(told: Told) -> None:
    stops = [{"store_id": "s", "items": [{"product_id": "cable", "quantity": 1}]}]
    place = told.find("commit", '"Bot#r", 3') + 1
    behind, told.tale.notes = told.tale.notes[place:], told.tale.notes[:place]
    created, assigned = {"order_id": "x", "stops": stops}, {"bot_id": "r", "assignment": 1}
    told.tale.commit("ShoppingList#x", ("Created", created), ("Initiated", {}), ("Assigned", assigned))
    told.tale.notes += behind


def assigned_alone(told: Told) -> None:
    told.drop("commit", '"Bot#r", 3')


def number_left_out(told: Told) -> None:
    told.replace("commit", ('"ShoppingList#o", 3',), '"assignment": 1', '"assignment": 2')


def picked_too_many(told: Told) -> None:
    told.replace("commit", ('"ShoppingList#o", 5',), '"quantity": 2', '"quantity": 4')


def short_of_too_many(told: Told) -> None:
    told.replace("commit", ('"Order#o", 4',), '"quantity": 1', '"quantity": 4')


def a_list_left_waiting(told: Told) -> None:
    created = {"order_id": "x", "stops": []}
    told.tale.commit("ShoppingList#x", ("Created", created), ("Initiated", {}))


def step_left_out(told: Told) -> None:
    told.replace("commit", ('"CreateOrderSaga#o", 4',), '"step": 2', '"step": 3')


def wrong_answer_taken(told: Told) -> None:
    fields = told.fields("commit", '"CreateOrderSaga#o", 4')
    fields["item"]["causation_id"] = {"S": "Order#o/1/OrderCreated"}


def no_reminder(told: Told) -> None:
    item = told.fields("commit", '"CreateOrderSaga#o", 4')["item"]
    item["messages"] = {"S": json.dumps(json.loads(item["messages"]["S"])[:1])}


def saga_without_end(told: Told) -> None:
    told.drop("commit", '"CreateOrderSaga#o"', '"Completed"')


def no_saga(told: Told) -> None:
    while any(kind == "commit" and "CreateOrderSaga" in json.dumps(f) for _, kind, f in told.tale.notes):
        told.drop("commit", "CreateOrderSaga")


def both_ends(told: Told) -> None:
    told.tale.commit("CreateOrderSaga#o", ("Compensated", {"at": ""}))


def compensation_left_out(told: Told) -> None:
    told.replace("commit", ('"CreateOrderSaga#o"', '"step": 3', "Undone"), '["Undone", 1, {"step": 0}], ', "")


def ended_too_late(told: Told) -> None:
    place = told.find("commit", '"CreateOrderSaga#o"', '"Compensated"')
    behind = told.tale.notes[place:]
    told.tale.notes[place:] = [(at + 4000 * SECOND, kind, fields) for at, kind, fields in behind]


def not_as_its_order(told: Told) -> None:
    told.drop("commit", '"Order#o"', '"Rejected"')


def list_not_cancelled(told: Told) -> None:
    told.drop("commit", '"ShoppingList#o"', '"Cancelled"')


def row_goes_back(told: Told) -> None:
    told.tale.row("search/views", "orders", "o", 2, {})


def row_comes_back(told: Told) -> None:
    told.tale.row("search/views", "customers", "c", 1, {}, deleted="true")
    told.tale.row("search/views", "customers", "c", 2, {"name": "C"})


def counter_goes_back(told: Told) -> None:
    told.tale.count("funnel", "2026-01-05T09 stages all 0", checked_out=-1)


def row_of_another_state(told: Told) -> None:
    told.tale.row("depot/views", "lists", "o", 99, {"status": "pending"})


def row_missing(told: Told) -> None:
    del told.tale.tables["search/views"]["orders", "o"]


def counted_twice(told: Told) -> None:
    told.tale.count("funnel", "2026-01-05T09 stages all 0", ready=1)


def sold_twice(told: Told) -> None:
    told.tale.count("sales", "2026-01-05T09 mall all 0", orders=1, items=2, revenue=2000)


def saga_listed_as_running(told: Told) -> None:
    told.tale.row("checkout/views", "saga#o", "saga", 99, {"status": "running"})


def basket_found_for_ever(told: Told) -> None:
    told.tale.row("baskets/views", "baskets", "o", 99, {"basket_id": "o"}, untouched_partition="open")


def kept_waiting(told: Told) -> None:
    message = told.fields("sent", "search/inbox", "OrderCompleted")["message"]
    at, kind, fields = told.tale.notes.pop(told.find("deleted", message + '"'))
    told.tale.notes.append((at + 3600 * SECOND, kind, fields))


def failed_at_a_message(told: Told, *, struck: bool = False) -> None:
    """struck: whether a call of the container was refused meanwhile."""
    told.tale.note("invocation", container="search/inbox-1", function="search/inbox", cause=["message-1", "message-2"])
    if struck:
        told.tale.note("fault", number=1, name="throttle", where="search/inbox-1 PutItem search/views")
    told.tale.note("ended", container="search/inbox-1", function="search/inbox", how="ok", failures=["message-1"])


def parked_for_ever(told: Told) -> None:
    for words in ("Resumed", '"Undone", 1, {"step": 0}', '"Undone", 1, {"step": 3}', "Compensated"):
        told.drop("commit", '"CreateOrderSaga#o"', words)


def resumed_at_its_first_try(told: Told) -> None:
    told.replace("commit", ('"CreateOrderSaga#o"', "Resumed"), '"attempt": 9', '"attempt": 1')


def a_list_left_waiting_for_a_minute(told: Told) -> None:
    a_list_left_waiting(told)
    told.tale.wait(60)
    told.tale.commit("ShoppingList#x", ("Cancelled", {"order_id": "x"}))


def told_as_it_was_before(told: Told) -> None:
    told.replace("commit", ('"ShoppingList#o", 5',), '"picked": 2', '"picked": 0', part="messages")


CASES: list[Case] = [
    ("completed", two_lists_for_one_robot, robots.ONE_ROBOT),
    ("completed", assigned_alone, robots.ONE_ROBOT),
    ("completed", number_left_out, robots.NUMBERED),
    ("completed", picked_too_many, robots.NO_MORE),
    ("completed", short_of_too_many, robots.NO_MORE),
    ("completed", a_list_left_waiting, robots.NO_WAIT),
    ("completed", a_list_left_waiting_for_a_minute, robots.NO_WAIT),
    ("completed", step_left_out, sagas.IN_TURN),
    ("completed", wrong_answer_taken, sagas.HEARS),
    ("completed", no_reminder, sagas.ASKS),
    ("completed", saga_without_end, sagas.ENDS),
    ("completed", no_saga, sagas.ENDS),
    ("completed", both_ends, sagas.ONE_END),
    ("refused", compensation_left_out, sagas.IN_TURN),
    ("refused", ended_too_late, sagas.ENDS),
    ("parked", parked_for_ever, sagas.ENDS),
    ("parked", resumed_at_its_first_try, sagas.IN_TURN),
    ("refused", not_as_its_order, sagas.AS_ITS_ORDER),
    ("refused", list_not_cancelled, sagas.UNDONE),
    ("completed", row_goes_back, projections.NEVER_BACK),
    ("completed", row_comes_back, projections.NEVER_BACK),
    ("completed", counter_goes_back, projections.NEVER_BACK),
    ("completed", row_of_another_state, projections.REBUILT),
    ("completed", row_missing, projections.REBUILT),
    ("completed", counted_twice, projections.COUNTED),
    ("completed", sold_twice, projections.COUNTED),
    ("completed", saga_listed_as_running, projections.REBUILT),
    ("completed", basket_found_for_ever, projections.REBUILT),
    ("completed", kept_waiting, poison.BOUNDED),
    ("completed", failed_at_a_message, failures.CAUSED),
    ("completed", told_as_it_was_before, published_state.SAYS),
]
