"""The depot in memory: its two inboxes with their queues, the catalogue, robots that speak, and a clock."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from events.depot import LeaseEnds, LookAgain
from events.queries import ProductFound
from events.registry import Kind, Message, decode, language
from functions.depot import service
from functions.depot.api import api
from functions.depot.dispatcher import inbox as dispatcher
from functions.depot.inbox import inbox
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.store import MemoryEventStore, messages_of
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import active
from tests.support.delivery import delivered
from tests.support.gateway import Response, request
from tests.support.runtime import RecordingBus, memory_runtime
from tests.unit.depot.ground import LaggingViews, Letter, TimedQueue

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
HEARTBEAT = 20  # seconds between the words of a robot
BREAD = service.Wanted("bakery", "bread", 2, "Corner Bakery", "Rye bread")
ROLL = service.Wanted("bakery", "roll", 3, "Corner Bakery", "Roll")
INK = service.Wanted("paper", "ink", 1, "Paper & Ink", "Ink")
PRODUCTS = {"bread": BREAD, "roll": ROLL, "ink": INK}


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


class Floor:
    """The service, active, with a clock that `pass_time` moves and messages that flow when they are let.

    During a `backlog` the service's inbox gets no events; the dispatcher does. Robots that are `speaking` say that
    they are there while time passes, as long as nobody takes them offline.
    """

    def __init__(self, store: MemoryEventStore | None = None, settings: Mapping[str, str] | None = None) -> None:
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
            settings=settings or {},
        )
        self.backlog = False
        self.speaking: set[str] = set()
        self._relayed = 0

    @contextlib.contextmanager
    def open(self) -> Iterator["Floor"]:
        with clock.fixed(lambda: self.now), active(self.runtime):
            yield self

    def hear(self, message: Message, id: str = "", to: Inbox = inbox) -> None:
        """Let the service hear a message twice, and once more as another message: its cause forgotten."""
        name = id or type(message).about.name
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
                assert to.handle(_batch(letter.body)) == {"batchItemFailures": []}

    def pass_time(self, seconds: int) -> None:
        """Move the clock on, second by second, and let what falls due happen."""
        self.settle()
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            if (self.now - START).seconds % HEARTBEAT == 0:
                self.speak()
            self.settle()

    def speak(self) -> None:
        """Let the robots that are there say so."""
        for bot_id in sorted(self.speaking):
            if robot(bot_id)[0] != "offline":
                service.bring_online(bot_id)

    def _relay(self) -> list[tuple[Letter, Inbox]]:
        items, self._relayed = self.store.log[self._relayed :], len(self.store.log)
        messages = [message for item in items for message in messages_of(item)]
        relay.send([message for message in messages if message.delay is not None])
        return [
            (Letter({"detail-type": message.name, "detail": message.detail}, self.now), to)
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
        letters = [letter.detail for letter in self.queue.letters if letter.body["detail-type"] == "LookAgain"]
        return [LookAgain(**detail["data"]) for detail in letters]

    @property
    def leases(self) -> list[LeaseEnds]:
        """The looks at robots' leases that lie ahead."""
        letters = [letter.detail for letter in self.queue.letters if letter.body["detail-type"] == "LeaseEnds"]
        return [LeaseEnds(**detail["data"]) for detail in letters]

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
        """A robot that waits for a list, and goes on speaking; its id."""
        bot_id = service.register_bot(name)
        service.bring_online(bot_id)
        self.speaking.add(bot_id)
        return bot_id

    def silent(self, name: str = "Ajax") -> str:
        """A robot that waits for a list, and says nothing more."""
        bot_id = self.idle(name)
        self.speaking.remove(bot_id)
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
    return language()[message.name].about.kind


def _read(message: Outgoing) -> Message:
    return decode(message.name, message.detail["metadata"]["version"], message.detail["data"])


def _batch(body: dict[str, Any]) -> dict[str, Any]:
    record = {
        "messageId": body["detail"]["metadata"]["id"],
        "receiptHandle": "receipt",
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    return {"Records": [record]}
