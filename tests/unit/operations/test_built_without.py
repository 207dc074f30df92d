"""Whether letters say that what was built lacks rows is told in one request, however many letters others have."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from functions.kernel.domain.errors import RefusedError, UnavailableError
from functions.kernel.runtime import budget
from functions.operations import rows
from functions.operations.built_without import must_lack_nothing
from functions.operations.letters import CLOSED, DONE, OPEN, STATES, Letter, letter_id
from tests.support.mappings import MemoryBacklogs
from tests.unit.operations.pausing import Operations

FAILED_HERE = "depot, generation 2: ValueError: no place for it"
FIRST, EARLIEST, LATEST = "2026-03-01T11:00:00.000000Z", "2026-03-01T10:00:00.000000Z", "2026-03-01T12:00:00.000000Z"


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LOOKED_AT", 10)


@pytest.fixture(autouse=True)
def backlogs(operations: Operations) -> MemoryBacklogs:
    return operations.backlogs


def in_time_for(pages: int) -> AbstractContextManager[object]:
    """Within the block, there is time for so many pages of letters."""
    left: Iterator[float] = iter([budget.MESSAGE] * pages)
    return budget.limited(lambda: next(left, 0.0))


def put(consumer: str, state: str = OPEN, *, reason: str = "", open_since: str = FIRST, count: int = 1) -> Letter:
    """Store so many letters; returns the last."""
    made = [letter_id(consumer, f"{state} {reason} {open_since} {number}") for number in range(count)]
    letters = [
        Letter(id, consumer, "", "{}", state=state, reason=reason, open_since=open_since, fingerprint="alike")
        for id in made
    ]
    return [rows.put(letter) for letter in letters][-1]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("consumer", ["depot/inbox", "depot/gathered", "depot/renamed"])
def test_a_letter_of_any_consumer_of_the_service_that_is_not_closed_says_so(consumer: str, state: str) -> None:
    put(consumer, state, reason=FAILED_HERE)
    if state in CLOSED:
        return must_lack_nothing("depot", "depot", 2)
    with pytest.raises(RefusedError, match=f"redrive or discard the letters of {consumer} whose reason"):
        must_lack_nothing("depot", "depot", 2)


@pytest.mark.parametrize("waiting", [(1, 0, 0), (0, 1, 0), (0, 0, 1)], ids=["visible", "in flight", "delayed"])
@pytest.mark.parametrize("queue", ["depot/inbox/dead-letters", "depot/dispatcher/dead-letters"])
def test_a_dead_letter_that_is_not_collected_yet_may_say_so(
    backlogs: MemoryBacklogs, queue: str, waiting: tuple[int, int, int]
) -> None:
    backlogs.put(queue, *waiting)
    with pytest.raises(RefusedError, match=f"{queue} has messages that are not collected yet, about 1,"):
        must_lack_nothing("depot", "depot", 2)
    must_lack_nothing("fleet", "robots", 2)
    must_lack_nothing("depot", "depot", None)


def test_what_never_reached_a_consumer_is_missing_in_no_generation_alone(backlogs: MemoryBacklogs) -> None:
    backlogs.put("depot/inbox/undelivered", 1)
    backlogs.put("depot/relay/failures", 1)
    must_lack_nothing("depot", "depot", 2)


def test_a_queue_that_cannot_be_measured_is_no_consent(backlogs: MemoryBacklogs) -> None:
    backlogs.unmeasurable.add("depot/inbox/dead-letters")
    with pytest.raises(UnavailableError):
        must_lack_nothing("depot", "depot", 2)


def test_a_letter_of_another_service_view_or_generation_does_not() -> None:
    put("search/inbox", reason=FAILED_HERE)
    put("depot/gathered", reason=FAILED_HERE)
    must_lack_nothing("depot", "depot", 1)
    must_lack_nothing("depot", "other", 2)
    must_lack_nothing("fleet", "depot", 2)


@pytest.mark.parametrize("open_since", [EARLIEST, LATEST])
@pytest.mark.parametrize(("consumer", "state"), [("search/inbox", OPEN), ("depot/inbox", DONE)])
def test_many_letters_of_others_or_many_closed_ones_do_not_keep_it_from_being_told(
    consumer: str, state: str, open_since: str
) -> None:
    put(consumer, state, count=300)
    put("depot/gathered", count=5)
    with in_time_for(8):
        must_lack_nothing("depot", "depot", 2)
    put("depot/gathered", reason=FAILED_HERE, open_since=open_since)
    with in_time_for(8), pytest.raises(RefusedError):
        must_lack_nothing("depot", "depot", 2)


def test_more_open_letters_of_the_service_than_can_be_looked_at_are_no_consent() -> None:
    put("depot/gathered", count=100)
    with in_time_for(8), pytest.raises(UnavailableError):
        must_lack_nothing("depot", "depot", 2)
