"""What is reported of the measures: each figure with its spread, its unit and its target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.bench.cold_start import ratios
from tests.bench.latency import percentile

Found = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Figure:
    """One figure. spread: the quarters of its samples, where there are any. key: its name in the JSON, or ""."""

    name: str
    value: float
    unit: str = ""
    spread: tuple[float, float] | None = None
    target: str = ""
    key: str = ""


def merged(one: Any, other: Any) -> Any:
    """The findings of two runs as one: samples are joined, of everything else the later stays."""
    if isinstance(one, dict):
        return {name: merged(one[name], other[name]) for name in one}
    return one + other if isinstance(one, list) else other


def figures(found: Found) -> list[Figure]:
    """All figures, in the order of the table."""
    makers: dict[str, Callable[[Any], list[Figure]]] = {
        "order": _order,
        "streams": _streams,
        "fold": _fold,
        "own_cpu": _own_cpu,
        "cold_start": _cold_start,
        "latency": _latency,
    }
    return [figure for name, make in makers.items() if name in found for figure in make(found[name])]


def _order(order: Any) -> list[Figure]:
    units = order["units"]
    return [
        Figure("one whole order: write units", units["write_units"], "", None, "<= 160", "write_units_order"),
        Figure("… read units", units["read_units"]),
        Figure("… bus entries", units["bus_entries"]),
        Figure("… queue requests", units["queue_requests"]),
        Figure("… invocations", units["invocations"]),
        Figure("… stored, of 1,000 bytes", order["bytes"] / 1_000, "KB", None, "<= 80", "stored_kb"),
        Figure("… stored items, entries of indexes", order["items"]),
    ]


def _streams(streams: Any) -> list[Figure]:
    found = []
    for n, length in enumerate(streams["lengths"]):
        commit, load = streams["commit_units"][n], streams["load_units"][n]
        found += [
            Figure(
                f"stream of {length:,} events: write units of a commit",
                commit,
                "",
                None,
                "<= 2",
                _key("commit", length),
            ),
            Figure("… bytes of its item", streams["commit_bytes"][n], "B"),
            Figure("… read units of a load", load, "", None, "<= 3", _key("load", length)),
        ]
    return [
        *found,
        Figure("first command after a raised snapshot schema: read units", streams["raised_units"]),
        Figure("… queries", streams["raised_queries"]),
        Figure("… CPU without botocore", streams["raised_cpu_ms"], "ms", None, "< 2,000"),
    ]


def _key(what: str, length: int) -> str:
    return f"{what}_units_{length}" if (what, length) in {("commit", 10), ("commit", 10_000), ("load", 10_000)} else ""


def _fold(fold: Any) -> list[Figure]:
    ours, theirs, load = fold["text_us"], fold["text_theirs_us"], fold["load_us"]
    faster = median(theirs) / median(ours)
    return [
        Figure("decode and fold an event: faster than eventsourcing", faster, "x", None, ">= 3", "fold_times_faster"),
        Figure("… ours", median(ours), "us", _quarters(ours)),
        Figure("… eventsourcing 9.5.6", median(theirs), "us", _quarters(theirs)),
        Figure("… ours from items, without a snapshot", median(load), "us", _quarters(load)),
    ]


def _own_cpu(own: Any) -> list[Figure]:
    ours, bare = own["own_ms"], own["bare_ms"]
    over = [1 + mine / alone for mine, alone in zip(ours, bare, strict=True)]
    return [
        Figure("one whole order: own CPU beyond boto3", median(ours), "ms", _quarters(ours), "<= 30", "own_cpu_ms"),
        Figure("… CPU of the same bare calls", median(bare), "ms", _quarters(bare)),
        Figure("… ours where the SDK's calls take nothing", median(own["alone_ms"]), "ms", _quarters(own["alone_ms"])),
        Figure("… all over bare", median(over), "x", _quarters(over)),
        *_telemetry("… ours with telemetry over without", own["alone_ms"], own.get("plain_ms"), "telemetry_cpu"),
        *(Figure(f"… own CPU of {part}", took, "ms") for part, took in sorted(own["own_ms_by_part"].items())),
    ]


def _cold_start(cold: Any) -> list[Figure]:
    over = ratios(cold)
    found = [
        Figure("cold start over boto3: worst function", max(over.values()), "x", None, "<= 1.3", "cold_start_worst")
    ]
    for handler, target in (("relay", "<= 1.1"), ("inbox", ""), ("api", ""), ("queries", ""), ("dispatcher", "")):
        of_kind = [ratio for function, ratio in over.items() if function.endswith(f"/{handler}")]
        if of_kind:
            spread = min(of_kind), max(of_kind)
            found.append(Figure(f"… {handler}: median, least and most", median(of_kind), "x", spread, target))
    starts, plain = _together(cold["start_ms"]), _together(cold.get("plain_ms", {}))
    found += _telemetry("… all starts with telemetry over without", starts, plain, "telemetry_start")
    bare = next(iter(cold["bare_ms"].values()))
    return [*found, Figure("… boto3 and a client alone", median(bare), "ms", _quarters(bare))]


def _together(starts: dict[str, list[float]]) -> list[float]:
    """The starts of all functions of each pass."""
    return [sum(of_pass) for of_pass in zip(*starts.values(), strict=True)]


def _telemetry(name: str, whole: list[float], plain: list[float] | None, key: str) -> list[Figure]:
    """How much longer it takes with telemetry, by rounds that alternate; none of a commit that did not measure it."""
    if not plain:
        return []
    over = [one / other for one, other in zip(whole, plain, strict=True)]
    return [Figure(name, median(over), "x", _quarters(over), "<= 1.05", key)]


def _latency(latency: Any) -> list[Figure]:
    name = "at_once_ms" if latency["asks_at_once"] else "one_by_one_ms"
    return [
        Figure("checkout to approved: p50", percentile(latency[name], 50) / 1_000, "s", None, "<= 3.3"),
        Figure("… p99", percentile(latency[name], 99) / 1_000, "s"),
    ]


def _quarters(samples: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(samples)
    return ordered[len(ordered) // 4], ordered[(3 * len(ordered)) // 4]
