"""The sets of forecasts and redrives: what one try found, and no try before it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.violation import Violation

ONE_TRY = "the set of a forecast or a redrive is what one try found"

PAGE = 500  # letters
Writer = tuple[str, int]  # a container, and how many invocations it had


@dataclass
class Set:
    """What a run says of its set, and its pages as they were written last, each with its writer.

    totals: by pages, who said last, until it was whole, how many letters of each there are.
    """

    total: int = 0
    life: str = ""
    is_whole: bool = False
    pages: dict[str, tuple[Writer, list[str]]] = field(default_factory=dict)
    totals: dict[int, Writer] = field(default_factory=dict)

    def say(self, data: dict[str, Any], writer: Writer) -> None:
        """A version of the run."""
        if self.is_whole:
            return
        before = self.total if self.life == data["life"] else 0  # of a forecast the final order has a life of its own
        for number in range(-(-max(before, data["total"]) // PAGE)):
            if _of_page(before, number) != _of_page(data["total"], number):
                self.totals[number] = writer
        self.total, self.life, self.is_whole = data["total"], data["life"], not data["filter"]


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Sets of which a page is of another try than that which said how many letters there are."""
    for id, found in _sets(history).items():
        if not found.is_whole:
            continue
        for number in range(-(-found.total // PAGE)):
            writer, letters = found.pages.get(f"letters {found.life} {number:04}", (("", 0), []))
            expected = _of_page(found.total, number)
            if len(letters) != expected:
                text = f"page {number} of {id} has {len(letters)} letters, and {expected} are said to be there"
                yield Violation(ONE_TRY, text, {"run": id})
            elif writer != found.totals.get(number):
                text = f"page {number} of {id} is of {writer}, its total of {found.totals.get(number)}"
                yield Violation(ONE_TRY, text, {"run": id})


def _sets(history: ParsedHistory) -> dict[str, Set]:
    sets: dict[str, Set] = defaultdict(Set)
    invocations: Counter[str] = Counter()
    for _, kind, fields in history.entries:
        if kind == "invocation":
            invocations[fields["container"]] += 1
        if kind != "row" or fields["table"] != TABLE or not fields["key"][0].startswith("run "):
            continue
        partition, sort = fields["key"]
        data, who = row_data(fields["item"]), fields.get("container", "")
        if data and sort == "run" and data["kind"] in ("forecast", "redrive"):
            sets[partition.partition(" ")[2]].say(data, (who, invocations[who]))
        elif data and sort.startswith("letters "):
            sets[partition.partition(" ")[2]].pages[sort] = (who, invocations[who]), data["letters"]
    return sets


def _of_page(total: int, number: int) -> int:
    """How many letters a page has, of so many in all."""
    return max(0, min(PAGE, total - number * PAGE))
