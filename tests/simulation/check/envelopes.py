"""Envelopes: a command says who asks, for which saga; a reply says for which saga; nothing else says either.

A dead letter that was edited is a message of its own, which no commit holds and nobody publishes: it is left out.
"""

from collections.abc import Iterator

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Message
from tests.simulation.check.subscribers import ANSWERS
from tests.simulation.check.violation import Violation

NAMES_ITS_SAGA = "a command names its service and its saga, a reply that saga, and nothing else names either"

REPLIES = {name for _, answers in ANSWERS.values() for name in answers}


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Messages whose envelopes name another service to reply to, or another saga, than they should."""
    for message in history.messages.values():
        command = history.messages.get(message.metadata.get("causation_id") or "")
        is_ours = message.commit is not None or message.id in history.published
        if not is_ours or (message.name in REPLIES and command is None):
            continue
        named = message.metadata.get("reply_to"), message.metadata.get("saga")
        if named != _expected(message, command):
            text = f"{message.name} names {named[0]} to reply to, and the saga {named[1]}"
            yield Violation(NAMES_ITS_SAGA, text, {"message": message.id, "stream": message.metadata.get("stream")})


def _expected(message: Message, command: Message | None) -> tuple[str | None, str | None]:
    if message.name in ANSWERS:
        stream = str(message.metadata.get("stream", ""))
        return message.service, stream.partition("#")[2]
    if message.name in REPLIES and command:
        return None, command.metadata.get("saga")
    return None, None
