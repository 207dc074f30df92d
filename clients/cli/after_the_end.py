"""What should follow the end of an order, and does not: its list is closed, its payment released or refunded."""

from dataclasses import replace

from clients.cli.evidence import Why, because
from clients.cli.facts import Facts
from clients.mall import Json

CLOSED = ("completed", "cancelled")
DIFFERS = "docs/runbooks/money-differs.md"  # how to have a void or refund asked for again


def outstanding(facts: Facts) -> Why | None:
    """What is outstanding of an order that has ended."""
    return _list_to_cancel(facts) or _invoice_to_cancel(facts) or _refund_to_make(facts)


def list_is_closed(facts: Facts) -> bool:
    """Whether no robot collects for it, as far as is known."""
    return not facts.list or facts.list["status"] in CLOSED


def is_nothing_owed(facts: Facts) -> bool:
    """Whether payments knows that the order owes nothing: in the same commit its payment was voided, or a refund due.

    It makes an invoice for that where there was none.
    """
    invoice = facts.invoice
    return bool(invoice and (invoice["status"] == "cancelled" or not float(invoice["amount"])))


def refund_due(facts: Facts) -> Json | None:
    """The reminder of the first refund that was requested and is not made; None where there is none.

    They are made in any order, which does not matter here: each that is made is published.
    """
    if not facts.payment or facts.payment["orderId"] != facts.id:
        return None  # a payment that serves another order has that order's refunds
    due = {one["data"]["number"]: one for one in facts.messages if one["name"] == "RefundDue"}
    made = sum(one["name"] == "PaymentRefunded" for one in facts.messages)
    return due[min(due)] if len(due) > made else None


def _list_to_cancel(facts: Facts) -> Why | None:
    if not (ended := _cancelled_by(facts)) or list_is_closed(facts):
        return None
    goods = facts.list or {}
    name = next((f", with robot {one['name']}" for one in facts.robots if one["id"] == goods["botId"]), "")
    text = f"{ended[1]} depot to take {ended[0]}: its shopping list is still {goods['status']}{name},"
    return because(facts, text, "depot/inbox", facts.since(ended[0]), "ordering", ended[0])


def _invoice_to_cancel(facts: Facts) -> Why | None:
    ended = _cancelled_by(facts)
    if not ended or "payments" in facts.silent or is_nothing_owed(facts):
        return None
    one = facts.payment
    payment = f": its payment is still {one['status']}," if one and one["orderId"] in (None, facts.id) else ""
    text = f"{ended[1]} payments to take {ended[0]}{payment}"
    return because(facts, text, "payments/inbox", facts.since(ended[0]), "ordering", ended[0])


def _refund_to_make(facts: Facts) -> Why | None:
    due = refund_due(facts)
    if not facts.order or not due:
        return None
    text = f"is {facts.order['status']}, and waits for payments to make its refund (RefundDue)"
    found = because(facts, text, "payments/inbox", due["time"], "payments", "RefundDue")
    if found.blames.endswith("/relay"):
        said = f"{found.sentence}; the comparison of each night asks for it again"
        return replace(found, sentence=said, do=DIFFERS)
    return found


def _cancelled_by(facts: Facts) -> tuple[str, str] | None:
    """The message that says that an order is to be undone everywhere, and how its sentence begins."""
    status = facts.order["status"] if facts.order else ""
    if status not in ("cancelled", "rejected"):
        return None
    return f"Order{status.capitalize()}", f"is {status}, and waits for"
