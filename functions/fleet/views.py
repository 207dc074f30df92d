"""Rows of robots: names, what each reported last, its connection, who took that over, and what its list holds.

The name is of the depot's events. A report is written when it shows something new, else at most every 15 seconds; it
and the connection are written by the handlers of topics, after the commit, with the broker's time as their version: a
message that fails is handled again, so none is left out. `heard` in a report is when the robot last did what it must.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from events.depot import BotRegistered, BotRetired
from events.envelope import Metadata
from functions.fleet.reports import LATE, Visit, passed
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read, read_many, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Page, Row

ROBOTS, REPORTS, CONNECTIONS, VISITS = "robots", "reports", "connections", "visits"
TAKEOVERS = "takeovers"
BEHIND = "behind"
CERTIFICATES = "certificates"
NUMBERS = 4_096  # with the time in milliseconds, well below 2^53
ABOVE_TIMES = 2**53  # earlier code gated rows of connections and takeovers by the time, as those of reports are
WRITTEN_FOR = 15  # seconds, or a quarter of a lease below 60: as old as the depot takes what it is told of robots
# A robot whose connection is dead takes over from itself as it connects anew: ours after 10 seconds without an answer,
# so five times in 40 at the soonest. Two programs under one id do so within seconds, again and again. So many within so
# many seconds is no robot alone; it is shown for some minutes after the last. Programs that wait longer, as ours does,
# cannot be told from a robot on a bad network here: but they are told that they were taken over, and say so in states.
MOST_TAKEOVERS, CONTEST, SHOWN_FOR = 5, 35, 300
TAKEOVERS_FOR = timedelta(hours=1)
ATTEMPTS = 5
# A list is collected within minutes; what is given up waits in the dead-letter queue for as long.
VISITS_FOR = timedelta(days=14)

projection = Projection(View("robots", partitions=(ROBOTS,)))


@projection.on(BotRegistered)
def robot_row(event: BotRegistered, metadata: Metadata) -> Row:
    return Row(ROBOTS, event.bot_id, {"id": event.bot_id, "name": event.name})


@projection.on(BotRetired)
def retired_row(event: BotRetired, metadata: Metadata) -> Row:
    return Row(ROBOTS, event.bot_id, None)


def robots(limit: int, after: dict[str, Any] | None) -> Page:
    """A page of robots that are not retired, by their ids."""
    return runtime.current().views.query(ROBOTS, limit=limit, after=after)


def robot(robot_id: str) -> dict[str, Any] | None:
    """A robot that is not retired."""
    return read(ROBOTS, robot_id)


def reports(first: str, last: str) -> dict[str, dict[str, Any]]:
    """What the robots from one id to another reported last, by id."""
    return {row["id"]: row for row in rows(REPORTS, first=first, last=last)}


def connections(first: str, last: str) -> dict[str, dict[str, Any]]:
    """How the robots from one id to another are connected, by id."""
    return {row["id"]: row for row in rows(CONNECTIONS, first=first, last=last)}


def forget(robot_id: str) -> None:
    """Delete what a robot that is retired said."""
    for kind in (REPORTS, CONNECTIONS, TAKEOVERS):
        runtime.current().views.delete(kind, robot_id)


def certificates(robot_id: str) -> list[str]:
    """The certificates of a retired robot that are to be deleted."""
    return list((read(CERTIFICATES, robot_id) or {}).get("arns", ()))


def keep_certificates(robot_id: str, arns: Sequence[str]) -> None:
    """Keep which certificates of a retired robot are to be deleted."""
    runtime.current().views.put(Row(CERTIFICATES, robot_id, {"arns": list(arns)}), _version(clock.stamp()))


def forget_certificates(robot_id: str) -> None:
    """They are deleted."""
    runtime.current().views.delete(CERTIFICATES, robot_id)


def report(robot_id: str) -> dict[str, Any] | None:
    """What a robot reported last."""
    return read(REPORTS, robot_id)


def keep_report(
    robot_id: str, at: str, number: tuple[str, int], shown: dict[str, Any], *, heard: bool, known: tuple[str, int]
) -> None:
    """Keep what a robot reported, unless the row says the same, and has said so for less than 15 seconds.

    number: the robot's session, and that of the state in it: a late state with a lower one is older than the row.
    known: the number up to which its stream knows it. A robot without an order whose row is older gets none.
    """
    last = report(robot_id) or {}
    if last and at < last["at"]:
        return
    if last and number <= tuple(last["number"]) and not passed(last["at"], at, LATE):
        return keep_heard(last, at) if heard else None
    is_needed = shown["order"] is None and bool(last) and tuple(last["number"]) < known
    news = is_needed or _essence(shown) != _essence(last)
    if last and not news and not passed(last["heard"] if heard else last["at"], at, _written_for()):
        return
    data = {**shown, "id": robot_id, "at": at, "number": number, "heard": at if heard else last.get("heard", "")}
    if passed(at, clock.stamp(), _lease() / 2):  # before the row: once that is written, the same state is no news
        _keep_behind()
    runtime.current().views.put(Row(REPORTS, robot_id, data), _version(at, number[1]))


def keep_heard(last: dict[str, Any], at: str) -> None:
    """Keep that a robot did what it must, by a state whose number says that it is older than what the row shows.

    It may have begun anew, and that it is online is not known yet. What it shows then waits; its lease does not. The
    version is below that of any later state.
    """
    if last["heard"] >= last["at"] and passed(last["heard"], at, _written_for()):
        since = clock.read(at) - clock.read(last["at"])
        version = _version(last["at"], last["number"][1]) + int(since.total_seconds())
        runtime.current().views.put(Row(REPORTS, last["id"], {**last, "heard": at}), version)


def keep_connection(robot_id: str, version: int, at: str, connection: str) -> None:
    """Keep how a robot is connected: online, offline or broken.

    version: of its stream, which decides what of the broker's presence events counts. They may come in another order
    than that of their times.
    """
    row = Row(CONNECTIONS, robot_id, {"id": robot_id, "connection": connection, "at": at})
    runtime.current().views.put(row, ABOVE_TIMES + version)


def keep_takeover(robot_id: str, at: str, session: str) -> bool:
    """Keep when another connection of a robot's id ended one of its own. session: of that, for it may be told twice.

    Written only if the row is still what was read: such events come in bursts, several of which are handled at a time.
    False where it changed at each of five attempts.
    """
    for attempt in range(ATTEMPTS):
        last = read(TAKEOVERS, robot_id) or {}
        known = last.get("ends", [])
        if any(session == told for _, told in known):
            return True
        ends = sorted([*known, [at, session]])[-MOST_TAKEOVERS:]
        data = {"id": robot_id, "ends": ends, "writes": last.get("writes", 0) + 1}
        expires = int((clock.now() + TAKEOVERS_FOR).timestamp())
        row = Row(TAKEOVERS, robot_id, data, expires=expires)
        if runtime.current().views.put(row, ABOVE_TIMES + data["writes"]):
            return True
        clock.back_off(attempt)
    return False


def connected_twice(first: str, last: str) -> set[str]:
    """Of the robots from one id to another those whose connections took over from each other, again and again."""
    return {row["id"] for row in rows(TAKEOVERS, first=first, last=last) if _is_contest([at for at, _ in row["ends"]])}


def keep_visits(list_id: str, assignment: int, visits: Sequence[Visit]) -> None:
    """Keep what is to be collected of a list under an assignment, in place of what there was under an earlier one."""
    data = {"assignment": assignment, "visits": [[visit.store_id, visit.location, visit.items] for visit in visits]}
    expires = int((clock.now() + VISITS_FOR).timestamp())
    runtime.current().views.put(Row(f"list#{list_id}", VISITS, data, expires=expires), assignment)


def visits(list_id: str, assignment: int) -> tuple[Visit, ...] | None:
    """What is to be collected of a list under an assignment; None while that is not known."""
    row = read(f"list#{list_id}", VISITS)
    if row is None or row["assignment"] != assignment:
        return None
    return tuple(
        Visit(store_id, location, tuple((product_id, quantity) for product_id, quantity in items))
        for store_id, location, items in row["visits"]
    )


def last_heard(robot_ids: Iterable[str]) -> dict[str, str]:
    """When robots last did what they must, those that ever did."""
    found = read_many((REPORTS, id) for id in robot_ids)
    return {id: row["heard"] for (_, id), row in found.items() if row["heard"]}


def is_behind() -> bool:
    """Whether within a lease the newest of a robot was shown that late that its lease could have ended meanwhile.

    Robots report within 30 seconds, so half a lease more is too long.
    """
    row = read_many([(BEHIND, BEHIND)]).get((BEHIND, BEHIND))
    return row is not None and not passed(row["at"], clock.stamp(), _lease())


def _keep_behind() -> None:
    """Keep that something was late now, unless that was kept lately: all robots write this one row."""
    now = clock.stamp()
    row = read(BEHIND, BEHIND)
    if row is None or passed(row["at"], now, _lease() / 12):
        runtime.current().views.put(Row(BEHIND, BEHIND, {"at": now}), _version(now))


def _is_contest(ends: Sequence[str]) -> bool:
    soon = len(ends) == MOST_TAKEOVERS and not passed(ends[0], ends[-1], CONTEST)
    return soon and not passed(ends[-1], clock.stamp(), SHOWN_FOR)


def _essence(shown: dict[str, Any]) -> dict[str, Any]:
    """What of a report is worth a row at once: not each metre, nor each percent of the battery."""
    kept = {name: shown.get(name) for name in ("node", "paused", "mode", "order", "errors", "retriable")}
    battery = shown.get("battery")
    return kept | {"battery": None if battery is None else battery // 10}


def _written_for() -> float:
    return min(WRITTEN_FOR, _lease() / 4)


def _lease() -> int:
    return int(runtime.current().setting("ROBOT_LEASE"))


def _version(at: str, header: int = 0) -> int:
    """The broker's time in milliseconds; within one of them the number of the message decides."""
    return int(clock.read(at).timestamp() * 1000) * NUMBERS + header % NUMBERS
