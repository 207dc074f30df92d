"""What a rebuild built without: messages that failed in its generation alone, and are letters that are not closed."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from functions.kernel.domain.errors import RefusedError, UnavailableError
from functions.kernel.projections.generation import failed_in
from functions.kernel.runtime import budget
from functions.operations import rows
from functions.operations.letters import CLOSED, STATES, Letter
from functions.operations.rows import Filter


def must_lack_nothing(service: str, view: str, generation: int | None) -> None:
    """Raises RefusedError while a letter that is not closed failed in a generation: its rows are missing there.

    Who discards a letter has decided that they may be. Raises UnavailableError where more letters are there than can be
    looked at in one request.
    """
    if generation is None:
        return
    where = failed_in(view, generation)
    for letter in _letters_of(service):
        said = (letter.reason, *(happening.detail for happening in letter.history))
        if not letter.is_closed and any(reason.startswith(where) for reason in said):
            raise RefusedError(
                f"what was built lacks what letter {letter.id} would write, which is {letter.state}: "
                f"redrive or discard the letters of {letter.consumer} whose reason begins with '{where.strip()}' first"
            )


def _letters_of(service: str) -> Iterator[Letter]:
    """The letters of all consumers of a service that are not closed, among others, some of them twice.

    By two indexes in turn, until one of them is at its end: that of the service has the closed ones too, which may be
    many after an incident of its own, and that of states has those of all services, many during another's.
    """
    by_state = (_pages(Filter(service=service, state=state)) for state in STATES if state not in CLOSED)
    for pages in zip(_pages(Filter(service=service)), chain.from_iterable(by_state), strict=False):
        yield from chain.from_iterable(pages)


def _pages(wanted: Filter) -> Iterator[Sequence[Letter]]:
    """Letters without their bodies, by the rows that are looked at together."""
    after: dict[str, Any] | None = None
    while True:
        if budget.left() < budget.MESSAGE:
            raise UnavailableError("there are more letters than can be looked at now")
        page = rows.letters(wanted, rows.LOOKED_AT, after, bodies=False)
        yield page.letters
        after = page.after
        if after is None:
            return
