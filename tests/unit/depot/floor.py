"""The depot in memory: its two inboxes with their queues, an index that may be behind, the catalogue, and a clock."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from events.depot import LookAgain
from events.queries import ProductFound
from events.registry import Kind, Message, decode, language
from functions.depot import service
from functions.depot.api import api
from functions.depot.dispatcher import inbox as dispatcher
from functions.depot.inbox import inbox
from functions.kernel import clock
from functions.kernel.commit import Outgoing
from functions.kernel.errors import UnavailableError
from functions.kernel.inbox import Inbox
from functions.kernel.runtime import active
from functions.kernel.store import MemoryEventStore, messages_of
from functions.kernel.view_store import MemoryViews
from functions.kernel.views import Page, Row
from tests.support.delivery import delivered
from tests.support.gateway import Response, request
from tests.support.runtime import RecordingBus, RecordingQueue, memory_runtime

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
BREAD = service.Wanted("bakery", "bread", 2, "Corner Bakery", "Rye bread")
ROLL = service.Wanted("bakery", "roll", 3, "Corner Bakery", "Roll")
INK = service.Wanted("paper", "ink", 1, "Paper & Ink", "Ink")
PRODUCTS = {"bread": BREAD, "roll": ROLL, "ink": INK}


class LaggingViews(MemoryViews):
    """Rows whose index shows them as they were `lag` seconds ago; by their keys they are as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.lag = 0.0
        self._past: list[tuple[datetime, tuple[str, str]]] = []
        self._items: list[Any] = []

    def put(self, row: Row, version: int) -> bool:
        written = super().put(row, version)
        if written:
            self._past.append((clock.now(), (row.partition, row.sort)))
            self._items.append(self.items[row.partition, row.sort])
        return written

    def query(self, partition: str, *, index: str | None = None, **more: Any) -> Page:
        if index is None:
            return super().query(partition, **more)
        shown = MemoryViews()
        limit = clock.now() - timedelta(seconds=self.lag)
        shown.items = {
            key: item
            for (time, key), item in zip(self._past, self._items, strict=True)
            if self.lag == 0 or time <= limit
        }
        return shown.query(partition, index=index, **more)


class Catalogue:
    """The stores service, as far as it is asked. While it is `down` it does not answer."""

    def __init__(self) -> None:
        self.down = False
        self.asked: list[str] = []

    def __call__(self, owner: str, question: dict[str, Any]) -> dict[str, Any]:
        if self.down:
            raise UnavailableError(f"{owner} does not answer")
        product_id = question["data"]["product_id"]
        self.asked.append(product_id)
        if product_id not in PRODUCTS:
            return {"not_found": f"there is no product {product_id}"}
        found = PRODUCTS[product_id]
        answer = ProductFound(
            product_id=product_id,
            store_id=found.store_id,
            store_name=found.store_name,
            store_version=1,
            store_location=f"Floor {len(found.store_id)}",
            store_participating=True,
            name=found.product_name,
            price=450,
            version=1,
        )
        return {"answer": answer.model_dump(mode="json")}


@dataclass
class Letter:
    """A message in a queue, and when it is due."""

    detail: dict[str, Any]
    due: datetime


