"""Robots and shopping lists: one robot per list after every write, and no list waits beside an idle robot."""

from collections.abc import Iterator
from typing import Any

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit, Event
from tests.simulation.check.transitions import UNCHANGED
from tests.simulation.check.violation import Violation

ONE_ROBOT = "one robot has one list, and one list one robot"
NEXT_NUMBER = "each assignment has the next number"
AT_MOST_LISTED = "no more is picked or reported short than was listed"
NO_WAIT = "no list and idle robot wait for each other"

AT_WORK = ("assigned", "active")
LIST_TRIGGERS = ("ShoppingListAvailable",)  # messages that make the dispatcher consider a list
BOT_TRIGGERS = ("BotCameOnline", "BotFinished")  # and a robot
HEARD_BY = ("depot/dispatcher", "depot/gathered")  # one of them is enough: a schedule compares what they have stored

# The status that an event leads to.
LIST_STATUS = {
    "Created": "pending",
    "Initiated": "available",
    "GivenBack": "available",
    "Assigned": "assigned",
    "Started": "active",
    "Completed": "completed",
    "Cancelled": "cancelled",
}
BOT_STATUS = {
    "Registered": "offline",
    "CameOnline": "idle",
    "Finished": "idle",
    "TookList": "active",
    "WentOffline": "offline",
    "Retired": "retired",
}

Quantities = dict[tuple[str, str], int]  # by store and product


def quantities(stops: list[dict[str, Any]], name: str) -> Quantities:
    """One quantity of each item of a list: `quantity` as listed, or `picked`."""
    return {(stop["store_id"], item["product_id"]): item[name] for stop in stops for item in stop["items"]}


def summed(lines: list[dict[str, Any]]) -> Quantities:
    """The quantities of lines, of which several may be of one product."""
    total: Quantities = {}
    for line in lines:
        key = line["store_id"], line["product_id"]
        total[key] = total.get(key, 0) + line["quantity"]
    return total


