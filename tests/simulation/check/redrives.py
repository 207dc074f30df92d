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
    first_told, done_told: when a consumer said first what became of it, and that it was handled. at_once: what no
    queue had, for a relay published it: since when its outcome is known, which, and to whom.
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
    at_once: dict[int, tuple[int, str, str]] = field(default_factory=dict)

    def states(self) -> Iterator[tuple[int, int, str]]:
        """From when until when it was in which state."""
        for (at, data), (until, _) in zip(self.versions, [*self.versions[1:], (1 << 62, {})], strict=True):
            yield at, until, data["state"]


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Redrives that send what they must not, or too soon, or do not know what became of it."""
    runs = _runs(history)
    if not runs:
        return
    letters = stored(history)
    _read_at_once(history, runs)
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


def _read_at_once(history: ParsedHistory, runs: dict[str, Run]) -> None:
    """Of letters that were claimed and in no queue: their rows say what became of them."""
    claims: dict[str, str] = {}
    for at, kind, fields in history.entries:
        if kind != "row" or fields["table"] != TABLE or not fields["key"][0].startswith("letter "):
            continue
        data = row_data(fields["item"]) if fields["key"][1] == "letter" else None
        if not data:
            continue
        id, _, position = claims.pop(fields["key"][0], "").rpartition("/")
        if data["state"] == REDRIVING:
            claims[fields["key"][0]] = data["run"]
        elif id in runs and int(position) not in runs[id].sent:
            outcome = "done" if data["state"] == "done" else "dead"
            runs[id].at_once[int(position)] = at, outcome, fields.get("container", "")


def _ramp(run: Run) -> Iterator[tuple[str, str]]:
    """Of a run whose ramp never began again. A letter that came back as a dead letter is told by its row alone."""
    if any(data["ramp_from"] for _, data in run.versions):
        return
    known = {position: at for position, (at, _, _) in run.at_once.items()}
    sent, first_told = {**run.sent, **known}, {**run.first_told, **known}
    order = sorted(sent, key=lambda position: (sent[position], position))
    begin = 0
    for size in (*STEPS, None):
        step = order[begin : begin + size] if size else []
        later = order[begin + size :] if size else []
        untold = [position for position in step if later and position not in first_told]
        if later:
            begins = sent[later[0]]
            late = [position for position in step if first_told.get(position, begins) > begins]
            if late and not untold:
                yield (
                    RAMP,
                    f"letter {later[0]} of {run.id} was sent before {len(late)} of the step before had an outcome",
                )
        begin += size or 0
    yield from _stops(run, order)


def _stops(run: Run, order: list[int]) -> Iterator[tuple[str, str]]:
    """Nothing is sent while too many of the outcomes that the redriver has taken are failures.

    A worker looks at the outcomes that it has taken before it sends. Another may have looked before. What failed and
    was handled since is no failure: it may be known to who sends.
    """
    stop_at = run.versions[0][1]["stop_at"]
    taken = [*run.taken, *((at, position, what, who) for position, (at, what, who) in run.at_once.items())]
    for position in (one for one in order if one in run.sent):
        at, sender = run.sent[position], run.senders[position]
        known = {n: what for since, n, what, who in sorted(taken) if since + (0 if who == sender else AT_WORK) < at}
        done = [*run.done_told.items(), *((n, since) for n, (since, what, _) in run.at_once.items() if what == "done")]
        known |= {n: "done" for n, since in done if since < at}
        judged = [known[one] for one in order if one in known][-JUDGED:]
        failures = sum(one in FAILED for one in judged)
        if failures >= LEAST_FAILURES and failures / len(judged) >= stop_at:
            yield STOPS, f"{run.id} sent letter {position} after {failures} of {len(judged)} had failed"
            return


def _halted(run: Run) -> Iterator[tuple[str, str]]:
    for begin, until, state in run.states():
        if state in ("paused", "stopped", "cancelled", "done"):
            late = [position for position, at in run.sent.items() if begin + LOOKED < at < until]
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
    """There are no more redrives than requests under different keys, and each key is answered with one."""
    by_key: dict[tuple[str, str], set[str]] = defaultdict(set)
    for request in history.requests.values():
        if request.method == "POST" and request.path == "/api/operations/redrives":
            of_key = by_key[request.who, request.key or request.id]
            of_key |= {request.answer["id"]} if request.accepted else set()
    for (who, key), ids in by_key.items():
        if len(ids) > 1:
            yield Violation(ONCE, f"{who} began {len(ids)} redrives under the key {key}", {"runs": sorted(ids)})
    if len(runs) > len(by_key):
        yield Violation(ONCE, f"{len(runs)} redrives were begun by requests under {len(by_key)} keys")
