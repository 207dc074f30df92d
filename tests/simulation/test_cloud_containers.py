"""The simulated containers: cold and warm, clocks of their own, and ends at any call."""

from collections import Counter
from typing import Any

import pytest

from functions.kernel.composition.adapters import invoker
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock, ids, runtime
from functions.kernel.runtime.runtime import Runtime
from tests.simulation.containers import BEGIN, Container, Function
from tests.simulation.harness import Somebody, a_client, a_world, an_event_table, let
from tests.simulation.lambda_client import LambdaClient
from tests.simulation.sdk import Wire, World
from tests.support.runtime import memory_runtime

KEY = {"stream": {"S": "Jar#1"}, "version": {"N": "1"}}


class Works:
    """A function that puts one item, and what became of its invocations."""

    def __init__(self, world: World, *, takes: float = 0.0, timeout: float = 10) -> None:
        self.world = world
        self.dynamodb = an_event_table(world)
        self.times: list[Any] = []
        self.runtimes: list[Runtime] = []
        self.ids: list[str] = []
        self.ends: list[str] = []

        def handle(event: dict[str, Any]) -> dict[str, Any]:
            self.times.append(clock.now())
            self.runtimes.append(runtime.current())
            self.ids.append(ids.new())
            client = runtime.current().adapters["dynamodb"]
            client.put_item(TableName="jars/events", Item=KEY)
            world.scheduler.sleep(takes)
            return {"answer": event.get("question")}

        def compose(container: Container) -> Runtime:
            client = a_client(self.dynamodb, container.name)
            client._wire = Wire(world, container, "dynamodb")
            return memory_runtime("jars", adapters={"dynamodb": client})

        self.function = Function(world, "jars/queries", handle, compose, timeout)

    def invoke(self, times: int = 1, seconds: float = 60) -> "Works":
        for _ in range(times):
            done = lambda how, answer: self.ends.append(how)  # noqa: E731
            if not self.function.invoke({}, [], done):
                self.ends.append("throttled")
            self.world.scheduler.run(self.world.scheduler.now_us + int(seconds * 1_000_000))
        return self

    @property
    def stored(self) -> bool:
        return bool(self.dynamodb.tables["jars/events"].items)


def test_a_warm_container_keeps_what_it_has_composed() -> None:
    works = Works(a_world()).invoke(3)
    assert works.ends == ["ok"] * 3
    assert len({id(one) for one in works.runtimes}) == 1


def test_a_recycled_container_has_composed_anew() -> None:
    works = Works(a_world(faults={"cold start": 1.0})).invoke(3)
    assert len({id(one) for one in works.runtimes}) == 3


def test_two_invocations_at_once_have_a_container_each() -> None:
    works = Works(a_world(), takes=5).invoke(2, seconds=1)
    assert len({id(one) for one in works.runtimes}) == 2


def test_a_container_that_ends_before_its_call_has_stored_nothing() -> None:
    works = Works(a_world(faults={"killed before call": 1.0})).invoke()
    assert works.ends == ["killed"]
    assert not works.stored


def test_a_container_that_ends_after_its_call_has_stored_and_nobody_hears_of_it() -> None:
    works = Works(a_world(faults={"killed after call": 1.0})).invoke()
    assert works.ends == ["killed"]
    assert works.stored


def test_what_ended_is_not_used_again() -> None:
    world = a_world(faults={"killed after call": 1.0})
    works = Works(world).invoke()
    world.faults.stop()
    works.invoke(2)
    assert works.ends == ["killed", "ok", "ok"]
    assert [id(one) == id(works.runtimes[0]) for one in works.runtimes] == [True, False, False]


def test_a_function_that_takes_too_long_is_ended() -> None:
    works = Works(a_world(), takes=30, timeout=10).invoke(seconds=9)
    assert works.ends == []
    works.world.scheduler.run(works.world.scheduler.now_us + 3_000_000)
    assert works.ends == ["timeout"]
    assert works.function.busy == 0


def test_a_standstill_ends_with_the_timeout() -> None:
    works = Works(a_world(faults={"function slow": 1.0})).invoke()
    assert works.ends == ["timeout"]
    assert not works.stored


def test_what_is_stopped_or_has_too_many_at_work_throttles() -> None:
    works = Works(a_world())
    works.function.stopped = True
    assert works.invoke().ends == ["throttled"]
    works.function.stopped = False
    works.function.concurrency = 0
    assert works.invoke().ends == ["throttled", "throttled"]


def test_containers_have_clocks_of_their_own_that_may_step_back() -> None:
    world = a_world(faults={"clock skew": 1.0, "clock step": 0.5})
    works = Works(world).invoke(12, seconds=1)
    skews = [round((seen - BEGIN).total_seconds() - n, 1) for n, seen in enumerate(works.times)]
    assert len(set(skews)) > 3
    assert all(abs(skew) < 40 for skew in skews)
    assert world.faults.fired["clock step"] > 0


def test_ids_are_never_given_twice() -> None:
    works = Works(a_world()).invoke(20, seconds=1)
    assert max(Counter(works.ids).values()) == 1
    assert all(ids.is_uuid(one) for one in works.ids)


def ask(world: World, works: Works) -> Any:
    client = LambdaClient({"jars/queries": works.function}, world, Wire(world, Somebody(), "lambda", attempts=1))
    invoke = invoker(client, {"jars": "jars/queries"})  # type: ignore[arg-type]  # a part of the client
    return let(world, lambda: invoke("jars", {"question": "how many coins?"}))


def test_a_function_that_is_asked_answers() -> None:
    world = a_world()
    assert ask(world, Works(world)) == {"answer": "how many coins?"}


@pytest.mark.parametrize("fault", ["invoke throttled", "no connection", "reply lost", "function slow"])
def test_an_owner_that_cannot_be_reached_is_unavailable(fault: str) -> None:
    world = a_world(faults={fault: 1.0})
    with pytest.raises(UnavailableError):
        ask(world, Works(world))


def test_an_owner_that_fails_is_unavailable() -> None:
    world = a_world()
    works = Works(world)
    works.dynamodb.tables.clear()
    with pytest.raises(UnavailableError):
        ask(world, works)


def test_an_owner_that_takes_longer_than_two_seconds_is_unavailable_and_goes_on_all_the_same() -> None:
    world = a_world()
    works = Works(world, takes=4)
    with pytest.raises(UnavailableError):
        ask(world, works)
    assert works.stored
