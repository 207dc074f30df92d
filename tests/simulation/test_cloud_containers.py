"""The simulated containers: cold and warm starts, clocks, kills and timeouts."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from functions.kernel.composition.adapters import invoker
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock, ids, runtime
from functions.kernel.runtime.runtime import Runtime
from tests.simulation.containers import BEGIN, Container, Function
from tests.simulation.harness import FakeCaller, a_client, a_world, an_event_table, run_task
from tests.simulation.lambda_client import LambdaClient
from tests.simulation.sdk import Wire, World
from tests.support.runtime import memory_runtime

KEY = {"stream": {"S": "Jar#1"}, "version": {"N": "1"}}


class PuttingFunction:
    """A function that puts one item, and the ends of its invocations."""

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

    def invoke(self, times: int = 1, seconds: float = 60) -> "PuttingFunction":
        for _ in range(times):
            done = lambda how, answer: self.ends.append(how)  # noqa: E731
            if not self.function.invoke({}, [], done):
                self.ends.append("throttled")
            self.world.scheduler.run(self.world.scheduler.now_us + int(seconds * 1_000_000))
        return self

    @property
    def stored(self) -> bool:
        return bool(self.dynamodb.tables["jars/events"].items)


def test_a_warm_container_keeps_its_runtime() -> None:
    putting = PuttingFunction(a_world()).invoke(3)
    assert putting.ends == ["ok"] * 3
    assert len({id(one) for one in putting.runtimes}) == 1


def test_a_recycled_container_has_a_new_runtime() -> None:
    putting = PuttingFunction(a_world(faults={"cold start": 1.0})).invoke(3)
    assert len({id(one) for one in putting.runtimes}) == 3


def test_two_concurrent_invocations_have_a_container_each() -> None:
    putting = PuttingFunction(a_world(), takes=5).invoke(2, seconds=1)
    assert len({id(one) for one in putting.runtimes}) == 2


def test_a_container_that_is_killed_before_its_call_has_stored_nothing() -> None:
    putting = PuttingFunction(a_world(faults={"killed before call": 1.0})).invoke()
    assert putting.ends == ["killed"]
    assert not putting.stored


def test_a_container_that_is_killed_after_its_call_has_stored_the_item() -> None:
    putting = PuttingFunction(a_world(faults={"killed after call": 1.0})).invoke()
    assert putting.ends == ["killed"]
    assert putting.stored


def test_a_killed_container_is_not_used_again() -> None:
    world = a_world(faults={"killed after call": 1.0})
    putting = PuttingFunction(world).invoke()
    world.faults.stop()
    putting.invoke(2)
    assert putting.ends == ["killed", "ok", "ok"]
    assert [id(one) == id(putting.runtimes[0]) for one in putting.runtimes] == [True, False, False]


def test_a_function_that_takes_too_long_times_out() -> None:
    putting = PuttingFunction(a_world(), takes=30, timeout=10).invoke(seconds=9)
    assert putting.ends == []
    putting.world.scheduler.run(putting.world.scheduler.now_us + 3_000_000)
    assert putting.ends == ["timeout"]
    assert putting.function.busy == 0


def test_a_container_that_hangs_times_out() -> None:
    putting = PuttingFunction(a_world(faults={"function slow": 1.0})).invoke()
    assert putting.ends == ["timeout"]
    assert not putting.stored


def test_a_function_that_is_stopped_or_at_its_concurrency_limit_throttles() -> None:
    putting = PuttingFunction(a_world())
    putting.function.stopped = True
    assert putting.invoke().ends == ["throttled"]
    putting.function.stopped = False
    putting.function.concurrency = 0
    assert putting.invoke().ends == ["throttled", "throttled"]


def test_each_container_has_its_own_clock_which_may_step_back() -> None:
    world = a_world(faults={"clock skew": 1.0, "clock step": 0.5})
    putting = PuttingFunction(world).invoke(12, seconds=1)
    skews = [round((seen - BEGIN).total_seconds() - n, 1) for n, seen in enumerate(putting.times)]
    assert len(set(skews)) > 3
    assert all(abs(skew) < 40 for skew in skews)
    assert world.faults.fired["clock step"] > 0


def test_ids_are_never_given_twice() -> None:
    putting = PuttingFunction(a_world()).invoke(20, seconds=1)
    assert max(Counter(putting.ids).values()) == 1
    assert all(ids.is_uuid(one) for one in putting.ids)


def invoke_owner(world: World, putting: PuttingFunction) -> Any:
    client = LambdaClient({"jars/queries": putting.function}, world, Wire(world, FakeCaller(), "lambda", attempts=1))
    invoke = invoker(client, {"jars": "jars/queries"})  # type: ignore[arg-type]  # a part of the client
    return run_task(world, lambda: invoke("jars", {"question": "how many coins?"}))


def test_an_invocation_returns_the_answer() -> None:
    world = a_world()
    assert invoke_owner(world, PuttingFunction(world)) == {"answer": "how many coins?"}


@pytest.mark.parametrize("fault", ["invoke throttled", "no connection", "reply lost", "function slow"])
def test_an_owner_that_cannot_be_reached_is_unavailable(fault: str) -> None:
    world = a_world(faults={fault: 1.0})
    with pytest.raises(UnavailableError):
        invoke_owner(world, PuttingFunction(world))


def test_an_owner_that_fails_is_unavailable() -> None:
    world = a_world()
    putting = PuttingFunction(world)
    putting.dynamodb.tables.clear()
    with pytest.raises(UnavailableError):
        invoke_owner(world, putting)


def test_an_owner_that_takes_longer_than_two_seconds_is_unavailable_and_continues() -> None:
    world = a_world()
    putting = PuttingFunction(world, takes=4)
    with pytest.raises(UnavailableError):
        invoke_owner(world, putting)
    assert putting.stored


class Working:
    """A function whose jobs are done side by side, each of two puts of items of its own."""

    def __init__(self, world: World, jobs: int, *, timeout: float = 10, takes: float = 0.0) -> None:
        self.world = world
        self.dynamodb = an_event_table(world)
        self.ends: list[tuple[str, Any]] = []
        self.waited: list[int] = []

        def job(number: int) -> int:
            client = runtime.current().adapters["dynamodb"]
            for version in ("1", "2"):
                client.put_item(
                    TableName="jars/events", Item={"stream": {"S": f"Jar#{number}"}, "version": {"N": version}}
                )
                world.scheduler.sleep(takes)
                self.waited.append(number)
            if number == 1:
                raise ValueError("this one fails")
            return number

        def handle(event: dict[str, Any]) -> list[str]:
            outcomes = runtime.current().side_by_side([partial(job, number) for number in range(jobs)])
            return [str(outcome) for outcome in outcomes]

        def compose(container: Container) -> Runtime:
            client = a_client(self.dynamodb, container.name)
            client._wire = Wire(world, container, "dynamodb")
            return memory_runtime("jars", adapters={"dynamodb": client}, side_by_side=container.side_by_side)

        function = Function(world, "jars/queries", handle, compose, timeout)
        function.invoke({}, [], self._ended)
        world.scheduler.run(60 * 1_000_000)

    def _ended(self, how: str, answer: Any) -> None:
        self.ends.append((how, answer))
        self.stored_at_the_end = len(self.stored)

    @property
    def stored(self) -> list[tuple[str, str]]:
        """The keys of the items, in the order of their writes."""
        return [(key[0], str(key[1])) for key in self.dynamodb.tables["jars/events"].items]


@pytest.mark.parametrize("jobs", [0, 1, 4])
def test_jobs_side_by_side_return_what_they_would_one_by_one(jobs: int) -> None:
    working = Working(a_world(), jobs)
    assert working.ends == [("ok", ["0", "this one fails", "2", "3"][:jobs])]
    assert len(working.stored) == 2 * jobs


def test_jobs_side_by_side_are_interleaved_in_an_order_that_the_seed_decides() -> None:
    orders = {tuple(Working(a_world(seed), 4).stored) for seed in range(5)}
    assert len(orders) > 1
    assert any([jar for jar, _ in order] != sorted(jar for jar, _ in order) for order in orders)
    assert Working(a_world(3), 4).stored == Working(a_world(3), 4).stored


def test_a_kill_in_one_of_the_jobs_ends_all_of_them_and_the_invocation() -> None:
    ended = [Working(a_world(seed, faults={"killed after call": 0.2}), 4) for seed in range(20)]
    killed = [working for working in ended if working.ends == [("killed", None)]]
    assert killed
    assert [len(working.stored) for working in killed] == [working.stored_at_the_end for working in killed]
    assert any(1 < len(working.stored) < 8 for working in killed)


def test_a_timeout_ends_all_jobs() -> None:
    working = Working(a_world(), 4, timeout=5, takes=6)
    assert working.ends == [("timeout", None)]
    assert ({version for _, version in working.stored}, working.waited) == ({"1"}, [])
