"""One effect for each consumer and message; one request id for each text and refund, and none that nobody asked for."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.simulation.check.delivery import Ways
from tests.simulation.check.parsed_history import Reading
from tests.simulation.check.violation import Violation

ONE_EFFECT = "one effect for each consumer and message"
ONE_ID = "one request id for each text and refund"
TOLD = "a customer is told once of each stage of an order"
RECORDED = "what went out is recorded, and what is recorded went out"
PAID_BACK = "a refund is paid once"

KINDS = {
    "Created": "received",
    "Approved": "approved",
    "Readied": "ready_for_pickup",
    "Cancelled": "cancelled",
    "NothingFound": "cancelled",
    "Rejected": "rejected",
    "Completed": "completed",
}
EVENTS = {"OrderCreated", "OrderApproved", "OrderReadied", "OrderCancelled", "OrderRejected", "OrderCompleted"}


def violations(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """What one message did twice, and what went out otherwise than the stored history says."""
    handled: dict[tuple[str, str], str] = {}
    for commit in reading.commits:
        if commit.cause is None:
            continue
        before = handled.setdefault((commit.stream, commit.cause), commit.id)
        if before != commit.id:
            cause = reading.messages.get(commit.cause)
            text = f"{cause.name if cause else 'a request'} changed {commit.where} once more"
            yield Violation(ONE_EFFECT, text, {"stream": commit.stream, "cause": commit.cause})
    yield from _texts(reading, ways)
    yield from _refunds(reading, ways)


def _texts(reading: Reading, ways: Ways) -> Iterator[Violation]:
    recorded: dict[tuple[str, str], list[str]] = defaultdict(list)
    sent: set[str] = set()
    ids: set[str] = set()
    for thing, commits in reading.of_kind("Notification"):
        event = commits[0].events[0]
        recorded[event.data["order_id"], event.data["kind"]].append(thing)
        ids.add(thing)
        if event.name == "Sent":
            sent.add(thing)
    for (order_id, kind), things in recorded.items():
        if len(things) > 1:
            text = f"of the order {order_id} there are {len(things)} notifications that it was {kind}"
            yield Violation(TOLD, text, {"streams": [f"Notification#{thing}" for thing in things]})
    texts = [effect for _, effect in reading.effects if effect["port"] == "texts"]
    yield from _one_id(texts)
    went_out = {text["request_id"] for text in texts}
    for thing in sorted(sent - went_out):
        text = f"the notification {thing} is recorded as sent, and no text went out with its id"
        yield Violation(RECORDED, text, {"stream": f"Notification#{thing}"})
    if not reading.is_still:
        return
    for request_id in sorted(went_out - ids):
        if not _dead_notification(ways):
            yield Violation(RECORDED, f"a text went out and is not recorded: {request_id}", {"request": request_id})
    for order_id, commits in reading.of_kind("Order"):
        if ways.misses("notifications", order_id, EVENTS):
            continue
        expected = {KINDS[name] for commit in commits for name in commit.names() if name in KINDS}
        found = {kind for order, kind in recorded if order == order_id}
        if expected != found:
            text = f"of the order {order_id} a customer was to be told {sorted(expected)}, and was told {sorted(found)}"
            yield Violation(TOLD, text, {"stream": commits[0].stream})


def _dead_notification(ways: Ways) -> bool:
    """Whether an order's event lies with the dead letters of notifications, after its text went out perhaps."""
    return any(queue.startswith("notifications/") for queue, _ in ways.in_trouble)


def _one_id(effects: list[dict[str, Any]]) -> Iterator[Violation]:
    """The same text has one id."""
    ids: dict[tuple[str, str], str] = {}
    for effect in effects:
        what = effect["what"]
        before = ids.setdefault((what["number"], what["text"]), effect["request_id"])
        if before != effect["request_id"]:
            text = f"the text {what['text']!r} went out with two request ids"
            yield Violation(ONE_ID, text, {"requests": [before, effect["request_id"]]})


def _refunds(reading: Reading, ways: Ways) -> Iterator[Violation]:
    requested: dict[str, list[int]] = {}
    made: dict[str, list[int]] = {}
    for payment_id, commits in reading.of_kind("Payment"):
        events = [event for commit in commits for event in commit.events]
        requested[payment_id] = [event.data["amount"] for event in events if event.name == "RefundRequested"]
        made[payment_id] = [event.data["amount"] for event in events if event.name == "Refunded"]
    asked: dict[str, tuple[str, int]] = {}
    paid: dict[str, dict[str, int]] = defaultdict(dict)
    for _, effect in reading.effects:
        if effect["port"] != "provider":
            continue
        request_id, what = effect["request_id"], effect["what"]
        before = asked.setdefault(request_id, (what["payment"], what["amount"]))
        if before != (what["payment"], what["amount"]):
            text = f"a refund of {what['amount']} was asked for with the request id of another"
            yield Violation(ONE_ID, text, {"request": request_id, "stream": f"Payment#{what['payment']}"})
        if what.get("paid", True):
            paid[what["payment"]][request_id] = what["amount"]
    for payment_id, by_request in paid.items():
        amounts = sorted(by_request.values())
        left = list(requested.get(payment_id, ()))
        for amount in amounts:
            if amount not in left:
                text = f"the provider paid {amounts} of the payment {payment_id} back, and {left} was requested"
                yield Violation(PAID_BACK, text, {"stream": f"Payment#{payment_id}", "requests": sorted(by_request)})
                break
            left.remove(amount)
    for payment_id, amounts in made.items():
        went_out = sorted(paid.get(payment_id, {}).values())
        short = len(went_out) < len(amounts)
        unknown = (
            reading.is_still and len(went_out) > len(amounts) and not ways.misses("payments", payment_id, ["RefundDue"])
        )
        if short or unknown:
            text = f"of the payment {payment_id} refunds of {amounts} are recorded, and the provider paid {went_out}"
            yield Violation(RECORDED, text, {"stream": f"Payment#{payment_id}"})
