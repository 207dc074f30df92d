"""Load, decide, commit: what a use case may rely on."""

from datetime import UTC, datetime

import pytest

from functions.kernel.domain.errors import (
    ConcurrencyError,
    InvalidError,
    KeyReusedError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.commit import Cause, StoredEvent
from functions.kernel.runtime.context import Context
from tests.support.contention import ContendedStore, conflict
from tests.support.jars import Jar, chests, jars
from tests.support.runtime import memory_runtime

pytestmark = pytest.mark.usefixtures("running")

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def history(id: str) -> list[tuple[int, list[str]]]:
    return [(commit.version, [event.name for event in commit.events]) for commit in jars.history(id)]


def test_what_does_not_exist_cannot_be_changed() -> None:
    with pytest.raises(NotFoundError, match="there is no jar jar-1"):
        jars.change("jar-1", lambda jar: jar.fill(1))
    assert history("jar-1") == []


def test_a_creation_decides_on_an_empty_thing_of_version_0() -> None:
    def decide(jar: Jar) -> None:
        assert jar == Jar("jar-1", 0)
        jar.fill(1)

    jars.create("jar-1", decide)
    assert history("jar-1") == [(1, ["Filled"])]


def test_a_creation_of_what_exists_decides_on_it_as_it_is() -> None:
    jars.create("jar-1", lambda jar: jar.fill_up_to(5))
    jars.create("jar-1", lambda jar: jar.fill_up_to(5))
    assert history("jar-1") == [(1, ["Filled"])]


def test_a_decision_that_records_nothing_writes_nothing() -> None:
    jars.create("jar-1", lambda jar: None)
    assert jars.find("jar-1") is None


@pytest.mark.parametrize("error", [RefusedError("no"), InvalidError("no"), ZeroDivisionError("no")])
def test_a_decision_that_fails_writes_nothing_of_what_it_recorded(error: Exception) -> None:
    def decide(jar: Jar) -> None:
        jar.fill(1)
        raise error

    with pytest.raises(type(error)):
        jars.create("jar-1", decide)
    assert jars.find("jar-1") is None


def test_the_changed_thing_is_given_back_with_its_new_state_and_version() -> None:
    jar = jars.create("jar-1", lambda jar: jar.fill_each(1, 2))
    assert (jar.id, jar.version, jar.coins) == ("jar-1", 2, 3)


def test_a_commit_says_what_when_who_and_why() -> None:
    working = Context(
        correlation_id="flow-1", causation_id="message-1", cause=Cause("message-1", "digest"), actor="staff:mia"
    )
    with context.within(working), clock.fixed(lambda: NOON):
        jars.create("jar-1", lambda jar: jar.fill(3, "a note"))
    [commit] = jars.history("jar-1")
    assert commit.stream == "Jar#jar-1"
    assert commit.events == (StoredEvent.of("Filled", 1, {"coins": 3, "note": "a note"}),)
    assert commit.time == "2026-03-01T12:00:00.000000Z"
    assert (commit.correlation_id, commit.causation_id, commit.actor) == ("flow-1", "message-1", "staff:mia")
    assert commit.cause == Cause("message-1", "digest")


def fill_as_somebody_else() -> None:
    with context.within(Context()):
        jars.change("jar-1", lambda jar: jar.fill(10))


def test_a_decision_that_meets_a_conflict_is_taken_again_on_the_newest_state() -> None:
    store = ContendedStore(lambda: None, fill_as_somebody_else)
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: NOON):
        jars.create("jar-1", lambda jar: jar.fill(1))
        jar = jars.change("jar-1", lambda jar: jar.fill_up_to(100))
    assert jar.coins == 100
    assert list(store.history("Jar#jar-1")) == [(1, ["Filled"]), (2, ["Filled"]), (3, ["Filled"])]


