"""What operators do with redrives: begin one of the very set that they were shown, look at it, pause, cancel, resume.

The set is fixed when it is asked for: letters by their ids, those of a forecast, or the open ones of a group or a
filter, as of the moment at which the operator saw them, or of that of the request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from functions.kernel.domain.errors import InvalidError, KeyReusedError, NotFoundError, RefusedError, StaleError
from functions.kernel.runtime import clock, context, ids
from functions.operations import (
    cloud,
    forecast_rows,
    pause_rows,
    pauses,
    rebuilds,
    rows,
    run_rows,
    runs,
    sending,
    turns,
)
from functions.operations.consumers import consumers
from functions.operations.forecasts import FORECAST
from functions.operations.letters import OPEN, Letter
from functions.operations.rows import Filter
from functions.operations.run_rows import Runs
from functions.operations.runs import GATHERING, REDRIVE, Run

PASSES = "passes"
NAMED_AT_ONCE = 1_000  # letters that one request names: the body has 64 KB


@dataclass(frozen=True)
class Asked:
    """What an operator asks for.

    letters, group, filter, forecast: the set, by one of these; of a filter or a group the letters that are open.
    as_of: the moment at which these were listed, RFC 3339: none that was stored after it is sent. passing: of a
    forecast only those that it says will pass. to: the consumer that takes the letters in the place of theirs. rate,
    cap: as of a Run. stop_at: the share of failures in percent.
    """

    letters: Sequence[str] = ()
    group: str = ""
    filter: Mapping[str, str] = field(default_factory=dict)
    as_of: str = ""
    forecast: str = ""
    passing: bool = False
    to: str = ""
    rate: float = runs.RATE
    stop_at: float = 100 * runs.STOP_AT
    cap: int = runs.CAP


@dataclass(frozen=True)
class Progress:
    """A run, and how far it is. skipped: letters that were not sent, by the reason. step: how far the ramp is.

    seconds_left: about how long it sends for; None where it does not go on by itself.
    """

    run: Run
    counts: Mapping[str, int]
    skipped: Mapping[str, int]
    step: str
    seconds_left: int | None


def begin(asked: Asked) -> Run:
    """Begin to send letters back; with an Idempotency-Key, once for each key.

    Raises InvalidError, NotFoundError, KeyReusedError, and RefusedError where no letter that is named may be sent.
    """
    working = context.current()
    if working.expected_versions is not None:
        raise StaleError("there is no run yet: it has no version")
    runs.check(asked.rate, asked.stop_at / 100, asked.cap)
    if sum(map(bool, (asked.letters, asked.group, asked.filter, asked.forecast))) != 1:
        raise InvalidError("name letters, a group, a filter or a forecast, one of these")
    if asked.as_of and not (asked.group or asked.filter):
        raise InvalidError("asOf: it is of a group or a filter: letters that are named, or forecast, are known")
    _must_be_known(asked.to)
    run = _run(asked, working.new_id(), working.cause.digest if working.cause else "")
    before = run_rows.find(run.id)
    if before is None:
        before = _create(run, asked)
    if before.digest != run.digest:
        raise KeyReusedError("Idempotency-Key: it was used for another request")
    working.version = 1
    cloud.starts().start("redriver")
    return before


def listed(limit: int, after: dict[str, Any] | None) -> Runs:
    """A page of runs of all kinds."""
    return run_rows.listed(limit, after)


def shown(run_id: str) -> Progress:
    """A run, and how far it is. Raises NotFoundError."""
    run = run_rows.get(run_id)
    if run.kind != REDRIVE:
        return Progress(run, run.counts, {}, "", None)
    states = run_rows.states_of(run)
    skipped = {why: states.count(code) for code, why in runs.SKIPPED.items() if code in states}
    run = replace(run, why=run.why or _why_it_waits(run, states) or turns.why_it_waits(run))
    return Progress(run, runs.counts(states), skipped, runs.step(run, states), runs.seconds_left(run, states))


def _why_it_waits(run: Run, states: str) -> str:
    """Why nothing becomes of what was sent first: its consumer is paused; empty where it is not."""
    waiting = states.find(runs.SENT)
    letter = rows.heads(run_rows.letters_of(run, [waiting]).values()) if waiting >= 0 else {}
    for consumer in [run.to or one.consumer for one in letter.values()]:
        if pauses.find(consumer).wanted == pause_rows.PAUSED:
            return f"{consumer} is paused: what is sent to it waits in its queue until it is resumed"
    return ""


def letters_of(run_id: str, limit: int, first: int) -> tuple[list[tuple[str, str]], int]:
    """Letters of a run from a position on, each with what has become of it, and how many it has.

    Raises NotFoundError.
    """
    run = run_rows.get(run_id)
    states = run_rows.states_of(run)
    found = run_rows.letters_of(run, range(first, min(first + limit, run.total)))
    return [(letter_id, runs.IN_WORDS[states[position]]) for position, letter_id in sorted(found.items())], run.total


def pause(run_id: str) -> Run:
    """Send nothing more until it is resumed. Raises NotFoundError, RefusedError."""
    return _change(run_id, lambda run: runs.paused(run, context.current().actor))


def cancel(run_id: str) -> Run:
    """Send nothing more, ever. Raises NotFoundError, RefusedError, also for a rebuild whose work is read already."""
    if run_rows.get(run_id).kind == rebuilds.REBUILD:
        return rebuilds.abort(run_id)
    return _change(run_id, lambda run: runs.cancelled(run, context.current().actor))


def resume(run_id: str) -> Run:
    """Go on. Raises NotFoundError, RefusedError."""
    return _change(run_id, lambda run: runs.resumed(run, run_rows.states_of(run)))


def _change(run_id: str, decide: Callable[[Run], Run]) -> Run:
    changed = run_rows.change(run_id, decide)
    cloud.starts().start("redriver" if changed.kind == REDRIVE else "runner")
    return changed


def _run(asked: Asked, run_id: str, digest: str) -> Run:
    return Run(
        run_id,
        asdict(asked),
        context.current().actor,
        clock.stamp(),
        rate=asked.rate,
        stop_at=asked.stop_at / 100,
        cap=asked.cap,
        to=asked.to,
        digest=digest,
        life=ids.new()[:8],
    )


def _create(run: Run, asked: Asked) -> Run:
    if asked.letters:
        return run_rows.create(run, _in_order(run, _named(asked.letters)))
    if asked.forecast:
        return run_rows.create(run, _of_forecast(asked))
    rows.must_have_group(asked.group)
    given = {**asked.filter, **({"group": asked.group} if asked.group else {})}
    as_of = min(asked.as_of or run.created, run.created)
    wanted = asdict(Filter(**{**given, "state": OPEN, "as_of": as_of}))
    return run_rows.create(replace(run, state=GATHERING, filter={k: v for k, v in wanted.items() if v}), [])


def _named(letters: Sequence[str]) -> list[Letter]:
    if len(letters) > NAMED_AT_ONCE:
        raise InvalidError(f"letters: name {NAMED_AT_ONCE:,} at most, or a group, a filter or a forecast")
    found = rows.heads(dict.fromkeys(letters))
    for id in letters:
        if id not in found:
            raise NotFoundError(f"there is no letter {id}")
    return list(found.values())


def _in_order(run: Run, letters: Sequence[Letter]) -> list[str]:
    """The ids of letters, the first to fail first.

    Raises RefusedError where none of them may be sent, and InvalidError for one that no consumer takes.
    """
    misfit = next((letter for letter in letters if sending.why_misfit(run, letter)), None)
    if misfit:
        raise InvalidError(f"letter {misfit.id} cannot be sent: {sending.why_misfit(run, misfit)}")
    why_not = {letter.id: sending.mark_of(run, 0, letter) for letter in letters}
    if all(why_not.values()):
        first = letters[0]
        why = runs.SKIPPED.get(why_not[first.id], "back from this run")
        raise RefusedError(f"letter {first.id} cannot be sent: it is {why}", state=first.state)
    return [letter.id for letter in sorted(letters, key=lambda one: (one.failed_at, one.id))]


def _of_forecast(asked: Asked) -> list[str]:
    """The letters of a forecast in its order. Raises NotFoundError, and RefusedError for one that is not whole.

    Raises InvalidError for one of something else than would be sent: other data, or another consumer.
    """
    forecast, passing = run_rows.get(asked.forecast), asked.passing
    if forecast.kind != FORECAST:
        raise InvalidError(f"{asked.forecast} is no forecast")
    if forecast.asked.get("data") is not None:
        raise InvalidError(
            "forecast: it is of other data than the letter has: edit the letter, and send the edited one"
        )
    to = forecast.asked.get("to") or ""
    if to != asked.to:
        raise InvalidError(
            f"to: the forecast is of {to or 'the consumers of its letters'}: name the same, or forecast anew"
        )
    if forecast.filter:  # until its set is whole, whatever its state is
        raise RefusedError(f"the forecast is {forecast.state}: not all of its letters were found", state=forecast.state)
    if passing and not forecast.ended:
        raise RefusedError(f"the forecast is {forecast.state}: wait until it is done", state=forecast.state)
    positions = range(forecast.total)
    if passing:
        answers = forecast_rows.answers(forecast)
        passes = [position for position, answer in answers if answer["answer"] == PASSES]
        return [id for _, id in sorted(run_rows.letters_of(forecast, passes).items())]
    return [id for _, id in sorted(run_rows.letters_of(forecast, positions).items())]


def _must_be_known(to: str) -> None:
    """Raises InvalidError for a consumer that is not there, or has no queue."""
    found = consumers().get(to)
    if to and (found is None or found.is_relay):
        known = ", ".join(sorted(name for name, one in consumers().items() if not one.is_relay))
        raise InvalidError(f"to: there is no consumer {to}: there are {known}")
