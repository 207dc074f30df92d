"""Runs that share the runner: none waits for others again and again, also where their owners do not answer."""

from collections.abc import Iterator
from typing import Any

from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.violation import Violation

IN_TURN = "a replay at work is advanced in one of as many invocations of the runner as there are runs, and two"

RUNNER, RUN = "operations/runner", "run "
REPLAY, RUNNING = "replay", "running"
MORE = 2  # invocations: two may begin in the same minute, which begin with the same run


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Replays that runner after runner left as they were, since no fault strikes any more."""
    at_work: set[str] = set()
    missed: dict[str, int] = {}
    waiting: dict[str, set[str]] = {}  # by runners at work: what each has not advanced yet
    for at, kind, fields in history.entries:
        if kind == "row" and fields["table"] == TABLE and fields["key"][0].startswith(RUN):
            run = fields["key"][0].removeprefix(RUN)
            if fields["key"][1] == "run":
                (at_work.add if _is_to_advance(row_data(fields["item"])) else at_work.discard)(run)
            if fields["container"].startswith(RUNNER) or run not in at_work:
                missed[run] = 0
                for runs in waiting.values():
                    runs.discard(run)
        elif at < history.faults_ended_at:
            continue
        elif kind == "invocation" and fields["function"] == RUNNER:
            waiting[fields["container"]] = set(at_work)
        elif kind == "ended" and fields["function"] == RUNNER and fields["how"] == "ok":
            for run in sorted(waiting.pop(fields["container"], ())):
                missed[run] = missed.get(run, 0) + 1
                if missed[run] == len(at_work) + MORE + 1:
                    text = f"the replay {run} was not advanced in {missed[run]} invocations"
                    yield Violation(IN_TURN, f"{text}, with {len(at_work)} at work", {"run": run, "at": at})


def _is_to_advance(run: dict[str, Any] | None) -> bool:
    return bool(run and run["kind"] == REPLAY and run["state"] == RUNNING)
