"""What telemetry takes of handlers: import time and CPU, with all of it and with none, in one run.

Two things are compared, in rounds that alternate:

- **starts**: fresh interpreters until each function can take its first event, of the code as it is, in the environment
  of a stage that has traces; and of a copy that has neither exporter nor spans nor synthetic orders.
- **messages**: every invocation of one whole order through its handler, where the SDK's calls take nothing, as it is;
  and where no trace context is made, no line names its message, no promise is judged and no detail is looked for.
"""

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from functions.kernel.runtime import context, levels, observe
from tests.bench.cold_start import client_of, deployed, installed, start
from tests.bench.recording import record
from tests.bench.replaying import Replay, replays, without_sdk

OF_TELEMETRY = ("operations/exporter.py", "operations/spans.py", "customers/synthetic.py")
TRACED = {"TRACES": "https://collector.example:4318"}
NO_TRACE = "00-00000000000000000000000000000000-0000000000000000-00"


def measure(*, rounds: int, functions: int | None = None) -> dict[str, Any]:
    """`{"start_ms": {"with": […], "without": […]}, "order_ms": …}`: of all functions, and of one order."""
    return {"start_ms": _starts(deployed()[:functions]), "order_ms": _order(rounds)}


def _starts(wanted: Sequence[tuple[str, str]]) -> dict[str, list[float]]:
    with TemporaryDirectory(prefix="mallbots-bench-") as folder:
        whole = installed(Path(folder) / "with")
        bare = installed(Path(folder) / "without", [f"functions/{name}" for name in OF_TELEMETRY])
        start(whole, *wanted[0], client_of(wanted[0][1]))  # files that the system then has at hand
        found: dict[str, list[float]] = {"with": [0.0], "without": [0.0]}
        for service, handler in wanted:
            about = service, handler, client_of(handler)
            found["with"][0] += start(whole, *about, **TRACED)
            found["without"][0] += start(bare, *about)
    return found


def _order(rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"with": [], "without": []}
    with replays(record()) as (again, _):
        for number in range(rounds + 1):
            for kind, within in (("with", nullcontext()), ("without", _without_telemetry())):
                gc.collect()
                with within:
                    took = _handled(again)
                if number:  # the first one makes models
                    found[kind].append(1_000 * took)
    return found


def _handled(again: Sequence[Replay]) -> float:
    with without_sdk(again):
        return sum(replay.through_handler(time.thread_time, sdk=False) for replay in again)


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Within the block, handlers do nothing for telemetry."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(context, "_traceparent", lambda trace: NO_TRACE))
        stack.enter_context(patch.object(observe, "handling", lambda metadata: nullcontext()))
        stack.enter_context(patch.object(observe, "log_fields", lambda **keys: nullcontext()))
        stack.enter_context(patch.object(observe, "detail", lambda what, **about: None))
        stack.enter_context(patch.object(levels.ServiceLevel, "judge", lambda self, since: None))
        yield
