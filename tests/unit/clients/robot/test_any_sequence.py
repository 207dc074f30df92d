"""Whatever happens to a robot, and in whatever order, it comes to an end of what it was told."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from clients.robot.memory import Memory, Task
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050 import errors
from events.vda5050.collecting import COLLECT, DROP
from events.vda5050.instant_actions import InstantAction
from events.vda5050.order import Order
from events.vda5050.state import ActionStatus, OperatingMode
from events.vda5050.topics import Kind
from tests.conformance.robots.reporting import NEXT
from tests.unit.clients.robot.bench import Bench, at_once, instant, seeded, shopping

SEEDS = 60
STEPS = 40
LONG = 150.0  # seconds: longer than the bench's order takes
HOME = (OperatingMode.AUTOMATIC, OperatingMode.AUTOMATIC, *OperatingMode)


class Chaos:
    """A robot to which anything happens, as a seed has it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        choose = self.random.choice
        settings = Settings(
            failing=choose((0, 0, 0.4)), prepare=choose((0, 2)), percent_a_second=choose((0.01, 0.01, 2))
        )
        self.bench = Bench(settings, chance=seeded(seed))
        self.number = 0
        self.steps: list[str] = []
        self._happens: dict[str, Callable[[], Any]] = {
            "order": self._order,
            "cancel": lambda: self._tell(InstantAction.CANCEL_ORDER),
            "pause": lambda: self._tell(InstantAction.START_PAUSE),
            "resume": lambda: self._tell(InstantAction.STOP_PAUSE),
            "retry": lambda: self._tell(InstantAction.RETRY, actionId=self._retriable()),
            "skip": lambda: self._tell(InstantAction.SKIP_RETRY, actionId=self._retriable()),
            "cut": lambda: self.bench.cut(),
            "back": lambda: self.bench.robot.online or self.bench.back(),
            "power cut": lambda: self._goes_off(self.random.choice((1, 20, 100, 600))),
            "stands still": lambda: self.bench.stand_still(self.random.uniform(1, 300)),
            "clock set back": lambda: self.bench.stand_still(-self.random.uniform(1, 3600)),
            "mode": lambda: self.bench.robot.switch(self.random.choice(HOME), self.bench.now),
            "answers": self._answers,
            "wait": lambda: self.bench.wait(self.random.uniform(0, 60)),
            "collect": lambda: self._comes_to(COLLECT),
            "drop": lambda: self._comes_to(DROP),
            "moment": lambda: self.bench.wait(self.random.uniform(0, 5)),
        }

    def goes_on(self) -> None:
        weights = [1] * (len(self._happens) - 4) + [4, 1, 4, 3]
        self.steps += self.random.choices(list(self._happens), weights)
        self._happens[self.steps[-1]]()

    def calms_down(self) -> None:
        """All is as it should be: a connection, its operating mode, no pause, nothing to be retried."""
        bench = self.bench
        bench.acknowledges = True
        if not bench.robot.online:
            bench.back()
        bench.wait(LONG).robot.switch(OperatingMode.AUTOMATIC, bench.now)
        self._tell(InstantAction.STOP_PAUSE)
        self.waits_for_the_end()

    def waits_for_the_end(self) -> None:
        """What can be retried is retried, and then skipped."""
        for kind in (*[InstantAction.RETRY] * 3, *[InstantAction.SKIP_RETRY] * 7):
            if self.bench.robot.memory.idle:
                break
            self.bench.wait(LONG)
            self._tell(kind, actionId=self._retriable())
        self.bench.wait(LONG)

    def cancels(self) -> None:
        self._tell(InstantAction.CANCEL_ORDER)
        self.bench.wait(LONG)

    @property
    def is_empty(self) -> bool:
        return errors.BATTERY_EMPTY in {each.error_type for each in self.bench.robot.memory.errors}

    def another_order(self) -> Order:
        """An order from where the robot is to the depot by way of two stores."""
        self.number += 1
        whole = shopping(f"list-{self.number}.1", retriable=self.random.random() < 0.5)
        drop = whole.nodes[-1].actions[0].model_copy(update={"retriable": self.random.random() < 0.5})
        here = self.bench.robot.memory.node_id
        nodes = (*whole.nodes[:-1], whole.nodes[-1].model_copy(update={"actions": (drop,)}))
        start = next((place for place, node in enumerate(nodes) if node.node_id == here), 0)
        renumbered = tuple(
            node.model_copy(update={"sequence_id": node.sequence_id - 2 * start}) for node in nodes[start:]
        )
        edges = tuple(
            edge.model_copy(update={"sequence_id": edge.sequence_id - 2 * start}) for edge in whole.edges[start:]
        )
        return whole.model_copy(update={"nodes": renumbered, "edges": edges})

    def _comes_to(self, kind: str) -> None:
        """What is rare by chance, since an action takes seconds of minutes: something happens while it is at work."""
        if self.bench.robot.memory.idle:
            self._order()
        for _ in range(0 if self.bench.robot.memory.idle else int(LONG)):
            if any(task.at_work for task in self.bench.robot.memory.tasks if task.action.action_type == kind):
                self._happens[self.random.choice(("cancel", "mode", "pause", "cut", "moment"))]()
                break
            self.bench.wait(1)

    def _order(self) -> None:
        if self.bench.robot.online:
            self.bench.send(self.another_order())

    def _tell(self, kind: InstantAction, **parameters: str) -> None:
        """Tell it at once; what waited in the session comes before the robot is online."""
        self.number += 1
        payload = at_once(instant(kind, f"at-once-{self.number}", **parameters))
        self.bench.robot.received(Kind.INSTANT_ACTIONS, payload, self.bench.now)

    def _retriable(self) -> str:
        tasks = self.bench.robot.memory.tasks
        return next((task.action.action_id for task in tasks if task.status is ActionStatus.RETRIABLE), "none")

    def _goes_off(self, seconds: float) -> None:
        self.bench = self.bench.off(seconds)
        if self.random.random() < 0.5:
            self._tell(InstantAction.CANCEL_ORDER)
        if self.random.random() < 0.8:
            self.bench.back()

    def _answers(self) -> None:
        self.bench.acknowledges = not self.bench.acknowledges


