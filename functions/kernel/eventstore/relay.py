"""The outbox's relay: from a table's stream to the bus, every message of every commit at least once."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore.given_up import COMMIT, records
from functions.kernel.eventstore.item import Item, messages_of
from functions.kernel.runtime import clock, observe, runtime
from functions.kernel.runtime.commit import Commit, Outgoing
from functions.kernel.runtime.json_text import compact, fitting
from functions.kernel.runtime.runtime import LONGEST_DELAY, Scanned, Unsent

VERSIONS = 100  # commits read at once to find the one that holds an event: none has so many events


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Publish the messages of a batch of stream records; reports the first that failed, where the stream retries.

    A message that the bus refuses for its content goes to the failure queue with the reason, and holds up no other.
    """
    started = clock.now()
    owners: list[dict[str, Any]] = []
    waiting: list[Outgoing] = []
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage", {})
        for message in messages_of(image) if record["eventName"] == "INSERT" else ():
            owners.append(record["dynamodb"])
            waiting.append(message)
    unsent = send(waiting)
    failed = {
        owners[one.position]["SequenceNumber"]
        for one in unsent
        if not (one.refusal and _give_up(waiting[one.position], owners[one.position]["NewImage"], one.refusal))
    }
    _log_sent(waiting, {one.position for one in unsent}, started)
    if not failed:
        return {"batchItemFailures": []}
    observe.logger().warning("messages were not published", extra={"records": len(failed)})
    first = next(number for owner in owners if (number := owner["SequenceNumber"]) in failed)
    return {"batchItemFailures": [{"itemIdentifier": first}]}


def _log_sent(messages: list[Outgoing], unsent: set[int], started: datetime) -> None:
    sent = (message.detail["metadata"] for position, message in enumerate(messages) if position not in unsent)
    observe.batch([observe.sent(metadata) for metadata in sent], (clock.now() - started).total_seconds())


def send(messages: list[Outgoing]) -> list[Unsent]:
    """Send messages to the bus, reminders to the service's own queue; returns those that were not sent."""
    unsent: list[Unsent] = []
    to_bus = [position for position, message in enumerate(messages) if message.delay is None]
    for position, message in enumerate(messages):
        if message.delay is not None and not _remind(message, message.delay):
            unsent.append(Unsent(position))
    for one in runtime.current().bus.put([messages[p] for p in to_bus]):
        unsent.append(replace(one, position=to_bus[one.position]))
    return sorted(unsent, key=lambda one: one.position)


def _give_up(message: Outgoing, image: Item, refusal: str) -> bool:
    """Send a message to the failure queue, with the place of its commit if only that tells it; whether it took it."""
    body = {"detail-type": message.name, "source": message.detail["metadata"]["source"], "detail": message.detail}
    code = runtime.current().code
    why = {"reason": refusal, "error": "RefusedByBus", **({"code": code} if code else {})}
    if place := message.place_in(image["stream"]["S"], int(image["version"]["N"])):
        stream, version = place[message.id]
        why[COMMIT] = f"{version} {stream}"
    try:
        runtime.current().dead_letters.send(json.dumps(body), reason=why)
    except Exception as error:  # reported to the stream, which retries the record
        observe.failed(message.name, error, 1)
        return False
    observe.logger().error(f"the bus refused {message.name}", extra={"reason": refusal, "message_id": message.id})
    return True


def _remind(message: Outgoing, delay: int) -> bool:
    """Send a reminder to the service's own queue; one that is due later than SQS can delay carries when."""
    body: dict[str, Any] = {"detail-type": message.name, "detail": message.detail}
    if delay > LONGEST_DELAY:
        body["due"] = clock.stamp(clock.read(message.detail["metadata"]["time"]) + timedelta(seconds=delay))
    try:
        runtime.current().queue.send(json.dumps(body), delay=min(delay, LONGEST_DELAY))
    except Exception as error:  # reported to the stream, which retries the record
        observe.failed(message.name, error, 1)
        return False
    return True


def republish(
    *,
    stream: str | None = None,
    since: str | None = None,
    until: str | None = None,
    to: str | None = None,
    names: Iterable[str] = (),
    segment: int = 0,
    segments: int = 1,
    cursor: str | None = None,
    limit: int = 200,
) -> dict[str, Any]:
    """Publish again what commits hold, verbatim: of one stream, of a range of times, or everything, by pages.

    since, until: RFC 3339, inclusive. to: the one consumer that receives it; without it all consumers do. Public events
    are published; commands, replies and timers only when `names` has them. A page reads at most `limit` commits and
    1 MB, of a stream as of everything: one invocation must end within the relay's timeout. Returns {"sent": n,
    "cursor": of the next page, or None}. Raises UnavailableError when the bus does not accept them.
    """
    where = Where(stream, segment, segments)
    commits, next_cursor, _ = where.page(cursor, limit)
    found = chosen(commits, (since, until), frozenset(names))
    messages = [Outgoing({**one.detail, "to": to}, one.delay) if to else one for one in found]
    failed = send(messages)
    if failed:
        first = messages[failed[0].position].id
        raise UnavailableError(f"the bus did not accept {len(failed)} of {len(messages)} messages, first {first}")
    return {"sent": len(messages), "cursor": next_cursor}


