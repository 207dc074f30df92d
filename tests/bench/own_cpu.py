"""The CPU of one whole order through our handlers beyond the same bare calls of boto3, by kind of function.

Every invocation of the order is done again in one process, through its handler and as the bare calls of AWS that it
makes, in rounds that alternate. The HTTP session of each client is a stub with the recorded answers, so botocore
serialises, signs and parses on both sides, and the difference is ours. What is measured is the time of the thread on a
CPU, so other work on the machine disturbs it little. The lines that a function prints are made, and not written.
"""

import gc
import time
from collections import Counter
from statistics import median
from typing import Any

from tests.bench.recording import record
from tests.bench.replaying import replays


def measure(*, rounds: int) -> dict[str, Any]:
    """`{"own_ms": [of each round], "bare_ms": […], "own_ms_by_part": {part: median}, "invocations": n, "calls": n}`."""
    invocations = record()
    handled: list[Counter[str]] = []
    bare: list[Counter[str]] = []
    with replays(invocations) as (again, clients):
        for number in range(rounds + 1):
            gc.collect()
            through, alone = Counter[str](), Counter[str]()
            for replay in again:
                through[replay.invocation.part] += replay.through_handler(time.thread_time)  # type: ignore[assignment]
                alone[replay.invocation.part] += replay.bare(time.thread_time, clients)  # type: ignore[assignment]
            if number:  # the first one makes clients and models
                handled.append(through)
                bare.append(alone)
    return {
        "own_ms": [1000 * (h.total() - b.total()) for h, b in zip(handled, bare, strict=True)],
        "bare_ms": [1000 * b.total() for b in bare],
        "own_ms_by_part": {
            part: 1000 * median(h[part] - b[part] for h, b in zip(handled, bare, strict=True)) for part in handled[0]
        },
        "invocations": len(invocations),
        "calls": sum(len(one.calls) for one in invocations),
    }


def profile(*, rounds: int) -> str:
    """Where the time goes: what cProfile says of the handlers alone, the dearest of our own functions first."""
    import cProfile
    import io
    import pstats

    with replays(record()) as (again, _):
        profiler = cProfile.Profile(time.thread_time)
        for number in range(rounds + 1):
            for replay in again:
                if number:  # the first one makes clients and models
                    profiler.enable()
                replay.through_handler(time.thread_time)
                profiler.disable()
    text = io.StringIO()
    pstats.Stats(profiler, stream=text).sort_stats("cumulative").print_stats(r"functions/|events/", 60)
    return text.getvalue()
