"""Redrives: they go in a ramp, stop by themselves, and end with what became of each letter.

What a run knows of its letters is what its rows show: a text with a character for each letter of the set. What was sent
is what queues took, with the letter and its place in a run as attributes.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.letters import REDRIVING, TABLE, stored
from tests.simulation.check.parsed_history import SECOND, ParsedHistory, row_data
from tests.simulation.check.violation import Violation

RAMP = "a redrive goes in steps of 1, 2, 5, 20 and 50: each begins when the one before has its outcomes"
STOPS = "a redrive stops by itself when too many letters fail"
HALTED = "a redrive that is paused, stopped or cancelled sends nothing more"
OUTCOME = "each letter that was sent shows what became of it"
LIMITED = "a letter is sent back no more often than its redrive allows"
ONCE = "a redrive that is asked for twice under one key is one"
OWN_SET = "a redrive sends letters of its set, which stays as it was shown"

ROUTE = "/api/operations/redrives"
STEPS = (1, 2, 5, 20, 50)
FAILED, LEAST_FAILURES, JUDGED = ("failing", "dead"), 2, 100
# A worker of the redriver that had looked before may send what it has claimed: it lives for 60 s at most.
AT_WORK = 60 * SECOND
LOOKED = 20 * SECOND  # between its look at a run, and the send of what it has claimed


@dataclass
class Run:
    """A redrive: the versions of its row, its set by pages, and by positions when each letter was sent first.

    letters, senders: which, and by which container. told: the outcome that the redriver took last; taken: all,
    with the container that took each.
    first_told, done_told: when a consumer said first what became of it, and that it was handled. back: since when a
    letter's row says what became of it, what, and who wrote that. claims: when it was claimed, and by whom. looks: when
    a container had marked what it had sent, so that it looks at the run before it claims more.
    """

    id: str
    versions: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    pages: dict[str, list[tuple[int, list[str]]]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[int, int] = field(default_factory=dict)
    letters: dict[int, str] = field(default_factory=dict)
    senders: dict[int, str] = field(default_factory=dict)
    told: dict[int, tuple[int, str]] = field(default_factory=dict)
    taken: list[tuple[int, int, str, str]] = field(default_factory=list)
    first_told: dict[int, int] = field(default_factory=dict)
    done_told: dict[int, int] = field(default_factory=dict)
    back: dict[int, tuple[int, str, str]] = field(default_factory=dict)
    claims: dict[int, tuple[int, str]] = field(default_factory=dict)
    looks: list[tuple[int, str]] = field(default_factory=list)

    @property
    def at_once(self) -> dict[int, tuple[int, str, str]]:
        """Of `back`, letters that no queue had, for a relay published them."""
        return {position: told for position, told in self.back.items() if position not in self.sent}

    def states(self) -> Iterator[tuple[int, int, str]]:
        """From when until when it was in which state, however often its row was written meanwhile."""
        changes = [
            (at, data["state"])
            for place, (at, data) in enumerate(self.versions)
            if not place or self.versions[place - 1][1]["state"] != data["state"]
        ]
        for (at, state), (until, _) in zip(changes, [*changes[1:], (1 << 62, "")], strict=True):
            yield at, until, state


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Redrives that send what they must not, or too soon, or do not know what became of it."""
    runs = _runs(history)
    if not runs:
        return
    letters = stored(history)
    _read_claims(history, runs)
    for run in runs.values():
        about = {"run": run.id}
        for invariant, text in (*_ramp(run), *_halted(run), *_limited(run, letters), *_set(run)):
            yield Violation(invariant, text, about)
        if history.is_quiescent:
            for invariant, text in _outcomes(run, letters):
                yield Violation(invariant, text, about)
    yield from _asked_once(history, runs)


