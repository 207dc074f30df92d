"""The routes of letters."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Answer, Body, Description, Id, Label, Moment, Stamp, Wire
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import OPERATOR
from functions.operations import service
from functions.operations.letters import Letter
from functions.operations.rows import Filter

api = Api("operations")

State = Literal["open", "redriving", "parked", "done", "discarded"]


class HappeningShape(Wire):
    """What became of a letter: when, by whom, what, and its detail."""

    time: Stamp
    actor: str
    what: str
    detail: str


class LetterShape(Wire):
    """A message that a consumer gave up. What its body does not say, because it cannot be read, is empty or 0."""

    id: str
    state: State
    consumer: str
    queue: str
    message: str
    version: int
    message_id: str
    stream: str
    order: str
    correlation_id: str
    causation_id: str
    reason: str
    error: str
    tries: int
    code: str
    group: str
    repetitions: int
    redrives: int
    sent_as: str
    first_received: str
    failed_at: Stamp
    stored_at: Stamp
    open_since: Stamp


class EntryShape(Wire):
    """A message that was published about the order of a letter."""

    id: str
    name: str
    time: Stamp
    source: str
    stream: str
    causation_id: str | None


class WholeLetter(LetterShape):
    """A letter with its body, as its inbox would receive it, and with what became of it."""

    body: str
    fifo_group: str
    history: list[HappeningShape]


class LetterAnswer(Answer):
    """A letter, and what was published around its failure: about its order, or without one of its flow.

    timeline: null where no owner of the order's streams answers now, or insights for a flow without an order.
    """

    letter: WholeLetter
    timeline: list[EntryShape] | None


class UnitTest(Answer):
    """The text of a test that fails as a letter did, and the name of a file for it, below tests/unit."""

    file: str
    text: str


class Wanted(Paged):
    """Which letters are wanted. service: a service, or one of its consumers (`depot/dispatcher`)."""

    service: Label = ""
    message: Label = ""
    reason: Label = ""
    state: State | None = None
    group: Id = ""
    order: Id = ""
    since: Moment | None = None
    until: Moment | None = None

    @property
    def filter(self) -> Filter:
        """The same as rows have it."""
        return Filter(
            service=self.service,
            message=self.message,
            reason=self.reason,
            state=self.state or "",
            group=self.group,
            order=self.order,
            since=_stamp(self.since),
            until=_stamp(self.until),
        )


class Letters(PagedAnswer):
    """asOf: the moment as of which they are listed, on all pages: a redrive of this group or filter that names it sends
    none that was stored later.
    """

    letters: list[LetterShape]
    as_of: Stamp


class Reason(Body):
    reason: Description


@api.get("/api/operations/letters", may=[OPERATOR])
def list_letters(params: Wanted) -> Letters:
    """List letters, those that were opened last first; of all states, the open ones first.

    A page may be short, or empty, and not be the last: what a filter wants is looked for in 1,000 letters at a time.
    """
    purpose = f"letters {params.filter}"
    after = paging.read(params.next, purpose) or {}
    as_of = after.pop("as_of", None) or clock.stamp()
    page = service.listed(replace(params.filter, as_of=as_of), params.limit, after or None)
    token = paging.sign({**page.after, "as_of": as_of} if page.after else None, purpose)
    return Letters(letters=[LetterShape(**_fields(one)) for one in page.letters], as_of=as_of, next=token)


@api.get("/api/operations/letters/{id}", may=[OPERATOR], versioned=False)
def get_letter(id: str) -> LetterAnswer:
    """Show a letter, with what was published about its order around its failure."""
    shown = service.shown(id)
    letter = shown.letter
    happened = [HappeningShape(time=h.time, actor=h.actor, what=h.what, detail=h.detail) for h in letter.history]
    whole = WholeLetter(**_fields(letter), body=letter.body, fifo_group=letter.fifo_group, history=happened)
    timeline = None
    if shown.timeline is not None:
        names = EntryShape.model_fields
        timeline = [EntryShape(**message.model_dump(include=set(names))) for message in shown.timeline]
    return LetterAnswer(letter=whole, timeline=timeline)


@api.get("/api/operations/letters/{id}/test", may=[OPERATOR], errors=[409])
def get_letter_test(id: str) -> UnitTest:
    """Export a letter as a unit test that fails as it did, and passes once the cause is mended."""
    return UnitTest(file=f"test_letter_{id[:8]}.py", text=service.unit_test(id))


@api.put("/api/operations/letters/{id}/park", may=[OPERATOR], versioned=False, errors=[409])
def park_letter(id: str, body: Reason) -> None:
    """Put an open letter aside, with a reason, so that it is no longer among the open ones."""
    service.park(id, body.reason)


@api.put("/api/operations/letters/{id}/discard", may=[OPERATOR], versioned=False, errors=[409])
def discard_letter(id: str, body: Reason) -> None:
    """Close a letter that is to have no effect. The reason is kept with it."""
    service.discard(id, body.reason)


@api.put("/api/operations/letters/{id}/reopen", may=[OPERATOR], versioned=False, errors=[409])
def reopen_letter(id: str) -> None:
    """Reopen a letter that was parked or discarded, so that it can be sent back."""
    service.reopen(id)


def _fields(letter: Letter) -> dict[str, Any]:
    """The fields of a letter's shape."""
    renamed = {"message": letter.name, "group": letter.fingerprint}
    return {name: renamed[name] if name in renamed else getattr(letter, name) for name in LetterShape.model_fields}


def _stamp(moment: datetime | None) -> str:
    return clock.stamp(moment) if moment else ""
