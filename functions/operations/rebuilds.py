"""Rebuilds: a further generation of a read model, filled from all of its history, compared, switched to, the old dropped.

| step | what is done | ends |
|---|---|---|
| plan, begin | the consumer says of what the view is made, and makes a generation, which it writes from now on too | when all of its containers know of it, after six minutes |
| fill | all history is applied to that generation alone, as in a replay | |
| compare, look again | the table is read once; rows that differ, a minute later again | |
| built | | by an operator: switch (refused while letters of the generation are to be redriven, or dead letters to be collected) or cancel |
| switch | the generation is read from now on; paging tokens of the one before are good for an hour | after that hour |
| drop | rows of the generation that is over are deleted, at a bounded rate; the table is read until none is found | |

A step that is done twice changes nothing. Given up (cancelled), a run goes to `drop` with the generation that it built,
also where no answer has told the run of it. A generation whose run has ended is given up by the next rebuild of the view.
Where its service or its view is gone since, nobody can delete what is left: the run ends, and says so.
"""  # noqa: E501  (a table)

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from functions.kernel.domain.errors import ConcurrencyError, InvalidError, NotFoundError, RefusedError, UnavailableError
from functions.kernel.runtime import clock, context
from functions.operations import built_without, history_rows, replay_plans, replays, run_rows
from functions.operations.cloud import may_wait, starts
from functions.operations.history_rows import (
    BEGIN,
    BUILT,
    COMPARE,
    DROP,
    FILL,
    LOOK_AGAIN,
    OVER,
    PLAN,
    SWITCH,
    Comparison,
    Progress,
)
from functions.operations.replay_plans import ask
from functions.operations.runs import CANCELLED, DONE, PAUSED, RUNNING, STOPPED, Run

REBUILD = "rebuild"
COMPARED_AT_ONCE = 200  # rows of one page, each read in the other generation too
DELETED_AT_ONCE = 200
DELETED_A_SECOND = 200.0  # rows: what is deleted must not take the rate of what is written
LOOKS_AGAIN_AFTER = timedelta(minutes=1)  # by then what was under way is written in both

Step = Callable[[Run, Progress, datetime], Progress]


def begin(service: str, view: str, by: str, run_id: str, rate: float | None = None, digest: str = "") -> Run:
    """Make a rebuild of a view, for the runner to advance. Raises InvalidError."""
    check(service, view, rate)
    asked = replay_plans.Asked(to=service, view=view)
    return run_rows.create(replays.made(REBUILD, asked, by, run_id, rate, digest), [])


def check(service: str, view: str, rate: float | None) -> None:
    """Raises InvalidError for what cannot be rebuilt."""
    replay_plans.check_rate(rate)
    if not replay_plans.known(service).has_rows:
        raise InvalidError(f"service: {service} has no read models")
    if not view:
        raise InvalidError("view: name the read model that is to be built anew")


def switch(run_id: str) -> Run:
    """Have what was built be read from now on.

    Raises NotFoundError, RefusedError unless it is built and lacks nothing, and UnavailableError.
    """
    run = _rebuild(run_id)
    progress = history_rows.progress(run)
    if progress.step in (SWITCH, DROP, OVER) and run.state != CANCELLED:
        return run
    if run.state != RUNNING or progress.step != BUILT:
        raise RefusedError(
            f"the run is {run.state}, at the step {progress.step}: only what is built can be switched to"
        )
    built_without.must_lack_nothing(run.to, run.asked["view"], progress.generation)
    history_rows.put(run, progress.at(SWITCH))
    starts().start("runner")
    return run


def abort(run_id: str) -> Run:
    """Give a rebuild up. Raises NotFoundError, and RefusedError once it is switched to, or over.

    One that stopped at its switch is given up, unless its service says that the switch has taken effect.
    """
    run = _rebuild(run_id)
    if run.state != CANCELLED:
        _must_not_be_read(run)

    def given_up(one: Run) -> Run:
        why = f"given up by {context.current().actor}"
        return one if one.ended or one.state == CANCELLED else replace(one, state=CANCELLED, why=why)

    changed = run_rows.change(run.id, given_up)
    starts().start("runner")
    return changed


