"""One schedule: pages watch while the mall goes on and faults strike; then all ends, is compared, and is checked."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

from functions.live import board, topics
from tests.simulation.check.violation import Violation
from tests.simulation.choices import Choices
from tests.simulation.faults import Faults
from tests.simulation.live.bridge import PAGES, MachineFailedError, bridge
from tests.simulation.live.check import check
from tests.simulation.live.cloud import LiveCloud
from tests.simulation.live.compare import compare, pushed
from tests.simulation.live.faults import LIVE_FAULTS
from tests.simulation.live.mall import STORIES, Mall, a_robot
from tests.simulation.live.outcomes import count
from tests.simulation.live.page import Page
from tests.simulation.schedule import ALL, SCALES, Outcome, Without
from tests.simulation.workload.draw import choices_for

REDUCER = PAGES / "reducer.ts"
FAILS = "the client's state machine never fails"
SETTLES = "everything settles after the faults"

LONGEST = 4 * 3_600.0  # seconds until all messages are handled after the faults: a retry comes after 900 at most
CATCHES_UP = 150.0  # seconds after which a page has all: a retry, an answer, a ping and a resume, each late, and jitter
FINDS = 75.0  # seconds after which a ping has found what was not pushed
FEW_ROWS = 700  # bytes: a frame then holds one row of an order, or a few small ones
COMES = 3.0  # seconds after which a frame has come


@dataclass(frozen=True)
class Kind:
    """How long a schedule lasts, in seconds, how many pages it has, and the longest pause of pages and of stories."""

    lasts: tuple[float, float]
    pages: tuple[int, ...]
    page_pace: float
    story_pace: float


MINUTES = Kind((40.0, 150.0), (1, 2, 2, 3), 15.0, 8.0)
HOUR = Kind((2_000.0, 4_200.0), (1, 1, 2), 300.0, 240.0)
DAY = Kind((7_300.0, 9_000.0), (1, 1, 2), 1_500.0, 600.0)
KINDS = (*[MINUTES] * 32, *[HOUR] * 5, *[DAY] * 3)


def run_schedule(
    seed: int,
    *,
    without: Without = ALL,
    draws: Sequence[float] | None = None,
    reducer: Path = REDUCER,
    planted: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Outcome:
    """Run the schedule of a seed.

    draws: those of an earlier run, for a replay. reducer: of the client. planted: a context with a bug of the server.
    """
    with planted():
        return _Schedule(seed, without, Choices(seed, draws, without.faults), reducer).run()


class _Schedule:
    def __init__(self, seed: int, without: Without, choices: Choices, reducer: Path) -> None:
        self.seed, self.without = seed, without
        own = choices_for(seed, "kind")
        self.kind = own.pick(KINDS, "kind")
        self.lasts = own.seconds(*self.kind.lasts, "lasts")
        self.large = own.chance(0.2, "a large board")
        faults = Faults.draw(choices, choices.pick(SCALES, "how frequent faults are"), LIVE_FAULTS)
        self.cloud = LiveCloud(choices, faults)
        self.mall = Mall(self.cloud)
        self.bridge = bridge(reducer)
        self.active = 0
        self.clients: list[str] = []
        self.orders = [f"o-{number}" for number in range(1, own.between(1, 5, "orders") + 1)]
        self.stories = [*(("order", id) for id in self.orders), *(("robot", f"bot-{n}") for n in (1, 2))]
        self.stories += [("robot", f"old-{number}-late") for number in range(1, 13) if self.large]
        self.stories += [("store", "store-1")] * own.chance(0.5, "a store")
        names = [f"page {number}" for number in range(1, own.pick(self.kind.pages, "pages") + 1)]
        self.frames_hold = own.pick((board.ROWS_BYTES, board.ROWS_BYTES, FEW_ROWS), "bytes of rows in a frame")
        self.at_once = own.chance(0.25, "all pages open at once")
        self.pages = [
            Page(self.cloud, self.bridge, seed, name, choices_for(seed, name)) for name in names if self._has(name)
        ]

    def run(self) -> Outcome:
        self.bridge.ask({"ask": "reset"})
        violations: list[Violation] = []
        try:
            with patch.object(board, "ROWS_BYTES", self.frames_hold):
                violations = self._violations()
        except MachineFailedError as error:
            violations = [Violation(FAILS, str(error).partition("\n")[0])]
        return self._outcome(violations)

    def _violations(self) -> list[Violation]:
        cloud = self.cloud
        self._begin()
        cloud.run(self.lasts + 7_200.0, enough=lambda: not self.active)
        self._end_faults()
        cloud.run(cloud.now() + LONGEST, enough=cloud.is_quiet)
        if not cloud.is_quiet() or cloud.dead_letters.messages:
            return [Violation(SETTLES, "messages are still in the queue, or were given up")]
        cloud.run(cloud.now() + CATCHES_UP)
        found = list(compare(cloud, self.mall, self.pages))
        watched = self._watched()
        self.mall.probe(watched)
        cloud.run(cloud.now() + FINDS)
        self.mall.probe(watched)
        cloud.run(cloud.now() + 60.0, enough=cloud.is_quiet)
        cloud.run(cloud.now() + COMES)
        found += pushed(cloud, self.mall, self.pages)
        return found + list(check(cloud.history.entries))

    def _begin(self) -> None:
        if self.large:
            choices = choices_for(self.seed, "large")
            for number in range(choices.between(150, 450, "robots")):
                self.mall.store(a_robot(f"old-{number}"))
        for kind, id in self.stories:
            if self._has(f"{kind} {id}"):
                self._spawn(self._tell, kind, id)
        for page in self.pages:
            self._spawn(partial(page.live, at_once=self.at_once), self.lasts, self.kind.page_pace, self.orders)
        self._spawn(self._go_on)

    def _tell(self, kind: str, id: str) -> None:
        choices = choices_for(self.seed, f"{kind} {id}")
        self.cloud.sleep(choices.seconds(0.0, self.lasts * 0.6, "begins"))
        self.mall.tell(STORIES[kind](id, choices), choices, self.kind.story_pace)

    def _go_on(self) -> None:
        """Let deployments come, and rows expire."""
        choices, cloud = choices_for(self.seed, "the day"), self.cloud
        while cloud.now() < self.lasts:
            cloud.sleep(min(choices.seconds(10.0, 600.0, "until then"), self.lasts - cloud.now() + 0.1))
            if choices.chance(0.5, "a deployment") and cloud.faults.strikes("deploy", "all"):
                cloud.deploy()
            if cloud.faults.strikes("expired deleted", "live/views"):
                cloud.expire()

    def _end_faults(self) -> None:
        cloud = self.cloud
        cloud.faults.stop()
        cloud.history.record("quiet")
        cloud.gateway.bury()
        for page in self.pages:
            page.come_back()

    def _spawn(self, work: Callable[..., object], *args: object) -> None:
        self.active += 1

        def run() -> None:
            try:
                work(*args)
            finally:
                self.active -= 1

        self.cloud.scheduler.spawn(run)

    def _has(self, client: str) -> bool:
        """Whether a client takes part; all that could are kept in `clients`."""
        if client in self.without.clients:
            return False
        self.clients.append(client)
        return True

    def _watched(self) -> set[topics.Key]:
        """A row of each shard that a page shows, and all rows of each order that one shows."""
        known = sorted(self.mall.latest)
        found: set[topics.Key] = set()
        for topic in {topic for page in self.pages for topic in page.topics}:
            if topic.startswith(topics.ONE_ORDER):
                found |= set(topics.keys_of_order(topic).values()) & set(known)
                continue
            for shard in topics.shards(topic):
                found |= {next((key for key in known if key.partition == topics.board(shard)), *known[:1])}
        return found

    def _outcome(self, violations: list[Violation]) -> Outcome:
        history = self.cloud.history
        entries = history.entries
        numbers = {
            "invocations": [sum(kind == "invocation" for _, kind, _ in entries)],
            "faults": [self.cloud.faults.fired.total()],
            "virtual seconds": [round(self.cloud.now())],
        }
        return Outcome(
            seed=self.seed,
            without=self.without,
            clients=[client for client in self.clients if re.match("page|order|robot|store", client)],
            struck=[fields["number"] for _, kind, fields in entries if kind == "fault"],
            trace_hash=history.trace_hash,
            invocations=numbers["invocations"][0],
            faults=Counter(self.cloud.faults.fired),
            outcomes=count(entries),
            numbers=numbers,
            violations=violations,
            history=entries,
            choices=list(self.cloud.choices.recorded),
        )
