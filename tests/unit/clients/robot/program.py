"""The robot's program on a broker in this process, and what it published there."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from clients.robot.client import Connected, running
from clients.robot.files import Files
from clients.robot.machine import Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Action
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind, Topics
from tests.unit.clients.robot.bench import HEADER, SERIAL, never
from tests.unit.clients.robot.broker import Broker

TOPICS = {kind: Topics("mallbots-test").of(kind, SERIAL) for kind in Kind}
QUICK = Settings().faster(200)


def pair() -> tuple[socket.socket, socket.socket]:
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    return ends


@contextmanager
def robot(
    broker: Broker, files: Files, settings: Settings = QUICK, clock: Callable[[], float] = time.time
) -> Iterator[threading.Event]:
    """Gives the event of its end."""
    identity = files.identity()
    assert identity
    memory = files.memory() or Memory(plan().depot)
    machine = Robot(SERIAL, memory, settings, plan(), never)
    with running([Connected(machine, identity, files, broker.client, clock)]) as ended:
        yield ended


def told(broker: Broker, kind: Kind) -> list[dict[str, Any]]:
    return [json.loads(each.payload) for each in broker.published if each.topic == TOPICS[kind]]


def state(broker: Broker) -> dict[str, Any]:
    """The newest; nothing before the first."""
    return next(reversed(told(broker, Kind.STATE)), {})


def connection(broker: Broker) -> list[str]:
    return [each["connectionState"] for each in told(broker, Kind.CONNECTION)]


def is_done(broker: Broker, order_id: str = "list-1.1") -> Callable[[], bool]:
    def done() -> bool:
        newest = state(broker)
        statuses = {each["actionStatus"] for each in newest.get("actionStates", [])}
        return newest.get("orderId") == order_id and statuses == {"FINISHED"} and not newest["nodeStates"]

    return done


def at_once(action: Action) -> bytes:
    return to_bytes(InstantActions(**HEADER, actions=(action,)))