def advance(run: Run, until: datetime) -> Run:
    """Do what is due of a rebuild until a time; returns the run as it is then."""
    progress = history_rows.progress(run)
    try:
        while run.state in (RUNNING, CANCELLED) and not run.ended and clock.now() < until:
            before = progress
            if (progress.wait_until <= clock.stamp() or _is_to_give_up(run, progress)) and may_wait():
                progress = _next(run, progress, until)
            if progress.step == OVER:
                return replays.end(run, run.state if run.state == CANCELLED else DONE)
            if progress.step == before.step and progress.cursor == before.cursor:
                break
            run = run_rows.get(run.id)
    except (InvalidError, NotFoundError, RefusedError) as error:
        return _halt(run, progress, error.message)
    except ConcurrencyError:  # another advances it
        pass
    except UnavailableError as error:
        replays.note_wrong(run, error)
    return run_rows.get(run.id)


def _halt(run: Run, progress: Progress, why: str) -> Run:
    """Stop a run that cannot go on, for an operator to decide; end one that has only rows to delete, and cannot."""
    if run.state != CANCELLED and progress.step != DROP:
        return replays.stop(run, why)
    left = f"{why}; rows that are read no more may be left in {run.to}"
    run_rows.change(run.id, lambda one: replace(one, why=left))
    return replays.end(run, run.state if run.state == CANCELLED else DONE)


def _next(run: Run, progress: Progress, until: datetime) -> Progress:
    if _is_to_give_up(run, progress):
        return history_rows.put(run, _given_up(run, progress))
    step = _STEPS.get(progress.step)
    return history_rows.put(run, after) if step and (after := step(run, progress, until)) != progress else progress


def _is_to_give_up(run: Run, progress: Progress) -> bool:
    """Whether what it built is to be deleted now, whatever it waits for."""
    return run.state == CANCELLED and progress.step not in (DROP, OVER)


def _plan(run: Run, progress: Progress, until: datetime) -> Progress:
    return progress.at(BEGIN, sources=tuple(replay_plans.sources_of_view(run.to, run.asked["view"])))


def _begin(run: Run, progress: Progress, until: datetime) -> Progress:
    begun = _ask_to_begin(run)
    other = begun.get("building_for", "")
    if other and _has_ended(other):
        begun = _ask_to_begin(run, instead_of=other)
    if "generation" not in begun:
        raise RefusedError(f"{run.asked['view']} is being rebuilt by run {begun['building_for']}")
    return replace(progress.at(FILL, generation=begun["generation"]), wait_until=begun["known_at"])


def _ask_to_begin(run: Run, instead_of: str = "") -> dict[str, Any]:
    asked = {"view": run.asked["view"], "run": run.id, **({"instead_of": instead_of} if instead_of else {})}
    return _ask(run, {"begin": asked})


def _has_ended(run_id: str) -> bool:
    """Whether a run fills its generation no more; the row of one that ended is deleted after half a year."""
    found = run_rows.find(run_id)
    return found is None or bool(found.ended)


def _fill(run: Run, progress: Progress, until: datetime) -> Progress:
    progress = replays.fill(run, progress, until, view=run.asked["view"], generation=progress.generation)
    return progress if progress.here else progress.at(COMPARE, compared=Comparison())


def _compare(run: Run, progress: Progress, until: datetime) -> Progress:
    asked = {"cursor": progress.cursor, "limit": COMPARED_AT_ONCE}
    page = _ask_of_view(run, progress, "compare", **asked)
    compared = progress.compared.with_page(page)
    if page["cursor"] is not None:
        return replace(progress, cursor=page["cursor"], compared=compared, wrong="")
    if compared.is_equal:
        return progress.at(BUILT, compared=compared)
    again = clock.stamp(clock.now() + LOOKS_AGAIN_AFTER)
    return replace(progress.at(LOOK_AGAIN, compared=compared), wait_until=again)


def _look_again(run: Run, progress: Progress, until: datetime) -> Progress:
    """Only what differs still, of the rows that a run keeps: others are as many as before."""
    seen = progress.compared
    keys = [[one["partition"], one["sort"]] for one in seen.samples]
    page = _ask_of_view(run, progress, "compare", cursor=None, limit=1, keys=keys)
    different = seen.different - len(keys) + page["different"]
    return progress.at(BUILT, compared=replace(seen, different=different, samples=tuple(page["samples"])))


