"""The exporter of traces: what an order did, once it has ended, to a backend that speaks OTLP.

It runs only on a stage that names a backend (infra/traces.py). A rule of the bus brings it the ends of the orders that
are sampled, two minutes later, when what follows from an end was committed too. So the handlers of messages pay
nothing, and an order that is not sampled costs nothing.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from events.envelope import Envelope
from events.ordering import OrderCancelled, OrderCompleted, OrderRejected
from events.queries import OF_AN_ORDER
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.messaging.scheduled import Scheduled
from functions.kernel.runtime import budget, observe
from functions.kernel.runtime.json_text import compact
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.uses import Uses
from functions.operations import order_timeline
from functions.operations.spans import order_trace

ENDS = (OrderCompleted, OrderRejected, OrderCancelled)
SECONDS = 3  # a backend may take


class Backend(Protocol):
    """Where traces go."""

    def export(self, spans: Mapping[str, Any]) -> None:
        """Take the body of an export request. Raises UnavailableError where it does not now."""


class OtlpBackend:
    """A backend that takes OTLP over HTTP, as JSON, at an address without a path.

    https://opentelemetry.io/docs/specs/otlp/#otlphttp
    """

    def __init__(self, address: str) -> None:
        self._url = f"{address.rstrip('/')}/v1/traces"

    def export(self, spans: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/json"}
        request = Request(self._url, compact(dict(spans)).encode(), headers)
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # nosec B310  # the stage's setting, checked there
                said = json.loads(answer.read() or "{}")
        except HTTPError as error:
            raise UnavailableError(f"the backend of traces answers {error.code}") from error
        except (URLError, TimeoutError) as error:
            raise UnavailableError("the backend of traces does not answer") from error
        if refused := said.get("partialSuccess", {}).get("rejectedSpans"):
            observe.logger().warning("the backend refused spans", extra={"spans": int(refused)})


backend: Port[Backend] = Port("traces", connect=lambda: OtlpBackend(os.environ["TRACES"]))

exporter = Scheduled("operations", "exporter", uses=Uses(asks=OF_AN_ORDER, ports=(backend,)))


@exporter.work
def export(event: dict[str, Any]) -> dict[str, Any]:
    """Export the orders whose ends are in a batch of a queue. What fails is received again, and given up in the end."""
    failed = []
    for record in event["Records"]:
        try:
            if budget.left() < budget.MESSAGE:
                raise UnavailableError("there is no time left for this order")
            export_order(Envelope.read(json.loads(record["body"])["detail"]))
        except Exception as error:
            observe.log_error("an order was not exported", error, tries=record["attributes"]["ApproximateReceiveCount"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def export_order(end: Envelope) -> None:
    """Export the order that a message says has ended. Raises UnavailableError."""
    about, order_id = end.metadata, end.data["order_id"]
    messages = order_timeline.whole(order_id)
    if messages:
        stage = os.environ.get("MALLBOTS_STAGE", "")
        backend().export(order_trace(order_id, messages, stage, {about.correlation_id: about.traceparent}))
