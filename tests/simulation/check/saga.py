"""A saga by its events, and the words and bounds of its steps."""

from dataclasses import dataclass, field

from tests.simulation.check.parsed_history import SECOND

LONGEST_TIMEOUT = 900  # seconds

STAGES = ((1, 2, 3), (4,), (5,))
COMMAND = {
    1: "AuthorizeCustomer",
    2: "CreateShoppingList",
    3: "ConfirmPayment",
    4: "InitiateShopping",
    5: "ApproveOrder",
}
ACCEPTED = {
    1: "CustomerAuthorized",
    2: "ShoppingListAccepted",
    3: "PaymentAccepted",
    4: "ShoppingInitiated",
    5: "OrderApprovalAccepted",
}
REFUSED = {
    1: "CustomerRefused",
    2: "ShoppingListRefused",
    3: "PaymentRefused",
    4: "ShoppingRefused",
    5: "OrderApprovalRefused",
}
UNDO = {0: "RejectOrder", 2: "CancelShoppingList", 3: "VoidPayment", 4: "CancelShoppingList"}
UNDO_ACCEPTED = {
    "RejectOrder": "OrderRejectionAccepted",
    "CancelShoppingList": "ShoppingListCancellationAccepted",
    "VoidPayment": "PaymentVoidAccepted",
}
ATTEMPTS = 3  # of a step, before its saga compensates
UNDO_ATTEMPTS = 35  # before a saga is parked, and again each time that it is resumed
# Each attempt waits twice as long as the one before, up to 900 s. With the shortest step timeout of the workload, 2 s:
# 2 + 4 + … + 512 s for 9 attempts, 900 s for each of the other 26, together 24,422 s. Clocks are seconds off.
UNDONE_FOR = 24_400 * SECOND
FIRST_UNLIMITED = 4  # from this step on, a step is retried without limit

STATUSES = {
    "pending": set[str](),
    "approved": {"completed"},
    "ready": {"completed"},
    "completed": {"completed"},
    "rejected": {"compensated"},
    "cancelled": {"completed", "compensated", "stopped"},
}


@dataclass
class Saga:
    """A saga by its events.

    awaited: the attempts that have no answer yet: step → (attempt, due). watch: when the latest watch ends. undone: the
    steps that were undone. undo_since: when the first of the current attempts to undo a step was made.
    """

    step_timeout: int = 60
    status: str = "running"
    awaited: dict[int, tuple[int, str]] = field(default_factory=dict)
    sent: set[int] = field(default_factory=set)
    answered: set[int] = field(default_factory=set)
    watch: str = ""
    compensating: bool = False
    undo_since: int = 0
    undone: list[int] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    ended_at: int = 0

    @property
    def to_undo(self) -> list[int]:
        """The steps to undo, in order: the order itself, then backwards from the last one sent; the list once."""
        return [0, *(step for step in (4, 3, 2) if step in self.sent and (step != 2 or 4 not in self.sent))]

    def may_ask(self, step: int) -> bool:
        """Whether every step of the stages before is answered."""
        before = [stage for stage in STAGES if max(stage) < step and step not in stage]
        return step in COMMAND and not self.compensating and all(self.answered >= {*stage} for stage in before)

    def timeout(self, attempt: int) -> int:
        """How long an attempt waits for its answer, in seconds."""
        doublings = (attempt - 1) % UNDO_ATTEMPTS if self.compensating else max(0, attempt - ATTEMPTS)
        return min(self.step_timeout << doublings, LONGEST_TIMEOUT)
