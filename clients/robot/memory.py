"""What a robot must not forget. It is saved as JSON before anything of it is told, and a restart goes on from it."""

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from events.vda5050.order import Action, BlockingType, Edge, Node, Order
from events.vda5050.state import ActionState, ActionStatus, Error, ErrorLevel, Load, OperatingMode

MOST_ERRORS = 20  # that it reports: the oldest go first, but for those that are FATAL


@dataclass
class Task:
    """An action, and how far it is.

    left: seconds of work in this status. reached: its node is. again: a RETRIABLE one is to begin again when it may.
    lost: nothing is done for it any more, and it fails once what the robot holds is put back: with all actions ended,
    and no node left, a robot is idle and must take an order.
    """

    action: Action
    status: ActionStatus = ActionStatus.WAITING
    result: str | None = None
    left: float = 0.0
    reached: bool = False
    paused_in: ActionStatus | None = None
    again: bool = False
    lost: bool = False

    @property
    def at_work(self) -> bool:
        return self.status in (ActionStatus.INITIALIZING, ActionStatus.RUNNING) and not self.lost

    @property
    def alone(self) -> bool:
        return self.action.blocking_type in (BlockingType.SINGLE, BlockingType.HARD)

    @property
    def stops(self) -> bool:
        return self.action.blocking_type in (BlockingType.SOFT, BlockingType.HARD)

    def state(self) -> ActionState:
        """As it is reported."""
        action = self.action
        return ActionState(
            action_id=action.action_id,
            action_type=action.action_type,
            action_status=self.status,
            action_result=self.result,
        )


@dataclass
class Ending:
    """An order that is being given up: by a cancelOrder, or for an operating mode in which there is none.

    left: seconds until what the robot holds is put back; None while an action that cannot be cancelled goes on.
    """

    cancel: str | None = None
    mode: OperatingMode | None = None
    left: float | None = None


@dataclass
class Memory:
    """All that lasts. Durations are what is left of them, so that time during which the robot is off does not count."""

    node_id: str
    sequence_id: int = 0
    order: Order | None = None
    """The last order or update that was accepted; it stays when the order has ended."""
    cancelled: bool = False
    earlier_orders: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    instant: list[Task] = field(default_factory=list)
    known_instant: list[str] = field(default_factory=list)
    errors: list[Error] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    leg: float | None = None
    """Seconds left on the way to the next node, or back to the last one; None while the robot stands."""
    off: tuple[float, float] | None = None
    """Where it stands or set out, in metres, while that is not its last node: there its order was given up."""
    ending: Ending | None = None
    clearing: float | None = None
    """Seconds left until what an order left in the basket is put back; None while nothing is to be."""
    paused: bool = False
    mode: OperatingMode = OperatingMode.AUTOMATIC
    charge: float = 100.0
    charging: bool = False
    reported_at: float | None = None
    """When it sent the last state that the broker has, from which its lease counts (a Unix time)."""
    contested: float | None = None
    """Seconds for which it still reports that another program took its connection over; None if none did."""
    unsure: float = 0.0
    """Seconds online in which nothing is handed over, since the order may be another robot's."""

    @property
    def idle(self) -> bool:
        """Whether it may take a new order (section 6.6.8): the same as its state says."""
        return not self.nodes and not self.ending and all(task.status.ended for task in self.tasks)

    @property
    def queue(self) -> list[Task]:
        """The actions of the nodes reached that have not ended, in the sequence of the order."""
        return [task for task in self.tasks if task.reached and not task.status.ended]

    def report(self, problem: Error) -> None:
        """Add an error to the state; the same one is there once."""
        self.errors = [*(each for each in self.errors if each != problem), problem]
        if len(self.errors) > MOST_ERRORS:
            self.errors.remove(next(each for each in self.errors if each.error_level is not ErrorLevel.FATAL))

    def withdraw(self, *kinds: str) -> None:
        """Take errors of these types out of the state."""
        self.errors = [each for each in self.errors if each.error_type not in kinds]

    def to_json(self) -> bytes:
        return _MEMORY.dump_json(self, by_alias=True, exclude_none=True)

    @classmethod
    def from_json(cls, text: bytes) -> "Memory":
        """Raises ValueError for what is no memory."""
        return _MEMORY.validate_json(text)


_MEMORY = TypeAdapter(Memory)
