"""Counters by the hour, and ranges of hours.

A counter's sort key is `<hour> <kind> <id> <shard>`. Orders are spread over shards, so that transactions seldom meet at
one counter: of two at once, one has to be retried.
"""

import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from functions.kernel.domain.errors import InvalidError
from functions.kernel.rest.wire import Moment, Params
from functions.kernel.runtime import clock, runtime

SHARDS = 8
ROWS_AT_A_TIME = 5_000
MOST_ROWS = 50_000  # read and summed up within a few seconds
DAY = timedelta(days=1)


class Range(Params):
    """Whole hours: from the hour of `from` to that of `to`. The default is the last 24 hours."""

    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """From and to. Raises InvalidError when from is later than to."""
        until = self.until or clock.now()
        since = self.since or max(until, datetime.min.replace(tzinfo=UTC) + DAY) - DAY
        if since > until:
            raise InvalidError("from: must not be later than to")
        return since, until


def hour(moment: datetime) -> str:
    """The hour (UTC) of a moment, as sort keys begin with it."""
    return clock.stamp(moment)[:13]


def counter(time: str, kind: str, id: str, order_id: str) -> str:
    """The sort key of the counter that counts an order in the hour of `time` (RFC 3339)."""
    return f"{hour(clock.read(time))} {kind} {id} {zlib.crc32(order_id.encode()) % SHARDS}"


def counted(partition: str, since: datetime, until: datetime) -> Iterator[tuple[str, str, str, Mapping[str, int]]]:
    """The counters of a range: hour, kind, id, fields. Raises InvalidError for too many rows, as `rows_of` does."""
    for sort, fields in rows_of(partition, since, until):
        hour_of, kind, rest = sort.split(" ", 2)
        yield hour_of, kind, rest.rpartition(" ")[0], fields


def rows_of(partition: str, since: datetime, until: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows whose sort keys begin with an hour of a range, as pairs of sort key and row.

    Raises InvalidError when there are more than MOST_ROWS.
    """
    last = hour(until)
    if until > clock.read(f"{last}:00:00Z"):  # the range includes an hour that it only begins; "!" sorts behind a space
        last += "!"
    rows, after = 0, None
    while True:
        page = runtime.current().views.query(partition, first=hour(since), last=last, limit=ROWS_AT_A_TIME, after=after)
        rows += len(page.rows)
        if rows > MOST_ROWS:
            raise InvalidError("there are too many counters between from and to: ask for a shorter range")
        yield from zip(page.sorts, page.rows, strict=True)
        after = page.after
        if after is None:
            return
