"""The routes of replays and rebuilds."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Body, Label, Moment, Stamp, Wire, documented_only
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import OPERATOR
from functions.operations import rebuilds, replay_plans, replays
from functions.operations.history_rows import BUILT, Progress
from functions.operations.rebuilds import REBUILD
from functions.operations.redrives_api import Given
from functions.operations.replay_plans import Asked
from functions.operations.replays import REPLAY
from functions.operations.runs import Run

api = Api("operations")

Rate = Annotated[
    int,
    documented_only(minimum=1, maximum=int(replay_plans.HIGHEST_RATE)),
    Field(description="Messages a second, at most 500; 50 where it is left out."),
]


class NewReplay(Body):
    """What history is to be brought to the read models of one service.

    to: the service, which must be named. from: whose history; without it, that of all services whose messages it knows.
    stream: one of that service (`Order#<id>`). cursor: where its table is to be read from. names: commands and replies
    to be brought beside events. view: to this read model alone.
    """

    to: Label
    source: Annotated[Label, Field(alias="from")] = ""
    stream: Label = ""
    since: Given[Moment] = None
    until: Given[Moment] = None
    names: list[Label] = Field(default_factory=list)
    cursor: str = ""
    view: Label = ""
    rate: Rate = int(replay_plans.RATE)


class NewRebuild(Body):
    """Which read model of which service is to be built anew."""

    service: Label
    view: Label
    rate: Rate = int(replay_plans.RATE)


class Started(Answer):
    """id: of the run."""

    id: str


class SourceShape(Wire):
    """A service whose history is brought, and which messages of it."""

    service: str
    messages: list[str]


class ReplayShape(Wire):
    """How far a replay is.

    messages: those that were brought; failed: those of them that are letters now. percent: about what part of the
    history that is, null before it is known; secondsLeft: about how long the rest takes. cursor: where the next page
    begins. wrong: why the last try failed, which is made again. notRecoverable: what was asked for and no commit holds.
    """

    id: str
    state: str
    step: str
    why: str
    by: str
    to: str
    view: str
    created: Stamp
    ended: str
    rate: int
    messages: int
    failed: int
    percent: int | None
    seconds_left: int | None
    cursor: str | None
    wrong: str
    sources: list[SourceShape]
    not_recoverable: list[str]


class RowShape(Wire):
    """A row that differs, as it is read and as it was built: the beginning of each as JSON, null if it lacks."""

    partition: str
    sort: str
    live: str | None
    built: str | None


class ComparisonShape(Wire):
    """Of the generation that is read and of the one that was built, in this order: rows, and a hash of them all.

    different: how many rows differ. Left out are those that expired, and those that depend on the order of messages.
    """

    rows: list[int]
    hashes: list[str]
    different: int
    samples: list[RowShape]


class RebuildShape(ReplayShape):
    """How far a rebuild is. generation: of what is built. mayBeSwitched: whether it waits for that. deleted: rows."""

    generation: int | None
    may_be_switched: bool
    wait_until: str
    compared: ComparisonShape
    deleted: int


class ReplayAnswer(Answer):
    replay: ReplayShape


class RebuildAnswer(Answer):
    rebuild: RebuildShape


@api.post("/api/operations/replays", may=[OPERATOR])
def begin_replay(body: NewReplay) -> Started:
    """Start to bring history to the read models of one service: no handler runs, nothing else is written."""
    asked = Asked(
        to=body.to,
        source=body.source,
        stream=body.stream,
        since=_stamp(body.since),
        until=_stamp(body.until),
        names=tuple(body.names),
        cursor=body.cursor,
        view=body.view,
    )
    return Started(id=replays.start(replays.begin, asked, rate=body.rate).id)


@api.get("/api/operations/replays/{id}", may=[OPERATOR], versioned=False)
def get_replay(id: str) -> ReplayAnswer:
    """Show how far a replay is."""
    return ReplayAnswer(replay=ReplayShape(**_shared(*replays.shown(id, REPLAY))))


@api.post("/api/operations/rebuilds", may=[OPERATOR])
def begin_rebuild(body: NewRebuild) -> Started:
    """Start to build a read model anew, beside the one that is read, from all of its history."""
    return Started(id=replays.start(rebuilds.begin, body.service, body.view, rate=body.rate).id)


@api.get("/api/operations/rebuilds/{id}", may=[OPERATOR], versioned=False)
def get_rebuild(id: str) -> RebuildAnswer:
    """Show how far a rebuild is, and how what was built differs from what is read."""
    run, progress = replays.shown(id, REBUILD)
    compared = progress.compared
    shape = RebuildShape(
        **_shared(run, progress),
        generation=progress.generation,
        may_be_switched=progress.step == BUILT,
        wait_until=progress.wait_until,
        compared=ComparisonShape(
            rows=list(compared.rows),
            hashes=list(compared.hashes),
            different=compared.different,
            samples=[RowShape(**one) for one in compared.samples],
        ),
        deleted=progress.deleted,
    )
    return RebuildAnswer(rebuild=shape)


@api.put("/api/operations/runs/{id}/switch", may=[OPERATOR], versioned=False, errors=[409])
def switch_to_rebuilt(id: str) -> None:
    """Make what a rebuild built the one that is read. The one before is kept for an hour."""
    rebuilds.switch(id)


@api.put("/api/operations/runs/{id}/abort", may=[OPERATOR], versioned=False, errors=[409])
def abort_rebuild(id: str) -> None:
    """Remove what a rebuild built, and end it."""
    rebuilds.abort(id)


def _shared(run: Run, progress: Progress) -> dict[str, Any]:
    return {
        "id": run.id,
        "state": run.state,
        "step": progress.step,
        "why": run.why,
        "by": run.by,
        "to": run.to,
        "view": run.asked.get("view", ""),
        "created": run.created,
        "ended": run.ended,
        "rate": int(run.rate),
        "messages": progress.messages,
        "failed": progress.failed,
        "percent": None if progress.share is None else int(progress.share * 100),
        "seconds_left": progress.seconds_left,
        "cursor": progress.next_page or None,
        "wrong": progress.wrong,
        "sources": [SourceShape(service=one.service, messages=list(one.only)) for one in progress.sources],
        "not_recoverable": replay_plans.not_recoverable(progress.sources),
    }


def _stamp(moment: datetime | None) -> str:
    return clock.stamp(moment) if moment else ""
