"""The routes of estimates: what a replay or a rebuild would bring, before it is begun."""

from typing import Annotated

from pydantic import Field

from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, FromText, Label, Moment, Params, Wire
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import OPERATOR
from functions.operations import estimates, replay_plans
from functions.operations.estimates import Estimate
from functions.operations.replay_plans import Asked
from functions.operations.replays_api import Rate

api = Api("operations")

RateInQuery = Annotated[Rate, FromText]
Names = Annotated[str, Field(max_length=1_000, description="Commands and replies to be brought too, by commas.")]


class OfReplay(Params):
    """A replay, as `POST /api/operations/replays` has it."""

    to: Label
    source: Annotated[Label, Field(alias="from")] = ""
    stream: Label = ""
    since: Moment | None = None
    until: Moment | None = None
    names: Names = ""
    view: Label = ""
    rate: RateInQuery = int(replay_plans.RATE)


class OfRebuild(Params):
    """A rebuild, as `POST /api/operations/rebuilds` has it."""

    service: Label
    view: Label
    rate: RateInQuery = int(replay_plans.RATE)


class CountShape(Wire):
    """How many messages of a service would be brought."""

    service: str
    messages: int


class EstimateAnswer(Answer):
    """About what would be brought. commits: that are read for it; seconds: that it takes, with no other run beside it.

    precision: `exact`, `about`, or `at least`. gaps: services that did not answer, whose messages are not counted.
    notRecoverable: what was asked for and no commit holds.
    """

    messages: int
    precision: str
    commits: int
    rate: int
    seconds: int
    sources: list[CountShape]
    gaps: list[str]
    not_recoverable: list[str]


@api.get("/api/operations/estimates/replay", may=[OPERATOR])
def estimate_replay(params: OfReplay) -> EstimateAnswer:
    """Show about how many messages a replay would bring, and for how long. What it would refuse is refused."""
    asked = Asked(
        to=params.to,
        source=params.source,
        stream=params.stream,
        since=clock.stamp(params.since) if params.since else "",
        until=clock.stamp(params.until) if params.until else "",
        names=tuple(filter(None, params.names.split(","))),
        view=params.view,
    )
    return _shown(estimates.of_replay(asked, params.rate), params.rate)


@api.get("/api/operations/estimates/rebuild", may=[OPERATOR])
def estimate_rebuild(params: OfRebuild) -> EstimateAnswer:
    """Show about how many messages a rebuild would bring, and for how long, its wait included.

    What a rebuild would refuse is refused. The comparison of rows is not counted.
    """
    return _shown(estimates.of_rebuild(params.service, params.view, params.rate), params.rate)


def _shown(found: Estimate, rate: int) -> EstimateAnswer:
    return EstimateAnswer(
        messages=sum(found.messages.values()),
        precision=found.precision,
        commits=found.commits,
        rate=rate,
        seconds=found.seconds,
        sources=[CountShape(service=name, messages=number) for name, number in found.messages.items()],
        gaps=found.gaps,
        not_recoverable=found.not_recoverable,
    )
