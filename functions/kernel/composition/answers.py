"""What a forecast says of a letter, by what came of handling it.

| answer | when | detail |
|---|---|---|
| passes | it was handled | what it would write, send and ask of ports |
| refused | a command, answered with a refusal | the reply and its reason |
| waits | for what it is about, newer code, or a time | for what, and until when |
| fails | the handler raised another error | the error, its reason, and whether a retry may help |
| cannot tell | a port, an owner, the vault or the time left it open, or it could not be read | why |
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.registry import NewerVersionError
from functions.kernel.domain.aggregate import UnknownEventError
from functions.kernel.domain.errors import ConcurrencyError, NotFoundError
from functions.kernel.messaging import retry
from functions.kernel.messaging.inbox import Handled
from functions.kernel.messaging.record import due, read_body
from functions.kernel.messaging.redelivery import Again
from functions.kernel.messaging.retry import UndeliverableError, UnsubscribedError
from functions.kernel.runtime import clock, observe
from functions.kernel.runtime.transient import is_transient
from functions.kernel.runtime.trial import Trial

Answer = dict[str, Any]

CANNOT_TELL = "cannot tell"
UNREAD = "what it needs could not be read"
SHOWN = 20  # commits, and kinds of messages and calls, of one letter
NEWER = (NewerVersionError, UnsubscribedError, UnknownEventError)


@dataclass(frozen=True)
class Attempt:
    """What came of one letter. result: what was handled, or the error."""

    letter: Mapping[str, Any]
    result: Handled | Exception | None
    trial: Trial
    out_of_time: bool

    def answer(self) -> Answer:
        """What the forecast says."""
        if self.out_of_time:
            return cannot_tell("it takes longer than a forecast has time for")
        if self.trial.doubts:
            return cannot_tell(self.trial.doubts[0])
        if isinstance(self.result, Exception):
            return self._failed(self.result)
        if self.trial.given_up:
            error, reason = (self.trial.given_up.get(name, "") for name in ("error", "reason"))
            return _answer("fails", error=error, reason=reason, retry=False)
        if self.trial.calls and self.letter.get("error") == UndeliverableError.__name__:
            return cannot_tell(f"it was given up once; what {self.trial.calls[0]} would say now is not known")
        if self.result and self.result.refusal:
            refusal = self.result.refusal
            return _answer("refused", reason=observe.reason(refusal.error), reply=refusal.reply, **_done(self.trial))
        return _answer("passes", **_done(self.trial))

    def _failed(self, error: Exception) -> Answer:
        if isinstance(error, Again):
            until = _due(str(self.letter["body"]))
            what = "its time" if until else f"another look, {error.after} s later"
            return _answer("waits", **{"for": what}, until=clock.stamp(until) if until else None)
        if isinstance(error, NEWER):
            return _answer("waits", **{"for": f"newer code: {observe.reason(error)}"}, until=None)
        if isinstance(error, NotFoundError):
            return _answer("waits", **{"for": f"what it is about: {error.message}"}, until=None)
        if isinstance(error, ConcurrencyError) or is_transient(error):
            return cannot_tell(f"{UNREAD}: {observe.reason(error)}")
        reason, name = observe.reason(error), type(error).__name__
        return _answer("fails", error=name, reason=reason, retry=retry.may_pass(error))


def cannot_tell(why: str) -> Answer:
    """The answer where it was left open."""
    return _answer(CANNOT_TELL, why=why)


def is_unread(answer: Answer) -> bool:
    """Whether it was left open because AWS did not answer, or others wrote: another try may tell."""
    return str(answer["detail"].get("why", "")).startswith(UNREAD)


def _answer(answer: str, **detail: Any) -> Answer:
    return {"answer": answer, "detail": detail}


def _done(trial: Trial) -> dict[str, Any]:
    """What it would write and send; nothing of either for what was handled before."""
    return {
        "writes": [{"stream": stream, "events": list(events[:SHOWN])} for stream, events in trial.commits[:SHOWN]],
        "commits": len(trial.commits),
        "rows": trial.rows,
        "sends": dict(Counter(trial.messages).most_common(SHOWN)),
        "asks": dict(Counter(trial.calls).most_common(SHOWN)),
    }


def _due(body: str) -> datetime | None:
    """When a reminder is due that is not due yet."""
    with suppress(UndeliverableError):
        moment = due(read_body(body))
        return moment if moment and moment > clock.now() else None
    return None
