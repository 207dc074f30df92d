"""Collection: what robots pick, under which assignment, what they report short, and when they go offline."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Commit
from tests.simulation.check.robots import Quantities, quantities, summed
from tests.simulation.check.transitions import UNCHANGED
from tests.simulation.check.violation import Violation

ASSIGNMENT_NUMBER = "a robot works on a list under the number of its assignment"
LISTED = "a list has the items that were ordered"
SHORTAGES = "the shortages of a list are what was not picked or was reported missing"
SILENT = "a robot that is silent is taken offline"
REPORTS = "a robot that reports is not taken offline"

REPORT = re.compile(r"/api/depot/bots/(?P<bot>[^/]+)/online")
LEASE = 60 * SECOND
NO_STEPS = (UNCHANGED, "TokensRevoked", "Connected", "Disconnected")
ONLINE = ("BotCameOnline", "BotAssigned", "BotFinished")
# After the end of a lease: a minute until the next sweep, another when the clock of that one was behind that of the
# heartbeat, and 20 s for the timer's way and a sweep. No message excuses it but one that the index was not told by.
SLACK = 140 * SECOND
# A lease ends 60 s after a report at the earliest, and 20 s sooner where clocks differ. A sweep that is under way may
# not see the latest report.
SAFE, UNDER_WAY = 40 * SECOND, 5 * SECOND


@dataclass
class ShoppingList:
    """A list by its events. picked: since its latest assignment."""

    listed: Quantities = field(default_factory=dict)
    picked: Quantities = field(default_factory=dict)
    bot_id: str = ""
    assignment: int = 0
    is_started: bool = False


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Lists that do not match the order, the assignment or the picks, and silent robots that stay online.

    A robot does its steps by requests, or reports what it has collected (ReportCollection).
    """
    for _, commits in history.of_kind("ShoppingList"):
        shopping_list = ShoppingList()
        for commit in commits:
            for invariant, text in _collected(shopping_list, commit, history):
                yield Violation(invariant, text, {"stream": commit.stream, "request": commit.request})
    yield from _reporting_robots(history)
    if history.is_quiescent:
        yield from _silent_robots(history, deliveries)


def _collected(shopping_list: ShoppingList, commit: Commit, history: ParsedHistory) -> Iterator[tuple[str, str]]:
    request = history.requests.get(commit.request or "")
    body: dict[str, Any] = request.body if request and isinstance(request.body, dict) else {}
    report = _report(commit, history)
    named = report["assignment"] if report else body.get("assignment")
    if named not in (None, shopping_list.assignment):
        yield (
            ASSIGNMENT_NUMBER,
            f"{commit.where} has the assignment {named}, and {shopping_list.assignment} is the latest",
        )
    if report and report["bot_id"] != shopping_list.bot_id:
        yield ASSIGNMENT_NUMBER, f"{commit.where} is by {report['bot_id']}, and {shopping_list.bot_id} has the list"
    for event in commit.events:
        data = event.data
        if event.name == "Created":
            shopping_list.listed = quantities(data["stops"], "quantity")
            command = history.cause_of(commit)
            if command and command.name == "CreateShoppingList":
                ordered = summed(command.data["items"])
                if shopping_list.listed != ordered:
                    number = sum(shopping_list.listed.values())
                    yield LISTED, f"{commit.where} lists {number} items instead of {sum(ordered.values())}"
        elif event.name == "Assigned":
            shopping_list.assignment, shopping_list.is_started, shopping_list.picked = data["assignment"], False, {}
            shopping_list.bot_id = data["bot_id"]
        elif event.name == "Started":
            shopping_list.is_started = True
        elif event.name == "Picked":
            shopping_list.picked[data["store_id"], data["product_id"]] = data["quantity"]
            if report and summed(report["picked"]).get((data["store_id"], data["product_id"])) != data["quantity"]:
                yield SHORTAGES, f"{commit.where} has picked what was not reported: {data}"
        elif event.name == "Completed" and (request or report):
            reported = body.get("shortages")
            if report:
                listed, picked = shopping_list.listed, summed(report["picked"])
                short = {key: n - picked.get(key, 0) for key, n in listed.items() if n > picked.get(key, 0)}
            elif reported is not None:
                short = {(line["storeId"], line["productId"]): line["quantity"] for line in reported}
            elif shopping_list.is_started:
                listed, picked = shopping_list.listed, shopping_list.picked
                short = {key: n - picked.get(key, 0) for key, n in listed.items() if n > picked.get(key, 0)}
            else:
                short = {}
            if summed(data["shortages"]) != short:
                yield SHORTAGES, f"{commit.where} has the shortages {summed(data['shortages'])} instead of {short}"


def _report(commit: Commit, history: ParsedHistory) -> dict[str, Any] | None:
    """What a robot reported over its stream, which led to a commit."""
    command = history.cause_of(commit)
    return command.data if command and command.name == "ReportCollection" else None


def _reporting_robots(history: ParsedHistory) -> Iterator[Violation]:
    """Robots that a sweep takes offline though they have reported shortly before."""
    reports: dict[str, list[int]] = defaultdict(list)
    keys: set[str] = set()
    for request in history.requests.values():
        bot_id = _reporting(request.path)
        if bot_id and request.accepted and request.answered_at and request.key not in keys:
            reports[bot_id].append(request.answered_at)
        keys |= {request.key} if request.key else set()  # a request that is repeated under its key is no report
    for bot_id, commits in history.of_kind("Bot"):
        for commit in commits:
            names = commit.event_names()
            if "WentOffline" not in names or commit.request or "Disconnected" in names or "Finished" in names:
                continue  # not by a sweep: staff or the robot asked for it, or its connection ended
            safe = [at for at in reports[bot_id] if UNDER_WAY <= commit.at - at <= SAFE]
            if safe:
                text = f"the robot {bot_id} is taken offline {(commit.at - safe[-1]) // SECOND} s after a report"
                yield Violation(REPORTS, text, {"stream": commit.stream})


def _reporting(path: str) -> str | None:
    """The robot that reports by a request of this path."""
    found = REPORT.fullmatch(path)
    return found["bot"] if found else None


def _silent_robots(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Robots that are online in the final state though their lease ended long before."""
    last_request: dict[str, int] = {}
    robot_of: dict[str, str] = {}
    for request in history.requests.values():
        bot_id = _reporting(request.path)
        if bot_id:
            last_request[bot_id] = request.answered_at or request.at
    for aggregate_id, commits in history.of_kind("ShoppingList"):
        for commit in commits:
            for event in commit.events:
                if event.name == "Assigned":
                    robot_of[aggregate_id] = event.data["bot_id"]
            if aggregate_id in robot_of and commit.request:
                bot_id = robot_of[aggregate_id]
                last_request[bot_id] = max(last_request.get(bot_id, 0), commit.at)
    for bot_id, commits in history.of_kind("Bot"):
        said = [name for commit in commits for name in commit.event_names()]
        names = [name for name in said if name not in NO_STEPS]
        offline = names[-1] in ("Registered", "WentOffline", "Retired")
        since = max(last_request.get(bot_id, 0) + LEASE, commits[-1].at, history.faults_ended_at)
        if not offline and history.end - since > SLACK and not deliveries.misses("depot/gathered", bot_id, ONLINE):
            text = f"the robot {bot_id} is online {(history.end - since) // SECOND} s after its lease ended"
            yield Violation(SILENT, text, {"stream": commits[0].stream})
