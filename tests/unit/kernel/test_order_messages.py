"""What an owner answers about an order's messages: all of them, each once, by answers that each read a bounded part."""

from collections.abc import Iterator, Sequence

import pytest

from events.queries import MessagesFound
from functions.kernel.domain.aggregate import Unchanged
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging import order_messages
from functions.kernel.messaging.order_messages import READS
from functions.kernel.runtime import ids
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.runtime import active
from tests.support.runtime import memory_runtime
from tests.unit.kernel.test_relay import store_created

STREAM = "Order#order-1"
AT_ONCE = 200 * READS  # commits that one answer reads


class CountingStore(MemoryEventStore):
    """Counts the pages that are read of streams."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def page(self, stream: str, after: int, limit: int) -> tuple[list[Commit], int | None]:
        self.reads += 1
        return super().page(stream, after, limit)


@pytest.fixture
def store() -> Iterator[CountingStore]:
    store = CountingStore()
    with active(memory_runtime("ordering", store=store)):
        yield store


def fill(store: CountingStore, commits: int, saying: Sequence[int], stream: str = STREAM) -> list[str]:
    """So many commits of a stream, of which those of some versions have a message; returns what these say, in order."""
    told = []
    for version in range(1, commits + 1):
        event = "OrderCancelled" if version in saying else Unchanged.__name__
        messages = (store_created(f"{stream} {version}"),) if version in saying else ()
        told += [f"{stream} {version}" for _ in messages]
        store.commit(
            Commit(stream, version, ids.new(), (StoredEvent.of(event, 1, {}),), "2026-03-01T12:00:00.000000Z", messages)
        )
    return told


def answers(store: CountingStore, *streams: str) -> list[MessagesFound]:
    """The answers that an owner gives one after the other; each reads a bounded part."""
    found: list[MessagesFound] = []
    while not found or found[-1].after is not None:
        store.reads = 0
        found.append(order_messages.page(streams, found[-1].after if found else None))
        assert 0 < store.reads <= READS
    return found


def said(found: Sequence[MessagesFound]) -> list[str]:
    return [one["data"]["name"] for answer in found for one in answer.messages]


def test_many_commits_without_messages_behind_a_cancellation_are_read_by_several_bounded_answers(
    store: CountingStore,
) -> None:
    told = fill(store, 5_001, saying=[1])
    found = answers(store, STREAM)
    assert said(found) == told
    assert said(found[:1]) == told
    assert found[0].after
    assert len(found) == 6


def test_messages_at_both_sides_of_the_border_of_an_answer_are_there_once(store: CountingStore) -> None:
    borders = [1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE, 2 * AT_ONCE + 1]
    told = fill(store, 2 * AT_ONCE + 1, saying=borders)
    assert said(answers(store, STREAM)) == told


def test_a_stream_that_ends_with_an_answer_is_followed_by_the_next_stream(store: CountingStore) -> None:
    told = fill(store, AT_ONCE, saying=[1, AT_ONCE])
    told += fill(store, 1, saying=[1], stream="Order#order-2")
    found = answers(store, STREAM, "Order#order-2")
    assert said(found) == told
    assert len(found) == 2
