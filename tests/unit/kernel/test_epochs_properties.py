"""However often a table is restored, and whoever works on it meanwhile: no version and no message comes a second time.

A run is a list of steps. Containers live on through restorations, as they would where a table is restored in place;
then it serves from five minutes after the opening, or with new containers.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.kernel.eventstore.item import from_item
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import Context
from tests.support.jars import jars
from tests.support.restored import Container, Shelf
from tests.support.runtime import memory_runtime

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IDS = ("1", "2", "3")


@dataclass(frozen=True)
class Fill:
    """A container fills a jar in one commit, so many times; another one fills it between decision and commit."""

    container: int
    id: str
    times: int
    rival: int | None = None
    key: int | None = None


@dataclass(frozen=True)
class Restore:
    """The table is restored to this share of its commits, and an epoch opened; then all containers are new, or not."""

    share: float
    replaced: bool


@dataclass(frozen=True)
class Wait:
    """Seconds pass."""

    seconds: int


fills = st.builds(
    Fill,
    container=st.integers(0, 2),
    id=st.sampled_from(IDS),
    times=st.integers(1, 3),
    rival=st.none() | st.integers(0, 2),
    key=st.none() | st.integers(0, 3),
)
steps = st.lists(
    st.one_of(
        fills,
        fills,
        fills,
        st.builds(Restore, share=st.floats(0, 1), replaced=st.booleans()),
        st.builds(Wait, seconds=st.integers(1, 400)),
    ),
    max_size=40,
)


class Run:
    """A table, and three containers that work on it."""

    def __init__(self) -> None:
        self.shelf = Shelf(NOON)
        self.containers = [self.shelf.container() for _ in range(3)]

    def take(self, step: Fill | Restore | Wait) -> None:
        if isinstance(step, Fill):
            self._fill(step)
        elif isinstance(step, Wait):
            self.shelf.now += timedelta(seconds=step.seconds)
        else:
            self.shelf.now += timedelta(seconds=1)
            self.shelf.restore(int(step.share * len(self.shelf.log)))
            self.shelf.open_epoch()
            if step.replaced:
                self.containers = [self.shelf.container() for _ in range(3)]
            else:
                self.shelf.now += timedelta(minutes=5)

    def _fill(self, step: Fill) -> None:
        working = self.containers[step.container]
        if step.rival is not None and step.rival != step.container:
            rival = self.containers[step.rival]
            working.before_commit = [lambda: fill(rival, Fill(0, step.id, 1))]
        fill(working, step)
        working.before_commit.clear()

    def check(self) -> None:
        shelf = self.shelf
        assert len(set(shelf.published)) == len(shelf.published)
        ids = [message["metadata"]["id"] for message in shelf.messages]
        assert len(set(ids)) == len(ids)
        highest: dict[str, int] = {}
        for stream, version in shelf.published:
            assert version > highest.get(stream, 0)
            highest[stream] = version
        with runtime.active(memory_runtime("jars", store=shelf.container())):
            for id in IDS:
                commits = [from_item(item) for item in shelf.items.get(f"Jar#{id}", {}).values()]
                there = sum(event.name == "Filled" for commit in commits for event in commit.events)
                found = jars.find(id)
                assert (found.coins if found else 0) == there
                assert (found.version if found else 0) == max((commit.last for commit in commits), default=0)


def fill(container: Container, step: Fill) -> None:
    cause = Cause(f"key-{step.key}", "digest") if step.key is not None else None
    with (
        runtime.active(memory_runtime("jars", store=container)),
        context.within(Context(cause=cause)),
    ):
        jars.create(step.id, lambda jar: jar.fill_each(*[1] * step.times))


@settings(max_examples=150, deadline=None)
@given(steps)
def test_no_version_and_no_message_comes_a_second_time(taken: list[Fill | Restore | Wait]) -> None:
    run = Run()
    with clock.fixed(lambda: run.shelf.now):
        for step in taken:
            run.take(step)
        run.check()