def test_a_decision_that_a_conflict_has_made_impossible_is_refused() -> None:
    store = ContendedStore(lambda: None, lambda: jars.change("jar-1", lambda jar: jar.seal()))
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: NOON):
        jars.create("jar-1", lambda jar: jar.fill(1))
        with pytest.raises(RefusedError, match="the jar is sealed"):
            jars.change("jar-1", lambda jar: jar.fill(1))
    assert list(store.history("Jar#jar-1")) == [(1, ["Filled"]), (2, ["Sealed"])]


def test_conflicts_without_end_are_given_up_after_six_tries_with_longer_pauses_between() -> None:
    store, pauses = ContendedStore(*[conflict] * 10), list[float]()
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: NOON, pauses.append):
        with pytest.raises(ConcurrencyError, match="too many changes to the jar jar-1 at once"):
            jars.create("jar-1", lambda jar: jar.fill(1))
        assert jars.find("jar-1") is None
    assert store.tries == 6
    assert pauses[:5] == [0.01, 0.02, 0.04, 0.08, 0.16]


def test_five_conflicts_in_a_row_are_overcome() -> None:
    store = ContendedStore(*[conflict] * 5)
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: NOON):
        jars.create("jar-1", lambda jar: jar.fill(1))
        assert jars.get("jar-1").coins == 1


def test_a_cause_that_was_handled_before_changes_nothing_and_finds_its_commit() -> None:
    with context.within(Context(cause=Cause("message-1"))):
        jars.create("jar-1", lambda jar: jar.fill(1))
    jars.change("jar-1", lambda jar: jar.fill(1))
    with context.within(Context(cause=Cause("message-1"))) as working:
        jar = jars.change("jar-1", lambda jar: jar.fill(1))
    assert (jar.coins, jar.version) == (2, 2)
    assert working.recorded == next(jars.history("jar-1"))


def test_a_cause_is_handled_once_by_each_stream() -> None:
    for _ in range(2):
        with context.within(Context(cause=Cause("message-1"))):
            jars.create("jar-1", lambda jar: jar.fill(1))
            jars.create("jar-2", lambda jar: jar.fill(1))
    assert [jars.get(id).coins for id in ("jar-1", "jar-2")] == [1, 1]


def test_a_second_change_of_one_stream_for_one_cause_is_an_error_and_not_lost_in_silence() -> None:
    with context.within(Context(cause=Cause("message-1"))):
        jars.create("jar-1", lambda jar: jar.fill(1))
        with pytest.raises(RuntimeError, match="Jar#jar-1 is changed twice for one cause"):
            jars.change("jar-1", lambda jar: jar.seal())


def test_a_cause_that_was_handled_during_a_conflict_changes_nothing() -> None:
    def twin() -> None:
        with context.within(Context(cause=Cause("message-1"))):
            jars.create("jar-1", lambda jar: jar.fill(1))

    store = ContendedStore(twin)
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: NOON):
        twin()
        assert jars.get("jar-1").coins == 1


def test_a_request_that_was_refused_is_judged_again() -> None:
    working = Context(cause=Cause("key-1", "digest"))
    with context.within(working), pytest.raises(InvalidError):
        jars.create("jar-1", lambda jar: jar.fill(-1))
    with context.within(working):
        assert jars.create("jar-1", lambda jar: jar.fill(1)).coins == 1


def test_a_key_that_comes_back_with_another_request_is_refused() -> None:
    with context.within(Context(cause=Cause("key-1", "digest-1"))):
        jars.create("jar-1", lambda jar: jar.fill(1))
    with context.within(Context(cause=Cause("key-1", "digest-2"))), pytest.raises(KeyReusedError):
        jars.create("jar-1", lambda jar: jar.fill(1))
    with context.within(Context(cause=Cause("key-1", "digest-1"))):
        jars.create("jar-1", lambda jar: jar.fill(1))
    assert jars.get("jar-1").coins == 1


def test_the_id_of_what_a_cause_creates_is_always_the_same() -> None:
    ids = [Context(cause=Cause(key)).new_id() for key in ("key-1", "key-1", "key-2")]
    assert ids[0] == ids[1] != ids[2]
    assert Context().new_id() != Context().new_id()


