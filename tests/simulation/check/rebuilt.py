"""Replays, rebuilds, pauses: history reaches read models alone, and what was built answers as what was never down."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.simulation.check import generations
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.letters import DONE, TABLE, stored
from tests.simulation.check.parsed_history import SECOND, ParsedHistory, row_data
from tests.simulation.check.projections import Model, differences
from tests.simulation.check.rebuild_runs import COUNTS_BEHIND, Run, runs_of
from tests.simulation.check.records import DeadLetter, Message
from tests.simulation.check.violation import Violation

ROWS_ALONE = "a replay reaches read models only, of the one service it is for"
NO_SECOND = "no effect to the outside is repeated under a second request id by a replay, a rebuild or a forecast"
COMPLETE = "a replay brings all history to its consumer, also what was lost before"
AS_NEVER_DOWN = "a read model that was built anew answers as one that was never down"
SAME_ROWS = "two generations of a read model have the same rows, tombstones and expiry included"
SWITCHED_WHEN_BUILT = "a read model is switched once it is built, at once, by an operator"
LACKS_NOTHING = "a read model is not switched to while letters say that it lacks rows"
NONE_LEFT = "what is built of a read model belongs to a run that has not ended"
AS_WANTED = "a consumer is paused and resumed as operators want it"
READ_ONLY = "a forecast writes nothing"

REPLAYS, FORECASTS = "/replay-", "/forecast-"  # in the names of containers
BUILT = "built"
CLOSED = ("done", "discarded")
INDEX_BEHIND = 10 * SECOND  # more than the simulated cloud lets an index be behind
# A commit was surely stored when its run began, by any clock, and a transaction is under way for seconds.
BEFORE = 60 * SECOND


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """What replays, rebuilds and forecasts reach that they must not, and what they do not bring."""
    runs = runs_of(history)
    yield from _reach(history, runs)
    if history.is_quiescent and "tables" in history.final:
        yield from _complete(history, runs)
        yield from _same_rows(history, runs, deliveries)
        yield from _none_left(history, runs)
        yield from _paused(history)
    yield from _switched(history, runs)
    yield from _lacking(history, runs)


def _reach(history: ParsedHistory, runs: dict[str, Run]) -> Iterator[Violation]:
    """Whatever a container of these functions wrote, published or asked of the outside."""
    wanted = {run.asked["to"] for run in runs.values()}
    for at, kind, fields in history.entries:
        by = str(fields.get("by" if kind in ("published", "effect") else "container", ""))
        if kind not in ("commit", "row", "vault", "published", "effect") or not (REPLAYS in by or FORECASTS in by):
            continue
        service = by.partition("/")[0]
        about = {"container": by, "at": at}
        if FORECASTS in by:
            yield Violation(READ_ONLY, f"{by} made a {kind}", about)
        elif kind in ("published", "effect"):
            yield Violation(NO_SECOND, f"{by} made a {kind}", about)
        elif kind != "row" or fields["table"] != f"{service}/views" or service not in wanted:
            yield Violation(ROWS_ALONE, f"{by} made a {kind} in {fields['table']}", about)


def _complete(history: ParsedHistory, runs: dict[str, Run]) -> Iterator[Violation]:
    """Once all of a history was brought, what had been lost before excuses no row."""
    for run in runs.values():
        if not run.versions or not run.progress or not run.is_done:
            continue
        asked = run.asked
        service, source = asked["to"], asked.get("source", "")
        if set(asked) - {"to", "source", "view"}:
            continue
        began = run.versions[0][0] - BEFORE
        wanted = began if run.kind == "replay" else next((at for at, one in run.progress if one["step"] == "fill"), 0)
        is_brought = _Brought(service, source, asked.get("view", ""), wanted)
        invariant = COMPLETE if run.kind == "replay" else AS_NEVER_DOWN
        for found in differences(history, lambda message, model, b=is_brought: not b.has(message, model)):  # type: ignore[misc]
            yield Violation(invariant, f"{found.text}, after the {run.kind} {run.id}", {**found.evidence})


@dataclass
class _Brought:
    """What a run brought to a view of a service (all of them): messages of a source (all) stored before a time."""

    service: str
    source: str
    view: str
    until: int

    def has(self, message: Message, model: Model) -> bool:
        if model.service != self.service or message.commit is None or message.commit.at >= self.until:
            return False
        view = generations.view_of(f"{self.service}/views", model.key(message.data)[0])
        return self.source in ("", message.commit.service) and self.view in ("", view)


def _same_rows(history: ParsedHistory, runs: dict[str, Run], deliveries: Deliveries) -> Iterator[Violation]:
    """Of a view that was switched, as long as the generation before is kept; unless a message was lost for it.

    And of one that is built. A message that no commit holds reaches the generation alone that was there.
    """
    unmended = _unmended(history)
    once_live = _once_live(history)
    for table, view in generations.EACH:
        service = table.partition("/")[0]
        items = history.final["tables"].get(table, {})
        pointer = generations.pointer(view, row_data(items.get(generations.POINTERS)))
        others = [one["generation"] for one in pointer.get("kept", ()) if (table, view, one["generation"]) in once_live]
        building = pointer.get("building")
        is_built = any(
            run.progress and run.progress[-1][1]["step"] == BUILT and run.asked.get("view") == view
            for run in runs.values()
            if run.asked["to"] == service
        )
        if building is not None and is_built:
            others.append(building)
        if not others or service in unmended or deliveries.misses_any(service) or _has_strangers(history, service):
            continue
        live = _by_key(table, view, items, int(pointer.get("live", 0)))
        for number in others:
            other = _by_key(table, view, items, number)
            for key in sorted({*live, *other}):
                if _shown(live.get(key)) != _shown(other.get(key)):
                    text = f"the row {key[1]} of {key[0]} in {table} differs in the generation {number}"
                    about = {"row": list(key), "live": str(live.get(key)), "other": str(other.get(key))}
                    yield Violation(SAME_ROWS, text, about)


def _unmended(history: ParsedHistory) -> set[str]:
    """The services of which a message may lack in a generation: a letter is open, or another was put in its place."""
    letters = stored(history).values()
    open_ = [one.last for one in letters if one.last["state"] != DONE or one.last["sent_as"]]
    return {letter["consumer"].partition("/")[0] for letter in open_}


def _pointers(history: ParsedHistory) -> Iterator[tuple[int, str, dict[str, Any] | None]]:
    """Each version of the rows that say which generations there are: when, of which table."""
    for at, table, partition, sort, item in history.rows:
        if table in generations.VIEWS and (partition, sort) == generations.POINTERS:
            yield at, table, row_data(item)


def _once_live(history: ParsedHistory) -> set[tuple[str, str, int]]:
    """The generations that are, or were, read: others that are kept were given up, or left by their run."""
    found = {(table, view, 0) for table, view in generations.EACH}
    for _, table, data in _pointers(history):
        found |= {(table, view, number) for view, number in generations.live(table, data).items()}
    return found


def _none_left(history: ParsedHistory, runs: dict[str, Run]) -> Iterator[Violation]:
    """Whether the next rebuild gives such a generation up or not: when a run ends, and at any time after that."""
    ended = {id: next((at for at, one in run.versions if one["ended"]), history.end + 1) for id, run in runs.items()}
    built: dict[tuple[str, str], str] = {}
    for at, table, data in [*_pointers(history), *((history.end, table, None) for table in generations.VIEWS)]:
        for view in generations.VIEWS[table]:
            before = built.get((table, view), "")
            if before and ended.get(before, 0) < at:
                text = f"{table} had a generation of {view}, whose run {before} had ended"
                yield Violation(NONE_LEFT, text, {"table": table, "run": before})
            pointer = generations.pointer(view, data)
            built[table, view] = pointer["run"] if pointer.get("building") is not None else ""


def _by_key(table: str, view: str, items: Any, generation: int) -> dict[tuple[str, str], Any]:
    found = generations.of_generation(table, view, items.values(), generation)
    return {(item["partition"]["S"], item["sort"]["S"]): item for item in found}


def _shown(item: Any) -> Any:
    """What a row is, but for how it is packed: nothing, its tombstone, or its data, version, indexes and expiry."""
    if item is None:
        return None
    packed = {name: value for name, value in item.items() if name != "data"}
    return packed, row_data(item)


def _has_strangers(history: ParsedHistory, service: str) -> bool:
    """Whether a message that no commit holds came to a service."""
    return any(
        copy.queue.startswith(f"{service}/")
        and copy.message
        and copy.message.commit is None
        and copy.message.id in history.published
        for copy in history.copies.values()
    )


def _switched(history: ParsedHistory, runs: dict[str, Run]) -> Iterator[Violation]:
    """What is read changes only to what a run had built."""
    before: dict[tuple[str, str], int] = {}
    for at, table, data in _pointers(history):
        service = table.partition("/")[0]
        for view, now in generations.live(table, data).items():
            if now != before.get((table, view), 0) and not any(
                (run.asked["to"], run.asked.get("view")) == (service, view)
                and any(when <= at and one["generation"] == now and one["step"] == BUILT for when, one in run.progress)
                for run in runs.values()
            ):
                text = f"{view} of {table} is read from generation {now}, which no run built"
                yield Violation(SWITCHED_WHEN_BUILT, text)
            before[table, view] = now


def _lacking(history: ParsedHistory, runs: dict[str, Run]) -> Iterator[Violation]:
    """When an operator switched, each letter of what was built was closed, or had become one just before."""
    letters: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for at, table, partition, sort, item in history.rows:
        if table == TABLE and sort == "letter" and (data := row_data(item)):
            letters.setdefault(partition, []).append((at, data))
    for run in runs.values():
        if run.switched is None:
            continue
        until, where = run.switched
        for lacking in history.dead_letters:
            if _is_uncollected(lacking, run.asked["to"], where, until):
                text = f"{run.asked['view']} of {run.asked['to']} was switched to while what had failed in it "
                text += f"was in the dead-letter queue of {lacking.queue}"
                yield Violation(LACKS_NOTHING, text, {"run": run.id, "failed_at": lacking.at})
        for letter, versions in letters.items():
            known = [data for at, data in versions if at < until - INDEX_BEHIND][-1:]
            recent = [data for at, data in versions if until - INDEX_BEHIND <= at < until]
            if known and all(_is_of(data, run.asked["to"], where) for data in known + recent):
                text = f"{run.asked['view']} of {run.asked['to']} was switched to without the rows of {letter}"
                yield Violation(LACKS_NOTHING, text, {"run": run.id})


def _is_uncollected(letter: DeadLetter, service: str, where: str, until: int) -> bool:
    """Whether a message had failed in a generation, as SQS surely said, and was no letter yet, when it was switched."""
    is_of_service = letter.is_set_aside and letter.queue.partition("/")[0] == service
    is_named = is_of_service and str(letter.reason["reason"]).startswith(where)
    return is_named and letter.at < until - COUNTS_BEHIND and (letter.deleted is None or letter.deleted >= until)


def _is_of(letter: dict[str, Any], service: str, where: str) -> bool:
    """Whether a letter of any consumer of a service, which is not closed, says that it failed in a generation."""
    said = [letter["reason"], *(happening["detail"] for happening in letter["history"])]
    is_named = any(reason.startswith(where) for reason in said)
    is_of_service = letter["consumer"].partition("/")[0] == service
    return is_of_service and letter["state"] not in CLOSED and is_named


def _paused(history: ParsedHistory) -> Iterator[Violation]:
    """In the end each mapping is as the row of its consumer says."""
    wanted: dict[str, str] = {}
    for item in history.table(TABLE):
        if item["partition"]["S"] == "consumers":
            data = row_data(item) or {}
            wanted[data["consumer"]] = data["wanted"]
    for queue, want in wanted.items():
        is_paused = any(end > history.end for _, end in history.pauses.get(queue, ()))
        if is_paused != (want == "paused"):
            text = f"{queue} is {'paused' if is_paused else 'running'} in the end, and is to be {want}"
            yield Violation(AS_WANTED, text, {"queue": queue})
