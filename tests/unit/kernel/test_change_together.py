"""Two aggregates that are changed in one transaction or not at all."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.kernel.domain.errors import (
    ConcurrencyError,
    KeyReusedError,
    NotFoundError,
    RefusedError,
    StaleError,
    TooLargeError,
)
from functions.kernel.eventstore.publish import answer
from functions.kernel.eventstore.repository import change_together
from functions.kernel.eventstore.store import DynamoEventStore, MemoryEventStore
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.commit import Cause, Commit
from functions.kernel.runtime.context import Context
from tests.support import aws
from tests.support.contention import ContendedStore, conflict
from tests.support.jars import Chest, FillJar, Jar, JarFillAccepted, chests, jars
from tests.support.runtime import memory_runtime

pytestmark = pytest.mark.usefixtures("running")


def put_one_in_each(jar: Jar, chest: Chest) -> None:
    jar.fill(1)
    chest.fill(1)


def both() -> tuple[Jar, Chest]:
    return change_together((jars, "jar-1"), (chests, "chest-1"), put_one_in_each)


def make_both() -> None:
    jars.create("jar-1", lambda jar: jar.fill(10))
    chests.create("chest-1", lambda chest: chest.fill(20))


def coins() -> tuple[int, int]:
    return jars.get("jar-1").coins, chests.get("chest-1").coins


def test_both_are_changed_and_given_back() -> None:
    make_both()
    jar, chest = both()
    assert (jar.coins, chest.coins) == (11, 21) == coins()


def test_both_are_changed_by_one_transaction_of_the_table(dynamodb: Any) -> None:
    store = DynamoEventStore(dynamodb, aws.event_table(dynamodb))
    with runtime.active(memory_runtime("jars", store=store)):
        make_both()
        with aws.calls(dynamodb) as made:
            both()
        assert coins() == (11, 21)
    assert [operation for operation, _ in made] == ["Query", "Query", "TransactWriteItems"]


@pytest.mark.parametrize("which", ["jar", "chest"])
def test_when_only_one_recorded_something_it_is_committed_by_itself(dynamodb: Any, which: str) -> None:
    def decide(jar: Jar, chest: Chest) -> None:
        {"jar": jar, "chest": chest}[which].fill(1)

    store = DynamoEventStore(dynamodb, aws.event_table(dynamodb))
    with runtime.active(memory_runtime("jars", store=store)):
        make_both()
        with aws.calls(dynamodb) as made:
            change_together((jars, "jar-1"), (chests, "chest-1"), decide)
        assert coins() == ((11, 20) if which == "jar" else (10, 21))
    assert [operation for operation, _ in made] == ["Query", "Query", "PutItem"]


def test_when_nothing_is_recorded_nothing_is_written() -> None:
    make_both()
    jar, chest = change_together((jars, "jar-1"), (chests, "chest-1"), lambda jar, chest: None)
    assert (jar.version, chest.version) == (1, 1)
    assert len(list(jars.history("jar-1"))) == 1


@pytest.mark.parametrize("missing", ["jar", "chest"])
def test_both_must_be_there(missing: str) -> None:
    if missing == "jar":
        chests.create("chest-1", lambda chest: chest.fill(1))
    else:
        jars.create("jar-1", lambda jar: jar.fill(1))
    with pytest.raises(NotFoundError, match=f"there is no {missing} {missing}-1"):
        both()


def test_what_may_be_new_is_made_on_the_way() -> None:
    jars.create("jar-1", lambda jar: jar.fill(10))
    change_together((jars, "jar-1"), (chests, "chest-1"), put_one_in_each, may_be_new=True)
    assert coins() == (11, 1)


def test_neither_is_changed_when_one_refuses() -> None:
    make_both()
    chests.change("chest-1", lambda chest: chest.seal())
    with pytest.raises(RefusedError):
        both()
    assert coins() == (10, 20)


def test_neither_is_changed_when_one_takes_too_much_room() -> None:
    def decide(jar: Jar, chest: Chest) -> None:
        jar.fill(1)
        chest.fill(1, "x" * 400_000)

    make_both()
    with pytest.raises(TooLargeError, match="a change to Chest#chest-1"):
        change_together((jars, "jar-1"), (chests, "chest-1"), decide)
    assert coins() == (10, 20)


@pytest.mark.parametrize("which", ["jar", "chest"])
def test_a_conflict_on_either_has_both_decided_again(which: str) -> None:
    def somebody_else() -> None:
        repository: Any = {"jar": jars, "chest": chests}[which]
        repository.change(f"{which}-1", lambda thing: thing.fill(100))

    store = ContendedStore(lambda: None, lambda: None, somebody_else)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: now):
        make_both()
        both()
        assert coins() == ((111, 21) if which == "jar" else (11, 121))


def test_conflicts_without_end_are_given_up_and_nothing_is_changed() -> None:
    store = ContendedStore(lambda: None, lambda: None, *[conflict] * 10)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: now):
        make_both()
        with pytest.raises(ConcurrencyError, match="too many changes to jar-1 and chest-1 at once"):
            both()
        assert coins() == (10, 20)
    assert store.tries == 2 + 6


@pytest.mark.parametrize("only", ["jar", "chest", None])
def test_a_cause_that_was_handled_before_changes_neither(only: str | None) -> None:
    def decide(jar: Jar, chest: Chest) -> None:
        if only != "chest":
            jar.fill(1)
        if only != "jar":
            chest.fill(1)

    make_both()
    for _ in range(2):
        with context.within(Context(cause=Cause("message-1"))) as working:
            change_together((jars, "jar-1"), (chests, "chest-1"), decide)
            assert working.version == (1 if only == "chest" else 2)
    assert coins() == ({"jar": 11, "chest": 10, None: 11}[only], {"jar": 20, "chest": 21, None: 21}[only])


def test_a_second_change_of_either_for_one_cause_is_an_error_and_not_lost_in_silence() -> None:
    make_both()
    with context.within(Context(cause=Cause("message-1"))):
        both()
        with pytest.raises(RuntimeError, match="Jar#jar-1 is changed twice for one cause"):
            jars.change("jar-1", lambda jar: jar.fill(1))
        with pytest.raises(RuntimeError, match="Chest#chest-1 is changed twice for one cause"):
            chests.change("chest-1", lambda chest: chest.fill(1))


def test_a_key_that_comes_back_with_another_request_is_refused() -> None:
    make_both()
    with context.within(Context(cause=Cause("key-1", "digest-1"))):
        both()
    with context.within(Context(cause=Cause("key-1", "digest-2"))), pytest.raises(KeyReusedError):
        both()


@pytest.mark.parametrize("changed", [None, "chest"])
def test_under_a_key_the_first_keeps_it_though_nothing_of_it_changes(changed: str | None) -> None:
    def decide(jar: Jar, chest: Chest) -> None:
        if changed:
            chest.fill(1)

    make_both()
    for _ in range(2):
        with context.within(Context(cause=Cause("key-1", "digest-1"))) as working:
            change_together((jars, "jar-1"), (chests, "chest-1"), decide)
        assert working.version == 2
        jars.change("jar-1", lambda jar: jar.fill(1))
    assert [[event.name for event in commit.events] for commit in jars.history("jar-1")][:2] == [
        ["Filled"],
        ["Unchanged"],
    ]
    assert coins() == (12, 21 if changed else 20)
    with context.within(Context(cause=Cause("key-1", "digest-2"))), pytest.raises(KeyReusedError):
        both()


def test_a_repetition_between_whose_two_loads_the_first_attempt_commits_has_the_version_of_that_time() -> None:
    class LateStore(MemoryEventStore):
        """Commits what another attempt of the same request changes after the first aggregate has been loaded."""

        def backwards(self, stream: str, page: int) -> Iterator[Commit]:
            found = list(super().backwards(stream, page))
            if working.subject and not self.done and stream.startswith("Jar"):
                self.done = True
                with context.within(Context(cause=Cause("key-1", "digest-1"))):
                    both()
            return iter(found)

        done = False

    with runtime.active(memory_runtime("jars", store=LateStore())):
        working = Context(cause=Cause("key-1", "digest-1"))
        make_both()
        with context.within(working):
            both()
        assert working.version == 2
        assert coins() == (11, 21)


class ChangedBetweenLoads(MemoryEventStore):
    """Lets another change both, as many times as `changes`, each after the first has been loaded."""

    changes = 0

    def backwards(self, stream: str, page: int) -> Iterator[Commit]:
        found = list(super().backwards(stream, page))
        if self.changes and stream.startswith("Jar"):
            self.changes -= 1
            begun, self.changes = self.changes, 0
            both()
            self.changes = begun
        return iter(found)


def refuse_unequal(jar: Jar, chest: Chest) -> None:
    """Refuse what is never so of both at once: the chest has always ten more."""
    if chest.coins - jar.coins != 10:
        raise RefusedError(f"{jar.coins} and {chest.coins}")
    put_one_in_each(jar, chest)


def test_a_refusal_of_states_that_were_not_there_at_the_same_time_is_decided_again() -> None:
    store = ChangedBetweenLoads()
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: now):
        make_both()
        store.changes = 1
        change_together((jars, "jar-1"), (chests, "chest-1"), refuse_unequal)
        assert coins() == (12, 22)


def test_when_others_change_both_at_each_attempt_it_is_given_up_as_a_conflict() -> None:
    store = ChangedBetweenLoads()
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: now):
        make_both()
        store.changes = 100
        with pytest.raises(ConcurrencyError, match="too many changes to jar-1 and chest-1 at once"):
            change_together((jars, "jar-1"), (chests, "chest-1"), refuse_unequal)


def test_the_expected_version_is_that_of_the_first() -> None:
    make_both()
    chests.change("chest-1", lambda chest: chest.fill(1))
    with context.within(Context(expected_versions=frozenset({1}))) as working:
        both()
    assert working.version == 2
    with (
        context.within(Context(expected_versions=frozenset({1}))),
        pytest.raises(StaleError, match="the jar is at version 2, which If-Match"),
    ):
        both()
    assert coins() == (11, 22)


@pytest.mark.parametrize("only_second", [False, True])
def test_the_answer_rides_in_one_of_the_commits(only_second: bool) -> None:
    make_both()
    with context.within(Context(causation_id="command-1", cause=Cause("command-1"))) as working:
        working.answer = answer(FillJar(jar_id="jar-1", coins=1), JarFillAccepted(jar_id="jar-1"), working)
        change_together(
            (jars, "jar-1"),
            (chests, "chest-1"),
            (lambda jar, chest: chest.fill(1)) if only_second else put_one_in_each,
        )
    assert working.answered
    names = [
        [message.name for commit in history for message in commit.messages if commit.cause]
        for history in (jars.history("jar-1"), chests.history("chest-1"))
    ]
    expected = (
        [[], ["JarFilled", "JarFillAccepted"]] if only_second else [["JarFilled", "JarFillAccepted"], ["JarFilled"]]
    )
    assert names == expected