def test_a_change_of_the_expected_version_is_made() -> None:
    jars.create("jar-1", lambda jar: jar.fill(1))
    with context.within(Context(expected_versions=frozenset({1}))):
        jars.change("jar-1", lambda jar: jar.fill(1))
    assert jars.get("jar-1").version == 2


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_a_change_of_another_version_than_expected_is_refused(expected: int) -> None:
    jars.create("jar-1", lambda jar: jar.fill_each(1, 2))
    with (
        context.within(Context(expected_versions=frozenset({expected}))),
        pytest.raises(StaleError, match="the jar is at version 2, which If-Match does not name"),
    ):
        jars.change("jar-1", lambda jar: jar.fill(1))
    assert jars.get("jar-1").version == 2


def test_a_version_that_was_as_expected_is_stale_after_a_conflict() -> None:
    store = ContendedStore(lambda: None, fill_as_somebody_else)
    with runtime.active(memory_runtime("jars", store=store)), clock.fixed(lambda: NOON):
        jars.create("jar-1", lambda jar: jar.fill(1))
        with context.within(Context(expected_versions=frozenset({1}))), pytest.raises(StaleError):
            jars.change("jar-1", lambda jar: jar.fill(1))
        assert jars.get("jar-1").coins == 11


def test_the_expected_version_is_about_the_first_thing_that_is_changed() -> None:
    jars.create("jar-1", lambda jar: jar.fill(1))
    jars.create("jar-2", lambda jar: jar.fill_each(1, 2))
    with context.within(Context(expected_versions=frozenset({1}))):
        jars.get("jar-2")
        jars.change("jar-1", lambda jar: jar.fill(1))
        jars.change("jar-2", lambda jar: jar.fill(1))
    assert [jars.get(id).version for id in ("jar-1", "jar-2")] == [2, 3]


def test_a_request_handled_before_is_not_stale() -> None:
    jars.create("jar-1", lambda jar: jar.fill(1))
    for _ in range(2):
        with context.within(Context(cause=Cause("key-1"), expected_versions=frozenset({1}))):
            jars.change("jar-1", lambda jar: jar.fill(1))
    assert jars.get("jar-1").version == 2


def test_the_version_told_is_that_of_what_was_read_first() -> None:
    jars.create("jar-1", lambda jar: jar.fill_each(1, 2, 3))
    chests.create("chest-1", lambda chest: chest.fill(1))
    with context.within(Context()) as working:
        assert jars.find("jar-0") is None
        assert working.version is None
        jars.get("jar-1")
        chests.get("chest-1")
    assert working.version == 3


def test_the_version_told_is_that_after_a_change_of_what_was_read_before_it() -> None:
    jars.create("jar-1", lambda jar: jar.fill(1))
    with context.within(Context()) as working:
        jars.get("jar-1")
        jars.change("jar-1", lambda jar: jar.fill(1))
    assert working.version == 2


def test_the_version_told_is_that_of_what_was_changed_first_and_not_of_what_was_only_read() -> None:
    chests.create("chest-1", lambda chest: chest.fill_each(1, 2, 3, 4, 5))
    with context.within(Context()) as working:
        chests.get("chest-1")
        jars.create("jar-1", lambda jar: jar.fill_each(1, 2))
        chests.change("chest-1", lambda chest: chest.fill(1))
        jars.get("jar-1")
    assert working.version == 2


def test_the_version_told_for_a_repeated_request_is_the_one_of_then() -> None:
    with context.within(Context(cause=Cause("key-1"))):
        jars.create("jar-1", lambda jar: jar.fill(1))
    jars.change("jar-1", lambda jar: jar.fill(1))
    with context.within(Context(cause=Cause("key-1"))) as working:
        jars.create("jar-1", lambda jar: jar.fill(1))
    assert working.version == 1
