"""The timeline of an order as its owners have it: it is there while read models are behind or down."""

from collections.abc import Sequence
from dataclasses import dataclass

from events.queries import TimelineMessage
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.messaging import order_messages
from functions.kernel.messaging.order_messages import Message


@dataclass(frozen=True)
class TimelinePage:
    """Messages, oldest first; the position of the last one when more follow; the services that did not answer."""

    messages: list[Message]
    last: str | None
    gaps: list[str]


def page(order_id: str, limit: int, after: str | None) -> TimelinePage:
    """At most `limit` messages behind a position.

    Raises NotFoundError, and UnavailableError where those that answer have none and others are silent.
    """
    found = order_messages.find(order_id)
    messages = found.messages or found.whole()
    if not messages:
        raise NotFoundError(f"there is no order {order_id}")
    shown = order_messages.sliced(messages, limit, after)
    return TimelinePage(shown.messages, shown.last, sorted(found.silent))


def around(order_id: str, time: str, before: int = 30, after: int = 20) -> Sequence[TimelineMessage] | None:
    """Up to so many messages that were published about an order before a time, and after it, as far as owners answer.

    None where none of them does.
    """
    found = order_messages.find(order_id)
    if not found.messages and found.silent:
        return None
    published = order_messages.without_reminders(found.messages)
    messages = [published[at] for at in sorted(published)]
    return read(order_messages.around(messages, time, before, after))


def whole(order_id: str) -> Sequence[TimelineMessage]:
    """All that was published about an order, oldest first. Raises UnavailableError where an owner does not answer."""
    found = order_messages.find(order_id)
    published = order_messages.without_reminders(found.whole())
    return read([published[at] for at in sorted(published)])


def read(messages: Sequence[Message]) -> Sequence[TimelineMessage]:
    return tuple(TimelineMessage.model_validate(one, extra="ignore") for one in messages)