def _switch(run: Run, progress: Progress, until: datetime) -> Progress:
    switched = _ask_of_view(run, progress, "switch")
    return replace(progress.at(DROP), wait_until=switched["kept_until"])


def _given_up(run: Run, progress: Progress) -> Progress:
    if progress.step == PLAN:
        return progress.at(OVER)
    if progress.generation is None:
        return _given_up_while_it_begins(run, progress)
    if not _is_read(run, progress):
        return progress.at(DROP)
    why = "it was switched to before it was given up"
    run_rows.change(run.id, lambda one: replace(one, state=RUNNING, why=why))
    return _switch(run, progress, clock.now())


def _is_read(run: Run, progress: Progress) -> bool:
    """Give up what it built, unless that is read already: earlier releases of a service refuse only that."""
    try:
        pointer = _ask_of_view(run, progress, "abort")
    except RefusedError:
        return True
    return bool(pointer["live"] == progress.generation)


def _given_up_while_it_begins(run: Run, progress: Progress) -> Progress:
    """Its call may have taken effect without an answer, or be under way: asked again, it has the same generation.

    Once that is given up the service begins none for this run any more.
    """
    try:
        begun = _ask_to_begin(run)
    except RefusedError:  # it was given up before, which was not noted
        return progress.at(DROP)
    if "generation" in begun:
        progress = replace(progress, generation=begun["generation"])
        _ask_of_view(run, progress, "abort")
    return progress.at(DROP)


def _drop(run: Run, progress: Progress, until: datetime) -> Progress:
    """Delete a page, as the rate allows; then the table is read again, until all of it has nothing to delete."""
    started = clock.now()
    page = _drop_page(run, progress)
    if page["wait_until"]:
        return replace(progress, wait_until=page["wait_until"])
    if page["dropping"] is None:
        return progress.at(OVER)
    due = page["deleted"] / DELETED_A_SECOND - (clock.now() - started).total_seconds()
    if due > 0:
        clock.wait(due)
    deleted, in_pass = progress.deleted + page["deleted"], progress.in_pass + page["deleted"]
    if page["cursor"] is not None:
        return replace(progress, cursor=page["cursor"], deleted=deleted, in_pass=in_pass, wrong="")
    if in_pass:
        return replace(progress, cursor="", deleted=deleted, in_pass=0, wrong="")
    left = _ask(run, {"dropped": {"view": run.asked["view"]}})
    if any(one["until"] <= clock.stamp() for one in left["kept"]):  # that of a run that ended without its own end
        return replace(progress, cursor=None, deleted=deleted, wrong="")
    return progress.at(OVER, deleted=deleted)


def _drop_page(run: Run, progress: Progress) -> dict[str, Any]:
    asked = {"view": run.asked["view"], "cursor": progress.cursor or None, "limit": DELETED_AT_ONCE}
    return _ask(run, {"drop": asked})


def _ask_of_view(run: Run, progress: Progress, what: str, **more: Any) -> dict[str, Any]:
    return _ask(run, {what: {"view": run.asked["view"], "generation": progress.generation, **more}})


def _ask(run: Run, request: dict[str, Any]) -> dict[str, Any]:
    """Ask the service whose view it is. Raises InvalidError where it is deployed no more, RefusedError and others."""
    replay_plans.known(run.to)
    return ask(run.to, request)


_STEPS: dict[str, Step] = {
    PLAN: _plan,
    BEGIN: _begin,
    FILL: _fill,
    COMPARE: _compare,
    LOOK_AGAIN: _look_again,
    SWITCH: _switch,
    DROP: _drop,
}


def _must_not_be_read(run: Run) -> None:
    step = history_rows.progress(run).step
    may_be_switched = step == SWITCH and run.state != STOPPED  # where it stopped, the service says what is read
    if run.ended or may_be_switched or step in (DROP, OVER):
        raise RefusedError("what this run built is read already: rebuild the view once more", state=run.state)
    if run.state not in (RUNNING, PAUSED, STOPPED):
        raise RefusedError(f"a run that is {run.state} cannot be given up", state=run.state)


def _rebuild(run_id: str) -> Run:
    run = run_rows.get(run_id)
    if run.kind != REBUILD:
        raise RefusedError(f"run {run_id} is a {run.kind}, and no rebuild")
    return run
