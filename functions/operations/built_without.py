"""What a rebuild built without: messages that failed in its generation alone, and are letters that are not closed."""

from itertools import chain

from functions.kernel.domain.errors import RefusedError
from functions.kernel.projections.generation import failed_in
from functions.operations import rows
from functions.operations.failed_messages import INBOX
from functions.operations.letters import CLOSED, STATES
from functions.operations.rows import Filter


def must_lack_nothing(service: str, view: str, generation: int | None) -> None:
    """Raises RefusedError while a letter that is not closed failed in a generation: its rows are missing there.

    Who discards a letter has decided that they may be. Raises UnavailableError where more letters are open than can be
    looked at in one request.
    """
    if generation is None:
        return
    where = failed_in(view, generation)
    open_ones = (Filter(service=f"{service}/{INBOX}", state=state) for state in STATES if state not in CLOSED)
    for letter in chain.from_iterable(map(rows.each, open_ones)):
        said = (letter.reason, *(happening.detail for happening in letter.history))
        if any(reason.startswith(where) for reason in said):
            raise RefusedError(
                f"what was built lacks what letter {letter.id} would write, which is {letter.state}: "
                f"redrive or discard the letters of {service}/{INBOX} whose reason begins with '{where.strip()}' first"
            )
