"""Side effects: one per consumer and message, one request id per text and refund, none without a stored event."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.violation import Violation

ONE_EFFECT = "one effect per consumer and message"
ONE_ID = "one request id per text and refund"
NOTIFIED_ONCE = "a customer is notified once of each stage of an order"
RECORDED = "each side effect is recorded, and each recorded one took place"
REFUNDED_ONCE = "a refund is paid once"
SKIPPED = "a text is skipped for an erased customer or a number that takes none, alone"

UNREACHABLE = ("number unreachable",)  # the fault by which the carrier refuses a number, where it has the text's id
CODE = re.compile(r"(?<![0-9-])[0-9]{6}(?![0-9-])")  # in the text of a one-time code
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


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Messages with two effects, and texts and refunds that do not match the stored events."""
    handled: dict[tuple[str, str], str] = {}
    for commit in history.commits:
        if commit.cause is None:
            continue
        before = handled.setdefault((commit.stream, commit.cause), commit.id)
        if before != commit.id:
            cause = history.messages.get(commit.cause)
            text = f"{cause.name if cause else 'a request'} took effect again: {commit.where}"
            yield Violation(ONE_EFFECT, text, {"stream": commit.stream, "cause": commit.cause})
    yield from _texts(history, deliveries)
    yield from _refunds(history, deliveries)


def _texts(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    recorded: dict[tuple[str, str], list[str]] = defaultdict(list)
    recorded_as_sent: set[str] = set()
    notifications: set[str] = set()
    unreachable = {f["where"] for _, kind, f in history.entries if kind == "fault" and f["name"] in UNREACHABLE}
    for aggregate_id, commits in history.of_kind("Notification"):
        event = commits[0].events[0]
        recorded[event.data["order_id"], event.data["kind"]].append(aggregate_id)
        notifications.add(aggregate_id)
        if event.name == "Sent":
            recorded_as_sent.add(aggregate_id)
        elif not _is_erased(event.data["customer_id"], history) and aggregate_id not in unreachable:
            text = f"the {event.data['kind']} text of the order {event.data['order_id']} was skipped"
            yield Violation(SKIPPED, f"{text}: {event.data['reason']}", {"stream": f"Notification#{aggregate_id}"})
    for (order_id, kind), notification_ids in recorded.items():
        if len(notification_ids) > 1:
            text = f"the order {order_id} has {len(notification_ids)} notifications of the kind {kind}"
            streams = [f"Notification#{notification_id}" for notification_id in notification_ids]
            yield Violation(NOTIFIED_ONCE, text, {"streams": streams})
    notifications |= {aggregate_id for aggregate_id, _ in history.of_kind("CodeText")}
    texts = [effect for _, effect in history.effects if effect["port"] == "texts"]
    yield from _one_id(texts)
    sent_ids = {text["request_id"] for text in texts}
    for aggregate_id in sorted(recorded_as_sent - sent_ids):
        text = f"the notification {aggregate_id} is recorded as sent, and no text has its id"
        yield Violation(RECORDED, text, {"stream": f"Notification#{aggregate_id}"})
    if not history.is_quiescent:
        return
    # A code that has expired meanwhile is not sent again, and so its text is not recorded any more.
    codes = {text["request_id"] for text in texts if CODE.search(text["what"]["text"])}
    for request_id in sorted(sent_ids - notifications - codes):
        if not _has_dead_notification(deliveries):
            yield Violation(RECORDED, f"the text {request_id} was sent and is not recorded", {"request": request_id})
    for order_id, commits in history.of_kind("Order"):
        if deliveries.misses("notifications", order_id, EVENTS):
            continue
        expected = {KINDS[name] for commit in commits for name in commit.event_names() if name in KINDS}
        found = {kind for order, kind in recorded if order == order_id}
        if expected != found:
            text = f"the order {order_id} has the notifications {sorted(found)} instead of {sorted(expected)}"
            yield Violation(NOTIFIED_ONCE, text, {"stream": commits[0].stream})


def _is_erased(customer_id: str, history: ParsedHistory) -> bool:
    return any("Erased" in commit.event_names() for commit in history.stream("Customer", customer_id))


def _has_dead_notification(deliveries: Deliveries) -> bool:
    """Whether notifications has a dead letter: the text of that message may have been sent before it failed."""
    return any(queue.startswith("notifications/") for queue, _ in deliveries.dead_lettered)


def _one_id(effects: list[dict[str, Any]]) -> Iterator[Violation]:
    """Texts that were sent again under another request id."""
    ids: dict[tuple[str, str], str] = {}
    for effect in effects:
        what = effect["what"]
        before = ids.setdefault((what["number"], what["text"]), effect["request_id"])
        if before != effect["request_id"]:
            text = f"the text {what['text']!r} was sent under two request ids"
            yield Violation(ONE_ID, text, {"requests": [before, effect["request_id"]]})


def _refunds(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    requested: dict[str, list[int]] = {}
    made: dict[str, list[int]] = {}
    for payment_id, commits in history.of_kind("Payment"):
        events = [event for commit in commits for event in commit.events]
        requested[payment_id] = [event.data["amount"] for event in events if event.name == "RefundRequested"]
        made[payment_id] = [event.data["amount"] for event in events if event.name == "Refunded"]
    refunds: dict[str, tuple[str, int]] = {}
    paid: dict[str, dict[str, int]] = defaultdict(dict)
    for _, effect in history.effects:
        request_id, what = effect["request_id"], effect["what"]
        if effect["port"] != "provider" or what["call"] != "refund":
            continue
        before = refunds.setdefault(request_id, (what["payment"], what["amount"]))
        if before != (what["payment"], what["amount"]):
            text = f"a refund of {what['amount']} was requested under the request id of another"
            yield Violation(ONE_ID, text, {"request": request_id, "stream": f"Payment#{what['payment']}"})
        paid[what["payment"]][request_id] = what["amount"]
    for payment_id, by_request in paid.items():
        amounts = sorted(by_request.values())
        left = list(requested.get(payment_id, ()))
        for amount in amounts:
            if amount not in left:
                text = f"the provider refunded {amounts} of the payment {payment_id}, and {left} was requested"
                yield Violation(
                    REFUNDED_ONCE, text, {"stream": f"Payment#{payment_id}", "requests": sorted(by_request)}
                )
                break
            left.remove(amount)
    for payment_id, amounts in made.items():
        refunded = sorted(paid.get(payment_id, {}).values())
        too_few = len(refunded) < len(amounts)
        too_many = len(refunded) > len(amounts) and history.is_quiescent
        if too_few or (too_many and not deliveries.misses("payments", payment_id, ["RefundDue"])):
            text = f"the payment {payment_id} has the refunds {amounts} recorded, and the provider paid {refunded}"
            yield Violation(RECORDED, text, {"stream": f"Payment#{payment_id}"})
