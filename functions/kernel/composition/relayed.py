"""The forecast of a letter of the relay: it passes where the relay can read the commit that holds its message."""

from collections.abc import Mapping
from typing import Any

from events.registry import Kind, language
from functions.kernel.composition.answers import cannot_tell
from functions.kernel.messaging.record import envelope, read_body
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import observe
from functions.kernel.runtime.runtime import EventStore

LONGEST = 100  # events of a commit: it begins at most so many versions before the one that its message is of
REFUSED = "RefusedByBus"  # as eventstore/relay.py names it


def forecast_relayed(letter: Mapping[str, Any], store: EventStore) -> dict[str, Any]:
    """The answer for a letter of the relay.

    stream: that of the commit, where the letter knows it; a reply's own names the command that it answers, so the
    commit that carries it cannot be found by that.
    """
    try:
        metadata = envelope(read_body(letter["body"])).metadata
    except UndeliverableError as error:
        detail = {"error": type(error).__name__, "reason": observe.reason(error), "retry": False}
        return {"answer": "fails", "detail": detail}
    if letter.get("error") == REFUSED:
        return cannot_tell("the bus refused it, and may do so again")
    stream = letter.get("stream") or metadata.stream
    commits, _ = store.page(stream, max(0, metadata.stream_version - LONGEST), LONGEST)
    found = next((one for one in commits if any(message.id == metadata.id for message in one.messages)), None)
    if found:
        written = {"writes": [], "commits": 0, "rows": 0, "sends": {metadata.name: 1}, "asks": {}}
        return {"answer": "passes", "detail": written}
    known = language().get(metadata.name)
    if known is None or (known.about.kind is Kind.REPLY and not letter.get("stream")):
        return cannot_tell("the commit that carries a reply is not named by it")
    reason = f"{stream} holds no {metadata.name} {metadata.id}"
    return {"answer": "fails", "detail": {"error": "NotFoundError", "reason": reason, "retry": False}}
