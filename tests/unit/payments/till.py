"""The payments service in a process, with a provider that can fail and events of orders to deliver."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from events.customers import CustomerRegistered
from events.ordering import OrderApproved, OrderCancelled, OrderCompleted, OrderCreated, OrderReadied, OrderRejected
from events.queries import CustomerStatusFound, OrderFound
from events.registry import Message, decode
from functions.kernel.domain.errors import InvalidError, RefusedError, UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from functions.payments import service
from functions.payments.api import api
from functions.payments.domain import Statement
from functions.payments.inbox import inbox
from tests.support.callers import CLERK, request_context
from tests.support.delivery import attributes, delivered
from tests.support.runtime import RecordingBus, RecordingQueue, memory_runtime

ADA = CustomerRegistered(customer_id="ada", enabled=True)
ADA_FOUND = CustomerStatusFound(customer_id="ada", enabled=True, version=2)
ADA_PAYS = {"customerId": "ada", "amount": 20}


class Bank:
    """A payment provider, as strict as the port allows one to be.

    paid: refunds by request id, each a payment and an amount. held: what is authorized, by payment. authorized: by
    payment, the request id that authorized it. captures: by payment, the request id and the amount. fails: "before" or
    "after" (the next request fails before or after it takes effect), "refuse" (all are refused), or "".
    """

    def __init__(self) -> None:
        self.paid: dict[str, tuple[str, int]] = {}
        self.held: dict[str, int] = {}
        self.captures: dict[str, tuple[str, int]] = {}
        self.authorized: dict[str, str] = {}
        self.voided: set[str] = set()
        self.fails = ""
        self._requests: dict[str, tuple[object, ...]] = {}

    def authorize(self, payment_id: str, customer_id: str, amount: int, request_id: str) -> None:
        with self._asked(request_id, "authorize", payment_id, amount) as again:
            if payment_id in self.voided:
                raise RefusedError("the payment was voided")
            if self.authorized.setdefault(payment_id, request_id) != request_id:
                raise RefusedError("the payment was authorized for another request")
            if not again:
                self.held[payment_id] = amount

    def capture(self, payment_id: str, amount: int, request_id: str) -> int:
        with self._asked(request_id, "capture", payment_id) as again:
            if payment_id in self.voided:
                raise RefusedError("the payment was voided")
            if not again:
                if amount > self.held.get(payment_id, -1):
                    raise RefusedError("less is held")
                self.captures[payment_id] = request_id, amount
                del self.held[payment_id]
            return self.captures[payment_id][1]

    def void(self, payment_id: str, request_id: str) -> None:
        with self._asked(request_id, "void", payment_id):
            self.voided.add(payment_id)
            self.held.pop(payment_id, None)
            self.captures.pop(payment_id, None)

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        with self._asked(request_id, "refund", payment_id, amount):
            assert self.paid.setdefault(request_id, (payment_id, amount)) == (payment_id, amount)

    @contextmanager
    def _asked(self, request_id: str, *about: object) -> Iterator[bool]:
        """Fail before or after the block, which is told whether the request took effect before."""
        if self.fails == "refuse":
            raise RefusedError("the account is closed")
        fails, self.fails = self.fails, ""
        if fails == "before":
            raise UnavailableError("the provider does not answer")
        if self._requests.get(request_id, about) != about:
            raise InvalidError("this request id was used for another request")
        yield request_id in self._requests
        self._requests[request_id] = about
        if fails == "after":
            raise UnavailableError("the provider's answer was lost")

    def statement(self, payment_id: str) -> Statement:
        if self.fails in ("before", "after"):
            raise UnavailableError("the provider does not answer")
        refunds = {request: amount for request, (payment, amount) in self.paid.items() if payment == payment_id}
        return Statement(self.held.get(payment_id, 0), self.captured(payment_id), refunds)

    def captured(self, payment_id: str) -> int:
        """What was captured of a payment, in cents."""
        return self.captures.get(payment_id, ("", 0))[1]

    def paid_back(self, payment_id: str) -> int:
        """What was refunded of a payment, in cents."""
        return sum(amount for payment, amount in self.paid.values() if payment == payment_id)


class Owners:
    """The owners of customers and orders: what they answer by id. While they are `down` they do not answer."""

    def __init__(self) -> None:
        self.answers: dict[str, CustomerStatusFound | OrderFound] = {}
        self.down = False

    def __call__(self, owner: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.down:
            raise UnavailableError(f"{owner} does not answer")
        (id,) = request["data"].values()
        found = self.answers.get(id)
        return {"answer": found.model_dump(mode="json")} if found else {"not_found": f"{owner} does not know {id}"}


class Till:
    """The payments service in memory. Nothing is relayed until a test asks for it."""

    def __init__(self, store: MemoryEventStore | None = None) -> None:
        self.bank = Bank()
        self.owners = Owners()
        self.bus = RecordingBus()
        self.queue = RecordingQueue()
        self.dead_letters = RecordingQueue()
        self.store = store or MemoryEventStore()
        self.runtime: Runtime = memory_runtime(
            "payments",
            store=self.store,
            bus=self.bus,
            queue=self.queue,
            dead_letters=self.dead_letters,
            invoke=self.owners,
            adapters={"provider": self.bank},
        )
        self._relayed = 0
        self._delivered = 0

    def deliver(self, message: Message, id: str = "", stream_version: int = 1) -> bool:
        """Deliver a message, with a new id unless one is given; returns whether it was handled or dead-lettered."""
        self._delivered += 1
        event = delivered(message, id=id or f"message-{self._delivered}", stream_version=stream_version)
        return inbox.handle(event) == {"batchItemFailures": []}

    def relay(self) -> None:
        """Send what has been committed: messages to the bus, reminders to the service's queue."""
        images = self.store.log[self._relayed :]
        self._relayed += len(images)
        records = [
            {"eventName": "INSERT", "dynamodb": {"NewImage": image, "SequenceNumber": str(number)}}
            for number, image in enumerate(images)
        ]
        assert relay.handle({"Records": records}) == {"batchItemFailures": []}

    def deliver_reminders(self, tries: int = 1, hours: float = 0) -> None:
        """Relay, and deliver each reminder; one that fails stays, delayed.

        Each was received `tries` times by then, the first of them so many hours ago.
        """
        self.relay()
        reminders, self.queue.sent = self.queue.sent, []
        for number, sent in enumerate(reminders):
            record = {
                "messageId": f"reminder-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": sent.body,
                "attributes": attributes(tries, clock.now() - timedelta(hours=hours)),
            }
            if inbox.handle({"Records": [record]})["batchItemFailures"]:
                delay = self.queue.retry_in_seconds.pop(record["receiptHandle"])
                self.queue.sent.append(replace(sent, delay=delay))

    @property
    def published(self) -> list[Message]:
        """The published messages, as a consumer reads them."""
        self.relay()
        return [
            decode(message.name, message.detail["metadata"]["version"], message.detail["data"])
            for message in self.bus.messages
        ]

    def names(self) -> list[str]:
        """The names of the published messages, in their order."""
        return [type(message).about.name for message in self.published]

    def confirmed(self, order_id: str = "order-1", authorized: int = 2000) -> str:
        """The id of a new payment of Ada's that serves an order of 16.99."""
        self.deliver(ADA)
        payment_id = service.authorize("ada", authorized)
        service.confirm(payment_id, order_id, "ada", 1699)
        return payment_id

    def paid(self) -> str:
        """The id of a payment of Ada's from which the invoice of order-1, 16.99, was paid."""
        payment_id = self.confirmed()
        service.create_or_reduce_invoice("order-1", payment_id, 1699, "ada")
        service.pay("order-1")
        return payment_id


