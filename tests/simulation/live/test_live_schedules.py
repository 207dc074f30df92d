"""Seventy-five schedules without a violation (`make simulate-live` runs thousands), and planted bugs that are found."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.live.bridge import ROOT
from tests.simulation.live.faults import LIVE_FAULTS
from tests.simulation.live.outcomes import OUTCOMES
from tests.simulation.live.planted import of_the_client, of_the_server
from tests.simulation.live.planted.bug import ClientBug, ServerBug
from tests.simulation.live.planted.catalogue import BUGS
from tests.simulation.live.planted.run import find
from tests.simulation.live.run import main, run_all, run_chunk
from tests.simulation.live.schedule import run_schedule
from tests.simulation.planted.bug import PatchError
from tests.simulation.schedule import Without

EACH, PARTS = 25, 3  # 3 × 25 = 75
OTHER_HASH_SEED = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
# One of each kind that a few schedules find; `make simulate-live-mutants` runs all of them.
QUICK = (
    "a gap is skipped",
    "a stale position",
    "the next connection is not subscribed",
    "answered before it works",
    "a resume begins too late",
    "the gone are kept",
)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_schedule_ends_with_a_board_that_differs_or_misses_doubles_or_reorders_a_change(part: int) -> None:
    _, tally = run_chunk((1 + part * EACH, (part + 1) * EACH))
    assert tally.violations == []
    assert tally.schedules == EACH
    assert tally.faults.total() > EACH
    assert tally.outcomes["change told"] > EACH
    assert tally.outcomes["resumed"] > 0


def test_a_seed_gives_the_same_schedule_in_every_process() -> None:
    code = (
        "from tests.simulation.live.schedule import run_schedule\n"
        "print([run_schedule(seed).trace_hash for seed in (1, 2, 3)])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": OTHER_HASH_SEED}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=300)
    assert json.loads(found.stdout.replace("'", '"')) == [run_schedule(seed).trace_hash for seed in (1, 2, 3)]


def test_a_replay_of_the_draws_gives_the_same_schedule_and_seeds_differ() -> None:
    outcome = run_schedule(2)
    assert run_schedule(2, draws=outcome.choices).trace_hash == outcome.trace_hash
    assert run_schedule(3).trace_hash != outcome.trace_hash


def test_a_page_or_a_story_can_be_left_out() -> None:
    clients = run_schedule(1).clients
    left = run_schedule(1, without=Without(clients=frozenset(clients[:1])))
    assert left.clients == clients[1:]
    assert left.violations == []


def test_results_are_kept_and_not_run_again(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    first, run = run_all((1, 3), 1, results)
    again, run_again = run_all((1, 3), 1, results, resume=True)
    assert (run, run_again) == (3, 0)
    assert again.trace_hash == first.trace_hash


def test_the_command_ends_with_what_it_found_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--schedules", "2", "--seed", "5", "--jobs", "1", "--results", str(tmp_path / "results.jsonl")]
    assert main(options) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(last) == {"schedules", "faults", "violations", "per_minute", "trace_hash"}
    assert (last["schedules"], last["violations"]) == (2, 0)


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_found_by_an_invariant_that_it_violates(name: str) -> None:
    bug = next(bug for bug in BUGS if bug.name == name)
    finding = find(bug, range(1, 61))
    assert finding is not None
    assert finding.violation.invariant in bug.finds


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_still_fits_the_code(bug: ClientBug | ServerBug) -> None:
    with bug.planted():
        pass
    if isinstance(bug, ClientBug):
        assert bug.reducer().parent.joinpath(bug.file).read_text(encoding="utf-8") == bug.edited()


def test_a_planted_bug_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PatchError, match="has 0 times"):
        ClientBug("", "", (), "feed.ts", "no such text", "").edited()


def test_there_are_many_planted_bugs_and_each_names_the_invariants_that_it_violates() -> None:
    assert len(of_the_client.BUGS) >= 12
    assert len(of_the_server.BUGS) >= 8
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    assert all(bug.finds and bug.what.endswith(".") for bug in BUGS)


def test_faults_and_outcomes_have_a_sentence_each() -> None:
    assert all(what for what, _ in LIVE_FAULTS.values())
    assert all(OUTCOMES.values())
