"""Mutants judged in processes of their own, and the figures that follow."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from tests.strength import results, run
from tests.strength.mutants import Edit, Mutant
from tests.strength.population import ROOT, population
from tests.strength.results import Result, figures, wilson
from tests.strength.run import Judging, committed, sample

SECONDS = 300  # for a mutant
PUBLISH = "functions/kernel/eventstore/publish.py"


def planted(file: str, old: str, new: str) -> Mutant:
    """A mutant of one place."""
    source = (ROOT / file).read_text()
    begin = source.index(old)
    return Mutant(f"{file}:{new}", file, "a function", "by hand", source, Edit("by hand", begin, begin + len(old), new))


@pytest.fixture
def judging(tmp_path: Path) -> Judging:
    return Judging(tmp_path / "results.jsonl", limit=2, seconds=SECONDS)


def test_a_mutant_that_breaks_every_message_is_killed_in_the_first_schedule(judging: Judging) -> None:
    result = judging.judge(planted(PUBLISH, "reply_to=self.service if asks else None", "reply_to=1 / 0"))
    assert (result.how, result.seed, result.schedules) == ("violated", 1, 1)
    assert result.is_immediate


def test_a_mutant_that_changes_nothing_survives(judging: Judging) -> None:
    result = judging.judge(planted(PUBLISH, "self.service if asks else None", "None if not asks else self.service"))
    assert (result.how, result.schedules, result.is_killed) == ("survived", 2, False)


def test_a_mutant_that_cannot_be_imported_is_killed_at_import(judging: Judging) -> None:
    result = judging.judge(planted(PUBLISH, "from typing import Any", "from typing import Nothing"))
    assert (result.how, result.schedules) == ("at import", 0)


def test_a_mutant_of_the_templates_is_judged_by_what_it_changes(judging: Judging) -> None:
    deaf = next(it for it in population() if it.function == "rules.checkout/inbox" and it.operator == "entry removed")
    assert judging.judge(deaf).how == "violated"


def test_a_seed_that_violates_without_the_mutant_kills_nothing(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    key = f"{Judging(path, 1, 300).key} baseline"
    results.append(path, key, Result("1", "violated", 1, 1, "an invariant", 1.0))
    judging = Judging(path, limit=1, seconds=300)
    result = judging.judge(planted(PUBLISH, "reply_to=self.service if asks else None", "reply_to=1 / 0"))
    assert result.how == "survived"


def test_a_mutant_that_has_a_result_is_not_judged_again(tmp_path: Path) -> None:
    path, mutant = tmp_path / "results.jsonl", planted(PUBLISH, "asks else None", "asks else 0")
    kept = Result(mutant.identity, "violated", 2, 2, "an invariant", 4.0)
    results.append(path, Judging(path, 2, 300).key, kept)
    with path.open("a") as file:
        file.write('{"key": "cut o')
    assert [it for _, it in Judging(path, 2, 300).all([mutant], jobs=1)] == [kept]


def test_a_mutant_that_survived_a_lower_limit_is_judged_by_the_schedules_after_it(tmp_path: Path) -> None:
    path, mutant = tmp_path / "results.jsonl", planted(PUBLISH, "self.service if asks else None", "1 / 0")
    results.append(path, Judging(path, 2, 300).key, Result(mutant.identity, "survived", 2, 2, "", 4.0))
    [(_, result)] = Judging(path, 3, 300).all([mutant], jobs=1)
    assert (result.how, result.seed, result.schedules, result.cpu > 4) == ("violated", 3, 3, True)


def test_a_mutant_that_was_killed_later_than_a_lower_limit_survives_it(tmp_path: Path) -> None:
    path, mutant = tmp_path / "results.jsonl", planted(PUBLISH, "asks else None", "asks else 0")
    results.append(path, Judging(path, 9, 300).key, Result(mutant.identity, "violated", 9, 9, "an invariant", 4.0))
    [(_, result)] = Judging(path, 2, 300).all([mutant], jobs=1)
    assert (result.how, result.schedules) == ("survived", 2)


def test_a_mutant_without_time_is_not_killed(tmp_path: Path) -> None:
    result = Judging(tmp_path / "results.jsonl", 2, 0.01).judge(planted(PUBLISH, "asks else None", "asks else 0"))
    assert (result.how, result.is_killed) == ("unfinished", False)


def waits(once: Path, then: str = "") -> Mutant:
    """A mutant whose judge writes its process id into a file, and waits to be killed; where it is there, goes on."""
    begin = f"import os, pathlib, time; once = pathlib.Path({str(once)!r})"
    wait = "once.exists() or (once.write_text(str(os.getpid())), time.sleep(600))"
    return planted(PUBLISH, "from typing import Any", f"{begin}; {wait}; {then or 'once.unlink()'}")


def kill_judges(file: Path, times: int) -> Thread:
    """Kill so many judges, each when it wrote its process id; in between the file is taken away.

    A judge that writes none is not waited for longer than a mutant may take.
    """
    deadline = time.monotonic() + SECONDS

    def kill() -> None:
        for left in reversed(range(times)):
            while not (file.exists() and (text := file.read_text())):
                assert time.monotonic() < deadline, "a judge did not write its process id"
                time.sleep(0.01)
            if left:
                file.unlink()
            os.kill(int(text), signal.SIGKILL)

    thread = Thread(target=kill, daemon=True)
    thread.start()
    return thread


def ends(killer: Thread) -> None:
    """Every judge was killed that was to be: it has nothing left to do once the judging is over."""
    killer.join(10)
    assert not killer.is_alive(), "a judge was over before it was killed"


def test_a_mutant_whose_judge_is_killed_from_outside_is_not_killed_and_judged_again_by_the_next_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, once = tmp_path / "results.jsonl", tmp_path / "once"
    judging, mutant, killer = Judging(path, 2, 300), waits(once), kill_judges(once, 2)
    [(_, result)] = judging.all([mutant], jobs=1)
    ends(killer)
    assert (result.how, result.is_killed, results.read(path, judging.key)) == ("unfinished", False, {})
    assert capfd.readouterr().err.count("ended with -9") == 2


def test_a_judge_that_is_killed_once_is_repeated_and_its_finding_counts(judging: Judging, tmp_path: Path) -> None:
    once = tmp_path / "once"
    mutant, killer = waits(once, then="from typing import Nothing"), kill_judges(once, 1)
    result = judging.judge(mutant)
    ends(killer)
    assert (result.how, result.is_killed) == ("at import", True)


def test_a_seed_that_cannot_be_judged_without_the_mutant_kills_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge of the mutant finds a violation; each judge of the seed alone dies."""
    violated = {"how": "violated", "seed": 1, "schedules": 1, "what": "an invariant", "cpu": 1.0, "kills": [1]}
    monkeypatch.setattr(run, "_finding", lambda task, seconds: violated if task["module"] else None)
    path = tmp_path / "results.jsonl"
    assert (
        Judging(path, limit=1, seconds=300).judge(planted(PUBLISH, "asks else None", "asks else 0")).how == "survived"
    )
    assert not path.exists()


def test_figures_count_each_mutant_once() -> None:
    killed = Result("a", "violated", 3, 3, "", 2.0)
    left = [Result(name, "survived", 60, 60, "", 9.0) for name in "bcd"]
    line = figures([killed, replace(killed, identity="e", schedules=1, cpu=1.0), *left], {"a", "b"}, {"c"})
    assert line == {
        "mutants": 5,
        "killed": 2,
        "equivalent": 1,
        "survived": 1,
        "unit_only": 1,
        "median_schedules": 2,
        "cpu_seconds_median": 1.5,
    }


def test_the_interval_is_wilsons() -> None:
    low, high = wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_same_seed_draws_the_same_sample() -> None:
    mutants = [planted(PUBLISH, "asks else None", f"asks else {number}") for number in range(20)]
    assert sample(mutants, 5, 1) == sample(mutants, 5, 1) != sample(mutants, 5, 2)
    assert sample(mutants, 0, 1) == mutants


def test_each_mutant_that_is_left_out_has_a_reason() -> None:
    assert all(reason for entries in committed().values() for reason in entries.values())
