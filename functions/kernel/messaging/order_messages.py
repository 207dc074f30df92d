"""The messages of an order, asked of the owners of its streams: they are in the commits, and in no read model.

An owner answers for its own streams with `page`, in its `queries` function, which can only read. `find` asks all of
them. What no stream of an order has, is not among them: answers that changed nothing, and what robots' streams hold.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from events.queries import (
    FindBasketMessages,
    FindListMessages,
    FindOrderMessages,
    FindPaymentMessages,
    FindSagaMessages,
    FindTextMessages,
    MessagesFound,
)
from events.registry import Kind, NewerVersionError, UnknownMessageError, decode, language
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore.relay import history
from functions.kernel.messaging.queries import Ask
from functions.kernel.runtime import runtime
from functions.kernel.runtime.json_text import compact, fitting

READS = 5  # of 200 commits each, for one answer: what a customer repeats leaves commits without messages
SHOWN = ("id", "name", "time", "source", "stream", "correlation_id", "causation_id", "actor")

Message = dict[str, Any]  # as timelines show it: what SHOWN names of its envelope, and its data
Messages = dict[str, Message]  # by their positions
Detail = Mapping[str, Any]  # as a commit holds it

_find_basket, _find_saga, _find_order = Ask(FindBasketMessages), Ask(FindSagaMessages), Ask(FindOrderMessages)
_find_list, _find_texts, _find_payments = Ask(FindListMessages), Ask(FindTextMessages), Ask(FindPaymentMessages)


@dataclass(frozen=True)
class Found:
    """All messages of an order, and the owners that did not answer, whose messages are missing."""

    messages: Messages
    silent: tuple[str, ...]

    def whole(self) -> Messages:
        """The messages. Raises UnavailableError where some are missing."""
        if self.silent:
            raise UnavailableError(f"{' and '.join(self.silent)} cannot be asked: ask again in a moment")
        return self.messages


@dataclass(frozen=True)
class Page:
    """Messages, oldest first, and the position of the last one when more follow."""

    messages: list[Message]
    last: str | None


def page(
    streams: Sequence[str], after: str | None, wanted: Callable[[Detail], bool] = lambda detail: True
) -> MessagesFound:
    """What an owner answers: the messages of its streams, of one after the other, as many as fit into an answer.

    It may have few, or none, and more follow: an answer reads a bounded number of commits.
    """
    number, cursor = _read_place(after)
    found: list[dict[str, Any]] = []
    reads = 0
    others = [name for name, message in language().items() if message.about.kind is not Kind.EVENT]
    while number < len(streams):
        if reads == READS:
            return MessagesFound(messages=tuple(found), after=f"{number} {cursor or ''}")
        reads += 1
        answer = history(stream=streams[number], names=others, cursor=cursor)
        more = [*found, *filter(wanted, answer["messages"])]
        if found and fitting(map(compact, more)) < len(more):
            return MessagesFound(messages=tuple(found), after=f"{number} {cursor or ''}")
        found, cursor = more, answer["cursor"]
        number += not cursor
    return MessagesFound(messages=tuple(found), after=None)


def _read_place(after: str | None) -> tuple[int, str | None]:
    number, _, cursor = (after or "0").partition(" ")
    return int(number), cursor or None


def find(order_id: str, list_ids: Iterable[str] = ()) -> Found:
    """All messages of an order, reminders too. list_ids: of lists that staff made for it.

    All owners are asked at once, but for payments: a payment's id is known from the order's own messages.
    """
    found, silent = _asked(
        {
            "baskets": partial(_find_basket, order_id=order_id),
            "checkout": partial(_find_saga, order_id=order_id),
            "depot": partial(_find_list, order_id=order_id, list_ids=tuple(list_ids)),
            "notifications": partial(_find_texts, order_id=order_id),
            "ordering": partial(_find_order, order_id=order_id),
        }
    )
    payments = sorted({id for one in found.values() if (id := one["data"].get("payment_id"))})
    paid, away = _asked({"payments": partial(_find_payments, order_id=order_id, payment_ids=tuple(payments))})
    return Found(found | paid, (*silent, *away))


def _asked(owners: Mapping[str, Callable[..., MessagesFound]]) -> tuple[Messages, list[str]]:
    """The messages of owners, and those that did not answer."""
    answers = runtime.current().side_by_side([partial(_all_pages, ask) for ask in owners.values()])
    found: Messages = {}
    silent = []
    for owner, answer in zip(owners, answers, strict=True):
        if isinstance(answer, UnavailableError):
            silent.append(owner)
        elif isinstance(answer, Exception):
            raise answer
        else:
            found |= {position(one): one for one in map(_shown, answer)}
    return found, silent


def _all_pages(ask: Callable[..., MessagesFound]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        answer = ask(after=after)
        found += answer.messages
        after = answer.after
        if after is None:
            return found


def _shown(detail: Detail) -> Message:
    """A message as timelines show it: an old version is shown upcast, a newer one as it is."""
    told, data = detail["metadata"], detail["data"]
    with suppress(NewerVersionError, UnknownMessageError):
        data = decode(told["name"], told["version"], data).model_dump(mode="json")
    return {name: told.get(name) for name in SHOWN} | {"data": data}


def position(message: Message) -> str:
    """Where a message is in a timeline."""
    return f"{message['time']} {message['id']}"


def without_reminders(messages: Messages) -> Messages:
    """Those that were published on the bus."""
    reminders = {name for name, message in language().items() if message.about.kind is Kind.TIMER}
    return {at: one for at, one in messages.items() if one["name"] not in reminders}


def sliced(messages: Messages, limit: int, after: str | None) -> Page:
    """At most `limit` messages behind a position, fewer where they do not fit into an answer."""
    positions = [at for at in sorted(messages) if after is None or at > after]
    chosen = [messages[at] for at in positions[:limit]]
    count = fitting(map(compact, chosen)) if chosen else 0
    return Page(chosen[:count], positions[count - 1] if 0 < count < len(positions) else None)


def around(messages: Collection[Message], time: str, before: int, after: int) -> list[Message]:
    """Of messages that are in order, up to `before` until a time and up to `after` behind it."""
    earlier = [one for one in messages if one["time"] <= time]
    later = [one for one in messages if one["time"] > time]
    return [*earlier[max(0, len(earlier) - before) :], *later[:after]]
