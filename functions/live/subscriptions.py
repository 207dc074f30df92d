"""Who is connected, and to what each subscribes: rows with an expiry, for the end of a connection is not told.

A connection has one row with all its topics, written with its first subscription, and each topic a row for each
subscriber, which goes at the first post that finds the connection gone. A connection lives for two hours
(https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html); its rows expire ten minutes after that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.context import Caller
from functions.kernel.runtime.views import Row

KEPT = timedelta(hours=2, minutes=10)
MOST_TOPICS = 100  # of a connection: a page shows five boards and an order or two
ROW = "topics"
TRIES = 10  # of a change of a connection's row, which frames that are handled side by side also change
AT_ONCE = "this connection subscribes in many frames at once: ask again in a moment"


@dataclass(frozen=True)
class Connected:
    """A connection as its row has it: whose it is (role and id), since when, and its topics.

    version: how often the row was written.
    """

    role: str | None
    id: str
    since: str
    topics: tuple[str, ...] = ()
    version: int = 0


def record(connection: str, caller: Caller, topics: Iterable[str]) -> set[str]:
    """Write down to what a connection is about to subscribe, and return the topics that are too many for it.

    Its row is not read before the first write, and not written again where it has all these topics. Raises
    UnavailableError.
    """
    wanted = list(dict.fromkeys(topics))
    there = Connected(caller.role, caller.id, clock.stamp())
    for attempt in range(TRIES):
        kept = list(dict.fromkeys([*there.topics, *wanted]))[:MOST_TOPICS]
        after = replace(there, topics=tuple(kept), version=there.version + 1)
        if kept == list(there.topics) or _write(connection, after):
            return set(wanted) - set(kept)
        if attempt:
            clock.back_off(attempt - 1)
        there = _read(connection) or replace(there, topics=(), version=0)
    raise UnavailableError(AT_ONCE)


def subscribe(connection: str, topic: str) -> None:
    """Subscribe a connection to a topic that is recorded."""
    _put(_subscribers(topic), connection, {}, 1)


def unsubscribe(connection: str, topics: Iterable[str]) -> None:
    """End subscriptions. Raises UnavailableError."""
    unwanted = set(topics)
    forget(connection, sorted(unwanted))
    for attempt in range(TRIES):
        there = _read(connection)
        if there is None or not unwanted & set(there.topics):
            return
        kept = tuple(topic for topic in there.topics if topic not in unwanted)
        if _write(connection, replace(there, topics=kept, version=there.version + 1)):
            return
        clock.back_off(attempt)
    raise UnavailableError(AT_ONCE)


def forget(connection: str, found_by: Iterable[str]) -> None:
    """End the subscriptions of a connection that has ended to the topics by which that was found.

    Its others end as a post to them finds it gone, or expire, as its row does: DynamoDB takes nothing for deleting what
    has expired. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    for topic in found_by:
        runtime.current().views.delete(_subscribers(topic), connection)


def subscribers(topic: str) -> list[str]:
    """The connections that subscribe to a topic, read consistently."""
    return list(_sorts(_subscribers(topic)))


def _sorts(partition: str) -> Iterator[str]:
    after: dict[str, Any] | None = None
    while True:
        page = runtime.current().views.query(partition, limit=1_000, after=after, consistent=True)
        yield from page.sorts
        after = page.after
        if after is None:
            return


def _read(connection: str) -> Connected | None:
    data = runtime.current().views.get(_connection(connection), ROW)
    return Connected(**{**data, "topics": tuple(data["topics"])}) if data else None


def _write(connection: str, connected: Connected) -> bool:
    """Write a connection's row unless it was written since the version before was read."""
    return _put(_connection(connection), ROW, asdict(connected), connected.version)


def _put(partition: str, sort: str, data: dict[str, Any], version: int) -> bool:
    expires = int((clock.now() + KEPT).timestamp())
    return runtime.current().views.put(Row(partition, sort, data, expires=expires), version)


def _connection(connection: str) -> str:
    return f"connection {connection}"


def _subscribers(topic: str) -> str:
    return f"subscribers {topic}"
