"""About how many messages a history has, told by a part of it: what an operator sees before a replay begins."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from functions.kernel.eventstore.relay import Where, chosen
from functions.kernel.runtime import clock, runtime

COMMITS = 200  # of one page, as a replay reads it
PAGES = 10  # of one stream: 2,000 commits
READING = 3.0  # seconds, after which no further page is read: who asks waits 7 for the answer
EXACT, ABOUT, AT_LEAST = "exact", "about", "at least"


def count(
    *,
    stream: str | None = None,
    since: str | None = None,
    until: str | None = None,
    names: Iterable[str] = (),
    only: Iterable[str] | None = None,
    segments: int = 1,
) -> dict[str, Any]:
    """Count what `history` would bring, by a few pages: of one stream from its beginning, else one of each segment.

    Returns {"messages", "commits": to be read, "seconds": to read them all, at the pace of these pages, "precision"}.
    Precision is `exact` where the pages are all there is. It is `about` where the rest of a table was concluded from
    them, by how many commits the table has: each segment is a share of the hashes of keys, which AWS spreads evenly, so
    a page of each is a fair sample. It is `at least` where how many follow is not known: of a stream that is longer,
    and of a table of which its pages show more than DynamoDB has counted by now.
    """
    started, named = clock.now(), frozenset(names)
    wanted = None if only is None else set(only)
    found = examined = 0
    places = [Where(stream, segment, segments) for segment in range(1 if stream else segments)]
    is_all = True
    for place in places:
        cursor: str | None = None
        for _ in range(PAGES if stream else 1):
            if examined and _since(started) > READING:
                is_all = False
                break
            commits, cursor, read = place.page(cursor, COMMITS)
            messages = chosen(commits, (since, until), named)
            found += sum(wanted is None or message.name in wanted for message in messages)
            examined += read
            if cursor is None:
                break
        is_all = is_all and cursor is None
    seconds = _since(started)
    if is_all:
        return _told(found, examined, seconds, EXACT)
    there = 0 if stream else runtime.current().store.size()
    if there <= examined:
        return _told(found, examined, seconds, AT_LEAST)
    share = there / examined if examined else 1
    return _told(round(found * share), there, seconds * share, ABOUT)


def _since(started: datetime) -> float:
    return (clock.now() - started).total_seconds()


def _told(messages: int, commits: int, seconds: float, precision: str) -> dict[str, Any]:
    return {"messages": messages, "commits": commits, "seconds": round(seconds, 1), "precision": precision}
