"""Who is connected, and to what each subscribes: rows with an expiry, for `$disconnect` is told on best effort.

A connection lives for two hours (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html); its rows
expire ten minutes after that, or go at the first post that finds it gone.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.context import Caller
from functions.kernel.runtime.views import Row

KEPT = timedelta(hours=2, minutes=10)
MOST_TOPICS = 100  # of a connection: a page shows five boards and an order or two
TOPIC = "topic "


def connect(connection: str, caller: Caller) -> None:
    """Write down who has a connection."""
    data = {"role": caller.role, "id": caller.id, "since": clock.stamp()}
    _put(_connection(connection), "who", data)


def subscribe(connection: str, topic: str) -> None:
    """Subscribe a connection to a topic. The row by which it is found again comes first."""
    _put(_connection(connection), f"{TOPIC}{topic}", {})
    _put(_subscribers(topic), connection, {})


def topics_of(connection: str) -> set[str]:
    """The topics to which a connection subscribes, read consistently."""
    sorts = _sorts(_connection(connection))
    return {sort.removeprefix(TOPIC) for sort in sorts if sort.startswith(TOPIC)}


def unsubscribe(connection: str, topic: str) -> None:
    """End a subscription."""
    views = runtime.current().views
    views.delete(_subscribers(topic), connection)
    views.delete(_connection(connection), f"{TOPIC}{topic}")


def forget(connection: str, found_by: Iterable[str] = ()) -> None:
    """Delete all rows of a connection that has ended.

    found_by: topics by which it was found. A connection that ends while it subscribes may have a row there alone: what
    forgot it first came between the two writes.
    """
    sorts = {*_sorts(_connection(connection)), *(f"{TOPIC}{topic}" for topic in found_by)}
    for sort in sorted(sorts):
        if sort.startswith(TOPIC):
            unsubscribe(connection, sort.removeprefix(TOPIC))
        else:
            runtime.current().views.delete(_connection(connection), sort)


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


def _put(partition: str, sort: str, data: dict[str, Any]) -> None:
    expires = int((clock.now() + KEPT).timestamp())
    runtime.current().views.put(Row(partition, sort, data, expires=expires), 1)


def _connection(connection: str) -> str:
    return f"connection {connection}"


def _subscribers(topic: str) -> str:
    return f"subscribers {topic}"
