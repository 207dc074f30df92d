"""What a replay or a rebuild would bring, and about how long it would take, before one is begun.

The owners count a part of their tables (kernel/eventstore/counting.py), all at once. Nothing is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.projections.generations import KNOWN_AFTER
from functions.kernel.runtime import budget, runtime
from functions.operations import rebuilds, replay_plans
from functions.operations.cloud import LONGEST_CALL, relays_now, replays_now
from functions.operations.history_rows import Source
from functions.operations.replay_plans import Asked

MINUTE = 60.0  # seconds: the runner runs as often, and may run for as long
# Of a minute, a run is advanced for so long: no page begins that could outlast the runner (replays.fill).
AT_WORK = MINUTE - LONGEST_CALL - budget.RESERVE
EXACT, ABOUT, AT_LEAST = "exact", "about", "at least"


@dataclass(frozen=True)
class Estimate:
    """What would be brought. messages: of each service that answered; commits: that are read for them.

    precision: `exact`, `about`, or `at least`: also where services did not answer (gaps). seconds: with no other run
    beside it. not_recoverable: what was asked for and no commit holds.
    """

    messages: dict[str, int]
    commits: int
    precision: str
    seconds: int
    gaps: list[str]
    not_recoverable: list[str]


def of_replay(asked: Asked, rate: float) -> Estimate:
    """Of a replay. Raises InvalidError as its beginning or its plan would, and UnavailableError for its consumer."""
    replay_plans.check(asked, rate)
    bounds = {name: value for name, value in (("since", asked.since), ("until", asked.until)) if value}
    return _estimate(replay_plans.sources_for(asked, replays_now), bounds, rate, 0)


def of_rebuild(service: str, view: str, rate: float) -> Estimate:
    """Of a rebuild, without its comparison. Raises InvalidError as it would, and UnavailableError for its consumer."""
    rebuilds.check(service, view, rate)
    sources = replay_plans.sources_of_view(service, view, replays_now)
    return _estimate(sources, {}, rate, KNOWN_AFTER.total_seconds())


def lasting(work: float) -> float:
    """How long a run takes that has so many seconds of work: it rests until the runner's next minute."""
    rests = max(0, -(-work // AT_WORK) - 1)
    return work + rests * (MINUTE - AT_WORK)


def _estimate(sources: Sequence[Source], bounds: dict[str, str], rate: float, waits: float) -> Estimate:
    jobs: list[Callable[[], dict[str, Any]]] = [partial(_count, source, bounds) for source in sources]
    counted: dict[str, dict[str, Any]] = {}
    gaps = []
    for source, answer in zip(sources, runtime.current().side_by_side(jobs), strict=True):
        if isinstance(answer, UnavailableError):
            gaps.append(source.service)
        elif isinstance(answer, Exception):
            raise answer
        else:
            counted[source.service] = answer
    work = sum(max(one["messages"] / rate, one["seconds"]) for one in counted.values())
    found = {one["precision"] for one in counted.values()}
    return Estimate(
        messages={service: one["messages"] for service, one in counted.items()},
        commits=sum(one["commits"] for one in counted.values()),
        precision=AT_LEAST if gaps or AT_LEAST in found else ABOUT if ABOUT in found else EXACT,
        seconds=ceil(lasting(work) + waits),
        gaps=gaps,
        not_recoverable=replay_plans.not_recoverable(sources),
    )


def _count(source: Source, bounds: dict[str, str]) -> dict[str, Any]:
    where = {"stream": source.stream} if source.stream else {"segments": source.segments}
    wanted = {"names": list(source.names), "only": list(source.only)}
    return relays_now().invoke(source.service, {"count": {**where, **wanted, **bounds}})
