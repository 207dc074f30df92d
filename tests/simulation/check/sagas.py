"""Sagas: each ends as its order does, completed, or with everything undone whose command was sent."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Commit, Event, Message
from tests.simulation.check.saga import (
    ACCEPTED,
    ATTEMPTS,
    COMMAND,
    FIRST_UNLIMITED,
    REFUSED,
    STATUSES,
    UNDO,
    UNDO_ACCEPTED,
    UNDO_ATTEMPTS,
    UNDONE_FOR,
    Saga,
)
from tests.simulation.check.subscribers import ANSWERS
from tests.simulation.check.violation import Violation

ENDS = "every saga ends within 1,200 s after the faults"
ONE_END = "no saga is both completed and compensated"
STAGES_IN_ORDER = "a saga asks a stage once all steps of the one before are answered"
ALL_UNDONE = "a saga undoes each step whose command was sent, in order, and no other"
COMMAND_SENT = "a step of a saga sends its command"
AWAITED_ANSWER = "a saga proceeds by the answers that it waits for"
ANSWER_COUNTS = "an answer that a saga waits for counts when it comes"
IN_TIME = "an attempt has the time that its number gives it, and is not given up before"
WATCHED = "a saga that runs has a watch that ends before an attempt is overdue"
MARKED = "a saga is marked before the commit with which it begins to run"
WATCH_HANDLED = "a saga acts when its latest watch ends"
AS_ITS_ORDER = "a saga ends as its order does"
COMPENSATED = "a compensated saga leaves no open list and no payment kept"
PARKED_LATE = "a saga is parked only after hours of attempts to undo a step"

# The longest timeout of an attempt (900 s), and the time that the messages after it may take.
BOUND = 1200 * SECOND
# Between a decision's time and its commit's by the same clock: a worker has 20 s, and the clock may step back by 5 s.
CLOCKS = 30 * SECOND
DELAYS = 2  # seconds by which a watch may be late for its end: SQS delays by whole seconds


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Sagas with a wrong step, without an end, or with the wrong end."""
    marked: dict[str, list[int]] = defaultdict(list)
    for at, table, partition, sort, item in history.rows:
        if (table, partition) == ("checkout/views", "running") and item:
            marked[sort.partition("#")[2]].append(at)
    for order_id, commits in history.of_kind("CreateOrderSaga"):
        saga = Saga(int(history.final.get("settings", {}).get("MALLBOTS_STEP_TIMEOUT", 60)))
        for commit in commits:
            begins = [name for name in commit.event_names() if name in ("Started", "Resumed", "Stopped")]
            if len([at for at in marked[order_id] if at <= commit.at]) < len(begins):
                yield Violation(MARKED, f"{commit.where} has {begins[0]} without a mark", {"stream": commit.stream})
            found = [*(one for event in commit.events for one in _step(saga, event, commit, history)), *_watch(saga)]
            for invariant, text in found:
                about = {"stream": commit.stream, "cause": commit.causation}
                yield Violation(invariant, f"{commit.where} {text}", about)
        if {"completed", "compensated"} <= set(saga.ends):
            text = f"the saga of the order {order_id} was completed and compensated"
            yield Violation(ONE_END, text, {"stream": commits[0].stream})
        # Whatever is lost, a saga ends: where its watch is lost, by a schedule, which finds it by the mark that was
        # written before it began.
        if history.is_quiescent:
            yield from _end(order_id, saga, commits, history, deliveries)
    yield from _watches_handled(history)
    yield from _answers_count(history)
    if history.is_quiescent:
        yield from _all_begun(history, deliveries)


