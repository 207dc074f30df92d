"""An order comes to its end by what becomes of its list: collected it is ready, without anything found it is over."""

from collections.abc import Iterator

from tests.simulation.check.baskets import IN_TIME, SLACK, SWEEPS, shown, swept, untouched_for
from tests.simulation.check.delivery import Ways
from tests.simulation.check.parsed_history import Reading
from tests.simulation.check.records import Commit
from tests.simulation.check.sagas import order_status
from tests.simulation.check.violation import Violation

READY = "an order whose list was collected is ready, less what was short"
SOMETHING = "an order of which nothing was found is cancelled"
OVER = "nothing is collected for an order that has ended"

ENDS = ("OrderCancelled", "OrderRejected", "CancelShoppingList")  # what the depot hears of


def violations(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """Orders that do not go by their lists, lists that do not go by their orders, and orders that nobody ends."""
    unpaid = untouched_for(reading, "MALLBOTS_ORDER_UNPAID")
    for order_id, commits in reading.of_kind("Order"):
        about = {"stream": commits[0].stream}
        own = reading.stream("ShoppingList", order_id)
        collected = next((e for commit in own for e in commit.events if e.name == "Completed"), None)
        for text in _readied(commits, collected.data["shortages"] if collected else None):
            yield Violation(READY, text, about)
        if _is_empty(commits):
            yield Violation(SOMETHING, f"the order {order_id} is ready, and nothing of it was found", about)
        ready_at = next((commit.at for commit in commits if "Readied" in commit.names()), None)
        yield from _expired(order_id, commits, ready_at, unpaid)
        if not reading.is_still:
            continue
        status = order_status(commits)
        if collected and status == "approved" and not ways.misses("ordering", order_id, ["ShoppingListCompleted"]):
            yield Violation(READY, f"the list of the order {order_id} was collected, and it is not ready", about)
        listed = {name for commit in own for name in commit.names()}
        is_left = status in ("cancelled", "rejected") and listed and not listed & {"Cancelled", "Completed"}
        if is_left and not ways.misses("depot", order_id, ENDS):
            yield Violation(OVER, f"the order {order_id} is {status}, and its list is still to be collected", about)
        shown_at = shown(reading, "ordering/views", "orders", order_id)
        if status == "ready" and unpaid and ready_at is not None and shown_at is not None:
            due = max(ready_at + unpaid, shown_at) + SLACK
            if swept(reading, "ordering/inbox", "UnpaidOrdersDue", due) >= SWEEPS:
                text = f"the order {order_id} is not paid, and was not called off when it was time"
                yield Violation(IN_TIME, text, about)


def _readied(commits: list[Commit], shortages: list[dict[str, object]] | None) -> Iterator[str]:
    for event in (event for commit in commits for event in commit.events if event.name == "Readied"):
        if shortages is None:
            yield f"{commits[0].stream} is ready, and its list was not completed"
        elif event.data["shortages"] != shortages:
            yield f"{commits[0].stream} is ready with other shortages than its list has"


def _is_empty(commits: list[Commit]) -> bool:
    """Whether it was made ready with nothing in it."""
    ordered = sum(item["quantity"] for item in commits[0].events[0].data["items"])
    events = [event for commit in commits for event in commit.events]
    return any(e.name == "Readied" and ordered <= sum(s["quantity"] for s in e.data["shortages"]) for e in events)


def _expired(order_id: str, commits: list[Commit], ready_at: int | None, unpaid: int | None) -> Iterator[Violation]:
    """Called off for want of payment before its time."""
    for commit in commits:
        for event in commit.events:
            is_for_that = event.name == "Cancelled" and "not paid" in event.data["reason"]
            if is_for_that and unpaid and (ready_at is None or commit.at - ready_at < unpaid - SLACK):
                text = f"the order {order_id} was called off as unpaid before its time"
                yield Violation(IN_TIME, text, {"stream": commit.stream})
