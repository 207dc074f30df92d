"""Aggregates that belong to someone: another's is not there, whatever else a request says of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from functions.kernel.domain.errors import NotFoundError, RefusedError, StaleError
from functions.kernel.eventstore.repository import Repository, change_together
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import context, runtime
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import BOT, Caller, Context
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot
from tests.support.jars import Chest, Jar, chests, publishes

pytestmark = pytest.mark.usefixtures("running", "made")

ADA, BO, STALE = customer("ada"), customer("bo"), frozenset({99})
jars = Repository(Jar, publishes, owner=lambda jar: jar.notes[0])
jars_of_robots = Repository(Jar, publishes, owner=lambda jar: jar.notes[0], owned_by=BOT)
Deed = Callable[[str], object]


def add_one(jar: Jar) -> None:
    jar.fill(1)


def add_one_to_each(jar: Jar, chest: Chest) -> None:
    jar.fill(1)
    chest.fill(1)


def change(id: str) -> Jar:
    return jars.change(id, add_one)


def change_both(id: str) -> tuple[Jar, Chest]:
    return change_together((jars, id), (chests, "chest"), add_one_to_each)


deeds = pytest.mark.parametrize("deed", [jars.get, change, change_both])


@pytest.fixture
def made() -> None:
    """A jar of Ada's, a sealed one, and a chest of nobody's."""
    jars.create("jar", lambda jar: jar.fill(10, "ada"))
    jars.create("sealed", lambda jar: jar.fill(10, "ada"))
    jars.change("sealed", Jar.seal)
    chests.create("chest", lambda chest: chest.fill(20))


@contextmanager
def asking(who: Caller, **more: object) -> Iterator[Context]:
    with context.within(Context(caller=who, actor=who.actor, **more)) as working:  # type: ignore[arg-type]
        yield working


def commits() -> int:
    return len(cast(MemoryEventStore, runtime.current().store).log)


def answer(deed: Deed, id: str, who: Caller, **more: object) -> str:
    """The error of a request, and that it noted no version for an ETag."""
    with asking(who, **more) as working, pytest.raises(NotFoundError) as error:
        deed(id)
    assert working.version is None
    return str(error.value)


@deeds
@pytest.mark.parametrize("id", ["jar", "sealed"])
def test_anothers_is_answered_as_what_is_not_there_and_is_not_changed(deed: Deed, id: str) -> None:
    before = commits()
    assert answer(deed, id, BO) == answer(deed, "unknown", BO).replace("unknown", id)
    assert commits() == before


@deeds
def test_neither_an_if_match_nor_a_key_tells_that_anothers_is_there(deed: Deed) -> None:
    before = commits()
    for more in (
        {"expected_versions": STALE},
        {"expected_versions": frozenset({1})},
        {"cause": Cause("key", "digest")},
    ):
        assert answer(deed, "jar", BO, **more) == "there is no jar jar"
    assert commits() == before


@deeds
@pytest.mark.parametrize("who", [ADA, CLERK, OPERATOR_ON_CALL, NOBODY, A_KIOSK, robot("bo")])
def test_its_owner_and_who_is_no_customer_may(deed: Deed, who: Caller) -> None:
    with asking(who):
        deed("jar")
    assert jars.get("jar").coins == (10 if deed == jars.get else 11)


def test_the_rules_speak_to_the_owner() -> None:
    with asking(ADA, expected_versions=STALE), pytest.raises(StaleError):
        change("jar")
    with asking(ADA), pytest.raises(RefusedError, match="the jar is sealed"):
        change("sealed")


def test_what_is_looked_for_is_found_by_its_owner_alone() -> None:
    with asking(BO):
        assert jars.find("jar") is None
    with asking(ADA):
        assert jars.find("jar") == jars.get("jar")


def test_who_changes_what_belongs_to_robots_is_judged_as_a_robot() -> None:
    with asking(robot("bo")), pytest.raises(NotFoundError):
        jars_of_robots.change("jar", add_one)
    for who in (robot("ada"), BO, CLERK):
        with asking(who):
            jars_of_robots.change("jar", add_one)


def test_of_two_that_are_changed_together_only_the_first_must_be_the_callers() -> None:
    owned_chests = Repository(Chest, publishes, owner=lambda chest: "somebody else's")
    with asking(ADA):
        change_together((jars, "jar"), (owned_chests, "chest"), lambda jar, chest: jar.fill(chest.coins))
        assert jars.get("jar").coins == 30
    with asking(BO), pytest.raises(NotFoundError, match="there is no jar jar"):
        change_together((jars, "jar"), (chests, "unknown"), lambda jar, chest: None)


def test_what_was_done_under_a_key_is_answered_again_though_it_is_anothers_by_now() -> None:
    by_latest = Repository(Jar, publishes, owner=lambda jar: jar.notes[-1])
    for _ in range(2):
        with asking(ADA, cause=Cause("key", "digest")) as working:
            assert by_latest.change("jar", lambda jar: jar.fill(1, "bo")).coins == 11
        assert working.version == 2
    with asking(ADA), pytest.raises(NotFoundError):
        by_latest.change("jar", add_one)


def test_whose_it_is_is_not_looked_up_for_those_who_see_all() -> None:
    def unknown(jar: Jar) -> str:
        raise AssertionError(f"{jar.id} was looked up")

    with asking(CLERK):
        assert Repository(Jar, publishes, owner=unknown).get("jar").coins == 10