def created(payment_id: str, total: int = 1699, order_id: str = "order-1") -> OrderCreated:
    return OrderCreated(**_order(order_id, payment_id, total, "pending"), shopping_list_id=None)


def approved(payment_id: str, total: int = 1699, order_id: str = "order-1") -> OrderApproved:
    return OrderApproved(**_order(order_id, payment_id, total, "approved"), shopping_list_id=order_id)


def readied(payment_id: str, total: int, order_id: str = "order-1") -> OrderReadied:
    about = _order(order_id, payment_id, total, "ready")
    return OrderReadied(**about, shopping_list_id=order_id, shortages=())


def completed(payment_id: str, total: int = 1699, order_id: str = "order-1") -> OrderCompleted:
    about = _order(order_id, payment_id, total, "completed") | {"ready": True, "paid": True}
    return OrderCompleted(**about, shopping_list_id=order_id)


def cancelled(payment_id: str, order_id: str = "order-1", customer_id: str = "ada") -> OrderCancelled:
    about = _order(order_id, payment_id, 1699, "cancelled", customer_id)
    return OrderCancelled(**about, shopping_list_id=None, reason="changed my mind", by="customer")


def rejected(payment_id: str, order_id: str = "order-1", customer_id: str = "ada") -> OrderRejected:
    about = _order(order_id, payment_id, 1699, "rejected", customer_id)
    return OrderRejected(**about, shopping_list_id=None, reason="the customer is disabled")


def _order(order_id: str, payment_id: str, total: int, status: str, customer_id: str = "ada") -> dict[str, Any]:
    return {
        "order_id": order_id,
        "customer_id": customer_id,
        "payment_id": payment_id,
        "items": (),
        "total": total,
        "status": status,
        "ready": status == "ready",
        "paid": False,
        "created_at": "2026-03-14T09:20:00.000000Z",
    }


def authorized() -> str:
    """Ada authorizes a payment by the API; its id."""
    status, created = request("POST", "/api/payments", ADA_PAYS)
    assert status == 200
    return str(created["id"])


def request(method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
    """Request a route; the status and the body of its answer."""
    status, _, content = request_fully(method, path, body, headers)
    return status, content


def request_fully(
    method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], Any]:
    """Request a route; the status, the headers and the body of its answer."""
    path, _, query = path.partition("?")
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": dict(pair.split("=", 1) for pair in query.split("&")) if query else None,
        "headers": {"content-type": "application/json", **(headers or {})},
        "requestContext": {
            **request_context(CLERK),
            "http": {"method": method, "path": path},
            "requestId": "request-1",
        },
        "body": text,
        "isBase64Encoded": False,
    }
    answer = api.handle(event, None)
    return answer["statusCode"], answer["headers"], json.loads(answer["body"])
