"""The deployment: all services, wired as the templates say (tests/simulation/templates.py)."""

from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

from functions.fleet.broker import IotBroker
from functions.fleet.identities import IotIdentities
from functions.gateway.api import api as gateway_api
from functions.gateway.authorizer import Authorizer
from functions.kernel.composition import forecast, replay
from functions.kernel.composition.adapters import EventBridgeBus, SqsQueue, invoker
from functions.kernel.composition.manifest import Manifest, manifest, services
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.eventstore.vault import DynamoVault
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.topics import Topics
from functions.kernel.projections.generation import View
from functions.kernel.projections.generations import Generations, with_generations
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.rest.http import Api
from functions.kernel.rest.routes import Route, match_path
from functions.kernel.runtime import token_keys
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import ViewStore
from tests.simulation import containers, operations, templates
from tests.simulation.bus import Bus, EventsClient, Rule
from tests.simulation.containers import Container, Function
from tests.simulation.dynamodb import DynamoDB, DynamoDBClient
from tests.simulation.event_source import Worker
from tests.simulation.eventbridge_schedules import EventBridgeSchedule, ScheduledFunction
from tests.simulation.external_services import Provider, ProviderClient, Texts, TextsClient
from tests.simulation.iot.control_client import IotClient
from tests.simulation.iot.data_client import IotDataClient
from tests.simulation.iot.wiring import deployed, robots_topics
from tests.simulation.kms import Kms, KmsClient
from tests.simulation.lambda_client import LambdaClient
from tests.simulation.mixed_versions import EVOLVED, OldDynamoDBClient, OldSQSClient, received, received_by_newest_code
from tests.simulation.operations import OPERATIONS, VIEWS, Addressed
from tests.simulation.sdk import Wire, World
from tests.simulation.sqs import Queue, SQSClient, made_queue
from tests.simulation.streams import Stream
from tests.simulation.tables import Table, Written
from tests.support.runtime import CODE_KEY, TOKEN_KEYS

AUTHORIZER, ASKED = "gateway/authorizer", ("customers", "depot")
JWKS = token_keys.jwks(token_keys.read(TOKEN_KEYS))
CONCURRENCY = 1000  # of a function that nothing limits: that of the account
LOOKS_ALWAYS = 0.05  # of all schedules: those in which operations looks each minute whether there is anything to do


@cache
def manifests() -> dict[str, Manifest]:
    """What every service registers; read once per process."""
    return {name: manifest(name) for name in services()}


@cache
def _views(service: str) -> list[View]:
    """The views of a service that can be rebuilt."""
    return [view for projection in manifests()[service].projections for view in projection.views]


@cache
def _gateway() -> Api:
    """The function for routes of no service."""
    api = Api("gateway", elsewhere=[(route.method, route.path) for routes in _routes().values() for _, route in routes])
    api.include(gateway_api)
    return api


@cache
def _routes() -> dict[tuple[str, int], list[tuple[str, Route]]]:
    """The routes of all services, each with its service, by method and number of parts."""
    found: dict[tuple[str, int], list[tuple[str, Route]]] = {}
    for service, registered in manifests().items():
        for route in registered.api.routes if registered.api else ():
            found.setdefault((route.method, len(route.path.split("/"))), []).append((service, route))
    return found


class Ports(dict[str, object]):
    """The ports of a function, of which those that its room does not declare fail when they are used.

    Deployed, it may have no grant for such a port, or wait for it for longer than it has.
    """

    def __init__(self, ports: Mapping[str, object], room: str, undeclared: Set[str]) -> None:
        super().__init__(ports)
        self._room, self._undeclared = room, undeclared

    def __getitem__(self, name: str) -> object:
        if name in self._undeclared:
            raise UndeclaredPortError(f"the room {self._room} uses the port {name}, which it does not declare")
        return super().__getitem__(name)


class UndeclaredPortError(BaseException):
    """Not an Exception, so that no handler takes it for a failure of the other system."""


