"""What should follow the end of an order, and does not: its list is closed, its payment released or refunded."""

from dataclasses import replace

from clients.cli.evidence import Why, because
from clients.cli.facts import Facts

CLOSED = ("completed", "cancelled")
DIFFERS = "docs/runbooks/money-differs.md"  # how to have a void or refund asked for again


def outstanding(facts: Facts) -> Why | None:
    """What is outstanding of an order that has ended."""
    return _list_to_cancel(facts) or _invoice_to_cancel(facts) or _money_to_give_back(facts)


def list_is_closed(facts: Facts) -> bool:
    """Whether no robot collects for it, as far as is known."""
    return not facts.list or facts.list["status"] in CLOSED


def is_nothing_owed(facts: Facts) -> bool:
    """Whether payments knows that the order owes nothing.

    The commit that ends the invoice of a cancelled order voids its payment, or requests its refund. The saga may have
    released the payment before.
    """
    if facts.invoice:
        return facts.invoice["status"] == "cancelled" or not float(facts.invoice["amount"])
    one = facts.payment
    return not one or one["status"] in ("voided", "refunded") or one["orderId"] not in (None, facts.id)


def is_made(facts: Facts, what: str) -> bool:
    """Whether no void, or no refund, of the order's payment is outstanding at the provider, as payments says.

    Of earlier code it does not say it; then none is claimed to be.
    """
    one = facts.payment
    if "payments" in facts.silent:
        return False
    return not one or one["orderId"] not in (None, facts.id) or what not in one.get("notMade", ())


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
    payment = f": its payment is still {facts.payment['status']}," if facts.payment else ""
    text = f"{ended[1]} payments to take {ended[0]}{payment}"
    return because(facts, text, "payments/inbox", facts.since(ended[0]), "ordering", ended[0])


def _money_to_give_back(facts: Facts) -> Why | None:
    """What payments asked of the provider, which has not done it, or was not asked."""
    status = facts.order["status"] if facts.order else ""
    for what, reminder in (("void", "VoidDue"), ("refund", "RefundDue")):
        if "payments" not in facts.silent and not is_made(facts, what):
            text = f"is {status}, and waits for payments to make the {what} of its payment ({reminder})"
            found = because(facts, text, "payments/inbox", facts.since(reminder), "payments", reminder)
            if not found.blames.endswith("/relay"):
                return found
            said = f"{found.sentence}; the comparison of each night asks for it again"
            return replace(found, sentence=said, do=DIFFERS)
    return None


def _cancelled_by(facts: Facts) -> tuple[str, str] | None:
    """The message that says that an order is to be undone everywhere, and how its sentence begins."""
    status = facts.order["status"] if facts.order else ""
    if status not in ("cancelled", "rejected"):
        return None
    return f"Order{status.capitalize()}", f"is {status}, and waits for"
