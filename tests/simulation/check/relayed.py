"""Letters of relays: what a relay gave up is in a commit, and is sent again from there."""

from collections.abc import Iterator

from tests.simulation.check.letters import stored
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.violation import Violation

HELD = "a message that a relay gave up is found in its commit when it is sent back"

NOT_FOUND = "no commit holds it"  # the reason of such a letter in its history


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Letters that were not sent back for want of a commit, though one holds their message."""
    committed = {message.id: commit.where for commit in history.commits for message in commit.messages}
    for letter in stored(history).values():
        last = letter.last
        where = committed.get(last["message_id"])
        if where and any(NOT_FOUND in one.get("detail", "") for one in last.get("history", ())):
            text = f"the letter {letter.id} of {last['consumer']} was not found, though {where} holds it"
            yield Violation(HELD, text, {"letter": letter.id})
