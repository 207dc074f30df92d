"""Replays: history of one service or of all, of one stream or a range of times, to the read models of one consumer.

The runner reads pages of commits from their owner's relay, which publishes nothing by it, and brings their messages to
the `replay` function of the consumer, which has nothing but its rows: no effect outside of read models can be repeated.
Where a run ends between two calls, the next goes on at the page whose end was stored last.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
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
from functions.kernel.runtime import budget, clock, context, ids, observe
from functions.kernel.runtime.runtime import Port
from functions.operations import consumers, failed_messages, history_rows, run_rows
from functions.operations.cloud import LONGEST_CALL, Functions, relays, starts
from functions.operations.cloud import replays as replay_functions
from functions.operations.history_rows import FILL, OVER, Progress, Source
from functions.operations.runs import CANCELLED, DONE, RUNNING, STOPPED, Run

REPLAY = "replay"
RATE, HIGHEST_RATE = 50.0, 500.0  # messages a second
COMMITS = 200  # of one page
EVENT = "event"

# Published without a commit, because nothing changed by the command that they refuse (kernel/messaging/inbox.py): no
# history has them. Other replies are in a commit where the command changed something.
REFUSALS = (
    "CollectionRefused",
    "CustomerRefused",
    "OrderApprovalRefused",
    "OrderRejectionRefused",
    "PaymentRefused",
    "ShoppingListRefused",
    "ShoppingRefused",
)


@dataclass(frozen=True)
class Asked:
    """What is to be replayed to a consumer (a service), which must be named.

    source: whose history; without it, that of all services whose messages it knows. stream, cursor: of that service,
    one stream, or where its table is to be read from, as another replay of it shows (`next_page`). since, until: RFC
    3339, inclusive. names: commands and replies to be brought beside the events. view: to this read model alone.
    """

    to: str
    source: str = ""
    stream: str = ""
    since: str = ""
    until: str = ""
    names: tuple[str, ...] = ()
    cursor: str = ""
    view: str = ""

    @property
    def data(self) -> dict[str, Any]:
        """It as its run keeps it, without what was not asked."""
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def of(cls, run: Run) -> "Asked":
        """What a run was asked."""
        return cls(**{**run.asked, "names": tuple(run.asked.get("names", ()))})


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


def check(asked: Asked, rate: float | None) -> None:
    """Raises InvalidError for what cannot be replayed, or not to whom."""
    check_rate(rate)
    _must_have_rows(asked.to)
    if asked.source and not known(asked.source).has_history:
        raise InvalidError(f"from: {asked.source} publishes nothing")
    if (asked.stream or asked.cursor) and not asked.source:
        raise InvalidError("stream and cursor are of one service: name it with `from`")
    if asked.stream and asked.cursor:
        raise InvalidError("cursor: a stream is read from its beginning")
    if asked.cursor:
        _must_be_page(asked.cursor)
    for name, moment in (("since", asked.since), ("until", asked.until)):
        _must_be_moment(name, moment)


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
    while (here := progress.here) and clock.now() < until and budget.left() > LONGEST_CALL + budget.RESERVE:
        if run_rows.get(run.id).state != RUNNING:
            break
        source, segment = here
        started = clock.now()
        page = relays().invoke(source.service, {"history": {**_page(source, segment, progress, run.rate), **bounds}})
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
    while left:
        answer = ask(run.to, {"apply": {"messages": left, "view": view, "generation": generation}})
        for one in answer["failed"]:
            failed_messages.keep(run, one)
        failed += len(answer["failed"])
        left = left[answer["applied"] :]
    return failed


def _keep_to(rate: float, messages: int, started: datetime, until: datetime) -> None:
    """Wait as the rate wants it after so many messages."""
    due = messages / rate - (clock.now() - started).total_seconds()
    due = min(due, (until - clock.now()).total_seconds())
    if due > 0:
        clock.wait(due)


def ask(service: str, request: dict[str, Any], port: Port[Functions] = replay_functions) -> dict[str, Any]:
    """Ask the `replay` function of a service. Raises RefusedError and UnavailableError."""
    answer = port().invoke(service, request)
    if "refused" in answer:
        raise RefusedError(str(answer["refused"]))
    return answer


def _planned(run: Run, progress: Progress) -> Progress:
    asked = Asked.of(run)
    sources = sources_for(asked)
    place, cursor = history_rows.page_at(asked.cursor) if asked.cursor else (0, None)
    return replace(progress.at(FILL, sources=tuple(sources), place=place), cursor=cursor)


def sources_for(asked: Asked, port: Port[Functions] = replay_functions) -> list[Source]:
    """The services whose history a replay brings. Raises InvalidError for what its consumer makes no rows of."""
    described = described_by(asked.to, asked.view, port)
    messages = [one for view, ones in described.items() for one in ones if asked.view in ("", view)]
    unknown = sorted(set(asked.names) - {one["name"] for one in messages})
    if unknown:
        raise InvalidError(f"names: {asked.to} makes no rows of {', '.join(unknown)}")
    wanted = [one for one in messages if one["kind"] == EVENT or one["name"] in asked.names]
    sources = [
        replace(source, stream=asked.stream) for source in sources_of(wanted) if asked.source in ("", source.service)
    ]
    if not sources:
        raise InvalidError(f"{asked.to} makes no rows of what {asked.source or 'others'} published")
    return sources


def described_by(service: str, view: str, port: Port[Functions] = replay_functions) -> dict[str, list[dict[str, str]]]:
    """The messages that each read model of a service is made of. Raises InvalidError where a view is none of them."""
    described: dict[str, list[dict[str, str]]] = ask(service, {"describe": {}}, port)["views"]
    if view and view not in described:
        raise InvalidError(f"view: {service} has {', '.join(described)}")
    return described


def sources_of(messages: Iterable[dict[str, str]]) -> list[Source]:
    """The services that publish these messages, each with theirs; those that keep no history are left out."""
    found: dict[str, list[dict[str, str]]] = {}
    for one in messages:
        found.setdefault(one["source"], []).append(one)
    return [
        Source(
            service,
            only=tuple(sorted({one["name"] for one in ones})),
            names=tuple(sorted({one["name"] for one in ones if one["kind"] != EVENT})),
        )
        for service, ones in sorted(found.items())
        if known(service).has_history
    ]


def not_recoverable(sources: Iterable[Source]) -> list[str]:
    """What a run cannot bring back of what it was asked: refusals that no commit holds."""
    wanted = {name for source in sources for name in source.names}
    return [name for name in REFUSALS if name in wanted]


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


def known(service: str) -> consumers.Served:
    """A service of the deployment. Raises InvalidError."""
    found = consumers.services().get(service)
    if found is None:
        raise InvalidError(f"there is no service {service}: there are {', '.join(consumers.services())}")
    return found


def check_rate(rate: float | None) -> None:
    """Raises InvalidError for a rate that makes no sense."""
    if rate is not None and not 0 < rate <= HIGHEST_RATE:
        raise InvalidError(f"rate: above 0 and at most {HIGHEST_RATE:g} messages a second")


def _must_have_rows(service: str) -> None:
    if not known(service).has_rows:
        raise InvalidError(f"to: {service} has no read models, and a replay reaches nothing else")


def _must_be_moment(name: str, moment: str) -> None:
    try:
        if moment and clock.read(moment).tzinfo is None:
            raise ValueError(moment)
    except ValueError:
        raise InvalidError(f"{name}: a time with its zone, such as 2026-03-01T12:00:00Z") from None


def _must_be_page(cursor: str) -> None:
    try:
        history_rows.page_at(cursor)
    except ValueError:
        raise InvalidError("cursor: what another replay of the service shows as its cursor") from None
