"""What keeps a consumer from its turn, as far as is known: it is paused, down or behind, or nothing has come to it.

A wait of a few seconds is no fault: without evidence that needs no time, none is blamed before PATIENCE.
"""

from dataclasses import asdict, dataclass

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


def because(facts: Facts, text: str, consumer: str, since: str, sender: str) -> Why:
    """What a consumer has not done yet, and why. sender: the service whose message it waits for."""
    at = f" since {since}" if since else ""
    one, service = facts.consumers.get(consumer), consumer.partition("/")[0]
    logs = f"mallbots logs {service}"
    if one and one["state"] in ("paused", "pausing"):
        whom = f" by {one['by']}" if one["by"] else ""
        reason = f" ({one['reason']})" if one["reason"] else ""
        said = f"{text}{at}, because {consumer} is {one['state']}{whom}{reason}"
        return Why(said, consumer, since, f"mallbots resume {consumer}")
    if service in facts.silent:
        return Why(f"{text}{at}, because {service} does not answer", consumer, since, logs)
    if (facts.age(since) or 0) < PATIENCE:
        return Why(f"{text}{at}", since=since)
    if one is None or one["waiting"] is None:
        unknown = "operations does not answer" if one is None else "SQS does not answer"
        return Why(f"{text}{at}; what waits for {consumer} is not known, for {unknown}", consumer, since, logs)
    # Not those that are delayed: reminders, which have time.
    if number := one["waiting"]["visible"] + one["waiting"]["inFlight"]:
        said = f"{text}{at}: {counted(number, 'message waits', 'messages wait')} for {consumer}"
        return Why(said, consumer, since, f"{logs} --order {facts.id}")
    said = f"{text}{at}: nothing waits for {consumer}, so {sender} has not sent it, or it was lost on its way"
    return Why(said, f"{sender}/relay", since, f"mallbots logs {sender} --order {facts.id}")


def overdue(facts: Facts, text: str, since: str, within: float, service: str) -> Why | None:
    """What a schedule, which ends it after a day, has not done within so many seconds; None while it still may."""
    age = facts.age(since)
    if age is None or age < within:
        return None
    said = f"{text} for {lasting(age)}: {service}'s schedule is overdue, which ends that after 24 h"
    return Why(said, f"{service}/inbox", since, f"mallbots logs {service}")
