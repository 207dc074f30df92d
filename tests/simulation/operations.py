"""What operations addresses in the simulated cloud: queues and functions by their names, mappings, streams, a topic.

infra/operations.py wires the same. The adapters are those that are deployed, on simulated clients.
"""

import os
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from functions.kernel.composition.manifest import Manifest
from functions.kernel.eventstore.given_up import DynamoStream
from functions.kernel.rest import audit
from functions.kernel.rest.audit import Entry
from functions.kernel.runtime import budget, ids
from functions.operations import cloud, consumers, mappings
from functions.operations.consumers import OUTCOMES, RELAY, Consumer, Served
from tests.simulation.containers import Container, Function
from tests.simulation.lambda_client import LambdaClient
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World, client_error
from tests.simulation.sqs import Queue, SQSClient, made_queue
from tests.simulation.streams import Stream
from tests.support.audited import MemoryAudit, to_item

OPERATIONS = "operations"
VIEWS, AUDIT = "operations/views", "operations/audit"
ADDRESS = "https://sqs/{}"
KEPT = 24 * 3_600 * SECOND  # by a stream
PAGE = 25  # records of GetRecords, so that pages occur
RUNS_AT_WORK = {"S": "runs at work"}


def know(manifests: Iterable[Manifest]) -> None:
    """Tell the code of operations which consumers there are, as its functions' environment does."""
    os.environ["CONSUMERS"] = consumers.written(map(_served, manifests))
    os.environ["QUEUES"] = ADDRESS
    os.environ["FUNCTIONS"] = "{}"
    consumers.services.cache_clear()


def _served(found: Manifest) -> Served:
    rooms = [
        *(Consumer(found.service, inbox.queue, inbox.fifo) for inbox in found.inboxes),
        *([Consumer(found.service, found.topics.queue)] if found.topics else []),
        *([Consumer(found.service, RELAY)] if found.publisher else []),
        *([Consumer(found.service, OUTCOMES)] if found.service == OPERATIONS else []),
    ]
    return Served(found.service, tuple(rooms), found.makes_rows)


def addressed(queue: Queue) -> str:
    """The address of a queue by its deployed name: `https://sqs/depot-dispatcher.fifo`."""
    return ADDRESS.format("-".join(queue.name.split("/")) + (consumers.FIFO if queue.fifo else ""))


def outcomes(world: World) -> tuple[Queue, Queue]:
    """The queue in which consumers say what became of letters, and its dead letters."""
    queue = made_queue(world, f"{OPERATIONS}/{OUTCOMES}")
    assert queue.dead_letters
    return queue, queue.dead_letters


