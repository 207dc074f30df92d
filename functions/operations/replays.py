"""Replays: history of one service or of all, of one stream or a range of times, to the read models of one consumer.

The runner reads pages of commits from their owner's relay, which publishes nothing by it, and brings their messages to
the `replay` function of the consumer, which has nothing but its rows: no effect outside of read models can be repeated.
Where a run ends between two calls, the next goes on at the page whose end was stored last.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from functions.kernel.domain.errors import (
    ConcurrencyError,
    InvalidError,
    KeyReusedError,
    NotFoundError,
    RefusedError,
    StaleError,
    UnavailableError,
)
from functions.kernel.projections.generation import failed_in
from functions.kernel.runtime import clock, context, ids, observe
from functions.operations import failed_messages, history_rows, run_rows
from functions.operations.cloud import may_wait, relays, starts
from functions.operations.history_rows import FILL, OVER, Progress, Source
from functions.operations.replay_plans import RATE, Asked, ask, check, sources_for
from functions.operations.runs import CANCELLED, DONE, RUNNING, STOPPED, Run

REPLAY = "replay"
COMMITS = 200  # of one page


def start(begins: Callable[..., Run], *args: Any, rate: float | None) -> Run:
    """Begin a run as an operator asks for it, once for each Idempotency-Key. Raises KeyReusedError, StaleError."""
    working = context.current()
    if working.expected_versions is not None:
        raise StaleError("there is no run yet: it has no version")
    digest = working.cause.digest if working.cause else ""
    run = begins(*args, by=working.actor, run_id=working.new_id(), rate=rate, digest=digest)
    if run.digest != digest:
        raise KeyReusedError("Idempotency-Key: it was used for another request")
    working.version = 1
    starts().start("runner")
    return run


def begin(asked: Asked, by: str, run_id: str, rate: float | None = None, digest: str = "") -> Run:
    """Make a replay, for the runner to advance. Raises InvalidError for what cannot be replayed, or not to whom."""
    check(asked, rate)
    return run_rows.create(made(REPLAY, asked, by, run_id, rate, digest), [])


def made(kind: str, asked: Asked, by: str, run_id: str, rate: float | None, digest: str) -> Run:
    """A run that has yet to be stored."""
    return Run(
        run_id,
        asked.data,
        by,
        clock.stamp(),
        kind=kind,
        rate=rate or RATE,
        to=asked.to,
        digest=digest,
        life=ids.new()[:8],
    )


def advance(run: Run, until: datetime) -> Run:
    """Bring history until a time; returns the run as it is then. Nothing is done of one that is paused or over."""
    try:
        if run.state == RUNNING:
            progress = history_rows.progress(run)
            if progress.step != FILL and progress.step != OVER:
                progress = history_rows.put(run, _planned(run, progress))
            progress = fill(run, progress, until, view=Asked.of(run).view or None)
            if progress.here is None:
                return end(run, DONE)
        elif run.state == CANCELLED:
            return end(run, CANCELLED)
    except (InvalidError, NotFoundError, RefusedError) as error:
        return stop(run, error.message)
    except ConcurrencyError:  # another advances it
        pass
    except UnavailableError as error:
        note_wrong(run, error)
    return run_rows.get(run.id)


def fill(run: Run, progress: Progress, until: datetime, *, view: str | None, generation: int | None = None) -> Progress:
    """Bring page after page, at the rate, until all is brought, time is over, or the run is not running any more."""
    asked = Asked.of(run)
    bounds = {name: value for name, value in (("since", asked.since), ("until", asked.until)) if value}
    while (here := progress.here) and clock.now() < until and may_wait():
        if run_rows.get(run.id).state != RUNNING:
            break
        source, segment = here
        started = clock.now()
        page = relays().invoke(source.service, {"history": {**_page(source, segment, progress, run.rate), **bounds}})
        if not may_wait():
            break  # for the consumer: the next minute reads the page again
        failed = _bring(run, page["messages"], view, generation)
        _keep_to(run.rate, len(page["messages"]), started, until)
        seconds = (clock.now() - started).total_seconds()
        after = progress.with_page(page["cursor"], len(page["messages"]), failed, seconds)
        progress = history_rows.put(run, after)
    return progress


def _page(source: Source, segment: int, progress: Progress, rate: float) -> dict[str, Any]:
    return {
        **({"stream": source.stream} if source.stream else {"segment": segment, "segments": source.segments}),
        "names": list(source.names),
        "only": list(source.only),
        "cursor": progress.cursor,
        "limit": max(1, min(COMMITS, int(rate))),
    }


def _bring(run: Run, messages: Sequence[dict[str, Any]], view: str | None, generation: int | None) -> int:
    """Have the consumer apply messages, all of them; returns how many failed, which are dead letters now."""
    left, failed = list(messages), 0
    where = failed_in(view, generation) if view and generation is not None else ""
    while left:
        answer = ask(run.to, {"apply": {"messages": left, "view": view, "generation": generation}})
        for one in answer["failed"]:
            failed_messages.keep(run, {**one, "reason": f"{where}{one['reason']}"})
        failed += len(answer["failed"])
        left = left[answer["applied"] :]
    return failed


def _keep_to(rate: float, messages: int, started: datetime, until: datetime) -> None:
    """Wait as the rate wants it after so many messages."""
    due = messages / rate - (clock.now() - started).total_seconds()
    due = min(due, (until - clock.now()).total_seconds())
    if due > 0:
        clock.wait(due)


def _planned(run: Run, progress: Progress) -> Progress:
    asked = Asked.of(run)
    sources = sources_for(asked)
    place, cursor = history_rows.page_at(asked.cursor) if asked.cursor else (0, None)
    return replace(progress.at(FILL, sources=tuple(sources), place=place), cursor=cursor)


def shown(run_id: str, kind: str) -> tuple[Run, Progress]:
    """A run of a kind, and how far it is. Raises NotFoundError."""
    run = run_rows.get(run_id)
    if run.kind != kind:
        raise NotFoundError(f"run {run_id} is a {run.kind}, and no {kind}")
    return run, history_rows.progress(run)


def end(run: Run, state: str) -> Run:
    """End a run, and keep with it what came of it."""
    progress = history_rows.progress(run)
    counts = {"messages": progress.messages, "failed": progress.failed}

    def ended(one: Run) -> Run:
        return replace(one, state=state, ended=one.ended or clock.stamp(), counts=counts)

    return run_rows.change(run.id, ended)


def stop(run: Run, why: str) -> Run:
    """Stop a run that cannot go on by itself; an operator may resume or cancel it."""

    def stopped(one: Run) -> Run:
        return replace(one, state=STOPPED, why=why) if one.state == RUNNING else one

    return run_rows.change(run.id, stopped)


def note_wrong(run: Run, error: UnavailableError) -> None:
    """Note why a run does not go on now: the next minute tries again."""
    observe.log_error(f"run {run.id} does not go on", error)
    try:
        history_rows.put(run, replace(history_rows.progress(run), wrong=error.message))
    except ConcurrencyError:
        return
