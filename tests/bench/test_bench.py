"""Every measure runs, and reports what it should; how fast anything was is not judged here."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.bench import growth, trees
from tests.bench.__main__ import KEYS, main
from tests.bench.growth import ORDERS, units
from tests.bench.latency import measure, percentile
from tests.bench.plots import draw
from tests.bench.trees import PLOTS, name_of
from tests.bench.worker import measures
from tests.simulation.test_cost_of_an_order import WHOLE_ORDER


def reported(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[list[str], dict[str, float]]:
    """The lines of the table, and the JSON of the last line."""
    assert main(["--small", *arguments]) == 0
    *table, last = capsys.readouterr().out.splitlines()
    return table, json.loads(last)


def test_all_is_measured_and_the_last_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    table, found = reported(capsys)
    assert [*found] == [key for key in KEYS if not key.endswith("_10000")]  # a small run has no stream of that length
    assert all(value > 0 for value in found.values())
    assert all(any(line.startswith(name) for line in table) for name in ("one whole order", "cold start", "checkout"))


def test_another_commit_is_measured_beside_this_one(capsys: pytest.CaptureFixture[str]) -> None:
    table, found = reported(capsys, "--base", "HEAD", "--only", "order")
    assert {*found} == {"write_units_order", "stored_kb", "base"}
    columns = [line for line in table if line.startswith("one whole order: write units")]
    assert columns[0].split().count(f"{found['write_units_order']:.0f}") >= 1


def test_an_order_consumes_as_much_with_a_hundred_others_in_the_tables_as_with_none() -> None:
    assert units(100) == WHOLE_ORDER


SAMPLES = [130.0, 131.0, 133.0, 134.0, 180.0]


@pytest.mark.parametrize(
    ("of_most", "status", "said"),
    [
        ([129.0, 133.5, 135.0, 139.0, 150.0], 0, "CPU of 5,000 over 100: 1.02; quarters overlap"),
        ([135.0, 136.0, 138.0, 139.0, 150.0], 1, "CPU of 5,000 over 100: 1.04; quarters DO NOT OVERLAP"),
        ([100.0, 110.0, 111.0, 112.0, 150.0], 1, "CPU of 5,000 over 100: 0.83; quarters DO NOT OVERLAP"),
    ],
)
def test_growth_fails_where_an_order_needs_other_cpu_with_many_others_in_the_tables(
    of_most: list[float], status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(growth, "units", lambda orders: {"write_units": 131.0})
    took = {size: of_most if size == ORDERS[-1] else SAMPLES for size in ORDERS}
    monkeypatch.setattr(growth, "cpu_ms", lambda sizes, rounds: took)
    assert growth.main() == status
    assert capsys.readouterr().out.splitlines()[-1] == said


def test_growth_fails_where_an_order_needs_other_units_with_many_others_in_the_tables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growth, "units", lambda orders: {"write_units": 131.0 + (orders == ORDERS[-1])})
    monkeypatch.setattr(growth, "cpu_ms", lambda sizes, rounds: dict.fromkeys(sizes, SAMPLES))
    assert growth.main() == 1


def test_a_measure_has_a_plot_that_names_its_commits_and_its_command(tmp_path: Path) -> None:
    found = {name: measures("small")[name]() for name in ("order", "streams", "latency")}
    draw(tmp_path, {"1234567": found}, "make bench")
    plots = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {*plots} == {"order.svg", "streams.svg", "latency.svg"}
    assert all("make bench: 1234567" in text and text.endswith("</svg>\n") for text in plots.values())


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own with the bench's plots and a file of code, as the one that is measured."""
    folder = tmp_path / "repository"
    for file in (f"{PLOTS}/order.svg", "code.py"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("as committed\n")
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "--quiet"), ("add", "."), (*author, "commit", "--quiet", "--message", "Begin")):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    monkeypatch.setattr(trees, "ROOT", folder)
    return folder


def test_a_run_that_drew_the_plots_gives_the_next_no_other_name(repository: Path) -> None:
    name = name_of(repository)
    (repository / PLOTS / "order.svg").write_text("drawn again\n")
    assert name_of(repository) == name
    assert not name.endswith("+")


def test_the_name_of_changed_code_ends_with_a_plus(repository: Path) -> None:
    name = name_of(repository)
    (repository / "code.py").write_text("changed\n")
    assert name_of(repository) == name + "+"


@pytest.mark.parametrize(
    ("arguments", "drawn"),
    [
        ([], [f"{PLOTS}/latency.svg"]),
        (["--only=latency"], []),
        (["--only=latency", "--plots=elsewhere"], ["elsewhere/latency.svg"]),
    ],
)
def test_only_a_run_of_all_measures_draws_the_committed_plots(
    arguments: list[str], drawn: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr(bench, "PASSES", {"latency": 1})  # all measures there are
    monkeypatch.setattr(bench, "run", lambda _folder, name, _size: measures("small")[name]())
    monkeypatch.setattr(bench, "name_of", lambda _folder: "1234567")
    assert bench.main(arguments) == 0
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.svg")] == drawn


def test_one_by_one_takes_as_long_as_the_study_says_and_three_at_once_less() -> None:
    found = measure(samples=2_000)
    assert percentile(found["one_by_one_ms"], 50) == pytest.approx(4_700, rel=0.03)
    assert percentile(found["at_once_ms"], 50) == pytest.approx(3_240, rel=0.03)
    assert found["asks_at_once"] is True  # or the figure of this code would be the other
