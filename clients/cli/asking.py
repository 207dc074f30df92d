"""What a saga waits for: which of its commands has no answer, and whose turn it is."""

from clients.cli.evidence import Why, because
from clients.cli.facts import Facts
from clients.cli.given_up import replies
from clients.cli.wording import lasting
from clients.mall import Json
from events.registry import language

ENDINGS = {1: "st", 2: "nd", 3: "rd"}
LATE = 180.0  # seconds after the time of a try: its watch is late by 60 at most, and a schedule looks each minute


def parked(facts: Facts) -> Why | None:
    """A saga that was parked."""
    saga = facts.saga
    if not saga or saga["status"] != "parked":
        return None
    text = f"waits for staff: its saga is parked at step {saga['step']} ({saga['reason']})"
    return Why(text, "saga", saga["since"], f"mallbots saga resume {facts.id}")


def asked(facts: Facts) -> Why | None:
    """A saga that runs: of what it waits for, first that for which there is someone to blame."""
    saga = facts.saga
    if not saga or saga["status"] != "running":
        return None
    found = [_of(facts, saga, one) for one in saga["awaited"]]
    return next((one for one in found if one.blames), found[0] if found else None)


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
        found = because(facts, text, f"{to}/inbox", since, "checkout")
    late = -(facts.left(one["due"]) or 0)
    if late > LATE and not found.sentence.count("because"):
        text = f"{found.sentence}; its next try was due {lasting(late)} ago, and checkout's schedule is overdue"
        return Why(text, "checkout/inbox", since, f"mallbots saga retry {facts.id}")
    return found


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
