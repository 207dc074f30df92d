"""Measure the write path: `make bench`; `make bench BASE=<commit>` measures another commit too, in turn with this one.

A table for people, and on the last line JSON. A run of all measures draws the plots of docs/performance, another only
where `--plots` says. See docs/performance.md.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.figures import Figure, Found, figures, merged
from tests.bench.plots import draw
from tests.bench.trees import PLOTS, ROOT, checked_out, name_of, run

KEYS = (
    "fold_times_faster",
    "own_cpu_ms",
    "telemetry_cpu",
    "cold_start_worst",
    "telemetry_start",
    "commit_units_10",
    "commit_units_10000",
    "load_units_10000",
    "write_units_order",
    "stored_kb",
)
# How often each is measured in each folder, in turn, so that what else the machine does disturbs both alike.
PASSES = {"order": 1, "streams": 1, "fold": 3, "own_cpu": 5, "cold_start": 5, "latency": 1}


def main(arguments: Sequence[str]) -> int:
    """Measure and report. Returns 0."""
    options = _options(arguments)
    with ExitStack() as stack:
        folders = [ROOT]
        if options.base:
            folders.insert(0, stack.enter_context(checked_out(options.base)))
        names = [name_of(folder) for folder in folders]
        found = _measured(folders, options.only or list(PASSES), "small" if options.small else "full")
    reported = [figures(one) for one in found]
    _print_table(names, reported)
    if folder := _folder_of_plots(options):
        command = f"make bench BASE={names[0]}" if options.base else "make bench"
        draw(folder, dict(zip(names, found, strict=True)), command)
    print(json.dumps(_by_key(reported[-1]) | ({"base": _by_key(reported[0])} if options.base else {})))
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--base", help="a commit of this repository to measure as well, and to compare with")
    parser.add_argument("--only", action="append", choices=list(PASSES), help="this measure alone (may be repeated)")
    parser.add_argument("--small", action="store_true", help="see that everything runs; the figures mean nothing")
    parser.add_argument("--plots", type=Path, help="draw plots in this folder (a full run: in docs/performance)")
    return parser.parse_args(arguments)


def _folder_of_plots(options: argparse.Namespace) -> Path | None:
    """Where to draw: the committed plots are those of a run of all measures."""
    full = not options.small and not options.only
    return options.plots or (ROOT / PLOTS if full else None)


def _measured(folders: list[Path], wanted: list[str], size: str) -> list[Found]:
    found: list[Found] = [{} for _ in folders]
    for measure in wanted:
        for _ in range(PASSES[measure] if size == "full" else 1):
            for folder, there in zip(folders, found, strict=True):
                print(f"{measure} in {folder.name} …", file=sys.stderr, flush=True)
                one = run(folder, measure, size)
                there[measure] = merged(there[measure], one) if measure in there else one
    return found


def _print_table(names: list[str], reported: list[list[Figure]]) -> None:
    width = max(len(figure.name) for figure in reported[-1])
    print(f"{'':{width}}  {'  '.join(f'{name:>24}' for name in names)}  target")
    before = {_place(reported[0], n): figure for n, figure in enumerate(reported[0])}
    for n, figure in enumerate(reported[-1]):
        columns = [_text(before.get(_place(reported[-1], n)))] if len(names) > 1 else []
        print(f"{figure.name:{width}}  {'  '.join(f'{c:>24}' for c in (*columns, _text(figure)))}  {figure.target}")


def _place(of: list[Figure], n: int) -> tuple[str, str]:
    """A figure's name, with that of the figure that it belongs to."""
    heads = [figure.name for figure in of[: n + 1] if not figure.name.startswith("…")]
    return heads[-1], of[n].name


def _text(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    spread = f" ({_number(figure.spread[0])}-{_number(figure.spread[1])})" if figure.spread else ""
    return f"{_number(figure.value)}{spread} {figure.unit}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def _by_key(reported: list[Figure]) -> dict[str, float]:
    values = {figure.key: round(figure.value, 3) for figure in reported}
    return {key: values[key] for key in KEYS if key in values}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
