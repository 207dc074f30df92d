"""Why an order was cancelled is found at its beginning, however often the cancellation was asked for again."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from functions.kernel.domain.aggregate import Unchanged
from functions.kernel.eventstore.item import to_item
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime import ids
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.runtime import Runtime, active
from functions.ordering import service
from functions.ordering.domain import Order
from functions.ordering.queries import queries
from tests.support import aws
from tests.unit.ordering.test_api import A_BREAD

AGAIN = 2_000  # times that the cancellation is asked for once more, under a key of its own each time
AT_ONCE = 25  # items of a BatchWriteItem


class Counting:
    """A client of DynamoDB that counts the items that queries read."""

    def __init__(self, client: Any) -> None:
        self._client, self.read = client, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        self.read += answer["ScannedCount"]
        return answer


@pytest.fixture
def dynamodb(runtime: Runtime) -> Iterator[Counting]:
    """Orders are in a DynamoDB of this process."""
    with aws.local_aws():
        counting = Counting(aws.client("dynamodb"))
        store = DynamoEventStore(counting, aws.event_table(counting))  # type: ignore[arg-type]  # a wrapped client
        store.epochs()
        with active(replace(runtime, store=store)):
            yield counting


def ask_again(client: Any, order: Order) -> None:
    """What a request leaves that changes nothing, many times."""
    unchanged = (StoredEvent.of(Unchanged.__name__, 1, {}),)
    commits = (
        Commit(order.stream(order.id), order.version + number, ids.new(), unchanged, "2026-03-01T12:00:00.000000Z")
        for number in range(1, AGAIN + 1)
    )
    puts = [{"PutRequest": {"Item": to_item(commit)}} for commit in commits]
    [table] = client.list_tables()["TableNames"]
    for first in range(0, AGAIN, AT_ONCE):
        client.batch_write_item(RequestItems={table: puts[first : first + AT_ONCE]})


def test_the_reason_of_an_order_that_was_cancelled_again_2000_times_is_read_from_ten_commits(
    dynamodb: Counting,
) -> None:
    service.place("order-1", "ada", "payment-1", [A_BREAD])
    service.cancel("order-1", "my knee hurts", "customer")
    ask_again(dynamodb, service.order("order-1"))
    dynamodb.read = 0
    answer = queries.handle({"query": "FindReasons", "data": {"order_ids": ["order-1"]}})
    assert answer == {"answer": {"reasons": {"order-1": "my knee hurts"}}}
    assert dynamodb.read <= 10