class Depot:
    """The state of all lists and robots by their events.

    lists, bots: statuses. robot_of, list_of: who has whom. assignments, number_of: of each list its latest, and of each
    robot that of its list. problems: (invariant, text, stream) found on the way.
    """

    def __init__(self) -> None:
        self.lists: dict[str, str] = {}
        self.robot_of: dict[str, str] = {}
        self.bots: dict[str, str] = {}
        self.list_of: dict[str, str] = {}
        self.assignments: dict[str, int] = {}
        self.number_of: dict[str, int] = {}
        self.listed: dict[str, Quantities] = {}
        self.problems: list[tuple[str, str, str]] = []

    def apply(self, commit: Commit) -> None:
        """Apply one commit of the depot."""
        for event in (event for event in commit.events if event.name != UNCHANGED):
            if commit.kind == "ShoppingList":
                self._list(commit, event)
            elif commit.kind == "Bot":
                self._bot(commit.aggregate_id, event)

    def _list(self, commit: Commit, event: Event) -> None:
        list_id, data = commit.aggregate_id, event.data
        self.lists[list_id] = LIST_STATUS.get(event.name, self.lists.get(list_id, ""))
        if event.name == "Created":
            self.listed[list_id] = quantities(data["stops"], "quantity")
        elif event.name == "Assigned":
            self.robot_of[list_id] = data["bot_id"]
            if data["assignment"] != self.assignments.get(list_id, 0) + 1:
                text = f"{commit.where} has the number {data['assignment']} after {self.assignments.get(list_id, 0)}"
                self.problems.append((NEXT_NUMBER, text, commit.stream))
            self.assignments[list_id] = data["assignment"]
        elif event.name == "Picked":
            self._at_most_listed(commit, [data])
        elif event.name == "Completed":
            self._at_most_listed(commit, data["shortages"])
        if self.lists[list_id] not in AT_WORK:
            self.robot_of.pop(list_id, None)

    def _at_most_listed(self, commit: Commit, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            listed = self.listed.get(commit.aggregate_id, {}).get((line["store_id"], line["product_id"]), 0)
            if not 0 <= line["quantity"] <= listed:
                quantity, product = line["quantity"], line["product_id"]
                text = f"{commit.where} has {quantity} of the product {product}, and {listed} are listed"
                self.problems.append((AT_MOST_LISTED, text, commit.stream))

    def _bot(self, bot_id: str, event: Event) -> None:
        self.bots[bot_id] = BOT_STATUS.get(event.name, self.bots.get(bot_id, ""))
        if event.name == "TookList":
            self.list_of[bot_id], self.number_of[bot_id] = event.data["list_id"], event.data["assignment"]
        elif event.name in BOT_STATUS:
            self.list_of.pop(bot_id, None)

    def disagreement(self) -> str | None:
        """A list and a robot that disagree about their assignment; None when all agree."""
        for list_id, bot_id in self.robot_of.items():
            if self.list_of.get(bot_id) != list_id:
                return f"the list {list_id} has the robot {bot_id}, which has {self.list_of.get(bot_id, 'none')}"
        for bot_id, list_id in self.list_of.items():
            if self.robot_of.get(list_id) != bot_id:
                return f"the robot {bot_id} has the list {list_id}, which has {self.robot_of.get(list_id, 'none')}"
            if self.number_of[bot_id] != self.assignments[list_id]:
                number, latest = self.number_of[bot_id], self.assignments[list_id]
                return (
                    f"the robot {bot_id} has the list {list_id} by its assignment {number}, and {latest} is the latest"
                )
        return None


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Double assignments at any time, wrong numbers and quantities, and pairs that wait in the final state."""
    depot = Depot()
    for write in writes(commit for commit in history.commits if commit.service == "depot"):
        for commit in write:
            depot.apply(commit)
        if disagreement := depot.disagreement():
            about = {"streams": [commit.stream for commit in write], "commits": [commit.id for commit in write]}
            yield Violation(ONE_ROBOT, f"since {write[0].where}, {disagreement}", about)
            break
    for invariant, text, stream in depot.problems:
        yield Violation(invariant, text, {"stream": stream})
    yield from _orders(history)
    if history.is_quiescent:
        yield from _no_wait(depot, deliveries)


def is_known(deliveries: Deliveries, id: str, triggers: tuple[str, ...]) -> bool:
    """Whether a list's or robot's messages reached one of the two queues of the depot that store what waits."""
    return not all(deliveries.misses(queue, id, triggers) for queue in HEARD_BY)


def writes(commits: Iterator[Commit]) -> Iterator[list[Commit]]:
    """The commits in order, grouped by transaction."""
    pending: list[Commit] = []
    for commit in commits:
        pending.append(commit)
        if len(pending) >= commit.items_in_transaction:
            yield pending
            pending = []
    if pending:
        yield pending


def _orders(history: ParsedHistory) -> Iterator[Violation]:
    for order_id, commits in history.of_kind("Order"):
        ordered: Quantities = {}
        for commit in commits:
            for event in commit.events:
                if event.name == "Created":
                    ordered = summed(event.data["items"])
                for short in event.data.get("shortages", ()) if event.name == "Readied" else ():
                    missing, product = short["quantity"], short["product_id"]
                    if not 0 < missing <= ordered.get((short["store_id"], product), 0):
                        text = f"the order {order_id} lacks {missing} of the product {product}, more than ordered"
                        yield Violation(AT_MOST_LISTED, text, {"stream": commit.stream})


def _no_wait(depot: Depot, deliveries: Deliveries) -> Iterator[Violation]:
    lists = [
        list_id
        for list_id, status in depot.lists.items()
        if status == "available" and is_known(deliveries, list_id, LIST_TRIGGERS)
    ]
    bots = [
        bot_id
        for bot_id, status in depot.bots.items()
        if status == "idle" and is_known(deliveries, bot_id, BOT_TRIGGERS)
    ]
    if lists and bots:
        text = f"the list {lists[0]} waits for a robot, and the robot {bots[0]} is idle"
        yield Violation(NO_WAIT, text, {"lists": lists, "robots": bots})
