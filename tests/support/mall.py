"""The whole system in one process: the real services, with stores, bus and queues in memory and a clock of its own.

Nothing happens by itself: `settle()` lets messages flow until none is due, `pass_time()` moves the clock on, and
schedules with it. With a `disorder` seed, messages arrive in any order and now and then twice, as the real bus and
queues may deliver them. `stop()` keeps a service from working until `start()`: what comes meanwhile waits.
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
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.rest.http import Api
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.cloud import MemoryBus, Response, Subscriber, Texts
from tests.support.copying import store_copied, views_copied
from tests.support.queues import VISIBILITY, Habit, MemoryQueue, Message, moment


class Mall:
    """Ten services, wired as they are deployed."""

    def __init__(
        self, *, disorder: int | None = None, settings: Mapping[str, str] | None = None, hour: int = 9
    ) -> None:
        self.now = datetime(2026, 1, 5, hour, tzinfo=UTC)
        self.published: list[Envelope] = []
        self._counter = 0
        self._random = random.Random(disorder) if disorder is not None else None
        self.relayed: dict[str, int] = {}
        self.stopped: set[str] = set()
        self.held: dict[tuple[str, str], list[tuple[MemoryQueue, str]]] = {}
        self.manifests: dict[str, Manifest] = {name: manifest(name) for name in services()}
        self.subscribers: list[Subscriber] = []
        self.texts = Texts()
        self.habits: dict[str, Habit] = {}
        known = [(route.method, route.path) for m in self.manifests.values() if m.api for route in m.api.routes]
        self.gateway = Api("gateway", elsewhere=known)
        self.gateway.include(gateway)
        self.runtimes = {name: self._runtime(name, settings or {}) for name in self.manifests}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Mall":
        """A mall of its own, of the same code: what services register, and what was published, does not change."""
        for shared in (self.manifests, self.gateway, *(s.inbox for s in self.subscribers)):
            memo[id(shared)] = shared
        memo[id(self.published)] = self.published[:]
        for runtime in self.runtimes.values():
            assert isinstance(runtime.store, MemoryEventStore)
            assert isinstance(runtime.views, MemoryViews)
            memo[id(runtime.store)] = store_copied(runtime.store)
            memo[id(runtime.views)] = views_copied(runtime.views)
        copied = memo[id(self)] = object.__new__(type(self))
        vars(copied).update(deepcopy(vars(self), memo))
        return copied

    def _runtime(self, service: str, settings: Mapping[str, str]) -> Runtime:
        registered = self.manifests[service]
        runtime = Runtime(
            service=service,
            store=MemoryEventStore(),
            views=MemoryViews(),
            bus=MemoryBus(self),
            queue=MemoryQueue(self),
            dead_letters=MemoryQueue(self),
            queues={inbox.queue: MemoryQueue(self) for inbox in registered.inboxes if inbox.queue != "inbox"},
            invoke=self.ask,
            adapters={"texts": self.texts},
            secret=lambda: b"a key for tests",
            settings=settings,
        )
        for inbox in registered.inboxes:
            queue = runtime.queues.get(inbox.queue, runtime.queue)
            assert isinstance(queue, MemoryQueue)
            assert isinstance(runtime.dead_letters, MemoryQueue)
            self.subscribers.append(Subscriber(inbox, queue, runtime.dead_letters, runtime))
        return runtime

    def number(self, prefix: str) -> str:
        """The next of a row of ids."""
        self._counter += 1
        return f"{prefix}-{self._counter}"

    @contextlib.contextmanager
    def at_work(self, service: str) -> Iterator[Runtime]:
        """Inside one service, at the mall's time."""
        with clock.fixed(lambda: self.now), active(self.runtimes[service]) as runtime:
            yield runtime

    def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """Ask the API, as the gateway would hand it on to the service that has the route, or to the one for the rest.

        A text or bytes go as they are, anything else as JSON.
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
            "requestContext": {"http": {"method": method, "path": path}, "requestId": self.number("request")},
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
        """What the bus does with a message."""
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

    def settle(self, rounds: int = 2_000) -> None:
        """Let messages flow until none is due. Raises AssertionError when there is no end to it."""
        for _ in range(rounds):
            moved = self._relay_all()
            for subscriber in self.subscribers:
                if subscriber.queue.messages and subscriber.inbox.service not in self.stopped:
                    moved |= self._deliver(subscriber)
            if not moved:
                return
        raise AssertionError(f"messages still flow after {rounds} rounds: {self.waiting()}")

    def deliver(self, messages: int = 1, *, acknowledged: bool = True) -> int:
        """Let at most so many messages be handled, one at a time as they came, and say how many there were.

        What comes of the last is not relayed yet. Not acknowledged, each is handled by a worker that dies right
        after its commit, so it comes again when its visibility ends.
        """
        for delivered in range(messages):
            self.relay()
            due = [(m, s) for s in self.at_the_door() for m in s.queue.due()[: 1 if s.inbox.fifo else None]]
            if not due:
                return delivered
            message, subscriber = self._random.choice(due) if self._random else min(due, key=_arrival)
            self._hand_over(subscriber, [message], acknowledged=acknowledged)
        return messages

    def relay(self) -> None:
        """Let what was committed leave for the bus and the queues."""
        while self._relay_all():
            pass

    def stop(self, *services: str) -> None:
        """Let services do nothing: no message, no answer, no relay."""
        self.stopped.update(services)

    def start(self, *services: str) -> None:
        """Let stopped services go on with what waits for them."""
        self.stopped.difference_update(services)

    def hold(self, service: str, *names: str) -> None:
        """Keep messages of these names from a service until `release`: they are late, whatever else comes meanwhile."""
        for name in names:
            self.held.setdefault((service, name), [])

    def release(self, service: str, *names: str) -> None:
        """Let messages that were held go on to a service, name by name, and hold no more of them.

        Raises AssertionError where none had come: nothing was late then.
        """
        for name in names:
            late = self.held.pop((service, name))
            assert late, f"no {name} was kept from {service}"
            for queue, body in late:
                queue.send(body)

    def every(self, seconds: float, action: Callable[[], object], name: str) -> None:
        """Have somebody outside do something again and again while time passes, until `leave_off` of that name."""
        self.habits[name] = Habit(seconds, action, self.now + timedelta(seconds=seconds))

    def leave_off(self, name: str) -> None:
        """Have it done no more."""
        self.habits.pop(name, None)

    def pass_time(self, seconds: float) -> None:
        """Move the clock on, from one moment at which something falls due to the next."""
        end = self.now + timedelta(seconds=seconds)
        self.settle()
        while self.now < end:
            due = [message.due for subscriber in self.at_the_door() for message in subscriber.queue.messages]
            ticks = [
                (moment(expression, self.now), subscriber.queue, timer)
                for subscriber in self.subscribers
                for timer, expression in subscriber.inbox.schedules.items()
            ]
            habits = [habit.due for habit in self.habits.values()]
            self.now = max(self.now, min([end, *due, *(tick for tick, _, _ in ticks), *habits]))
            for tick, queue, timer in ticks:
                if tick == self.now:
                    body = {"detail-type": timer.name, "version": timer.version, "time": clock.stamp(tick)}
                    queue.send(json.dumps(body))
            for habit in list(self.habits.values()):
                if habit.due <= self.now:
                    habit.due += timedelta(seconds=habit.seconds)
                    habit.action()
            self.settle()

    def at_the_door(self) -> list[Subscriber]:
        """The subscribers that work."""
        return [s for s in self.subscribers if s.inbox.service not in self.stopped]

    def _relay_all(self) -> bool:
        moved = False
        for service, runtime in self.runtimes.items():
            assert isinstance(runtime.store, MemoryEventStore)
            start = self.relayed.get(service, 0)
            if start == len(runtime.store.log) or service in self.stopped:
                continue
            items = runtime.store.log[start : start + 100]
            records = [
                {"eventName": "INSERT", "dynamodb": {"NewImage": item, "SequenceNumber": str(start + n)}}
                for n, item in enumerate(items)
            ]
            with self.at_work(service):
                failures = relay.handle({"Records": records})["batchItemFailures"]
            assert not failures
            self.relayed[service] = start + len(items)
            moved = True
        return moved

    def _deliver(self, subscriber: Subscriber) -> bool:
        due = subscriber.queue.due()
        if not due:
            return False
        if self._random and not subscriber.inbox.fifo:
            self._random.shuffle(due)
        self._hand_over(subscriber, due[: self._random.randint(1, 10) if self._random else 10])
        return True

    def _hand_over(self, subscriber: Subscriber, batch: Sequence[Message], *, acknowledged: bool = True) -> None:
        for message in batch:
            message.receives += 1
            message.due = self.now + timedelta(seconds=VISIBILITY)
        records = [
            {
                "messageId": message.id,
                "receiptHandle": message.id,
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(message.receives)},
            }
            for message in batch
        ]
        with clock.fixed(lambda: self.now), active(subscriber.runtime):
            failed = {f["itemIdentifier"] for f in subscriber.inbox.handle({"Records": records})["batchItemFailures"]}
        done = {message.id for message in batch} - failed if acknowledged else set()
        subscriber.queue.messages = [message for message in subscriber.queue.messages if message.id not in done]

    def dead_letters(self) -> dict[str, list[Message]]:
        """What failed for good, by service."""
        found = {s.inbox.service: s.dead_letters.messages for s in self.subscribers}
        return {service: messages for service, messages in found.items() if messages}

    def waiting(self) -> dict[str, list[str]]:
        """The names of the messages that lie in queues, by service."""
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
    """When a message could be received, and the number that the mall gave it."""
    message, _ = waiting
    return message.due, int(message.id.partition("-")[2])
