"""Restored tables: what is committed after a restoration has versions and messages of its own, and is followed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import Entry, ParsedHistory
from tests.simulation.check.projections import Model, differences
from tests.simulation.check.records import Message
from tests.simulation.check.violation import Violation

ABOVE = "a restored table goes on above every version that was ever published"
FOLLOWED = "consumers follow what is committed after a restoration"

NO_CALLER = "system"  # the actor of what the command that applies the ledger commits
EPOCHS = "Epochs"  # a stream of each restored table, of which nothing is published


def epoch_violations(before: Sequence[Entry], after: Sequence[Entry], final: Mapping[str, Any]) -> Iterator[Violation]:
    """What came a second time, and what was not followed. final: the state after all of it."""
    past = ParsedHistory(before, {})
    known = {commit.id for commits in past.streams.values() for commit in commits}
    # A commit may be stored again in other words (kernel: EventStore.rewrite), which is no new one.
    new = [entry for entry in after if entry[1] != "commit" or entry[2]["item"]["id"]["S"] not in known]
    present = ParsedHistory(new, final)
    for stream, commits in present.streams.items():
        if commits[0].kind != EPOCHS:
            yield from _above(past, stream, present)
    lacked, lacks = Deliveries(past), Deliveries(present)

    def excuses(message: Message, model: Model) -> bool:
        about = model.service, str(message.metadata["stream"]).partition("#")[2], model.events
        return lacks.misses(*about) or (_is_of_the_ledger(message, present) and lacked.misses(*about))

    for violation in differences(present, excuses):
        yield Violation(FOLLOWED, violation.text, violation.evidence)


def _is_of_the_ledger(message: Message, present: ParsedHistory) -> bool:
    """Whether it was committed as the ledger of erasures was applied, before the table served.

    It is not published then, as it was once: a consumer that gave it up then still has it as a letter.
    """
    commit = message.commit
    return commit is not None and commit.actor == NO_CALLER and message.id not in present.published


def _above(past: ParsedHistory, stream: str, present: ParsedHistory) -> Iterator[Violation]:
    highest = max((commit.last_version for commit in past.streams.get(stream, ())), default=0)
    for commit in present.streams[stream]:
        if commit.version <= highest:
            text = f"{stream} has version {commit.version} after it had {highest} before a restoration"
            yield Violation(ABOVE, text, {"stream": stream})
        for message in commit.messages:
            if message.id in past.messages:
                text = f"the message {message.id} of {stream} was another's before a restoration"
                yield Violation(ABOVE, text, {"stream": stream, "message": message.id})
