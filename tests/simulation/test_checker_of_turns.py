"""Runs that share the runner: how often the checker lets one be left as it is."""

import pytest

from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.turns_of_runs import MORE, RUNNER, violations
from tests.simulation.history_builder import HistoryBuilder


def runner(history: HistoryBuilder, *advanced: str, how: str = "ok") -> None:
    """An invocation of the runner, which advances these runs."""
    history.record("invocation", container=f"{RUNNER}-1", function=RUNNER, cause=["tick"])
    for run in advanced:
        fields = {"partition": {"S": f"run {run}"}, "sort": {"S": "history"}, "data": {"S": '{"messages": 1}'}}
        history.record("row", table=TABLE, key=[f"run {run}", "history"], item=fields, container=f"{RUNNER}-1")
    history.record("ended", container=f"{RUNNER}-1", function=RUNNER, how=how, failures=[], error="")


def is_left(*advanced: tuple[str, ...], state: str = "running", kind: str = "replay", how: str = "ok") -> bool:
    """Whether one of the replays a and b is found to be left in invocations that advanced these."""
    history = HistoryBuilder()
    history.record("quiet")
    for run in ("a", "b"):
        data = {"id": run, "kind": kind, "state": state, "asked": {"to": "search"}, "why": "", "ended": ""}
        history.write_row(TABLE, f"run {run}", "run", 1, data)
    for of_one in advanced:
        runner(history, *of_one, how=how)
    return any(violations(ParsedHistory(history.entries, history.final)))


LIMIT = 2 + MORE


def test_a_replay_that_the_runner_leaves_as_it_is_again_and_again_is_found() -> None:
    assert is_left(*[("a",)] * (LIMIT + 1))


def test_one_that_has_its_turn_now_and_then_is_not() -> None:
    assert not is_left(*[("a",)] * LIMIT, ("b",), *[("a",)] * LIMIT)


@pytest.mark.parametrize("otherwise", [{"state": "paused"}, {"kind": "rebuild"}, {"how": "error"}])
def test_one_that_has_nothing_to_do_and_runners_that_failed_do_not_count(otherwise: dict[str, str]) -> None:
    assert not is_left(*[("a",)] * (LIMIT + 1), **otherwise)
