"""Forecasts: once no fault strikes, what was forecast of a letter is what becomes of it.

A redrive that follows a forecast sends the letters in its order. Each letter is judged by its first attempt, and only
where all that the forecast went by was as it is then: since it began nobody wrote of what the letter names, but for the
letters before it, which became what was forecast.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import SECOND, ParsedHistory, row_data
from tests.simulation.check.violation import Violation

COMES_TRUE = "without faults, what was forecast of a letter is what becomes of it"
TOLD = "without faults, no forecast is left open for want of an answer, a read or time"

DONE, FAILING = "done", "failing"  # as a consumer says what became of a letter
PASSES, REFUSED, WAITS, FAILS, CANNOT_TELL = "passes", "refused", "waits", "fails", "cannot tell"
FOR_OTHERS = ("what it is about: ", "newer code: ")  # what is waited for that time alone does not bring
NOT_TOLD = ("not answer", "could not be read", "has time for")  # why it cannot tell
ASKED_BY_NONE = {"insights", "search", "live"}  # what these write no handler of another service reads or asks for
BEHIND = SECOND  # more than an index is behind without faults
REPLIED = 60 * SECOND  # from the first attempt until the reply to a command is on the bus
# Whose handlers decide by what is stored alone, whenever a message comes, but for reminders.
BY_STATE = {f"{service}/inbox" for service in ("baskets", "customers", "depot", "ordering", "payments")}
Written = list[tuple[str, list[str]]]
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class Forecast:
    """When it began, and by positions in its set what was said of each letter."""

    began: int
    said: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Sent:
    """A letter that a redrive sent: when, in which message, to which queue, and what was said to become of it."""

    at: int
    message: str
    queue: str
    body: str
    told: list[tuple[int, str]] = field(default_factory=list)

    @property
    def named(self) -> set[str]:
        return set(ID.findall(self.body))


@dataclass
class Invocation:
    """Which messages it handles, and whether it met another writer of the same stream."""

    causes: frozenset[str]
    met_others: bool = False


@dataclass
class Work:
    """What was done since the first forecast.

    sent: letters, by redrive and letter. attempts: at each message. writes: when, of which service, what it names, and
    by which invocation. published: when, and which message.
    """

    sent: dict[str, dict[str, Sent]] = field(default_factory=lambda: defaultdict(dict))
    attempts: dict[str, list[Invocation]] = field(default_factory=lambda: defaultdict(list))
    writes: list[tuple[int, str, set[str], Invocation]] = field(default_factory=list)
    published: list[tuple[int, str]] = field(default_factory=list)


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Forecasts that were wrong, or left open, although nothing struck."""
    forecasts, redrives = _runs(history)
    for id, forecast in forecasts.items():
        for answer in forecast.said.values():
            why = str(answer["detail"].get("why", ""))
            if answer["answer"] == CANNOT_TELL and any(one in why for one in NOT_TOLD):
                yield Violation(TOLD, f"the forecast {id} of {answer['id']} was left open: {why}", {"forecast": id})
    if not redrives:
        return
    work = _work(history, min(forecasts[one].began for one in redrives.values()) - BEHIND)
    for run, followed in redrives.items():
        for answer, became in _wrong(history, forecasts[followed], work.sent[run], work):
            text = f"letter {answer['id']} of {run} became {became}, and was forecast: {answer['answer']}"
            yield Violation(COMES_TRUE, text, {"redrive": run, "answer": answer})


def _runs(history: ParsedHistory) -> tuple[dict[str, Forecast], dict[str, str]]:
    """The forecasts that began once no fault struck any more, and the redrives that follow one of them."""
    forecasts: dict[str, Forecast] = {}
    redrives: dict[str, str] = {}
    for at, table, partition, sort, item in history.rows:
        if table != TABLE or at < history.faults_ended_at or not partition.startswith("run "):
            continue
        id, data = partition.partition(" ")[2], row_data(item)
        if not data:
            continue
        if sort == "run" and data["kind"] == "forecast":
            forecasts.setdefault(id, Forecast(at))
        elif sort == "run" and data["kind"] == "redrive" and data["asked"]["forecast"] in forecasts:
            redrives[id] = data["asked"]["forecast"]
        elif sort.startswith("answers ") and id in forecasts:
            forecasts[id].said |= dict(enumerate(data["answers"], data["position"]))
    return forecasts, redrives