class Addressed:
    """The parts of a deployment that operations addresses.

    queues, streams: by their names, those of tables. functions: by `<service>/<name>`; they are invoked as
    `<service>-<name>`. rows: the items of its own table.
    """

    def __init__(
        self,
        world: World,
        queues: Mapping[str, Queue],
        functions: Mapping[str, Function],
        streams: Mapping[str, Stream],
        rows: Callable[[], Mapping[Any, Mapping[str, Any]]],
    ) -> None:
        self._world, self._queues, self._functions, self._streams = world, queues, functions, streams
        self._rows = rows
        self.notices: list[tuple[str, str]] = []
        self.audit = CountedAudit(world)
        self._by_name = _ByDeployedName(functions)

    def adapters(self, container: Container, sqs: SQSClient) -> dict[str, Any]:
        """The ports of a function of operations, by their names."""
        queues: Any = cloud.SqsQueues(sqs)  # type: ignore[arg-type]  # a part of the client
        event_sources: Any = EventSources(self._queues, self._world, Wire(self._world, container, "lambda"))
        topic: Any = SnsClient(self.notices, Wire(self._world, container, "sns"))
        return {
            "failure_queues": cloud.SqsFailureQueues(queues),
            "inboxes": cloud.SqsInboxes(queues),
            "outcomes": cloud.SqsOutcomes(queues, f"{ADDRESS.format('')}{OPERATIONS}/{OUTCOMES}"),
            **{f"{name}s": self._invoked(container, name, cloud.LONGEST_CALL) for name in ("relay", "replay")},
            "forecasts": self._invoked(container, "forecast", cloud.LONGEST_CALL),
            "replays_now": self._invoked(container, "replay", cloud.SHORT_CALL),
            "relays_now": self._invoked(container, "relay", cloud.SHORT_CALL),
            "forecasts_now": self._invoked(container, "forecast", cloud.SHORT_CALL),
            "starts": cloud.LambdaStarts(self._lambda(container, budget.TRY)),
            "topic": cloud.SnsTopic(topic, "alarms"),
            "audit": self.audit,
            "mappings": mappings.LambdaMappings(event_sources),
            **dict.fromkeys(("backlog", "uncollected"), mappings.SqsBacklogs(sqs)),  # type: ignore[arg-type]
        }

    def stream(self, container: Container) -> DynamoStream:
        """The port of a relay to the stream of its table."""
        made = DynamoStream()
        wire = Wire(self._world, container, "streams.dynamodb")
        made.__dict__["_client"] = StreamsClient(self._streams, self._world, wire)
        return made

    def _invoked(self, container: Container, name: str, seconds: float) -> cloud.LambdaFunctions:
        return cloud.LambdaFunctions(self._lambda(container, seconds), name)

    def _lambda(self, container: Container, seconds: float) -> Any:
        """One try alone, of so many seconds."""
        wire = Wire(self._world, container, "lambda", attempts=1, read_timeout=seconds - budget.CONNECT)
        return LambdaClient(self._by_name, self._world, wire)

    def has_work(self, name: str) -> bool:
        """Whether a scheduled function of operations has anything to do."""
        if name == "collector":
            return any(queue.messages for queue in self._queues.values() if queue.is_dead_letters) or any(
                partition == "changed" for partition, _ in self._rows()
            )
        if any(item.get("of_state_partition") == RUNS_AT_WORK for item in self._rows().values()):
            return True
        if name == "redriver":
            return bool(self._queues[f"{OPERATIONS}/{OUTCOMES}"].messages)
        return any(partition == "consumers" for partition, _ in self._rows())


class CountedAudit(MemoryAudit):
    """The table of the audit, of all services: nothing fails in it, and what is written is counted.

    The ids of its entries are not drawn: so what else is drawn does not hang on which requests are noted.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        self._cost = world.cost

    def new_id(self) -> str:
        """The id of the next entry."""
        return ids.derive("audit", len(self.entries))

    def append(self, entry: Entry) -> None:
        super().append(entry)
        self._cost.write(None, to_item(entry), (), table=AUDIT)

    def items(self) -> Iterator[dict[str, dict[str, str]]]:
        """Its items, as they are stored."""
        return map(to_item, self.entries.values())


class _Ids:
    """What audit.py uses of the module `ids`."""

    @staticmethod
    def new() -> str:
        """An id for an entry, of the simulated table where there is one."""
        log = audit.audit_log()
        return log.new_id() if isinstance(log, CountedAudit) else ids.new()


vars(audit)["ids"] = _Ids  # a part of the module


class _ByDeployedName(dict[str, Function]):
    """Functions by the names that others invoke them by, `depot-relay`."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        super().__init__()
        self._all = functions

    def __missing__(self, name: str) -> Function:
        return self._all[name.replace("-", "/", 1)]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.replace("-", "/", 1) in self._all


