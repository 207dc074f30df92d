"""The audit: what people ask for is noted before it is done, and then with the status that it was answered with."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.check.parsed_history import ParsedHistory, plain
from tests.simulation.check.violation import Violation

NOTED_AGAIN = "what is noted as asked is noted with its answer too, unless its function ended before that"
NOTED_AS = "what is noted of an answer is its status"

AUDIT = "operations/audit"
ASKED = "asked"


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """What was asked and not noted as answered, and what was noted as answered otherwise."""
    rows = [plain(item) for where, item in history.final.get("held", ()) if where == AUDIT]
    asked = {row["id"]: row for row in rows if row["outcome"] == ASKED}
    answered = {row["id"] for row in rows if row["outcome"] != ASKED}
    ended = _ended(history)
    for id, row in asked.items():
        place = row["action"].partition(" ")[0], row["path"]
        if id in answered:
            continue
        if not ended[place]:
            text = f"{' '.join(place)} of {row['actor']} is noted as asked alone"
            yield Violation(NOTED_AGAIN, text, {"flow": row["correlation_id"]})
        ended[place] -= 1
    noted = Counter(
        (row["actor"], row["action"].partition(" ")[0], row["path"]) for row in rows if row["outcome"] == "200"
    )
    known = {(row["actor"], row["action"].partition(" ")[0], row["path"]) for row in asked.values()}
    accepted = Counter(
        (request.who, request.method, request.path.partition("?")[0])
        for request in history.requests.values()
        if request.accepted
    )
    for said in sorted(known):
        if accepted[said] > noted[said]:
            text = f"{' '.join(said)} was accepted {accepted[said]} times, and is noted as accepted {noted[said]} times"
            yield Violation(NOTED_AS, text, {"who": said[0]})


def _ended(history: ParsedHistory) -> Counter[tuple[str, str]]:
    """How many requests of each method and path had an invocation that ended before it had answered."""
    open_: dict[str, str] = {}
    found: Counter[tuple[str, str]] = Counter()
    for _, kind, fields in history.entries:
        if kind == "invocation":
            open_[fields["container"]] = next(iter(fields.get("cause") or ()), "")
        elif kind == "ended" and fields["how"] == "ok":
            open_.pop(fields["container"], None)
        elif kind == "ended":
            found[_place(history, open_.pop(fields["container"], ""))] += 1
    for cause in open_.values():
        found[_place(history, cause)] += 1
    return found


def _place(history: ParsedHistory, cause: str) -> tuple[str, str]:
    request = history.requests.get(cause)
    return (request.method, request.path.partition("?")[0]) if request else ("", "")
