"""One robot, one list: after every write of the stored history, and at the end nobody waits for anybody."""

from collections.abc import Iterator
from typing import Any

from tests.simulation.check.delivery import Ways
from tests.simulation.check.parsed_history import Reading
from tests.simulation.check.records import Commit, Event
from tests.simulation.check.violation import Violation

ONE_ROBOT = "one robot has one list, and one list one robot"
NUMBERED = "each assignment has the next number"
NO_MORE = "no more is picked, missing or ordered than was listed"
NO_WAIT = "no list and idle robot wait for each other"

AT_WORK = ("assigned", "active")
OF_LISTS = ("ShoppingListAvailable", "LookAgain")  # what brings a list, or a robot, to the dispatcher's notice
OF_BOTS = ("BotCameOnline", "BotFinished")

Quantities = dict[tuple[str, str], int]  # by store and product


class Depot:
    """Lists and robots as their events say that they stand."""

    def __init__(self) -> None:
        self.lists: dict[str, str] = {}
        self.robot_of: dict[str, str] = {}
        self.bots: dict[str, str] = {}
        self.list_of: dict[str, str] = {}
        self.assignments: dict[str, int] = {}
        self.listed: dict[str, Quantities] = {}
        self.complaints: list[tuple[str, str, str]] = []

    def apply(self, commit: Commit) -> None:
        """Take what a commit of the depot says."""
        for event in commit.events:
            if commit.kind == "ShoppingList":
                self._list(commit, event)
            elif commit.kind == "Bot":
                self._bot(commit.thing, event)

    def _list(self, commit: Commit, event: Event) -> None:
        list_id, data = commit.thing, event.data
        self.lists[list_id] = _LIST.get(event.name, self.lists.get(list_id, ""))
        if event.name == "Created":
            self.listed[list_id] = {
                (stop["store_id"], item["product_id"]): item["quantity"]
                for stop in data["stops"]
                for item in stop["items"]
            }
        elif event.name == "Assigned":
            self.robot_of[list_id] = data["bot_id"]
            if data["assignment"] != self.assignments.get(list_id, 0) + 1:
                what = f"{commit.where} has the number {data['assignment']} after {self.assignments.get(list_id, 0)}"
                self.complaints.append((NUMBERED, what, commit.stream))
            self.assignments[list_id] = data["assignment"]
        elif event.name == "Picked":
            self._at_most_listed(commit, [data])
        elif event.name == "Completed":
            self._at_most_listed(commit, data["shortages"])
        if self.lists[list_id] not in AT_WORK:
            self.robot_of.pop(list_id, None)

    def _at_most_listed(self, commit: Commit, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            listed = self.listed.get(commit.thing, {}).get((line["store_id"], line["product_id"]), 0)
            if not 0 <= line["quantity"] <= listed:
                said, product = line["quantity"], line["product_id"]
                what = f"{commit.where} says {said} of the product {product}, and {listed} are listed"
                self.complaints.append((NO_MORE, what, commit.stream))

    def _bot(self, bot_id: str, event: Event) -> None:
        self.bots[bot_id] = _BOT.get(event.name, self.bots.get(bot_id, ""))
        if event.name == "TookList":
            self.list_of[bot_id] = event.data["list_id"]
        else:
            self.list_of.pop(bot_id, None)

    def wrong(self) -> str | None:
        """Who has whom without the other having it."""
        for list_id, bot_id in self.robot_of.items():
            if self.list_of.get(bot_id) != list_id:
                return f"the list {list_id} has the robot {bot_id}, which has {self.list_of.get(bot_id, 'none')}"
        for bot_id, list_id in self.list_of.items():
            if self.robot_of.get(list_id) != bot_id:
                return f"the robot {bot_id} has the list {list_id}, which has {self.robot_of.get(list_id, 'none')}"
        return None


_LIST = {
    "Created": "pending",
    "Initiated": "available",
    "GivenBack": "available",
    "Assigned": "assigned",
    "Started": "active",
    "Completed": "completed",
    "Cancelled": "cancelled",
}
_BOT = {
    "Registered": "offline",
    "CameOnline": "idle",
    "Finished": "idle",
    "TookList": "active",
    "WentOffline": "offline",
}


def violations(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """Two for one, at any moment; more than there is; and who waits in the end."""
    depot = Depot()
    for write in writes(commit for commit in reading.commits if commit.service == "depot"):
        for commit in write:
            depot.apply(commit)
        if wrong := depot.wrong():
            about = {"streams": [commit.stream for commit in write], "commits": [commit.id for commit in write]}
            yield Violation(ONE_ROBOT, f"since {write[0].where}, {wrong}", about)
            break
    for invariant, text, stream in depot.complaints:
        yield Violation(invariant, text, {"stream": stream})
    yield from _orders(reading)
    if reading.is_still:
        yield from _nobody_waits(depot, ways)


def writes(commits: Iterator[Commit]) -> Iterator[list[Commit]]:
    """The commits in their order, those of one transaction together."""
    pending: list[Commit] = []
    for commit in commits:
        pending.append(commit)
        if len(pending) >= commit.together:
            yield pending
            pending = []
    if pending:
        yield pending


def _orders(reading: Reading) -> Iterator[Violation]:
    for order_id, commits in reading.of_kind("Order"):
        ordered: Quantities = {}
        for commit in commits:
            for event in commit.events:
                if event.name == "Created":
                    for item in event.data["items"]:
                        key = item["store_id"], item["product_id"]
                        ordered[key] = ordered.get(key, 0) + item["quantity"]
                for short in event.data.get("shortages", ()) if event.name == "Readied" else ():
                    missing, product = short["quantity"], short["product_id"]
                    if not 0 < missing <= ordered.get((short["store_id"], product), 0):
                        text = f"the order {order_id} lacks {missing} of the product {product}, more than ordered"
                        yield Violation(NO_MORE, text, {"stream": commit.stream})


def _nobody_waits(depot: Depot, ways: Ways) -> Iterator[Violation]:
    lists = [
        thing
        for thing, status in depot.lists.items()
        if status == "available" and not ways.misses("depot", thing, OF_LISTS)
    ]
    bots = [
        thing for thing, status in depot.bots.items() if status == "idle" and not ways.misses("depot", thing, OF_BOTS)
    ]
    if lists and bots:
        text = f"the list {lists[0]} waits for a robot, and the robot {bots[0]} is idle"
        yield Violation(NO_WAIT, text, {"lists": lists, "robots": bots})
