"""Histories made by hand, for the checker's tests: what a simulated cloud would note of the story that is told."""

import json
from collections.abc import Sequence
from typing import Any

from tests.simulation.check.parsed_history import SECOND, Entry
from tests.simulation.check.subscribers import SUBSCRIBERS

SERVICE_OF = {
    "Basket": "baskets",
    "Bot": "depot",
    "CreateOrderSaga": "checkout",
    "Customer": "customers",
    "Invoice": "payments",
    "Notification": "notifications",
    "Order": "ordering",
    "Payment": "payments",
    "ShoppingList": "depot",
}
SOURCE_OF_REPLY = {"Customer": "customers", "Order": "ordering", "Payment": "payments", "Shopping": "depot"}
STAGES = {
    "BasketStarted": "baskets_started",
    "BasketCheckedOut": "checked_out",
    "OrderApproved": "approved",
    "OrderReadied": "ready",
    "OrderPaid": "paid",
    "OrderCompleted": "completed",
    "OrderRejected": "rejected",
    "OrderCancelled": "cancelled",
}

Said = tuple[str, dict[str, Any]]


class Tale:
    """A history that grows by what is told; everything that is said reaches everyone, unless it is told otherwise."""

    def __init__(self) -> None:
        self.notes: list[Entry] = []
        self.tables: dict[str, dict[Any, dict[str, Any]]] = {}
        self._versions: dict[str, int] = {}
        self._now = 0
        self._number = 0
        self._request: str | None = None
        self._reminders: list[tuple[str, str]] = []

    @property
    def final(self) -> dict[str, Any]:
        """How it ended."""
        settings = {"MALLBOTS_BASKET_UNTOUCHED": "1800", "MALLBOTS_ORDER_UNPAID": "86400"}
        return {"tables": self.tables, "still": True, "settings": settings}

    def note(self, kind: str, **fields: Any) -> None:
        """A note, a millisecond after the last."""
        self._now += 1000
        self.notes.append((self._now, kind, fields))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._now += int(seconds * SECOND)

    def version(self, stream: str) -> int:
        """The version that a stream has come to."""
        return self._versions.get(stream, 0)

    def number(self, prefix: str) -> str:
        """The next of a row of names."""
        self._number += 1
        return f"{prefix}-{self._number}"

    def ask(self, method: str, path: str, *, key: str | None = None, body: Any = None, match: str | None = None) -> str:
        """A request comes to its service; its id. What is committed until it is answered is its own."""
        self._request = self.number("request")
        asked = {"method": method, "path": path, "key": key, "body": body, "if_match": match}
        self.note("request", id=self._request, who="staff:1", **asked)
        self.note("invocation", container="api", function="some/api", cause=[self._request])
        return self._request

    def answer(self, status: int | None = 200, body: Any = None, version: int | None = None) -> None:
        """Its client hears how it went."""
        self.note("ended", container="api", function="some/api", how="ok", failures=[])
        self.note("response", id=self._request, status=status, body=body or {}, version=version)
        self._request = None

    def commit(
        self,
        stream: str,
        *events: Said,
        says: Sequence[Said] = (),
        reminds: Sequence[tuple[str, dict[str, Any], int]] = (),
        because: str | None = None,
        together: int = 1,
        command: str | None = None,
    ) -> list[str]:
        """A commit; the ids of what it says, one message for each event, or all of the last event's.

        command: the id of the command that the last of what it says answers.
        """
        service, version = SERVICE_OF[stream.partition("#")[0]], self._versions.get(stream, 0) + 1
        last = version + len(events) - 1
        self._versions[stream] = last
        versions = range(version, last + 1) if len(says) == len(events) else [last] * len(says)
        made = [
            self._detail(name, data, service, stream, of_event, because)
            for (name, data), of_event in zip(says, versions, strict=True)
        ]
        if command:
            made[-1]["metadata"]["causation_id"] = command
        messages: list[dict[str, Any]] = [{"detail": detail} for detail in made]
        reminders = [(self._detail(name, data, service, stream, last, because), delay) for name, data, delay in reminds]
        messages += [{"detail": detail, "delay": delay} for detail, delay in reminders]
        item: dict[str, dict[str, str]] = {
            "stream": {"S": stream},
            "version": {"N": str(version)},
            "id": {"S": self.number("commit")},
            "events": {"S": json.dumps([[name, 1, data] for name, data in events])},
            "messages": {"S": json.dumps(messages)},
        }
        if because:
            item |= {"cause": {"S": because}, "causation_id": {"S": because}}
        table = f"{service}/events"
        container = "api" if self._request else "inbox"
        self.note("commit", table=table, key=[stream, version], item=item, container=container, in_transaction=together)
        self.tables.setdefault(table, {})[stream, version] = item
        for detail in made:
            self.publish(detail)
        for detail, delay in reminders:
            reminder = f"{service}/inbox", json.dumps({"detail": detail})
            if delay:
                self._reminders.append(reminder)
            else:
                self.deliver(*reminder)
        return [detail["metadata"]["id"] for detail in made]

    def let_reminders_come(self) -> None:
        """Let the reminders that were put off until later come, when nobody waits for anything any more."""
        self.wait(60)
        for queue, body in self._reminders:
            self.deliver(queue, body)

    def reply(self, name: str, data: dict[str, Any], command: str) -> str:
        """An answer that no commit carries; its id."""
        source = next(service for word, service in SOURCE_OF_REPLY.items() if name.startswith(word))
        detail = self._detail(name, data, source, f"{name}#{command}", 1, command)
        self.publish(detail)
        return str(detail["metadata"]["id"])

    def _detail(
        self, name: str, data: dict[str, Any], service: str, stream: str, version: int, because: str | None
    ) -> dict[str, Any]:
        metadata = {
            "id": f"{stream}/{version}/{name}",
            "name": name,
            "version": 2 if name == "InvoiceAdjusted" else 1,
            "source": f"mallbots.{service}",
            "stream": stream,
            "stream_version": version,
            "causation_id": because,
        }
        return {"metadata": metadata, "data": data}

    def publish(self, detail: dict[str, Any]) -> None:
        """The bus takes a message and brings it to all that subscribe to it."""
        metadata, entry = detail["metadata"], self.number("entry")
        self.note("published", service=metadata["source"], entry=entry, name=metadata["name"], detail=detail)
        for queue in SUBSCRIBERS[metadata["name"]]:
            self.note("routed", entry=entry, queue=queue, copies=1)
            self.deliver(queue, json.dumps({"id": entry, "detail": detail}))
        self._show(detail)

    def deliver(self, queue: str, body: str) -> None:
        """A queue takes a message, and a function handles it."""
        message = self.number("message")
        self.note("sent", queue=queue, message=message, body=body, delay=0)
        self.note("received", queue=queue, message=message, count=1, function=queue)
        self.note("deleted", queue=queue, message=message)

    def row(self, table: str, partition: str, sort: str, version: int, data: dict[str, Any], **more: Any) -> None:
        """A row is written."""
        item = {"partition": {"S": partition}, "sort": {"S": sort}, "version": {"N": str(version)}}
        item |= {"data": {"S": json.dumps(data)}} | {name: {"S": value} for name, value in more.items()}
        self.note("row", table=table, key=[partition, sort], item=item, container="inbox")
        self.tables.setdefault(table, {})[partition, sort] = item

    def count(self, partition: str, sort: str, **fields: int) -> None:
        """A counter of insights goes up."""
        table = self.tables.setdefault("insights/views", {})
        item = dict(table.get((partition, sort), {"partition": {"S": partition}, "sort": {"S": sort}}))
        for name, by in fields.items():
            item[name] = {"N": str(int(item.get(name, {"N": "0"})["N"]) + by)}
        table[partition, sort] = item
        self.note("row", table="insights/views", key=[partition, sort], item=item, container="inbox")

    def _show(self, detail: dict[str, Any]) -> None:
        """What read models show of a message: all that it says."""
        name, data, version = detail["metadata"]["name"], detail["data"], detail["metadata"]["stream_version"]
        if name in STAGES:
            self.count("funnel", "2026-01-05T09 stages all 0", **{STAGES[name]: 1})
        if name == "OrderCompleted":
            items = sum(item["quantity"] for item in data["items"])
            self.count("sales", "2026-01-05T09 mall all 0", orders=1, items=items, revenue=data["total"])
        if name.startswith("Order") and "status" in data and "items" in data:
            self.row("search/views", "orders", data["order_id"], version, data)
            self.row("payments/views", f"order {data['order_id']}", "order", version, data)
        elif name.startswith("ShoppingList") and "shopping_list_id" in data:
            self.row("depot/views", "lists", data["shopping_list_id"], version, data)
        elif name.startswith("Bot"):
            self.row("depot/views", "bots", data["bot_id"], version, data)
