"""Failures: each has a cause outside the system, a fault that struck it or a concurrent write that was in its way.

Each invocation that ended with an error or not at all, reported failed items, dead-lettered a message, or answered 5xx
is checked on its own. So a dead letter is accepted only if each attempt that led to it had a cause.
"""

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.check.delivery import ATTEMPTS, is_hopeless
from tests.simulation.check.parsed_history import SECOND, Entry, ParsedHistory
from tests.simulation.check.records import DeadLetter
from tests.simulation.check.subscribers import LIVE, VERSIONS, may_wait
from tests.simulation.check.violation import Violation

CAUSED = "every failure has a cause"
ENDS_ITSELF = "a function ends by itself before its timeout, unless it hangs"
UNAVAILABLE = "what may pass is answered with 503, never with 500"

OUTAGE = 20 * SECOND  # the longest time that an AWS service refuses every call after the fault "outage"
ROBOTS_TOPICS = "fleet/topics"
PRESENCE_TOPIC = ["$aws", "events", "presence"]  # its first levels
AUTHORIZER, UNCHECKED = "gateway/authorizer", "unchecked"  # what it says of a token where an owner cannot be asked
HANGS = {"function slow"}  # the fault by which a container hangs until its timeout

# Faults that make nothing fail: they delay, repeat or reorder, or change a clock.
HARMLESS = {
    "bus delay",
    "bus duplicate",
    "clock skew",
    "clock step",
    "cold start",
    "index behind",
    "number unreachable",
    "old version",
    "queue delay",
    "queue duplicate",
    "schedule early",
    "schedule late",
    "schedule missed",
    "schedule twice",
    "stream again",
    "stream delay",
    "stream restart",
    "stream split",
    "target given up",
    "target retry",
    "visibility ends",
}
CALL_ATTEMPTS = 2  # of the SDK at one call, before one of these makes it fail
SDK_RETRIES = {
    "throttle",
    "internal error",
    "internal error after effect",
    "no connection",
    "reply lost",
    "slow call",
}
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)  # the moment from which a history counts
EARLY = timedelta(seconds=0.5)  # before it is due, a reminder is put off
SWEEP_MAY_WAIT = '"RobotLeasesDue"'  # in the body of a schedule's tick: a lease may be in doubt
# A worker's 20 s without the 8 s that a message needs to begin: only then may a batch hand back what it did not begin.
TIME_IS_SHORT = 12 * SECOND
TIME_IS_OVER = 16 * SECOND  # of a worker's 20: 4 are left, too few for a call (runtime/budget.py), so none hands back
AT_A_TABLE = ("transaction conflict", "slow transaction", "stale read", "keys unprocessed")  # recorded with the table
ASKED = ("/queries",)  # functions that others invoke and wait for, as functions and containers are named
ASKED_BY_OPERATIONS = (*ASKED, "/relay", "/forecast", "/replay")
EXTERNAL = {"payments": "provider", "notifications": "text"}  # by service, the prefix of faults at its port

REFUSED = {"RefundDue": "provider refuses", "VoidDue": "provider declines"}  # by message, the fault that refuses it


