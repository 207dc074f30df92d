"""The whole system in one process: the real services, with stores, bus and queues in memory and a clock of its own.

Nothing happens by itself: `settle()` delivers messages until none is due, `pass_time()` advances the clock and fires
schedules. With a `disorder` seed, messages are delivered in any order and some of them twice, as the real bus and
queues may do. `stop()` stops a service until `start()`: its messages wait meanwhile. So do those of a queue whose
consumer, such as `depot/inbox`, is in `paused`.
"""

import base64
import contextlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from events.envelope import Envelope
from functions.gateway.api import api as gateway
from functions.kernel.composition.manifest import Manifest, manifest, services
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.rest.http import Api
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import Caller
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.broker import MemoryBroker, MemoryIdentities
from tests.support.callers import CLERK, request_context
from tests.support.cloud import MemoryBus, Response, Subscriber, Texts, TopicsSubscriber
from tests.support.copying import copy_of_store, copy_of_views
from tests.support.delivery import attributes, message_attributes
from tests.support.keys import MemoryKms
from tests.support.live import MemoryConnections, event
from tests.support.operating import MallPorts, knowing_consumers
from tests.support.queues import VISIBILITY, MemoryQueue, Message, RepeatedAction, moment
from tests.support.runtime import CODE_KEY, SETTINGS, TOKEN_KEYS

OPERATIONS = "operations"


