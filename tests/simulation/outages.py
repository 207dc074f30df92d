"""Outages of minutes and hours: what is away, how a call to it fails, and how EventBridge retries meanwhile."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.sdk import World

# How each call to an AWS service fails that is away: it is throttled, answered with 500, or not answered at all.
WAYS = ("throttled", "error", "silent")
# Names of targets; tables and queues have their own.
BUS, PROVIDER, CARRIER, KMS, BROKER = "bus", "provider", "texts", "kms", "broker"
DISABLED = "kms key"  # which an operator disabled: KMS refuses its use until it is enabled
# EventBridge retries a target for 24 hours and up to 185 times, "with an exponential back off and jitter"
# (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html). How long a back-off is at most
# is not documented; so many retries last that long if it is 467 s.
LONGEST_BACK_OFF = 24 * 3_600 / 185


def when_back(world: "World", target: str, deliver: Callable[[], None], attempt: int = 0) -> None:
    """Deliver to a target now or, while it is away, at one of EventBridge's retries."""
    if target not in world.away:
        deliver()
        return
    back_off = min(2.0**attempt, LONGEST_BACK_OFF)
    seconds = world.choices.seconds(back_off / 2, back_off, "back-off of a rule")
    world.scheduler.call_in(seconds, lambda: when_back(world, target, deliver, attempt + 1))
