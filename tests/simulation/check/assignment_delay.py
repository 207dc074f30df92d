"""No list and idle robot wait for each other for more than seconds, as long as nothing but an index is in their way."""

from bisect import bisect_right
from collections.abc import Iterator

from tests.simulation.check.delivery import Ways
from tests.simulation.check.failures import HARMLESS
from tests.simulation.check.parsed_history import SECOND, Reading
from tests.simulation.check.records import Commit
from tests.simulation.check.robots import NO_WAIT, OF_BOTS, OF_LISTS, Depot, writes
from tests.simulation.check.violation import Violation

BOUND = 30 * SECOND  # ten looks at what an index hid
LOOK_BACK = 420 * SECOND  # how long after a fault at the depot something of it may still be on its way


def violations(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """Pairs that nobody brought together in time: the list and the robot that had waited longest, at each moment."""
    depot = Depot()
    lists: dict[str, int] = {}
    bots: dict[str, int] = {}
    troubles: list[int] | None = None
    for write in writes(commit for commit in reading.commits if commit.service == "depot"):
        at = write[0].at
        if lists and bots:
            (list_id, list_since), (bot_id, bot_since) = next(iter(lists.items())), next(iter(bots.items()))
            since = max(list_since, bot_since)
            if at - since > BOUND:
                troubles = _troubles(reading) if troubles is None else troubles
                if bisect_right(troubles, at) == bisect_right(troubles, since - LOOK_BACK):
                    text = f"the list {list_id} and the robot {bot_id} waited {(at - since) // SECOND} s for each other"
                    yield Violation(NO_WAIT, text, {"lists": [list_id], "robots": [bot_id]})
                    return
        for commit in write:
            depot.apply(commit)
            # Who missed the message that says so, for good, is not shown by any index and waits for an operator.
            is_list = depot.lists.get(commit.thing) == "available" and not ways.misses("depot", commit.thing, OF_LISTS)
            is_bot = depot.bots.get(commit.thing) == "idle" and not ways.misses("depot", commit.thing, OF_BOTS)
            _note(lists, commit, is_there=is_list)
            _note(bots, commit, is_there=is_bot)


def _note(waiting: dict[str, int], commit: Commit, *, is_there: bool) -> None:
    """Keep those that wait in the order in which they came."""
    if not is_there:
        waiting.pop(commit.thing, None)
    elif commit.thing not in waiting:
        waiting[commit.thing] = commit.at


def _troubles(reading: Reading) -> list[int]:
    """When the depot was in trouble, its messages were late, or it did not run."""
    return [at for at, kind, fields in reading.history if _is_trouble(kind, fields)]


def _is_trouble(kind: str, fields: dict[str, str]) -> bool:
    if kind in ("throttled", "runs"):
        return fields["function"].startswith("depot")
    late = ("bus delay", "target retry", "target given up", "queue delay", "stream delay")
    harmless = fields.get("name") in HARMLESS and fields["name"] not in late
    return kind == "fault" and not harmless and (fields["where"].startswith("depot") or fields["name"] == "outage")
