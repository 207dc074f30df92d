"""The checkout service in a process: a test delivers its messages and requests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from events.envelope import Metadata
from events.registry import Message, decode
from functions.checkout import service
from functions.checkout.api import api
from functions.checkout.domain import CreateOrderSaga
from functions.checkout.inbox import inbox
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from language.story import sample
from tests.support.callers import CLERK, request_context
from tests.support.delivery import attributes, body_of
from tests.support.runtime import RecordingBus, RecordingQueue, Sent, memory_runtime

ORDER = "order-1"


class Desk:
    """Delivers messages and requests, and shows the commands and reminders that were sent."""

    def __init__(self, **settings: str) -> None:
        self.now = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
        self.store, self.bus, self.queue, self.dead_letters = (
            MemoryEventStore(),
            RecordingBus(),
            RecordingQueue(),
            RecordingQueue(),
        )
        self.runtime = memory_runtime(
            "checkout",
            store=self.store,
            bus=self.bus,
            queue=self.queue,
            dead_letters=self.dead_letters,
            settings=settings,
        )
        self.delivered = 0
        self._relayed = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside the service, at the desk's time."""
        with active(self.runtime), clock.fixed(lambda: self.now):
            yield

    def deliver(self, message: type[Message], id: str | None = None, **fields: Any) -> str:
        """Deliver a message about the order (another one, when `order_id` says so), and relay what comes of it.

        `id` is the message's own: a new one when none is given. Returns it.
        """
        self.delivered += 1
        detail = sample(message)
        detail["metadata"]["id"] = id or f"delivered-{self.delivered}"
        detail["data"] |= {"order_id": ORDER} | fields
        self.deliver_body(body_of(detail))
        return str(detail["metadata"]["id"])

    def deliver_body(self, body: str) -> None:
        """Deliver the body of a queue's message, which must be handled without an error."""
        record = {
            "messageId": "record-1",
            "receiptHandle": "receipt-1",
            "body": body,
            "attributes": attributes(),
        }
        with self.at_work():
            assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
        assert self.dead_letters.sent == []
        self.relay()

    def relay(self) -> None:
        """Relay what was committed."""
        records = [
            {"eventName": "INSERT", "dynamodb": {"NewImage": item, "SequenceNumber": str(number)}}
            for number, item in enumerate(self.store.log)
        ][self._relayed :]
        self._relayed = len(self.store.log)
        with self.at_work():
            assert relay.handle({"Records": records}) == {"batchItemFailures": []}

    def request(self, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Request a route of the service's API: status and body."""
        raw, _, query = path.partition("?")
        event = {
            "version": "2.0",
            "rawPath": raw,
            "rawQueryString": query,
            "headers": headers or {},
            "requestContext": {**request_context(CLERK), "http": {"method": method, "path": raw}},
            "isBase64Encoded": False,
        }
        if query:
            event["queryStringParameters"] = dict(pair.split("=", 1) for pair in query.split("&"))
        with self.at_work():
            answer = api.handle(event, None)
        self.relay()
        return answer["statusCode"], json.loads(answer["body"])

    def wait(self, seconds: float) -> None:
        """Let time pass; nothing happens by itself."""
        self.now += timedelta(seconds=seconds)

    def times_out(self) -> int:
        """Deliver the end of the latest watch when it is due; returns the seconds that it waited."""
        sent = self.watches[-1]
        self.wait(sent.delay)
        self.deliver_body(sent.body)
        return sent.delay

    @property
    def watches(self) -> list[Sent]:
        """The reminders that end a watch, in the order in which they were sent."""
        return [sent for sent in self.queue.sent if json.loads(sent.body)["detail-type"] == "SagaWatchEnds"]

    @property
    def commands(self) -> list[str]:
        """The names of the commands that were sent, in their order."""
        return self.bus.names

    def command(self, name: str) -> tuple[Message, Metadata]:
        """The latest command of this name that was sent."""
        detail = [message.detail for message in self.bus.messages if message.name == name][-1]
        metadata = Metadata(**detail["metadata"])
        return decode(metadata.name, metadata.version, detail["data"]), metadata

    @property
    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """All rows of the service, by their keys."""
        assert isinstance(self.runtime.views, MemoryViews)
        return self.runtime.views.items

    @property
    def saga(self) -> CreateOrderSaga:
        """The order's saga, as its stream has it."""
        with self.at_work():
            return service.sagas.get(ORDER)
