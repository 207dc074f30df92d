"""EventBridge schedules: a timer's bare body, sent to a queue again and again, not always in time."""

import json
from datetime import datetime, timedelta

from events.registry import Timer
from tests.simulation.containers import BEGIN
from tests.simulation.sdk import World
from tests.simulation.sqs import Queue


class Schedule:
    """One schedule of one queue."""

    def __init__(self, world: World, timer: type[Timer], expression: str, queue: Queue) -> None:
        self._world = world
        self._timer = timer
        self._expression = expression
        self._queue = queue
        self._plan(BEGIN)

    def _plan(self, after: datetime) -> None:
        due = moment(self._expression, after)
        at_us = (due - BEGIN) // timedelta(microseconds=1)
        self._world.scheduler.call_at(at_us, lambda: self._come(due))

    def _come(self, due: datetime) -> None:
        """The time has come, or nearly, or twice, or is passed over."""
        world, where = self._world, self._queue.name
        self._plan(due)
        if world.faults.strikes("schedule missed", where):
            return
        seconds = world.choices.seconds(0.01, 2.0, "schedule")
        if world.faults.strikes("schedule late", where):
            seconds += world.choices.seconds(1.0, 60.0, "late")
        said = due
        if world.faults.strikes("schedule early", where):  # a moment of the future, as its reader's clock sees it
            said = due + timedelta(seconds=world.choices.between(1, 60, "early"))
        for _ in range(2 if world.faults.strikes("schedule twice", where) else 1):
            world.scheduler.call_in(seconds, lambda: self._send(said))

    def _send(self, said: datetime) -> None:
        time = said.isoformat(timespec="seconds").replace("+00:00", "Z")
        self._queue.send(
            json.dumps({"detail-type": self._timer.about.name, "version": self._timer.about.version, "time": time}),
            by="schedule",
        )


def moment(expression: str, after: datetime) -> datetime:
    """When a schedule falls due next: `rate(N minutes)`, counted from midnight, or `cron(M H * * ? *)`."""
    kind, _, rest = expression.rstrip(")").partition("(")
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "rate":
        number, unit = rest.split()
        every = timedelta(**{unit.removesuffix("s") + "s": int(number)})
        return midnight + ((after - midnight) // every + 1) * every
    minute, hour = (int(part) for part in rest.split()[:2])
    today = midnight + timedelta(hours=hour, minutes=minute)
    return today if today > after else today + timedelta(days=1)
