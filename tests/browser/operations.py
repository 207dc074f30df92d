"""What the operations service of the browser tests has: letters in groups, runs, consumers; runs move when told."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from functions.operations import backlogs, consumers_api, pause_rows
from functions.operations.consumers import Consumer
from functions.operations.mappings import DISABLED, ENABLED, Backlog
from functions.operations.pause_rows import Pause, Sample
from tests.browser.samples import LONG, Data, ago, uid

if TYPE_CHECKING:
    from tests.browser.stream_routes import Change

RAMP = (1, 2, 5, 20, 50)
PARTS = ("pending", "sent", "done", "failing", "dead", "skipped")
GROUP = uid("a group")[:16]
FORECAST, REDRIVE, REBUILD = uid("a forecast"), uid("a redrive"), uid("a rebuild")
BACK = uid("a group that came back")[:16]
REASON = "There is no shopping list … of store …"


def letter(name: str, group: str, state: str = "open") -> Data:
    return {
        "id": uid(name),
        "state": state,
        "consumer": "depot/inbox",
        "queue": "test-depot-inbox-dead",
        "message": "ReportCollection",
        "version": 1,
        "messageId": uid(f"message {name}"),
        "stream": f"List#{uid(name)}",
        "order": uid(name),
        "correlationId": uid(name),
        "causationId": "",
        "reason": f"There is no shopping list {uid(name)} of store 12",
        "error": "NotFoundError",
        "tries": 5,
        "code": "4f21c0d",
        "group": group,
        "repetitions": 0,
        "redrives": 0,
        "sentAs": "",
        "firstReceived": ago(minutes=34),
        "failedAt": ago(minutes=31),
        "storedAt": ago(minutes=30),
        "openSince": ago(minutes=30),
    }


def group(id: str, consumer: str, message: str, reason: str, open: int, **more: Any) -> Data:
    counts = {"open": open, "redriving": 0, "parked": 0, "done": 0, "discarded": 0}
    return {
        "id": id,
        "state": "open",
        "consumer": consumer,
        "message": message,
        "error": "NotFoundError",
        "reason": reason,
        "sample": uid("letter 1"),
        "firstSeen": ago(hours=3),
        "lastSeen": ago(minutes=4),
        "code": "4f21c0d",
        "latestCode": "4f21c0d",
        "cameBack": None,
        "note": "",
        "owner": "",
        "counts": counts,
        "countedAt": ago(seconds=30),
        **more,
    }


def consumer(name: str, *waited: int, **wanted: Any) -> Data:
    """A consumer as the API tells of it, by its own code: no test shows one that there cannot be.

    waited: what its queue had, minute by minute until now. wanted: of what an operator wants, as in `Pause`.
    """
    samples = [Sample(ago(minutes=len(waited) - at), total) for at, total in enumerate(waited, 1)]
    # The backlog of a consumer that nothing was ever wanted of is not measured again and again.
    since = wanted.get("since", "")  # no backlog was drained since it was paused, or resumed
    pause = Pause(name, samples=tuple(samples) if wanted else (), waits_since=since, **wanted)
    service, _, queue = name.partition("/")
    overview = backlogs.overview(Consumer(service, queue), pause, Backlog(waited[-1], 0, 0))
    return consumers_api.shape(overview).model_dump(by_alias=True, mode="json")


PAUSED = {"wanted": pause_rows.PAUSED, "state": DISABLED, "by": "operator", "reason": "A deploy goes on."}


@dataclass
class Run:
    """A run of any kind; what became of its letters changes by `advance`."""

    id: str
    kind: str
    total: int
    asked: Data
    letters: list[str] = field(default_factory=list)
    state: str = "running"
    why: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    more: Data = field(default_factory=dict)

    @property
    def shape(self) -> Data:
        ended = ago(seconds=1) if self.state in ("done", "cancelled") else None
        counts = {"total": self.total, **self.counts} if self.counts else {}
        own = {"id": self.id, "kind": self.kind, "state": self.state, "why": self.why, "total": self.total}
        return {**own, "by": "operator", "created": ago(seconds=20), "ended": ended, "counts": counts}

    @property
    def step(self) -> str:
        sent, end = self.total - self.counts.get("pending", 0), 0
        for number, size in enumerate(RAMP, 1):
            end += size
            if sent < end:
                return f"step {number} of {len(RAMP)}: {size} letters"
        return f"{self.asked['rate']} letters a second"


@dataclass
class Operations:
    groups: dict[str, Data] = field(default_factory=dict)
    letters: dict[str, Data] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    consumers: dict[str, Data] = field(default_factory=dict)
    streams: dict[str, list["Change"]] = field(default_factory=dict)  # by "service/Kind#id"
    silent: list[str] = field(default_factory=list)  # services that do not answer

    def fill(self) -> None:
        """Something for each view."""
        self.letters = {one["id"]: one for one in (letter(f"letter {at}", GROUP) for at in range(1, 6))}
        more: Data = {"owner": "operator", "note": "Depot lost lists by a deploy."}
        known = group(GROUP, "depot/inbox", "ReportCollection", REASON, 5, **more)
        back = group(BACK, "search/inbox", "StoreRebranded", f"{LONG} … {LONG}", 1_204, cameBack=ago(hours=1))
        self.groups = {GROUP: known, BACK: {**back, "latestCode": "9ad09f0"}}
        resumed = {"state": ENABLED, "by": "operator", "since": ago(minutes=9)}
        shown = [consumer("ordering/inbox", 0), consumer("depot/inbox", 16, 12, **resumed)]
        shown.append(consumer("search/inbox", 3_396, 3_400, **PAUSED, since=ago(minutes=20)))
        self.consumers = {one["name"]: one for one in shown}

    def fill_runs(self) -> None:
        """A run of each kind, in the middle of its work, or with its answers."""
        ids = list(self.letters)
        forecast = Run(FORECAST, "forecast", 5, {"group": GROUP}, ids, "done")
        asked = {"forecast": FORECAST, "rate": 10}
        redrive = Run(REDRIVE, "redrive", 137, asked, ids, "stopped", "20 of the last 100 letters failed")
        redrive.counts = {"pending": 60, "sent": 9, "done": 40, "failing": 11, "dead": 15, "skipped": 2}
        built = {"step": "built", "percent": 100, "secondsLeft": None, "messages": 12_940, "mayBeSwitched": True}
        rebuild = Run(REBUILD, "rebuild", 0, {"service": "search", "view": "orders"}, more=built)
        self.runs = {run.id: run for run in (redrive, rebuild, forecast)}

    def open_of(self, group: str) -> list[str]:
        return [one["id"] for one in self.letters.values() if one["group"] == group and one["state"] == "open"]

    def change(self, ids: list[str], state: str) -> None:
        """Change letters, and the counts of their groups."""
        for id in ids:
            one = self.letters[id]
            counts = self.groups[one["group"]]["counts"]
            counts[one["state"]] -= 1
            counts[state] += 1
            self.letters[id] = {**one, "state": state}

    def advance(self, id: str, **counts: int) -> None:
        """What became of a redrive's letters so far: those that are done are the first."""
        run = self.runs[id]
        run.counts = {**dict.fromkeys(PARTS, 0), **counts}
        done = run.letters[: counts.get("done", 0)]
        self.change([one for one in done if self.letters[one]["state"] != "done"], "done")
        if counts.get("done", 0) == run.total:
            run.state = "done"
