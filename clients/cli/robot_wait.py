"""Which robot a list waits for, or why none takes it."""

from dataclasses import replace

from clients.cli.evidence import PATIENCE, Why, because, stopped, waiting
from clients.cli.facts import Facts
from clients.cli.wording import counted, lasting
from clients.mall import Json
from events.vda5050.state import OperatingMode

STEPS = ("ShoppingListAssigned", "ShoppingListStarted", "ShoppingListItemPicked")
STILL = 900.0  # seconds without a step of its work, by when a robot is taken for stuck
TOLD, REPORTS = "fleet/inbox", "fleet/topics"  # through which robots on the stream are told, and report
TELL_OF_ROBOTS = (REPORTS, "depot/inbox")  # through which the depot learns of robots on the stream
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
        return Why("waits for a robot: none is registered", "robots", since, facts.typed("robot list"))
    busy, away = (sum(one["status"] == status for one in facts.robots) for status in ("active", "offline"))
    said = ", ".join(f"{number} {word}" for word, number in (("at work", busy), ("offline", away)) if number)
    text = f"waits for a robot: none is idle ({said})"
    if busy:  # a robot that is at work comes free by itself: that is a queue, and blames none
        return Why(text, "", since, facts.typed("robot list"))
    if halt := stopped(facts, *TELL_OF_ROBOTS):
        text = f"{text}, as far as depot knows, and {halt.sentence}: what robots on the stream say does not reach it"
        return replace(halt, sentence=text, since=since)
    if waiting(facts, REPORTS) and (facts.age(since) or 0) >= PATIENCE:
        return because(facts, f"{text}, as far as depot knows", REPORTS, since, "fleet")
    return Why(text, "robots", since, facts.typed("robot list"))


def robot_at_work(facts: Facts, goods: Json) -> Why:
    """A list that a robot has."""
    items = [item for stop in goods["stops"] for item in stop["items"]]
    picked, wanted = sum(item["picked"] for item in items), sum(item["quantity"] for item in items)
    name = next((one["name"] for one in facts.robots if one["id"] == goods["botId"]), goods["botId"])
    since = facts.since("ShoppingListAssigned")
    text = f"waits for robot {name}, which has {picked} of {counted(wanted, 'item')}"
    robot, show = facts.robot, facts.typed("robot show", goods["botId"])
    status = next((one["status"] for one in facts.robots if one["id"] == goods["botId"]), "")
    if robot and robot["errors"]:
        return Why(f"{text} and reports {robot['errors'][0]['type']}", f"robot {name}", since, show)
    if robot and robot["paused"]:
        return Why(f"{text} and is paused", f"robot {name}", since, facts.typed("robot resume", goods["botId"]))
    if status == "offline" or (robot and robot["lastReportedAt"] and robot["connection"] != "online"):
        return Why(f"{text} and is not connected", f"robot {name}", since, show)
    if mode := _by_hand(robot):
        return Why(f"{text} and is in {mode} mode: people have to hand it back", f"robot {name}", since, show)
    if found := _gateway(facts, goods, text, since):
        return found
    if quiet := _quiet(facts):
        return Why(f"{text} and {quiet}", f"robot {name}", since, show)
    return Why(text, "", since)


def _by_hand(robot: Json | None) -> str:
    """The mode of a robot that takes no orders in it; of STARTUP it comes by itself."""
    mode = robot and robot["operatingMode"]
    if not mode or mode == OperatingMode.STARTUP or mode not in list(OperatingMode):
        return ""
    return "" if OperatingMode(mode).takes_orders else str(mode)


def _gateway(facts: Facts, goods: Json, text: str, since: str) -> Why | None:
    """That the robots' gateway, and not the robot, keeps a list: what it tells a robot, or what the robot reports."""
    if "fleet" in facts.silent:
        # A robot by REST does not need it: its steps follow from no report of the gateway.
        by_rest = facts.since(*STEPS[1:]) >= since and facts.since("CollectionAccepted") < since
        return None if by_rest else because(facts, text, TOLD, since, "depot")
    robot = facts.robot
    if not robot or not robot["lastReportedAt"]:
        return None  # not on the stream
    order = robot["order"] or {}
    knows = (order.get("listId"), order.get("assignment")) == (goods["id"], goods["assignment"])
    if goods["status"] == "assigned" and not knows:
        return _untold(facts, f"{text} and has not said that it knows of its list", _given_since(facts, goods))
    if halt := stopped(facts, *TELL_OF_ROBOTS):
        return replace(halt, sentence=f"{text}; what it reports waits, because {halt.sentence}", since=since)
    said = facts.age(robot["lastReportedAt"]) or 0
    if said > SILENT and waiting(facts, REPORTS):
        return because(facts, f"{text}; what it reports waits", REPORTS, robot["lastReportedAt"], "fleet")
    return None


def _given_since(facts: Facts, goods: Json) -> str:
    """Since when a robot is given a list that it does not begin: its lease may have ended meanwhile, and begun anew."""
    begun = facts.since("ShoppingListStarted")
    given = (one for one in facts.messages if one["name"] == "ShoppingListAssigned" and one["time"] >= begun)
    return next((str(one["time"]) for one in given if one["data"]["bot_id"] == goods["botId"]), "")


def _untold(facts: Facts, text: str, since: str) -> Why | None:
    """A robot that does not show its list: who has not told it, or not taken what it says."""
    if halt := stopped(facts, TOLD, REPORTS):
        return replace(halt, sentence=f"{text}, because {halt.sentence}", since=since)
    age = facts.age(since) or 0
    if age < PATIENCE:
        return None
    busy = next((one for one in (TOLD, REPORTS) if waiting(facts, one)), "")
    if busy:
        return because(facts, text, busy, since, "depot")
    return (
        Why(f"{text}, though fleet sends it again", "fleet", since, facts.typed("logs fleet")) if age > SILENT else None
    )


def _quiet(facts: Facts) -> str:
    """That a robot says or does nothing any more."""
    said = facts.age(facts.robot["lastReportedAt"] or "") if facts.robot else None
    if said is not None and said > SILENT:
        return f"has said nothing for {lasting(said)}"
    stepped = facts.age(facts.since(*STEPS))
    return f"has done nothing for {lasting(stepped)}" if stepped is not None and stepped > STILL else ""
