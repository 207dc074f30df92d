"""The outbox's relay: from a table's stream to the bus, every message of every commit at least once."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore.item import messages_of
from functions.kernel.runtime import clock, observe, runtime
from functions.kernel.runtime.commit import Commit, Outgoing
from functions.kernel.runtime.runtime import LONGEST_DELAY, Unsent


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Publish the messages of a batch of stream records; reports the first that failed, where the stream retries.

    A message that the bus refuses for its content goes to the failure queue with the reason, and holds up no other.
    """
    started = clock.now()
    owners: list[str] = []
    waiting: list[Outgoing] = []
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage", {})
        for message in messages_of(image) if record["eventName"] == "INSERT" else ():
            owners.append(record["dynamodb"]["SequenceNumber"])
            waiting.append(message)
    unsent = send(waiting)
    failed = {
        owners[one.position] for one in unsent if not (one.refusal and _give_up(waiting[one.position], one.refusal))
    }
    _log_sent(waiting, {one.position for one in unsent}, started)
    if not failed:
        return {"batchItemFailures": []}
    observe.logger().warning("messages were not published", extra={"records": len(failed)})
    first = next(owner for owner in owners if owner in failed)
    return {"batchItemFailures": [{"itemIdentifier": first}]}


def _log_sent(messages: list[Outgoing], unsent: set[int], started: datetime) -> None:
    sent = (message.detail["metadata"] for position, message in enumerate(messages) if position not in unsent)
    lines = [observe.about(m["name"], m["stream"], m["correlation_id"]) for m in sent]
    observe.batch("stream", lines, (clock.now() - started).total_seconds())


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


def _give_up(message: Outgoing, refusal: str) -> bool:
    """Send a message to the failure queue; whether it took it."""
    body = {"detail-type": message.name, "source": message.detail["metadata"]["source"], "detail": message.detail}
    code = runtime.current().code
    why = {"reason": refusal, "error": "RefusedByBus", **({"code": code} if code else {})}
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
    store = runtime.current().store
    if stream:
        commits, last = store.page(stream, int(cursor or 0), limit)
        next_cursor = str(last) if last else None
    else:
        commits, next_cursor = store.scan(segment, segments, cursor, limit)
    begin, end = (clock.stamp(clock.read(bound)) if bound else None for bound in (since, until))
    wanted = [c for c in commits if (begin or "") <= c.time and (end is None or c.time <= end)]
    messages = list(_addressed(wanted, to, frozenset(names)))
    failed = send(messages)
    if failed:
        first = messages[failed[0].position].id
        raise UnavailableError(f"the bus did not accept {len(failed)} of {len(messages)} messages, first {first}")
    return {"sent": len(messages), "cursor": next_cursor}


def _addressed(commits: Iterable[Commit], to: str | None, names: frozenset[str]) -> Iterator[Outgoing]:
    from events.registry import Kind, language  # only here: the relay itself starts faster without pydantic

    for commit in commits:
        for message in commit.messages:
            known = language().get(message.name)
            if message.name in names or (known and known.about.kind is Kind.EVENT):
                yield Outgoing({**message.detail, "to": to} if to else message.detail, message.delay)
