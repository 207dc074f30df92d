"""The letters of a batch that a table's stream gave up: the owner's relay is asked for the messages, page by page.

The stream keeps its records for 24 hours; the collector comes each minute. Later the messages are read from the commits
of the time in which the batch was made, with a margin. That may bring some that were published: to send such a message
again has no effect, for every handler takes it twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from events.registry import Kind, language
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.projections.projection import read
from functions.kernel.runtime import budget, clock, runtime
from functions.kernel.runtime.json_text import compact
from functions.kernel.runtime.views import Row
from functions.operations.cloud import LONGEST_CALL, Held, relays
from functions.operations.consumers import FailureQueue
from functions.operations.forms import Why, in_its_place, letter, number
from functions.operations.letters import Letter

WHERE = "DDBStreamBatchInfo"
# A commit has the time at which it was decided, by its function's clock; the stream says about when it was written.
MARGIN = timedelta(minutes=2)
CURSOR = "cursor"
KEPT = timedelta(days=14)  # of a cursor: as long as the record that it is about

Cursor = dict[str, Any]
"""How far a batch was read: {"next": a sequence number}, or {"by_time": the cursor of a history or None}."""


@dataclass(frozen=True)
class Batch:
    """Where the records of a batch are: in a shard of a stream, from one sequence number to another.

    since, until: about when the first and the last of them were written.
    """

    service: str
    stream_arn: str
    shard: str
    first: str
    last: str
    since: str
    until: str
    why: Why


def batch(queue: FailureQueue, content: Mapping[str, Any]) -> Batch | None:
    """The batch that a record of a failure queue names; None for a record that holds a message."""
    where, context = content.get(WHERE), content.get("requestContext")
    if not isinstance(where, dict):
        return None
    context = context if isinstance(context, dict) else {}
    condition = str(context.get("condition", "unknown"))
    return Batch(
        service=queue.consumer.partition("/")[0],
        stream_arn=str(where.get("streamArn", "")),
        shard=str(where["shardId"]),
        first=str(where["startSequenceNumber"]),
        last=str(where["endSequenceNumber"]),
        since=str(where.get("approximateArrivalOfFirstRecord", "")),
        until=str(where.get("approximateArrivalOfLastRecord", "")),
        why=Why(
            reason=f"the relay gave it up: {condition}",
            error=condition,
            tries=number(context.get("approximateInvokeCount")),
            failed_at=_stamp(content.get("timestamp")),
        ),
    )


def pages(queue: FailureQueue, held: Held, batch: Batch) -> Iterator[list[Letter]]:
    """The letters of a batch by pages, from where the last invocation stopped; all of them when it ends by itself.

    A page counts as stored when the next is asked for. Raises UnavailableError where the owner does not answer, and
    when there is no time to ask it.
    """
    progress = _Progress(held.id)
    cursor: Cursor | None = progress.cursor or {"next": batch.first}
    while cursor is not None:
        answer, cursor = _by_time(batch, cursor["by_time"]) if "by_time" in cursor else _from_stream(batch, cursor)
        places = answer.get("places", {})  # a relay of an earlier release names none
        yield [
            in_its_place(letter(queue, _body(detail), batch.why, held), places.get(detail["metadata"]["id"]))
            for detail in answer["messages"]
        ]
        if cursor is not None:
            progress.go_on(cursor)


def forget(held: Held) -> None:
    """Drop the cursor of a batch whose record is gone from its queue."""
    runtime.current().views.delete(_key(held.id), CURSOR)


def _from_stream(batch: Batch, cursor: Cursor) -> tuple[dict[str, Any], Cursor | None]:
    wanted = {"stream_arn": batch.stream_arn, "shard": batch.shard, "first": cursor["next"], "last": batch.last}
    answer = _ask(batch.service, {"records": wanted})
    if answer["gone"]:
        return answer, {"by_time": None}
    return answer, {"next": answer["next"]} if answer["next"] else None


def _by_time(batch: Batch, cursor: str | None) -> tuple[dict[str, Any], Cursor | None]:
    since, until = clock.read(batch.since) - MARGIN, clock.read(batch.until) + MARGIN
    names = [name for name, message in language().items() if message.about.source == batch.service]
    wanted = {"since": clock.stamp(since), "until": clock.stamp(until), "names": names, "cursor": cursor}
    answer = _ask(batch.service, {"history": wanted})
    return answer, {"by_time": answer["cursor"]} if answer["cursor"] else None


def _ask(service: str, request: dict[str, Any]) -> dict[str, Any]:
    if budget.left() < LONGEST_CALL + budget.MESSAGE:
        raise UnavailableError("there is no time left to ask a relay: the next minute goes on")
    return relays().invoke(service, request)


def _body(detail: dict[str, Any]) -> str:
    """A message as the relay sends it: over the bus with its source, a reminder to the service's own queue without."""
    name = detail["metadata"]["name"]
    known = language().get(name)
    is_timer = known is not None and known.about.kind is Kind.TIMER
    source = {} if is_timer else {"source": detail["metadata"]["source"]}
    return compact({"detail-type": name, **source, "detail": detail})


def _stamp(time: object) -> str:
    """A time as letters have it; empty where it is none."""
    try:
        return clock.stamp(clock.read(str(time)))
    except ValueError:
        return ""


def _key(id: str) -> str:
    return f"batch {id}"


class _Progress:
    """How far the record of this id was read, in a row that each page replaces."""

    def __init__(self, id: str) -> None:
        self._id = id
        kept = read(_key(id), CURSOR) or {"page": 0, "cursor": None}
        self._page: int = kept["page"]
        self.cursor: Cursor | None = kept["cursor"]

    def go_on(self, cursor: Cursor) -> None:
        self._page += 1
        data = {"page": self._page, "cursor": cursor}
        expires = int((clock.now() + KEPT).timestamp())
        runtime.current().views.put(Row(_key(self._id), CURSOR, data, expires=expires), self._page)