class TimedQueue(RecordingQueue):
    """A queue from which can be taken what is due; what is sent twice under one deduplication id is there once."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Letter] = []
        self._seen: set[str] = set()

    def send(
        self, body: str, delay: int = 0, reason: Mapping[str, str] | None = None, group: str = "", dedup: str = ""
    ) -> None:
        super().send(body, delay, reason, group, dedup)
        if not dedup or dedup not in self._seen:
            self.letters.append(Letter(json.loads(body)["detail"], clock.now() + timedelta(seconds=delay)))
        self._seen.add(dedup)

    def take(self) -> list[Letter]:
        """What is due, which is then no longer there."""
        due = [letter for letter in self.letters if letter.due <= clock.now()]
        self.letters = [letter for letter in self.letters if letter not in due]
        return due


class Floor:
    """The service, active, with a clock that `pass_time` moves and messages that flow when they are let.

    During a `backlog` the service's inbox gets no events; the dispatcher does.
    """

    def __init__(self, store: MemoryEventStore | None = None) -> None:
        self.now = START
        self.store = store or MemoryEventStore()
        self.views = LaggingViews()
        self.catalogue = Catalogue()
        self.bus = RecordingBus()
        self.queue, self.dispatcher_queue = TimedQueue(), TimedQueue()
        self.runtime = memory_runtime(
            "depot",
            store=self.store,
            views=self.views,
            bus=self.bus,
            queue=self.queue,
            queues={"dispatcher": self.dispatcher_queue},
            invoke=self.catalogue,
        )
        self.backlog = False
        self._relayed = 0

    @contextlib.contextmanager
    def open(self) -> Iterator["Floor"]:
        with clock.fixed(lambda: self.now), active(self.runtime):
            yield self

    def hear(self, message: Message, id: str = "", to: Inbox = inbox) -> None:
        """Let the service hear a message twice, and once more as another message: its cause forgotten."""
        name = id or type(message).name
        for message_id in (name, name, f"{name}-again"):
            assert to.handle(delivered(message, id=message_id)) == {"batchItemFailures": []}

    def settle(self) -> None:
        """Let messages flow until none is due."""
        while letters := [
            *self._relay(),
            *self._timed(self.queue, inbox),
            *self._timed(self.dispatcher_queue, dispatcher),
        ]:
            for letter, to in letters:
                assert to.handle(_batch(letter.detail)) == {"batchItemFailures": []}

    def pass_time(self, seconds: int) -> None:
        """Move the clock on, second by second, and let what falls due happen."""
        self.settle()
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            self.settle()

    def _relay(self) -> list[tuple[Letter, Inbox]]:
        items, self._relayed = self.store.log[self._relayed :], len(self.store.log)
        messages = [message for item in items for message in messages_of(item)]
        return [
            (Letter(message.detail, self.now), to)
            for message in messages
            for to in (dispatcher, inbox)
            if message.name in to.pattern["detail-type"] and not (self.backlog and to is inbox)
        ]

    def _timed(self, queue: TimedQueue, to: Inbox) -> list[tuple[Letter, Inbox]]:
        return [(letter, to) for letter in queue.take()]

    def until_assigned(self, *list_ids: str, at_most: int) -> int:
        """Let time pass until robots have all these lists; the seconds that took."""
        for seconds in range(at_most + 1):
            self.pass_time(1 if seconds else 0)
            if all(status(list_id)[0] == "assigned" for list_id in list_ids):
                return seconds
        raise AssertionError(f"{[status(list_id) for list_id in list_ids]} after {at_most} seconds")

    @property
    def looks_taken(self) -> int:
        """How many times the dispatcher was reminded to look again."""
        return len({sent.dedup for sent in self.dispatcher_queue.sent})

    @property
    def looks(self) -> list[LookAgain]:
        """The looks that lie ahead."""
        return [LookAgain(**letter.detail["data"]) for letter in self.queue.letters]

    @property
    def promised(self) -> list[Outgoing]:
        """The messages in all commits, in their order."""
        return [message for item in self.store.log for message in messages_of(item)]

    @property
    def said(self) -> list[Message]:
        """The events among them, as a consumer reads them."""
        return [_read(message) for message in self.promised if _kind(message) is Kind.EVENT]

    @property
    def answers(self) -> list[Message]:
        """What was answered to commands, with commits and without, one for each id."""
        sent = {m.id: m for m in [*self.promised, *self.bus.messages] if _kind(m) is Kind.REPLY}
        return [_read(message) for message in sent.values()]

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Response:
        """A request to the depot's API."""
        return request(api, method, f"/api/depot{path}", body, headers)

    def listed(self, list_id: str = "order-1", *wanted: service.Wanted) -> str:
        """A list that waits to be initiated; its id."""
        service.plan_for_order(list_id, wanted or (BREAD, ROLL, INK))
        return list_id

    def available(self, list_id: str = "order-1", *wanted: service.Wanted) -> str:
        """A list that waits for a robot."""
        service.initiate(self.listed(list_id, *wanted))
        return list_id

    def idle(self, name: str = "Ajax") -> str:
        """A robot that waits for a list; its id."""
        bot_id = service.register_bot(name)
        service.bring_online(bot_id)
        return bot_id

    def assigned(self, list_id: str = "order-1") -> tuple[str, str]:
        """A list that a robot has, and the robot."""
        bot_id = self.idle()
        service.assign(self.available(list_id), bot_id)
        return list_id, bot_id

    def active(self, list_id: str = "order-1") -> tuple[str, str]:
        """A list that a robot collects, and the robot."""
        _, bot_id = self.assigned(list_id)
        service.start(list_id, 1)
        return list_id, bot_id


def status(list_id: str = "order-1") -> tuple[str, str | None]:
    """How a list stands, and which robot has it."""
    shopping_list = service.shopping_list(list_id)
    return shopping_list.status, shopping_list.bot_id


def robot(bot_id: str) -> tuple[str, str | None]:
    """How a robot stands, and which list it has."""
    bot = service.bots.get(bot_id)
    return bot.status, bot.list_id


def in_turn(*steps: Callable[[], object]) -> Callable[[], object]:
    """Several things as one."""
    return lambda: [step() for step in steps]


def _kind(message: Outgoing) -> Kind:
    return language()[message.name].kind


def _read(message: Outgoing) -> Message:
    return decode(message.name, message.detail["metadata"]["version"], message.detail["data"])


def _batch(detail: dict[str, Any]) -> dict[str, Any]:
    record = {
        "messageId": detail["metadata"]["id"],
        "receiptHandle": "receipt",
        "body": json.dumps({"detail-type": detail["metadata"]["name"], "detail": detail}),
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    return {"Records": [record]}