def _runs(history: ParsedHistory) -> dict[str, Run]:
    runs: dict[str, Run] = {}
    outcomes: dict[str, dict[str, Any]] = {}
    for at, kind, fields in history.entries:
        if kind == "row" and fields["table"] == TABLE and fields["key"][0].startswith("run "):
            _read_row(at, fields, runs)
        elif kind == "sent" and "letter" in fields:
            id, _, position = fields["run"].rpartition("/")
            if id in runs:
                runs[id].sent.setdefault(int(position), at)
                runs[id].senders.setdefault(int(position), fields.get("container", ""))
                runs[id].letters[int(position)] = fields["letter"]
        elif kind == "sent" and fields["queue"] == "operations/outcomes" and '"outcome"' in fields["body"]:
            outcomes[fields["message"]] = json.loads(fields["body"])
            told = outcomes[fields["message"]]
            id, _, position = told["run"].rpartition("/")
            if id in runs:
                runs[id].first_told.setdefault(int(position), at)
                if told["outcome"] == "done":
                    runs[id].done_told.setdefault(int(position), at)
        elif kind == "deleted" and fields["message"] in outcomes:
            told = outcomes[fields["message"]]
            id, _, position = told["run"].rpartition("/")
            if id in runs and runs[id].told.get(int(position), (0, ""))[1] != "done":
                runs[id].told[int(position)] = at, told["outcome"]
                runs[id].taken.append((at, int(position), told["outcome"], fields.get("container", "")))
    return {id: run for id, run in runs.items() if run.versions and run.versions[0][1]["kind"] == "redrive"}


def _read_row(at: int, fields: dict[str, Any], runs: dict[str, Run]) -> None:
    partition, sort = fields["key"]
    data = row_data(fields["item"])
    if not data:
        return
    id = partition.partition(" ")[2]
    run = runs.setdefault(id, Run(id))
    if sort == "run":
        run.versions.append((at, data))
    elif sort.startswith("letters "):
        run.pages[sort].append((at, data["letters"]))


def _read_claims(history: ParsedHistory, runs: dict[str, Run]) -> None:
    """When letters were claimed and marked, and when their rows said what became of them."""
    claims: dict[str, str] = {}
    unmarked: set[tuple[str, str]] = set()  # containers that have claimed letters of a run
    for at, kind, fields in history.entries:
        who = fields.get("container", "")
        if kind == "invocation":
            unmarked = {one for one in unmarked if one[1] != who}
        if kind != "row" or fields["table"] != TABLE:
            continue
        partition, sort = fields["key"]
        what, _, id = partition.partition(" ")
        if what == "run" and sort.startswith("states ") and (id, who) in unmarked:
            unmarked.discard((id, who))
            runs[id].looks.append((at, who))
        data = row_data(fields["item"]) if (what, sort) == ("letter", "letter") else None
        if not data:
            continue
        before, place = claims.pop(id, ""), data["run"] if data["state"] == REDRIVING else ""
        if before and place != before:
            _note(runs, before, "back", (at, "done" if data["state"] == "done" else "dead", who))
        if place:
            claims[id] = place
            if place != before and _note(runs, place, "claims", (at, who)):
                unmarked.add((place.rpartition("/")[0], who))


def _note(runs: dict[str, Run], place: str, where: str, what: Any) -> bool:
    """Keep what is known first of a place of a run, if it is a redrive that is known."""
    id, _, position = place.rpartition("/")
    if id in runs:
        getattr(runs[id], where).setdefault(int(position), what)
    return id in runs


def _ramp(run: Run) -> Iterator[tuple[str, str]]:
    """Of a run whose ramp never began again. A letter that came back as a dead letter is told by its row alone."""
    if any(data["ramp_from"] for _, data in run.versions):
        return
    sent = {**run.sent, **{position: at for position, (at, _, _) in run.at_once.items()}}
    known = {position: at for position, (at, _, _) in run.back.items()}
    for position, at in run.first_told.items():
        known[position] = min(at, known.get(position, at))
    order = sorted(sent, key=lambda position: (sent[position], position))
    begin = 0
    for size in STEPS:
        step, later = order[begin : begin + size], order[begin + size :]
        late = [position for position in step if later and known.get(position, 1 << 62) > sent[later[0]]]
        if late:
            text = f"letter {later[0]} of {run.id} was sent before {len(late)} of the step before had an outcome"
            yield RAMP, text
        begin += size
    yield from _stops(run, order)


def _stops(run: Run, order: list[int]) -> Iterator[tuple[str, str]]:
    """Nothing is sent while too many of the outcomes that the redriver has taken are failures.

    A worker looks at the outcomes that it has taken before it claims what it sends. Another may have looked before.
    What was claimed is sent all the same: it may have been sent before a crash. What failed and was handled since is no
    failure: it may be known to who sends.
    """
    stop_at = run.versions[0][1]["stop_at"]
    taken = [*run.taken, *((at, position, what, who) for position, (at, what, who) in run.at_once.items())]
    for position in (one for one in order if one in run.sent):
        at, sender = run.claims.get(position, (run.sent[position], run.senders[position]))
        known = {n: what for since, n, what, who in sorted(taken) if since + (0 if who == sender else AT_WORK) < at}
        done = [*run.done_told.items(), *((n, since) for n, (since, what, _) in run.at_once.items() if what == "done")]
        known |= {n: "done" for n, since in done if since < at}
        judged = [known[one] for one in order if one in known][-JUDGED:]
        failures = sum(one in FAILED for one in judged)
        if failures >= LEAST_FAILURES and failures / len(judged) >= stop_at:
            yield STOPS, f"{run.id} sent letter {position} after {failures} of {len(judged)} had failed"
            return


