"""The state machine of each aggregate: which event may follow which, taken from the domain's rules."""

import re
from collections.abc import Iterator

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit
from tests.simulation.check.violation import Violation

LEGAL = "each transition is legal"
NOT_NEGATIVE = "no amount or quantity is negative"
WITHIN_NUMBERS = "no amount reaches 2^53 cents, where a number of JSON loses some"

Machine = dict[str, dict[str, str]]  # state → event → the next state; a stream begins in ""

STORE: Machine = {
    "": {"Created": "apart"},
    "apart": {"ParticipationToggled": "participating", "Rebranded": "apart"},
    "participating": {"ParticipationToggled": "apart", "Rebranded": "participating"},
}
PRODUCT: Machine = {
    "": {"Added": "sold"},
    "sold": {"Relabelled": "sold", "PriceChanged": "sold", "Removed": "removed"},
    "removed": {},
}
CUSTOMER: Machine = {
    "": {"Registered": "enabled"},
    "enabled": {"Disabled": "disabled", "SmsChanged": "enabled", "LanguageChanged": "enabled", "Erased": "erased"},
    "disabled": {"Enabled": "enabled", "SmsChanged": "disabled", "LanguageChanged": "disabled", "Erased": "erased"},
    "erased": {},
}
BASKET: Machine = {
    "": {"Started": "open"},
    "open": {
        "ItemAdded": "open",
        "ItemRemoved": "open",
        "Cancelled": "cancelled",
        "CheckedOut": "checked out",
        "Abandoned": "abandoned",
    },
    "cancelled": {},
    "checked out": {},
    "abandoned": {},
}
ORDER: Machine = {
    "": {"Created": "pending"},
    "pending": {
        "Approved": "approved",
        "Rejected": "rejected",
        "Cancelled": "cancelled",
        "CollectedEarly": "pending",
        "ListLost": "pending",
    },
    "approved": {
        "Readied": "ready",
        "NothingFound": "cancelled",
        "Paid": "approved and paid",
        "Cancelled": "cancelled",
    },
    "approved and paid": {"Readied": "ready and paid", "NothingFound": "cancelled", "Cancelled": "cancelled"},
    "ready": {"Paid": "ready and paid", "Cancelled": "cancelled"},
    # Completed is in the same commit: no reader sees an order that is ready and paid, but not completed.
    "ready and paid": {"Completed": "completed"},
    "completed": {},
    "rejected": {},
    "cancelled": {},
}
SHOPPING_LIST: Machine = {
    "": {"Created": "pending", "Cancelled": "cancelled"},
    "pending": {"Initiated": "available", "Cancelled": "cancelled"},
    "available": {"Assigned": "assigned", "Cancelled": "cancelled"},
    "assigned": {"Started": "active", "Completed": "completed", "GivenBack": "available", "Cancelled": "cancelled"},
    "active": {"Picked": "active", "Completed": "completed", "GivenBack": "available", "Cancelled": "cancelled"},
    "completed": {},
    "cancelled": {},
}
BOT: Machine = {
    "": {"Registered": "offline"},
    "offline": {
        "CameOnline": "idle",
        "TokensRevoked": "offline",
        "Connected": "connected",
        "Disconnected": "offline",
        "Retired": "retired",
    },
    "connected": {"CameOnline": "idle"},
    "idle": {
        "TookList": "active",
        "WentOffline": "offline",
        "TokensRevoked": "idle",
        "Connected": "idle",
        "Disconnected": "cut",
        "Retired": "retired",
    },
    "cut": {"WentOffline": "offline"},
    "active": {
        "Finished": "idle",
        "WentOffline": "offline",
        "TokensRevoked": "active",
        "Connected": "active",
        "Disconnected": "active and cut",
        "Retired": "retired",
    },
    "active and cut": {
        "Finished": "cut",
        "WentOffline": "offline",
        "TokensRevoked": "active and cut",
        "Connected": "active",
        "Disconnected": "active and cut",
        "Retired": "retired",
    },
    "retired": {},
}
# What happens to a robot on the stream may come in any order, for it depends on what others say; after its retirement
# only what it still shows is recorded, that it is no longer available, and that it is to cancel its order.
_ON_THE_STREAM = (
    *("Named", "Connected", "Disconnected", "SessionBegan", "Described", "BecameAvailable", "BecameUnavailable"),
    *("TaskChanged", "Refused", "OrderSent", "OrderTooLarge", "OrderShown", "Collected", "Asked", "Answered"),
)
_SHOWN = ("BecameUnavailable", "Asked", "OrderShown", "Answered", "Described")
ROBOT: Machine = {
    "": {**dict.fromkeys(_ON_THE_STREAM, "here"), "Retired": "retired"},
    "here": {**dict.fromkeys(_ON_THE_STREAM, "here"), "Retired": "retired"},
    "retired": dict.fromkeys(_SHOWN, "retired"),
}
PAYMENT: Machine = {
    "": {"Authorized": "authorized", "Abandoned": "voided"},
    "authorized": {"Confirmed": "confirmed", "Voided": "voided"},
    "confirmed": {"Captured": "settled", "Voided": "voided"},
    "settled": {"RefundRequested": "settled", "Refunded": "settled"},
    "voided": {"VoidMade": "released"},
    "released": {},
}
INVOICE: Machine = {
    "": {"Billed": "pending", "Cancelled": "cancelled"},
    "pending": {"Adjusted": "pending", "Paid": "paid", "Cancelled": "cancelled"},
    "paid": {"Adjusted": "paid"},
    "cancelled": {},
}
NOTIFICATION: Machine = {"": {"Sent": "sent", "Skipped": "skipped"}, "sent": {}, "skipped": {}}
CODE_TEXT: Machine = {"": {"CodeSent": "sent"}, "sent": {}}
PHONE: Machine = {
    "": {"CodeRequested": "requested"},
    "requested": {"CodeRequested": "requested", "CodeFailed": "requested", "CodeUsed": "used"},
    "used": {"CodeRequested": "requested", "CodeFailed": "used"},
}
KIOSK: Machine = {
    "": {"RequestCounted": "counted", "TryCounted": "counted"},
    "counted": {"RequestCounted": "counted", "TryCounted": "counted"},
}
DIFFERENCE: Machine = {
    "": {"Found": "open"},
    "open": {"Found": "open", "Cleared": "cleared"},
    "cleared": {"Found": "open"},
}
RECONCILIATION: Machine = {"": {"Asked": "asked"}, "asked": {"Asked": "asked"}}
SAGA: Machine = {
    "": {"OrderTaken": "taken", "Stopped": "stopped"},
    "taken": {"Started": "started"},
    "started": {"StepSent": "asking"},
    "asking": {
        "StepSent": "asking",
        "WatchSet": "asking",
        "StepAnswered": "asking",
        "TurnedRound": "compensating",
        "Completed": "completed",
    },
    "compensating": {"UndoSent": "undoing"},
    "undoing": {
        "UndoSent": "undoing",
        "WatchSet": "undoing",
        "Undone": "undone",
        "Parked": "parked",
        "Completed": "completed",
    },
    "undone": {"UndoSent": "undoing", "Compensated": "compensated"},
    "parked": {"Resumed": "resumed"},
    "resumed": {"UndoSent": "undoing", "Undone": "undone", "Completed": "completed"},
    "completed": {},
    "compensated": {},
    "stopped": {},
}
UNCHANGED = "Unchanged"  # what a request under a key leaves in a stream of any kind when it changes nothing
MACHINES: dict[str, Machine] = {
    "Store": STORE,
    "Product": PRODUCT,
    "Customer": CUSTOMER,
    "Basket": BASKET,
    "Order": ORDER,
    "ShoppingList": SHOPPING_LIST,
    "Bot": BOT,
    "Robot": ROBOT,
    "Payment": PAYMENT,
    "Invoice": INVOICE,
    "Notification": NOTIFICATION,
    "CodeText": CODE_TEXT,
    "Phone": PHONE,
    "Kiosk": KIOSK,
    "Difference": DIFFERENCE,
    "Reconciliation": RECONCILIATION,
    "CreateOrderSaga": SAGA,
}
# States that exist within a commit only, never at its end.
TRANSIENT = {"ready and paid", "taken", "started", "compensating", "undone", "resumed", "connected", "cut"}

