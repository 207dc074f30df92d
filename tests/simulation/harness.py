"""For tests of the simulated cloud: worlds, tables, and calls as if from a container."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tests.simulation.choices import Choices
from tests.simulation.dynamodb import DynamoDB, DynamoDBClient
from tests.simulation.faults import Faults
from tests.simulation.scheduler import SECOND, Killed
from tests.simulation.sdk import Wire, World
from tests.simulation.tables import Table

T = TypeVar("T")


class FakeCaller:
    """A caller of a client that is no container."""

    def __init__(self, name: str = "caller") -> None:
        self.name = name
        self.lineage: Mapping[str, int] = {}

    def kill(self) -> None:
        """End the task."""
        raise Killed

    def shift_clock(self, by_us: int) -> None:
        """It has no clock."""


def a_world(seed: int = 1, faults: Mapping[str, float] | None = None) -> World:
    """A world with these faults only."""
    choices = Choices(seed)
    return World(choices, Faults(choices, faults))


def run_task(world: World, work: Callable[[], T], seconds: float = 3_600.0) -> T:
    """Run a function as a task, to its end; its result, or the error that it raises."""
    raised: list[Exception] = []

    def caught() -> T | None:
        try:
            return work()
        except Exception as error:  # raised again below
            raised.append(error)
            return None

    task = world.scheduler.spawn(caught)
    world.scheduler.run(world.scheduler.now_us + int(seconds * SECOND), lambda: task.done)
    if raised:
        raise raised[0]
    assert task.done, "it is still running"
    result: T = task.result
    return result


def an_event_table(world: World, name: str = "jars/events") -> DynamoDB:
    """DynamoDB with one table for commits."""
    dynamodb = DynamoDB(world)
    dynamodb.tables[name] = Table(world, name, "stream", "version", "N", _ignore)
    return dynamodb


def a_views_table(world: World, name: str = "jars/views", indexes: tuple[str, ...] = ("by_place",)) -> DynamoDB:
    """DynamoDB with one table for read models."""
    dynamodb = DynamoDB(world)
    dynamodb.tables[name] = Table(world, name, "partition", "sort", "S", _ignore, indexes)
    return dynamodb


def a_client(dynamodb: DynamoDB, name: str = "caller") -> DynamoDBClient:
    """A client of DynamoDB."""
    return DynamoDBClient(dynamodb, Wire(dynamodb.world, FakeCaller(name), "dynamodb"), name)


class InTask:
    """An object whose every method is run as a task; generators are read whole."""

    def __init__(self, world: World, inner: Any) -> None:
        self._world = world
        self._inner = inner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            def work() -> Any:
                result = method(*args, **kwargs)
                return list(result) if hasattr(result, "__next__") else result

            return run_task(self._world, work)

        return call


def _ignore(table: Table, key: object, item: object, by: str, in_transaction: int) -> None:
    """Do nothing with a write."""
