"""Replies: one that a commit carries leaves through its relay, like everything that a commit carries."""

import json
from collections import Counter
from collections.abc import Iterator

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.subscribers import ANSWERS
from tests.simulation.check.violation import Violation

BY_THE_RELAY = "a reply that a commit carries is not published by the invocation that committed it too"

REPLIES = {reply for _, replies in ANSWERS.values() for reply in replies}


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Replies that the same invocation committed and published, though it had their command once."""
    commits = iter(history.commits)  # one for each entry
    causes: dict[str, list[str]] = {}  # of the invocation that each container works on
    carried: dict[str, set[str]] = {}
    late: set[tuple[str, str, int]] = set()  # what a transaction of an earlier invocation may still commit
    for _, kind, fields in history.entries:
        if kind == "invocation":
            causes[fields["container"]] = list(fields.get("cause") or ())
            carried[fields["container"]] = set()
        elif kind == "commit":
            sent = {message.id for message in next(commits).messages if message.delay is None}
            if (fields["container"], *fields["key"]) not in late:
                carried.setdefault(fields["container"], set()).update(sent)
        elif kind == "underway":
            late |= {(fields["container"], *key) for key in fields["keys"]}
        elif kind == "conflict":  # perhaps with its own commit, whose answer was lost: it is handled again
            carried.pop(fields["container"], None)
        elif kind == "published" and fields["name"] in REPLIES and (container := fields.get("by")) in causes:
            detail = fields["detail"] if isinstance(fields["detail"], dict) else json.loads(fields["detail"])
            metadata = detail["metadata"]
            handled = Counter(
                copy.message.id for id in causes[container] if (copy := history.copies.get(id)) and copy.message
            )
            if metadata.get("id") in carried.get(container, ()) and handled[metadata.get("causation_id")] < 2:
                text = f"{metadata['name']}, which a commit carries, was published by {container} as well"
                yield Violation(BY_THE_RELAY, text, {"message": metadata["id"]})