class Mall:
    """All services, wired as they are deployed."""

    def __init__(
        self, *, disorder: int | None = None, settings: Mapping[str, str] | None = None, hour: int = 9
    ) -> None:
        self.now = datetime(2026, 1, 5, hour, tzinfo=UTC)
        self.published: list[Envelope] = []
        self._counter = 0
        self._random = random.Random(disorder) if disorder is not None else None
        self.relay_positions: dict[str, int] = {}
        self.stopped: set[str] = set()
        self.paused: set[str] = set()
        self.held: dict[tuple[str, str], list[tuple[MemoryQueue, str]]] = {}
        self.manifests: dict[str, Manifest] = {name: manifest(name) for name in services()}
        self.subscribers: list[Subscriber] = []
        self.texts = Texts()
        self.connections = MemoryConnections()
        self.outcomes = MemoryQueue(self)
        self.operating = MallPorts(self)
        self.broker = MemoryBroker(self)
        self.identities = MemoryIdentities()
        self.repeated: dict[str, RepeatedAction] = {}
        known = [(route.method, route.path) for m in self.manifests.values() if m.api for route in m.api.routes]
        self.gateway = Api("gateway", elsewhere=known)
        self.gateway.include(gateway)
        self.runtimes = {name: self._runtime(name, settings or {}) for name in self.manifests}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Mall":
        """A copy that shares what does not change: what services register, commits, and published messages."""
        for shared in (self.manifests, self.gateway, *(s.inbox for s in self.subscribers)):
            memo[id(shared)] = shared
        memo[id(self.published)] = self.published[:]
        for runtime in self.runtimes.values():
            assert isinstance(runtime.store, MemoryEventStore)
            assert isinstance(runtime.views, MemoryViews)
            memo[id(runtime.store)] = copied_store = copy_of_store(runtime.store)
            memo[id(runtime.vault)] = copied_store.vault
            memo[id(runtime.views)] = copy_of_views(runtime.views)
        copied = memo[id(self)] = object.__new__(type(self))
        vars(copied).update(deepcopy(vars(self), memo))
        return copied

    def _runtime(self, service: str, settings: Mapping[str, str]) -> Runtime:
        registered = self.manifests[service]
        store = MemoryEventStore()
        runtime = Runtime(
            service=service,
            store=store,
            vault=store.vault,
            views=MemoryViews(registered.indexes),
            bus=MemoryBus(self),
            queue=MemoryQueue(self),
            dead_letters=MemoryQueue(self),
            queues={name: MemoryQueue(self) for name in registered.queues if name != "inbox"},
            invoke=self.ask,
            adapters={
                "texts": self.texts,
                "audit": self.operating.audit,
                "connections": self.connections,
                "broker": self.broker,
                "revocation": self.identities,
                "identities": self.identities,
                "authorities": "a root of trust",
                "code_key": CODE_KEY,
                **MemoryKms().adapters,
                **(self.operating.adapters if service == OPERATIONS else {}),
            },
            outcomes=self.outcomes,
            secret=lambda: b"a key for tests",
            token_keys=lambda: TOKEN_KEYS,
            settings={**SETTINGS, **settings},
        )
        for inbox in registered.inboxes:
            queue = runtime.queues.get(inbox.queue, runtime.queue)
            assert isinstance(queue, MemoryQueue)
            assert isinstance(runtime.dead_letters, MemoryQueue)
            self.subscribers.append(Subscriber(inbox, queue, runtime.dead_letters, runtime))
        if registered.topics:
            queue, nothing = runtime.queues[registered.topics.queue], Inbox(service, registered.topics.queue)
            assert isinstance(queue, MemoryQueue)
            assert isinstance(runtime.dead_letters, MemoryQueue)
            self.subscribers.append(TopicsSubscriber(nothing, queue, runtime.dead_letters, runtime, registered.topics))
        return runtime

    def next_id(self, prefix: str) -> str:
        """The next of a sequence of ids."""
        self._counter += 1
        return f"{prefix}-{self._counter}"

    @contextlib.contextmanager
    def at_work(self, service: str) -> Iterator[Runtime]:
        """Within the block, code runs in one service's runtime, at the mall's time."""
        known = knowing_consumers(self.manifests) if service == OPERATIONS else contextlib.nullcontext()
        with known, clock.fixed(lambda: self.now), active(self.runtimes[service]) as runtime:
            yield runtime

    def operate(self, *functions: str) -> None:
        """Run functions of operations once (`collector`, `redriver`), as schedules do; while they wait, time passes."""
        for name in functions:
            [scheduled] = [one for one in self.manifests[OPERATIONS].scheduled if one.name == name]
            with self.at_work(OPERATIONS), clock.fixed(lambda: self.now, self.pass_time):
                scheduled.handle({})

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        caller: Caller = CLERK,
        told: Mapping[str, Any] | None = None,
    ) -> Response:
        """Send a request to the service that has the route, or to the gateway's default route, as the gateway does.

        The caller is a clerk if nobody else, or whom the authorizer named (`told`, its context). A text or bytes body
        is sent unchanged, anything else as JSON.
        """
        path, _, query = path.partition("?")
        apis = {name: registered.api for name, registered in self.manifests.items() if registered.api}
        service = next((name for name, api in apis.items() if api.find(method, path)), None)
        if service in self.stopped:
            return Response(503, {"retry-after": "1"}, None)
        text = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"content-type": "application/json", **(headers or {})},
            "requestContext": {
                "http": {"method": method, "path": path},
                "requestId": self.next_id("request"),
                **(request_context(caller) if told is None else {"authorizer": {"lambda": dict(told)}}),
            },
            "body": base64.b64encode(text).decode() if isinstance(text, bytes) else text,
            "isBase64Encoded": isinstance(text, bytes),
        }
        if service:
            with self.at_work(service):
                answer = apis[service].handle(event)
        else:
            with clock.fixed(lambda: self.now):
                answer = self.gateway.handle(event)
        content = answer.get("body")
        return Response(answer["statusCode"], answer.get("headers", {}), json.loads(content) if content else None)

    def socket(
        self, route: str, connection: str, frame: Mapping[str, Any] | str | None = None, caller: Caller = CLERK
    ) -> int:
        """Send an event of the staff's stream, as its WebSocket API does; the status of the answer."""
        registered = self.manifests["live"].socket
        assert registered
        with self.at_work("live"):
            status: int = registered.handle(event(route, connection, frame, caller))["statusCode"]
        return status

    def ask(self, service: str, request: dict[str, Any]) -> dict[str, Any]:
        """A direct invocation of a service's `queries` function. Raises UnavailableError while it is stopped."""
        if service in self.stopped:
            raise UnavailableError(f"{service} does not answer")
        queries = self.manifests[service].queries
        assert queries, f"{service} answers no queries"
        with self.at_work(service):
            answer: dict[str, Any] = json.loads(json.dumps(queries.handle(json.loads(json.dumps(request)))))
        return answer

    def publish(self, detail: dict[str, Any]) -> None:
        """Deliver a message to the queues of its subscribers, as the bus does."""
        envelope = Envelope.read(detail)
        self.published.append(envelope)
        body = json.dumps({"detail-type": envelope.metadata.name, "source": envelope.metadata.source, "detail": detail})
        for subscriber in self.subscribers:
            if subscriber.wants(detail):
                held = self.held.get((subscriber.inbox.service, envelope.metadata.name))
                for _ in range(2 if self._random and self._random.random() < 0.1 else 1):
                    if held is None:
                        subscriber.queue.send(body)
                    else:
                        held.append((subscriber.queue, body))

    def send_to_topics(self, body: dict[str, Any]) -> None:
        """What a rule of the robots' broker puts into its queue."""
        for subscriber in self.subscribers:
            if isinstance(subscriber, TopicsSubscriber):
                for _ in range(2 if self._random and self._random.random() < 0.1 else 1):
                    subscriber.queue.send(json.dumps(body))

    def settle(self, rounds: int = 2_000) -> None:
        """Deliver messages until none is due. Raises AssertionError if that does not end."""
        for _ in range(rounds):
            moved = self._relay_all()
            for subscriber in self.running_subscribers():
                if subscriber.queue.messages:
                    moved |= self._deliver(subscriber)
            if not moved:
                return
        raise AssertionError(f"messages are still due after {rounds} rounds: {self.waiting()}")

    def deliver(self, messages: int = 1, *, acknowledged: bool = True) -> int:
        """Deliver at most so many messages, one at a time in order of arrival; returns how many there were.

        The messages of the last commit are not relayed yet. Not acknowledged: the consumer crashes right after its
        commit, so each message is redelivered when its visibility timeout ends.
        """
        for delivered in range(messages):
            self.relay()
            due = [(m, s) for s in self.running_subscribers() for m in s.queue.due()]
            if not due:
                return delivered
            message, subscriber = self._random.choice(due) if self._random else min(due, key=_arrival)
            self._handle(subscriber, [message], acknowledged=acknowledged)
        return messages

    def relay(self) -> None:
        """Relay all commits' messages to the bus and the queues."""
        while self._relay_all():
            pass

    def stop(self, *services: str) -> None:
        """Stop services: they consume nothing, answer nothing and relay nothing."""
        self.stopped.update(services)

    def start(self, *services: str) -> None:
        """Start stopped services, which then consume what waits for them."""
        self.stopped.difference_update(services)

    def hold(self, service: str, *names: str) -> None:
        """Delay messages of these names to a service until `release`; others are delivered meanwhile."""
        for name in names:
            self.held.setdefault((service, name), [])

    def release(self, service: str, *names: str) -> None:
        """Deliver the held messages to a service, name by name, and hold no more of them.

        Raises AssertionError if a name has none: then nothing was delayed.
        """
        for name in names:
            late = self.held.pop((service, name))
            assert late, f"no {name} was held for {service}"
            for queue, body in late:
                queue.send(body)

    def repeat(self, seconds: float, action: Callable[[], object], name: str) -> None:
        """Repeat an action from outside the system while time passes, until `stop_repeating` of that name."""
        self.repeated[name] = RepeatedAction(seconds, action, self.now + timedelta(seconds=seconds))

    def stop_repeating(self, name: str) -> None:
        """Stop a repeated action; an unknown name has no effect."""
        self.repeated.pop(name, None)

    def pass_time(self, seconds: float) -> None:
        """Advance the clock, from each moment at which something is due to the next."""
        end = self.now + timedelta(seconds=seconds)
        self.settle()
        while self.now < end:
            due = [message.due for subscriber in self.running_subscribers() for message in subscriber.queue.messages]
            ticks = [
                (moment(expression, self.now), subscriber.queue, timer)
                for subscriber in self.subscribers
                for timer, expression in subscriber.inbox.schedules.items()
            ]
            repeated = [action.due for action in self.repeated.values()]
            self.now = max(self.now, min([end, *due, *(tick for tick, _, _ in ticks), *repeated]))
            for tick, queue, timer in ticks:
                if tick == self.now:
                    body = {"detail-type": timer.about.name, "version": timer.about.version, "time": clock.stamp(tick)}
                    queue.send(json.dumps(body))
            for repeated_action in list(self.repeated.values()):
                if repeated_action.due <= self.now:
                    repeated_action.due += timedelta(seconds=repeated_action.seconds)
                    repeated_action.action()
            self.settle()

    def running_subscribers(self) -> list[Subscriber]:
        """The subscribers whose services are not stopped, and that are not paused."""
        return [
            s
            for s in self.subscribers
            if s.inbox.service not in self.stopped and f"{s.inbox.service}/{s.inbox.queue}" not in self.paused
        ]

    def _relay_all(self) -> bool:
        moved = False
        for service, runtime in self.runtimes.items():
            assert isinstance(runtime.store, MemoryEventStore)
            assert isinstance(runtime.dead_letters, MemoryQueue)
            start = self.relay_positions.get(service, 0)
            if start == len(runtime.store.log) or service in self.stopped:
                continue
            items = runtime.store.log[start : start + 100]
            records = [
                {"eventName": "INSERT", "dynamodb": {"NewImage": item, "SequenceNumber": str(start + n)}}
                for n, item in enumerate(items)
            ]
            with self.at_work(service):
                runtime.dead_letters.sender = f"{service}/relay"
                failures = relay.handle({"Records": records})["batchItemFailures"]
            assert not failures
            self.relay_positions[service] = start + len(items)
            moved = True
        return moved

    def _deliver(self, subscriber: Subscriber) -> bool:
        due = subscriber.queue.due()
        if not due:
            return False
        if self._random and not subscriber.inbox.fifo:
            self._random.shuffle(due)
        size = self._random.randint(1, 10) if self._random else 10
        self._handle(subscriber, due[:size])
        return True

    def _handle(self, subscriber: Subscriber, batch: Sequence[Message], *, acknowledged: bool = True) -> None:
        for message in batch:
            message.receives += 1
            message.first_received = message.first_received or self.now
            message.due = self.now + timedelta(seconds=VISIBILITY)
        records = [
            {
                "messageId": message.id,
                "receiptHandle": message.id,
                "body": message.body,
                "attributes": attributes(message.receives, message.first_received),
                "messageAttributes": message_attributes(message.reason or {}),
            }
            for message in batch
        ]
        subscriber.dead_letters.sender = f"{subscriber.inbox.service}/{subscriber.inbox.queue}"
        with clock.fixed(lambda: self.now), active(subscriber.runtime):
            failed = {f["itemIdentifier"] for f in subscriber.handle({"Records": records})["batchItemFailures"]}
        done = {message.id for message in batch} - failed if acknowledged else set()
        subscriber.queue.messages = [message for message in subscriber.queue.messages if message.id not in done]

    def dead_letters(self) -> dict[str, list[Message]]:
        """The messages in dead-letter queues, by service."""
        found = {s.inbox.service: s.dead_letters.messages for s in self.subscribers}
        return {service: messages for service, messages in found.items() if messages}

    def waiting(self) -> dict[str, list[str]]:
        """The names of the messages in queues, by service."""
        found: dict[str, list[str]] = {}
        for s in self.subscribers:
            names = [json.loads(m.body).get("detail-type", "?") for m in s.queue.messages]
            if names:
                found.setdefault(s.inbox.service, []).extend(names)
        return found

    def names(self) -> list[str]:
        """The names of all messages published so far, in their order."""
        return [envelope.metadata.name for envelope in self.published]


def _arrival(waiting: tuple[Message, Subscriber]) -> tuple[datetime, int]:
    """When a message became visible, and the number in its id."""
    message, _ = waiting
    return message.due, int(message.id.partition("-")[2])