_NEGATIVE = re.compile(r'"(?:amount|price|previous_price|total|quantity|picked|left|assignment|number)":-')
_LARGE = re.compile(r'"(?:amount|price|previous_price|total)": ?(\d{16,})')
LEAST_TOO_LARGE = 2**53


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """The first illegal event of each stream, and amounts that are negative or too large."""
    for stream, commits in history.streams.items():
        yield from _transitions(stream, commits)
        for commit in commits:
            if found := _NEGATIVE.search(commit.item["events"]["S"]):
                yield Violation(NOT_NEGATIVE, f"{commit.where} has {found[0]}…", {"stream": stream})
            if any(int(amount) >= LEAST_TOO_LARGE for amount in _LARGE.findall(commit.item["events"]["S"])):
                yield Violation(WITHIN_NUMBERS, f"{commit.where} has an amount of 2^53 or more", {"stream": stream})


def _transitions(stream: str, commits: list[Commit]) -> Iterator[Violation]:
    kind = commits[0].kind
    machine = MACHINES.get(kind)
    if machine is None:
        yield Violation(LEGAL, f"the checker knows no aggregate class of {stream}", {"stream": stream})
        return
    state = ""
    for commit in commits:
        for event in commit.events:
            if event.name == UNCHANGED and state:
                continue
            following = machine[state].get(event.name)
            if following is None:
                was = state or "new"
                text = f"{stream} was {was} when {event.name} was stored as version {event.stream_version}"
                yield Violation(LEGAL, text, {"stream": stream, "cause": commit.causation, "commit": commit.id})
                return
            state = following
        if state in TRANSIENT:
            yield Violation(
                LEGAL,
                f"{commit.where} ends as {state}, a state within commits only",
                {"stream": stream},
            )
            return
