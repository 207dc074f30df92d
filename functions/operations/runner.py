"""The runner: each minute, and when an operator begins something, it advances forecasts, replays and rebuilds.

Before that it sees that consumers are paused or not as it is wanted (pauses.py), and sends the daily summary.
Runs share the time, and each time the next one is the first, for the last may get none: a call that was begun is
waited for, also beyond the share of its run. What a run does is stored as it goes on; where the function ends between
two calls, the next minute goes on there.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.kernel.messaging.scheduled import Scheduled
from functions.kernel.runtime import budget, clock, observe, runtime
from functions.kernel.runtime.uses import Uses
from functions.kernel.runtime.views import Row
from functions.operations import cloud, forecasts, mappings, pauses, rebuilds, replays, run_rows, summaries
from functions.operations.pauses import consumer_paused, consumer_paused_itself
from functions.operations.runs import PAUSED, STOPPED, Run
from functions.operations.views import OF_GROUP, OF_ORDER, OF_STATE

__all__ = ["consumer_paused", "consumer_paused_itself", "runner"]

TURN = ("runner", "turn")  # where it is stored which run was the first last
WORKS_FOR = 45  # seconds: it ends within 55, also where its last call is slow
ADVANCE: dict[str, Callable[[Run, datetime], object]] = {
    forecasts.FORECAST: forecasts.advance,
    replays.REPLAY: replays.advance,
    rebuilds.REBUILD: rebuilds.advance,
}

runner = Scheduled(
    "operations",
    "runner",
    uses=Uses(
        rows=("get", "get_many", "query", "put", "delete"),
        indexes=(OF_STATE, OF_GROUP, OF_ORDER),
        ports=(cloud.forecasts, cloud.relays, cloud.replays, cloud.topic, mappings.mappings, mappings.backlog),
    ),
)


@runner.work
def run_all(event: dict[str, Any]) -> dict[str, int]:
    """Advance what is at work. Raises the first error that it met, once all else is done."""
    ends = clock.now() + timedelta(seconds=min(WORKS_FOR, budget.left() - cloud.LONGEST_CALL - budget.RESERVE))
    errors: list[Exception] = []
    try:
        pauses.reconcile()
    except Exception as error:
        observe.log_error("consumers are not paused or resumed as wanted: the next minute tries again", error)
        errors.append(error)
    try:
        summaries.summary()
    except Exception as error:
        observe.log_error("the daily summary was not sent: the next minute tries again", error)
        errors.append(error)
    mine = _in_turn([run for run in run_rows.at_work() if run.kind in ADVANCE and run.state not in (PAUSED, STOPPED)])
    for place, run in enumerate(mine):
        left = ends - clock.now()
        if left <= timedelta():
            break
        try:
            ADVANCE[run.kind](run, clock.now() + left / (len(mine) - place))
        except Exception as error:  # the others must not wait for one that fails
            observe.log_error(f"run {run.id} failed", error)
            errors.append(error)
    if errors:
        raise errors[0]
    return {"runs": len(mine)}


def _in_turn(runs: Sequence[Run]) -> Sequence[Run]:
    """The runs in their order, from the one on that follows the one which was the first last.

    That is stored: what follows from the time would be the same each minute where a tick is a moment early or late.
    """
    if len(runs) < 2:
        return runs
    there = runtime.current().views.get(*TURN)
    last, version = (there["place"], there["version"] + 1) if there else ("", 1)
    places = [f"{run.created} {run.id}" for run in runs]
    first = next((number for number, place in enumerate(places) if place > last), 0)
    runtime.current().views.put(Row(*TURN, {"place": places[first], "version": version}), version)
    return [*runs[first:], *runs[:first]]
