"""Messages of a replay that failed in a read model: letters of the consumer that feeds it, as if it gave them up."""

from typing import Any

from functions.kernel.runtime import clock
from functions.kernel.runtime.json_text import compact
from functions.operations import forms
from functions.operations.cloud import Held
from functions.operations.consumers import FailureQueue
from functions.operations.forms import Why
from functions.operations.letters import Letter
from functions.operations.runs import Run
from functions.operations.subscriptions import feeder

INBOX = "inbox"


def keep(run: Run, failed: dict[str, Any]) -> Letter:
    """Store a message that failed; the same one of the same run once. Raises ConcurrencyError.

    failed: its detail, and the error and reason, as the consumer's `replay` function says it. The body is as the bus
    would bring it: sent back, it goes through the inbox as any other letter does.
    """
    from functions.operations.collector import store  # only here: few replays have such a message

    detail = failed["detail"]
    metadata = detail.get("metadata", {})
    body = {"detail-type": metadata.get("name"), "source": metadata.get("source"), "detail": detail}
    queue = FailureQueue(consumer_of(run, metadata.get("name", "")), run.kind, "")
    why = Why(failed["reason"], failed["error"], tries=1, failed_at=clock.stamp())
    return store(forms.letter(queue, compact(body), why, Held(f"{run.id} {metadata.get('id')}", "", "")))


def consumer_of(run: Run, name: str) -> str:
    """The consumer to which a message of a run's history goes back: that which makes the rows that it failed to make.

    Another one of the service may subscribe to it too, and would handle it without making them.
    """
    return feeder(run.to, name, run.asked.get("view", "")) or f"{run.to}/{INBOX}"
