"""Rows of robots: their names, what each reported last, its connection, and what is to be collected of its list.

The name is of the depot's events. A report is written when it shows something new, else at most every 15 seconds; it
and the connection are written by the handlers of topics, after the commit, with the broker's time as their version: a
message that fails is handled again, so none is left out. `heard` in a report is when the robot last did what it must.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from events.depot import BotRegistered, BotRetired
from events.envelope import Metadata
from events.shapes import Stop
from functions.kernel.projections.projection import Projection, read, read_many
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Page, Row

ROBOTS, REPORTS, CONNECTIONS, STOPS = "robots", "reports", "connections", "stops"
WRITTEN_FOR = timedelta(seconds=15)
# A list is collected within minutes; what is given up waits in the dead-letter queue for as long.
STOPS_FOR = timedelta(days=14)

STOP_LIST = TypeAdapter(tuple[Stop, ...], config={"defer_build": True})

projection = Projection()


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


def details(robot_ids: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """The reports and connections of robots, by partition and id."""
    return read_many((kind, id) for kind in (REPORTS, CONNECTIONS) for id in robot_ids)


def report(robot_id: str) -> dict[str, Any] | None:
    """What a robot reported last."""
    return read(REPORTS, robot_id)


def keep_report(robot_id: str, at: str, shown: dict[str, Any], *, heard: bool) -> None:
    """Keep what a robot reported, unless the row says the same and is not 15 seconds old."""
    last = report(robot_id) or {}
    if last and at <= last["at"]:
        return
    news = _essence(shown) != _essence(last)
    if last and not news and clock.read(at) - clock.read(last["at"]) < WRITTEN_FOR:
        return
    data = {**shown, "at": at, "heard": at if heard else last.get("heard", "")}
    runtime.current().views.put(Row(REPORTS, robot_id, data), _version(at))


def keep_connection(robot_id: str, at: str, connection: str) -> None:
    """Keep how a robot is connected: online, offline or broken."""
    runtime.current().views.put(Row(CONNECTIONS, robot_id, {"connection": connection, "at": at}), _version(at))


def keep_stops(list_id: str, assignment: int, stops: Sequence[Stop]) -> None:
    """Keep what is to be collected of a list under an assignment, in place of what there was under an earlier one."""
    data = {"assignment": assignment, "stops": STOP_LIST.dump_python(tuple(stops), mode="json")}
    expires = int((clock.now() + STOPS_FOR).timestamp())
    runtime.current().views.put(Row(f"list#{list_id}", STOPS, data, expires=expires), assignment)


def stops(list_id: str, assignment: int) -> tuple[Stop, ...] | None:
    """What is to be collected of a list under an assignment; None while that is not known."""
    row = read(f"list#{list_id}", STOPS)
    if row is None or row["assignment"] != assignment:
        return None
    return STOP_LIST.validate_python(row["stops"], strict=False)


def last_heard(robot_ids: Iterable[str]) -> dict[str, str]:
    """When robots last did what they must, those that ever did."""
    rows = read_many((REPORTS, id) for id in robot_ids)
    return {id: row["heard"] for (_, id), row in rows.items() if row["heard"]}


def _essence(shown: dict[str, Any]) -> dict[str, Any]:
    """What of a report is worth a row at once: not each metre, nor each percent of the battery."""
    kept = {name: shown.get(name) for name in ("node", "paused", "mode", "order", "errors", "retriable")}
    battery = shown.get("battery")
    return kept | {"battery": None if battery is None else battery // 10}


def _version(at: str) -> int:
    return int(clock.read(at).timestamp() * 1000)
