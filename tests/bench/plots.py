"""The plots of docs/performance: each says which command made it, of which commits."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.bench import svg
from tests.bench.cold_start import ratios
from tests.bench.figures import Found
from tests.bench.latency import percentile


def draw(folder: Path, found: Mapping[str, Found], command: str) -> None:
    """Write what the measures of each commit show; a measure that was not made has no plot."""
    folder.mkdir(parents=True, exist_ok=True)
    note = f"{command}: {', '.join(found)}"
    makers = {"order": _order, "streams": _streams, "cold_start": _cold_start, "latency": _latency}
    for name, make in makers.items():
        measured = {commit: one[name] for commit, one in found.items() if name in one}
        if measured:
            (folder / f"{name}.svg").write_text(make(measured, note))


def _order(found: Mapping[str, Any], note: str) -> str:
    services = sorted({table.partition("/")[0] for one in found.values() for table in one["bytes_by_table"]})
    kilobytes = {
        commit: [sum(_of(one["bytes_by_table"], service)) / 1_000 for service in services]
        for commit, one in found.items()
    }
    return svg.bars("KB that one whole order leaves in each service's tables", note, services, kilobytes)


def _of(by_table: Mapping[str, float], service: str) -> Iterable[float]:
    return (number for table, number in by_table.items() if table.partition("/")[0] == service)


def _streams(found: Mapping[str, Any], note: str) -> str:
    lengths = next(iter(found.values()))["lengths"]
    units = {commit: one["commit_units"] for commit, one in found.items()}
    return svg.lines("Write units of one more commit, by the stream's events", note, lengths, units, logarithmic=True)


def _cold_start(found: Mapping[str, Any], note: str) -> str:
    by_commit = {commit: ratios(one) for commit, one in found.items()}
    functions = sorted({name for one in by_commit.values() for name in one}, key=lambda name: name.split("/")[::-1])
    over = {commit: [one.get(name, 0.0) for name in functions] for commit, one in by_commit.items()}
    return svg.bars("Cold start over boto3 and a client (CPU, 1 = boto3 alone)", note, functions, over)


def _latency(found: Mapping[str, Any], note: str) -> str:
    [latency] = list(found.values())[-1:]
    shares = [*range(0, 100, 2), 99]
    ways = {"one by one": "one_by_one_ms", "three at once": "at_once_ms"}
    seconds = {way: [percentile(latency[name], share) / 1_000 for share in shares] for way, name in ways.items()}
    return svg.lines("Seconds from checkout to approved, by percentile (computed)", note, shares, seconds)
