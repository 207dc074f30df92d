"""Republishing: to its last page, it brings every public event that was stored before."""

from collections.abc import Iterator

from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Message
from tests.simulation.check.subscribers import ANSWERS, SUBSCRIBERS, TIMERS
from tests.simulation.check.violation import Violation

WHOLE = "a history that is republished to its last page brings every public event that was stored before"

NOT_PUBLIC = {*TIMERS, *ANSWERS, *(reply for _, replies in ANSWERS.values() for reply in replies)}
STORED = 5 * SECOND  # before it began: a read may be behind for less


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Events that operators' republishing left out. Their deeds tell what they asked for and when they began."""
    deeds = [(at, fields) for at, kind, fields in history.entries if kind == "deed" and fields.get("is_last")]
    if not deeds:
        return
    published = _published(history)
    for at, deed in deeds:
        for message in _stored(history, deed["service"], deed["stream"], deed["began"] - STORED):
            times = published.get((message.id, deed["to"]), ())
            if not any(deed["began"] <= time <= at for time in times):
                whole = deed["stream"] or f"the history of {deed['service']}"
                text = f"{whole} was republished to {deed['to'] or 'all'} without {message.name} {message.id}"
                yield Violation(WHOLE, text, {"message": message.id, "who": deed["who"]})


def _published(history: ParsedHistory) -> dict[tuple[str, str | None], list[int]]:
    """When each message was published, by its id and for whom it was: for all where that is None."""
    found: dict[tuple[str, str | None], list[int]] = {}
    for at, kind, fields in history.entries:
        detail = fields["detail"] if kind == "published" else None
        if isinstance(detail, dict) and (id := detail.get("metadata", {}).get("id")):
            found.setdefault((id, detail.get("to")), []).append(at)
    return found


def _stored(history: ParsedHistory, service: str, stream: str | None, before: int) -> Iterator[Message]:
    """The public events that were stored before a time."""
    for commit in history.commits:
        if commit.service == service and commit.at < before and stream in (None, commit.stream):
            for message in commit.messages:
                if message.delay is None and message.name in SUBSCRIBERS and message.name not in NOT_PUBLIC:
                    yield message
