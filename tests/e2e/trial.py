"""Robots of the reference client that a test cuts off, keeps away, and starts again without a goodbye."""

import random
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt.client import Client

from clients.mall import Json
from clients.robot.actions import is_drop
from clients.robot.client import Connected
from clients.robot.files import Files
from clients.robot.machine import Publication, Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.collecting import list_and_assignment, order_id
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ActionStatus, State

LEASE = Settings().lease  # seconds
Drops = dict[str, set[str]]
"""By order: the robots that put down at the depot what they had collected."""


@dataclass
class Said:
    """What a robot has said. cancelled: the orders that it gave up as it was told. last: its newest state.

    unreported: the orders whose drop ended, and then the connection, before the broker had a state that says so, by
    when that was; without those of which it had one within a lease.
    story: its cuts and drops, and what the broker took of it, with Unix times.
    """

    cancelled: set[str] = field(default_factory=set)
    unreported: dict[str, float] = field(default_factory=dict)
    last: State | None = None
    story: list[tuple[float, str]] = field(default_factory=list)

    def note(self, what: str) -> None:
        self.story.append((time.time(), what))

    def told(self) -> str:
        """Its story, a line each."""
        return "\n".join(f"  {at:.2f} {what}" for at, what in self.story)


class OnTrial(Connected):
    """One run of the client's program, whose connection a test can end."""

    def __init__(self, machine: Robot, files: Files, drops: Drops, said: Said) -> None:
        identity = files.identity()
        assert identity is not None
        super().__init__(machine, identity, files)
        self.kept_away = threading.Event()
        self._untold: dict[str, float] = {}  # when each order's goods were put down, which the broker does not know
        self._bot_id, self._drops, self._said = identity.bot_id, drops, said
        self._acknowledge, machine.acknowledged = machine.acknowledged, self._acknowledged  # type: ignore[method-assign]

    def run(self, ended: threading.Event) -> None:
        try:
            super().run(ended)
        finally:
            self._give_up_telling()

    def cut(self) -> None:
        """End the connection without a word, from either side."""
        line: Any = self._client.socket() if self._client else None
        with suppress(OSError):
            if line is not None:
                # Not the method of an SSL socket, which takes from the robot's thread what it is reading with.
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    def _note_a_drop(self) -> None:
        """Note what was put down since the robot told anything before."""
        memory, online = self._robot.memory, self._robot.online
        order = memory.order.order_id if memory.order else ""
        finished = any(is_drop(task) and task.status is ActionStatus.FINISHED for task in memory.tasks)
        if finished and self._bot_id not in self._drops[order]:
            self._drops[order].add(self._bot_id)
            self._said.note(f"put down {order}, with a connection: {online}")
            self._untold[order] = time.time()
        if not online:
            self._give_up_telling()

    def _give_up_telling(self) -> None:
        self._said.unreported |= self._untold
        self._untold = {}

    def _acknowledged(self, sent: float) -> None:
        self._said.note(f"the broker has the state of {sent:.2f}")
        self._untold = {order: at for order, at in self._untold.items() if at > sent}
        late = {order: at for order, at in self._said.unreported.items() if not at <= sent < at + LEASE}
        self._said.unreported = late
        self._acknowledge(sent)

    def _connect(self) -> None:
        if self.kept_away.is_set():
            raise ConnectionRefusedError("kept away")
        super()._connect()
        if self.kept_away.is_set():  # since it began to connect
            self.cut()

    def _say_goodbye(self, client: Client) -> None:
        """A program that crashes says nothing."""
        self.cut()

    def _tell(self, publications: Iterable[Publication]) -> None:
        publications = list(publications)
        self._note_a_drop()
        done = ActionStatus.FINISHED
        for state in (each.message for each in publications if isinstance(each.message, State)):
            self._said.last = state
            for each in state.instant_action_states:
                if (each.action_type, each.action_status) == (InstantAction.CANCEL_ORDER, done):
                    self._said.cancelled.add(state.order_id)
        super()._tell(publications)


class Unit:
    """A robot as people see it: the same one through all runs of its program."""

    def __init__(self, bot_id: str, files: Files, settings: Settings, place: int, drops: Drops) -> None:
        self.bot_id = bot_id
        self.said = Said()
        self.trouble = threading.Lock()
        """Held by who gives it trouble that takes time."""
        self._files, self._settings, self._place, self._drops = files, settings, place, drops
        self._chance = random.Random(bot_id).random
        self._ended, self._run, self._thread = self._new_run()

    def start(self) -> None:
        self._thread.start()

    def cut(self) -> None:
        self._run.cut()

    def keep_away(self) -> None:
        self.said.note("kept away")
        self._run.kept_away.set()
        self._run.cut()

    def let_back(self) -> None:
        self.said.note("let back")
        self._run.kept_away.clear()

    def crash(self) -> None:
        """End the program; it knows what is in its files, and no more."""
        self._ended.set()
        self._thread.join()
        self._ended, self._run, self._thread = self._new_run()

    def _new_run(self) -> tuple[threading.Event, OnTrial, threading.Thread]:
        floor, ended = plan(), threading.Event()
        memory = self._files.memory() or Memory(floor.parking[self._place % len(floor.parking)])
        machine = Robot(self.bot_id, memory, self._settings, floor, self._chance)
        run = OnTrial(machine, self._files, self._drops, self.said)
        return ended, run, threading.Thread(target=run.run, args=(ended,), daemon=True)


def no_drops() -> Drops:
    return defaultdict(set)


def count(lists: Sequence[Json], drops: Drops, unreported: Collection[str]) -> Json:
    """How often each list was put down at the depot.

    unreported: the orders of which that could not be told. It excuses those after which another completed the list.
    """
    put_down: dict[str, set[int]] = {one["id"]: set() for one in lists}
    for list_id, number in filter(None, map(list_and_assignment, [*drops])):
        if list_id in put_down:
            put_down[list_id].add(number)
    completing = {one["id"]: one["assignment"] for one in lists if one["status"] == "completed"}
    twice = {id: numbers for id, numbers in put_down.items() if len(numbers) > 1}
    excused = sum(
        all(
            number < completing.get(id, 0) and order_id(id, number) in unreported
            for number in numbers - {completing.get(id)}
        )
        for id, numbers in twice.items()
    )
    return {
        "lists": len(lists),
        "collected_once": sum(put_down[id] == {number} for id, number in completing.items()),
        "lost": len(lists) - len(completing),
        "driven_twice": len(twice) - excused,
        "unreported": excused,
        "given_back": sum(one["assignment"] - 1 for one in lists),
    }
