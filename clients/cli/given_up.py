"""The dead letters that an order waits for: not those that only others miss, and not those that no longer matter."""

from collections.abc import Callable

from clients.cli.evidence import Why
from clients.cli.facts import Facts
from clients.cli.wording import counted
from clients.mall import Json
from events.registry import Command, Reply, language

# Services that an order does not wait for: they tell customers and staff about it.
ONLOOKERS = ("insights", "live", "notifications", "operations", "search")
AFTER_THE_END = (
    "CancelShoppingList",
    "OrderCancelled",
    "OrderRejected",
    "RefundDue",
    "ShoppingListCompleted",
    "VoidDue",
    "VoidPayment",
)

# By the event and the service that gave it up: whether what it would bring about is there by now.
DONE: dict[tuple[str, str], Callable[[Facts], bool]] = {
    ("BasketCheckedOut", "ordering"): lambda facts: facts.order is not None,
    ("OrderCreated", "checkout"): lambda facts: facts.saga is not None,
    ("OrderApproved", "payments"): lambda facts: facts.invoice is not None,
    ("OrderReadied", "payments"): lambda facts: _invoice_is_right(facts),
    ("ShoppingListAvailable", "depot"): lambda facts: not facts.list or facts.list["status"] != "available",
    ("ShoppingListCompleted", "ordering"): lambda facts: bool(facts.order and facts.order["ready"]),
    ("InvoicePaid", "ordering"): lambda facts: bool(facts.order and facts.order["paid"]),
}


def given_up(facts: Facts) -> Why | None:
    """What it waits for in vain, if that was given up."""
    found = [one for one in facts.letters if _matters(facts, one)]
    return _said(found, "waits for") if found else None


def left_undone(facts: Facts, ended: str) -> Why | None:
    """What should have followed the end of an order, money given back or goods, if that was given up."""
    found = [one for one in facts.letters if one["message"] in AFTER_THE_END and _matters(facts, one)]
    return _said(found, f"is {ended}, and waits for") if found else None


def _matters(facts: Facts, letter: Json) -> bool:
    service = letter["consumer"].partition("/")[0]
    if service in ONLOOKERS:
        return False
    if letter["consumer"].endswith("/relay"):
        return not facts.last(letter["message"])
    if done := DONE.get((letter["message"], service)):
        return not done(facts)
    return not _answered(facts, letter["message"])


def _answered(facts: Facts, name: str) -> bool:
    """Whether a command was answered after all, by one of its later tries."""
    asked = language().get(name)
    if asked is None or not issubclass(asked, Command):
        return False
    return facts.last(*replies(name)) is not None


def replies(command: str) -> list[str]:
    """The names of what answers a command."""
    asked = language()[command]
    assert issubclass(asked, Command)
    return [name for name, one in language().items() if issubclass(one, Reply) and one.about.answers is asked]


def _invoice_is_right(facts: Facts) -> bool:
    return bool(facts.invoice and facts.order and facts.invoice["amount"] == facts.order["total"])


def _said(letters: list[Json], what: str) -> Why:
    one = letters[0]
    more = f", and {counted(len(letters) - 1, 'other')}" if len(letters) > 1 else ""
    if one["state"] == "redriving":
        return Why(f"{what} {one['consumer']} to handle {one['message']}, which is sent back", one["consumer"])
    parked = " and an operator parked" if one["state"] == "parked" else ""
    text = f"{what} {one['message']}, which {one['consumer']} gave up{parked}: {one['reason']}{more}"
    do = f"mallbots dead {'reopen' if parked else 'redrive'} {one['id']}"
    return Why(text, one["consumer"], one["failedAt"], do)
