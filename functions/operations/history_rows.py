"""How far a replay or a rebuild is, in a row beside that of its run (run_rows.py), written over the one that was read.

    run <id>   history   the plan, where the next page begins, and what came of it so far

Two who advance one run at once bring a page twice, which changes nothing; then one of them is refused here and leaves
the run to the other.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.projections.projection import read
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Row
from functions.operations.runs import Run

HISTORY = "history"
KEPT = timedelta(days=180)  # as runs are
SEGMENTS = 8  # of a table that is read as a whole: shares of its keys, by which progress is told
SHOWN = 50  # differences that a run keeps

PLAN, BEGIN, FILL, COMPARE, LOOK_AGAIN, BUILT, SWITCH, DROP, OVER = (
    *("plan", "begin", "fill", "compare", "look again", "built", "switch", "drop", "over"),
)


@dataclass(frozen=True)
class Source:
    """A service whose history is brought. only: the messages that are wanted; names: those of them that are no events.

    stream: of this one alone.
    """

    service: str
    only: tuple[str, ...]
    names: tuple[str, ...] = ()
    stream: str = ""

    @property
    def segments(self) -> int:
        return 1 if self.stream else SEGMENTS


@dataclass(frozen=True)
class Comparison:
    """Of the generation that is read and of the one that was built: rows, hashes, and how many rows differ.

    Rows may differ because one was written in one generation only when they were read: these are looked at once more.
    """

    rows: tuple[int, int] = (0, 0)
    hashes: tuple[str, str] = ("0", "0")
    different: int = 0
    samples: tuple[dict[str, Any], ...] = ()

    def with_page(self, page: dict[str, Any]) -> "Comparison":
        """With what one page of the table adds."""
        hashes = (int(one, 16) + int(more, 16) for one, more in zip(self.hashes, page["hashes"], strict=True))
        first, second = (f"{one % 2**128:032x}" for one in hashes)
        return Comparison(
            (self.rows[0] + page["rows"][0], self.rows[1] + page["rows"][1]),
            (first, second),
            self.different + page["different"],
            (*self.samples, *page["samples"])[:SHOWN],
        )

    @property
    def is_equal(self) -> bool:
        """Whether no row differs."""
        return not self.different


@dataclass(frozen=True)
class Progress:
    """How far a replay or a rebuild is.

    step: what is done now. place: which source and segment of it, counted through; cursor: where its next page begins.
    messages: those that were brought. failed: those among them that are dead letters now. seconds: spent with that.
    wait_until: before that nothing is done (RFC 3339). wrong: why the last try failed, which is made again. generation,
    compared, deleted, in_pass: of a rebuild; rows deleted in all, and since the table was begun with.
    """

    step: str = PLAN
    sources: tuple[Source, ...] = ()
    place: int = 0
    cursor: str | None = None
    messages: int = 0
    failed: int = 0
    seconds: float = 0
    wait_until: str = ""
    wrong: str = ""
    generation: int | None = None
    compared: Comparison = field(default_factory=Comparison)
    deleted: int = 0
    in_pass: int = 0
    version_of_row: int = 0

    @property
    def places(self) -> int:
        """How many sources and segments there are."""
        return sum(source.segments for source in self.sources)

    @property
    def here(self) -> tuple[Source, int] | None:
        """The source and segment that is next; None when all are done."""
        place = self.place
        for source in self.sources:
            if place < source.segments:
                return source, place
            place -= source.segments
        return None

    @property
    def next_page(self) -> str:
        """Where the next page begins, for a replay that is to go on there: segment and cursor; empty at the end."""
        here = self.here
        return f"{here[1]} {self.cursor or ''}".strip() if here else ""

    @property
    def share(self) -> float | None:
        """About what part of the history was brought; None before that is known."""
        if self.step in (PLAN, BEGIN) or not self.places:
            return None
        return round(self.place / self.places, 3)

    @property
    def seconds_left(self) -> int | None:
        """About how long the rest takes, by how long the part took that is done; None before that can be told."""
        if not self.share or self.step != FILL:
            return None
        return round(self.seconds * (1 - self.share) / self.share)

    def with_page(self, cursor: str | None, messages: int, failed: int, seconds: float) -> "Progress":
        """With a page that was brought; with the next place where it was the last one of this."""
        return replace(
            self,
            cursor=cursor,
            place=self.place + (cursor is None),
            messages=self.messages + messages,
            failed=self.failed + failed,
            seconds=round(self.seconds + seconds, 3),
            wrong="",
        )

    def at(self, step: str, **changes: Any) -> "Progress":
        """At another step, from its beginning."""
        return replace(self, step=step, cursor=None, wait_until="", wrong="", **changes)


def page_at(text: str) -> tuple[int, str | None]:
    """The segment and the cursor that `next_page` names. Raises ValueError."""
    segment, _, cursor = text.partition(" ")
    if int(segment) not in range(SEGMENTS):
        raise ValueError(text)
    return int(segment), cursor or None


def progress(run: Run) -> Progress:
    """How far a run is."""
    data = read(_key(run), HISTORY)
    return msgspec.convert(data, Progress) if data else Progress()


def put(run: Run, after: Progress) -> Progress:
    """Store how far it is. Raises ConcurrencyError where another was quicker."""
    written = replace(after, version_of_row=after.version_of_row + 1)
    row = Row(_key(run), HISTORY, msgspec.to_builtins(written), expires=int((clock.now() + KEPT).timestamp()))
    if not runtime.current().views.put(row, written.version_of_row) and progress(run) != written:
        raise ConcurrencyError(f"run {run.id} is advanced by another at the same time")
    return written


def _key(run: Run) -> str:
    return f"run {run.id}"
