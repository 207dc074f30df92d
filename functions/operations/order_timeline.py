"""The timeline of an order as its owners have it: the messages in the commits of its streams, asked of their relays.

It needs no read model, so it is there while insights is behind or down, and it has the reminders, which are on no bus.
What it does not have: answers that changed nothing, which no commit carries, and what is in a robot's own streams.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from events.notifications import NotificationKind
from events.registry import Kind, NewerVersionError, UnknownMessageError, decode, language
from functions.kernel.domain.errors import NotFoundError, UnavailableError
from functions.kernel.runtime import ids, runtime
from functions.kernel.runtime.json_text import compact, fitting
from functions.operations.cloud import relays_now

OWNERS = {
    "Basket": "baskets",
    "CreateOrderSaga": "checkout",
    "Difference": "payments",
    "Invoice": "payments",
    "Order": "ordering",
    "ShoppingList": "depot",
}
"""Of the streams that have the order's own id."""

Timeline = dict[str, dict[str, Any]]  # messages by their positions


@dataclass(frozen=True)
class TimelinePage:
    """Messages, oldest first; the position of the last one when more follow; the services that did not answer."""

    messages: list[dict[str, Any]]
    last: str | None
    gaps: list[str]


def page(order_id: str, limit: int, after: str | None) -> TimelinePage:
    """At most `limit` messages behind a position.

    Raises NotFoundError, and UnavailableError where those that answer have none and others are silent.
    """
    found, gaps = _timeline(order_id)
    if not found:
        if gaps:
            raise UnavailableError(f"the relays of {', '.join(gaps)} do not answer")
        raise NotFoundError(f"there is no order {order_id}")
    positions = [position for position in sorted(found) if after is None or position > after]
    messages = [found[position] for position in positions[:limit]]
    shown = fitting(map(compact, messages)) if messages else 0
    return TimelinePage(messages[:shown], positions[shown - 1] if shown < len(positions) else None, gaps)


def _timeline(order_id: str) -> tuple[Timeline, list[str]]:
    """All messages of an order, and who did not answer.

    A payment's id is known from the order's own messages; a payment may have been given for another order too.
    """
    found, gaps = _asked(_streams(order_id))
    payments = {id for one in found.values() if (id := one["data"].get("payment_id"))}
    # An owner that is silent is not waited for twice: a request has ten seconds.
    more, silent = _asked({} if "payments" in gaps else {"payments": [f"Payment#{id}" for id in sorted(payments)]})
    of_this = {at: one for at, one in more.items() if one["data"].get("order_id") in (None, order_id)}
    return found | of_this, sorted({*gaps, *silent})


def _streams(order_id: str) -> dict[str, list[str]]:
    """The streams whose ids follow from the order's, by their owners."""
    streams = defaultdict(list)
    for kind, owner in OWNERS.items():
        streams[owner].append(f"{kind}#{order_id}")
    streams["notifications"] = [f"Notification#{ids.derive(order_id, kind)}" for kind in get_args(NotificationKind)]
    return streams


def _asked(streams: Mapping[str, Sequence[str]]) -> tuple[Timeline, list[str]]:
    """The messages of streams, and the owners that did not answer: all are asked at once, each for one at a time."""
    answers = runtime.current().side_by_side([partial(_of_owner, owner, names) for owner, names in streams.items()])
    found: Timeline = {}
    silent = []
    for owner, answer in zip(streams, answers, strict=True):
        if isinstance(answer, UnavailableError):
            silent.append(owner)
        elif isinstance(answer, Exception):
            raise answer
        else:
            found |= {f"{one['time']} {one['id']}": one for one in answer}
    return found, silent


def _of_owner(owner: str, streams: Sequence[str]) -> list[dict[str, Any]]:
    return [_shown(detail) for stream in streams for detail in history(owner, stream, _not_public())]


def history(owner: str, stream: str, names: Collection[str], only: Collection[str] | None = None) -> Iterator[Any]:
    """The public messages of a stream, and others of these names, verbatim; only: of these names alone."""
    asked: dict[str, Any] = {"stream": stream, "names": list(names)}
    if only is not None:
        asked["only"] = list(only)
    cursor: str | None = None
    while True:
        answer = relays_now().invoke(owner, {"history": {**asked, "cursor": cursor}})
        yield from answer["messages"]
        cursor = answer["cursor"]
        if not cursor:
            return


def _not_public() -> list[str]:
    """Commands, replies and reminders: a relay tells of those that are named."""
    return [name for name, message in language().items() if message.about.kind is not Kind.EVENT]


def _shown(detail: dict[str, Any]) -> dict[str, Any]:
    """A message as the timeline of insights shows it: an old version is shown upcast, a newer one as it is."""
    told, data = detail["metadata"], detail["data"]
    with suppress(NewerVersionError, UnknownMessageError):
        data = decode(told["name"], told["version"], data).model_dump(mode="json")
    names = ("id", "name", "time", "source", "stream", "correlation_id", "causation_id", "actor")
    return {name: told.get(name) for name in names} | {"data": data}
