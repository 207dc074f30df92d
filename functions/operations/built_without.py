"""What a rebuild built without: messages that failed in its generation alone, and are letters that are not closed."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from functions.kernel.domain.errors import RefusedError, UnavailableError
from functions.kernel.projections.generation import failed_in
from functions.kernel.runtime import budget, runtime
from functions.kernel.runtime.side_by_side import results
from functions.operations import consumers, rows
from functions.operations.consumers import DEAD_LETTERS
from functions.operations.letters import CLOSED, STATES, Letter
from functions.operations.mappings import uncollected
from functions.operations.rows import Filter


def must_lack_nothing(service: str, view: str, generation: int | None) -> None:
    """Raises RefusedError while a letter that is not closed failed in a generation: its rows are missing there.

    Who discards a letter has decided that they may be. What failed is in its consumer's dead-letter queue before it is
    a letter: while one of the service has any, it is refused too. Of what came within the last minute, SQS may not
    know yet. Raises UnavailableError where more letters are there than can be looked at in one request, or a queue
    cannot be measured.
    """
    if generation is None:
        return
    _must_be_collected(service)
    where = failed_in(view, generation)
    for letter in _letters_of(service):
        said = (letter.reason, *(happening.detail for happening in letter.history))
        if not letter.is_closed and any(reason.startswith(where) for reason in said):
            raise RefusedError(
                f"what was built lacks what letter {letter.id} would write, which is {letter.state}: "
                f"redrive or discard the letters of {letter.consumer} whose reason begins with '{where.strip()}' first"
            )


def _must_be_collected(service: str) -> None:
    """Before the letters are looked at: what is collected after it was measured is among them."""
    handling = (one for one in consumers.consumers().values() if one.service == service and one.handles)
    queues = [queue for one in handling for queue in one.failure_queues if queue.kind == DEAD_LETTERS]
    measured = results(runtime.current().side_by_side([partial(uncollected().measure, queue) for queue in queues]))
    for queue, waiting in zip(queues, measured, strict=True):
        if waiting.total:
            raise RefusedError(
                f"{queue.name} has messages that are not collected yet, about {waiting.total}, and what was built may "
                "lack what they would write: the collector makes letters of them every minute; try again once it has"
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
