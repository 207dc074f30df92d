"""When a message is retried, and when it is given up.

A message whose handler failed becomes visible again after 2, 4, 8, … 512 seconds, then every 900. Three things decide
when it is given up: its error, how often it was received, and how long it has been tried. Given up, it goes to the
dead-letter queue with its reason.

| error | given up |
|---|---|
| no retry can help (UndeliverableError) | at once |
| ours, or unknown | at the eighth receive, after 254 s |
| transient, or an event about a thing not yet known | after 8 hours, at the eighth receive at the earliest |
| the message, or a stored event, is newer than the code | after 24 hours, at the eighth receive at the earliest |

Tried: since the first receive or, for a reminder that came before it was due, since it was due. In a FIFO queue, where
all wait for a message that fails, it comes back after 8 s at most, and any error is final at the eighth receive, 46 s
after the first.
"""

from events.registry import NewerVersionError
from functions.kernel.domain.aggregate import UnknownEventError
from functions.kernel.domain.errors import ConcurrencyError, NotFoundError, UnavailableError
from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import LONGEST_DELAY
from functions.kernel.runtime.transient import is_transient

HOUR = 3_600
LONGEST_FIFO_DELAY = 8  # seconds
TRANSIENT_FOR = 8 * HOUR  # longer than most outages of a region's services, and than a night without staff
NEWER_FOR = 24 * HOUR  # services deploy by themselves: the consumer may be a day behind the producer


class UndeliverableError(Exception):
    """A message that no retry can make succeed; its text is the reason that the dead-letter queue keeps with it."""


class UnsubscribedError(Exception):
    """A message that this code does not handle; the code that subscribes to it may be on its way."""


def is_final(error: Exception, receives: int, tried: float) -> bool:
    """Whether a message is given up that failed by this error.

    receives: 1 for its first receive. tried: for how many seconds it has been tried.
    """
    if isinstance(error, UndeliverableError):
        return True
    return receives >= int(runtime.current().setting("MAX_RECEIVES")) and tried >= _patience(error)


def may_pass(error: Exception) -> bool:
    """Whether a retry may help: the error is not ours, or newer code mends it."""
    return _patience(error) > 0


def _patience(error: Exception) -> int:
    if isinstance(error, NewerVersionError | UnsubscribedError | UnknownEventError):
        return NEWER_FOR
    if isinstance(error, UnavailableError | ConcurrencyError | NotFoundError) or is_transient(error):
        return TRANSIENT_FOR
    return 0


def delay(receives: int, *, fifo: bool = False) -> int:
    """The seconds until a message that failed at this receive is received again: they double, up to 900.

    In a FIFO queue up to 8: all of its one group wait meanwhile.
    """
    seconds: int = 2 ** min(receives, 10)
    return min(seconds, LONGEST_FIFO_DELAY if fifo else LONGEST_DELAY)