def _work(history: ParsedHistory, since: int) -> Work:
    work, current, idle = Work(), dict[str, Invocation](), Invocation(frozenset())
    for at, kind, fields in history.entries:
        if kind == "invocation":
            current[fields["container"]] = Invocation(frozenset(fields["cause"] or ()))
            for cause in fields["cause"] or ():
                work.attempts[cause].append(current[fields["container"]])
        elif kind == "ended":
            current.pop(fields["container"], None)
        elif at < since:
            continue
        elif kind in ("commit", "row", "vault"):
            by = current.get(fields["container"], idle)
            service = fields["table"].partition("/")[0]
            if service != "operations":
                work.writes.append((at, service, _named(kind, fields), by))
        elif kind in ("conflict", "busy") and fields["container"] in current:
            current[fields["container"]].met_others = True
        elif kind == "published":
            work.published.append((at, fields.get("name", "")))
        elif kind == "sent" and "letter" in fields:
            sent = Sent(at, fields["message"], fields["queue"], fields["body"])
            work.sent[fields["run"].rpartition("/")[0]].setdefault(fields["letter"], sent)
        elif kind == "sent" and fields["queue"] == "operations/outcomes" and '"outcome"' in fields["body"]:
            told = json.loads(fields["body"])
            if letter := work.sent[told["run"].rpartition("/")[0]].get(told["letter"]):
                letter.told.append((at, told["outcome"]))
    return work


def _named(kind: str, write: dict[str, Any]) -> set[str]:
    """The ids that a write names in its key or in what is written."""
    packed = row_data(write["item"]) if kind == "row" else None
    return set(ID.findall(f"{write['key']} {write['item']} {packed}"))


def _wrong(
    history: ParsedHistory, forecast: Forecast, letters: dict[str, Sent], work: Work
) -> Iterator[tuple[dict[str, Any], str]]:
    """The answers that were wrong, and what became of these letters."""
    before: list[Sent] = []
    unsure: set[str] = set()  # what letters name that did not become what was forecast, or may not have
    for _, answer in sorted(forecast.said.items()):
        letter = letters.get(answer["id"])
        if letter is None:
            return
        if not letter.told or answer["answer"] == CANNOT_TELL:
            unsure |= letter.named
        elif _is_true(history, answer, letter, work):
            before.append(letter)
        else:
            if letter.named and not letter.named & unsure and not _is_overtaken(forecast, letter, before, work):
                yield answer, letter.told[0][1]
            unsure |= letter.named


def _is_overtaken(forecast: Forecast, letter: Sent, before: list[Sent], work: Work) -> bool:
    """Whether its first attempt met another writer, or others wrote of what it names, since the forecast began.

    Of the letters before it, those count as others of which nothing was known yet when it was sent: they may come late.
    """
    attempts, service, named = work.attempts[letter.message], letter.queue.partition("/")[0], letter.named
    known = {letter.message, *(one.message for one in before if one.told[0][0] < letter.at)}
    others = (
        (owner, by)
        for at, owner, ids, by in work.writes
        if forecast.began - BEHIND < at <= letter.told[0][0] and named & ids
    )
    return (
        not attempts
        or any(one.met_others for one in attempts)
        or any(
            (owner == service or owner not in ASKED_BY_NONE) and not (by.causes and by.causes <= known)
            for owner, by in others
        )
    )


def _is_true(history: ParsedHistory, answer: dict[str, Any], letter: Sent, work: Work) -> bool:
    (at, became), said, detail = letter.told[0], answer["answer"], answer["detail"]
    if said == WAITS:
        return became == FAILING or not detail["for"].startswith(FOR_OTHERS)
    if said == FAILS:
        return became != DONE
    replies = {name for when, name in work.published if letter.at <= when <= at + REPLIED}
    is_answered = said == PASSES or detail["reply"] in replies
    return became == DONE and is_answered and _wrote(history, letter) in (None, _to_write(detail))


def _wrote(history: ParsedHistory, letter: Sent) -> Written | None:
    """The commits that its first attempt led to; None where that may depend on the time."""
    message = history.copies[letter.message].message
    if message is None or message.delay is not None or letter.queue not in BY_STATE:
        return None
    return sorted(
        (one.stream, [event.name for event in one.events])
        for one in history.commits
        if one.causation == message.id and letter.at <= one.at <= letter.told[0][0]
    )


def _to_write(detail: dict[str, Any]) -> Written:
    return sorted((one["stream"], one["events"]) for one in detail["writes"])
