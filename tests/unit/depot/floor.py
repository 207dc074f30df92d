"""The depot in a process: its three inboxes with their queues, the catalogue, robots with heartbeats, and a clock."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from events.queries import FindLastHeard, LastHeardFound, ProductFound
from events.registry import Kind, Message, decode, language
from functions.depot import service
from functions.depot.api import api
from functions.depot.dispatcher import inbox as dispatcher
from functions.depot.gathered import inbox as gathered
from functions.depot.inbox import inbox
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.item import messages_of
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.context import Caller
from functions.kernel.runtime.runtime import active
from tests.support.callers import CLERK
from tests.support.delivery import attributes, body_of, delivered
from tests.support.gateway import Response, request
from tests.support.runtime import RecordingBus, memory_runtime
from tests.unit.depot.fakes import LaggingViews, QueuedMessage, TimedQueue

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
HEARTBEAT = 20  # seconds between the heartbeats of a robot
BREAD = service.Wanted("bakery", "bread", 2, "Corner Bakery", "Rye bread")
ROLL = service.Wanted("bakery", "roll", 3, "Corner Bakery", "Roll")
INK = service.Wanted("paper", "ink", 1, "Paper & Ink", "Ink")
PRODUCTS = {"bread": BREAD, "roll": ROLL, "ink": INK}


class Others:
    """What other services answer: stores of its products, the fleet of robots that reported over their stream.

    While stores are `down`, or the `fleet_is_down`, they do not answer. heard: when a robot last reported;
    fleet_is_behind: what robots say reaches the fleet late.
    """

    def __init__(self) -> None:
        self.down = self.fleet_is_down = self.fleet_is_behind = False
        self.queries: list[str] = []
        self.products = dict(PRODUCTS)
        self.heard: dict[str, datetime] = {}
        self.asked_for: list[int] = []

    def __call__(self, owner: str, query: dict[str, Any]) -> dict[str, Any]:
        if self.fleet_is_down if owner == "fleet" else self.down:
            raise UnavailableError(f"{owner} does not answer")
        if owner == "fleet":
            bot_ids = FindLastHeard.model_validate(query["data"]).bot_ids
            self.asked_for.append(len(bot_ids))
            heard = {bot_id: clock.stamp(self.heard[bot_id]) for bot_id in bot_ids if bot_id in self.heard}
            return {"answer": LastHeardFound(heard=heard, is_behind=self.fleet_is_behind).model_dump(mode="json")}
        product_id = query["data"]["product_id"]
        self.queries.append(product_id)
        if product_id not in self.products:
            return {"not_found": f"there is no product {product_id}"}
        found = self.products[product_id]
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
    """The service in memory. `pass_time` moves its clock, `settle` delivers the messages that are due.

    During a `backlog` all but the dispatcher get no events; while `deaf`, the dispatcher gets none. Robots that are
    `alive` send heartbeats while time passes, until they are taken offline.
    """

    def __init__(self, store: MemoryEventStore | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.now = START
        self.store = store or MemoryEventStore()
        self.views = LaggingViews()
        self.catalogue = Others()
        self.bus = RecordingBus()
        self.queue, self.dispatcher_queue = TimedQueue(), TimedQueue()
        self.runtime = memory_runtime(
            "depot",
            store=self.store,
            views=self.views,
            bus=self.bus,
            queue=self.queue,
            queues={"dispatcher": self.dispatcher_queue, "gathered": TimedQueue()},
            invoke=self.catalogue,
            settings=settings or {},
        )
        self.backlog = self.deaf = False
        self.alive: set[str] = set()
        self._relayed = 0

    @contextlib.contextmanager
    def open(self) -> Iterator["Floor"]:
        with clock.fixed(lambda: self.now), active(self.runtime):
            yield self

    def deliver(self, message: Message, id: str = "", to: Inbox = inbox, version: int = 1, ago: float = 0) -> None:
        """Deliver a message twice, and once more under another id: its cause forgotten.

        ago: how many seconds ago it was made.
        """
        name, time = id or type(message).about.name, clock.stamp(self.now - timedelta(seconds=ago))
        for message_id in (name, name, f"{name}-again"):
            event = delivered(message, id=message_id, stream_version=version, time=time)
            assert to.handle(event) == {"batchItemFailures": []}

    def settle(self) -> None:
        """Relay and deliver messages until none is due."""
        while messages := [
            *self._relay(),
            *self._timed(self.queue, inbox),
            *self._timed(self.dispatcher_queue, dispatcher),
        ]:
            for message, to in messages:
                if to.handle(_batch(message.body))["batchItemFailures"]:
                    self.queue.take_back(message)

    def pass_time(self, seconds: int) -> None:
        """Move the clock, second by second, and deliver what falls due."""
        self.settle()
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            if (self.now - START).seconds % HEARTBEAT == 0:
                self.send_heartbeats()
            if self.now.second == 0:
                self._tick()
            self.settle()

    def _tick(self) -> None:
        """Send the timers of the schedules, all of which tick each minute."""
        for timer, expression in inbox.schedules.items():
            assert expression == "rate(1 minute)"
            about = {"detail-type": timer.about.name, "version": timer.about.version, "time": clock.stamp()}
            self.queue.send(json.dumps(about))

    def send_heartbeats(self) -> None:
        """Send a heartbeat of each robot that is alive and online."""
        for bot_id in sorted(self.alive):
            if robot(bot_id)[0] in ("idle", "active"):
                service.bring_online(bot_id)

    def _relay(self) -> list[tuple[QueuedMessage, Inbox]]:
        items, self._relayed = self.store.log[self._relayed :], len(self.store.log)
        messages = [message for item in items for message in messages_of(item)]
        relay.send([message for message in messages if message.delay is not None])
        return [
            (QueuedMessage(json.loads(body_of(message.detail)), self.now), to)
            for message in messages
            for to in (dispatcher, gathered, inbox)
            if message.name in to.pattern["detail-type"]
            and not (self.backlog and to is not dispatcher)
            and not (self.deaf and to is dispatcher)
        ]

    def _timed(self, queue: TimedQueue, to: Inbox) -> list[tuple[QueuedMessage, Inbox]]:
        return [(message, to) for message in queue.take()]

    def until_assigned(self, *list_ids: str, at_most: int) -> int:
        """Pass time until all these lists are assigned; returns the seconds that took."""
        for seconds in range(at_most + 1):
            self.pass_time(1 if seconds else 0)
            if all(status(list_id)[0] == "assigned" for list_id in list_ids):
                return seconds
        raise AssertionError(f"{[status(list_id) for list_id in list_ids]} after {at_most} seconds")

    @property
    def outgoing(self) -> list[Outgoing]:
        """The messages in all commits, in their order."""
        return [message for item in self.store.log for message in messages_of(item)]

    @property
    def published(self) -> list[Message]:
        """The events in all commits, as a consumer reads them."""
        return [_read(message) for message in self.outgoing if _kind(message) is Kind.EVENT]

    @property
    def replies(self) -> list[Message]:
        """The replies to commands, in commits and on the bus, one for each id."""
        sent = {m.id: m for m in [*self.outgoing, *self.bus.messages] if _kind(m) is Kind.REPLY}
        return [_read(message) for message in sent.values()]

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        caller: Caller = CLERK,
    ) -> Response:
        """Request a route of the depot, as a clerk if nobody else."""
        return request(api, method, f"/api/depot{path}", body, headers, caller)

    def listed(self, list_id: str = "order-1", *wanted: service.Wanted) -> str:
        """Create a list that waits to be initiated; returns its id."""
        service.plan_for_order(list_id, wanted or (BREAD, ROLL, INK))
        return list_id

    def available(self, list_id: str = "order-1", *wanted: service.Wanted) -> str:
        """Create a list that waits for a robot; returns its id."""
        service.initiate(self.listed(list_id, *wanted))
        return list_id

    def idle(self, name: str = "Ajax") -> str:
        """Register a robot that is idle and sends heartbeats; returns its id."""
        bot_id, _ = service.register_bot(name)
        service.bring_online(bot_id)
        self.alive.add(bot_id)
        return bot_id

    def silent(self, name: str = "Ajax") -> str:
        """Register a robot that is idle and sends no more heartbeats; returns its id."""
        bot_id = self.idle(name)
        self.alive.remove(bot_id)
        return bot_id

    def assigned(self, list_id: str = "order-1") -> tuple[str, str]:
        """Create an assigned list; returns its id and its robot's."""
        bot_id = self.idle()
        service.assign(self.available(list_id), bot_id)
        return list_id, bot_id

    def active(self, list_id: str = "order-1") -> tuple[str, str]:
        """Create a list that a robot collects; returns its id and its robot's."""
        _, bot_id = self.assigned(list_id)
        service.start(list_id, 1)
        return list_id, bot_id


def status(list_id: str = "order-1") -> tuple[str, str | None]:
    """A list's status, and the robot that has it."""
    shopping_list = service.shopping_list(list_id)
    return shopping_list.status, shopping_list.bot_id


def is_available(list_id: str) -> bool:
    """Whether a list waits for a robot."""
    return service.lists.load(list_id).aggregate.status == "available"


def robot(bot_id: str) -> tuple[str, str | None]:
    """A robot's status, and the list that it has."""
    bot = service.bots.get(bot_id)
    return bot.status, bot.list_id


def in_turn(*steps: Callable[[], object]) -> Callable[[], object]:
    """Several steps as one."""
    return lambda: [step() for step in steps]


def _kind(message: Outgoing) -> Kind:
    return language()[message.name].about.kind


def _read(message: Outgoing) -> Message:
    return decode(message.name, message.detail["metadata"]["version"], message.detail["data"])


def _batch(body: dict[str, Any]) -> dict[str, Any]:
    record = {
        "messageId": body["detail"]["metadata"]["id"] if "detail" in body else body["detail-type"],
        "receiptHandle": "receipt",
        "body": json.dumps(body),
        "attributes": attributes(),
    }
    return {"Records": [record]}
