"""Flows: what follows from a message is in the flow of its request and in its trace, by which people find it."""

from collections.abc import Iterator
from itertools import pairwise

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit, Message
from tests.simulation.check.violation import Violation

FLOW = "what follows from a message is in its flow and its trace"
OF_ITS_LIST = "that a list is assigned is in the trace of what made the list wait"

ASSIGNED = "Assigned"
ASSIGNMENT = ("ShoppingListAssigned", "BotAssigned")  # whatever message made the dispatcher look


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Messages in another flow or trace than what they follow from."""
    for message in history.messages.values():
        cause = history.messages.get(message.metadata.get("causation_id") or "")
        if cause and message.name not in ASSIGNMENT and _flow(message) != _flow(cause):
            text = f"{message.name}, which follows from {cause.name}, is in another flow or trace"
            yield Violation(FLOW, text, {"message": message.id, "cause": cause.id})
    for _, commits in history.of_kind("ShoppingList"):
        for before, commit in pairwise(commits):
            yield from _of_its_list(before, commit)


def _of_its_list(before: Commit, commit: Commit) -> Iterator[Violation]:
    """Whether the dispatcher's assignment is in the trace of the commit before; one that staff ask for is in theirs.

    Its flow is that of the row by which the list was found, which may be of an earlier wait.
    """
    if commit.request or ASSIGNED not in commit.event_names() or not before.messages:
        return
    for message in commit.messages:
        if _trace(message) != _trace(before.messages[-1]):
            text = f"{message.name} of {commit.where} is in another trace than {before.messages[-1].name}"
            yield Violation(OF_ITS_LIST, text, {"stream": commit.stream, "message": message.id})


def _flow(message: Message) -> tuple[str | None, str]:
    return message.metadata.get("correlation_id"), _trace(message)


def _trace(message: Message) -> str:
    """The trace id of a message, of the form `00-<trace>-<span>-<flags>` (W3C Trace Context)."""
    return "".join(str(message.metadata.get("traceparent", "")).split("-")[1:2])
