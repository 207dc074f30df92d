"""Robots as the console shows them: what each reported last, how it is connected, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from events.vda5050.collecting import list_and_assignment
from functions.fleet import faults, views
from functions.fleet.reports import OVERTAKES, passed
from functions.kernel.domain.errors import NotFoundError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """An error that a robot reports, or the gateway finds, as the console shows it: what happened and what helps.

    references: keys and values.
    """

    type: str
    level: str
    description: str
    hint: str
    references: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shown:
    """A robot as the console shows it. What it has not reported yet is None or empty; battery in percent, metres.

    retriable: the ids of actions that failed, and wait until they are tried again or skipped.
    """

    id: str
    name: str
    connection: str
    last_reported_at: str | None
    node: str | None
    x: float | None
    y: float | None
    driving: bool
    paused: bool
    operating_mode: str | None
    battery: float | None
    list_id: str | None
    assignment: int | None
    retriable: tuple[str, ...]
    errors: tuple[Problem, ...]


def robots(limit: int, after: dict[str, Any] | None) -> tuple[list[Shown], dict[str, Any] | None]:
    """A page of robots, by their ids, and where the next begins (None at the end)."""
    page = views.robots(limit, after)
    ids = [row["id"] for row in page.rows]
    if not ids:
        return [], page.after
    reports, connections = views.reports(ids[0], ids[-1]), views.connections(ids[0], ids[-1])
    twice = views.connected_twice(ids[0], ids[-1])
    return [
        _shown(row, reports.get(row["id"]), connections.get(row["id"]), twice=row["id"] in twice) for row in page.rows
    ], page.after


def robot(id: str) -> Shown:
    """A robot. Raises NotFoundError, also for one that was retired."""
    row = views.robot(id)
    if row is None:
        raise NotFoundError(f"there is no robot {id}")
    twice = id in views.connected_twice(id, id)
    return _shown(row, views.report(id), views.connections(id, id).get(id), twice=twice)


def _shown(robot: Row, report: Row | None, connection: Row | None, *, twice: bool) -> Shown:
    reported, presence = report or {}, connection or {}
    at = reported.get("at")
    order = list_and_assignment(reported.get("order") or "")
    # What a robot said seconds after the last known end of a connection came over a later one (domain.py).
    is_back = at is not None and passed(presence.get("at", ""), at, OVERTAKES)
    return Shown(
        id=robot["id"],
        name=robot["name"],
        connection="online" if is_back else presence.get("connection", "offline"),
        last_reported_at=at,
        node=reported.get("node"),
        x=reported.get("x"),
        y=reported.get("y"),
        driving=reported.get("driving", False),
        paused=reported.get("paused", False),
        operating_mode=reported.get("mode"),
        battery=reported.get("battery"),
        list_id=order[0] if order else None,
        assignment=order[1] if order else None,
        retriable=tuple(reported.get("retriable", ())),
        errors=tuple(
            Problem(**{**error, "references": tuple((key, value) for key, value in error["references"])})
            for error in (*reported.get("errors", ()), *([faults.connected_twice(robot["id"])] if twice else ()))
        ),
    )
