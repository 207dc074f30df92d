"""Times as sort keys begin with them, and ranges of whole hours (UTC)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

from functions.kernel.domain.errors import InvalidError
from functions.kernel.rest.wire import Moment, Params
from functions.kernel.runtime import clock

DAY = timedelta(days=1)
END = "~"  # sorts behind whatever follows an hour or a minute in a sort key


def hour(time: str) -> str:
    """The hour of a time (RFC 3339 in UTC) or of a minute."""
    return time[:13]


def minute(time: str) -> str:
    """The minute of a time (RFC 3339 in UTC)."""
    return time[:16]


def begin(hour: str) -> str:
    """The first minute of an hour."""
    return f"{hour}:00"


def next_hour(hour: str) -> str:
    """The hour after an hour."""
    return clock.stamp(clock.read(f"{hour}:00:00Z") + timedelta(hours=1))[:13]


class Range(Params):
    """Whole hours: from the hour of `from` to that of `to`. The default is the last 24 hours."""

    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None

    @property
    def bounds(self) -> tuple[str, str]:
        """Between which sort keys everything of the range is that begins with its time, be it an hour or a moment.

        An hour that the range only ends with is not part of it. Raises InvalidError when from is later than to.
        """
        until = self.until or clock.now()
        since = self.since or max(until, datetime.min.replace(tzinfo=UTC) + DAY) - DAY
        if since > until:
            raise InvalidError("from: must not be later than to")
        last = hour(clock.stamp(until))
        return hour(clock.stamp(since)), last + END * (until > clock.read(f"{last}:00:00Z"))
