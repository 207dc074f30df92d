"""Every saga ends, and as its order did: everything done, or everything undone whose command was sent."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.simulation.check.delivery import Ways
from tests.simulation.check.parsed_history import SECOND, Reading
from tests.simulation.check.records import Commit, Event
from tests.simulation.check.subscribers import ANSWERS
from tests.simulation.check.violation import Violation

ENDS = "every saga ends soon after the faults"
ONE_END = "no saga is both completed and compensated"
IN_TURN = "a saga takes its steps in turn, and undoes each whose command was sent"
ASKS = "a step of a saga is a command and a reminder"
HEARS = "a saga goes on by the answer that it waits for"
AS_ITS_ORDER = "a saga ends as its order does"
UNDONE = "what a compensated saga asked for is undone"
HEEDED = "a try whose time is over is followed by something"

# The longest time between two reminders of a try (900 s), and what the messages that follow may take.
SOON = 1200 * SECOND

COMMANDS = (
    "RejectOrder",
    "AuthorizeCustomer",
    "CreateShoppingList",
    "ConfirmPayment",
    "InitiateShopping",
    "ApproveOrder",
)
ACCEPTED = (
    "OrderRejectionAccepted",
    "CustomerAuthorized",
    "ShoppingListAccepted",
    "PaymentAccepted",
    "ShoppingInitiated",
    "OrderApprovalAccepted",
)
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
TRIES, LAST, FIRST_THAT_INSISTS = 3, 5, 4

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
    """Where a saga is: sent is the last step whose command was sent, undone the steps that were undone."""

    status: str = "running"
    step: int = 0
    attempt: int = 0
    sent: int = 0
    turned: bool = False
    undone: list[int] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    ended_at: int = 0

    @property
    def to_undo(self) -> list[int]:
        """The steps to undo, in their order: the order itself, then back from the last that was asked for."""
        steps = [step for step in (4, 3, 2) if step <= self.sent]
        return [0, *(step for step in steps if step != 2 or 4 not in steps)]


def violations(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """Sagas that go astray, that do not end, or end otherwise than they should."""
    for order_id, commits in reading.of_kind("CreateOrderSaga"):
        saga = Saga()
        for commit in commits:
            for event in commit.events:
                for invariant, text in _step(saga, event, commit, reading):
                    about = {"stream": commit.stream, "cause": commit.causation}
                    yield Violation(invariant, f"{commit.where} {text}", about)
        if {"completed", "compensated"} <= set(saga.ends):
            text = f"the saga of the order {order_id} was completed and compensated"
            yield Violation(ONE_END, text, {"stream": commits[0].stream})
        # Whatever else is lost, a saga goes on as long as something reminds it.
        if reading.is_still and not ways.misses("checkout", order_id, ["StepTimedOut"]):
            yield from _end(order_id, saga, commits, reading, ways)
    yield from _heeded(reading)
    if reading.is_still:
        yield from _begun(reading, ways)


def _step(saga: Saga, event: Event, commit: Commit, reading: Reading) -> Iterator[tuple[str, str]]:
    cause = reading.cause_of(commit)
    why = cause.name if cause else ""
    # All answers to one command have one id. A step that only looks may see another thing when it is asked again.
    said = {why, *(detail["metadata"]["name"] for detail in reading.published.get(commit.causation or "", ()))}
    name, data = event.name, event.data
    if name == "StepSent":
        following = (saga.step, saga.attempt + 1), (saga.step + 1, 1)
        if saga.turned or (data["step"], data["attempt"]) not in following or data["step"] > LAST:
            yield IN_TURN, f"sends step {data['step']} for the {data['attempt']}. time after step {saga.step}"
        saga.step, saga.attempt, saga.sent = data["step"], data["attempt"], data["step"]
        yield from _asks(COMMANDS[data["step"]], event, commit)
    elif name == "StepAnswered":
        if ACCEPTED[saga.step] not in said or data["step"] != saga.step:
            yield HEARS, f"takes step {data['step']} for done, because of {why or 'nothing'}"
    elif name == "TurnedRound":
        timed_out = why == "StepTimedOut" and saga.step < FIRST_THAT_INSISTS and saga.attempt >= TRIES
        if saga.turned or not (timed_out or said & {REFUSED.get(saga.step), "OrderCancelled"}):
            yield HEARS, f"turns round at try {saga.attempt} of step {saga.step}, because of {why or 'nothing'}"
        saga.turned, saga.step, saga.attempt = True, 0, 0
    elif name == "UndoSent":
        left = [step for step in saga.to_undo if step not in saga.undone]
        again = saga.attempt + 1 if data["step"] == saga.step else 1
        if data["step"] not in left[:1] or data["attempt"] != again:
            yield IN_TURN, f"undoes step {data['step']} for the {data['attempt']}. time, with {left} left to undo"
        saga.step, saga.attempt = data["step"], data["attempt"]
        yield from _asks(UNDO.get(data["step"], ""), event, commit)
    elif name == "Undone":
        if why != UNDO_ACCEPTED.get(UNDO.get(saga.step, "")) or data["step"] != saga.step:
            yield HEARS, f"takes step {data['step']} for undone, because of {why or 'nothing'}"
        saga.undone.append(data["step"])
    else:
        yield from _move(saga, event, commit, why)


def _move(saga: Saga, event: Event, commit: Commit, why: str) -> Iterator[tuple[str, str]]:
    name = event.name
    statuses = {"Parked": "parked", "Resumed": "running", "Stopped": "stopped"}
    saga.status = statuses.get(name, saga.status)
    if name in ("Completed", "Compensated", "Stopped"):
        saga.status = name.lower()
        saga.ends.append(saga.status)
        saga.ended_at = commit.at
    if name == "Stopped" and why != "OrderCancelled":
        yield HEARS, f"never begins, because of {why or 'nothing'}"
    if name == "Completed" and saga.turned and (saga.step, why) != (0, "OrderRejectionRefused"):
        yield HEARS, f"is completed when it was turned round, because of {why or 'nothing'}"
    if name == "Completed" and not saga.turned and saga.step != LAST:
        yield IN_TURN, f"is completed after step {saga.step}"
    if name == "Compensated" and saga.undone != saga.to_undo:
        yield IN_TURN, f"is compensated, and of the steps {saga.to_undo} it undid {saga.undone}"


def _asks(command: str, event: Event, commit: Commit) -> Iterator[tuple[str, str]]:
    carried = {m.name: m for m in commit.messages if m.metadata.get("stream_version") == event.stream_version}
    reminder = carried.get("StepTimedOut")
    if command not in carried:
        yield ASKS, f"carries {sorted(carried)}, and no {command}"
    if reminder is None or not reminder.delay:
        yield ASKS, f"asks with {command}, and nothing reminds it of that"


def _end(order_id: str, saga: Saga, commits: list[Commit], reading: Reading, ways: Ways) -> Iterator[Violation]:
    about = {"stream": commits[0].stream}
    if saga.status == "parked" and _lies_dead(UNDO[saga.step], order_id, ways):
        return  # as it is meant to: whoever redrives what it asked for lets it go on
    if not saga.ends:
        text = f"the saga of the order {order_id} is {saga.status} at step {saga.step}, try {saga.attempt}"
        yield Violation(ENDS, text, about)
        return
    order = reading.stream("Order", order_id)
    began = max(reading.quiet_from, commits[0].at, *(commit.at for commit in commits if "Resumed" in commit.names()), 0)
    if saga.ended_at > began + SOON:
        text = f"the saga of the order {order_id} ended {(saga.ended_at - began) // SECOND} s after the last fault"
        yield Violation(ENDS, text, about)
    status = order_status(order)
    if status not in STATUSES or saga.status not in STATUSES[status]:
        text = f"the order {order_id} is {status or 'not there'}, and its saga {saga.status}"
        yield Violation(AS_ITS_ORDER, text, about)
    if saga.status == "compensated":
        yield from _undone(order_id, saga, reading, ways)


def _lies_dead(command: str, order_id: str, ways: Ways) -> bool:
    queue, answers = ANSWERS[command]
    asked = ways.misses(queue.partition("/")[0], order_id, [command])
    return asked or ways.misses("checkout", order_id, answers)


def _undone(order_id: str, saga: Saga, reading: Reading, ways: Ways) -> Iterator[Violation]:
    """What a compensated saga asked for is cancelled, voided or given back."""
    of_list = {name for commit in reading.stream("ShoppingList", order_id) for name in commit.names()}
    if saga.sent >= 2 and not {"Cancelled", "Completed"} & of_list:
        text = f"the saga of the order {order_id} is compensated, and its shopping list was not cancelled"
        yield Violation(UNDONE, text, {"stream": f"ShoppingList#{order_id}"})
    for payment_id, commits in reading.of_kind("Payment"):
        events = [event for commit in commits for event in commit.events]
        names = {event.name for event in events}
        if "Captured" in names and ways.misses("payments", order_id, ["OrderCancelled"]):
            continue  # what was captured goes back when payments hears how the order ended
        serves = any(event.name == "Confirmed" and event.data["order_id"] == order_id for event in events)
        if serves and not {"Voided", "RefundRequested"} & names:
            text = f"the saga of the order {order_id} is compensated, and its payment {payment_id} was not voided"
            yield Violation(UNDONE, text, {"stream": f"Payment#{payment_id}"})


def _heeded(reading: Reading) -> Iterator[Violation]:
    """A reminder of the very try that waits is not done with before the saga has moved."""
    dead = {(letter.queue, letter.message.id) for letter in reading.dead if letter.message}
    for copy in reading.copies.values():
        reminder = copy.message
        if reminder is None or reminder.name != "StepTimedOut" or copy.deleted is None:
            continue
        if (copy.queue, reminder.id) in dead or reminder.commit is None:
            continue
        last = reminder.metadata["stream_version"]
        commits = reading.stream("CreateOrderSaga", reminder.data["order_id"])
        if not any(commit.last > last and commit.at <= copy.deleted for commit in commits):
            text = f"{reminder.commit.where} reminded of a try without an answer, and nothing came of it"
            yield Violation(HEEDED, text, {"message": reminder.id, "stream": reminder.commit.stream})


def _begun(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """Every order has a saga, and none is pending for ever."""
    for order_id, commits in reading.of_kind("Order"):
        if not ways.misses("checkout", order_id, ["OrderCreated"]) and not reading.stream("CreateOrderSaga", order_id):
            yield Violation(ENDS, f"the order {order_id} has no saga", {"stream": commits[0].stream})


def order_status(commits: list[Commit]) -> str:
    """How an order stands by its events; empty for one that is not there."""
    words = {
        "Created": "pending",
        "Approved": "approved",
        "Readied": "ready",
        "Completed": "completed",
        "Rejected": "rejected",
        "Cancelled": "cancelled",
        "NothingFound": "cancelled",
    }
    names = [name for commit in commits for name in commit.names() if name in words]
    return words[names[-1]] if names else ""
