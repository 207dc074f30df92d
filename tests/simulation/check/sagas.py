"""Sagas: each ends as its order does, completed, or with everything undone whose command was sent."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Commit, Event
from tests.simulation.check.subscribers import ANSWERS
from tests.simulation.check.violation import Violation

ENDS = "every saga ends within 1,200 s after the faults"
ONE_END = "no saga is both completed and compensated"
STEP_ORDER = "a saga takes its steps in order, and undoes each whose command was sent"
COMMAND_AND_TIMEOUT = "a step of a saga sends a command and sets a timeout"
AWAITED_ANSWER = "a saga proceeds by the answer that it waits for"
AS_ITS_ORDER = "a saga ends as its order does"
COMPENSATED = "a compensated saga leaves no open list and no payment kept"
TIMEOUT_HANDLED = "a saga acts on the timeout of its current attempt"
PARKED_LATE = "a saga is parked only after hours of attempts to undo a step"

# The longest timeout of an attempt (900 s), and the time that the messages after it may take.
BOUND = 1200 * SECOND

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
ATTEMPTS = 3  # of a step, before its saga compensates
UNDO_ATTEMPTS = 35  # before a saga is parked, and again each time that it is resumed
# Each attempt waits twice as long as the one before, up to 900 s. With the shortest step timeout of the workload, 2 s:
# 2 + 4 + … + 512 s for 9 attempts, 900 s for each of the other 26, together 24,422 s. Clocks are seconds off.
UNDONE_FOR = 24_400 * SECOND
LAST_STEP = 5
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

    sent: the last step whose command was sent. undone: the steps that were undone. undo_since: when the first of the
    current attempts to undo a step was made.
    """

    status: str = "running"
    step: int = 0
    attempt: int = 0
    sent: int = 0
    compensating: bool = False
    undo_since: int = 0
    undone: list[int] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    ended_at: int = 0

    @property
    def to_undo(self) -> list[int]:
        """The steps to undo, in order: the order itself, then backwards from the last one sent."""
        steps = [step for step in (4, 3, 2) if step <= self.sent]
        return [0, *(step for step in steps if step != 2 or 4 not in steps)]


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Sagas with a wrong step, without an end, or with the wrong end."""
    for order_id, commits in history.of_kind("CreateOrderSaga"):
        saga = Saga()
        for commit in commits:
            for event in commit.events:
                for invariant, text in _step(saga, event, commit, history):
                    about = {"stream": commit.stream, "cause": commit.causation}
                    yield Violation(invariant, f"{commit.where} {text}", about)
        if {"completed", "compensated"} <= set(saga.ends):
            text = f"the saga of the order {order_id} was completed and compensated"
            yield Violation(ONE_END, text, {"stream": commits[0].stream})
        # Whatever else is lost, a saga proceeds by its timeouts; where these are lost, by a schedule, which finds it by
        # the row that its first move wrote.
        lost = all(deliveries.misses("checkout", order_id, [name]) for name in ("StepTimedOut", "SagaMoved"))
        if history.is_quiescent and not lost:
            yield from _end(order_id, saga, commits, history, deliveries)
    yield from _timeouts_handled(history)
    if history.is_quiescent:
        yield from _all_begun(history, deliveries)


def _step(saga: Saga, event: Event, commit: Commit, history: ParsedHistory) -> Iterator[tuple[str, str]]:
    cause = history.cause_of(commit)
    why = cause.name if cause else ""
    # All answers to one command have one id. A step that changes nothing may be answered otherwise when it is retried.
    causes = {why, *(detail["metadata"]["name"] for detail in history.published.get(commit.causation or "", ()))}
    name, data = event.name, event.data
    if name == "StepSent":
        following = (saga.step, saga.attempt + 1), (saga.step + 1, 1)
        if saga.compensating or (data["step"], data["attempt"]) not in following or data["step"] > LAST_STEP:
            yield STEP_ORDER, f"sends attempt {data['attempt']} of step {data['step']} after step {saga.step}"
        saga.step, saga.attempt, saga.sent = data["step"], data["attempt"], data["step"]
        yield from _command_and_timeout(COMMANDS[data["step"]], event, commit)
    elif name == "StepAnswered":
        if ACCEPTED[saga.step] not in causes or data["step"] != saga.step:
            yield AWAITED_ANSWER, f"takes step {data['step']} as answered by {why or 'nothing'}"
    elif name == "TurnedRound":
        timed_out = why in ("StepTimedOut", "") and saga.step < FIRST_UNLIMITED and saga.attempt >= ATTEMPTS
        if saga.compensating or not (timed_out or causes & {REFUSED.get(saga.step), "OrderCancelled"}):
            where = f"attempt {saga.attempt} of step {saga.step}"
            yield AWAITED_ANSWER, f"compensates at {where} because of {why or 'nothing'}"
        saga.compensating, saga.step, saga.attempt = True, 0, 0
    elif name == "UndoSent":
        left = [step for step in saga.to_undo if step not in saga.undone]
        attempt = saga.attempt + 1 if data["step"] == saga.step else 1
        if data["step"] not in left[:1] or data["attempt"] != attempt:
            yield STEP_ORDER, f"sends attempt {data['attempt']} to undo step {data['step']}, with {left} left to undo"
        saga.step, saga.attempt = data["step"], data["attempt"]
        if saga.attempt % UNDO_ATTEMPTS == 1:
            saga.undo_since = commit.at
        yield from _command_and_timeout(UNDO.get(data["step"], ""), event, commit)
    elif name == "Undone":
        if why != UNDO_ACCEPTED.get(UNDO.get(saga.step, "")) or data["step"] != saga.step:
            yield AWAITED_ANSWER, f"takes step {data['step']} as undone because of {why or 'nothing'}"
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
    if name == "Parked" and commit.at - saga.undo_since < UNDONE_FOR:
        yield PARKED_LATE, f"is parked after {(commit.at - saga.undo_since) // SECOND} s"
    if name == "Stopped" and why != "OrderCancelled":
        yield AWAITED_ANSWER, f"never begins because of {why or 'nothing'}"
    if name == "Completed" and saga.compensating and (saga.step, why) != (0, "OrderRejectionRefused"):
        yield AWAITED_ANSWER, f"completes while it compensates because of {why or 'nothing'}"
    if name == "Completed" and not saga.compensating and saga.step != LAST_STEP:
        yield STEP_ORDER, f"completes after step {saga.step}"
    if name == "Compensated" and saga.undone != saga.to_undo:
        yield STEP_ORDER, f"ends as compensated having undone {saga.undone} of the steps {saga.to_undo}"


def _command_and_timeout(command: str, event: Event, commit: Commit) -> Iterator[tuple[str, str]]:
    carried = {m.name: m for m in commit.messages if m.metadata.get("stream_version") == event.stream_version}
    timeout = carried.get("StepTimedOut")
    if command not in carried:
        yield COMMAND_AND_TIMEOUT, f"carries {sorted(carried)}, and no {command}"
    if timeout is None or not timeout.delay:
        yield COMMAND_AND_TIMEOUT, f"sends {command} without a timeout"


def _end(
    order_id: str, saga: Saga, commits: list[Commit], history: ParsedHistory, deliveries: Deliveries
) -> Iterator[Violation]:
    about = {"stream": commits[0].stream}
    if saga.status == "parked" and _is_dead_lettered(UNDO[saga.step], order_id, deliveries):
        return  # by design: it proceeds when an operator redrives the command or its answer
    if not saga.ends:
        text = f"the saga of the order {order_id} is {saga.status} at step {saga.step}, attempt {saga.attempt}"
        yield Violation(ENDS, text, about)
        return
    order = history.stream("Order", order_id)
    resumed = [commit.at for commit in commits if "Resumed" in commit.event_names()]
    began = max(history.faults_ended_at, commits[0].at, *resumed)
    if saga.ended_at > began + BOUND:
        text = f"the saga of the order {order_id} ended {(saga.ended_at - began) // SECOND} s after the last fault"
        yield Violation(ENDS, text, about)
    status = order_status(order)
    if status not in STATUSES or saga.status not in STATUSES[status]:
        text = f"the order {order_id} is {status or 'missing'}, and its saga {saga.status}"
        yield Violation(AS_ITS_ORDER, text, about)
    if saga.status == "compensated":
        yield from _undone(order_id, saga, history, deliveries)


def _is_dead_lettered(command: str, order_id: str, deliveries: Deliveries) -> bool:
    """Whether a command or its answer is."""
    queue, answers = ANSWERS[command]
    is_lost = deliveries.misses(queue.partition("/")[0], order_id, [command])
    return is_lost or deliveries.misses("checkout", order_id, answers)


def _undone(order_id: str, saga: Saga, history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """The list of a compensated saga is cancelled, and its payment voided or refunded."""
    of_list = {name for commit in history.stream("ShoppingList", order_id) for name in commit.event_names()}
    if saga.sent >= 2 and not {"Cancelled", "Completed"} & of_list:
        text = f"the saga of the order {order_id} is compensated, and its shopping list was not cancelled"
        yield Violation(COMPENSATED, text, {"stream": f"ShoppingList#{order_id}"})
    for payment_id, commits in history.of_kind("Payment"):
        events = [event for commit in commits for event in commit.events]
        names = {event.name for event in events}
        if "Captured" in names and deliveries.misses("payments", order_id, ["OrderCancelled"]):
            continue  # it is refunded once payments receives the cancellation
        serves = any(event.name == "Confirmed" and event.data["order_id"] == order_id for event in events)
        if serves and not {"Voided", "RefundRequested"} & names:
            text = f"the saga of the order {order_id} is compensated, and its payment {payment_id} was not voided"
            yield Violation(COMPENSATED, text, {"stream": f"Payment#{payment_id}"})


def _timeouts_handled(history: ParsedHistory) -> Iterator[Violation]:
    """The timeout of the current attempt counts as handled only once the saga has a later event."""
    dead = {(letter.queue, letter.message.id) for letter in history.dead_letters if letter.message}
    for copy in history.copies.values():
        timeout = copy.message
        if timeout is None or timeout.name != "StepTimedOut" or copy.deleted is None:
            continue
        if (copy.queue, timeout.id) in dead or timeout.commit is None:
            continue
        last = timeout.metadata["stream_version"]
        commits = history.stream("CreateOrderSaga", timeout.data["order_id"])
        if not any(commit.last_version > last and commit.at <= copy.deleted for commit in commits):
            text = f"the timeout of {timeout.commit.where} was handled, and the saga did nothing"
            yield Violation(TIMEOUT_HANDLED, text, {"message": timeout.id, "stream": timeout.commit.stream})


def _all_begun(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Every order has a saga."""
    for order_id, commits in history.of_kind("Order"):
        is_due = not deliveries.misses("checkout", order_id, ["OrderCreated"])
        if is_due and not history.stream("CreateOrderSaga", order_id):
            yield Violation(ENDS, f"the order {order_id} has no saga", {"stream": commits[0].stream})


def order_status(commits: list[Commit]) -> str:
    """The status of an order by its events; "" for an order without any."""
    words = {
        "Created": "pending",
        "Approved": "approved",
        "Readied": "ready",
        "Completed": "completed",
        "Rejected": "rejected",
        "Cancelled": "cancelled",
        "NothingFound": "cancelled",
    }
    names = [name for commit in commits for name in commit.event_names() if name in words]
    return words[names[-1]] if names else ""
