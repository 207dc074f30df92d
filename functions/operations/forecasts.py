"""Forecasts: what would become of a set of letters if they were sent back now, asked of their consumers' own code.

A set is answered service by service, in the order in which its letters failed, over one overlay for each service: its
queues share its tables. The runner advances it, chunk by chunk; what is small is answered within the request.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from functions.kernel.domain.errors import ConcurrencyError, InvalidError, KeyReusedError, NotFoundError, StaleError
from functions.kernel.runtime import clock, context, ids
from functions.operations import edits, forecast_rows, rows, run_rows
from functions.operations.cloud import starts
from functions.operations.forecast_chunks import Asking, Told, chunk_at, note_answers, patiently, quickly
from functions.operations.forecast_rows import Answer, Progress
from functions.operations.letters import OPEN, Letter
from functions.operations.rows import Filter
from functions.operations.runs import CANCELLED, DEAD, DONE, FAILING, GATHERING, HANDLED, REDRIVE, RUNNING, Run

FORECAST, RUNNER = "forecast", "runner"
MOST = 10_000  # letters of one forecast: they are put in order all at once
SMALL = 20  # letters, of one service, that are answered within the request
OUTCOMES = {HANDLED: "done", FAILING: "failing", DEAD: "dead"}
WITHIN = timedelta(seconds=5)  # of a request, in which a small forecast is answered
LEASE = timedelta(seconds=75)  # longer than a function lives


@dataclass(frozen=True)
class Asked:
    """Which letters are to be forecast: these, or the open ones of a group or a filter.

    to: the consumer that would take them instead of theirs. data: what would be sent in the place of the data of the
    one letter that is named.
    """

    letters: Sequence[str] = ()
    group: str = ""
    filter: Mapping[str, str] = field(default_factory=dict)
    to: str = ""
    data: Mapping[str, Any] | None = None

    @property
    def wanted(self) -> Filter:
        """The filter that it stands for, where it names no letters."""
        return Filter(**{"state": OPEN, **self.filter, **({"group": self.group} if self.group else {})})


def start(asked: Asked) -> Run:
    """Make a forecast for who asks now, and answer it at once if it is small; otherwise the runner does.

    With an Idempotency-Key, once for each key. Raises KeyReusedError, and as `begin` does.
    """
    working = context.current()
    if working.expected_versions is not None:
        raise StaleError("there is no forecast yet: it has no version")
    digest = working.cause.digest if working.cause else ""
    run = begin(asked, working.actor, working.new_id(), digest)
    if run.digest != digest:
        raise KeyReusedError("Idempotency-Key: it was used for another request")
    working.version = 1
    if run.state == RUNNING and 0 < run.total <= SMALL:
        run = advance(run, clock.now() + WITHIN, quickly())
    if not run.ended:
        starts().start(RUNNER)
    return run


def begin(asked: Asked, by: str, run_id: str, digest: str = "") -> Run:
    """Make a forecast of letters; what is there already under its id, where it is there.

    Raises InvalidError for a set that names nothing, or several ways, or too much, and for data that do not fit;
    NotFoundError, and RefusedError for a letter that cannot be edited.
    """
    named = [bool(asked.letters), bool(asked.group), bool(asked.filter)]
    if sum(named) != 1:
        raise InvalidError("name letters, a group or a filter, one of these")
    if asked.data is not None and len(asked.letters) != 1:
        raise InvalidError("data: name the one letter in whose place they would be sent")
    there = run_rows.find(run_id)
    if there:
        return there
    if asked.data is not None:
        edits.previewed(rows.letter(asked.letters[0]), asked.data)
    run = Run(run_id, asdict(asked), by, clock.stamp(), kind=FORECAST, digest=digest, life=ids.new()[:8])
    if asked.letters:
        return run_rows.create(run, in_order(_named(asked.letters), asked.to))
    rows.must_have_group(asked.group)
    first = rows.letters(asked.wanted, limit=SMALL, bodies=False)
    if first.after is None:
        return run_rows.create(run, in_order(first.letters, asked.to))
    return run_rows.create(replace(run, state=GATHERING, filter=_filled(asked.wanted)), [])


def shown(id: str) -> tuple[Run, Progress]:
    """A forecast, and how far it is. Raises NotFoundError, also for another run."""
    run = run_rows.find(id)
    if run is None or run.kind != FORECAST:
        raise NotFoundError(f"there is no forecast {id}")
    return run, forecast_rows.progress(run)


def answers(
    id: str, wanted: str | None, limit: int, after: dict[str, Any] | None
) -> tuple[list[Answer], dict[str, Any] | None]:
    """A page of what was answered, of one kind if wanted, in the order of the set. Raises NotFoundError."""
    run, _ = shown(id)
    found: list[Answer] = []
    for position, one in forecast_rows.answers(run, after["position"] if after else 0):
        if wanted in (None, one["answer"]):
            if len(found) == limit:
                return found, {"position": position}
            found.append(one)
    return found, None


def against(run_id: str) -> dict[str, Counter[str]]:
    """What was forecast of the letters of a redrive, beside what became of them: numbers by answer and outcome.

    Empty for one that followed no forecast. A letter that has no outcome yet counts as `open`. Raises NotFoundError.
    """
    run = run_rows.get(run_id)
    shown = run_rows.find(run.asked["forecast"]) if run.asked.get("forecast") else None
    if run.kind != REDRIVE or shown is None:
        return {}
    answers = {answer["id"]: answer["answer"] for _, answer in forecast_rows.answers(shown)}
    compared: dict[str, Counter[str]] = {}
    states = run_rows.states_of(run)
    for position, letter in run_rows.letters_of(run, range(run.total)).items():
        outcome = OUTCOMES.get(states[position], "open")
        compared.setdefault(answers.get(letter, "not forecast"), Counter())[outcome] += 1
    return compared


def advance(run: Run, until: datetime, asking: Asking | None = None) -> Run:
    """Answer a forecast as far as there is time, and return the run as it is then.

    asking: how consumers are asked; as a runner does unless given. Nothing is done while another advances it, or once
    it is over.
    """
    if run.kind != FORECAST or run.ended:
        return run
    asking = asking or patiently()
    try:
        if run.state == GATHERING:
            run = _gathered(run, lambda: clock.now() < until and asking.has_time())
        if run.state != RUNNING:
            return _ended(run) if run.state == CANCELLED else run
        progress = _leased(run, ids.new())
        return _answer_all(run, progress, until, asking) if progress else run
    except ConcurrencyError:  # another is at it
        return run_rows.get(run.id)


def in_order(letters: Sequence[Letter], to: str = "") -> list[str]:
    """The ids of letters, those of one service together, what its relay gave up last, and the first to fail first."""

    def place(letter: Letter) -> tuple[str, bool, str, str]:
        service, _, queue = (to or letter.consumer).partition("/")
        return service, queue == "relay", letter.failed_at, letter.id

    return [letter.id for letter in sorted(letters, key=place)]


def _named(wanted: Sequence[str]) -> list[Letter]:
    if len(wanted) > MOST:
        raise InvalidError(f"a forecast is of {MOST:,} letters at most")
    found = rows.heads(dict.fromkeys(wanted))
    for id in wanted:
        if id not in found:
            raise NotFoundError(f"there is no letter {id}")
    return list(found.values())


def _gathered(run: Run, has_time: Callable[[], bool]) -> Run:
    """Find the letters of a group or filter, put them in order, and store them; or, where time ends, those so far.

    Its first write is of the run, so that each try has a version of its own, and its pages replace those of the try
    before, which may have found other letters. Its last is over that version: of two at once, one is refused. The final
    order has a life of its own: where that write does not come, what was found so far is as it was. Raises
    ConcurrencyError.
    """
    run = run_rows.put(run)
    wanted, after = Filter(**run.filter), run.after
    found: dict[str, Letter | None] = dict.fromkeys(run_rows.letters_of(run, range(run.total)).values())
    while True:
        page = rows.letters(wanted, rows.LOOKED_AT, after, bodies=False)
        found |= {letter.id: letter for letter in page.letters}
        after = page.after
        if len(found) > MOST:
            why = f"a forecast is of {MOST:,} letters at most: ask for fewer"
            return run_rows.put(replace(run, state=CANCELLED, why=why, ended=clock.stamp()))
        if after is None:
            break
        if not has_time():
            run_rows.add_letters(run, 0, list(found))
            why = f"its letters are being looked for: {len(found):,} so far"
            return run_rows.put(replace(run, total=len(found), after=after, why=why))
    earlier = rows.heads(id for id, letter in found.items() if letter is None).values()
    letters = [*filter(wanted.wants, earlier), *filter(None, found.values())]
    ordered = in_order(letters, run.asked.get("to", ""))
    whole = replace(run, life=ids.new()[:8], state=RUNNING, filter={}, total=len(ordered), after=None, why="")
    run_rows.add_letters(whole, 0, ordered)
    return run_rows.put(whole)


def _filled(wanted: Filter) -> dict[str, str]:
    return {name: value for name, value in asdict(wanted).items() if value}


def _leased(run: Run, worker: str) -> Progress | None:
    """The progress of a forecast, with a lease; None while another has it. Raises ConcurrencyError."""
    progress = forecast_rows.progress(run)
    if progress.worker and progress.until > clock.stamp():
        return None
    return forecast_rows.put(run, _held(replace(progress, worker=worker)))


def _held(progress: Progress) -> Progress:
    return replace(progress, until=clock.stamp(clock.now() + LEASE))


def _answer_all(run: Run, progress: Progress, until: datetime, asking: Asking) -> Run:
    overlay = forecast_rows.overlay(run, progress)
    while progress.position < run.total and run.state == RUNNING and clock.now() < until and asking.has_time():
        chunk = chunk_at(run, progress)
        told = chunk.forecast(asking, overlay if chunk.service == progress.service else None, progress)
        if told is None:
            break
        if not told.answers:
            progress = forecast_rows.put(run, _held(_failed(progress, len(chunk.letters))))
            break  # the next minute tries again
        overlay = told.overlay
        progress = _stored(run, progress, chunk.service, told)
        run = run_rows.get(run.id)
    progress = forecast_rows.put(run, replace(progress, worker="", until=""))
    run = _counted(run, progress)
    is_over = run.state == CANCELLED or progress.position >= run.total
    return _ended(run) if is_over else run


def _stored(run: Run, before: Progress, service: str, told: Told) -> Progress:
    """Store what was told of some letters of a service: for each of them, for the run, and how far it is now."""
    forecast_rows.put_answers(run, before.position, told.answers)
    note_answers(run, told)
    position = before.position + len(told.answers)
    parts = forecast_rows.put_overlay(run, position, told.overlay) if told.overlay and position < run.total else 0
    after = replace(before, service=service).with_answers(told.answers, told.code)
    if told.silent:
        after = replace(after, silent=told.silent, alone_until=0)
    after = replace(after, position=position, parts=parts, failures=0, lost=dict(told.lost))
    after = forecast_rows.put(run, _held(after))
    forecast_rows.drop_overlay(run, before)
    return after


def _failed(before: Progress, letters: int) -> Progress:
    """The progress where an invocation about so many letters failed."""
    alone_until = max(before.alone_until, before.position + letters)
    return replace(before, failures=before.failures + 1, alone_until=alone_until)


def _counted(run: Run, progress: Progress) -> Run:
    return run_rows.change(run.id, lambda one: replace(one, counts=progress.counts))


def _ended(run: Run) -> Run:
    def after(one: Run) -> Run:
        state = DONE if one.state == RUNNING else one.state
        return one if one.ended else replace(one, state=state, ended=clock.stamp(), is_settled=True)

    forecast_rows.drop_overlay(run, forecast_rows.progress(run))  # of one that is cancelled: it holds others' data
    return run_rows.change(run.id, after)
