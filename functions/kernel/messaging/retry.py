"""When a message is retried, and when it is given up.

A message whose handler failed becomes visible again after 2, 4, 8, … 128 seconds. At its eighth receive, 254 seconds
after its first, it is given up: it goes to the dead-letter queue with its reason. What can never succeed is given up at
once.
"""

from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import LONGEST_DELAY


class UndeliverableError(Exception):
    """A message that no retry can make succeed; its text is the reason that the dead-letter queue keeps with it."""


def is_final(error: Exception, receives: int) -> bool:
    """Whether a message is given up that failed by this error at its first, second, third… receive."""
    return isinstance(error, UndeliverableError) or receives >= int(runtime.current().setting("MAX_RECEIVES"))


def delay(receives: int) -> int:
    """The seconds until a message that failed at this receive is received again: they double, up to 900."""
    seconds: int = 2**receives
    return min(seconds, LONGEST_DELAY)
