"""Which robot a list waits for, or why none takes it."""

from clients.cli.evidence import Why, because
from clients.cli.facts import Facts
from clients.cli.wording import counted, lasting
from clients.mall import Json

STEPS = ("ShoppingListAssigned", "ShoppingListStarted", "ShoppingListItemPicked")
STILL = 900.0  # seconds without a step of its work, by when a robot is taken for stuck
SILENT = 120.0  # seconds without a state from a robot on the stream, which sends one every 30 at least


def robot_wanted(facts: Facts) -> Why:
    """A list that no robot has."""
    since = facts.since("ShoppingListAvailable")
    idle = [one["name"] for one in facts.robots if one["status"] == "idle"]
    if idle:
        dispatcher = next((name for name in facts.consumers if name.startswith("depot/dispatcher")), "depot/dispatcher")
        text = f"waits to be given to a robot, of which {counted(len(idle), 'is', 'are')} idle"
        return because(facts, text, dispatcher, since, "depot")
    if not facts.robots:
        return Why("waits for a robot: none is registered", "robots", since, "mallbots robot list")
    busy, away = (sum(one["status"] == status for one in facts.robots) for status in ("active", "offline"))
    said = ", ".join(f"{number} {word}" for word, number in (("at work", busy), ("offline", away)) if number)
    # A robot that is at work comes free by itself: that is a queue, and blames none.
    blames = "" if busy else "robots"
    return Why(f"waits for a robot: none is idle ({said})", blames, since, "mallbots robot list")


def robot_at_work(facts: Facts, goods: Json) -> Why:
    """A list that a robot has."""
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
    if quiet := _quiet(facts):
        return Why(f"{text} and {quiet}", f"robot {name}", since, show)
    return Why(text, "", since)


def _quiet(facts: Facts) -> str:
    """That a robot says or does nothing any more."""
    said = facts.age(facts.robot["lastReportedAt"] or "") if facts.robot else None
    if said is not None and said > SILENT:
        return f"has said nothing for {lasting(said)}"
    stepped = facts.age(facts.since(*STEPS))
    return f"has done nothing for {lasting(stepped)}" if stepped is not None and stepped > STILL else ""