@dataclass(slots=True)
class Invocation:
    """One invocation, and what may have made it fail: faults, conflicts, and owners that were stopped.

    refused: how often each kind of call was refused or had no answer, which the SDK retries. handed_back: the messages
    that it did not begin, because no time was left. postponed, put_off, late: those whose visibility it changed; by
    more than nothing, because they failed; and when time was short. clock: the time on its container's clock when it
    began.
    """

    container: str
    function: str
    cause: list[str]
    begin: int
    clock: datetime
    end: int = 0
    how: str = ""
    failures: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    handed_back: set[str] = field(default_factory=set)
    postponed: set[str] = field(default_factory=set)
    put_off: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)

    def hand_back_by_order(self) -> None:
        """What robots said is handled by robots and topics, in the order in which failures are reported.

        Once there is no time left, what is behind was not begun, unless it was put off for a time by itself.
        """
        first = next((place for place, one in enumerate(self.failures) if one in self.late), len(self.failures))
        self.handed_back.update(one for one in self.failures[first:] if one not in self.put_off)

    def has_reasons_for(self, failures: int) -> bool:
        """Whether each failure has its own cause; an outage or a stopped owner explains any number.

        So does what fails behind a batch, whose messages are handled again for it.
        """
        causes = len(self.struck) + sum(-(-times // CALL_ATTEMPTS) for times in self.refused.values())
        for_all = self.function == LIVE or any(name == "outage" or "/" in name for name in self.struck)
        return causes >= (min(failures, 1) if for_all else failures)


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Failures without a cause, and dead letters that could have been handled."""
    answered = {request.id: request.status for request in history.requests.values() if request.status}
    unchecked = dict(_unchecked(history.entries))
    if not (history.dead_letters or history.failure_count or any(status >= 500 for status in answered.values())):
        return
    ended = list(_invocations(history.entries))
    by_cause: dict[str, list[Invocation]] = defaultdict(list)
    for invocation in ended:
        for cause in invocation.cause:
            by_cause[cause].append(invocation)
        first = invocation.cause[0]
        if invocation.function == AUTHORIZER:
            failed = invocation.how not in ("ok", "") or unchecked.get(first) is False
        else:  # where the token was not checked, the answer is 503 without a failure of the service
            failed = invocation.how not in ("ok", "") or (answered.get(first, 0) >= 500 and first not in unchecked)
        failures = len({_group(it, history) for it in invocation.failures if not _waits(it, invocation, history)})
        if not invocation.has_reasons_for(max(failures, int(failed))):
            what = " and ".join(invocation.failures) or invocation.cause[0]
            text = f"{invocation.container} failed at {what} without enough causes"
            yield Violation(CAUSED, text, {"container": invocation.container, "at": invocation.begin})
        if invocation.how == "timeout" and HANGS.isdisjoint(invocation.struck):
            text = f"{invocation.container} did not end before its timeout, and nothing hung"
            yield Violation(ENDS_ITSELF, text, {"container": invocation.container, "at": invocation.begin})
        if invocation.function != AUTHORIZER and invocation.how == "ok" and answered.get(first) == 500:
            text = f"{invocation.container} answered {invocation.cause[0]} with 500"
            yield Violation(UNAVAILABLE, text, {"container": invocation.container, "request": invocation.cause[0]})
    for letter in history.dead_letters:
        if letter.by == "inbox" and letter.message and not _may_be_dead_lettered(letter, by_cause, history):
            text = f"{letter.message.name} was dead-lettered at {letter.queue}: {letter.reason.get('reason')}"
            yield Violation(CAUSED, text, {"message": letter.message.id, "queue": letter.queue})


def _unchecked(entries: Sequence[Entry]) -> Iterator[tuple[str, bool]]:
    """The requests whose token could not be checked, each with whether the gateway knew that from one before."""
    for _, kind, fields in entries:
        if kind == "authorized" and fields["told"].get("reason") == UNCHECKED:
            yield fields["id"], fields["cached"]


def _invocations(entries: Sequence[Entry]) -> Iterator[Invocation]:
    """All invocations in the order of their ends, each with its possible causes of failure."""
    open_: dict[str, Invocation] = {}
    outage_until = 0
    stopped: set[str] = set()
    skews: dict[str, int] = {}
    sent: dict[str, int] = {}
    for at, kind, fields in entries:
        if kind == "clock":
            skews[fields["container"]] = fields["skew"]
        elif kind == "invocation":
            clock = BEGIN + timedelta(microseconds=at + skews.get(fields["container"], 0))
            begun = Invocation(fields["container"], fields["function"], list(fields["cause"]), at, clock)
            open_[begun.container] = begun
            begun.struck += ["outage"] * (at < outage_until) + sorted(name for name in stopped if _asks(begun, name))
        elif kind == "ended":
            ended = open_.pop(fields["container"])
            ended.end, ended.how, ended.failures = at, fields["how"], list(fields.get("failures") or ())
            if at - ended.begin >= TIME_IS_OVER:
                # The first that was not put off failed last; those behind it were not begun.
                ended.handed_back.update([one for one in ended.failures if one not in ended.postponed][1:])
            if ended.function == ROBOTS_TOPICS:
                ended.hand_back_by_order()
            if ended.how != "ok":  # what was asked is checked itself
                for invocation in open_.values():
                    invocation.struck += ["owner failed"] * _asks(invocation, ended.function)
            yield ended
        elif kind == "fault" and fields["name"] not in HARMLESS:
            if fields["name"] == "outage":
                outage_until = max(outage_until, at + OUTAGE)
            for invocation in open_.values():
                if _concerns(fields, invocation):
                    if _sdk_retries(fields, invocation):
                        invocation.refused[fields["where"]] += 1
                    else:
                        invocation.struck.append(fields["name"])
        elif kind == "refused":
            for invocation in open_.values():
                own = fields["where"].startswith(f"{invocation.container} ")
                if own and fields["retried"]:
                    invocation.refused[fields["where"]] += 1
                elif own or _asks(invocation, fields["where"].split(" ")[0]):
                    invocation.struck.append(kind)
        elif kind == "sent":
            sent[fields["message"]] = at
        elif kind == "postponed":
            for invocation in (one for one in open_.values() if fields["message"] in one.cause):
                invocation.postponed.add(fields["message"])
                if fields["seconds"] > 0:
                    invocation.put_off.add(fields["message"])
                if at - invocation.begin >= TIME_IS_SHORT:
                    invocation.late.add(fields["message"])
                    # No time is left to begin what is behind it; of a message whose receipt is void no hand-back tells.
                    # An inbox with a window handles its batch in the order in which the messages were sent.
                    for batch in (invocation.cause, sorted(invocation.cause, key=lambda one: sent.get(one, 0))):
                        behind = batch.index(fields["message"]) + (fields["seconds"] > 0)
                        invocation.handed_back.update(batch[behind:])
        elif kind in ("conflict", "busy") and fields["container"] in open_:
            open_[fields["container"]].struck.append(kind)
        elif kind == "throttled":
            stopped.add(fields["function"])
            for invocation in open_.values():
                invocation.struck += [fields["function"]] * _asks(invocation, fields["function"])
        elif kind == "runs":
            stopped.discard(fields["function"])
    yield from open_.values()


def _group(message_id: str, history: ParsedHistory) -> str:
    """What is handled together: what a robot said on one topic, or a message by itself."""
    copy = history.copies.get(message_id)
    if copy is None or copy.queue != ROBOTS_TOPICS:
        return message_id
    return " ".join(robot_and_topic(copy.body))


def robot_and_topic(body: str) -> tuple[str, str]:
    """Whom a message of robots' topics is about, and what it is; also of one that a rule could not send."""
    said = json.loads(body)
    topic = str(said["topic"])
    if topic == "presence":
        return str(json.loads(base64.b64decode(said["payload"]))["clientId"]), topic
    return (said["robot"], topic) if said.get("robot") else of_topic(topic)


def of_topic(topic: str) -> tuple[str, str]:
    """Whom a message on a topic of the broker is about, and what it is."""
    levels = topic.split("/")
    return (levels[-1], "presence") if levels[:3] == PRESENCE_TOPIC else (levels[-2], levels[-1])


def _waits(message_id: str, invocation: Invocation, history: ParsedHistory) -> bool:
    """Whether a message that was reported as failed did not fail: it waits, or was not begun."""
    if message_id in invocation.handed_back:
        return True
    copy = history.copies.get(message_id)
    if copy is None or copy.message is None:
        return copy is not None and SWEEP_MAY_WAIT in copy.body
    newest = 1 if invocation.container in history.old_containers else VERSIONS.get(copy.message.name, 1)
    is_newer = copy.message.metadata.get("version", 1) > newest
    return is_newer or may_wait(copy.queue, copy.message.name) or _is_early(copy.body, invocation)


def _is_early(body: str, invocation: Invocation) -> bool:
    """Whether a reminder that says when it is due came before that, by a container's clock, which may be slow."""
    due = json.loads(body).get("due")
    return due is not None and invocation.clock <= datetime.fromisoformat(due) - EARLY


def _sdk_retries(fault: dict[str, Any], invocation: Invocation) -> bool:
    """Whether the SDK retries after a fault, or for the bus the adapter."""
    return fault["name"] in SDK_RETRIES and fault["where"].startswith(f"{invocation.container} ")


def _concerns(fault: dict[str, Any], invocation: Invocation) -> bool:
    """Whether a fault may have made an invocation fail: its own, its owner's, its table's, or an outage."""
    name, where = fault["name"], fault["where"]
    who = where.split(" ")[0]
    service = invocation.function.partition("/")[0]
    table = who.partition("/")[0] == service and name in AT_A_TABLE
    external = service in EXTERNAL and name.startswith(EXTERNAL[service])
    return who == invocation.container or _asks(invocation, who) or table or name == "outage" or external


def _asks(invocation: Invocation, asked: str) -> bool:
    """Whether an invocation may wait for the answer of a function, or of one of its containers."""
    by_operations = invocation.function.startswith("operations/")
    return any(kind in asked for kind in (ASKED_BY_OPERATIONS if by_operations else ASKED))


def _may_be_dead_lettered(letter: DeadLetter, by_cause: dict[str, list[Invocation]], history: ParsedHistory) -> bool:
    """Whether a message that was dead-lettered at once could not have been handled by that container."""
    if letter.message is None or not is_hopeless(letter) or int(letter.reason.get("tries", 0)) >= ATTEMPTS:
        return True  # attempted often enough, each time with a cause, or checked elsewhere
    if letter.message.name in REFUSED:
        return REFUSED[letter.message.name] in _struck(letter, by_cause, history)
    return True


def _struck(letter: DeadLetter, by_cause: dict[str, list[Invocation]], history: ParsedHistory) -> set[str]:
    return {name for invocation in _attempts(letter, by_cause, history) for name in invocation.struck}


def _attempts(letter: DeadLetter, by_cause: dict[str, list[Invocation]], history: ParsedHistory) -> list[Invocation]:
    """The invocations that were handling a message when it was dead-lettered."""
    copies = [copy.id for copy in history.copies.values() if (copy.queue, copy.body) == (letter.queue, letter.body)]
    found = [invocation for copy in copies for invocation in by_cause.get(copy, ())]
    return [it for it in found if it.begin <= letter.at and (not it.end or letter.at <= it.end)]
