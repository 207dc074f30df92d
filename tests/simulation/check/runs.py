"""Runs that bring history: why one stops by itself, and what the functions that they ask answer."""

import json
from collections.abc import Iterator
from typing import Any

from tests.simulation.check import generations
from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.projections import MODELS
from tests.simulation.check.violation import Violation

STOPS_FOR = "a replay or a rebuild does not stop for want of a view, or of messages of a view, that its consumer has"
DESCRIBED = "a consumer describes each of its views"
FULL = "an answer about given-up records that is not the last is nearly full"

STOPPED = "stopped"
NO_VIEW, NO_ROWS = "view: ", "makes no rows of what "  # in why a run stopped
NEARLY_FULL = 1_000_000  # of 5,000,000 bytes that an answer may have; a record has 400,000 at most
REPLAY, RELAY = "-replay", "-relay"  # end the names of functions


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Runs that stopped without need, and answers that lack a view or are cut for nothing."""
    for _, table, partition, sort, item in history.rows:
        if table == TABLE and sort == "run" and partition.startswith("run "):
            run = row_data(item)
            if run and run.get("state") == STOPPED and _has_what_it_wants(run["asked"], run["why"], history):
                text = f"the {run['kind']} {run['id']} stopped: {run['why']}"
                yield Violation(STOPS_FOR, text, {"run": run["id"]})
    for at, kind, fields in history.entries:
        if kind == "told" and fields["how"] == "ok":
            yield from _answered(at, fields["function"], fields["answer"])


def _has_what_it_wants(asked: dict[str, Any], why: str, history: ParsedHistory) -> bool:
    """Whether a reason to stop is none."""
    if why.startswith(NO_VIEW):
        return asked.get("view", "") in generations.VIEWS.get(f"{asked['to']}/views", {})
    if NO_ROWS not in why or asked.get("view"):
        return False
    names = {name for model in MODELS if model.service == asked["to"] for name in model.events}
    return any(
        message.name in names and message.commit and message.service == asked.get("source", message.service)
        for message in history.messages.values()
    )


def _answered(at: int, function: str, text: str) -> Iterator[Violation]:
    """Whether an answer names the views that a service has, and whether one that goes on holds much."""
    if function.endswith(REPLAY) and '"views"' in text:
        service = function.removesuffix(REPLAY)
        if missing := set(generations.VIEWS.get(f"{service}/views", {})) - set(json.loads(text).get("views", ())):
            yield Violation(DESCRIBED, f"{service} does not describe {', '.join(sorted(missing))}", {"at": at})
    elif function.endswith(RELAY) and '"gone"' in text and len(text) < NEARLY_FULL and json.loads(text).get("next"):
        held = f"{len(json.loads(text)['messages'])} messages, {len(text)} bytes"
        yield Violation(FULL, f"{function} answered with {held}, and goes on in another answer", {"at": at})
