"""The dead letters that an order waits for: not those that only others miss, and not those that no longer matter."""

from collections.abc import Callable

from clients.cli.after_the_end import is_made, is_nothing_owed, list_is_closed
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
    ("OrderCancelled", "depot"): list_is_closed,
    ("OrderCancelled", "payments"): is_nothing_owed,
    ("OrderRejected", "depot"): list_is_closed,
    ("OrderRejected", "payments"): is_nothing_owed,
    ("RefundDue", "payments"): lambda facts: is_made(facts, "refund"),
    ("VoidDue", "payments"): lambda facts: is_made(facts, "void"),
}


def given_up(facts: Facts) -> Why | None:
    """What it waits for in vain, if that was given up."""
    found = [one for one in facts.letters if _matters(facts, one)]
    found += [one for one in facts.discarded if _is_missed(facts, one)]
    return _said(facts, found, "waits for") if found else None


def left_undone(facts: Facts, ended: str) -> Why | None:
    """What should have followed the end of an order, money given back or goods, if that was given up."""
    found = [one for one in facts.letters if _matters(facts, one)]
    found += [one for one in facts.discarded if _is_missed(facts, one)]
    found = [one for one in found if one["message"] in AFTER_THE_END]
    return _said(facts, found, f"is {ended}, and waits for") if found else None


def _matters(facts: Facts, letter: Json) -> bool:
    service = letter["consumer"].partition("/")[0]
    if service in ONLOOKERS:
        return False
    if letter["consumer"].endswith("/relay"):
        return not facts.last(letter["message"])
    if done := DONE.get((letter["message"], service)):
        return not done(facts)
    return not _is_dealt_with(facts, letter["message"])


def _is_missed(facts: Facts, letter: Json) -> bool:
    """Whether a letter that was discarded is missed for sure: an operator decided that, perhaps with good reason."""
    service = letter["consumer"].partition("/")[0]
    if service in facts.silent:
        return False
    if done := DONE.get((letter["message"], service)):
        return not done(facts)
    last = facts.last(letter["message"])
    return bool(last and last["id"] == letter["messageId"] and _is_awaited(facts, letter["message"]))


def _is_dealt_with(facts: Facts, name: str) -> bool:
    """Whether a command was answered after all, by one of its later tries, or a reply is not awaited any more."""
    found = language().get(name)
    if found is None:
        return False
    asked = found.about.answers
    if asked is not None and asked.about.source == "checkout":
        return not _is_awaited(facts, asked.about.name)
    return issubclass(found, Command) and facts.last(*replies(name)) is not None


def _is_awaited(facts: Facts, command: str) -> bool:
    """Whether the order waits for the saga to have this command's answer."""
    saga = facts.saga
    return bool(saga and not facts.is_past_its_saga and any(one["command"] == command for one in saga["awaited"]))


def replies(command: str) -> list[str]:
    """The names of what answers a command."""
    asked = language()[command]
    assert issubclass(asked, Command)
    return [name for name, one in language().items() if issubclass(one, Reply) and one.about.answers is asked]


def _invoice_is_right(facts: Facts) -> bool:
    return bool(facts.invoice and facts.order and facts.invoice["amount"] == facts.order["total"])


def _said(facts: Facts, letters: list[Json], what: str) -> Why:
    one = letters[0]
    consumer, since = one["consumer"], one["failedAt"]
    more = f", and {counted(len(letters) - 1, 'other')}" if len(letters) > 1 else ""
    if one["state"] == "redriving":
        return Why(f"{what} {consumer} to handle {one['message']}, which is sent back", consumer)
    aside = f" and an operator {one['state']}" if one["state"] in ("parked", "discarded") else ""
    text = f"{what} {one['message']}, which {consumer} gave up{aside}: {one['reason']}{more}"
    if run := facts.runs.get(one["id"]):
        why = f" ({run['why']})" if run["why"] else ""
        halted = run["state"] in ("paused", "stopped")
        text = f"{text}; run {run['id']}, which is to send it back, is {run['state']}{why}"
        return Why(text, consumer, since, facts.typed("run", "resume" if halted else "show", run["id"]))
    return Why(text, consumer, since, facts.typed("dead", "reopen" if aside else "redrive", one["id"]))
