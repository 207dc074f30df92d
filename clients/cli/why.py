"""Why an order waits, from what the routes tell: a rule each, of which the first that applies speaks.

A rule blames a consumer, a relay, a robot or staff; `blames` is empty where all is as it should be, such as while a
customer has not paid.
"""

from collections.abc import Callable

from clients.cli.after_the_end import outstanding
from clients.cli.asking import asked, parked
from clients.cli.evidence import Why, because, overdue
from clients.cli.facts import OVER, Facts
from clients.cli.given_up import given_up, left_undone
from clients.cli.robot_wait import robot_at_work, robot_wanted
from clients.cli.wording import counted, money

UNPAID = 86_400.0  # seconds after which an order that is ready and unpaid is cancelled
SHOPPED = 86_400.0  # seconds after which a basket was abandoned, however long its customer was shopping
RESTORED = "docs/runbooks/restore-a-table.md"
SWEPT = 600.0  # seconds within which a schedule of a minute has done what is due, also after a miss or two


def why(facts: Facts) -> Why:
    """Why an order does not go on."""
    for rule in RULES:
        if (found := rule(facts)) is not None:
            return found
    last = facts.messages[-1] if facts.messages else None
    seen = f"; the last that was published is {last['name']} at {last['time']}" if last else ""
    silent = f"; {', '.join(facts.silent)} did not answer" if facts.silent else ""
    return Why(f"nothing is known that it waits for{seen}{silent}", since=last["time"] if last else "")


def _over(facts: Facts) -> Why | None:
    order = facts.order
    if not order or order["status"] not in OVER:
        return None
    if facts.saga and facts.saga["status"] in ("running", "parked") and not facts.is_past_its_saga:
        return None
    if undone := left_undone(facts, order["status"]) or outstanding(facts):
        return undone
    left = f"; {counted(len(facts.letters), 'dead letter')} about it may be closed" if facts.letters else ""
    name = f"Order{order['status'].capitalize()}"
    found = facts.last(name)
    reason = f": {found['data'].get('reason')}" if found and found["data"].get("reason") else ""
    silent = [service for service in ("depot", "payments") if service in facts.silent]
    unsure = f"; what {' and '.join(silent)} did after it is not known, for no answer came" if silent else ""
    return Why(f"waits for nothing: it is {order['status']}{reason}{left}{unsure}", since=facts.since(name))


def _unknown(facts: Facts) -> Why | None:
    """An order that others know, while its owner does not answer."""
    if facts.order or "ordering" not in facts.silent or not (facts.saga or facts.list or facts.invoice):
        return None
    return Why(
        "is not known to wait for anything, because ordering does not answer", "ordering", do=facts.typed("doctor")
    )


def _basket(facts: Facts) -> Why | None:
    if facts.order or not facts.basket:
        return None
    match facts.basket["status"]:
        case "open":
            text = "is a basket: waits for the customer to check out"
            kept = "is a basket, which is open"
            return overdue(facts, kept, facts.since("BasketStarted"), SHOPPED, "baskets") or Why(text)
        case "checked_out":
            text, since = "waits for ordering to take BasketCheckedOut", facts.since("BasketCheckedOut")
            return because(facts, text, "ordering/inbox", since, "baskets")
    return Why(f"never became an order: its basket is {facts.basket['status']}")


def _saga_missing(facts: Facts) -> Why | None:
    if not facts.order or facts.order["status"] != "pending" or facts.saga:
        return None
    since = facts.since("OrderCreated") or facts.since("BasketCheckedOut")
    return because(facts, "waits for checkout to take OrderCreated", "checkout/inbox", since, "ordering")


def _approval(facts: Facts) -> Why | None:
    if not facts.order or facts.order["status"] != "pending" or not facts.saga:
        return None
    return because(facts, "waits for its approval to be seen", "ordering/inbox", facts.saga["since"], "checkout")


def _goods(facts: Facts) -> Why | None:
    """An approved order whose goods are not at the depot."""
    order, goods = facts.order, facts.list
    if not order or order["status"] != "approved":
        return None
    if not goods:
        text, since = "waits for its goods", facts.since("OrderApproved")
        if "depot" in facts.silent:
            return because(facts, text, "depot/inbox", since, "checkout")
        missing = "of which depot has no shopping list: it had one before the approval, and lost it, as in a restore"
        return Why(f"{text}, {missing}", "depot", since, RESTORED)
    match goods["status"]:
        case "pending":
            text, since = "waits for depot to begin its list", facts.since("OrderApproved")
            return because(facts, text, "depot/inbox", since, "checkout")
        case "available":
            return robot_wanted(facts)
        case "assigned" | "active":
            return robot_at_work(facts, goods)
        case "completed":
            text, since = "waits for ordering to take ShoppingListCompleted", facts.since("ShoppingListCompleted")
            return because(facts, text, "ordering/inbox", since, "depot")
    text = f"waits for ordering to take the end of its list, which is {goods['status']}"
    return because(facts, text, "ordering/inbox", facts.since("ShoppingListCancelled"), "depot")


def _money(facts: Facts) -> Why | None:
    """An order that is ready, or approved and being collected, and not paid."""
    order, invoice = facts.order, facts.invoice
    if not order or order["status"] not in ("approved", "ready") or order["paid"]:
        return None
    since = facts.since("OrderReadied")
    if not invoice and "payments" in facts.silent:
        return because(facts, f"waits to be paid {money(order['total'])}", "payments/inbox", since, "ordering")
    if not invoice:
        text, since = "waits for payments to make its invoice of OrderApproved", facts.since("OrderApproved")
        return because(facts, text, "payments/inbox", since, "ordering")
    if invoice["status"] == "pending":
        asked = f"waits for the customer to pay {money(invoice['amount'])}"
        return overdue(facts, asked, since, UNPAID + SWEPT, "ordering") or Why(asked, since=since)
    if invoice["status"] == "paid":
        text, since = "waits for ordering to take InvoicePaid", facts.since("InvoicePaid")
        return because(facts, text, "ordering/inbox", since, "payments")
    return Why(f"cannot be paid: its invoice is {invoice['status']}", "payments", since)


RULES: tuple[Callable[[Facts], Why | None], ...] = (
    _over,
    _unknown,
    given_up,
    parked,
    asked,
    _basket,
    _saga_missing,
    _approval,
    _goods,
    _money,
)
