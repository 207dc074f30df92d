"""The given-when-then of the other tests: it must fail when it should."""

from dataclasses import dataclass
from typing import Any

import pytest

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError, NotFoundError, RefusedError
from tests.support.given import given


@dataclass(frozen=True)
class Lit(DomainEvent):
    watts: int


@dataclass(frozen=True)
class Haunted(DomainEvent):
    by: Any


@dataclass
class Lamp(Aggregate):
    watts: int = 0

    def light(self, watts: int) -> None:
        if watts < 0:
            raise InvalidError("a lamp gives light")
        if watts > 100:
            raise RefusedError("the fuse blows")
        if watts != self.watts:
            self.record(Lit(watts))

    @applies(Lit)
    def _lit(self, event: Lit) -> None:
        self.watts = event.watts

    @applies(Haunted)
    def _haunted(self, event: Haunted) -> None:
        self.watts = -1


def test_what_was_recorded_is_compared_with_the_state_after_it() -> None:
    given(Lamp, Lit(10)).when(lambda lamp: lamp.light(20)).then(Lit(20)).then_state(watts=20, version=2)


def test_a_decision_without_effect_records_nothing() -> None:
    given(Lamp, Lit(10)).when(lambda lamp: lamp.light(10)).then_nothing()


def test_a_refusal_and_a_broken_rule_are_told_apart_by_kind_and_words() -> None:
    given(Lamp).when(lambda lamp: lamp.light(101)).then_refused("the fuse blows")
    given(Lamp).when(lambda lamp: lamp.light(-1)).then_invalid("a lamp gives light")
    with pytest.raises(AssertionError):
        given(Lamp).when(lambda lamp: lamp.light(101)).then_invalid("the fuse blows")
    with pytest.raises(AssertionError):
        given(Lamp).when(lambda lamp: lamp.light(101)).then_refused("another reason")


def test_a_thing_that_is_not_there_is_an_outcome_too() -> None:
    def look(lamp: Lamp) -> None:
        raise NotFoundError("no such socket")

    given(Lamp).when(look).then_not_found("no such socket")


def test_an_unexpected_error_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="the fuse blows"):
        given(Lamp).when(lambda lamp: lamp.light(101)).then_nothing()
    with pytest.raises(AssertionError, match="the fuse blows"):
        given(Lamp).when(lambda lamp: lamp.light(101)).then_state(watts=0)


def test_an_acceptance_fails_the_test_of_a_refusal() -> None:
    with pytest.raises(AssertionError, match="it was accepted"):
        given(Lamp).when(lambda lamp: lamp.light(5)).then_refused("the fuse blows")


def test_an_unexpected_event_fails_the_test() -> None:
    with pytest.raises(AssertionError):
        given(Lamp).when(lambda lamp: lamp.light(5)).then_nothing()


def test_an_event_that_cannot_be_stored_as_it_is_fails_the_test() -> None:
    with pytest.raises(TypeError, match="Haunted cannot be stored"):
        given(Lamp, Haunted(by=(1, 2)))
    with pytest.raises(TypeError, match="Haunted cannot be stored"):
        given(Lamp).when(lambda lamp: lamp.record(Haunted(by=(1, 2))))
