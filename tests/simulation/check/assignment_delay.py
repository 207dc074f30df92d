"""The liveness bound of the depot: an available list and an idle robot wait 10 s at most, also while an index lags."""

from bisect import bisect_right
from collections.abc import Iterator

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.failures import HARMLESS
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Commit
from tests.simulation.check.robots import BOT_TRIGGERS, LIST_TRIGGERS, NO_WAIT, Depot, is_known, writes
from tests.simulation.check.violation import Violation

# Without a fault: relay, bus and queue take a second each at most, a cold start 0.6 s, and of the messages before it in
# the one group each 0.2 s, in a burst of 30.
BOUND = 10 * SECOND
AFTER_FAULT = 420 * SECOND  # how long a fault at the depot may have an effect
# After an outage, a message may be in back-off for 900 s. Meanwhile the schedule compares what waits with the index,
# which such messages feed; so 900 s, and 120 s until the next two ticks, of which the first may come too early.
AFTER_OUTAGE = 1_020 * SECOND


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Pairs that exceed the bound: at each moment the list and the robot that have waited longest."""
    depot = Depot()
    lists: dict[str, int] = {}
    bots: dict[str, int] = {}
    disturbances: list[int] | None = None
    for write in writes(commit for commit in history.commits if commit.service == "depot"):
        at = write[0].at
        if lists and bots:
            (list_id, list_since), (bot_id, bot_since) = next(iter(lists.items())), next(iter(bots.items()))
            since = max(list_since, bot_since)
            if at - since > BOUND:
                disturbances = _disturbances(history) if disturbances is None else disturbances
                undisturbed = bisect_right(disturbances, at) == bisect_right(disturbances, since - AFTER_FAULT)
                if undisturbed and not _had_outage(history, since, at):
                    text = f"the list {list_id} and the robot {bot_id} waited {(at - since) // SECOND} s for each other"
                    yield Violation(NO_WAIT, text, {"lists": [list_id], "robots": [bot_id]})
                    return
        for commit in write:
            depot.apply(commit)
            # A list or robot whose messages were dead-lettered in both queues is in no row: it waits for an operator.
            id = commit.aggregate_id
            is_list = depot.lists.get(id) == "available" and is_known(deliveries, id, LIST_TRIGGERS)
            is_bot = depot.bots.get(id) == "idle" and is_known(deliveries, id, BOT_TRIGGERS)
            _update(lists, commit, is_waiting=is_list)
            _update(bots, commit, is_waiting=is_bot)


def _had_outage(history: ParsedHistory, since: int, until: int) -> bool:
    """Whether an outage of the bus or of a part of the depot has an effect in this time."""
    concerned = (it for it in history.outages if it.target == "bus" or it.target.startswith("depot"))
    return any(it.begin <= until and since < it.end + AFTER_OUTAGE for it in concerned)


def _update(waiting: dict[str, int], commit: Commit, *, is_waiting: bool) -> None:
    """Add or remove one that waits, in the order of arrival."""
    if not is_waiting:
        waiting.pop(commit.aggregate_id, None)
    elif commit.aggregate_id not in waiting:
        waiting[commit.aggregate_id] = commit.at


def _disturbances(history: ParsedHistory) -> list[int]:
    """The times of faults at the depot, of late messages to it, and of its outages."""
    return [at for at, kind, fields in history.entries if _is_disturbance(kind, fields)]


def _is_disturbance(kind: str, fields: dict[str, str]) -> bool:
    if kind in ("throttled", "runs"):
        return fields["function"].startswith("depot")
    late = ("bus delay", "target retry", "target given up", "queue delay", "stream delay")
    harmless = fields.get("name") in HARMLESS and fields["name"] not in late
    return kind == "fault" and not harmless and (fields["where"].startswith("depot") or fields["name"] == "outage")
