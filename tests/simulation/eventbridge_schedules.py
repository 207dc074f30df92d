"""EventBridge schedules: each sends a timer message to a queue, or runs a function, not always in time."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.simulation.containers import BEGIN, Function
from tests.simulation.lambda_client import run_by_itself
from tests.simulation.outages import when_back
from tests.simulation.sdk import World
from tests.simulation.sqs import Queue


class EventBridgeSchedule:
    """One schedule with one target queue. body: of its messages, with `<time>` where the time is put."""

    def __init__(self, world: World, expression: str, queue: Queue, body: str) -> None:
        self._world = world
        self._expression = expression
        self._queue = queue
        self._body = body
        self._plan(BEGIN + timedelta(microseconds=world.scheduler.now_us))

    def _plan(self, after: datetime) -> None:
        due = next_time(self._expression, after)
        at_us = (due - BEGIN) // timedelta(microseconds=1)
        self._world.scheduler.call_at(at_us, lambda: self._fire(due))

    def _fire(self, due: datetime) -> None:
        """Send the message, unless a fault makes it early, late, repeated or missed."""
        world, where = self._world, self._queue.name
        self._plan(due)
        if world.schedules_rest or world.faults.strikes("schedule missed", where):
            return
        seconds = world.choices.seconds(0.01, 2.0, "schedule")
        if world.faults.strikes("schedule late", where):
            seconds += world.choices.seconds(1.0, 60.0, "late")
        stated_time = due
        if world.faults.strikes("schedule early", where):  # a time in the future, by the reader's clock
            stated_time = due + timedelta(seconds=world.choices.between(1, 60, "early"))
        for _ in range(2 if world.faults.strikes("schedule twice", where) else 1):
            world.scheduler.call_in(seconds, lambda: when_back(world, where, lambda: self._send(stated_time)))

    def _send(self, stated_time: datetime) -> None:
        time = stated_time.isoformat(timespec="seconds").replace("+00:00", "Z")
        self._queue.send(self._body.replace("<time>", json.dumps(time)), by="schedule")


class ScheduledFunction:
    """A rule that runs a function without a queue between. is_due: whether there is any use in that."""

    def __init__(self, world: World, function: Function, expression: str, is_due: Callable[[], bool]) -> None:
        self._world, self._function, self._expression, self._is_due = world, function, expression, is_due
        self._plan(BEGIN)

    def _plan(self, after: datetime) -> None:
        due = next_time(self._expression, after)
        self._world.scheduler.call_at((due - BEGIN) // timedelta(microseconds=1), lambda: self._fire(due))

    def _fire(self, due: datetime) -> None:
        world, where = self._world, self._function.name
        self._plan(due)
        if world.schedules_rest or not self._is_due() or world.faults.strikes("schedule missed", where):
            return
        seconds = world.choices.seconds(0.01, 2.0, "schedule")
        if world.faults.strikes("schedule late", where):
            seconds += world.choices.seconds(1.0, 60.0, "late")
        world.scheduler.call_in(seconds, lambda: run_by_itself(self._function, {}, "tick"))


def next_time(expression: str, after: datetime) -> datetime:
    """The next time of a schedule: `rate(N minutes)`, counted from midnight, or `cron(M H * * ? *)`."""
    kind, _, rest = expression.rstrip(")").partition("(")
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "rate":
        number, unit = rest.split()
        every = timedelta(**{unit.removesuffix("s") + "s": int(number)})
        return midnight + ((after - midnight) // every + 1) * every
    minute, hour = (int(part) for part in rest.split()[:2])
    today = midnight + timedelta(hours=hour, minutes=minute)
    return today if today > after else today + timedelta(days=1)