class EventSources:
    """Lambda's client, as far as it is asked about event source mappings: they are switched asynchronously."""

    def __init__(self, queues: Mapping[str, Queue], world: World, wire: Wire) -> None:
        self._queues, self._world, self._wire = queues, world, wire

    def list_event_source_mappings(self, **request: Any) -> dict[str, Any]:
        """All mappings, ten a page."""
        found: dict[str, Any] = self._wire.call(
            "ListEventSourceMappings", "mappings", lambda: self._page(int(request.get("Marker", 0)))
        )
        return found

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> dict[str, Any]:
        """Switch one; refused while it is being switched."""
        worker = self._queues[UUID].worker
        assert worker

        def effect() -> dict[str, Any]:
            if worker.state in (mappings.ENABLING, mappings.DISABLING):
                message = f"the mapping is {worker.state}"
                raise client_error("ResourceInUseException", message, "UpdateEventSourceMapping")
            worker.switch(on=Enabled)
            self._world.history.record("mapping", queue=UUID, state=worker.state)
            return {"UUID": UUID, "State": worker.state}

        answer: dict[str, Any] = self._wire.call("UpdateEventSourceMapping", UUID, effect)
        return answer

    def _page(self, first: int) -> dict[str, Any]:
        workers = [(name, queue.worker, queue) for name, queue in self._queues.items() if queue.worker]
        listed = [
            {"UUID": name, "EventSourceArn": f"arn:aws:sqs:::{_name_of(queue)}", "State": worker.state}
            for name, worker, queue in workers[first : first + 10]
        ]
        more = {"NextMarker": str(first + 10)} if first + 10 < len(workers) else {}
        return {"EventSourceMappings": listed, **more}


def _name_of(queue: Queue) -> str:
    return addressed(queue).rpartition("/")[2]


class SnsClient:
    """The client of SNS."""

    def __init__(self, notices: list[tuple[str, str]], wire: Wire) -> None:
        self._notices, self._wire = notices, wire

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> dict[str, Any]:
        """Notify those who subscribed."""
        self._wire.call("Publish", TopicArn, lambda: self._notices.append((Subject, Message)))
        return {}


class StreamsClient:
    """The client of DynamoDB Streams. A shard is named as in the failure queue; an iterator is shard and position."""

    def __init__(self, streams: Mapping[str, Stream], world: World, wire: Wire) -> None:
        self._shards = {shard.name: shard for stream in streams.values() for shard in stream.shards}
        self._world, self._wire = world, wire

    def get_shard_iterator(
        self, *, StreamArn: str, ShardId: str, ShardIteratorType: str, SequenceNumber: str
    ) -> dict[str, Any]:
        """Where a sequence number is."""

        def effect() -> dict[str, Any]:
            records = self._shards[ShardId].records
            place = next((n for n, one in enumerate(records) if str(one.number) == SequenceNumber), None)
            if place is None or self._is_gone(records[place].made_us):
                raise client_error("TrimmedDataAccessException", "it has been trimmed", "GetShardIterator")
            return {"ShardIterator": f"{ShardId}@{place}"}

        answer: dict[str, Any] = self._wire.call("GetShardIterator", StreamArn, effect)
        return answer

    def get_records(self, *, ShardIterator: str) -> dict[str, Any]:
        """A page, which may be empty before the end."""
        shard, _, place = ShardIterator.rpartition("@")

        def effect() -> dict[str, Any]:
            page = self._shards[shard].records[int(place) : int(place) + PAGE]
            if any(self._is_gone(one.made_us) for one in page):
                raise client_error("TrimmedDataAccessException", "it has been trimmed", "GetRecords")
            if page and self._world.choices.chance(0.1, "an empty page of a stream"):
                return {"Records": [], "NextShardIterator": ShardIterator}
            found = [_as_read(one.payload) for one in page]
            return {"Records": found, "NextShardIterator": f"{shard}@{int(place) + len(page)}"}

        answer: dict[str, Any] = self._wire.call("GetRecords", shard, effect)
        return answer

    def _is_gone(self, made_us: int) -> bool:
        return self._world.scheduler.now_us - made_us > KEPT


def _as_read(payload: dict[str, Any]) -> dict[str, Any]:
    """A record as the client gives it: binary is bytes."""
    image = {
        name: {"B": b64decode(value["B"])} if "B" in value else value
        for name, value in payload["dynamodb"].get("NewImage", {}).items()
    }
    return {**payload, "dynamodb": {**payload["dynamodb"], "NewImage": image}}
