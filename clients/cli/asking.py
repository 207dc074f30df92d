"""What a saga waits for: which of its commands has no answer, and whose turn it is."""

from dataclasses import replace

from clients.cli.evidence import Why, because
from clients.cli.facts import Facts
from clients.cli.given_up import replies
from clients.cli.wording import lasting
from clients.mall import Json
from events.registry import language

ENDINGS = {1: "st", 2: "nd", 3: "rd"}
UNCOMMITTED = ("AuthorizeCustomer",)  # customers only looks, and commits no answer: one that was lost left no trace
LATE = 180.0  # seconds after the time of a try: its watch is late by 60 at most, and a schedule looks each minute


def parked(facts: Facts) -> Why | None:
    """A saga that was parked."""
    saga = facts.saga
    if not saga or saga["status"] != "parked":
        return None
    text = f"waits for staff: its saga is parked at step {saga['step']} ({saga['reason']})"
    return Why(text, "saga", saga["since"], facts.typed("saga resume", facts.id))


def asked(facts: Facts) -> Why | None:
    """A saga that runs, while its order waits for it: of what it awaits, first that with the best evidence."""
    saga = facts.saga
    if not saga or saga["status"] != "running" or facts.is_past_its_saga:
        return None
    return min((_of(facts, saga, one) for one in saga["awaited"]), key=_doubt, default=None)


def _doubt(found: Why) -> int:
    """0: a consumer is named. 1: a message was lost. 2: one of two was lost. 3: all takes its turn."""
    if "/relay" not in found.blames:
        return 0 if found.blames else 3
    return 1 if found.blames.endswith("/relay") else 2


def _of(facts: Facts, saga: Json, one: Json) -> Why:
    command, names = one["command"], replies(one["command"])
    to = str(language()[command].about.to)
    undoing = f" to undo it ({saga['reason']})" if saga["compensating"] else ""
    first = next((message for message in facts.messages if message["name"] == command), None)
    since = first["time"] if first else saga["since"]
    answer = facts.last(*names)
    if answer and answer["time"] >= since and _is_about_now(saga, answer):
        text = f"waits for checkout to take {answer['name']}{undoing}"
        found = because(facts, text, "checkout/inbox", answer["time"], to)
    else:
        text = f"waits for {' or '.join(names)} from {to}{undoing}{_tries(facts, one)}"
        found = because(facts, text, f"{to}/inbox", since, "checkout", command)
        if command in UNCOMMITTED and found.blames.endswith("/relay"):
            found = _lost_or_answered(facts, text, since, command, to)
    late = -(facts.left(one["due"]) or 0)
    if late > LATE and not found.sentence.count("because"):
        text = f"{found.sentence}; its next try was due {lasting(late)} ago, and checkout's schedule is overdue"
        return Why(text, "checkout/inbox", since, facts.typed("saga retry", facts.id))
    if "/relay" in found.blames:
        return replace(found, do=facts.typed("saga retry", facts.id))
    return found


def _lost_or_answered(facts: Facts, text: str, since: str, command: str, to: str) -> Why:
    """Nothing waits for a service whose answers are in no commit: it may have answered."""
    found = because(facts, f"{text}, which may have answered,", "checkout/inbox", since, to)
    if not found.blames.endswith("/relay"):
        return found
    lost = f"so {command} was not sent, or it was lost, or its answer was: no commit tells which"
    said = f"{text} since {since}: nothing waits for {to}/inbox or checkout/inbox, {lost}"
    return Why(said, f"checkout/relay or {to}/inbox", since)


def _is_about_now(saga: Json, answer: Json) -> bool:
    """Whether an answer came since the saga began to do what it does."""
    return bool(answer["time"] >= saga["since"])


def _tries(facts: Facts, one: Json) -> str:
    """`, third try`, and when the next one comes."""
    text = f", {_nth(one['attempt'])} try" if one["attempt"] > 1 else ""
    left = facts.left(one["due"])
    return f"{text}, next in {lasting(left)}" if left and left > 0 and one["attempt"] > 1 else text


def _nth(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return {2: "second", 3: "third"}.get(number) or f"{number}{ENDINGS.get(number % 10, 'th')}"