class Deployment:
    """Tables, streams, queues, rules, schedules and functions of all services.

    committed, row_written, vault_written: called for each write to event tables, to read models, and to vaults and
    ledgers of erasures. knows_generations: its containers know from their start which generations of read models there
    are, and which epochs, as most do at any time, so that what is counted is no container's first reads. looks_always:
    the chance that operations looks each minute; where it is 0 nothing is drawn, and no figure hangs on it. gatherers:
    of each queue with a window; a batch is cut at random in any case, so one has all the batches of more.
    """

    knows_generations = False
    looks_always = LOOKS_ALWAYS
    gatherers = 1

    def __init__(
        self,
        world: World,
        settings: Mapping[str, str],
        committed: Written,
        row_written: Written,
        vault_written: Written,
    ) -> None:
        self._world, self._settings = world, settings
        self._committed, self._row_written, self._vault_written = committed, row_written, vault_written
        self._manifests, self._deployed = manifests(), templates.deployed()
        self._known_until = containers.BEGIN + timedelta(days=365) if self.knows_generations else None
        self.provider, self.texts = Provider(), Texts()
        self.robots_topics = robots_topics(settings["MALLBOTS_STAGE"])
        self.functions: dict[str, Function] = {}
        self.queues: dict[str, Queue] = {}
        self.streams: dict[str, Stream] = {}
        self.dynamodb = DynamoDB(world)
        self._looks_always = world.choices.chance(self.looks_always, "operations looks each minute")
        self.kms = Kms(world)
        for service in self._manifests:
            self._tables(service)
        rules = [rule for service in self._manifests for rule in self._inboxes(service)]
        self.broker = deployed(world, settings["MALLBOTS_STAGE"], *self._topics_queues())
        self.bus = Bus(world, rules)
        for queue in operations.outcomes(world):
            self.queues[queue.name] = queue
        self._addresses: dict[str, Queue] = {}
        operations.know(self._manifests.values())
        self.operated = Addressed(
            world, self.queues, self.functions, self.streams, lambda: self.dynamodb.tables[VIEWS].items
        )
        for service, registered in self._manifests.items():
            self._functions(service, registered)
        for queue in self.queues.values():
            self._addresses |= {queue.url: queue, operations.addressed(queue): queue}
        self._gateway()
        self._schedules()

    def _tables(self, service: str) -> None:
        registered, tables = self._manifests[service], self.dynamodb.tables
        if registered.publisher:
            name = f"{service}/events"
            tables[name] = Table(self._world, name, "stream", "version", "N", self._committed)
        if registered.projections:
            name = f"{service}/views"
            tables[name] = Table(self._world, name, "partition", "sort", "S", self._row_written, registered.indexes)
        if registered.api and registered.api.uses.vault:
            for name in (f"{service}/vault", f"{service}/erasures"):
                tables[name] = Table(self._world, name, "partition", "sort", "S", self._vault_written)

    def _inboxes(self, service: str) -> list[Rule]:
        rules = []
        for inbox in self._manifests[service].inboxes:
            queue, _ = self._queues(f"{service}/{inbox.queue}")
            if rule := self._deployed.rules.get(queue.name):
                rules.append(Rule(rule.pattern, queue, self.queues[rule.undelivered], rule.group))
        return rules

    def _topics_queues(self) -> tuple[Queue, Queue]:
        """The queue of what robots report, and that of what the broker's rules could not send there."""
        names = [f"{name}/{one.topics.queue}" for name, one in self._manifests.items() if one.topics]
        return self._queues(*names or ["fleet/topics"])

    def _queues(self, name: str) -> tuple[Queue, Queue]:
        """A queue that a function consumes, and that of what never came in; its dead letters have one too."""
        queue = made_queue(self._world, name)
        undelivered = Queue(self._world, f"{name}/undelivered", is_dead_letters=True)
        for made in (queue, queue.dead_letters, undelivered):
            if made:
                self.queues[made.name] = made
        return queue, undelivered

    def _functions(self, service: str, registered: Manifest) -> None:
        if registered.api:
            self._function(service, "api", registered.api.handle)
        for inbox in registered.inboxes:
            self._consumer(service, inbox.queue, partial(self._handle, inbox))
        if registered.topics:
            self._consumer(service, registered.topics.queue, registered.topics.handle)
        if registered.has_consumers:
            self._function(service, "forecast", self._forecast)
        if registered.makes_rows:
            self._function(service, "replay", replay.handle)
        for scheduled in registered.scheduled:
            self._function(service, scheduled.name, scheduled.handle)
        if registered.queries:
            self._function(service, "queries", registered.queries.handle)
        if registered.publisher:
            self._relay(service)

    def _consumer(self, service: str, part: str, handle: Callable[[dict[str, Any]], Any]) -> None:
        mapping = self._deployed.mappings[f"{service}/{part}"]
        queue = self.queues[f"{service}/{part}"]
        # Its one group keeps a FIFO queue to one batch at once.
        concurrency = 1 if queue.fifo else mapping.concurrency or CONCURRENCY
        Worker(queue, self._function(service, part, handle, concurrency), mapping, self.gatherers)

    def _relay(self, service: str) -> None:
        table = f"{service}/events"
        facts = self._deployed.streams[table]
        failures = Queue(self._world, facts.failures, is_dead_letters=True)
        self.queues[failures.name] = failures
        function = self._function(service, "relay", relay.serve)
        shards = self._world.choices.pick((1, 2, 4), "shards")
        self.streams[table] = Stream(self._world, table, function, failures, shards, facts)

    def _handle(self, inbox: Inbox, event: dict[str, Any]) -> dict[str, Any]:
        """What an inbox does with a batch: once the deployment is complete, it knows the newest versions."""
        return inbox.handle(received_by_newest_code(event) if self._world.newest_code else event)

    def _forecast(self, event: dict[str, Any]) -> dict[str, Any]:
        """What would become of letters, by the code that is deployed by then."""
        if self._world.newest_code:
            bodies = received_by_newest_code({"Records": event["letters"]})["Records"]
            event = {**event, "letters": bodies}
        return forecast.handle(event)

    def _function(
        self, service: str, part: str, handle: Callable[[dict[str, Any]], Any], concurrency: int = CONCURRENCY
    ) -> Function:
        name = f"{service}/{part}"
        self.functions[name] = Function(
            self._world,
            name,
            handle,
            partial(self._compose, service, part),
            self._deployed.functions[name].timeout,
            concurrency=concurrency,
            as_old=received if service in EVOLVED else None,
        )
        return self.functions[name]

    def _compose(self, service: str, part: str, container: Container) -> Runtime:
        """The runtime that functions.kernel.composition.container makes, with simulated clients."""
        registered, name = self._manifests[service], container.name
        make_dynamodb = OldDynamoDBClient if container.old else DynamoDBClient
        make_sqs = OldSQSClient if container.old else SQSClient
        dynamodb = make_dynamodb(self.dynamodb, Wire(self._world, container, "dynamodb"), name)
        sqs = make_sqs(self._addresses, Wire(self._world, container, "sqs"))
        events = EventsClient(self.bus, Wire(self._world, container, "events", attempts=1), self._world, name)
        owners = {owner: f"{owner}/queries" for owner in registered.asks}
        asking = LambdaClient(self.functions, self._world, Wire(self._world, container, "lambda"))
        consumed: list[Inbox | Topics] = [*registered.inboxes, *([registered.topics] if registered.topics else [])]
        own = {one.queue: self.queues[f"{service}/{one.queue}"] for one in consumed}
        dead = self.queues.get(f"{service}/{part}/{'failures' if part == 'relay' else 'dead-letters'}")
        return Runtime(
            service=service,
            store=self._store(service, dynamodb),
            views=self._rows(service, DynamoViews(dynamodb, f"{service}/views")),  # type: ignore[arg-type]
            vault=DynamoVault(dynamodb, f"{service}/vault"),  # type: ignore[arg-type]
            bus=EventBridgeBus(events, "bus"),  # type: ignore[arg-type]
            queue=SqsQueue(sqs, own["inbox"].url if "inbox" in own else ""),  # type: ignore[arg-type]
            dead_letters=SqsQueue(sqs, dead.url if dead else ""),  # type: ignore[arg-type]
            queues={
                other: SqsQueue(sqs, queue.url)  # type: ignore[arg-type]
                for other, queue in own.items()
                if other != "inbox"
            },
            invoke=invoker(asking, owners),  # type: ignore[arg-type]
            adapters=self._ports(registered, part, container, sqs)
            if service == OPERATIONS
            else {
                "provider": ProviderClient(self.provider, self._world, container),
                "code_key": CODE_KEY,
                "broker": self._broker_port(container),
                **self._identities(container),
                "texts": TextsClient(self.texts, self._world, container),
                "audit": self.operated.audit,
                **KmsClient(self.kms, self._world, Wire(self._world, container, "kms"), name).adapters,
                **({"stream": self.operated.stream(container)} if part == "relay" else {}),
            },
            outcomes=SqsQueue(sqs, self.queues["operations/outcomes"].url),  # type: ignore[arg-type]
            secret=lambda: b"a key for simulations",
            token_keys=lambda: TOKEN_KEYS,
            settings=self._settings,
            side_by_side=container.side_by_side,
        )

    def _ports(self, registered: Manifest, part: str, container: Container, sqs: SQSClient) -> Ports:
        """The ports of operations, for one of its functions."""
        rooms = {"api": registered.api, **{room.name: room for room in registered.scheduled}}
        declared = {port.name for port in room.uses.ports} if (room := rooms.get(part)) else set[str]()
        ports = self.operated.adapters(container, sqs)
        return Ports(ports, f"{registered.service}/{part}", ports.keys() - declared)

    def _store(self, service: str, dynamodb: DynamoDBClient) -> DynamoEventStore:
        store = DynamoEventStore(
            dynamodb,  # type: ignore[arg-type]  # a part of the client
            f"{service}/events",
            {"vault": f"{service}/vault", "erasures": f"{service}/erasures"},
        )
        store.due = self._known_until
        return store

    def _rows(self, service: str, table: DynamoViews) -> ViewStore:
        rows = with_generations(table, _views(service))
        if self._known_until and isinstance(rows, Generations):
            rows.due = self._known_until
        return rows

    def _broker_port(self, container: Container) -> IotBroker:
        return IotBroker(
            IotDataClient(self.broker, self._world, Wire(self._world, container, "iot-data"), container.name)
        )

    def _identities(self, container: Container) -> dict[str, object]:
        client = IotClient(self.broker.registry, self._world, Wire(self._world, container, "iot"))
        data = IotDataClient(self.broker, self._world, Wire(self._world, container, "iot-data"), container.name)
        issuing = IotIdentities(client, "robots")  # type: ignore[arg-type]  # a part of the client
        revoking = IotIdentities(client, "robots", data)  # type: ignore[arg-type]  # parts of the clients
        return {"identities": issuing, "revocation": revoking, "authorities": "a root of trust"}

    def _gateway(self) -> None:
        name = "gateway/api"
        # It uses none of the adapters, so those of any service will do.
        compose = partial(self._compose, next(iter(self._manifests)), "api")
        timeouts = {name: facts.timeout for name, facts in self._deployed.functions.items()}
        self.functions[name] = Function(self._world, name, _gateway().handle, compose, timeouts[name])
        # All its containers know the same public keys: a schedule is over before a key changes.
        self.functions[AUTHORIZER] = Function(
            self._world, AUTHORIZER, Authorizer().handle, self._compose_authorizer, timeouts[AUTHORIZER]
        )

    def _compose_authorizer(self, container: Container) -> Runtime:
        asking = LambdaClient(self.functions, self._world, Wire(self._world, container, "lambda"))
        owners = {owner: f"{owner}/queries" for owner in ASKED}
        return replace(
            self._compose(next(iter(self._manifests)), "api", container),
            invoke=invoker(asking, owners),  # type: ignore[arg-type]
            adapters={"published_keys": SimpleNamespace(read=lambda: JWKS)},
        )

    def _schedules(self) -> None:
        for service, registered in self._manifests.items():
            for inbox in registered.inboxes:
                for timer in inbox.schedules:
                    if facts := self._deployed.timers.get(timer.about.name):
                        EventBridgeSchedule(self._world, facts.expression, self.queues[facts.queue], facts.body)
            for scheduled in registered.scheduled:
                name = f"{service}/{scheduled.name}"
                if expression := self._deployed.schedules.get(name):
                    is_due = partial(self._is_due, scheduled.name)
                    ScheduledFunction(self._world, self.functions[name], expression, is_due)

    def _is_due(self, name: str) -> bool:
        return self._looks_always or self.operated.has_work(name)

    def service_of(self, method: str, path: str) -> str:
        """The service of a route; a literal part wins over a parameter. Other routes are the gateway's."""
        segments = path.split("/")[1:]
        candidates = [
            (service, route)
            for service, route in _routes().get((method, len(segments) + 1), ())
            if match_path(route.path, segments) is not None
        ]
        if not candidates:
            return "gateway"
        if len(candidates) == 1:
            return candidates[0][0]
        return min(candidates, key=lambda found: [part.startswith("{") for part in found[1].path.split("/")])[0]
