"""The routes of redrives, of runs of any kind, and of edits."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import Field, GetPydanticSchema

from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Answer, Body, GivenId, Label, Moment, Stamp, Wire, documented_only
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import OPERATOR
from functions.operations import edits, redrives, runs
from functions.operations.redrives import Asked, Progress
from functions.operations.runs import Run

api = Api("operations")

T = TypeVar("T")
RunState = Literal["gathering", "running", "paused", "stopped", "cancelled", "done"]
Given = Annotated[T | None, GetPydanticSchema(lambda source, handler: handler(get_args(source)[0]))]  # None: left out


class OpenLetters(Wire):
    """Which open letters are wanted; what is empty does not matter."""

    service: Label = ""
    message: Label = ""
    reason: Label = ""
    order: Given[GivenId] = None
    since: Given[Moment] = None
    until: Given[Moment] = None

    @property
    def stated(self) -> dict[str, str]:
        """What matters, as rows have it."""
        given = self.model_dump(exclude_defaults=True)
        return {name: value if isinstance(value, str) else clock.stamp(value) for name, value in given.items()}


class NewRedrive(Body):
    """What to send back: letters, a group, a filter, or the letters of a forecast (only those that pass, if so said).

    asOf: the moment that a list of letters, or a group, named: of that group or filter none is sent that was stored
    after it; where it is left out, after the request. to: the consumer that takes the letters of one that was renamed.
    rate: letters a second. stopAt: the share of failures, in percent, at which it stops by itself. cap: how often one
    letter may be sent back.
    """

    letters: Annotated[list[GivenId], Field(max_length=redrives.NAMED_AT_ONCE)]
    group: Given[GivenId] = None
    filter: OpenLetters = Field(default_factory=OpenLetters)
    as_of: Given[Moment] = None
    forecast: Given[GivenId] = None
    passing: bool = False
    to: Label = ""
    rate: Annotated[int, documented_only(minimum=1, maximum=int(runs.HIGHEST_RATE))] = int(runs.RATE)
    stop_at: Annotated[int, documented_only(minimum=1, maximum=100)] = int(100 * runs.STOP_AT)
    cap: Annotated[int, documented_only(minimum=1, maximum=runs.HIGHEST_CAP)] = runs.CAP


class Begun(Answer):
    id: str


class RunShape(Wire):
    """A run of any kind: a redrive, a forecast, a replay or a rebuild. why: why it is not running."""

    id: str
    kind: str
    state: RunState
    by: str
    why: str
    total: int
    created: Stamp
    ended: Stamp | None
    counts: dict[str, int]


class RunAnswer(Answer):
    """A run, and how far it is. skipped: how many letters were not sent, by the reason.

    secondsLeft: about how long it sends for; null where it does not go on by itself.
    """

    run: RunShape
    asked: dict[str, Any]
    step: str
    skipped: dict[str, int]
    seconds_left: int | None


class Runs(PagedAnswer):
    runs: list[RunShape]


class LetterOfRun(Wire):
    """A letter of a run, and what has become of it there."""

    id: str
    state: str


class LettersOfRun(PagedAnswer):
    letters: list[LetterOfRun]


class NewData(Body):
    """The data of a message in the place of a letter's, as its newest version has them (docs/messages.md)."""

    data: dict[str, Any]


class Edited(Answer):
    """The letter of the edited message, which is open, and the message's id."""

    letter: str
    message_id: str


@api.post("/api/operations/redrives", may=[OPERATOR], errors=[404])
def begin_redrive(body: NewRedrive) -> Begun:
    """Send letters back to the queues that they came from: in a ramp, at a rate, until too many fail."""
    given = body.model_dump(exclude={"filter", "as_of"}, exclude_none=True)
    as_of = clock.stamp(body.as_of) if body.as_of else ""
    return Begun(id=redrives.begin(Asked(**given, filter=body.filter.stated, as_of=as_of)).id)


@api.get("/api/operations/runs", may=[OPERATOR])
def list_runs(params: Paged) -> Runs:
    """List redrives, forecasts, replays and rebuilds: those at work first, and of these the newest."""
    page = redrives.listed(params.limit, paging.read(params.next, "runs"))
    return Runs(runs=[_shape(run, run.counts) for run in page.runs], next=paging.sign(page.after, "runs"))


@api.get("/api/operations/runs/{id}", may=[OPERATOR], versioned=False)
def get_run(id: str) -> RunAnswer:
    """Show a run and how far it is."""
    return _answer(redrives.shown(id))


@api.get("/api/operations/runs/{id}/letters", may=[OPERATOR])
def list_letters_of_run(id: str, params: Paged) -> LettersOfRun:
    """List the letters of a run, each with what has become of it there."""
    purpose = f"letters of {id}"
    first = (paging.read(params.next, purpose) or {}).get("first", 0)
    found, total = redrives.letters_of(id, params.limit, first)
    after = {"first": first + params.limit} if first + params.limit < total else None
    return LettersOfRun(
        letters=[LetterOfRun(id=letter, state=state) for letter, state in found], next=paging.sign(after, purpose)
    )


@api.put("/api/operations/runs/{id}/pause", may=[OPERATOR], versioned=False, errors=[409])
def pause_run(id: str) -> None:
    """Let a run do nothing more until it is resumed. What is on its way still has its outcome."""
    redrives.pause(id)


@api.put("/api/operations/runs/{id}/cancel", may=[OPERATOR], versioned=False, errors=[409])
def cancel_run(id: str) -> None:
    """Let a run do nothing more, ever. What is on its way still has its outcome."""
    redrives.cancel(id)


@api.put("/api/operations/runs/{id}/resume", may=[OPERATOR], versioned=False, errors=[409])
def resume_run(id: str) -> None:
    """Let a run go on that was paused, or stopped by itself: then its ramp begins again."""
    redrives.resume(id)


@api.put("/api/operations/letters/{id}/data", may=[OPERATOR])
def edit_letter(id: str, body: NewData) -> Edited:
    """Put a message with other data in the place of an open letter, which is not sent yet."""
    made = edits.edit(id, body.data)
    return Edited(letter=made.id, message_id=made.message_id)


def _shape(run: Run, counts: Mapping[str, int]) -> RunShape:
    fields = {name: getattr(run, name) for name in ("id", "kind", "state", "by", "why", "total", "created")}
    return RunShape(**fields, ended=run.ended or None, counts=dict(counts))


def _answer(found: Progress) -> RunAnswer:
    return RunAnswer(
        run=_shape(found.run, found.counts),
        asked={name: value for name, value in found.run.asked.items() if value},
        step=found.step,
        skipped=dict(found.skipped),
        seconds_left=found.seconds_left,
    )
