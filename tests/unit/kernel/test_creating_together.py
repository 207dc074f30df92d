"""Two aggregates that decide together, of which one or both may not exist yet."""

import pytest

from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import change_together
from functions.kernel.runtime import context, runtime
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import Context
from tests.support.contention import ContendedStore
from tests.support.jars import Chest, Jar, chests, jars
from tests.support.runtime import memory_runtime

pytestmark = pytest.mark.usefixtures("running")


def pour(jar: Jar, chest: Chest) -> None:
    """Both hold ten coins afterwards."""
    jar.fill_up_to(10)
    chest.fill_up_to(10)


def create_both() -> None:
    change_together((jars, "jar-1"), (chests, "chest-1"), pour, may_be_new=True)


def held() -> tuple[int, int]:
    return jars.get("jar-1").coins, chests.get("chest-1").coins


def test_two_new_things_are_made_in_one_transaction() -> None:
    create_both()
    assert held() == (10, 10)


def test_of_two_only_one_need_be_new() -> None:
    jars.create("jar-1", lambda jar: jar.fill(4))
    create_both()
    assert held() == (10, 10)
    assert [commit.version for commit in jars.history("jar-1")] == [1, 2]


def test_a_new_thing_about_which_nothing_is_decided_is_not_made() -> None:
    change_together((jars, "jar-1"), (chests, "chest-1"), lambda jar, chest: jar.fill(1), may_be_new=True)
    assert jars.get("jar-1").coins == 1
    assert chests.find("chest-1") is None


def test_without_leave_to_be_new_both_must_exist() -> None:
    jars.create("jar-1", lambda jar: jar.fill(4))
    with pytest.raises(NotFoundError, match="there is no chest chest-1"):
        change_together((jars, "jar-1"), (chests, "chest-1"), pour)
    assert jars.get("jar-1").coins == 4


def test_when_one_of_them_is_made_by_another_meanwhile_it_is_decided_again() -> None:
    store = ContendedStore(lambda: chests.create("chest-1", lambda chest: chest.fill(7)))
    with runtime.active(memory_runtime("jars", store=store)):
        create_both()
        assert held() == (10, 10)
        assert [commit.version for commit in chests.history("chest-1")] == [1, 2]
        assert [commit.version for commit in jars.history("jar-1")] == [1]


def test_the_cause_that_made_them_changes_nothing_a_second_time() -> None:
    def add_one(jar: Jar, chest: Chest) -> None:
        jar.fill(1)
        chest.fill(1)

    for _ in range(2):
        with context.within(Context(cause=Cause("message-1"))):
            change_together((jars, "jar-1"), (chests, "chest-1"), add_one, may_be_new=True)
    assert held() == (1, 1)
