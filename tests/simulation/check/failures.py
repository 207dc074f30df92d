"""Whatever fails has a cause that is none of the system's: a fault that struck it, or somebody who was in its way.

Each invocation that ended with an error or not at all, reported items that failed, laid a message aside, or answered
5xx, is looked at by itself. So a dead letter excuses nothing by its mere being there: each of the tries that led to it
had a cause.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.delivery import TRIES, is_hopeless
from tests.simulation.check.parsed_history import SECOND, Entry, Reading
from tests.simulation.check.poison import FIFO
from tests.simulation.check.records import Dead
from tests.simulation.check.subscribers import VERSIONS
from tests.simulation.check.violation import Violation

CAUSED = "what fails has a cause"

OUTAGE = 20 * SECOND  # the longest time for which a service of the cloud refuses every call after the fault

# Faults that make nothing fail: things come late, early, again, in another order, or under another clock.
HARMLESS = {
    "bus delay",
    "bus duplicate",
    "clock skew",
    "clock step",
    "cold start",
    "index behind",
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
ATTEMPTS = 3  # of the SDK at a call, before one of these makes it fail
TRIED_AGAIN = {"throttle", "internal error", "internal error after effect", "no connection", "reply lost", "slow call"}
AT_A_TABLE = ("transaction conflict", "slow transaction", "stale read")  # and these with the table
OUTSIDE = {"payments": "provider", "notifications": "text"}  # faults at these are noted with what was asked of them


@dataclass(slots=True)
class Invocation:
    """One event that a container worked on, and what struck it meanwhile: faults, and others who were in its way.

    refused: how often each kind of call was refused or had no answer, which the SDK tries again.
    """

    container: str
    function: str
    cause: list[str]
    begin: int
    end: int = 0
    how: str = ""
    failures: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def has_reasons_for(self, failures: int) -> bool:
        """Whether each failure has a cause of its own; what is down, and a FIFO queue, let any number fail."""
        causes = len(self.struck) + sum(-(-times // ATTEMPTS) for times in self.refused.values())
        for_all = self.function.endswith(FIFO) or any(name == "outage" or "/" in name for name in self.struck)
        return causes >= (min(failures, 1) if for_all else failures)


def violations(reading: Reading) -> Iterator[Violation]:
    """Failures without a cause, and messages laid aside that could have been handled."""
    answered = {request.id: request.status for request in reading.requests.values() if request.status}
    if not (reading.dead or reading.failures or any(status >= 500 for status in answered.values())):
        return
    ended = list(_invocations(reading.history))
    at_work: dict[str, list[Invocation]] = defaultdict(list)
    for invocation in ended:
        for cause in invocation.cause:
            at_work[cause].append(invocation)
        failed = invocation.how not in ("ok", "") or answered.get(invocation.cause[0], 0) >= 500
        if not invocation.has_reasons_for(max(len(invocation.failures), int(failed))):
            what = " and ".join(invocation.failures) or invocation.cause[0]
            text = f"{invocation.container} failed at {what}, and too little was in its way"
            yield Violation(CAUSED, text, {"container": invocation.container, "at": invocation.begin})
    for dead in reading.dead:
        if dead.by == "inbox" and dead.message and not _may_be_laid_aside(dead, at_work, reading):
            text = f"{dead.message.name} was laid aside at {dead.queue}: {dead.reason.get('reason')}"
            yield Violation(CAUSED, text, {"message": dead.message.id, "queue": dead.queue})


def _invocations(history: Sequence[Entry]) -> Iterator[Invocation]:
    """All invocations in the order of their ends, with what struck them."""
    open_: dict[str, Invocation] = {}
    out_until = 0
    stopped: set[str] = set()
    for at, kind, fields in history:
        if kind == "invocation":
            begun = Invocation(fields["container"], fields["function"], list(fields["cause"]), at)
            open_[begun.container] = begun
            begun.struck += ["outage"] * (at < out_until) + sorted(name for name in stopped if "/queries" in name)
        elif kind == "ended":
            ended = open_.pop(fields["container"])
            ended.end, ended.how, ended.failures = at, fields["how"], list(fields.get("failures") or ())
            yield ended
        elif kind == "fault" and fields["name"] not in HARMLESS:
            if fields["name"] == "outage":
                out_until = max(out_until, at + OUTAGE)
            for invocation in open_.values():
                if _concerns(fields, invocation):
                    if _is_tried_again(fields, invocation):
                        invocation.refused[fields["where"]] += 1
                    else:
                        invocation.struck.append(fields["name"])
        elif kind in ("conflict", "busy") and fields["container"] in open_:
            open_[fields["container"]].struck.append(kind)
        elif kind == "throttled":
            stopped.add(fields["function"])
            for invocation in open_.values():
                invocation.struck += [fields["function"]] * ("/queries" in fields["function"])
        elif kind == "runs":
            stopped.discard(fields["function"])
    yield from open_.values()


def _is_tried_again(fault: dict[str, Any], invocation: Invocation) -> bool:
    """Whether the SDK goes on after a fault; an owner is asked once only."""
    name, where = fault["name"], fault["where"]
    return name in TRIED_AGAIN and where.startswith(f"{invocation.container} ") and " Invoke " not in where


def _concerns(fault: dict[str, Any], invocation: Invocation) -> bool:
    """Whether a fault may have made an invocation fail: its own, its owner's, its table's, or everybody's."""
    name, where = fault["name"], fault["where"]
    who = where.split(" ")[0]
    service = invocation.function.partition("/")[0]
    asked = "/queries" in who  # an owner that somebody asks
    table = who.partition("/")[0] == service and name in AT_A_TABLE
    outside = service in OUTSIDE and name.startswith(OUTSIDE[service])
    return who == invocation.container or asked or table or name == "outage" or outside


def _may_be_laid_aside(dead: Dead, at_work: dict[str, list[Invocation]], reading: Reading) -> bool:
    """Whether a message that was given up at once could not have been handled by whoever had it."""
    if dead.message is None or not is_hopeless(dead) or int(dead.reason.get("tries", 0)) >= TRIES:
        return True  # tried often enough, each time with a cause, or judged elsewhere
    if dead.message.name == "RefundDue":
        return "provider refuses" in _struck(dead, at_work, reading)
    if dead.message.commit and 1 < dead.version <= VERSIONS.get(dead.message.name, 1):
        return bool(_workers(dead, at_work, reading) & reading.old)
    return True


def _struck(dead: Dead, at_work: dict[str, list[Invocation]], reading: Reading) -> set[str]:
    return {name for invocation in _tries(dead, at_work, reading) for name in invocation.struck}


def _workers(dead: Dead, at_work: dict[str, list[Invocation]], reading: Reading) -> set[str]:
    return {invocation.container for invocation in _tries(dead, at_work, reading)}


def _tries(dead: Dead, at_work: dict[str, list[Invocation]], reading: Reading) -> list[Invocation]:
    """The invocations that had a message when it was laid aside."""
    copies = [copy.id for copy in reading.copies.values() if (copy.queue, copy.body) == (dead.queue, dead.body)]
    found = [invocation for copy in copies for invocation in at_work.get(copy, ())]
    return [it for it in found if it.begin <= dead.at and (not it.end or dead.at <= it.end)]
