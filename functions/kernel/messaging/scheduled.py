"""Work that a rule of EventBridge starts by invoking its function, without a queue between.

For what repeats, whose state is in rows, and where a minute that is missed or comes twice does no harm: the next one
does all that is due. Two may run at once. An API may start it too, by an asynchronous invocation.
"""

from collections.abc import Callable
from typing import Any

from functions.kernel.runtime.uses import NOTHING, Uses

Work = Callable[[dict[str, Any]], object]


class Scheduled:
    """What a room of a service registers that runs by a schedule: `collector = Scheduled("operations", "collector")`.

    name: that of the room and of its handler. expression: EventBridge's `rate(…)` or `cron(…)` (UTC). uses: what the
    work calls, of which the permissions of the function are made.
    """

    def __init__(self, service: str, name: str, expression: str = "rate(1 minute)", *, uses: Uses = NOTHING) -> None:
        self.service = service
        self.name = name
        self.expression = expression
        self.uses = uses
        self._work: Work | None = None

    def work(self, work: Work) -> Work:
        """Register what is done each time; it is called with the event of the invocation."""
        if self._work:
            raise TypeError(f"{self.name} has its work already")
        self._work = work
        return work

    def handle(self, event: dict[str, Any]) -> object:
        """Do it. Raises what the work raises, and TypeError where none is registered."""
        if not self._work:
            raise TypeError(f"{self.name} of {self.service} registers no work")
        return self._work(event)