def _step(saga: Saga, event: Event, commit: Commit, history: ParsedHistory) -> Iterator[tuple[str, str]]:
    cause = history.cause_of(commit)
    why = cause.name if cause else ""
    # All answers to one command have one id. A step that changes nothing may be answered otherwise when it is retried.
    causes = {why, *(detail["metadata"]["name"] for detail in history.published.get(commit.causation or "", ()))}
    name, data = event.name, event.data
    step = data.get("step", 0)
    if name == "StepSent":
        if step not in saga.awaited and (step in saga.sent or not saga.may_ask(step)):
            yield STAGES_IN_ORDER, f"asks step {step} with the answers to {sorted(saga.answered)}"
        saga.sent.add(step)
        yield from _attempt(saga, COMMAND.get(step, ""), event, commit)
    elif name == "StepAnswered":
        if step not in saga.awaited or ACCEPTED[step] not in causes or saga.compensating:
            yield AWAITED_ANSWER, f"takes step {step} as answered by {why or 'nothing'}"
        saga.awaited.pop(step, None)
        saga.answered.add(step)
    elif name == "TurnedRound":
        yield from _turned_round(saga, event, why, causes)
        saga.compensating, saga.awaited = True, {}
    elif name == "UndoSent":
        left = [one for one in saga.to_undo if one not in saga.undone]
        if step not in left[:1]:
            yield ALL_UNDONE, f"undoes step {step} with {left} left to undo"
        saga.awaited = {one: sent for one, sent in saga.awaited.items() if one == step}
        if data["attempt"] % UNDO_ATTEMPTS == 1:
            saga.undo_since = commit.at
        yield from _attempt(saga, UNDO.get(step, ""), event, commit)
    elif name == "Undone":
        if why != UNDO_ACCEPTED.get(UNDO.get(step, "")) or step not in saga.awaited or not saga.compensating:
            yield AWAITED_ANSWER, f"takes step {step} as undone because of {why or 'nothing'}"
        saga.undone.append(step)
    elif name == "WatchSet":
        saga.watch = data["until"]
        yield from _watch_set(event, commit)
    else:
        yield from _move(saga, event, commit, why)


def _attempt(saga: Saga, command: str, event: Event, commit: Commit) -> Iterator[tuple[str, str]]:
    """An attempt has the next number, carries its command, and has its time; so has the one before had."""
    step, attempt, due = (event.data[name] for name in ("step", "attempt", "due"))
    last, last_due = saga.awaited.get(step, (0, ""))
    if attempt != last + 1:
        yield IN_TIME, f"makes attempt {attempt} of step {step} after attempt {last}"
    carried = {m.name for m in commit.messages if m.metadata.get("stream_version") == event.stream_version}
    if command not in carried:
        yield COMMAND_SENT, f"carries {sorted(carried)}, and no {command}"
    made = _micros(due) - saga.timeout(attempt) * SECOND  # when, by the clock that decided
    if abs(made - _micros(commit.time)) > CLOCKS:
        yield IN_TIME, f"gives attempt {attempt} of step {step} until {due}"
    if saga.status == "running" and last_due and made < _micros(last_due):
        yield IN_TIME, f"makes attempt {attempt} of step {step} before {last_due}"
    saga.awaited[step] = attempt, due


def _turned_round(saga: Saga, event: Event, why: str, causes: set[str]) -> Iterator[tuple[str, str]]:
    tried = [due for step, (attempt, due) in saga.awaited.items() if step < FIRST_UNLIMITED and attempt >= ATTEMPTS]
    timed_out = why in ("SagaWatchEnds", "") and any(_micros(due) <= _micros(event.data["at"]) for due in tried)
    refused = causes & {REFUSED[step] for step in saga.awaited if step in REFUSED}
    if saga.compensating or not (timed_out or refused or "OrderCancelled" in causes):
        yield AWAITED_ANSWER, f"compensates at {saga.awaited} because of {why or 'nothing'}"


def _watch_set(event: Event, commit: Commit) -> Iterator[tuple[str, str]]:
    """A watch carries its end, which comes when it says."""
    ends = [m for m in commit.messages if m.metadata.get("stream_version") == event.stream_version]
    delays = [message.delay for message in ends if message.name == "SagaWatchEnds"]
    left = (_micros(event.data["until"]) - _micros(commit.time)) / SECOND
    slack = CLOCKS / SECOND
    if not delays or delays[0] is None or not left - slack <= delays[0] <= max(0, left) + DELAYS + slack:
        yield WATCHED, f"sets a watch until {event.data['until']}, of which the end comes after {delays} s"


def _watch(saga: Saga) -> Iterator[tuple[str, str]]:
    """After each commit."""
    dues = [due for _, due in saga.awaited.values()]
    if saga.status == "running" and not "" < saga.watch <= min(dues, default=""):
        yield WATCHED, f"awaits {saga.awaited} with a watch until {saga.watch or 'never'}"


def _micros(time: str) -> int:
    moment = datetime.fromisoformat(time)
    return int(moment.timestamp()) * SECOND + moment.microsecond


