"""Given past events, when a command is decided, then these events or this error: tests of aggregates.

    given(Order, Created("mia"), Approved("list-1"))
    .when(lambda order: order.cancel("changed my mind"))
    .then(Cancelled("changed my mind"))
    .then_state(status="cancelled")

Every event, given or recorded, and the final state are converted to their stored form and back, so a test of a rule
also shows that its events and its state can be stored.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from functions.kernel.domain.aggregate import Aggregate, DomainEvent
from functions.kernel.domain.errors import InvalidError, MallBotsError, NotFoundError, RefusedError
from functions.kernel.eventstore import codec

A = TypeVar("A", bound=Aggregate)
T = TypeVar("T")


def stored(thing: T) -> T:
    """A dataclass converted to its stored form and back."""
    return codec.from_text(type(thing), codec.to_text(thing))


class Outcome(Generic[A]):
    """The outcome of a decision: events and a state, or an error."""

    def __init__(self, aggregate: A, error: MallBotsError | None) -> None:
        self.aggregate = aggregate
        self._error = error

    def then(self, *events: DomainEvent) -> "Outcome[A]":
        """Exactly these events were recorded, in this order."""
        self._was_done()
        assert self.aggregate.changes == list(events)
        return self

    def then_nothing(self) -> "Outcome[A]":
        """It was accepted, and no event was recorded."""
        return self.then()

    def then_state(self, **fields: Any) -> "Outcome[A]":
        """These fields of the aggregate have these values."""
        self._was_done()
        assert {name: getattr(self.aggregate, name) for name in fields} == fields
        return self

    def then_refused(self, message: str, state: str | None = None) -> "Outcome[A]":
        """The state does not allow it (409); `state` is the state that the error reports."""
        outcome = self._then_error(RefusedError, message)
        assert state is None or getattr(self._error, "state", None) == state
        return outcome

    def then_invalid(self, message: str) -> "Outcome[A]":
        """It breaks a rule (400)."""
        return self._then_error(InvalidError, message)

    def then_not_found(self, message: str) -> "Outcome[A]":
        """It names something that does not exist (404)."""
        return self._then_error(NotFoundError, message)

    def _was_done(self) -> None:
        if self._error:
            raise AssertionError(f"it failed: {self._error!r}") from self._error

    def _then_error(self, kind: type[MallBotsError], message: str) -> "Outcome[A]":
        assert self._error, f"it was accepted: {self.aggregate.changes}"
        assert (type(self._error), self._error.message) == (kind, message)
        return self


class Given(Generic[A]):
    """An aggregate with its past events."""

    def __init__(self, aggregate: A) -> None:
        self.aggregate = aggregate

    def when(self, decide: Callable[[A], object]) -> Outcome[A]:
        """Run a decision of the aggregate, which may record events or raise an error of the kernel."""
        error: MallBotsError | None = None
        try:
            decide(self.aggregate)
        except MallBotsError as raised:
            error = raised
        for event in self.aggregate.changes:
            assert stored(event) == event
        assert stored(self.aggregate) == self.aggregate
        return Outcome(self.aggregate, error)


def given(aggregate: type[A], *events: DomainEvent, id: str = "id-1") -> Given[A]:
    """An aggregate with these past events; without any, one that does not exist yet."""
    past = aggregate(id=id)
    for event in events:
        assert stored(event) == event
        past.apply(stored(event))
    return Given(past)
