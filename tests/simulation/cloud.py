"""The simulated cloud: all services, wired as infra/service.py and infra/queues.py deploy them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.gateway.api import api as gateway_api
from functions.kernel import http, relay
from functions.kernel.adapters import EventBridgeBus, SqsQueue, invoker
from functions.kernel.caller import Caller
from functions.kernel.http import Api
from functions.kernel.inbox import FIFO_GROUP
from functions.kernel.manifest import Manifest, manifest, services
from functions.kernel.routes import Route, fit
from functions.kernel.runtime import Runtime
from functions.kernel.store import DynamoEventStore
from functions.kernel.view_store import DynamoViews
from tests.simulation.bus import Bus, EventsClient, Rule
from tests.simulation.choices import Choices
from tests.simulation.containers import Container, Function
from tests.simulation.dynamodb import DynamoDB, DynamoDBClient
from tests.simulation.expressions import Item
from tests.simulation.faults import Faults
from tests.simulation.invoking import LambdaClient
from tests.simulation.outside import Provider, ProviderClient, Texts, TextsClient
from tests.simulation.scheduler import SECOND, Promise, Task
from tests.simulation.schedules import Schedule
from tests.simulation.sdk import Wire, World
from tests.simulation.sqs import Queue, SQSClient, Worker
from tests.simulation.streams import Stream
from tests.simulation.tables import Key, Table
from tests.simulation.versions import EVOLVED, OldDynamoDBClient, OldSQSClient, received

API_TIMEOUT, WORKER_TIMEOUT, QUERIES_TIMEOUT, GATEWAY_TIMEOUT = 10.0, 20.0, 5.0, 5.0
INTEGRATION_TIMEOUT = 30.0
MAX_RECEIVES = 12
CONCURRENCY = 10
LOOK, LEASE = '"LookAgain"', '"LeaseEnds"'  # in a body: reminders that go round while a list waits, or a robot is there
SETTLED = 150  # seconds without a commit: longer than the longest time between two such reminders
SETTLED_WITHOUT_ROBOTS = 20  # while none is there, the looks for one come to nothing


@cache
def manifests() -> dict[str, Manifest]:
    """What every service registers; read once, since it is code."""
    return {name: manifest(name) for name in services()}


@cache
def _pattern(service: str, queue: str) -> dict[str, Any]:
    """The pattern of a bus rule, which is deployed once."""
    return next(inbox.pattern for inbox in manifests()[service].inboxes if inbox.queue == queue)


@dataclass(frozen=True)
class Response:
    """What a client heard. `status` is None when it heard nothing: then it cannot know what came of its request."""

    status: int | None
    headers: Mapping[str, str]
    body: Any


class Cloud:
    """One deployment in one schedule's world."""

    def __init__(self, choices: Choices, faults: Faults, settings: Mapping[str, str] | None = None) -> None:
        self.world = World(choices, faults)
        self.choices, self.faults = choices, faults
        self.history, self.scheduler = self.world.history, self.world.scheduler
        self.settings = {"MALLBOTS_STAGE": "simulation", **(settings or {})}
        self.manifests = manifests()
        self.provider, self.texts = Provider(), Texts()
        self.functions: dict[str, Function] = {}
        self.queues: dict[str, Queue] = {}
        self.streams: dict[str, Stream] = {}
        self._dynamodb = DynamoDB(self.world)
        self._requests = 0
        self._stored_us = 0
        self._calm = False
        for service in self.manifests:
            self._tables(service)
        rules = [rule for service in self.manifests for rule in self._inboxes(service)]
        self._bus = Bus(self.world, rules)
        self._addresses = {queue.url: queue for queue in self.queues.values()}
        for service, registered in self.manifests.items():
            self._functions(service, registered)
        self._gateway()
        for registered in self.manifests.values():
            for inbox in registered.inboxes:
                for timer, expression in inbox.schedules.items():
                    Schedule(self.world, timer, expression, self.queues[f"{registered.service}/{inbox.queue}"])

    # What is deployed.

    def _tables(self, service: str) -> None:
        registered, tables = self.manifests[service], self._dynamodb.tables
        if registered.publisher:
            name = f"{service}/events"
            tables[name] = Table(self.world, name, "stream", "version", "N", self._committed)
        if registered.projections:
            name = f"{service}/views"
            tables[name] = Table(self.world, name, "partition", "sort", "S", self._row_written, registered.indexes)

    def _inboxes(self, service: str) -> list[Rule]:
        rules = []
        for inbox in self.manifests[service].inboxes:
            name = f"{service}/{inbox.queue}"
            dead = Queue(self.world, f"{name}/dead-letters", fifo=inbox.fifo, is_dead_letters=True)
            undelivered = Queue(self.world, f"{name}/undelivered", is_dead_letters=True)
            queue = Queue(self.world, name, fifo=inbox.fifo, dead_letters=dead, max_receives=MAX_RECEIVES)
            for made in (queue, dead, undelivered):
                self.queues[made.name] = made
            pattern = _pattern(service, inbox.queue)
            if pattern["detail-type"]:
                rules.append(Rule(pattern, queue, undelivered, FIFO_GROUP if inbox.fifo else ""))
        return rules

    def _functions(self, service: str, registered: Manifest) -> None:
        if registered.api:
            self._function(service, "api", registered.api.handle, API_TIMEOUT)
        for inbox in registered.inboxes:
            concurrency = 1 if inbox.fifo else CONCURRENCY
            worker = self._function(service, inbox.queue, inbox.handle, WORKER_TIMEOUT, concurrency)
            Worker(self.queues[worker.name], worker)
        if registered.queries:
            self._function(service, "queries", registered.queries.handle, QUERIES_TIMEOUT)
        if registered.publisher:
            table = f"{service}/events"
            failures = Queue(self.world, f"{service}/relay/failures", is_dead_letters=True)
            self.queues[failures.name] = failures
            function = self._function(service, "relay", _relay, WORKER_TIMEOUT)
            shards = self.choices.pick((1, 2, 4), "shards")
            self.streams[table] = Stream(self.world, table, function, failures, shards)

    def _function(
        self, service: str, room: str, handle: Callable[[dict[str, Any]], Any], timeout: float, concurrency: int = 1000
    ) -> Function:
        name = f"{service}/{room}"
        self.functions[name] = Function(
            self.world,
            name,
            handle,
            lambda container: self._compose(service, room, container),
            timeout,
            concurrency=concurrency,
            as_old=received if service in EVOLVED else None,
        )
        return self.functions[name]

    def _compose(self, service: str, room: str, container: Container) -> Runtime:
        """What functions.kernel.compose composes, with simulated clients."""
        registered, name = self.manifests[service], container.name
        make_dynamodb = OldDynamoDBClient if container.old else DynamoDBClient
        make_sqs = OldSQSClient if container.old else SQSClient
        dynamodb = make_dynamodb(self._dynamodb, Wire(self.world, container, "dynamodb"), name)
        sqs = make_sqs(self._addresses, Wire(self.world, container, "sqs"), room)
        events = EventsClient(self._bus, Wire(self.world, container, "events"), self.world, name)
        owners = {owner: f"{owner}/queries" for owner in registered.asks}
        asking = LambdaClient(self.functions, self.world, Wire(self.world, container, "lambda", attempts=1))
        own = {inbox.queue: self.queues[f"{service}/{inbox.queue}"] for inbox in registered.inboxes}
        dead = self.queues.get(f"{service}/{room}/dead-letters")
        return Runtime(
            service=service,
            store=DynamoEventStore(dynamodb, f"{service}/events"),  # type: ignore[arg-type]  # a part of the client
            views=DynamoViews(dynamodb, f"{service}/views"),  # type: ignore[arg-type]
            bus=EventBridgeBus(events, "bus"),  # type: ignore[arg-type]
            queue=SqsQueue(sqs, own["inbox"].url if "inbox" in own else ""),  # type: ignore[arg-type]
            dead_letters=SqsQueue(sqs, dead.url if dead else ""),  # type: ignore[arg-type]
            queues={
                other: SqsQueue(sqs, queue.url)  # type: ignore[arg-type]
                for other, queue in own.items()
                if other != "inbox"
            },
            invoke=invoker(asking, owners),  # type: ignore[arg-type]
            adapters={
                "provider": ProviderClient(self.provider, self.world, container),
                "texts": TextsClient(self.texts, self.world, container),
            },
            secret=lambda: b"a key for simulations",
            settings=self.settings,
        )

    def _gateway(self) -> None:
        self._routes: dict[tuple[str, int], list[tuple[str, Route]]] = {}
        known = []
        for service, registered in self.manifests.items():
            for route in registered.api.routes if registered.api else ():
                known.append((route.method, route.path))
                place = (route.method, len(route.path.split("/")))
                self._routes.setdefault(place, []).append((service, route))
        api = Api("gateway", elsewhere=known)
        api.include(gateway_api)
        name = "gateway/api"
        self.functions[name] = Function(self.world, name, api.handle, lambda c: _nothing(c, self), GATEWAY_TIMEOUT)

    # What happens.

    def _committed(self, table: Table, key: Key, item: Item, by: str, together: int) -> None:
        self.history.note("commit", table=table.name, key=list(key), item=item, container=by, in_transaction=together)
        self._stored_us = self.scheduler.now_us
        self.streams[table.name].append(key[0], key[1], item)

    def _row_written(self, table: Table, key: Key, item: Item, by: str, together: int) -> None:
        self.history.note("row", table=table.name, key=list(key), item=item, container=by)

    def now(self) -> float:
        """The true time, in seconds since the beginning."""
        return self.scheduler.now

    def spawn(self, function: Callable[..., Any], *args: Any, name: str = "") -> Task:
        """Let somebody outside do something: it may call `request` and `sleep`."""
        return self.scheduler.spawn(function, *args, name=name)

    def sleep(self, seconds: float) -> None:
        """Wait, inside a task."""
        self.scheduler.sleep(seconds)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        who: str = "",
    ) -> Response:
        """A request through the gateway, inside a task. `who`: role and id (`customer:…`), or nobody in particular."""
        self._requests += 1
        number = f"request-{self._requests}"
        said = {name.lower(): value for name, value in (headers or {}).items()}
        key, if_match = said.get("idempotency-key"), said.get("if-match")
        self.history.note(
            "request", id=number, who=who, method=method, path=path, body=body, key=key, if_match=if_match
        )
        self.sleep(self.choices.seconds(0.005, 0.05, "network"))
        response = self._through_the_gateway(number, method, path, body, said, who)
        self.sleep(self.choices.seconds(0.005, 0.05, "network"))
        if self.faults.strikes("client unheard", f"{method} {path}"):
            response = Response(None, {}, None)
        tag = {name.lower(): value for name, value in response.headers.items()}.get("etag", "").strip('"')
        version = int(tag) if tag else None
        self.history.note("response", id=number, status=response.status, body=response.body, version=version)
        return response

    def _through_the_gateway(
        self, number: str, method: str, path: str, body: Any, headers: Mapping[str, str], who: str
    ) -> Response:
        if self.faults.strikes("gateway error", f"{method} {path}"):
            return Response(503, {}, {"message": "Service Unavailable"})
        path, _, query = path.partition("?")
        role, _, id = who.partition(":")
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"content-type": "application/json", **headers},
            "requestContext": {
                "http": {"method": method, "path": path},
                "requestId": number,
                "authorizer": {"lambda": {"role": role, "id": id}} if role else {},
            },
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        promise = Promise()
        function = self.functions[f"{self._service(method, path)}/api"]
        if not function.invoke(event, [number], lambda how, answer: promise.give((how, answer))):
            return Response(503, {}, {"message": "Service Unavailable"})
        if not self.scheduler.wait(promise, INTEGRATION_TIMEOUT):
            return Response(504, {}, {"message": "Gateway Timeout"})
        how, answer = promise.value
        if how != "ok":
            return Response(500, {}, {"message": "Internal Server Error"})
        content = answer.get("body")
        return Response(answer["statusCode"], answer.get("headers", {}), json.loads(content) if content else None)

    def _service(self, method: str, path: str) -> str:
        """The service that has a route; what it says outright wins over a parameter. The gateway has the rest."""
        segments = path.split("/")[1:]
        fitting = [
            (service, route)
            for service, route in self._routes.get((method, len(segments) + 1), ())
            if fit(route.path, segments) is not None
        ]
        if not fitting:
            return "gateway"
        if len(fitting) == 1:
            return fitting[0][0]
        return min(fitting, key=lambda found: [part.startswith("{") for part in found[1].path.split("/")])[0]

    def invoke(self, service: str, room: str, event: dict[str, Any]) -> Any:
        """An operator's invocation, inside a task: the function's answer, or None where it was throttled or failed."""
        promise = Promise()
        cause = [self.world.number("operator")]
        function = self.functions[f"{service}/{room}"]
        if not function.invoke(event, cause, lambda how, answer: promise.give((how, answer))):
            return None
        self.scheduler.wait(promise)
        how, answer = promise.value
        return answer if how == "ok" else None

    def publish(self, detail: dict[str, Any]) -> str:
        """Put a message on the bus as if its source had; the entry's id."""
        metadata = detail["metadata"]
        return self._bus.put(metadata["source"], metadata["name"], json.dumps(detail, ensure_ascii=False))

    def last_published(self, name: str) -> dict[str, Any] | None:
        """The latest message of a name that came to the bus; not to be changed."""
        return self._bus.latest.get(name)

    def new_id(self) -> str:
        """An id that nobody had yet."""
        return self.choices.new_id()

    def redrive(self, *names: str) -> int:
        """Send dead letters of these queues (of all), and what rules could not deliver, back; how many there were."""
        moved = 0
        for name, target in self.queues.items():
            if target.is_dead_letters or (names and name not in names):
                continue
            for place in ("dead-letters", "undelivered"):
                source = self.queues[f"{name}/{place}"]
                for message in list(source.messages.values()):
                    source.delete(message.id, message.receipt)
                    group = FIFO_GROUP if target.fifo else ""
                    into = target.send(message.body, group=group, dedup=message.id, by="operator")
                    self.history.note("redriven", queue=source.name, message=message.id, to=name, into=into)
                    moved += 1
        return moved

    # How it goes on.

    def stop(self, *names: str) -> None:
        """Let all functions of these services throttle."""
        self._set_stopped(names, stopped=True)

    def start(self, *names: str) -> None:
        """Let them work again, on their queues too."""
        self._set_stopped(names, stopped=False)
        for worker in self._workers_of(names):
            worker.enable()

    def disable(self, *names: str) -> None:
        """Let these services leave their queues alone until they are started."""
        for worker in self._workers_of(names):
            worker.disabled = True

    def _workers_of(self, names: tuple[str, ...]) -> list[Worker]:
        queues = (queue for name, queue in self.queues.items() if name.partition("/")[0] in names)
        return [queue.worker for queue in queues if queue.worker]

    def _set_stopped(self, names: tuple[str, ...], *, stopped: bool) -> None:
        for name, function in self.functions.items():
            if name.partition("/")[0] in names:
                function.stopped = stopped

    def run(self, until: float, enough: Callable[[], bool] | None = None) -> None:
        """Let time pass until so many seconds after the beginning, or until it is enough."""
        asked = vars(http)["caller"]
        vars(http)["caller"] = _who_asks
        try:
            self.scheduler.run(int(until * SECOND), enough)
        finally:
            vars(http)["caller"] = asked

    def is_still(self, within: float = 3_600.0) -> bool:
        """Whether nothing is under way: no function at work, no stream behind, no message due within so many seconds.

        What waits in dead-letter queues does not count, nor what comes again and again as long as nothing changes:
        schedules, and, once nothing was stored for a while, the depot's looks for a robot and at robots that are there.
        One of those that was received, and has to be received again, counts.
        """
        if any(function.busy for function in self.functions.values()):
            return False
        if self._bus.in_flight or any(stream.is_behind for stream in self.streams.values()):
            return False
        now = self.scheduler.now_us
        horizon = now + int(within * SECOND)
        unchanged = (now - self._stored_us) // SECOND
        due = [
            message.body if not message.receives else ""
            for queue in self.queues.values()
            if not queue.is_dead_letters
            for message in queue.messages.values()
            if message.visible_us <= horizon
        ]
        if any(LEASE in body for body in due):
            return unchanged >= SETTLED and all(LOOK in body or LEASE in body for body in due)
        return not due or (unchanged >= SETTLED_WITHOUT_ROBOTS and all(LOOK in body for body in due))

    def calm(self) -> None:
        """End all faults, and start everything."""
        if not self._calm:
            self._calm = True
            self.faults.stop()
            self.start(*self.manifests)
            self.history.note("quiet")
            self._stored_us = self.scheduler.now_us

    def quiet(self, seconds: float = 7_200.0) -> bool:
        """End all faults, start everything, and let it come to rest; whether it did within so much time."""
        self.calm()
        end = self.scheduler.now_us + int(seconds * SECOND)
        while self.scheduler.now_us < end:
            self.run(self.now() + 1.7)  # not in step with the minutes at which schedules and looks come
            if self.is_still():
                return True
        return False

    def state(self) -> dict[str, Any]:
        """The final state: tables' items by key, what lies in queues, what was done outside, the settings."""
        return {
            "now_us": self.scheduler.now_us,
            "still": self.is_still(),
            "tables": {name: dict(table.items) for name, table in self._dynamodb.tables.items()},
            "queues": {
                name: [
                    {
                        "id": message.id,
                        "body": message.body,
                        "receives": message.receives,
                        "visible_us": message.visible_us,
                        "reason": dict(message.attributes),
                    }
                    for message in queue.messages.values()
                ]
                for name, queue in self.queues.items()
            },
            "provider": dict(self.provider.paid),
            "texts": dict(self.texts.sent),
            "settings": dict(self.settings),
        }

    @property
    def invocations(self) -> int:
        """How often functions were invoked so far."""
        return sum(function.invocations for function in self.functions.values())


def _relay(event: dict[str, Any]) -> Any:
    return relay.republish(**event["republish"]) if "republish" in event else relay.handle(event)


def _nothing(container: Container, cloud: Cloud) -> Runtime:
    """The gateway's own function has no adapters that it uses."""
    return cloud._compose(next(iter(cloud.manifests)), "api", container)


def _who_asks(event: dict[str, Any]) -> Caller:
    """The caller as an authorizer would say it; the kernel does not ask yet."""
    said = event["requestContext"].get("authorizer", {}).get("lambda", {})
    return Caller(said.get("role"), said.get("id", ""))
