"""The CPU of one whole order through our handlers beyond the same bare calls of boto3, by kind of function.

Every invocation of the order is done again in one process, through its handler and as the bare calls of AWS that it
makes, in rounds that alternate. The HTTP session of each client is a stub with the recorded answers, so botocore
serialises, signs and parses on both sides, and the difference is ours. What is measured is the time of the thread on a
CPU, so other work on the machine disturbs it little. The lines that a function prints are made, and not written.
"""

import cProfile
import gc
import io
import pstats
import time
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from tests.bench.recording import record
from tests.bench.replaying import Replay, replays, without_sdk
from tests.bench.telemetry import handlers_without


def measure(*, rounds: int) -> dict[str, Any]:
    """`{"own_ms": [of each round], "bare_ms": …, "alone_ms": …, "plain_ms": …, "own_ms_by_part": {part: median}}`.

    alone: the handlers where the SDK's clients answer at once, which takes nothing: ours without what is of boto3.
    plain: the same without telemetry.
    """
    handled: list[Counter[str]] = []
    bare: list[Counter[str]] = []
    alone: list[float] = []
    plain: list[float] = []
    with replays(record()) as (again, clients):
        for number in range(rounds + 1):
            gc.collect()
            through, without = Counter[str](), Counter[str]()
            for replay in again:
                through[replay.invocation.part] += replay.through_handler(time.thread_time)  # type: ignore[assignment]
                without[replay.invocation.part] += replay.bare(time.thread_time, clients)  # type: ignore[assignment]
            ours = _alone(again)
            with handlers_without():
                without_telemetry = _alone(again)
            if number:  # the first one makes clients and models
                handled.append(through)
                bare.append(without)
                alone.append(1_000 * ours)
                plain.append(1_000 * without_telemetry)
    pairs = list(zip(handled, bare, strict=True))
    return {
        "own_ms": [1_000 * (h.total() - b.total()) for h, b in pairs],
        "bare_ms": [1_000 * b.total() for b in bare],
        "alone_ms": alone,
        "plain_ms": plain,
        "own_ms_by_part": {part: 1_000 * median(h[part] - b[part] for h, b in pairs) for part in handled[0]},
    }


def _alone(again: Sequence[Replay]) -> float:
    """Seconds that the handlers take where the SDK's calls take nothing."""
    with without_sdk(again):
        return sum(replay.through_handler(time.thread_time, sdk=False) for replay in again)


def profile(*, rounds: int) -> str:
    """Where our own time goes, by function: what cProfile says where the SDK's clients answer at once."""
    profiler = cProfile.Profile(time.thread_time)
    with replays(record()) as (again, _):
        for number in range(rounds + 1):
            with without_sdk(again):
                for replay in again:
                    if number:  # the first one makes models
                        profiler.enable()
                    replay.through_handler(time.thread_time, sdk=False)
                    profiler.disable()
    text = io.StringIO()
    pstats.Stats(profiler, stream=text).sort_stats("tottime").print_stats(60)
    return text.getvalue()


if __name__ == "__main__":
    print(profile(rounds=5))
