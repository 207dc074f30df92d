"""Reconciliation: what staff compare when all is quiet differs only where a message was lost."""

import json
import re
from collections.abc import Iterator

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.violation import Violation

FOUND = "a comparison of the day's orders finds a difference only where a message was lost"

RECONCILED = "day reconciled"  # what staff do when all is quiet


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Differences that were found when all was quiet, of orders about which every message was handled."""
    begun = [at for at, kind, fields in history.entries if kind == "deed" and fields["what"] == RECONCILED]
    if not begun or not history.is_quiescent:
        return
    lost = list(_lost(history))
    for order_id, commits in history.of_kind("Difference"):
        for commit in commits:
            for event in (one for one in commit.events if one.name == "Found" and commit.at > begun[0]):
                ids = {order_id, event.data["payment_id"]}
                about = re.compile("|".join(rf"\b{re.escape(id)}\b" for id in ids))
                if not any(about.search(text) for text in lost):
                    kinds = ", ".join(sorted(reason["kind"] for reason in event.data["reasons"]))
                    text = f"the order {order_id} differs by {kinds}, and no message about it was lost"
                    yield Violation(FOUND, text, {"stream": commit.stream})


def _lost(history: ParsedHistory) -> Iterator[str]:
    """The text of each message that was lost or given up, and the stream of each commit that was not sent."""
    yield from (letter.body for letter in history.dead_letters)
    yield from (stream for _, stream, _ in history.lost_by_relay)
    yield from (json.dumps(history.messages[message].detail) for message, _ in history.given_up)
