"""Whatever happens at once and whatever goes wrong: streams have no gaps, and nothing is lost or takes effect twice.

A run is a list of messages, each delivered until it is done with, while disturbances befall the commits: another
commits first, DynamoDB reports a conflict or throttles, a reply is lost, the SDK repeats what it has written.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.eventstore.repository import Repository, change_together
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.commit import Cause, Commit
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.vault import RowWrite
from tests.support.jars import Chest, Jar, chests, jars
from tests.support.runtime import memory_runtime

IDS = ["1", "2"]
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Disturbance:
    """What befalls one commit: somebody else's before it, a fault instead of it or after it, its repetition."""

    rival: bool = False
    fault: str = ""
    repeated: bool = False


class StormyStore(MemoryEventStore):
    """Meets one disturbance of the plan at each commit, until the plan is at its end."""

    def __init__(self, plan: list[Disturbance]) -> None:
        super().__init__()
        self.plan = list(plan)
        self.rivals = 0

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        met = self.plan.pop(0) if self.plan else Disturbance()
        if met.rival:
            self._let_somebody_else_in(commits[-1].stream)
        if met.fault == "conflict":
            raise ConcurrencyError("a conflict of transactions")
        if met.fault == "throttled":
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "PutItem")
        super().commit(*commits, beside=beside)
        if met.repeated:
            super().commit(*commits, beside=beside)
        if met.fault == "no reply":
            raise ConnectionError("it was written, but nobody said so")

    def _let_somebody_else_in(self, stream: str) -> None:
        left, self.plan = self.plan, []
        repository, id = repository_of(stream)
        with context.within(Context()):
            repository.create(id, lambda thing: thing.fill(1))
        self.plan = left
        self.rivals += 1


def repository_of(stream: str) -> tuple[Repository[Jar] | Repository[Chest], str]:
    kind, _, id = stream.partition("#")
    return (jars if kind == "Jar" else chests), id


@dataclass(frozen=True)
class Work:
    """A message that asks to put so many coins into a jar, into a chest, or into one of each at once."""

    target: str
    jar: str
    chest: str
    coins: int

    def do(self) -> None:
        if self.target == "jar":
            jars.create(self.jar, lambda jar: jar.fill_each(*[1] * self.coins))
        elif self.target == "chest":
            chests.create(self.chest, lambda chest: chest.fill(self.coins))
        else:
            change_together((jars, self.jar), (chests, self.chest), self._fill_both, may_be_new=True)

    def _fill_both(self, jar: Jar, chest: Chest) -> None:
        jar.fill(self.coins)
        chest.fill(self.coins)

    @property
    def filled(self) -> int:
        return 2 * self.coins if self.target == "both" else self.coins


works = st.builds(
    Work,
    target=st.sampled_from(["jar", "chest", "both"]),
    jar=st.sampled_from(IDS),
    chest=st.sampled_from(IDS),
    coins=st.integers(min_value=1, max_value=5),
)
disturbances = st.builds(
    Disturbance,
    rival=st.booleans(),
    fault=st.sampled_from(["", "", "conflict", "throttled", "no reply"]),
    repeated=st.booleans(),
)


@contextmanager
def storm(plan: list[Disturbance]) -> Iterator[StormyStore]:
    store = StormyStore(plan)
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: NOON):
        yield store


def deliver(message: str, work: Work) -> None:
    """Bring a message until it is handled, as its queue does."""
    while True:
        try:
            with context.within(Context(cause=Cause(message), causation_id=message)):
                work.do()
            return
        except (ConcurrencyError, ConnectionError, ClientError):
            continue


def streams() -> list[tuple[Jar, list[Commit]]]:
    """Everything there is, with its history."""
    found: list[tuple[Jar, list[Commit]]] = []
    for id in IDS:
        for repository in (jars, chests):
            thing = repository.find(id)
            if thing:
                found.append((thing, list(repository.history(id))))
    return found


@settings(max_examples=60)
@given(
    messages=st.lists(works, min_size=1, max_size=30),
    repetitions=st.lists(st.integers(min_value=0), max_size=10),
    plan=st.lists(disturbances, max_size=40),
)
def test_every_message_takes_effect_once_in_streams_without_gaps(
    messages: list[Work], repetitions: list[int], plan: list[Disturbance]
) -> None:
    with storm(plan) as store:
        for number, work in enumerate(messages):
            deliver(f"message-{number}", work)
        for repetition in repetitions:
            number = repetition % len(messages)
            deliver(f"message-{number}", messages[number])
        everything = streams()
        for thing, commits in everything:
            versions = [version for commit in commits for version in range(commit.version, commit.last + 1)]
            assert versions == list(range(1, thing.version + 1))
            causes = [commit.cause.id for commit in commits if commit.cause]
            assert len(causes) == len(set(causes))
            assert len({commit.id for commit in commits}) == len(commits)
        assert sum(thing.coins for thing, _ in everything) == sum(work.filled for work in messages) + store.rivals


@settings(max_examples=60)
@given(messages=st.lists(works, min_size=1, max_size=30), plan=st.lists(disturbances, max_size=40))
def test_what_a_snapshot_gives_is_what_all_events_give(messages: list[Work], plan: list[Disturbance]) -> None:
    with storm(plan):
        for number, work in enumerate(messages):
            deliver(f"message-{number}", work)
        for thing, commits in streams():
            repository, id = repository_of(commits[0].stream)
            assert repository.as_of(id, version=thing.version) == thing


@settings(max_examples=60)
@given(messages=st.lists(works, min_size=1, max_size=20), plan=st.lists(disturbances, max_size=30))
def test_what_is_told_of_a_thing_has_each_version_once_and_ends_with_its_state(
    messages: list[Work], plan: list[Disturbance]
) -> None:
    with storm(plan):
        for number, work in enumerate(messages):
            deliver(f"message-{number}", work)
        for thing, commits in streams():
            published = [message.detail for commit in commits for message in commit.messages]
            assert [message["metadata"]["stream_version"] for message in published] == list(range(1, thing.version + 1))
            assert len({message["metadata"]["id"] for message in published}) == len(published)
            assert published[-1]["data"]["coins"] == thing.coins


@settings(max_examples=60)
@given(messages=st.lists(works, min_size=1, max_size=20), plan=st.lists(disturbances, max_size=30))
def test_two_that_are_changed_together_have_each_cause_both_or_neither(
    messages: list[Work], plan: list[Disturbance]
) -> None:
    with storm(plan):
        for number, work in enumerate(messages):
            deliver(f"message-{number}", work)
        handled = {(commit.stream, commit.cause.id) for _, commits in streams() for commit in commits if commit.cause}
        expected = {
            (stream, f"message-{number}")
            for number, work in enumerate(messages)
            for stream, target in ((Jar.stream(work.jar), "jar"), (Chest.stream(work.chest), "chest"))
            if work.target in (target, "both")
        }
        assert handled == expected
