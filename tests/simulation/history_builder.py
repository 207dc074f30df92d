"""Histories written by hand for the checker's tests: entries as a simulated cloud records them, and edits of these."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.check.parsed_history import SECOND, Entry, row_data
from tests.simulation.check.stages import STAGES
from tests.simulation.check.subscribers import ANSWERS, SUBSCRIBERS

SERVICE_OF = {
    "Basket": "baskets",
    "Bot": "depot",
    "CreateOrderSaga": "checkout",
    "Customer": "customers",
    "Difference": "payments",
    "Invoice": "payments",
    "Notification": "notifications",
    "Order": "ordering",
    "Payment": "payments",
    "Phone": "customers",
    "Product": "stores",
    "Robot": "fleet",
    "ShoppingList": "depot",
    "Store": "stores",
}
SOURCE_OF_REPLY = {"Customer": "customers", "Order": "ordering", "Payment": "payments", "Shopping": "depot"}
REPLIES = {name for _, answers in ANSWERS.values() for name in answers}
UNSHOWN = ("ShoppingListStarted", "ShoppingListItemPicked")  # by no row: a list at work is read from its stream
TIME = "2026-01-05T09:00:00.000000Z"  # of every message

SAGAS = "checkout/inbox"
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)

NamedData = tuple[str, dict[str, Any]]


class HistoryBuilder:
    """A history that grows call by call; each message is delivered to every subscriber and handled."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.tables: dict[str, dict[Any, dict[str, Any]]] = {}
        self._versions: dict[str, int] = {}
        self._now = 0
        self._number = 0
        self._request: str | None = None
        self._who = "system"  # who sent the request that is being handled
        self._actors: dict[str, str] = {}  # by message
        self._sagas: dict[str, str] = {}  # by command
        self._timers: list[tuple[str, str]] = []
        self._being_handled: list[str] = []  # messages to the saga, which are deleted after its next commit
        self.write_row("insights/views", "sums", "summed", 1, {"until": "2026-01-05T10:00"})

    @property
    def final(self) -> dict[str, Any]:
        """The final state; what was still being handled is deleted from its queue."""
        self._delete_handled()
        settings = {
            "MALLBOTS_BASKET_UNTOUCHED": "1800",
            "MALLBOTS_ORDER_UNPAID": "86400",
            "MALLBOTS_PAYMENT_UNCONFIRMED": "86400",
        }
        return {"tables": self.tables, "quiescent": True, "settings": settings}

    def record(self, kind: str, **fields: Any) -> None:
        """An entry, a millisecond after the last."""
        self._now += 1000
        self.entries.append((self._now, kind, fields))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._now += int(seconds * SECOND)

    def time(self, seconds: float = 0) -> str:
        """The time so many seconds after the next entry, as a container's clock gives it."""
        moment = BEGIN + timedelta(microseconds=self._now + 1000, seconds=seconds)
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def version(self, stream: str) -> int:
        """The latest version of a stream."""
        return self._versions.get(stream, 0)

    def events(self, stream: str) -> list[tuple[str, int, dict[str, Any]]]:
        """The events of a stream so far: (name, version of the event's shape, data)."""
        commits = [f["item"] for _, kind, f in self.entries if kind == "commit" and f["key"][0] == stream]
        return [event for item in commits for event in json.loads(item["events"]["S"])]

    def number(self, prefix: str) -> str:
        """The next id with this prefix."""
        self._number += 1
        return f"{prefix}-{self._number}"

    def request(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        body: Any = None,
        if_match: str | None = None,
        who: str = "staff:1",
        token: str | None = None,
    ) -> str:
        """A request arrives; its id. Commits until the response belong to it."""
        self._request, self._who = self.number("request"), who or "anonymous"
        fields = {"method": method, "path": path, "key": key, "body": body, "if_match": if_match, "token": token}
        self.record("request", id=self._request, who=who, **fields)
        self.record("invocation", container="api", function="some/api", cause=[self._request])
        return self._request

    def respond(self, status: int | None = 200, body: Any = None, version: int | None = None) -> None:
        """The client receives the response."""
        self.record("ended", container="api", function="some/api", how="ok", failures=[])
        self.record("response", id=self._request, status=status, body=body or {}, version=version)
        self._request, self._who = None, "system"

    def commit(
        self,
        stream: str,
        *events: NamedData,
        messages: Sequence[NamedData] = (),
        timers: Sequence[tuple[str, dict[str, Any], int]] = (),
        cause: str | None = None,
        in_transaction: int = 1,
        answers: str | None = None,
        of_events: Sequence[int] | None = None,
    ) -> list[str]:
        """A commit; the ids of its messages, one per event, or all of the last event.

        timers: (name, data, delay in seconds). answers: the id of the command that the last message answers. of_events:
        the position of the event that each message belongs to, from 0.
        """
        service, version = SERVICE_OF[stream.partition("#")[0]], self._versions.get(stream, 0) + 1
        last = version + len(events) - 1
        actor = self._actors.get(cause or "", self._who)
        self._versions[stream] = last
        one_each = range(len(events)) if len(messages) == len(events) else [len(events) - 1] * len(messages)
        versions = [version + position for position in (one_each if of_events is None else of_events)]
        details = [
            self._detail(name, data, service, stream, of_event, cause, actor)
            for (name, data), of_event in zip(messages, versions, strict=True)
        ]
        if answers:
            details[-1]["metadata"]["causation_id"] = answers
        carried: list[dict[str, Any]] = [{"detail": detail} for detail in details]
        delayed = [
            (self._detail(name, data, service, stream, last, cause, actor), delay) for name, data, delay in timers
        ]
        carried += [{"detail": detail, "delay": delay} for detail, delay in delayed]
        item: dict[str, dict[str, str]] = {
            "stream": {"S": stream},
            "version": {"N": str(version)},
            "id": {"S": self.number("commit")},
            "time": {"S": self.time()},
            "actor": {"S": actor},
            "events": {"S": json.dumps([[name, 1, data] for name, data in events])},
            "messages": {"S": json.dumps(carried)},
            "snapshot": {"S": "[1,{},{}]"},
        }
        if cause:
            item |= {"cause": {"S": cause}, "causation_id": {"S": cause}}
        table = f"{service}/events"
        container = "api" if self._request else "inbox"
        self.record(
            "commit", table=table, key=[stream, version], item=item, container=container, in_transaction=in_transaction
        )
        self.tables.setdefault(table, {})[stream, version] = item
        if service == "checkout":
            self._delete_handled()
        for detail in details:
            self.publish(detail)
        for detail, delay in delayed:
            timer = f"{service}/inbox", json.dumps({"detail": detail})
            if delay:
                self._timers.append(timer)
            else:
                self.deliver(*timer)
        return [detail["metadata"]["id"] for detail in details]

    def deliver_timers(self) -> None:
        """Deliver the timers with a delay, after everything else."""
        self.wait(60)
        for queue, body in self._timers:
            self.deliver(queue, body)

    def reply(self, name: str, data: dict[str, Any], command: str) -> str:
        """Publish a reply that no commit carries; its id."""
        source = next(service for prefix, service in SOURCE_OF_REPLY.items() if name.startswith(prefix))
        detail = self._detail(name, data, source, f"{name}#{command}", 1, command, self._actors[command])
        self.publish(detail)
        return str(detail["metadata"]["id"])

    def _detail(
        self, name: str, data: dict[str, Any], service: str, stream: str, version: int, cause: str | None, actor: str
    ) -> dict[str, Any]:
        metadata: dict[str, Any] = {
            "id": f"{stream}/{version}/{name}",
            "time": TIME,
            "name": name,
            "version": 2 if name == "InvoiceAdjusted" else 1,
            "source": f"mallbots.{service}",
            "stream": stream,
            "stream_version": version,
            "causation_id": cause,
            "actor": actor,
        }
        if name in ANSWERS:
            self._sagas[metadata["id"]] = stream.partition("#")[2]
            metadata |= {"reply_to": service, "saga": self._sagas[metadata["id"]]}
        elif name in REPLIES:
            metadata["saga"] = self._sagas[cause or ""]
        self._actors[metadata["id"]] = actor
        return {"metadata": metadata, "data": data}

    def publish(self, detail: dict[str, Any]) -> None:
        """Publish a message, and deliver it to every subscriber."""
        metadata, entry = detail["metadata"], self.number("entry")
        self.record("published", service=metadata["source"], entry=entry, name=metadata["name"], detail=detail)
        for queue in SUBSCRIBERS[metadata["name"]]:
            self.record("routed", entry=entry, queue=queue, copies=1)
            self.deliver(queue, json.dumps({"id": entry, "detail": detail}))
        self._project(detail)

    def deliver(self, queue: str, body: str) -> None:
        """Put a message into a queue, and handle it."""
        message = self.number("message")
        self.record("sent", queue=queue, message=message, body=body, delay=0)
        self.record("received", queue=queue, message=message, count=1, function=queue)
        if queue == SAGAS:
            self._being_handled.append(message)
        else:
            self.record("deleted", queue=queue, message=message)

    def _delete_handled(self) -> None:
        for message in self._being_handled:
            self.record("deleted", queue=SAGAS, message=message)
        self._being_handled.clear()

    def write_row(self, table: str, partition: str, sort: str, version: int, data: dict[str, Any], **more: Any) -> None:
        """Write a row of a read model."""
        item = {"partition": {"S": partition}, "sort": {"S": sort}, "version": {"N": str(version)}}
        item |= {"data": {"S": json.dumps(data)}} | {name: {"S": value} for name, value in more.items()}
        self.record("row", table=table, key=[partition, sort], item=item, container="inbox")
        self.tables.setdefault(table, {})[partition, sort] = item

    def delete_row(self, table: str, partition: str, sort: str) -> None:
        """Delete a row of a read model."""
        self.record("row", table=table, key=[partition, sort], item={}, container="inbox")
        del self.tables[table][partition, sort]

    def reach(self, stage: str, data: dict[str, Any], id: str = "o", time: str = TIME, hour: str = TIME[:13]) -> None:
        """Write the row of a stage of insights, and the sums of its minute and hour."""
        self.write_row("insights/views", f"stages {hour} 0", f"{time} {stage} {id}", 1, data)
        waited = data.get("waited")
        self.add("reached", time, {stage: [1, int(waited is not None), waited or 0, waited or 0]})
        self.add("sold", time, data.get("sold", {}))

    def add(self, kind: str, time: str, more: dict[str, list[int]]) -> None:
        """Add to the sums of a minute and of its hour."""
        for period, one in (("minute", time[:16]), ("hour", time[:13])):
            key = f"{kind} by {period}", f"{one} 0000"
            there = row_data(self.tables.get("insights/views", {}).get(key)) or {"number": 0, "sum": {}}
            number = there["number"] + 1
            total = dict(there["sum"])
            for name, numbers in more.items():
                before = total.get(name, [0] * len(numbers))
                total[name] = [one + other for one, other in zip(before, numbers, strict=True)]
            self.write_row("insights/views", *key, number, {"number": number, "sum": total})

    def _project(self, detail: dict[str, Any]) -> None:
        """Write what read models show of a message."""
        name, data, version = detail["metadata"]["name"], detail["data"], detail["metadata"]["stream_version"]
        if name in STAGES:
            self.reach(STAGES[name], {"sold": _sold(data)} if name == "OrderCompleted" else {})
        if name.startswith("Order") and "status" in data and "items" in data:
            status, id = data["status"], data["order_id"]
            unfinished = status in ("pending", "approved", "ready")
            place = "unfinished" if unfinished else status
            self.write_row("search/views", "orders", id, version, data, **_entry("by_status", place, "completed"))
            if status == "pending" or not unfinished:
                place = "unfinished" if unfinished else f"ended {TIME[:10]}"
                self.write_row(
                    "payments/views", f"order {id}", "order", version, data, **_entry("reconciliation", place)
                )
        elif name.startswith("ShoppingList") and name not in UNSHOWN and "shopping_list_id" in data:
            place = _entry("by_status", f"lists {data['status']}", "lists assigned", "lists completed")
            self.write_row("depot/views", "lists", data["shopping_list_id"], version, data, **place)
        elif name.startswith("Bot"):
            self.write_row("depot/views", "bots", data["bot_id"], version, data)
            if name == "BotRegistered":
                self.write_row("fleet/views", "robots", data["bot_id"], version, data)

    # For a test that breaks one invariant: edits of what is recorded.

    def find(self, kind: str, *words: str) -> int:
        """The position of the first entry of a kind that contains all these words. Raises AssertionError."""
        for position, (_, found, fields) in enumerate(self.entries):
            if found == kind and all(word in json.dumps(fields).replace('\\"', '"') for word in words):
                return position
        raise AssertionError(f"no {kind} with {words} is recorded")

    def fields(self, kind: str, *words: str) -> dict[str, Any]:
        """The fields of the first entry of a kind that contains all these words."""
        return self.entries[self.find(kind, *words)][2]

    def drop(self, kind: str, *words: str) -> None:
        """Remove an entry; a commit from its table too."""
        _, _, fields = self.entries.pop(self.find(kind, *words))
        if kind == "commit":
            del self.tables[fields["table"]][tuple(fields["key"])]

    def replace(self, kind: str, words: tuple[str, ...], old: str, new: str, part: str = "events") -> None:
        """Replace a text in the events or messages of a commit."""
        item = self.fields(kind, *words)["item"]
        assert old in item[part]["S"], item[part]["S"]
        item[part] = {"S": item[part]["S"].replace(old, new)}

    def duplicate_commit(self, *words: str, version: int) -> None:
        """Store the events of a commit again, as another commit at this version."""
        fields = deepcopy(self.fields("commit", *words))
        fields["item"]["version"], fields["item"]["id"] = {"N": str(version)}, {"S": "again"}
        fields["item"]["messages"] = {"S": "[]"}
        fields["key"][1] = version
        self.record("commit", **fields)
        self.tables[fields["table"]][fields["key"][0], version] = fields["item"]


def _sold(order: dict[str, Any]) -> dict[str, list[int]]:
    """What a completed order adds to the sales; each product is in one line."""
    items = order["items"]
    sold = {"mall": [1, sum(item["quantity"] for item in items), order["total"]]}
    for item in items:
        sold[f"product {item['product_id']}"] = [1, item["quantity"], item["quantity"] * item["price"]]
        before = sold.get(f"store {item['store_id']}", [1, 0, 0])
        numbers = before[1] + item["quantity"], before[2] + item["quantity"] * item["price"]
        sold[f"store {item['store_id']}"] = [1, *numbers]
    return sold


Break = Callable[[HistoryBuilder], None]
Case = tuple[str, Break, str]  # a sample history, how it is broken, and the invariant that this violates


def _entry(index: str, partition: str, *left_out: str) -> dict[str, str]:
    """The key of an index that a row has, if it is in the index."""
    return {} if partition in left_out else {f"{index}_partition": partition}
