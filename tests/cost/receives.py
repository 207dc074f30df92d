"""How often Lambda receives from the queues in which it gathers batches: once for each batch, or for each arrival.

A receive gives ten messages at most, and a long poll answers as soon as there is one. So what arrives apart within a
window may take a receive each; how Lambda gathers is not documented. The bill has one for each batch, the fewest.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
"""

from itertools import pairwise

from infra import prices
from tests.cost.bill import MILLION
from tests.cost.flow import Run
from tests.simulation.scheduler import SECOND

TOGETHER = 0.020  # seconds: what arrives so soon after another is there by the time that a poll is answered, assumed


def batches(run: Run) -> list[list[int | None]]:
    """Of each gathered batch when its messages came to be visible, in order; None: before the run was counted."""
    visible: dict[str, int] = {}
    found = []
    for at_us, kind, fields in run.history:
        if kind == "sent":
            visible[fields["message"]] = at_us + fields["delay"] * SECOND
        elif kind == "postponed":
            visible[fields["message"]] = at_us + fields["seconds"] * SECOND
        elif kind == "invocation" and fields["function"] in run.gathered:
            found.append(sorted((visible.get(message) for message in fields["cause"]), key=lambda at: at or 0))
    return found


def most_receives(batch: list[int | None]) -> int:
    """A receive for each message of a batch that came more than TOGETHER after the one before, or before the run."""
    known = [at for at in batch if at is not None]
    apart = sum(after - before > TOGETHER * SECOND for before, after in pairwise(known))
    return len(batch) - len(known) + (1 + apart if known else 0)


def more_of_arrivals(run: Run) -> float:
    """Dollars of a million orders more than the bill has, if each arrival takes a receive."""
    more = sum(most_receives(batch) - 1 for batch in batches(run))
    return MILLION * more / run.orders * prices.QUEUE_REQUEST
