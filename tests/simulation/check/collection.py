"""What robots do: each under the number of its assignment, and what is short is what was listed and not picked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.delivery import Ways
from tests.simulation.check.parsed_history import SECOND, Reading
from tests.simulation.check.records import Commit
from tests.simulation.check.violation import Violation

UNDER_ITS_NUMBER = "a robot works on a list under the number of its assignment"
LISTED = "a list asks for what was ordered"
SHORT = "what is short of a list is what was not picked or was said to be missing"
HEARD = "a robot that is silent is taken offline"

LEASE = 60 * SECOND
LOOKS = 240 * SECOND  # further than two looks of a lease, clocks that are behind, and the tries of both

Quantities = dict[tuple[str, str], int]  # by store and product


@dataclass
class ShoppingList:
    """What the events of a list say; picked since it was assigned last."""

    listed: Quantities = field(default_factory=dict)
    picked: Quantities = field(default_factory=dict)
    assignment: int = 0
    is_started: bool = False


def violations(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """What was collected otherwise than asked or said, and robots that nobody misses."""
    for thing, commits in reading.of_kind("ShoppingList"):
        shopping_list = ShoppingList()
        for commit in commits:
            for invariant, text in _collected(shopping_list, thing, commit, reading):
                yield Violation(invariant, text, {"stream": commit.stream, "request": commit.request})
    if reading.is_still:
        yield from _silent(reading, ways)


def _collected(shopping_list: ShoppingList, thing: str, commit: Commit, reading: Reading) -> Iterator[tuple[str, str]]:
    request = reading.requests.get(commit.request or "")
    body: dict[str, Any] = request.body if request and isinstance(request.body, dict) else {}
    if body.get("assignment") not in (None, shopping_list.assignment):
        number = shopping_list.assignment
        yield UNDER_ITS_NUMBER, f"{commit.where} is of the assignment {body['assignment']}, and {number} is the latest"
    for event in commit.events:
        data = event.data
        if event.name == "Created":
            shopping_list.listed = {
                (stop["store_id"], item["product_id"]): item["quantity"]
                for stop in data["stops"]
                for item in stop["items"]
            }
            command = reading.cause_of(commit)
            if command and command.name == "CreateShoppingList":
                ordered = _summed(command.data["items"])
                if shopping_list.listed != ordered:
                    yield LISTED, f"{commit.where} lists {sum(shopping_list.listed.values())} items"
        elif event.name == "Assigned":
            shopping_list.assignment, shopping_list.is_started, shopping_list.picked = data["assignment"], False, {}
        elif event.name == "Started":
            shopping_list.is_started = True
        elif event.name == "Picked":
            shopping_list.picked[data["store_id"], data["product_id"]] = data["quantity"]
        elif event.name == "Completed" and request:
            said = body.get("shortages")
            if said is not None:
                short = {(line["storeId"], line["productId"]): line["quantity"] for line in said}
            elif shopping_list.is_started:
                listed, picked = shopping_list.listed, shopping_list.picked
                short = {key: n - picked.get(key, 0) for key, n in listed.items() if n > picked.get(key, 0)}
            else:
                short = {}
            if _summed(data["shortages"]) != short:
                yield SHORT, f"{commit.where} is short of {_summed(data['shortages'])} instead of {short}"


def _summed(lines: list[dict[str, Any]]) -> Quantities:
    summed: Quantities = {}
    for line in lines:
        key = line["store_id"], line["product_id"]
        summed[key] = summed.get(key, 0) + line["quantity"]
    return summed


def _silent(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """Robots that are online in the end, and were not heard of for long."""
    heard: dict[str, int] = {}
    robot_of: dict[str, str] = {}
    for request in reading.requests.values():
        parts = request.path.split("/")
        if parts[:4] == ["", "api", "depot", "bots"] and parts[-1] == "online":
            heard[parts[4]] = request.answered_at or request.at
    for thing, commits in reading.of_kind("ShoppingList"):
        for commit in commits:
            for event in commit.events:
                if event.name == "Assigned":
                    robot_of[thing] = event.data["bot_id"]
            if thing in robot_of and commit.request:
                bot_id = robot_of[thing]
                heard[bot_id] = max(heard.get(bot_id, 0), commit.at)
    for bot_id, commits in reading.of_kind("Bot"):
        offline = commits[-1].events[-1].name in ("Registered", "WentOffline")
        since = max(heard.get(bot_id, 0) + LEASE, commits[-1].at, reading.calm_from)
        if not offline and reading.end - since > LOOKS and not ways.misses("depot", bot_id, ["LeaseEnds"]):
            text = f"the robot {bot_id} is online, and was last heard of {(reading.end - since) // SECOND} s before"
            yield Violation(HEARD, text, {"stream": commits[0].stream})
