"""The daily summary of what is open, for the alarms' topic: sent on quiet days too, so that none is a sign as well."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Row
from functions.operations import groups, rows
from functions.operations.cloud import topic
from functions.operations.groups import Group
from functions.operations.letters import OPEN, PARKED, REDRIVING

HOUR = 6  # UTC, before which a day's summary is not sent
LISTED = 20  # groups
REASON = 300  # characters of a group's reason
KEPT = timedelta(days=3)  # of the mark that a day's summary was sent
SENDING = timedelta(minutes=5)  # after which who began to send it has ended: longer than a function lives
SUMMARIES = "summaries"
DAY = timedelta(days=1)


def summary() -> bool:
    """Send the summary of the day: it is asked for each minute. Returns whether it was sent now.

    Once, but twice where its sender ended before it could note that it was sent. Where the topic does not take it, the
    next minute tries again. Raises UnavailableError.
    """
    now = clock.now()
    if now.hour < HOUR:
        return False
    day = f"{now:%Y-%m-%d}"
    version = _to_send(day)
    if not version or not _mark(day, version, "sending"):
        return False
    try:
        topic().publish(*written(day))
    except Exception:
        runtime.current().views.delete(SUMMARIES, day)
        raise
    _mark(day, version + 1, "sent")
    return True


def _to_send(day: str) -> int:
    """The version of the mark with which to begin to send a day's summary; 0 where it is sent, or is being sent."""
    there = runtime.current().views.get(SUMMARIES, day)
    if there is None:
        return 1
    begun = there.get("sending")
    return there["version"] + 1 if begun and clock.read(begun) + SENDING <= clock.now() else 0


def _mark(day: str, version: int, what: str) -> bool:
    """Note that a day's summary is being sent, or was sent; whether no other was quicker."""
    data = {what: clock.stamp(), "version": version}
    expires = int((clock.now() + KEPT).timestamp())
    return runtime.current().views.put(Row(SUMMARIES, day, data, expires=expires), version)


def written(day: str) -> tuple[str, str]:
    """The subject and the text of a day's summary."""
    found = [group for state in (OPEN, groups.RESOLVED) for group in groups.every(state)]
    counts = Counter[str]()
    for group in found:
        counts.update(group.counts)
    open_ones = counts[OPEN]
    oldest = rows.oldest_open()
    lines = [
        f"Dead letters on {day}: {open_ones} open, {counts[REDRIVING]} being redriven, {counts[PARKED]} parked.",
        f"The oldest open one was given up at {oldest.open_since} by {oldest.consumer}." if oldest else "",
        *_listed("New groups of the last day:", [one for one in found if one.first_seen >= _yesterday()]),
        *_listed("Open groups, the largest first:", [one for one in found if one.counts.get(OPEN)]),
    ]
    return f"MallBots: {open_ones} dead letters are open", "\n".join(filter(None, lines)) + "\n"


def _listed(title: str, found: Sequence[Group]) -> list[str]:
    if not found:
        return []
    largest = sorted(found, key=lambda group: (-group.counts.get(OPEN, 0), group.id))
    more = [f"- and {len(largest) - LISTED} more"] if len(largest) > LISTED else []
    return [title, *map(_line, largest[:LISTED]), *more]


def _line(group: Group) -> str:
    owner = f", {group.owner} takes care of it" if group.owner else ""
    why = " ".join(group.reason.split())[:REASON]  # what a robot said may be in it: it writes no line of its own
    what = f"{group.name or 'unreadable'} at {group.consumer}, {group.error}: {why}"
    return f"- {group.id}: {group.counts.get(OPEN, 0)} open, since {group.first_seen}{owner}: {what}"


def _yesterday() -> str:
    return clock.stamp(clock.now() - DAY)
