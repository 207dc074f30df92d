"""The simulated cloud: all services as deployed, driven by one seed."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from infra.stages import STAGES
from tests.simulation.backups import Backups
from tests.simulation.broken_deploys import BrokenHandlers
from tests.simulation.check.stored_form import unpacked
from tests.simulation.choices import Choices
from tests.simulation.deployment import Deployment, manifests
from tests.simulation.event_source import Worker
from tests.simulation.expressions import Item
from tests.simulation.faults import Faults
from tests.simulation.gateway import Gateway, Response
from tests.simulation.holdings import audit, held, recovery
from tests.simulation.outages import BROKER
from tests.simulation.scheduler import SECOND, Promise, Task
from tests.simulation.sdk import World
from tests.simulation.tables import Key, Table
from tests.support.runtime import CODE_KEY

# Seconds without a stored change after which a schedule of a minute has nothing more to do: a robot's lease, the minute
# until the next tick, a second tick when the clock of the first was behind, and a minute for the work.
UNCHANGED = 240
OF_THIS_STAGE = {
    "MALLBOTS_STAGE": "simulation",
    "MALLBOTS_BROKER": "broker.simulated:8883",
    "MALLBOTS_PAYMENT_PROVIDER": "tests.simulation.external_services:ProviderClient",
}
LEDGER, AUDITED_AFTER = "customers/erasures", 301  # seconds after an erasure: it has taken effect everywhere then
A_CLERK = "staff:clerk"
OPERATOR = "operator"  # who writes to a restored table, which has no stream until it serves
HEADERS = {"key": "idempotency-key", "if_match": "if-match", "token": "authorization"}  # in the history, by name


class Cloud:
    """One deployment in one schedule. begin_us: the virtual time at first, other than 0 with a saved state."""

    def __init__(
        self, choices: Choices, faults: Faults, settings: Mapping[str, str] | None = None, begin_us: int = 0
    ) -> None:
        self.world = World(choices, faults, begin_us)
        self.choices, self.faults = choices, faults
        self.history, self.scheduler = self.world.history, self.world.scheduler
        self.cost = self.world.cost
        self.settings = {**STAGES["prod"].environment, **OF_THIS_STAGE, **(settings or {})}
        self._requests = 0
        self._last_change_us = begin_us
        self._faults_ended = False
        self.audit_due_us = 0
        deployed = Deployment(self.world, self.settings, self._committed, self._row_written, self._vault_written)
        self._deployed = deployed
        self.functions, self.queues, self.streams = deployed.functions, deployed.queues, deployed.streams
        self.dynamodb, self.tables = deployed.dynamodb, deployed.dynamodb.tables
        self.provider, self.texts = deployed.provider, deployed.texts
        self._bus, self.kms = deployed.bus, deployed.kms
        self.audit = deployed.operated.audit
        self.broker, self.robots_topics = deployed.broker, deployed.robots_topics
        self.archive = deployed.bus.archive
        self.audits: list[dict[str, Any]] = []
        self.backups = Backups()
        self.broken = BrokenHandlers(self)
        self._gateway = Gateway(self.world, deployed)

    def _committed(self, table: Table, key: Key, item: Item, by: str, in_transaction: int) -> None:
        self.backups.written(self.scheduler.now_us, table.name, key, item)
        self.history.record(
            "commit",
            table=table.name,
            key=list(key),
            item=unpacked(item),
            container=by,
            in_transaction=in_transaction,
        )
        self._last_change_us = self.scheduler.now_us
        if by != OPERATOR:
            self.streams[table.name].append(key[0], key[1], item)

    def _audit(self) -> None:
        self.audits.append(audit(self))

    def _row_written(self, table: Table, key: Key, item: Item, by: str, in_transaction: int) -> None:
        self.backups.written(self.scheduler.now_us, table.name, key, item)
        self.history.record("row", table=table.name, key=list(key), item=item, container=by)
        self._last_change_us = self.scheduler.now_us

    def _vault_written(self, table: Table, key: Key, item: Item, by: str, in_transaction: int) -> None:
        self.backups.written(self.scheduler.now_us, table.name, key, item)
        fields = {"table": table.name, "key": list(key), "item": item, "container": by}
        self.history.record("vault", **fields, in_transaction=in_transaction)
        self._last_change_us = self.scheduler.now_us
        if table.name == LEDGER:
            self.audit_due_us = self.scheduler.now_us + AUDITED_AFTER * SECOND
            self.scheduler.call_in(AUDITED_AFTER, self._audit)

    def now(self) -> float:
        """The virtual time, in seconds since the beginning."""
        return self.scheduler.now

    def spawn(self, function: Callable[..., Any], *args: Any) -> Task:
        """Start a task of a client; it may call `request` and `sleep`."""
        return self.scheduler.spawn(function, *args)

    def sleep(self, seconds: float) -> None:
        """Wait, inside a task."""
        self.scheduler.sleep(seconds)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        who: str = A_CLERK,
    ) -> Response:
        """Send a request through the gateway, inside a task.

        `who`: role and id (`customer:…`) of the caller, "" for nobody; with the header Authorization, the authorizer
        says who.
        """
        self._requests += 1
        number = f"request-{self._requests}"
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        sent = {name: lowered.get(header) for name, header in HEADERS.items()}
        self.history.record("request", id=number, who=who, method=method, path=path, body=body, **sent)
        self.sleep(self.choices.seconds(0.005, 0.05, "network"))
        response = self._gateway.send(number, method, path, body, lowered, who)
        self.sleep(self.choices.seconds(0.005, 0.05, "network"))
        if self.faults.strikes("client unheard", f"{method} {path}"):
            response = Response(None, {}, None)
        tag = {name.lower(): value for name, value in response.headers.items()}.get("etag", "").strip('"')
        version = int(tag) if tag else None
        self.history.record("response", id=number, status=response.status, body=response.body, version=version)
        return response

    def invoke(self, service: str, part: str, event: dict[str, Any]) -> Any:
        """Invoke a function as an operator, inside a task: its answer, or None when it was throttled or failed."""
        promise = Promise()
        cause = [self.world.number("operator")]
        function = self.functions[f"{service}/{part}"]
        if not function.invoke(event, cause, lambda how, answer: promise.give((how, answer))):
            return None
        self.scheduler.wait(promise)
        how, answer = promise.value
        return answer if how == "ok" else None

    def publish(self, detail: dict[str, Any]) -> str:
        """Publish a message in the name of its source; the entry's id."""
        metadata = detail["metadata"]
        return self._bus.put(metadata["source"], metadata["name"], json.dumps(detail, ensure_ascii=False), detail)

    def last_published(self, name: str) -> dict[str, Any] | None:
        """The latest message of a name on the bus; it must not be changed."""
        return self._bus.latest.get(name)

    def new_id(self) -> str:
        """A new id."""
        return self.choices.new_id()

    # Outages, faults and time.

    def take_away(self, kind: str, target: str, how: str) -> None:
        """Begin an outage of minutes or hours. kind: one of OUTAGES. how: the way in which calls fail (outages.WAYS).

        target: a service, the name of a table, a queue or a function, or one of outages.py.
        """
        self.faults.fired[kind] += 1
        self.history.record("away", name=kind, target=target)
        self.world.away[target] = how
        if kind == "service away":
            self.stop(target)
        if target == BROKER:
            self.broker.begin_outage()

    def bring_back(self, kind: str, target: str) -> None:
        """End an outage."""
        if kind == "service away":
            self.start(target)
        self.world.away.pop(target, None)
        self.history.record("back", name=kind, target=target)

    def stop(self, *names: str) -> None:
        """Throttle all functions of these services, or these functions."""
        self._set_stopped(names, stopped=True)

    def start(self, *names: str) -> None:
        """Run them again, and poll their queues."""
        self._set_stopped(names, stopped=False)
        for worker in self._workers_of(names):
            worker.enable()

    def disable(self, *names: str) -> None:
        """Do not poll the queues of these services until they are started."""
        for worker in self._workers_of(names):
            worker.disabled = True

    def _workers_of(self, names: tuple[str, ...]) -> list[Worker]:
        queues = (queue for name, queue in self.queues.items() if name.partition("/")[0] in names)
        return [queue.worker for queue in queues if queue.worker]

    def _set_stopped(self, names: tuple[str, ...], *, stopped: bool) -> None:
        for name, function in self.functions.items():
            if {name, name.partition("/")[0]} & set(names) and function.stopped != stopped:
                function.stopped = stopped
                self.history.record("throttled" if stopped else "runs", function=name)

    def run(self, until: float, enough: Callable[[], bool] | None = None) -> None:
        """Let time pass until so many seconds after the beginning, or until `enough()`."""
        self.scheduler.run(int(until * SECOND), enough)

    def is_quiescent(self, within: float = 3_600.0) -> bool:
        """Whether nothing is in progress: no busy function, no stream behind, no message due within so many seconds.

        Nor are dead letters left that operations has not stored. Schedules do not count once nothing was stored for a
        while.
        """
        now = self.scheduler.now_us
        if now - self._last_change_us < UNCHANGED * SECOND:
            return False
        if self._bus.in_flight or self.broker.in_flight or any(stream.is_behind for stream in self.streams.values()):
            return False
        if any(function.busy for function in self.functions.values()):
            return False
        horizon = now + int(within * SECOND)
        if self._deployed.operated.has_work("collector"):
            return False
        return not any(
            message.visible_us <= horizon
            for queue in self.queues.values()
            if not queue.is_dead_letters
            for message in queue.messages.values()
        )

    def end_faults(self) -> None:
        """End all faults, and start all services."""
        if not self._faults_ended:
            self._faults_ended = True
            self.faults.stop()
            self.world.away.clear()
            self.world.newest_code = True
            self.start(*manifests())
            self.history.record("quiet")
            self._last_change_us = self.scheduler.now_us

    def settle(self, seconds: float = 36_000.0) -> bool:
        """End all faults, and run until quiescent; whether that was reached within so many seconds."""
        self.end_faults()
        end = self.scheduler.now_us + int(seconds * SECOND)
        while self.scheduler.now_us < end:
            self.run(self.now() + 1.7)  # not in step with the minutes of schedules
            if self.is_quiescent():
                return True
        return False

    def state(self) -> dict[str, Any]:
        """The final state: tables by key, queues, what external services did, the settings, and what is held."""
        self._audit()
        return {
            "now_us": self.scheduler.now_us,
            "quiescent": self.is_quiescent(),
            "tables": {name: dict(table.items) for name, table in self.tables.items()},
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
            "provider": dict(self.provider.requests),
            "texts": dict(self.texts.sent),
            "settings": dict(self.settings),
            "held": list(held(self)),
            "audits": self.audits,
            "recovery": {name: recovery(name) for name in self.tables},
            "code_key": CODE_KEY,
            "certificates": {
                one.id: (thing, one.status)
                for one in self.broker.registry.certificates.values()
                for thing in one.things
            },
        }
