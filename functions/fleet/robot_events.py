"""What happens to a robot on the robots' stream."""

from dataclasses import dataclass

from functions.fleet.reports import LOW_CHARGE, Pick, Presence, Task
from functions.kernel.domain.aggregate import DomainEvent

CANCEL, PAUSE, RESUME, RETRY, SKIP = "cancelOrder", "startPause", "stopPause", "retry", "skipRetry"
CLEAR = "clearInstantActions"


@dataclass(frozen=True)
class Named(DomainEvent):
    name: str


@dataclass(frozen=True)
class Retired(DomainEvent):
    pass


@dataclass(frozen=True)
class Connected(DomainEvent):
    """By the broker's word, or because something was received later than the last end of a connection."""

    presence: Presence


@dataclass(frozen=True)
class Disconnected(DomainEvent):
    presence: Presence


@dataclass(frozen=True)
class SessionBegan(DomainEvent):
    """The robot's numbers of its states may begin again."""

    at: str


@dataclass(frozen=True)
class Described(DomainEvent):
    """What the mall needs and the robot's factsheet does not declare, and the percent below which it is to charge."""

    lacks: tuple[str, ...]
    lowest_charge: int = LOW_CHARGE


@dataclass(frozen=True)
class BecameAvailable(DomainEvent):
    """It may be given a list. header, at: the state that says so, if one does."""

    header: int = -1
    at: str = ""


@dataclass(frozen=True)
class BecameUnavailable(DomainEvent):
    """It takes no list: its connection ended, or it cannot. header, at: the state that says so, if one does."""

    header: int = -1
    at: str = ""


@dataclass(frozen=True)
class TaskChanged(DomainEvent):
    task: Task


@dataclass(frozen=True)
class Refused(DomainEvent):
    """The depot takes nothing more under this assignment. has_list: whether the list is still the robot's there."""

    order_id: str
    has_list: bool = True


@dataclass(frozen=True)
class OrderSent(DomainEvent):
    """The order goes out, from the node where the robot is; again with the same content while it is there."""

    order_id: str
    start: str
    at: str


@dataclass(frozen=True)
class OrderTooLarge(DomainEvent):
    """Its order is larger than a message may be, so it does not go out: staff decide what becomes of the list."""

    order_id: str


@dataclass(frozen=True)
class OrderShown(DomainEvent):
    """The robot shows an order that it did not show, or the end of one."""

    order_id: str
    idle: bool
    header: int
    at: str


@dataclass(frozen=True)
class Collected(DomainEvent):
    """What the robot has picked of its list, all of it. done: it is at the depot."""

    list_id: str
    assignment: int
    picked: tuple[Pick, ...]
    done: bool
    header: int
    at: str


@dataclass(frozen=True)
class Asked(DomainEvent):
    """An instant action goes out; under the same id, again. target: the order or action that it is about.

    state: when the state was received that led to it, if one did.
    """

    id: str
    kind: str
    target: str
    at: str
    state: str = ""


@dataclass(frozen=True)
class Answered(DomainEvent):
    """The robot shows these instant actions, or they have no object any more."""

    ids: tuple[str, ...]


@dataclass(frozen=True)
class Instruction:
    """An instant action that the robot has not shown yet. at: when it was sent last; state: as of `Asked`."""

    id: str
    kind: str
    target: str
    at: str
    state: str = ""

    @property
    def replaces(self) -> str:
        """Of two about the same, the later replaces the earlier."""
        return {CANCEL: "order", PAUSE: "pause", RESUME: "pause"}.get(self.kind, self.target)
