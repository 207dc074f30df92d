"""The simulated cloud as a place for cases, without faults and without services."""

from collections.abc import Callable
from typing import Any, cast

from tests.simulation.bus import Bus, EventsClient, Rule
from tests.simulation.choices import Choices
from tests.simulation.containers import Function
from tests.simulation.differential.case import Case
from tests.simulation.differential.place import INDEX, Event, Letter, Queue, Work
from tests.simulation.dynamodb import DynamoDB, DynamoDBClient
from tests.simulation.event_source import Worker
from tests.simulation.eventbridge_schedules import EventBridgeSchedule
from tests.simulation.expressions import Item
from tests.simulation.faults import Faults
from tests.simulation.harness import FakeCaller
from tests.simulation.lambda_client import LambdaClient
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World
from tests.simulation.sqs import Queue as SimulatedQueue
from tests.simulation.sqs import SQSClient
from tests.simulation.streams import Stream
from tests.simulation.tables import Key, Table
from tests.simulation.templates import DeployedMapping, a_stream, timer_body

LONGEST = 24 * 3_600  # seconds of virtual time that a case may take


class SimulatedPlace:
    """A simulated cloud for one case."""

    bus = "bus"
    source = "mallbots.case"

    def __init__(self, seed: int = 1) -> None:
        choices = Choices(seed)
        self.world = World(choices, Faults(choices))
        self._dynamodb = DynamoDB(self.world)
        self._queues: dict[str, SimulatedQueue] = {}  # by name
        self._addresses: dict[str, SimulatedQueue] = {}
        self._functions: dict[str, Function] = {}
        self._notes: dict[str, list[Any]] = {}
        self._rules: list[Rule] = []
        self._streams: dict[str, Stream] = {}
        self._written: dict[str, list[tuple[Key, Item]]] = {}
        self.dynamodb = DynamoDBClient(self._dynamodb, self._wire("dynamodb"), "case")
        self.sqs = SQSClient(self._addresses, self._wire("sqs"))
        self.functions = LambdaClient(self._functions, self.world, self._wire("lambda"))

    def _wire(self, service: str) -> Wire:
        return Wire(self.world, FakeCaller("case"), service)

    @property
    def events(self) -> EventsClient:
        return EventsClient(Bus(self.world, self._rules), self._wire("events"), self.world, "case")

    def commits(self) -> str:
        name = self.world.number("commits")
        self._written[name] = []
        self._dynamodb.tables[name] = Table(self.world, name, "stream", "version", "N", self._committed)
        return name

    def rows(self) -> str:
        name = self.world.number("rows")
        self._dynamodb.tables[name] = Table(self.world, name, "partition", "sort", "S", _ignore, [INDEX])
        return name

    def _committed(self, table: Table, key: Key, item: Item, by: str, in_transaction: int) -> None:
        if table.name in self._streams:
            self._streams[table.name].append(*key, item)
        else:
            self._written[table.name].append((key, item))

    def queue(self, *, fifo: bool = False, dead_letters: Queue | None = None, max_receives: int = 0) -> Queue:
        name = self.world.number("queue")
        dead = self._queues[dead_letters.name] if dead_letters else None
        made = SimulatedQueue(self.world, name, fifo=fifo, dead_letters=dead, max_receives=max_receives)
        self._queues[name] = self._addresses[made.url] = made
        return Queue(made.url, name)

    def function(self, work: Work, *, timeout: int = 10, queue: Queue | None = None) -> str:
        name = self.world.number("function")
        tools = SimulatedTools(self, name, queue)

        def handle(event: Event) -> Any:
            return work(event, tools)

        self._notes[name] = []
        self._functions[name] = Function(self.world, name, handle, lambda _: cast(Any, None), timeout)
        return name

    def notes(self, function: str) -> list[Any]:
        return self._notes[function]

    def feed(self, function: str, queue: Queue, batch: int = 10) -> None:
        Worker(self._queues[queue.name], self._functions[function], DeployedMapping(batch=batch)).poll_at(
            self.world.scheduler.now_us
        )

    def follow(
        self, function: str, table: str, *, batch: int = 100, retries: int = 1, failures: Queue | None = None
    ) -> None:
        queue = self._queues[(failures or self.queue()).name]
        facts = a_stream().model_copy(update={"batch": batch, "retries": retries})
        stream = Stream(self.world, table, self._functions[function], queue, 1, facts)
        self._streams[table] = stream
        for (name, version), item in self._written[table]:
            stream.append(name, version, item)

    def rule(self, names: list[str], to: list[Any], queue: Queue, *, group: str = "", reachable: bool = True) -> Queue:
        undelivered = self.queue()
        pattern = {"source": [self.source], "detail-type": names, "detail": {"to": to}}
        self._rules.append(Rule(pattern, self._queues[queue.name], self._queues[undelivered.name], group))
        if not reachable:
            self.world.faults = Faults(self.world.choices, {"target given up": 1.0})
        return undelivered

    def schedule(self, timer: type[Any], queue: Queue) -> None:
        EventBridgeSchedule(self.world, "rate(1 minute)", self._queues[queue.name], timer_body(timer))

    def throttle(self, function: str) -> None:
        self._functions[function].stopped = True

    def take(self, queue: Queue, number: int = 1) -> list[Letter]:
        source_queue = self._queues[queue.name]

        def visible() -> list[str]:
            now = self.world.scheduler.now_us
            return [id for id, message in source_queue.messages.items() if message.visible_us <= now]

        self.until(lambda: len(visible()) >= number)
        taken = [source_queue.messages.pop(id) for id in visible()]
        return [Letter(message.body, dict(message.attributes), message.group) for message in taken]

    def depth(self, queue: Queue) -> int:
        return len(self._queues[queue.name].messages)

    def wait(self, seconds: float) -> None:
        self.world.scheduler.sleep(seconds)

    def until(self, probe: Callable[[], Any]) -> Any:
        while not (found := probe()):
            assert self.world.scheduler.now < LONGEST, f"the probe never succeeded: its last result was {found!r}"
            self.wait(0.25)
        return found

    def note(self, function: str, what: Any) -> None:
        """Record a value for a function."""
        self._notes[function].append(what)


class SimulatedTools:
    """The tools of one function."""

    def __init__(self, place: SimulatedPlace, function: str, queue: Queue | None) -> None:
        self._place = place
        self._function = function
        self._queue = queue

    def note(self, what: Any) -> None:
        self._place.note(self._function, what)

    def sleep(self, seconds: float) -> None:
        self._place.wait(seconds)

    def retry_in(self, receipt: str, seconds: int) -> None:
        assert self._queue
        self._place.sqs.change_message_visibility(
            QueueUrl=self._queue.url, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )


def _ignore(table: Table, key: Key, item: Item, by: str, in_transaction: int) -> None:
    """Ignore a write: tables of rows have no stream."""


def observe(case: Case, seed: int = 1) -> Any:
    """The result of a case on the simulated cloud."""
    place = SimulatedPlace(seed)
    scheduler = place.world.scheduler
    task = scheduler.spawn(case.do, place)
    scheduler.run(2 * LONGEST * SECOND, enough=lambda: task.done)
    return task.result
