"""Aggregates: they decide by recording events, and change only by applying them."""

from dataclasses import dataclass

import pytest

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, Unchanged, UnknownEventError, applies, noun
from functions.kernel.domain.errors import RefusedError
from tests.support.jars import Chest, Filled, Jar, Sealed


@dataclass
class ShoppingList(Aggregate):
    status: str = ""


@dataclass(frozen=True)
class Melted(DomainEvent):
    pass


def test_what_is_recorded_takes_effect_at_once_and_is_kept_for_the_commit() -> None:
    jar = Jar("jar-1")
    assert jar.is_new
    jar.fill_each(1, 2)
    assert (jar.coins, jar.version, jar.is_new) == (3, 2, False)
    assert jar.changes == [Filled(1), Filled(2)]


def test_what_has_happened_before_is_applied_and_not_kept_for_the_commit() -> None:
    jar = Jar("jar-1")
    jar.apply(Filled(5))
    assert (jar.coins, jar.version, jar.changes) == (5, 1, [])


def test_an_event_that_nobody_applies_cannot_be_recorded() -> None:
    jar = Jar("jar-1")
    with pytest.raises(UnknownEventError, match="Jar does not apply Melted"):
        jar.record(Melted())
    assert (jar.version, jar.changes) == (0, [])


def test_a_subclass_applies_what_its_parent_applies_and_may_do_it_otherwise() -> None:
    @dataclass
    class LeakyJar(Jar):
        @applies(Filled)
        def _filled_and_leaked(self, event: Filled) -> None:
            self.coins += event.coins - 1

    leaky = LeakyJar("jar-1")
    leaky.fill(5)
    leaky.seal()
    assert (leaky.coins, leaky.status) == (4, "sealed")
    assert Jar.event_types == {"Filled": Filled, "Sealed": Sealed, "Unchanged": Unchanged} == Chest.event_types


def test_the_streams_of_different_kinds_of_things_are_different() -> None:
    assert (Jar.stream("1"), Chest.stream("1")) == ("Jar#1", "Chest#1")


def test_what_its_status_does_not_allow_is_refused_in_words() -> None:
    shopping_list = ShoppingList("1", status="checked_out")
    shopping_list.must_be("open", "checked_out")
    with pytest.raises(RefusedError, match=r"^the shopping list is checked out$") as refused:
        shopping_list.must_be("open")
    assert refused.value.state == "checked_out"
    with pytest.raises(RefusedError, match=r"^the shopping list does not exist$"):
        ShoppingList("1").must_be("open")


def test_a_thing_is_called_what_people_call_it() -> None:
    assert [noun(kind) for kind in (Jar, ShoppingList)] == ["jar", "shopping list"]


def test_its_state_is_its_fields_without_id_and_version() -> None:
    assert Jar("jar-1", 3, 7, ("a",)).state() == {"coins": 7, "notes": ("a",), "status": "open"}


def test_what_is_no_step_raises_the_version_but_not_that_of_the_last_step() -> None:
    jar = Jar("jar-1")
    jar.fill(5)
    before = jar.state()
    jar.record(Unchanged())
    jar.record(Unchanged())
    assert (jar.version, jar.changed_at, jar.state()) == (3, 1, before)
    jar.seal()
    assert (jar.version, jar.changed_at) == (4, 4)