def _move(saga: Saga, event: Event, commit: Commit, why: str) -> Iterator[tuple[str, str]]:
    name = event.name
    statuses = {"Parked": "parked", "Resumed": "running", "Stopped": "stopped"}
    saga.status = statuses.get(name, saga.status)
    if name in ("Completed", "Compensated", "Stopped"):
        saga.status = name.lower()
        saga.ends.append(saga.status)
        saga.ended_at = commit.at
    if name == "Parked":
        if commit.at - saga.undo_since < UNDONE_FOR:
            yield PARKED_LATE, f"is parked after {(commit.at - saga.undo_since) // SECOND} s"
        saga.awaited = {step: (attempt, "") for step, (attempt, _) in saga.awaited.items()}
    if name == "Stopped" and why != "OrderCancelled":
        yield AWAITED_ANSWER, f"never begins because of {why or 'nothing'}"
    if name == "Completed" and saga.compensating and (list(saga.awaited), why) != ([0], "OrderRejectionRefused"):
        yield AWAITED_ANSWER, f"completes while it compensates because of {why or 'nothing'}"
    if name == "Completed" and not saga.compensating and saga.answered != {*COMMAND}:
        yield STAGES_IN_ORDER, f"completes with the answers to {sorted(saga.answered)}"
    if name == "Compensated" and saga.undone != saga.to_undo:
        yield ALL_UNDONE, f"ends as compensated having undone {saga.undone} of the steps {saga.to_undo}"


def _end(
    order_id: str, saga: Saga, commits: list[Commit], history: ParsedHistory, deliveries: Deliveries
) -> Iterator[Violation]:
    about = {"stream": commits[0].stream}
    if saga.status == "parked" and _is_dead_lettered(UNDO[next(iter(saga.awaited))], order_id, deliveries):
        return  # by design: it proceeds when an operator redrives the command or its answer
    if not saga.ends:
        text = f"the saga of the order {order_id} is {saga.status}, and awaits {saga.awaited}"
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
    if 2 in saga.sent and not {"Cancelled", "Completed"} & of_list:
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


def _watches_handled(history: ParsedHistory) -> Iterator[Violation]:
    """The end of the latest watch counts as handled only once the saga has a later event."""
    for deleted, ended in _handled(history, {"SagaWatchEnds"}):
        if ended.commit is None:
            continue
        last = ended.metadata["stream_version"]
        commits = history.stream("CreateOrderSaga", ended.data["order_id"])
        if not any(commit.last_version > last and commit.at <= deleted for commit in commits):
            text = f"the end of the watch of {ended.commit.where} was handled, and the saga did nothing"
            yield Violation(WATCH_HANDLED, text, {"message": ended.id, "stream": ended.commit.stream})


def _answers_count(history: ParsedHistory) -> Iterator[Violation]:
    """An answer to a saga counts as handled only once its step is done, or the saga has turned round or ended."""
    to_steps, to_undos = {*ACCEPTED.values(), *REFUSED.values()}, {*UNDO_ACCEPTED.values()}
    for deleted, reply in _handled(history, to_steps | to_undos):
        sent = history.messages.get(reply.metadata.get("causation_id") or "")
        if sent is None or sent.commit is None or sent.commit.kind != "CreateOrderSaga":
            continue  # it answers no command of a saga
        over = {"Completed", "Compensated"} | ({"TurnedRound"} if reply.name in to_steps else set())
        commits = [c for c in history.stream("CreateOrderSaga", reply.data["order_id"]) if c.at <= deleted]
        events = [event for commit in commits for event in commit.events]
        if not any(event.name in over or reply.name in _answers(event) for event in events):
            text = f"{reply.name} was handled, and the saga of the order {reply.data['order_id']} did not take it"
            yield Violation(ANSWER_COUNTS, text, {"message": reply.id, "stream": sent.commit.stream})


def _answers(event: Event) -> set[str]:
    """The replies by which an event may have come."""
    if event.name == "StepAnswered":
        return {ACCEPTED[event.data["step"]], REFUSED[event.data["step"]]}
    return {UNDO_ACCEPTED[UNDO[event.data["step"]]]} if event.name == "Undone" else set()


def _handled(history: ParsedHistory, names: Collection[str]) -> Iterator[tuple[int, Message]]:
    """The messages of these names that checkout has handled, each with the time at which a copy was deleted."""
    dead = {(letter.queue, letter.message.id) for letter in history.dead_letters if letter.message}
    for copy in history.copies.values():
        message, deleted = copy.message, copy.deleted
        if copy.queue != "checkout/inbox" or message is None or message.name not in names or deleted is None:
            continue
        if (copy.queue, message.id) not in dead:
            yield deleted, message


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
