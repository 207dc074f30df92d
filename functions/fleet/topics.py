"""What robots and the broker say: the handlers of the robots' topics."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from events.vda5050.connection import Connection
from events.vda5050.factsheet import Factsheet
from events.vda5050.shape import Shape
from events.vda5050.state import OperatingMode, State
from events.vda5050.text import MalformedError, read
from functions.fleet import service
from functions.fleet.broker import broker
from functions.fleet.reading import LONGEST_ID, BrokerEvent
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.messaging.topics import Received, Topics
from functions.kernel.runtime import observe
from functions.kernel.runtime.uses import Uses

S = TypeVar("S", bound=Shape)

topics = Topics("fleet", uses=Uses(streams="commit", rows=("get", "put"), ports=(broker,)))


def _reads(model: type[S]) -> Callable[[bytes], S]:
    """A reader of a message of the standard. What is none is the robot's fault, which no retry mends."""

    def reads(payload: bytes) -> S:
        try:
            return read(model, payload)
        except MalformedError as error:
            raise UndeliverableError(str(error)) from error

    return reads


def _state(payload: bytes) -> State | UndeliverableError:
    """A state; what is wrong with one that is none, of a robot that is starting up: it may send anything (6.6.6).

    Which order it shows is kept, so its id must be one that an order may have.
    """
    try:
        state = _reads(State)(payload)
        if len(state.order_id) > LONGEST_ID:
            raise UndeliverableError(f"no State: orderId: an id has at most {LONGEST_ID} characters")
    except UndeliverableError as error:
        if not _starts_up(payload):
            raise
        return error
    return state


def _starts_up(payload: bytes) -> bool:
    """Whether what is no state says that its robot is starting up."""
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("operatingMode") == OperatingMode.STARTUP


def _broker_event(payload: bytes) -> BrokerEvent:
    try:
        return BrokerEvent.model_validate_json(payload)
    except ValidationError as error:
        raise UndeliverableError(f"no presence event: {error.error_count()} errors") from error


@topics.on("presence", reads=_broker_event, robot=lambda said: said.client_id)
def presence(robot: str, said: Sequence[Received[BrokerEvent]]) -> None:
    service.note_presence(robot, said)


@topics.on("connection", reads=_reads(Connection))
def connection(robot: str, said: Sequence[Received[Connection]]) -> None:
    service.begin_sessions(robot, said)


@topics.on("factsheet", reads=_reads(Factsheet))
def factsheet(robot: str, said: Sequence[Received[Factsheet]]) -> None:
    service.describe(robot, said)


@topics.on("state", reads=_state)
def state(robot: str, said: Sequence[Received[State | UndeliverableError]]) -> None:
    states = list[Received[State]]()
    for one in said:
        if isinstance(one.message, State):
            states.append(Received(one.message, one.at, one.redriven))
        else:
            observe.logger().info(f"a robot that is starting up sent {one.message}: it is dropped")
    if states:
        service.report(robot, states)
