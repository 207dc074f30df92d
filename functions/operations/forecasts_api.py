"""The routes of forecasts."""

from typing import Any, Literal

from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Answer, Body, GivenId, Label, Stamp, Wire
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import OPERATOR
from functions.operations import forecasts
from functions.operations.forecast_rows import in_words
from functions.operations.forecasts import Asked
from functions.operations.redrives_api import Given, OpenLetters

api = Api("operations")

Said = Literal["passes", "refused", "waits", "fails", "cannot tell"]


class NewForecast(Body):
    """The letters of a forecast: these, or the open ones of a group or a filter.

    to: the consumer that would take them instead of their own. data: what would be sent instead of the data of the one
    letter that is named.
    """

    letters: list[GivenId]
    group: Label = ""
    filter: Given[OpenLetters] = None
    to: Label = ""
    data: Given[dict[str, Any]] = None


class ForecastCounts(Wire):
    """How many letters have each answer."""

    passes: int
    refused: int
    waits: int
    fails: int
    cannot_tell: int


class ReasonShape(Wire):
    """An answer with its reason, without ids and numbers, and how many letters have it."""

    reason: str
    letters: int


class Times(Wire):
    """A message that would be sent, or a call of a port, and how often."""

    name: str
    times: int


class ForecastedCommit(Wire):
    """What would be written to a stream at once."""

    stream: str
    events: list[str]


class ForecastedLetter(Wire):
    """What would become of a letter.

    why: the answer in words. until: when what waits for a time is due. retry: whether a retry may help what fails.
    reply: what a refused command would be answered with. writes, sends, asks: what it would write (20 commits at most),
    send, and ask of ports.
    """

    letter: str
    answer: Said
    why: str
    until: str | None
    retry: bool
    reply: str
    writes: list[ForecastedCommit]
    sends: list[Times]
    asks: list[Times]


class ForecastShape(Wire):
    """A forecast of a set of letters. answered: how many have an answer so far. samples: up to three of each answer.

    codes: the versions of the code that answered, each with its service.
    """

    id: str
    state: str
    why: str
    by: str
    created: Stamp
    ended: str
    total: int
    answered: int
    counts: ForecastCounts
    reasons: list[ReasonShape]
    samples: list[ForecastedLetter]
    codes: list[str]


class ForecastAnswer(Answer):
    forecast: ForecastShape


class ForecastStarted(Answer):
    """The id of the forecast, which is a run. One that is small is done already."""

    id: str


class WhichAnswers(Paged):
    """ForecastedLetters of one kind, or all."""

    answer: Said | None = None


class ForecastedLetters(PagedAnswer):
    answers: list[ForecastedLetter]


class AnswerBesideOutcomes(Wire):
    """What became of the letters with one answer, `not forecast` for those that had none. open: without an outcome."""

    answer: str
    done: int
    failing: int
    dead: int
    open: int


class ForecastBesideOutcomes(Answer):
    """Empty for a redrive that followed no forecast."""

    answers: list[AnswerBesideOutcomes]


@api.post("/api/operations/forecasts", may=[OPERATOR], errors=[404])
def forecast_letters(body: NewForecast) -> ForecastStarted:
    """Forecast what would become of letters if they were sent back now. Nothing is written or sent for it."""
    given = body.filter.model_dump(exclude_defaults=True) if body.filter else {}
    filled = {name: value if isinstance(value, str) else clock.stamp(value) for name, value in given.items()}
    return ForecastStarted(id=forecasts.start(Asked(tuple(body.letters), body.group, filled, body.to, body.data)).id)


@api.get("/api/operations/forecasts/{id}", may=[OPERATOR], versioned=False)
def get_forecast(id: str) -> ForecastAnswer:
    """Show how far a forecast is, its answers by number and reason, and some of each."""
    run, progress = forecasts.shown(id)
    counts = {name.replace(" ", "_"): number for name, number in progress.counts.items()}
    shown = ForecastShape(
        id=run.id,
        state=run.state,
        why=run.why,
        by=run.by,
        created=run.created,
        ended=run.ended,
        total=run.total,
        answered=progress.position,
        counts=ForecastCounts(**{name: counts.get(name, 0) for name in ForecastCounts.model_fields}),
        reasons=[ReasonShape(reason=reason, letters=number) for reason, number in progress.reasons.items()],
        samples=[_shape(one) for of_one in progress.samples.values() for one in of_one],
        codes=[f"{service} {code}" for service, code in progress.codes.items()],
    )
    return ForecastAnswer(forecast=shown)


@api.get("/api/operations/forecasts/{id}/letters", may=[OPERATOR])
def list_forecast_answers(id: str, params: WhichAnswers) -> ForecastedLetters:
    """List what would become of each letter, in the order in which they would be sent back."""
    purpose = f"forecast {id} {params.answer}"
    found, after = forecasts.answers(id, params.answer, params.limit, paging.read(params.next, purpose))
    return ForecastedLetters(answers=[_shape(one) for one in found], next=paging.sign(after, purpose))


@api.get("/api/operations/runs/{id}/forecast", may=[OPERATOR], versioned=False)
def get_forecast_of_redrive(id: str) -> ForecastBesideOutcomes:
    """Show what was forecast of the letters of a redrive beside what became of them."""
    found = forecasts.against(id)
    beside = [
        AnswerBesideOutcomes(answer=answer, done=of["done"], failing=of["failing"], dead=of["dead"], open=of["open"])
        for answer, of in found.items()
    ]
    return ForecastBesideOutcomes(answers=beside)


def _shape(answer: dict[str, Any]) -> ForecastedLetter:
    detail = answer["detail"]
    return ForecastedLetter(
        letter=answer["id"],
        answer=answer["answer"],
        why=in_words(answer),
        until=detail.get("until"),
        retry=detail.get("retry", False),
        reply=detail.get("reply", ""),
        writes=[ForecastedCommit(**commit) for commit in detail.get("writes", [])],
        sends=_times(detail.get("sends", {})),
        asks=_times(detail.get("asks", {})),
    )


def _times(counted: dict[str, int]) -> list[Times]:
    return [Times(name=name, times=times) for name, times in counted.items()]
