"""What keeps a consumer from its turn, as far as is known: it is paused, down or behind, or nothing has come to it.

A wait of a few seconds is no fault: without evidence that needs no time, none is blamed before PATIENCE.
"""

from dataclasses import asdict, dataclass, replace

from clients.cli.facts import Facts
from clients.cli.wording import counted, lasting
from clients.mall import Json

PATIENCE = 15.0  # seconds; a step takes 1 or 2 where nothing is wrong, and its first retry comes after 2 more


@dataclass(frozen=True)
class Why:
    """A sentence; who is to blame for the wait, if it is anyone; since when; and the command that may help."""

    sentence: str
    blames: str = ""
    since: str = ""
    do: str = ""

    @property
    def data(self) -> Json:
        return asdict(self)


def stopped(facts: Facts, *consumers: str) -> Why | None:
    """The first of these consumers that takes nothing, in a clause: it is paused, or its service does not answer."""
    for consumer in consumers:
        one, service = facts.consumers.get(consumer), consumer.partition("/")[0]
        if one and one["state"] in ("paused", "pausing"):
            whom = f" by {one['by']}" if one["by"] else ""
            reason = f" ({one['reason']})" if one["reason"] else ""
            said = f"{consumer} is {one['state']}{whom}{reason}"
            return Why(said, consumer, do=facts.typed("resume", consumer))
        if service in facts.silent:
            return Why(f"{service} does not answer", consumer, do=facts.typed("logs", service))
    return None


def waiting(facts: Facts, consumer: str) -> int | None:
    """How many messages wait for a consumer now; None where that is not known.

    Not those that are delayed: reminders, which have time.
    """
    found = (facts.consumers.get(consumer) or {}).get("waiting")
    return found["visible"] + found["inFlight"] if found else None


def because(facts: Facts, text: str, consumer: str, since: str, sender: str, message: str = "it") -> Why:
    """What a consumer has not done yet, and why. sender: the service whose message it waits for."""
    said, service = f"{text} since {since}" if since else text, consumer.partition("/")[0]
    about = ("--order", facts.id)
    if halt := stopped(facts, consumer):
        return replace(halt, sentence=f"{said}, because {halt.sentence}", since=since)
    if (facts.age(since) or 0) < PATIENCE:
        return Why(said, since=since)
    number = waiting(facts, consumer)
    if number is None:
        unknown = "SQS does not answer" if consumer in facts.consumers else "operations does not answer"
        return Why(
            f"{said}; what waits for {consumer} is not known, for {unknown}",
            consumer,
            since,
            facts.typed("logs", service),
        )
    if number:
        # Of those in flight some are handled now, and some are hidden until they are tried again.
        received = "" if facts.consumers[consumer]["waiting"]["visible"] else ", received and not handled yet"
        said = f"{said}: {counted(number, 'message waits', 'messages wait')} for {consumer}{received}"
        return Why(said, consumer, since, facts.typed("logs", service, *about))
    said = f"{said}: nothing waits for {consumer}, so {sender} has not sent {message}, or it was lost on its way"
    return Why(said, f"{sender}/relay", since, facts.typed("logs", sender, *about))


def overdue(facts: Facts, text: str, since: str, within: float, service: str) -> Why | None:
    """What a schedule, which ends it after a day, has not done within so many seconds; None while it still may."""
    age, consumer = facts.age(since), f"{service}/inbox"
    if age is None or age < within:
        return None
    said = f"{text} for {lasting(age)}"
    if halt := stopped(facts, consumer):
        return replace(halt, sentence=f"{said}, which {service} ends after 24 h, but {halt.sentence}", since=since)
    late = f"{said}: {service}'s schedule is overdue, which ends that after 24 h"
    return Why(late, consumer, since, facts.typed("logs", service))
