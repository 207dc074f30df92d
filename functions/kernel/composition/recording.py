"""The adapters of a forecast: they note what they are given, and ask owners slowly."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.messaging.record import name_in
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.json_text import compact, read
from functions.kernel.runtime.runtime import Unsent
from functions.kernel.runtime.trial import Trial

Invoke = Callable[[str, dict[str, Any]], dict[str, Any]]

QUESTIONS = 50  # for one letter
PAUSE = 0.1  # seconds between two questions: a forecast takes no more of an owner than a few clients do


class NotingBus:
    """Takes every message, and publishes none."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def put(self, messages: Sequence[Outgoing]) -> list[Unsent]:
        """Note their names."""
        self._trial.messages += [message.name for message in messages]
        return []


class NotingQueue:
    """Takes every message, and keeps none."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def send(
        self,
        body: str,
        delay: int = 0,
        reason: Mapping[str, str] | None = None,
        group: str = "",
        dedup: str = "",
    ) -> None:
        """Note its name."""
        self._trial.messages.append(name_in(body))

    def retry_in(self, receipt: str, seconds: int) -> None:
        """Nothing: a letter that is only tried came from no queue."""


class GivingUp(NotingQueue):
    """The dead-letter queue of a trial: an inbox that sets a message aside would do so again."""

    def send(
        self,
        body: str,
        delay: int = 0,
        reason: Mapping[str, str] | None = None,
        group: str = "",
        dedup: str = "",
    ) -> None:
        """Note why."""
        self._trial.given_up = dict(reason or {})


class Asking:
    """Asks owners in earnest: one question after the other, ten a second at most, and none twice."""

    def __init__(self, invoke: Invoke | None) -> None:
        self._invoke = invoke
        self._known: dict[str, str] = {}
        self._last: datetime | None = None

    def for_letter(self, trial: Trial) -> Invoke:
        """How one letter asks. An owner that does not answer, or too many questions, are doubts of its trial."""
        asked = 0

        def ask(service: str, request: dict[str, Any]) -> dict[str, Any]:
            nonlocal asked
            question = compact([service, request])
            if question not in self._known:
                asked += 1
                if asked > QUESTIONS:
                    trial.doubt(f"it asks other services more than {QUESTIONS} questions")
                try:
                    self._known[question] = compact(self._ask(service, request))
                except UnavailableError:
                    trial.doubt(f"{service} did not answer")
            answer: dict[str, Any] = read(self._known[question])
            return answer

        return ask

    def _ask(self, service: str, request: dict[str, Any]) -> dict[str, Any]:
        if self._invoke is None:
            raise UnavailableError(f"{service} cannot be asked from here")
        if self._last:
            clock.wait(max(0.0, PAUSE - (clock.now() - self._last).total_seconds()))
        self._last = clock.now()
        return self._invoke(service, request)
