"""The use cases of live: answer a client's frames, and bring what changed to those who watch."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any

from pydantic import BaseModel

from events.envelope import Metadata
from functions.kernel.messaging.inbox import Handled
from functions.kernel.projections.projection import read_many
from functions.kernel.runtime import budget, clock, observe, runtime
from functions.kernel.runtime.context import Caller
from functions.kernel.runtime.levels import ServiceLevel
from functions.kernel.runtime.views import Row
from functions.live import board, log, subscriptions, topics, views
from functions.live.frames import Change, ChangedBy, Error, Place, Pong, Subscribed, Unsubscribed, Wanted
from functions.live.push import GoneError, connections
from functions.live.topics import Shard

screens_late = ServiceLevel("ScreensLate", "a change on a board", seconds=2)
POSTING = 3  # seconds in which posts of a batch begin: whom they do not reach resumes after its next ping
TRIES = 4  # of a post of an answer
TOO_MANY = f"a connection subscribes to {subscriptions.MOST_TOPICS} topics at most"
AGAIN = "this cannot be answered now: try again in a moment"


def subscribe(connection: str, caller: Caller, wanted: Sequence[Wanted], *, packed: bool = False) -> None:
    """Subscribe to topics, and send of each shard what was missed, or else a snapshot.

    A topic's subscription is written first, once for all its shards, so that what is appended from now on is posted. A
    topic that fails, or is one too many, is answered by an error, and the others go on. packed: whether a frame may
    hold several items of a log. Raises UnavailableError.
    """
    too_many = subscriptions.record(connection, caller, [one.topic for one in wanted])
    subscribed: list[str] = []

    def begin(one: Wanted) -> None:
        if one.topic in too_many:
            _send(connection, Error(code="unreadable", message=TOO_MANY, topic=one.topic))
        elif one.topic not in subscribed:
            subscriptions.subscribe(connection, one.topic)
            subscribed.append(one.topic)

    with _forgetting(connection, subscribed):
        _for_each(connection, dict.fromkeys(wanted), begin)
        asked = {one: _shards(one) for one in dict.fromkeys(wanted) if one.topic in subscribed}
        watches = log.watches(dict.fromkeys(chain.from_iterable(asked.values())))

        def answer(one: Wanted) -> None:
            for shard in asked[one]:
                for text in _catch_up(shard, watches.get(shard), one, packed):
                    _deliver(connection, text)

        _for_each(connection, asked, answer)


def _for_each(connection: str, wanted: Iterable[Wanted], act: Callable[[Wanted], None]) -> None:
    """Act for each; of one that fails the client is told. Raises GoneError, and what telling raises."""
    for one in wanted:
        try:
            act(one)
        except GoneError:
            raise
        except Exception as error:
            observe.log_error("a topic cannot be subscribed to", error, topic=one.topic)
            _send(connection, Error(code="unavailable", message=AGAIN, topic=one.topic))


def _shards(wanted: Wanted) -> list[Shard]:
    return [shard for shard in topics.shards(wanted.topic) if wanted.shard in (None, shard.number)]


def _catch_up(shard: Shard, there: log.Watch | None, wanted: Wanted, packed: bool) -> Iterator[str]:
    """The frames that bring a client up to the head of a shard, which it watches from now on."""
    watch = log.take(shard, there)
    missed = None
    if wanted.epoch == watch.epoch and wanted.since is not None and wanted.shard is not None:
        missed = log.since(shard, watch, wanted.since)
    if missed is None:
        yield from board.snapshot(shard, watch, log.head(shard, watch))
        return
    if packed:
        yield from board.packed(shard, watch, missed)
    else:
        yield from chain.from_iterable(board.changes(shard, watch, entry) for entry in missed)
    reached = missed[-1].position if missed else wanted.since
    yield board.text(Subscribed(**dict(board.place(shard, watch, reached or 0))))


def unsubscribe(connection: str, names: Iterable[str]) -> None:
    """End subscriptions."""
    topics = list(names)
    subscriptions.unsubscribe(connection, topics)
    with _forgetting(connection):
        for topic in topics:
            _send(connection, Unsubscribed(topic=topic))


def ping(connection: str, number: int, positions: Sequence[Place]) -> None:
    """Answer where the logs are, and extend the watches that a client names; none of a shard that nobody watches."""
    shards = [Shard(position.topic, position.shard) for position in positions]
    watches = log.open_watches(shards)
    heads = []
    for shard in shards:
        watch = log.keep(shard, watches[shard]) if shard in watches else None
        heads.append(board.place(shard, watch, log.head(shard, watch) if watch else 0))
    with _forgetting(connection):
        _send(connection, Pong(id=number, positions=heads))


def refuse(connection: str, error: Error) -> None:
    """Tell a client what was not done. What cannot be told is left to its next ping."""
    with suppress(Exception), _forgetting(connection):
        _send(connection, error)


def append(handled: Sequence[Handled]) -> None:
    """Append what messages changed to the logs that are watched, one item each, and post it to who watches.

    Their rows are written. A change is left out where its row shows a newer message of another batch, which appends
    that. Where it shows the newest of these, all of these are appended, also when they were before: the function may
    have ended between row and log. Raises UnavailableError, and what DynamoDB raises; posting raises nothing.
    """
    shards = {place.shard for one in handled for place in views.places(one.message)}
    watches = log.open_watches(sorted(shards))
    if not watches:
        return
    made = [(one, row) for one in handled if (row := views.row_of(one.message, one.metadata))]
    appended = []
    for shard, watch in sorted(watches.items()):  # of each batch in the same order
        there = [(one, row, place) for one, row in made for place in views.places(one.message) if place.shard == shard]
        item = log.append(shard, watch, partial(_changed, there))
        if item:
            appended.append((shard, *item))
    _post([(shard.topic, list(board.changes(shard, watch, entry))) for shard, watch, entry in appended])
    if appended:
        screens_late.judge(one.metadata.time for one in handled)


def _changed(made: Sequence[tuple[Handled, Row, topics.Place]]) -> list[dict[str, Any]]:
    """The changes of a shard, of a row by its version: those whose row shows the newest of them, as it is read now."""
    there = read_many(((row.partition, row.sort) for _, row, _ in made), consistent=True)
    newest: dict[tuple[str, str], int] = {}
    for one, row, _ in made:
        key = (row.partition, row.sort)
        newest[key] = max(newest.get(key, 0), one.metadata.stream_version)
    return [
        _change(place, row, one.metadata)
        for one, row, place in sorted(made, key=lambda one: one[0].metadata.stream_version)
        if (key := (row.partition, row.sort)) in there and there[key]["version"] == newest[key]
    ]


def _change(place: topics.Place, row: Row, metadata: Metadata) -> dict[str, Any]:
    assert row.data is not None
    gone = views.has_left(row.data) and not place.shard.topic.startswith(topics.ONE_ORDER)
    data = None if gone else board.without_version(row.data)
    by = ChangedBy(**{name: getattr(metadata, name) for name in ChangedBy.model_fields})
    return Change(id=place.id, version=metadata.stream_version, data=data, message=by).model_dump(by_alias=True)


def _post(items: Sequence[tuple[str, list[str]]]) -> None:
    """Post frames of topics to their subscribers, side by side; those of one connection in their order.

    It fails nothing: a client that is missed finds that by its next ping. Where time ends before all were reached, the
    next batch begins with another.
    """
    until = clock.now() + timedelta(seconds=POSTING)
    try:
        texts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for topic, frames in items:
            for connection in subscriptions.subscribers(topic):
                texts[connection][topic] += frames
        if not texts:
            return
        connections()  # made once, before threads need it
        order = sorted(texts)
        first = clock.now().microsecond % len(order)
        jobs = [partial(_post_to, one, texts[one], until) for one in order[first:] + order[:first]]
        failed = [error for error in runtime.current().side_by_side(jobs) if error]
        if failed:
            observe.log_error(f"{len(failed)} of {len(jobs)} connections were not reached", failed[0])
    except Exception as error:
        observe.log_error("nothing was posted", error)


def _post_to(connection: str, texts: Mapping[str, Sequence[str]], until: datetime) -> None:
    with _forgetting(connection, texts):
        for text in chain.from_iterable(texts.values()):
            if clock.now() >= until or budget.left() < budget.TRY + budget.RESERVE:
                raise TimeoutError
            connections().post(connection, text)


def _deliver(connection: str, text: str) -> None:
    """Post a part of an answer, and try again: without one of its parts, all of it is asked for again.

    API Gateway refuses a post (429) where there are many, or a connection is slow to take them. One that was taken and
    not answered comes twice, which a client ignores. Raises what the last try raises, and GoneError at once.
    """
    for attempt in range(TRIES):
        try:
            connections().post(connection, text)
        except GoneError:
            raise
        except Exception:
            if attempt == TRIES - 1 or budget.left() < budget.TRY + budget.RESERVE:
                raise
            clock.back_off(attempt + 3)
        else:
            return


def _send(connection: str, frame: BaseModel) -> None:
    connections().post(connection, board.text(frame))


@contextmanager
def _forgetting(connection: str, found_by: Iterable[str] = ()) -> Iterator[None]:
    """Within the block, a connection that is gone is forgotten in the topics by which it was found; the block ends."""
    try:
        yield
    except GoneError:
        subscriptions.forget(connection, found_by)
