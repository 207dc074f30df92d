"""Refusals: a command is refused only for a reason in the stored history; a fault is none."""

from collections.abc import Callable, Iterator

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Message, Request
from tests.simulation.check.violation import Violation

VALID_REASON = "a command is refused for a valid reason"


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Refusals without a reason in the events stored before."""
    for message_id, at in history.published_at.items():
        reply = history.messages[message_id]
        if reply.name not in REASONS:
            continue
        command = history.messages.get(reply.metadata.get("causation_id") or "")
        if command and not REASONS[reply.name](command, Past(history, at)):
            text = f"{command.name} was answered with {reply.name} without a reason"
            yield Violation(VALID_REASON, text, {"message": message_id, "command": command.id})


class Past:
    """The events stored until a time."""

    def __init__(self, history: ParsedHistory, until: int) -> None:
        self._history, self._until = history, until

    def made_by(self, request: Request, kind: str) -> set[str]:
        """The ids of the aggregates of a kind that a request changed, or another of its client under its key."""
        requests = self._history.requests.values()
        same = {one.id for one in requests if request.key and (one.who, one.key) == (request.who, request.key)}
        commits = (one for one in self._history.commits if one.at <= self._until and one.kind == kind)
        return {one.aggregate_id for one in commits if one.request in same}

    def names(self, kind: str, aggregate_id: str) -> set[str]:
        """The names of the events of one aggregate."""
        return set(self.ordered(kind, aggregate_id))

    def ordered(self, kind: str, aggregate_id: str) -> list[str]:
        """The same, one for each event, in the order of the stream."""
        commits = self._history.stream(kind, aggregate_id)
        return [name for commit in commits if commit.at <= self._until for name in commit.event_names()]

    def value(self, kind: str, aggregate_id: str, event: str, name: str) -> object:
        """A member of the first event of a name of one aggregate; None without one."""
        commits = self._history.stream(kind, aggregate_id)
        events = (e for commit in commits if commit.at <= self._until for e in commit.events)
        return next((e.data[name] for e in events if e.name == event), None)


def _customer(command: Message, past: Past) -> bool:
    names = past.names("Customer", command.data["customer_id"])
    return not names or bool(names & {"Disabled", "Erased"})


def _list(command: Message, past: Past) -> bool:
    if "Cancelled" in past.names("ShoppingList", command.data["order_id"]):
        return True
    products = [past.names("Product", item["product_id"]) for item in command.data["items"]]
    return any(not names or "Removed" in names for names in products)


def _payment(command: Message, past: Past) -> bool:
    data, payment_id = command.data, command.data["payment_id"]
    names = past.names("Payment", payment_id)
    if (
        not names
        or "Voided" in names
        or past.value("Payment", payment_id, "Authorized", "customer_id") != data["customer_id"]
    ):
        return True
    if past.value("Payment", payment_id, "Confirmed", "order_id") not in (None, data["order_id"]):
        return True
    amount = past.value("Payment", payment_id, "Authorized", "amount")
    return isinstance(amount, int) and (amount < data["amount"] or "Refunded" in names)


def _shopping(command: Message, past: Past) -> bool:
    names = past.names("ShoppingList", command.data["order_id"])
    return not names or "Cancelled" in names


def _approval(command: Message, past: Past) -> bool:
    names = past.names("Order", command.data["order_id"])
    return not names or bool(names & {"Cancelled", "Rejected", "NothingFound"})


def _rejection(command: Message, past: Past) -> bool:
    return "Approved" in past.names("Order", command.data["order_id"])


REASONS: dict[str, Callable[[Message, Past], bool]] = {
    "CustomerRefused": _customer,
    "ShoppingListRefused": _list,
    "PaymentRefused": _payment,
    "ShoppingRefused": _shopping,
    "OrderApprovalRefused": _approval,
    "OrderRejectionRefused": _rejection,
}
