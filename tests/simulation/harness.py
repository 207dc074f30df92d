"""For tests: calls made as if from a container of a simulated cloud, with time passing."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tests.simulation.choices import Choices
from tests.simulation.dynamodb import DynamoDB, DynamoDBClient
from tests.simulation.faults import Faults
from tests.simulation.scheduler import SECOND, Killed
from tests.simulation.sdk import Wire, World
from tests.simulation.tables import Table

T = TypeVar("T")


class Somebody:
    """Who makes calls, and may end."""

    def __init__(self, name: str = "somebody") -> None:
        self.name = name

    def die(self) -> None:
        """End now."""
        raise Killed

    def turn_clock(self, by_us: int) -> None:
        """Somebody has no clock."""


def a_world(seed: int = 1, faults: Mapping[str, float] | None = None) -> World:
    """A world with these faults and no others."""
    choices = Choices(seed)
    return World(choices, Faults(choices, faults))


def let(world: World, work: Callable[[], T], seconds: float = 3_600.0) -> T:
    """What a task gives; raises what it raises."""
    raised: list[Exception] = []

    def caught() -> T | None:
        try:
            return work()
        except Exception as error:  # handed on to whoever let it
            raised.append(error)
            return None

    task = world.scheduler.spawn(caught)
    world.scheduler.run(world.scheduler.now_us + int(seconds * SECOND), lambda: task.done)
    if raised:
        raise raised[0]
    assert task.done, "it still goes on"
    result: T = task.result
    return result


def an_event_table(world: World, name: str = "jars/events") -> DynamoDB:
    """DynamoDB with one table for commits."""
    dynamodb = DynamoDB(world)
    dynamodb.tables[name] = Table(world, name, "stream", "version", "N", _nobody_asks)
    return dynamodb


def a_views_table(world: World, name: str = "jars/views", indexes: tuple[str, ...] = ("by_place",)) -> DynamoDB:
    """DynamoDB with one table for read models."""
    dynamodb = DynamoDB(world)
    dynamodb.tables[name] = Table(world, name, "partition", "sort", "S", _nobody_asks, indexes)
    return dynamodb


def a_client(dynamodb: DynamoDB, name: str = "somebody") -> DynamoDBClient:
    """A client of its own for one who makes calls."""
    return DynamoDBClient(dynamodb, Wire(dynamodb.world, Somebody(name), "dynamodb"), name)


class InATask:
    """Something whose every method is called in a task of its own, which is waited for; generators are read whole."""

    def __init__(self, world: World, inner: Any) -> None:
        self._world = world
        self._inner = inner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            def work() -> Any:
                result = method(*args, **kwargs)
                return list(result) if hasattr(result, "__next__") else result

            return let(self._world, work)

        return call


def _nobody_asks(table: Table, key: object, item: object, by: str, together: int) -> None:
    """Nobody wants to know what is written."""
