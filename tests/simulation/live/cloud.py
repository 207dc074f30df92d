"""The part of the deployment that the staff's stream needs: bus, inbox, rows, socket, authorizer, gateway."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

from functions.gateway.authorizer import Authorizer
from functions.gateway.pool import User
from functions.kernel.composition.adapters import SqsQueue
from functions.kernel.composition.manifest import Manifest, manifest
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.runtime import Runtime
from functions.live.push import ApiGatewayConnections
from infra.stages import STAGES
from tests.simulation import templates
from tests.simulation.bus import Bus, Rule
from tests.simulation.choices import Choices
from tests.simulation.containers import BEGIN, Container, Function
from tests.simulation.deployment import (
    AUTHORIZER,
    CONCURRENCY,
    JWKS,
)
from tests.simulation.dynamodb import DynamoDB, DynamoDBClient
from tests.simulation.event_source import Worker
from tests.simulation.expressions import Item
from tests.simulation.faults import Faults
from tests.simulation.live.gateway import PostingClient, SocketGateway
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World
from tests.simulation.sqs import Queue, SQSClient, made_queue
from tests.simulation.tables import Key, Table
from tests.support.pool import Pool, pool_token
from tests.support.runtime import memory_runtime

VIEWS, INBOX, SOCKET = "live/views", "live/inbox", "live/socket"
TOKEN_MINUTES = 5


@cache
def live() -> Manifest:
    """What live registers."""
    return manifest("live")


@cache
def _token(name: str, minute: int) -> str:
    """A token of the pool that is issued in a minute of virtual time; it takes long to sign, so it is kept."""
    at = BEGIN.timestamp() + minute * 60
    return pool_token(name, iat=int(at), exp=int(at) + TOKEN_MINUTES * 60 + 120)


class LiveCloud:
    """The staff's stream in one schedule."""

    def __init__(self, choices: Choices, faults: Faults) -> None:
        self.world = World(choices, faults)
        self.choices, self.faults = choices, faults
        self.history, self.scheduler = self.world.history, self.world.scheduler
        self._settings = {**STAGES["prod"].environment, "MALLBOTS_STAGE": "simulation"}
        self.dynamodb = DynamoDB(self.world)
        self.views = Table(self.world, VIEWS, "partition", "sort", "S", self._row_written)
        self.dynamodb.tables[VIEWS] = self.views
        facts, rule = templates.deployed(), templates.deployed().rules[INBOX]
        undelivered = Queue(self.world, rule.undelivered, is_dead_letters=True)
        self.queue = made_queue(self.world, INBOX)
        assert self.queue.dead_letters
        self.dead_letters = self.queue.dead_letters
        self._queues = {queue.url: queue for queue in (self.queue, self.dead_letters)}
        [inbox] = live().inboxes
        self.bus = Bus(self.world, [Rule(rule.pattern, self.queue, undelivered)])
        socket = live().socket
        assert socket
        self.inbox = self._function(INBOX, inbox.handle, facts.mappings[INBOX].concurrency or CONCURRENCY)
        self.socket = self._function(SOCKET, socket.handle)
        timeout = facts.functions[AUTHORIZER].timeout
        self.authorizer = Function(self.world, AUTHORIZER, Authorizer().handle, self._compose_authorizer, timeout)
        Worker(self.queue, self.inbox, facts.mappings[INBOX])
        self.gateway = SocketGateway(self.world, self.socket, self.authorizer)
        self._pool = Pool()

    def _function(self, name: str, handle: Callable[[dict[str, Any]], Any], concurrency: int = CONCURRENCY) -> Function:
        timeout = templates.deployed().functions[name].timeout
        return Function(self.world, name, handle, self._compose, timeout, concurrency=concurrency)

    def _compose(self, container: Container) -> Runtime:
        """The runtime of live that functions.kernel.composition.container makes, with simulated clients."""
        wire = partial(Wire, self.world, container)
        dynamodb = DynamoDBClient(self.dynamodb, wire("dynamodb"), container.name)
        sqs = SQSClient(self._queues, wire("sqs"))
        posting = PostingClient(lambda: self.gateway, wire("execute-api", attempts=1), container.name)
        return memory_runtime(
            "live",
            views=DynamoViews(dynamodb, VIEWS),  # type: ignore[arg-type]  # a part of the client
            queue=SqsQueue(sqs, self.queue.url),  # type: ignore[arg-type]
            dead_letters=SqsQueue(sqs, self.dead_letters.url),  # type: ignore[arg-type]
            adapters={"connections": ApiGatewayConnections(posting)},
            settings=self._settings,
            side_by_side=container.side_by_side,
        )

    def _compose_authorizer(self, container: Container) -> Runtime:
        pool = _PoolClient(self._pool, Wire(self.world, container, "cognito-idp"))
        adapters = {"published_keys": SimpleNamespace(read=lambda: JWKS), "user_pool": pool}
        return replace(self._compose(container), adapters=adapters)

    def token(self, name: str) -> str:
        """A fresh token of a clerk of this name."""
        self._pool.has(name, STAFF)
        return _token(name, int(self.now() // 60))

    def now(self) -> float:
        """The virtual time, in seconds since the beginning."""
        return self.scheduler.now

    def sleep(self, seconds: float) -> None:
        """Wait, inside a task."""
        self.scheduler.sleep(seconds)

    def run(self, until: float, enough: Callable[[], bool] | None = None) -> None:
        """Let time pass until so many seconds after the beginning, or until `enough()`."""
        self.scheduler.run(int(until * SECOND), enough)

    def deploy(self) -> None:
        """Close all connections, and begin with new containers."""
        self.gateway.end_all("a deployment")
        for function in (self.inbox, self.socket, self.authorizer):
            function.recycle()

    def expire(self) -> None:
        """Delete what has expired. DynamoDB does it at some time, or late."""
        now = BEGIN.timestamp() + self.now()
        for key, item in list(self.views.items.items()):
            if "expires" in item and int(item["expires"]["N"]) < now:
                self.views.remove(key, "expiry")

    def is_quiet(self) -> bool:
        """Whether no message is on its way or worked on."""
        return not (self.queue.messages or self.bus.in_flight or self.inbox.busy)

    def _row_written(self, table: Table, key: Key, item: Item, by: str, in_transaction: int) -> None:
        self.history.record("row", table=table.name, key=list(key), item=item, container=by)


class _PoolClient:
    """One container's client of the user pool."""

    def __init__(self, pool: Pool, wire: Wire) -> None:
        self._pool, self._wire = pool, wire
        self.issuer, self.clients = pool.issuer, pool.clients

    def keys(self) -> Any:
        """The public keys, at once: the authorizer holds a lock meanwhile, and its containers are one module here."""
        return self._pool.keys()

    def user(self, username: str) -> User | None:
        """A user."""
        found: User | None = self._wire.call("AdminGetUser", "pool", lambda: self._pool.user(username))
        return found


def at(seconds: float) -> str:
    """A moment of virtual time as RFC 3339."""
    return clock.stamp(BEGIN + timedelta(seconds=seconds))
