"""An order as a trace: spans made after the fact, of what was committed; the JSON of OTLP.

One order is one trace. Its ids follow from the order's id and its messages' ids, so a trace that is sent twice is the
same. There is one span for each message: from the commit of its cause to its own commit, which is how long its service
took, queues and retries included. What a request began has no cause that was committed, and hardly any length. All are
under a span of the order, from its first message to its last.

A message whose cause is of another order (the dispatcher pairs several lists and robots at once) is linked to what its
stream said before, and not a child of what it joined. https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
How ids and times are written: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from events.queries import TimelineMessage
from functions.kernel.runtime import clock

INTERNAL, SERVER, PRODUCER = 1, 2, 4  # kinds of a span
SCOPE = {"name": "mallbots.operations.spans", "version": "1"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOW = "from the commit of its cause to its own"

Json = dict[str, Any]


def trace_id(order_id: str) -> str:
    """The trace of an order."""
    return _hex("trace of", order_id)[:32]


def span_id(message_id: str) -> str:
    """The span that ends with the commit of a message."""
    return _hex("span of", message_id)[:16]


def _hex(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def order_trace(
    order_id: str, messages: Sequence[TimelineMessage], stage: str, traceparents: Mapping[str, str]
) -> Json:
    """The body of an export request: all spans of an order, by service.

    traceparents: of flows whose requests brought or got one, by their correlation ids: the first span of each is linked
    to that trace, so that who sent the request finds it.
    """
    known = {one.id: one for one in messages}
    spans: dict[str, list[Json]] = {"ordering": [_root(order_id, messages)]}
    before: dict[str, TimelineMessage] = {}
    for one in sorted(messages, key=lambda message: (message.time, _depth(message, known), message.id)):
        spans.setdefault(one.source.rpartition(".")[2], []).append(
            _span(order_id, one, known.get(one.causation_id or ""), before.get(one.stream), traceparents)
        )
        before[one.stream] = one
    return {
        "resourceSpans": [
            {"resource": _resource(service, stage), "scopeSpans": [{"scope": SCOPE, "spans": of_service}]}
            for service, of_service in sorted(spans.items())
        ]
    }


def _depth(message: TimelineMessage, known: Mapping[str, TimelineMessage]) -> int:
    """How many messages it followed from: of two at one time, the cause comes first."""
    depth, passed = 0, {message.id}
    while (cause := known.get(message.causation_id or "")) and cause.id not in passed:
        message, depth = cause, depth + 1
        passed.add(cause.id)
    return depth


def _root(order_id: str, messages: Sequence[TimelineMessage]) -> Json:
    first, last = _from_to(min(one.time for one in messages), max(one.time for one in messages))
    return {
        "traceId": trace_id(order_id),
        "spanId": span_id(order_id),
        "name": "order",
        "kind": INTERNAL,
        "startTimeUnixNano": first,
        "endTimeUnixNano": last,
        "attributes": _attributes(
            {"mallbots.order.id": order_id, "mallbots.span": "from its first commit to its last"}
        ),
    }


def _span(
    order_id: str,
    one: TimelineMessage,
    cause: TimelineMessage | None,
    before: TimelineMessage | None,
    traceparents: Mapping[str, str],
) -> Json:
    trace, joined = trace_id(order_id), bool(one.causation_id) and cause is None
    links = [_link(trace, span_id(before.id))] if joined and before else []
    if not one.causation_id and one.correlation_id in traceparents:
        _, theirs, span, _ = traceparents[one.correlation_id].split("-")
        links.append(_link(theirs, span))
    first, last = _from_to(min(cause.time, one.time) if cause else one.time, one.time)
    return {
        "traceId": trace,
        "spanId": span_id(one.id),
        "parentSpanId": span_id(cause.id if cause else order_id),
        "name": f"send {one.name}",
        "kind": PRODUCER if one.causation_id else SERVER,
        "startTimeUnixNano": first,
        "endTimeUnixNano": last,
        "attributes": _attributes(_facts(one)),
        **({"links": links} if links else {}),
    }


def _facts(one: TimelineMessage) -> dict[str, str]:
    """Nothing of a message's data: only what names it."""
    facts = {
        "messaging.system": "aws.eventbridge",
        "messaging.operation.type": "send",
        "messaging.operation.name": "send",
        "messaging.destination.name": "bus",
        "messaging.message.id": one.id,
        "messaging.message.conversation_id": one.correlation_id,
        "mallbots.message.name": one.name,
        "mallbots.stream": one.stream,
        "mallbots.span": HOW,
    }
    return facts | ({"mallbots.message.cause": one.causation_id} if one.causation_id else {})


def _link(trace: str, span: str) -> Json:
    return {"traceId": trace, "spanId": span}


def _resource(service: str, stage: str) -> Json:
    names = {"service.name": service, "service.namespace": "mallbots", "deployment.environment.name": stage}
    return {"attributes": _attributes(names)}


def _attributes(values: Mapping[str, str]) -> list[Json]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def _from_to(first: str, last: str) -> tuple[str, str]:
    """In nanoseconds, which JSON has as text. A backend takes no span for none: so each lasts for one at least."""
    begun, ended = _nano(first), _nano(last)
    return str(begun), str(max(ended, begun + 1))


def _nano(time: str) -> int:
    return (clock.read(time) - EPOCH) // timedelta(microseconds=1) * 1_000