@pytest.fixture
def changes(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """From and to of each change of an action's status, also of those that no state reports."""
    seen = set[tuple[str, str]]()

    def noted(task: Task, name: str, value: Any) -> None:
        if name == "status" and "status" in vars(task) and task.status is not value:
            seen.add((task.status.value, value.value))
        object.__setattr__(task, name, value)

    monkeypatch.setattr(Task, "__setattr__", noted)
    return seen


def test_a_robot_to_which_anything_happens_comes_to_an_end_of_what_it_was_told(changes: set[tuple[str, str]]) -> None:
    for seed in range(SEEDS):
        chaos = Chaos(seed)
        for _ in range(STEPS):
            chaos.goes_on()
        chaos.calms_down()
        memory, story = chaos.bench.robot.memory, f"seed {seed}: {', '.join(chaos.steps)}"
        if chaos.is_empty:
            chaos.cancels()
        assert (memory.idle, memory.mode, memory.clearing) == (True, OperatingMode.AUTOMATIC, None), story
        assert all(task.status.ended for task in memory.instant), story
        memory.charge = 100
        chaos.bench.send(last := chaos.another_order())
        chaos.waits_for_the_end()
        ended = (memory.order and memory.order.order_id, memory.idle, memory.loads)
        assert chaos.is_empty or ended == (last.order_id, True, []), story
    wrong = {(before, after) for before, after in changes if after not in NEXT.get(ActionStatus(before), ())}
    assert not wrong
    assert {("RUNNING", "PAUSED"), ("RUNNING", "FINISHED"), ("WAITING", "RUNNING")} <= changes


def test_a_memory_of_an_earlier_version_is_read(changes: set[tuple[str, str]]) -> None:
    assert Memory.from_json(b'{"node_id": "depot"}') == Memory(plan().depot)