def _halted(run: Run) -> Iterator[tuple[str, str]]:
    """What was claimed before may still be sent: a letter is not on its way for ever."""
    for begin, until, state in run.states():
        if state in ("paused", "stopped", "cancelled", "done"):
            late = [
                position
                for position, (at, who) in run.claims.items()
                if begin < at < until
                and (at > begin + LOOKED or any(who == one and begin < look < at for look, one in run.looks))
            ]
            if late:
                yield HALTED, f"{run.id} is {state}, and sent {len(late)} letters"


def _limited(run: Run, letters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    cap = run.versions[0][1]["cap"]
    for position, at in run.sent.items():
        letter = letters.get(run.letters[position])
        claims = [data for data in letter.before(at) if data["run"] == f"{run.id}/{position}"] if letter else []
        if claims and claims[0]["redrives"] > cap:
            yield LIMITED, f"{run.id} sent a letter for the {claims[0]['redrives']}th time, and may {cap} times"


def _set(run: Run) -> Iterator[tuple[str, str]]:
    """Once it is running, its set stays as it was, and it sends what is in it.

    Not of the set are pages of another life, of a request that was repeated and found the run there already, and what
    an earlier try wrote beyond its total.
    """
    gathered = next((at for at, data in run.versions if not data["filter"]), None)
    if gathered is None:
        return
    total, life = next((data["total"], data["life"]) for at, data in run.versions if at == gathered)
    own = [run.pages[sort] for sort in sorted(run.pages) if sort.startswith(f"letters {life} ")]
    ids = [id for pages in own for id in pages[-1][1]][:total]
    if any(at > gathered for pages in own for at, _ in pages):
        yield OWN_SET, f"the set of {run.id} was written after it had begun"
    if len(ids) != total or len(set(ids)) != len(ids):
        yield OWN_SET, f"{run.id} has {len(ids)} letters, {len(set(ids))} of them different, and says {total}"
    for position, letter in run.letters.items():
        if position >= len(ids) or ids[position] != letter:
            yield OWN_SET, f"{run.id} sent {letter} as letter {position} of its set"


def _outcomes(run: Run, letters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """In the end no letter is on its way, and what was told last is what its history says."""
    for position in run.sent:
        letter = letters.get(run.letters[position])
        if letter is None:
            continue
        last = letter.last
        if last["state"] == REDRIVING and last["run"] == f"{run.id}/{position}":
            yield OUTCOME, f"letter {letter.id} was sent by {run.id}, and nothing is known of it"
        if run.told.get(position, (0, ""))[1] == "done" and not any(
            one["what"] == "done" for _, data in letter.versions for one in data["history"]
        ):
            yield OUTCOME, f"letter {letter.id} was handled, and does not say so"


def _asked_once(history: ParsedHistory, runs: dict[str, Run]) -> Iterator[Violation]:
    """What is begun by requests under one key of one client is one redrive, and they are answered with it."""
    by_key: dict[tuple[str, str], set[str]] = defaultdict(set)
    serves: dict[str, str] = {}
    for _, kind, fields in history.entries:
        if kind == "invocation" and fields["cause"]:
            serves[fields["container"]] = fields["cause"][0]
        if kind == "row" and fields["table"] == TABLE and fields["key"][1] == "run":
            id, request = fields["key"][0].partition(" ")[2], history.requests.get(serves.get(fields["container"], ""))
            if id in runs and request and (request.method, request.path) == ("POST", ROUTE):
                by_key[request.who, request.key or request.id].add(id)
    for request in history.requests.values():
        if (request.method, request.path) == ("POST", ROUTE) and request.accepted:
            by_key[request.who, request.key or request.id].add(request.answer["id"])
    for (who, key), ids in by_key.items():
        if len(ids) > 1:
            yield Violation(ONCE, f"{who} began {len(ids)} redrives under the key {key}", {"runs": sorted(ids)})
