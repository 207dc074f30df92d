"""Service levels: what the mall promises about time, judged where it is kept or missed.

Only what came too late is counted, so that a promise that is kept costs nothing. How many there were in all is another
figure: of the service's own, or what its inbox handled, which SQS counts. The alarms on them: infra/service_levels.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.kernel.runtime import clock, observe


@dataclass(frozen=True)
class ServiceLevel:
    """A share of all that happens is done within so many seconds: `ServiceLevel("TextsLate", "a text", seconds=60)`.

    metric: that of what came too late. what: the line's word for one. of: the service's own metric of how many there
    were; empty where they are the messages that its inbox handled. share: how many of them must be in time.
    """

    metric: str
    what: str
    seconds: float
    of: str = ""
    share: float = 0.995

    def judge(self, since: Iterable[str]) -> None:
        """Count those that took too long until now; `since`: when each began, RFC 3339."""
        now = clock.now()
        late = sum((now - clock.read(time)).total_seconds() > self.seconds for time in since)
        if late:
            observe.count(self.metric, self.what, late)
