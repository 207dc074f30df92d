"""A robot over MQTT, of any maker: how the kit reaches it, prepares it for each case, and judges what comes of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

from events.floor.plan import plan
from events.vda5050 import errors
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ErrorLevel, State
from events.vda5050.text import read
from events.vda5050.topics import Kind, Topics
from tests.conformance.gateway import MODELS, PlayedGateway, Stop
from tests.conformance.kit import Case, EndedError, FailedError, Outcome, Result, tried
from tests.conformance.links import Arrived, Unhandled
from tests.conformance.transport import Message, Transport

T = TypeVar("T")
FROM_ROBOT = (Kind.STATE, Kind.CONNECTION, Kind.FACTSHEET, Kind.VISUALIZATION)
KEPT_WITHIN = 5.0  # seconds in which a broker delivers what it keeps to a new subscription
BETWEEN = ("depot", "parking-1", "parking-2", "parking-3", "parking-4")  # where cases may begin

# Cases that ask for more than the standard does, so that a maker's robot need not pass them.
ADVISED = {"does_not_begin_an_earlier_order_again"}

ASKED_AGAIN = 3  # times
ATTEMPTS = 3  # at a case in which the kit loses its own connection
STOPPING = (ErrorLevel.CRITICAL, ErrorLevel.FATAL)
# What a robot says of messages that it does not take: the next ones that it takes end it, so none is there for long.
OF_MESSAGES = errors.REJECTIONS | {
    errors.NO_ORDER_TO_CANCEL,
    errors.INVALID_INSTANT_ACTION,
    errors.INSTANT_ACTION_STATES_FULL,
}


class RemoteLink(Unhandled):
    """A robot on the other side of a broker."""

    def __init__(self, transport: Transport, topics: Topics, serial: str) -> None:
        self.serial = serial
        self._transport = transport
        self._topics = topics
        self._early: list[Arrived] = []
        self.standing: frozenset[str] = frozenset()
        """Types of errors that the robot keeps whatever it is told, such as that its maintenance is due."""
        self.latest: dict[Kind, Arrived] = {}
        """The latest message of each kind, which a case may need that came before it."""
        for kind in FROM_ROBOT:
            transport.subscribe(topics.of(kind, serial))

    def now(self) -> float:
        """The transport's time."""
        return self._transport.now()

    def send(self, kind: Kind, payload: bytes) -> None:
        """Publish to the robot."""
        self._transport.publish(self._topics.of(kind, self.serial), payload)

    def wait(self, seconds: float) -> list[Arrived]:
        """What arrives next."""
        if self._early:
            arrived, self._early = self._early, []
            return arrived
        message = self._transport.next(seconds)
        return [self._arrived(message)] if message else []

    def lost(self) -> str:
        """Why the kit lost its own connection since this was asked last; "" if it did not."""
        return self._transport.lost()

    def returns(self) -> None:
        """Wait for the kit's own connection. Raises EndedError if it does not come back."""
        self._transport.returns()

    def topic(self, kind: Kind) -> str:
        """The robot's topic of a kind."""
        return self._topics.of(kind, self.serial)

    def retains(self, kind: Kind) -> bool:
        """Whether a new subscription is given a message at once."""
        topic = self._topics.of(kind, self.serial)
        self._transport.subscribe(topic)
        end = self.now() + KEPT_WITHIN
        while (left := end - self.now()) > 0 and (message := self._transport.next(left)):
            if message.topic == topic and message.retain:
                return True
            self._early.append(self._arrived(message))
        return False

    def _arrived(self, message: Message) -> Arrived:
        _, kind = self._topics.parse(message.topic)
        self.latest[kind] = Arrived(kind, message.payload, message.retain, self.now())
        return self.latest[kind]


def attempts(link: RemoteLink, cases: Iterable[Case[PlayedGateway]], patience: float) -> Iterator[Result]:
    """What comes of each case. Raises EndedError if no case can be tried, or none any more: it says what to check."""
    _connected(link, "preparing the robot", lambda: _ready(link, patience))
    for case in cases:
        yield _connected(link, case.name, partial(_judged, link, case, patience))


def _ready(link: RemoteLink, patience: float) -> None:
    try:
        prepared(link, patience)
    except FailedError as failed:
        raise EndedError(f"robot {link.serial} cannot be prepared for any case: {failed}") from failed


def _judged(link: RemoteLink, case: Case[PlayedGateway], patience: float) -> Result:
    result = tried(case, lambda: prepared(link, patience))
    advised = result.outcome is Outcome.FAILED and case.name in ADVISED
    return replace(result, outcome=Outcome.ADVISED) if advised else result


def _connected(link: RemoteLink, what: str, do: Callable[[], T]) -> T:
    """Do it, and again if the kit lost its own connection meanwhile: then nothing that came of it is the robot's."""
    why = ""
    for _ in range(ATTEMPTS):
        link.returns()
        try:
            done = do()
        except (EndedError, ConnectionError):
            if not (why := link.lost()):
                raise
        else:
            if not (why := link.lost()):
                return done
    raise EndedError(
        f"the kit lost its own connection to the broker {ATTEMPTS} times at {what} ({why}), which says nothing of the "
        "robot. Check the network, and what the policy of the kit's certificate allows"
    )


def prepared(link: RemoteLink, patience: float) -> PlayedGateway:
    """The robot as a case wants it: idle, not paused, without errors of refused orders, and near the depot.

    Raises FailedError for one that does not come that far, EndedError for one that does not answer.
    """
    gateway = PlayedGateway(link, patience, seed=None)
    state = _asked_for_its_state(gateway, link)
    if state.last_node_id not in plan().nodes:
        raise FailedError(f"it is at {state.last_node_id!r}, which is no node of the floor plan: set it down at one")
    if state.paused:
        gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE))
    if not state.idle:
        gateway.answers(gateway.instantly(InstantAction.CANCEL_ORDER), 150)
    state = gateway.until(lambda state: state.idle, "idle", 150)
    if state.last_node_id not in BETWEEN:
        gateway.does(gateway.sends(gateway.order(Stop("depot"))))
    elif _types(state) - link.standing:
        gateway.does(gateway.sends(gateway.order()))
    gateway.instantly(InstantAction.CLEAR_INSTANT_ACTIONS)
    state = gateway.until(lambda state: len(state.instant_action_states) <= 1, "no old instant actions", 30)
    if wrong := [e.error_type for e in state.errors if e.error_level in STOPPING or e.error_type in OF_MESSAGES]:
        raise FailedError(f"the robot has errors: {wrong}")
    link.standing = _types(state)
    begun = PlayedGateway(link, patience, seed=None)
    begun.forgiven = link.standing
    begun.log = [(arrived, read(MODELS[kind], arrived.payload)) for kind, arrived in link.latest.items()]
    return begun


def _types(state: State) -> frozenset[str]:
    return frozenset(error.error_type for error in state.errors)


def _asked_for_its_state(gateway: PlayedGateway, link: RemoteLink) -> State:
    """Ask until it answers, for one that is connecting does not listen yet; what came before is of an earlier case."""
    why = ""
    for _ in range(1 + ASKED_AGAIN):
        try:
            gateway.answers(gateway.instantly(InstantAction.STATE_REQUEST), 15)
            return gateway.state()
        except FailedError as failed:
            why = str(failed)
    raise EndedError(
        f"robot {link.serial} does not answer stateRequest on {link.topic(Kind.INSTANT_ACTIONS)} ({why}). Check that "
        "it is on and connected to this broker, that --serial is its robot id and --interface the first level of its "
        "topics, and that the policy of the kit's certificate allows iot:Publish there"
    )
