"""A hundred and fifty schedules without a violation (`make simulate` runs thousands), and properties of schedules."""

import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

import pytest

from functions.payments.domain import Payment
from tests.simulation.faults import DESCRIPTIONS
from tests.simulation.outcomes import OUTCOMES
from tests.simulation.replay_files import load, save
from tests.simulation.run import main, never, run_chunk
from tests.simulation.schedule import Outcome, Without, run_schedule
from tests.simulation.shrink import shrink
from tests.simulation.tally import Tally
from tests.simulation.timeline import timeline
from tests.simulation.workload.draw import draw
from tests.simulation.workload.long_day import has_long_day

FIRST, EACH, PARTS = 26, 25, 6  # 6 × 25 = 150; in the first 25 no order is completed
ROOT = Path(__file__).parents[2]
OTHER_HASH_SEED = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"


@pytest.mark.parametrize("part", range(PARTS))
def test_no_schedule_loses_an_order_charges_twice_or_leaves_one_half_done(part: int) -> None:
    _, tally = run_chunk((FIRST + part * EACH, FIRST + (part + 1) * EACH - 1))
    assert tally.violations == []
    assert tally.schedules == EACH
    assert tally.faults.total() > EACH
    assert tally.outcomes["order completed"] > 0


def trace_hashes(seeds: range, hash_seed: str) -> list[str]:
    """The trace hashes of schedules that another process runs."""
    code = (
        "from tests.simulation.schedule import run_schedule\n"
        f"print([run_schedule(seed).trace_hash for seed in {seeds!r}])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    hashes: list[str] = json.loads(found.stdout.replace("'", '"'))
    return hashes


@pytest.fixture(scope="module")
def outcomes() -> dict[int, Outcome]:
    """The schedules of a few seeds."""
    return {seed: run_schedule(seed) for seed in range(1, 9)}


def test_a_seed_gives_the_same_schedule_in_every_process(outcomes: dict[int, Outcome]) -> None:
    here = [outcome.trace_hash for outcome in outcomes.values()]
    assert trace_hashes(range(1, 9), OTHER_HASH_SEED) == here


def test_a_seed_in_which_several_redrives_are_released_at_once_gives_the_same_schedule_in_every_process() -> None:
    """They were released in the order of a set of strings, which is another in each process."""
    seed = 10410578
    assert trace_hashes(range(seed, seed + 1), OTHER_HASH_SEED) == [run_schedule(seed).trace_hash]


def test_seeds_differ(outcomes: dict[int, Outcome]) -> None:
    assert len({outcome.trace_hash for outcome in outcomes.values()}) == len(outcomes)


def test_a_replay_of_the_draws_gives_the_same_schedule(outcomes: dict[int, Outcome]) -> None:
    outcome = outcomes[3]
    again = run_schedule(3, draws=outcome.choices)
    assert again.trace_hash == outcome.trace_hash


def test_leaving_out_a_client_does_not_change_the_plans_of_others(outcomes: dict[int, Outcome]) -> None:
    """This makes shrinking possible."""
    name = "customer 1"
    outcome = run_schedule(5, without=Without(clients=frozenset({name})))
    assert name not in outcome.clients
    assert set(outcome.clients) | {name} == set(outcomes[5].clients)
    keys = {fields["key"] or "" for _, kind, fields in outcome.history if kind == "request"}
    assert not any(key.startswith(f"{name} ") for key in keys)


def test_a_fault_that_is_left_out_does_not_strike() -> None:
    seed, outcome = next((seed, found) for seed in range(1, 50) if len((found := run_schedule(seed)).struck) > 2)
    left_out = outcome.struck[1]
    assert left_out not in run_schedule(seed, without=Without(faults=frozenset({left_out}))).struck


def test_a_schedule_is_saved_to_a_file_and_replayed_from_it(tmp_path: Path) -> None:
    without = Without(clients=frozenset({"manager"}), faults=frozenset({1}))
    outcome = run_schedule(8, without=without)
    seed, kept, draws, planted = load(save(outcome, tmp_path))
    assert (seed, kept, planted) == (8, without, "")
    assert run_schedule(seed, without=kept, draws=draws).trace_hash == outcome.trace_hash


def test_a_tally_does_not_depend_on_the_order_of_schedules(outcomes: dict[int, Outcome]) -> None:
    forwards, halves, backwards = Tally(), Tally(), Tally()
    for seed in (1, 2, 3, 4):
        forwards.add(outcomes[seed])
    for seed in (2, 1):
        backwards.add(outcomes[seed])
    for seed in (3, 4):
        halves.add(outcomes[seed])
    backwards.merge(Tally.from_json(json.loads(json.dumps(halves.to_json()))))
    assert backwards.to_json() == forwards.to_json()


def test_a_run_can_be_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results.jsonl"
    command = ["--from", "49", "--to", "52", "--jobs", "1", "--results", str(results)]
    assert main(command) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    results.write_text(results.read_text().splitlines()[0] + "\n")  # seeds 49 and 50 alone
    assert main([*command, "--resume"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("2 of 4 schedules were run before")
    again = json.loads(output.splitlines()[-1])
    assert {name: first[name] for name in ("schedules", "faults", "violations", "trace_hash")} == {
        name: again[name] for name in ("schedules", "faults", "violations", "trace_hash")
    }


def test_a_run_of_long_days_leaves_out_other_schedules_and_prints_their_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [seed for seed in range(1, 51) if has_long_day(seed)]
    command = ["--from", "1", "--to", "50", "--jobs", "1", "--long-days", "--results", str(tmp_path / "results.jsonl")]
    assert main(command) == 0
    *_, printed, result = capsys.readouterr().out.splitlines()
    count = len(wanted)
    assert json.loads(result)["schedules"] == count > 0
    assert printed.startswith(f"{count} of {count} schedules (100.0%) had a long day; outages lasted for ")


def test_faults_and_outcomes_that_never_occurred_are_listed() -> None:
    assert never(Tally()) == [*DESCRIPTIONS, *OUTCOMES]


def test_workloads_vary() -> None:
    workloads = [draw(seed) for seed in range(1, 201)]
    clients = {name for workload in workloads for name in workload.clients}
    assert {"customer 1", "customer 4", "robot 2", "clerk", "manager", "operator", "stranger", "outage"} <= clients
    assert {"intruder", "thief"} <= clients
    assert any(not any(name.startswith("robot") for name in workload.clients) for workload in workloads)
    assert {workload.recovery for workload in workloads} == {True, False}


def everything_is_captured() -> AbstractContextManager[object]:
    """A bug: all that was authorized is captured, whatever is owed."""
    capture = Payment.capture
    return patch.object(
        Payment, "capture", lambda payment, order_id, amount: capture(payment, order_id, payment.authorized)
    )


@pytest.fixture(scope="module")
def failing() -> Outcome:
    """The first schedule that finds the bug, and in which a fault struck."""
    outcomes = (run_schedule(seed, planted=everything_is_captured) for seed in range(1, 200))
    return next(outcome for outcome in outcomes if outcome.violations and outcome.struck and len(outcome.clients) > 2)


def test_a_violation_is_shrunk(failing: Outcome) -> None:
    invariant = failing.violations[0].invariant

    def run(without: Without) -> Outcome:
        return run_schedule(failing.seed, without=without, planted=everything_is_captured)

    shrunk = shrink(run, failing, invariant, runs=40)
    assert invariant in {violation.invariant for violation in shrunk.outcome.violations}
    assert shrunk.outcome.struck == []
    assert len(shrunk.outcome.clients) < len(failing.clients)
    assert shrunk.runs <= 40
    assert run(shrunk.without).trace_hash == shrunk.outcome.trace_hash


def test_the_same_seed_without_the_bug_has_no_violation(failing: Outcome) -> None:
    assert run_schedule(failing.seed).violations == []


def test_a_timeline_shows_the_entries_of_a_violation(failing: Outcome) -> None:
    payment_id = failing.violations[0].evidence["stream"].partition("#")[2]
    lines = list(timeline(failing.history, [payment_id]))
    assert any("/checkout" in line for line in lines)
    assert any("commit" in line and "Captured" in line for line in lines)
    assert len(lines) < len(list(timeline(failing.history))) < len(list(timeline(failing.history, everything=True)))
