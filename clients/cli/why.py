"""Why an order waits, from what the routes tell: a rule each, of which the first that applies speaks.

A rule blames a consumer, a robot or staff; `blames` is empty where all is as it should be, such as while a customer has
not paid.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from clients.cli.consuming import waiting
from clients.cli.facts import Facts
from clients.cli.wording import counted, money
from clients.mall import Json
from events.registry import Command, Kind, Reply, language

OVER = ("completed", "rejected", "cancelled")


@dataclass(frozen=True)
class Why:
    """A sentence; who is to blame for the wait, if it is anyone; since when; and the command that may help."""

    sentence: str
    blames: str = ""
    since: str = ""
    do: str = ""

    @property
    def data(self) -> Json:
        return asdict(self)


def why(facts: Facts) -> Why:
    """Why an order does not go on."""
    for rule in RULES:
        if (found := rule(facts)) is not None:
            return found
    last = facts.messages[-1] if facts.messages else None
    seen = f"; the last that was published is {last['name']} at {last['time']}" if last else ""
    silent = f"; {', '.join(facts.silent)} did not answer" if facts.silent else ""
    return Why(f"nothing is known that it waits for{seen}{silent}", since=last["time"] if last else "")


def _given_up(facts: Facts) -> Why | None:
    if not facts.letters:
        return None
    one = facts.letters[0]
    more = f", and {counted(len(facts.letters) - 1, 'other')}" if len(facts.letters) > 1 else ""
    if one["state"] == "redriving":
        return Why(f"waits for {one['consumer']} to handle {one['message']}, which is sent back", one["consumer"])
    text = f"waits for {one['message']}, which {one['consumer']} gave up: {one['reason']}{more}"
    do = f"mallbots dead {'redrive' if one['state'] == 'open' else 'reopen'} {one['id']}"
    return Why(text, one["consumer"], one["failedAt"], do)


def _parked(facts: Facts) -> Why | None:
    saga = facts.saga
    if not saga or saga["status"] != "parked":
        return None
    text = f"waits for staff: its saga is parked at step {saga['step']} ({saga['reason']})"
    return Why(text, "saga", saga["since"], f"mallbots saga resume {facts.id}")


def _asked(facts: Facts) -> Why | None:
    """A saga that runs: which of its commands has no answer, and whose turn it is."""
    saga = facts.saga
    if not saga or saga["status"] != "running":
        return None
    undoing = f" to undo it ({saga['reason']})" if saga["compensating"] else ""
    commands = [one for one in facts.messages if _kind(one) == Kind.COMMAND and one["source"].endswith("checkout")]
    for name in dict.fromkeys(one["name"] for one in reversed(commands)):
        replies = _replies(name)
        if facts.last(*replies):
            continue
        tries = [one for one in commands if one["name"] == name]
        to = str(language()[name].about.to)
        nth = f", {_nth(len(tries))} try" if len(tries) > 1 else ""
        text = f"waits for {' or '.join(replies)} from {to}{undoing}{nth}"
        return _because(facts, text, f"{to}/inbox", tries[0]["time"])
    if not commands:
        since = facts.since("OrderCreated")
        return _because(facts, "waits for the first commands of its saga", "checkout/inbox", since)
    last = next((one for one in reversed(facts.messages) if _kind(one) == Kind.REPLY), None)
    what, since = (last["name"], last["time"]) if last else ("an answer", "")
    return _because(facts, f"waits for checkout to take {what}{undoing}", "checkout/inbox", since)


def _over(facts: Facts) -> Why | None:
    order = facts.order
    if not order or order["status"] not in OVER or (facts.saga and facts.saga["status"] in ("running", "parked")):
        return None
    left = f"; {counted(len(facts.letters), 'dead letter')} about it may be closed" if facts.letters else ""
    name = f"Order{order['status'].capitalize()}"
    found = facts.last(name)
    reason = f": {found['data'].get('reason')}" if found and found["data"].get("reason") else ""
    return Why(f"waits for nothing: it is {order['status']}{reason}{left}", since=facts.since(name))


def _basket(facts: Facts) -> Why | None:
    if facts.order or not facts.basket:
        return None
    match facts.basket["status"]:
        case "open":
            return Why("is a basket: waits for the customer to check out")
        case "checked_out":
            text, since = "waits for ordering to take BasketCheckedOut", facts.since("BasketCheckedOut")
            return _because(facts, text, "ordering/inbox", since)
    return Why(f"never became an order: its basket is {facts.basket['status']}")


def _saga_missing(facts: Facts) -> Why | None:
    if not facts.order or facts.order["status"] != "pending" or facts.saga:
        return None
    return _because(facts, "waits for checkout to take OrderCreated", "checkout/inbox", facts.since("OrderCreated"))


def _approval(facts: Facts) -> Why | None:
    if not facts.order or facts.order["status"] != "pending" or not facts.saga:
        return None
    return _because(facts, "waits for its approval to be seen", "ordering/inbox", facts.saga["since"])


def _goods(facts: Facts) -> Why | None:
    """An approved order whose goods are not at the depot."""
    order, goods = facts.order, facts.list
    if not order or order["status"] != "approved" or not goods:
        return None
    match goods["status"]:
        case "pending":
            return _because(facts, "waits for depot to begin its list", "depot/inbox", facts.since("OrderApproved"))
        case "available":
            return _robot_wanted(facts)
        case "assigned" | "active":
            return _robot_at_work(facts, goods)
        case "completed":
            text, since = "waits for ordering to take ShoppingListCompleted", facts.since("ShoppingListCompleted")
            return _because(facts, text, "ordering/inbox", since)
    return Why(f"cannot be collected: its list is {goods['status']}", "depot", facts.since("ShoppingListCancelled"))


def _robot_wanted(facts: Facts) -> Why:
    since = facts.since("ShoppingListAvailable")
    idle = [one["name"] for one in facts.robots if one["status"] == "idle"]
    if idle:
        dispatcher = next((name for name in facts.consumers if name.startswith("depot/dispatcher")), "depot/dispatcher")
        text = f"waits to be given to a robot, of which {counted(len(idle), 'is', 'are')} idle"
        return _because(facts, text, dispatcher, since)
    if not facts.robots:
        return Why("waits for a robot: none is registered", "robots", since, "mallbots robot list")
    busy, away = (sum(one["status"] == status for one in facts.robots) for status in ("active", "offline"))
    said = ", ".join(f"{number} {word}" for word, number in (("at work", busy), ("offline", away)) if number)
    # A robot that is at work comes free by itself: that is a queue, and blames none.
    blames = "" if busy else "robots"
    return Why(f"waits for a robot: none is idle ({said})", blames, since, "mallbots robot list")


def _robot_at_work(facts: Facts, goods: Json) -> Why:
    items = [item for stop in goods["stops"] for item in stop["items"]]
    picked, wanted = sum(item["picked"] for item in items), sum(item["quantity"] for item in items)
    name = next((one["name"] for one in facts.robots if one["id"] == goods["botId"]), goods["botId"])
    since = facts.since("ShoppingListAssigned")
    text = f"waits for robot {name}, which has {picked} of {counted(wanted, 'item')}"
    robot, show = facts.robot, f"mallbots robot show {goods['botId']}"
    status = next((one["status"] for one in facts.robots if one["id"] == goods["botId"]), "")
    if robot and robot["errors"]:
        return Why(f"{text} and reports {robot['errors'][0]['type']}", f"robot {name}", since, show)
    if robot and robot["paused"]:
        return Why(f"{text} and is paused", f"robot {name}", since, f"mallbots robot resume {goods['botId']}")
    if status == "offline" or (robot and robot["lastReportedAt"] and robot["connection"] != "online"):
        return Why(f"{text} and is not connected", f"robot {name}", since, show)
    return Why(text, "", since)


def _money(facts: Facts) -> Why | None:
    """An order that is ready, or approved and being collected, and not paid."""
    order, invoice = facts.order, facts.invoice
    if not order or order["status"] not in ("approved", "ready") or order["paid"]:
        return None
    since = facts.since("OrderReadied")
    if not invoice:
        text, since = "waits for payments to make its invoice of OrderApproved", facts.since("OrderApproved")
        return _because(facts, text, "payments/inbox", since)
    if invoice["status"] == "pending":
        return Why(f"waits for the customer to pay {money(invoice['amount'])}", since=since)
    if invoice["status"] == "paid":
        return _because(facts, "waits for ordering to take InvoicePaid", "ordering/inbox", facts.since("InvoicePaid"))
    return Why(f"cannot be paid: its invoice is {invoice['status']}", "payments", since)


RULES: tuple[Callable[[Facts], Why | None], ...] = (
    _over,
    _given_up,
    _parked,
    _asked,
    _basket,
    _saga_missing,
    _approval,
    _goods,
    _money,
)


def _because(facts: Facts, text: str, consumer: str, since: str) -> Why:
    """What a consumer has not done yet, and why as far as is known: it is paused, its queue is long, it is down."""
    at = f" since {since}" if since else ""
    one, service = facts.consumers.get(consumer), consumer.partition("/")[0]
    if one and one["state"] in ("paused", "pausing"):
        whom = f" by {one['by']}" if one["by"] else ""
        reason = f" ({one['reason']})" if one["reason"] else ""
        said = f"{text}{at}, because {consumer} is {one['state']}{whom}{reason}"
        return Why(said, consumer, since, f"mallbots resume {consumer}")
    if service in facts.silent:
        return Why(f"{text}{at}, because {service} does not answer", consumer, since, f"mallbots logs {service}")
    if one and waiting(one) not in ("0",):
        said = f"{text}{at}: {waiting(one)} messages wait for {consumer}"
        return Why(said, consumer, since, f"mallbots logs {service}")
    return Why(f"{text}{at}", consumer, since, f"mallbots logs {service} --order {facts.id}")


def _kind(message: Json) -> Kind | None:
    known = language().get(message["name"])
    return known.about.kind if known else None


def _replies(command: str) -> list[str]:
    """The names of what answers a command."""
    asked = language()[command]
    assert issubclass(asked, Command)
    return [name for name, one in language().items() if issubclass(one, Reply) and one.about.answers is asked]


def _nth(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")
