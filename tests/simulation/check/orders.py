"""Orders and their lists: a collected order is ready, an empty one is cancelled, an unpaid one expires."""

from collections.abc import Iterator

from tests.simulation.check.baskets import EXPIRES_IN_TIME, SLACK, SWEEPS, duration_setting, first_written, sweeps_after
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit
from tests.simulation.check.sagas import order_status
from tests.simulation.check.violation import Violation

READY = "an order whose list was collected is ready, less the shortages"
NOT_EMPTY = "an order of which nothing was found is cancelled"
LIST_CANCELLED = "the list of an order that has ended is cancelled"
LIST_LOST = "an order whose list was cancelled has ended"
ADDED_UP = "an order and a list have one line for each product, of 999 at most"

MOST_OF_ONE = 999
ENDS = ("OrderCancelled", "OrderRejected", "CancelShoppingList")  # the messages that reach the depot


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Orders that do not match their lists, lists that outlive their orders, and orders that do not expire."""
    yield from _lines(history)
    unpaid = duration_setting(history, "MALLBOTS_ORDER_UNPAID")
    for order_id, commits in history.of_kind("Order"):
        about = {"stream": commits[0].stream}
        own = history.stream("ShoppingList", order_id)
        collected = next((e for commit in own for e in commit.events if e.name == "Completed"), None)
        for text in _readied(commits, collected.data["shortages"] if collected else None):
            yield Violation(READY, text, about)
        if _is_empty(commits):
            yield Violation(NOT_EMPTY, f"the order {order_id} is ready, and nothing of it was found", about)
        ready_at = next((commit.at for commit in commits if "Readied" in commit.event_names()), None)
        yield from _expired(order_id, commits, ready_at, unpaid)
        if not history.is_quiescent:
            continue
        status = order_status(commits)
        if (
            collected
            and status == "approved"
            and not deliveries.misses("ordering", order_id, ["ShoppingListCompleted"])
        ):
            yield Violation(READY, f"the list of the order {order_id} was collected, and it is not ready", about)
        listed = {name for commit in own for name in commit.event_names()}
        is_left = status in ("cancelled", "rejected") and listed and not listed & {"Cancelled", "Completed"}
        if is_left and not deliveries.misses("depot", order_id, ENDS):
            yield Violation(LIST_CANCELLED, f"the order {order_id} is {status}, and its list is still open", about)
        is_lost = status in ("approved", "ready") and "Cancelled" in listed
        if is_lost and not deliveries.misses("ordering", order_id, ["ShoppingListCancelled"]):
            yield Violation(LIST_LOST, f"the list of the order {order_id} was cancelled, and it is {status}", about)
        indexed_at = first_written(history, "ordering/views", "orders", order_id)
        if status == "ready" and unpaid and ready_at is not None and indexed_at is not None:
            due = max(ready_at + unpaid, indexed_at) + SLACK
            if sweeps_after(history, "ordering/inbox", "UnpaidOrdersDue", due) >= SWEEPS:
                text = f"the order {order_id} is unpaid, and was not cancelled in time"
                yield Violation(EXPIRES_IN_TIME, text, about)


def _lines(history: ParsedHistory) -> Iterator[Violation]:
    """Orders and lists that were created with two lines of one product, or with more of it than a pick can name."""
    for kind in ("Order", "ShoppingList"):
        for _, commits in history.of_kind(kind):
            data = commits[0].events[0].data
            stops = [(stop["store_id"], item) for stop in data.get("stops", ()) for item in stop["items"]]
            lines = stops or [(item["store_id"], item) for item in data.get("items", ())]
            products = {(store, item["product_id"]) for store, item in lines}
            if len(products) < len(lines) or any(item["quantity"] > MOST_OF_ONE for _, item in lines):
                text = f"{commits[0].where} has {len(lines)} lines for {len(products)} products, or one above the limit"
                yield Violation(ADDED_UP, text, {"stream": commits[0].stream})


def _readied(commits: list[Commit], shortages: list[dict[str, object]] | None) -> Iterator[str]:
    for event in (event for commit in commits for event in commit.events if event.name == "Readied"):
        if shortages is None:
            yield f"{commits[0].stream} is ready, and its list was not completed"
        elif event.data["shortages"] != shortages:
            yield f"{commits[0].stream} is ready with other shortages than its list has"


def _is_empty(commits: list[Commit]) -> bool:
    """Whether it became ready without any item."""
    ordered = sum(item["quantity"] for item in commits[0].events[0].data["items"])
    events = [event for commit in commits for event in commit.events]
    return any(e.name == "Readied" and ordered <= sum(s["quantity"] for s in e.data["shortages"]) for e in events)


def _expired(order_id: str, commits: list[Commit], ready_at: int | None, unpaid: int | None) -> Iterator[Violation]:
    """Orders that were cancelled as unpaid too early."""
    for commit in commits:
        for event in commit.events:
            is_for_that = event.name == "Cancelled" and "not paid" in event.data["reason"]
            if is_for_that and unpaid and (ready_at is None or commit.at - ready_at < unpaid - SLACK):
                text = f"the order {order_id} was cancelled as unpaid too early"
                yield Violation(EXPIRES_IN_TIME, text, {"stream": commit.stream})