def resend(*, stream: str, version: int, message: str) -> dict[str, Any]:
    """Publish again one message of a commit, whatever its kind: that with this id, of the event with this version.

    Returns {"sent": 0} where no commit holds it. Raises UnavailableError when the bus does not accept it.
    """
    messages = [one for one in _holding(stream, version) if one.id == message]
    failed = send(messages)
    if failed:
        raise UnavailableError(failed[0].refusal or f"the bus did not accept {messages[0].name}")
    return {"sent": len(messages)}


def _holding(stream: str, version: int) -> Sequence[Outgoing]:
    """The messages of the commit that holds an event: it is stored under the version of its first.

    Looked for further and further before it, twice as far each time: after a restoration there are no commits between
    the last version of before and the base of the epoch, which is a number of 16 digits.
    """
    reach, after = 1, version
    while after:
        after = max(0, version - reach)
        commits, _ = runtime.current().store.page(stream, after, min(reach, VERSIONS))
        before = [commit for commit in commits if commit.version <= version]
        if before:
            return before[-1].messages if version <= before[-1].last else ()
        reach *= 2
    return ()


def history(
    *,
    stream: str | None = None,
    since: str | None = None,
    until: str | None = None,
    names: Iterable[str] = (),
    only: Iterable[str] | None = None,
    segment: int = 0,
    segments: int = 1,
    cursor: str | None = None,
    limit: int = 200,
) -> dict[str, Any]:
    """What commits hold, verbatim and by pages, to whoever invoked the relay: nothing is published.

    The same messages as those of `republish`; only: of these names alone. A page reads at most `limit` commits, and
    fewer where their messages would not fit into a function's answer. Returns {"messages": the details, "places": as
    of `given_up.records`, "cursor": of the next page, or None}.
    """
    where, wanted, named = Where(stream, segment, segments), None if only is None else set(only), frozenset(names)
    while True:
        commits, next_cursor, _ = where.page(cursor, limit)
        details: list[dict[str, Any]] = []
        places: dict[str, tuple[str, int]] = {}
        for commit in commits:
            for message in chosen([commit], (since, until), named):
                if wanted is None or message.name in wanted:
                    details.append(message.detail)
                    places |= message.place_in(commit.stream, commit.version)
        answer = [*details, places]
        if limit == 1 or fitting(map(compact, answer)) >= len(answer):
            return {"messages": details, "places": places, "cursor": next_cursor}
        limit = max(1, limit // 2)  # one commit always fits


@dataclass(frozen=True)
class Where:
    """Which commits are read: those of a stream, or a segment of all."""

    stream: str | None
    segment: int
    segments: int

    def page(self, cursor: str | None, limit: int) -> Scanned:
        """A page of them."""
        store = runtime.current().store
        if not self.stream:
            return store.scan(self.segment, self.segments, cursor, limit)
        commits, last = store.page(self.stream, int(cursor or 0), limit)
        return Scanned(commits, str(last) if last else None, len(commits))


def chosen(commits: Sequence[Commit], bounds: tuple[str | None, str | None], names: frozenset[str]) -> list[Outgoing]:
    """Public events, and others that are named, of commits between two times."""
    from events.registry import Kind, language  # only here: the relay itself starts faster without pydantic

    begin, end = (clock.stamp(clock.read(bound)) if bound else None for bound in bounds)
    wanted = [c for c in commits if (begin or "") <= c.time and (end is None or c.time <= end)]
    return [
        message
        for commit in wanted
        for message in commit.messages
        if message.name in names or ((known := language().get(message.name)) and known.about.kind is Kind.EVENT)
    ]


def commits(**asked: Any) -> dict[str, Any]:
    """The commits of a stream (past.py)."""
    from functions.kernel.eventstore import past  # only here: what it imports, the relay itself starts without

    return past.commits(**asked)


def count(**asked: Any) -> dict[str, Any]:
    """About how many messages `history` would bring (counting.py)."""
    from functions.kernel.eventstore import counting

    return counting.count(**asked)


def state(**asked: Any) -> dict[str, Any]:
    """The aggregate of a stream at a version or time (past.py)."""
    from functions.kernel.eventstore import past

    return past.state(**asked)


def about() -> dict[str, Any]:
    """The version of the service's code."""
    return {"code": runtime.current().code}


REQUESTS: dict[str, Callable[..., dict[str, Any]]] = {
    "about": about,
    "republish": republish,
    "resend": resend,
    "history": history,
    "count": count,
    "records": records,
    "commits": commits,
    "state": state,
}


def serve(event: dict[str, Any]) -> dict[str, Any]:
    """Answer a request of operations, {"history": {…}} and the like, or else publish a batch of the stream."""
    for name, answer in REQUESTS.items():
        if name in event:
            return answer(**event[name])
    return handle(event)
