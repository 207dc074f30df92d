"""The rows of a forecast beside those of its run (run_rows.py): how far it is, what was answered, and the overlay.

    run <id>   progress                        how far it is; written over the version that was read, or not at all
    run <id>   answers <life> 000000           what is said of some letters, from this position of the set on
    run <id>   overlay <life> 000000 00        a part of the overlay with which this position begins

One worker at a time advances a forecast, who has its lease in the progress.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.projections.projection import read, read_many, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.json_text import compact
from functions.kernel.runtime.json_text import read as read_json
from functions.kernel.runtime.views import Row
from functions.operations.fingerprints import without_values
from functions.operations.runs import Run

PROGRESS = "progress"
PART = 300_000  # characters of an overlay's JSON in one item, which holds 400 KB
TOGETHER = 50  # answers of a row
SAMPLES = 3  # letters shown of each answer
REASONS = 50  # kinds of answers that are counted apart
KEPT = timedelta(days=180)  # as runs are

Answer = dict[str, Any]


@dataclass(frozen=True)
class Progress:
    """How far a forecast is.

    position: the first letter without an answer. service: whose letter had the last answer. parts: of the overlay that
    this service begins the next letter with. failures: how often the function that is asked failed at this position.
    alone_until: the position before which letters are asked about one by one, as an invocation about them failed: one
    that makes it fail costs no other its answer. silent: the function that does not answer at all, whose letters are
    left open. lost: how many letters in a row failed so that they were left open, by the one function that was asked.
    counts: letters by answer; reasons: by answer and its reason without values. samples: letters and details
    by answer. codes: the versions of the code that answered, by service. worker, until: who advances it, and until when
    no other does.
    """

    position: int = 0
    service: str = ""
    parts: int = 0
    failures: int = 0
    alone_until: int = 0
    silent: str = ""
    lost: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[Answer]] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    worker: str = ""
    until: str = ""
    version_of_row: int = 0

    def with_answers(self, answers: Sequence[Answer], code: str) -> "Progress":
        """The progress with what was answered counted."""
        counts, reasons = Counter(self.counts), Counter(self.reasons)
        samples = {answer: list(shown) for answer, shown in self.samples.items()}
        for one in answers:
            counts[one["answer"]] += 1
            reason = without_values(in_words(one))
            reasons[reason if reason in reasons or len(reasons) < REASONS else one["answer"]] += 1
            shown = samples.setdefault(one["answer"], [])
            if len(shown) < SAMPLES:
                shown.append(one)
        codes = {**self.codes, self.service: code} if code else self.codes
        return replace(self, counts=dict(counts), reasons=dict(reasons), samples=samples, codes=codes)


def in_words(answer: Answer) -> str:
    """An answer with its reason, for people: `waits for newer code: …`."""
    detail = answer["detail"]
    if answer["answer"] == "fails":
        return f"fails: {detail['error']}: {detail['reason']}"
    if answer["answer"] == "waits":
        return f"waits for {detail['for']}"
    why = detail.get("why") or detail.get("reason")
    return f"{answer['answer']}: {why}" if why else str(answer["answer"])


def progress(run: Run) -> Progress:
    """How far a forecast is."""
    data = read(_key(run), PROGRESS)
    return msgspec.convert(data, Progress) if data else Progress()


def put(run: Run, after: Progress) -> Progress:
    """Store how far it is. Raises ConcurrencyError where another was quicker."""
    written = replace(after, version_of_row=after.version_of_row + 1)
    data = msgspec.to_builtins(written)
    if not _write(run, PROGRESS, data, written.version_of_row) and progress(run) != written:
        raise ConcurrencyError(f"the forecast {run.id} is made by another at the same time")
    return written


def overlay(run: Run, at: Progress) -> Any:
    """The overlay with which the next letter begins; None where there is none."""
    keys = [_overlay_key(run, at.position, part) for part in range(at.parts)]
    found = read_many(keys, consistent=True)
    return read_json("".join(found[key]["text"] for key in keys)) if keys else None


def put_overlay(run: Run, position: int, content: Any) -> int:
    """Store the overlay with which a position begins, and return the number of its parts."""
    text = compact(content)
    parts = [text[begin : begin + PART] for begin in range(0, len(text), PART)]
    for number, part in enumerate(parts):
        _replace(run, _overlay_key(run, position, number)[1], {"text": part})
    return len(parts)


def drop_overlay(run: Run, before: Progress) -> None:
    """Delete an overlay that nothing begins with any more."""
    for part in range(before.parts):
        runtime.current().views.delete(*_overlay_key(run, before.position, part))


def put_answers(run: Run, position: int, answers: Sequence[Answer]) -> None:
    """Store what is said of letters, from a position on."""
    for begin in range(0, len(answers), TOGETHER):
        row = {"position": position + begin, "answers": list(answers[begin : begin + TOGETHER])}
        _replace(run, f"answers {run.life} {position + begin:06}", row)


def answers(run: Run, first: int = 0) -> Iterator[tuple[int, Answer]]:
    """What is said of letters from a position of the set on, each with its position."""
    begin = max(0, first - TOGETHER + 1)  # the row that has the position may begin so much before it
    found = rows(_key(run), first=f"answers {run.life} {begin:06}", last=f"answers {run.life} ~", consistent=True)
    for row in found:
        for position, answer in enumerate(row["answers"], row["position"]):
            if position >= first:
                yield position, answer


def _replace(run: Run, sort: str, data: dict[str, Any]) -> None:
    """Write a row in the place of one that a worker left which came to no end."""
    runtime.current().views.delete(_key(run), sort)
    _write(run, sort, data, 1)


def _write(run: Run, sort: str, data: dict[str, Any], version: int) -> bool:
    expires = int((clock.now() + KEPT).timestamp())
    return runtime.current().views.put(Row(_key(run), sort, data, expires=expires), version)


def _overlay_key(run: Run, position: int, part: int) -> tuple[str, str]:
    return _key(run), f"overlay {run.life} {position:06} {part:02}"


def _key(run: Run) -> str:
    return f"run {run.id}"
