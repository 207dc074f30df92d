"""The checkout service at work, with everybody else played by the test."""

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
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from language.story import sample
from tests.support.runtime import RecordingBus, RecordingQueue, Sent, memory_runtime

ORDER = "order-1"


class Desk:
    """Hears messages, and shows what was said and what the service asked to be reminded of."""

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
        self._heard = 0
        self._relayed = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside the service, at the desk's time."""
        with active(self.runtime), clock.fixed(lambda: self.now):
            yield

    def hears(self, message: type[Message], id: str | None = None, **fields: Any) -> str:
        """Deliver a message about the order (another one, when `order_id` says so), and relay what comes of it.

        `id` is the message's own: a new one when none is given. Returns it.
        """
        self._heard += 1
        detail = sample(message)
        detail["metadata"]["id"] = id or f"heard-{self._heard}"
        detail["data"] |= {"order_id": ORDER} | fields
        self.receives(json.dumps({"detail-type": message.about.name, "detail": detail}))
        return str(detail["metadata"]["id"])

    def receives(self, body: str) -> None:
        """Deliver the body of a queue's message; it must be handled, whatever it is."""
        record = {
            "messageId": "record-1",
            "receiptHandle": "receipt-1",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        with self.at_work():
            assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
        assert self.dead_letters.sent == []
        self.relay()

    def relay(self) -> None:
        """Let what was committed leave; what the service tells itself at once, it hears."""
        records = [
            {"eventName": "INSERT", "dynamodb": {"NewImage": item, "SequenceNumber": str(number)}}
            for number, item in enumerate(self.store.log)
        ][self._relayed :]
        self._relayed = len(self.store.log)
        before = len(self.queue.sent)
        with self.at_work():
            assert relay.handle({"Records": records}) == {"batchItemFailures": []}
        for sent in self.queue.sent[before:]:
            if sent.delay == 0:
                self.receives(sent.body)

    def asks(self, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Ask the service's API: status and body."""
        raw, _, query = path.partition("?")
        event = {
            "version": "2.0",
            "rawPath": raw,
            "rawQueryString": query,
            "headers": headers or {},
            "requestContext": {"http": {"method": method, "path": raw}},
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
        """Let the latest timeout come: when it was due, it was after so many seconds."""
        sent = self.timeouts[-1]
        self.wait(sent.delay)
        self.receives(sent.body)
        return sent.delay

    @property
    def timeouts(self) -> list[Sent]:
        """The reminders of a timeout that were sent, in their order."""
        return [sent for sent in self.queue.sent if json.loads(sent.body)["detail-type"] == "StepTimedOut"]

    @property
    def commands(self) -> list[str]:
        """The names of the commands that were sent, in their order."""
        return self.bus.names

    @property
    def last_command(self) -> tuple[Message, Metadata]:
        """The command that was sent last."""
        detail = self.bus.messages[-1].detail
        metadata = Metadata(**detail["metadata"])
        return decode(metadata.name, metadata.version, detail["data"]), metadata

    @property
    def saga(self) -> CreateOrderSaga:
        """The order's saga, as its stream has it."""
        with self.at_work():
            return service.sagas.get(ORDER)
