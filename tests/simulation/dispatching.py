"""How fast the dispatcher is when each call to AWS takes 5 ms: on a simulated cloud without faults, in virtual time.

    .venv/bin/python -m tests.simulation.dispatching

prints the calls and the time of one batch of messages, and how many orders a second that makes.
"""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ReadTimeoutError

from events.envelope import Envelope
from functions.depot import service
from functions.depot.dispatcher import inbox as dispatcher
from functions.kernel.eventstore.item import messages_of
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import budget, runtime
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from tests.simulation.choices import Choices
from tests.simulation.containers import Container, Function
from tests.simulation.dynamodb import DynamoDB, DynamoDBClient
from tests.simulation.faults import Faults
from tests.simulation.scheduler import SECOND, Promise
from tests.simulation.sdk import Effect, Wire, World
from tests.simulation.tables import Table
from tests.simulation.templates import deployed
from tests.support.delivery import attributes
from tests.support.runtime import memory_runtime

A_CALL = 0.005  # seconds
DISPATCHER = "depot/dispatcher"
BATCH = deployed().mappings[DISPATCHER].batch  # messages
HINTS_PER_ORDER = 2  # ShoppingListAvailable, and the BotFinished of the order before: tests/docs/test_scale.py counts


class SlowWire(Wire):
    """Each call takes as long as any other, but those that hang; they are counted by operation."""

    def __init__(self, world: World, container: Container, calls: Counter[str], hanging: set[str]) -> None:
        super().__init__(world, container, "dynamodb")
        self._calls = calls
        self._hanging = hanging

    def call(self, operation: str, target: str, effect: Effect) -> Any:
        """The effect, and 5 ms."""
        self._calls[operation] += 1
        if operation in self._hanging:
            self._hang()
        scheduler, begun = self._world.scheduler, self._world.scheduler.now
        result = effect()
        if isinstance(result, Promise):
            scheduler.wait(result)
            result = result.value
        scheduler.sleep(begun + A_CALL - scheduler.now)
        return result

    def _hang(self) -> None:
        """Hang in every try, as the SDK makes them under the guard of budget.py."""
        for attempt in range(budget.TRIES):
            self._world.scheduler.sleep(attempt and budget.BACK_OFF)
            budget.check()
            self._world.scheduler.sleep(budget.TRY)
        raise ReadTimeoutError(endpoint_url="dynamodb")


class Shortest(Choices):
    """Whatever takes long takes as long as it does at least: a transaction, within its call, 1 ms."""

    def seconds(self, low: float, high: float, what: str) -> float:
        """The least."""
        return low


@dataclass(frozen=True)
class Measured:
    """The calls of an invocation by operation, the virtual seconds that it took, how many pairs it made and messages
    it reported as failed.
    """

    calls: dict[str, int]
    seconds: float
    pairs: int
    failed: int = 0


class Depot:
    """The depot's tables and its dispatcher, with as many lists and idle robots as wanted."""

    def __init__(self) -> None:
        choices = Shortest(1)
        self._world = World(choices, Faults(choices))
        self._dynamodb = DynamoDB(self._world)
        self._commits: list[Any] = []
        events = Table(self._world, "events", "stream", "version", "N", lambda *about: self._commits.append(about[2]))
        views = Table(self._world, "views", "partition", "sort", "S", lambda *_: None)
        self._dynamodb.tables |= {"events": events, "views": views}
        self._calls: Counter[str] = Counter()
        self.hanging: set[str] = set()  # operations
        timeout = deployed().functions[DISPATCHER].timeout
        self._function = Function(self._world, DISPATCHER, self._handle, self._composed, timeout)

    def _composed(self, container: Container) -> Runtime:
        wire = SlowWire(self._world, container, self._calls, self.hanging)
        client: Any = DynamoDBClient(self._dynamodb, wire, container.name)
        store, views = DynamoEventStore(client, "events"), DynamoViews(client, "views")
        return memory_runtime("depot", store=store, views=views, side_by_side=container.side_by_side)

    def _handle(self, event: dict[str, Any]) -> Any:
        return event["do"]() if "do" in event else dispatcher.handle(event)

    def _invoke(self, event: dict[str, Any]) -> Any:
        answers: list[Any] = []
        self._function.invoke(event, [], lambda how, answer: answers.append((how, answer)))
        self._world.scheduler.run(self._world.scheduler.now_us + 60 * SECOND, lambda: bool(answers))
        [(how, answer)] = answers
        assert how == "ok", answer
        return answer

    def hints(self, pairs: int) -> list[Envelope]:
        """So many lists become available and robots idle; the messages that say so, of lists and robots in turn."""

        def begin_to_wait() -> None:
            runtime.current().views.put(Row("stores", "store", {"name": "Volt & Wire", "location": "Level 2"}), 1)
            for number in range(pairs):
                order = f"order-{len(self._commits)}-{number}"
                service.plan_for_order(order, [service.Wanted("store", "product", 1, "Volt & Wire", "Lamp")])
                service.initiate(order)
                bot_id, _ = service.register_bot("Ajax")
                service.bring_online(bot_id)

        before = len(self._commits)
        self._invoke({"do": begin_to_wait})
        messages = [message for item in self._commits[before:] for message in messages_of(item)]
        consumed = {message.about.name for message in dispatcher.messages}
        return [Envelope.read(message.detail) for message in messages if message.name in consumed]

    def dispatch(self, hints: list[Envelope]) -> Measured:
        """Invoke the dispatcher with these messages as one batch."""
        records = [
            {"messageId": str(n), "receiptHandle": str(n), "body": _body(hint), "attributes": attributes()}
            for n, hint in enumerate(hints)
        ]
        self._calls.clear()
        begun, commits = self._world.scheduler.now_us, len(self._commits)
        failed = self._invoke({"Records": records})["batchItemFailures"]
        seconds = round((self._world.scheduler.now_us - begun) / SECOND, 3)
        return Measured(dict(self._calls), seconds, (len(self._commits) - commits) // 2, len(failed))


def _body(hint: Envelope) -> str:
    detail = hint.model_dump(mode="json")
    return json.dumps({"detail-type": hint.metadata.name, "source": hint.metadata.source, "detail": detail})


def orders_per_second(seconds: float) -> float:
    """How many orders a second batches of ten messages make that take so long."""
    return BATCH / HINTS_PER_ORDER / seconds


def steady() -> Measured:
    """A batch of ten of a warm function: the messages of five orders, so five pairs."""
    depot = Depot()
    depot.dispatch(depot.hints(1))
    return depot.dispatch(depot.hints(BATCH // HINTS_PER_ORDER))


def main() -> None:
    """Print what was measured."""
    measured = steady()
    print(f"a batch of {BATCH} messages: {measured.calls}, {measured.pairs} pairs in {measured.seconds * 1000:.0f} ms")
    rate = orders_per_second(measured.seconds)
    print(f"{rate:.0f} orders a second, {rate * 60:,.0f} a minute")


if __name__ == "__main__":
    main()
