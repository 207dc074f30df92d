"""The store of read models: one suite on both implementations, and what the one on DynamoDB makes of errors."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.projections.view_store import DynamoViews, MemoryViews, to_item
from functions.kernel.runtime import clock
from functions.kernel.runtime.views import Row, ViewStore
from tests.simulation.cost import item_size
from tests.support import aws
from tests.support.views_suite import ViewStoreSuite, noise

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class TestMemoryViews(ViewStoreSuite):
    @pytest.fixture
    def views(self) -> ViewStore:
        return MemoryViews(["by_place"])


class TestDynamoViews(ViewStoreSuite):
    @pytest.fixture
    def views(self, dynamodb: Any) -> ViewStore:
        return DynamoViews(dynamodb, aws.view_table(dynamodb, ["by_place"]))


@pytest.fixture
def views(dynamodb: Any) -> DynamoViews:
    return DynamoViews(dynamodb, aws.view_table(dynamodb, []))


PLAIN = Row("here", "order", {"n": 1})


def test_a_row_is_one_put(dynamodb: Any, views: DynamoViews) -> None:
    with aws.calls(dynamodb) as made:
        views.put(PLAIN, 1)
        views.put(PLAIN, 2)
    assert [operation for operation, _ in made] == ["PutItem", "PutItem"]


def test_a_row_says_when_it_may_go(dynamodb: Any) -> None:
    table = aws.view_table(dynamodb, [])
    DynamoViews(dynamodb, table).put(Row("here", "a", {"n": 1}, expires=1_800_000_000), 1)
    item = dynamodb.get_item(TableName=table, Key={"partition": {"S": "here"}, "sort": {"S": "a"}})["Item"]
    assert item["expires"] == {"N": "1800000000"}


@pytest.mark.parametrize(
    ("text", "kind", "largest"),
    [
        ("x" * 200, "S", 1_024),
        ("x" * 900, "B", 100),
        ("x" * 1_100, "B", 100),
        ("Grüße " * 200, "B", 150),
        (noise(2_000), "B", 2_300),
    ],
)
def test_data_is_text_while_it_is_short_and_else_deflated(text: str, kind: str, largest: int) -> None:
    item = to_item(Row("here", "a", {"text": text}, indexes={"by_place": ("there", "a")}), 1)
    assert list(item["data"]) == [kind]
    assert item_size(item) <= largest


@pytest.mark.parametrize("room", range(3))
def test_no_item_of_more_than_a_write_unit_is_text(room: int) -> None:
    """By DynamoDB's own rule, at each length near the limit."""
    for length in range(1_024 - 100, 1_024):
        item = to_item(Row("here", "a" * (1 + room), {"text": "x" * length}), 10**room)
        assert "S" not in item["data"] or item_size(item) <= 1_024
        assert "B" not in item["data"] or item_size(item) < 1_000


@pytest.mark.parametrize("length", [10, 5_000])
def test_a_row_that_was_stored_as_text_is_read_whatever_its_length(dynamodb: Any, length: int) -> None:
    data = {"text": "x" * length}
    item: Any = {
        "partition": {"S": "here"},
        "sort": {"S": "a"},
        "version": {"N": "1"},
        "data": {"S": json.dumps(data)},
    }
    table = aws.view_table(dynamodb, [])
    dynamodb.put_item(TableName=table, Item=item)
    memory = MemoryViews()
    memory.items["here", "a"] = item
    for views in (DynamoViews(dynamodb, table), memory):
        assert views.get("here", "a") == data
        assert views.query("here").rows == [data]
        assert views.put(Row("here", "a", {"text": "y" * length}), 2)
        assert views.get_many([("here", "a")]) == {("here", "a"): {"text": "y" * length}}


def test_a_row_whose_reply_was_lost_is_written(dynamodb: Any, views: DynamoViews) -> None:
    with aws.losing_first_reply(dynamodb, "PutItem") as attempts:
        views.put(PLAIN, 1)
    assert attempts == [1, 2]
    assert views.get("here", "order") == {"n": 1}


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ValidationException", "TransactionConflictException"]
)
def test_an_error_is_passed_on(dynamodb: Any, views: DynamoViews, code: str) -> None:
    with aws.answering(dynamodb, "PutItem", aws.error(code)), pytest.raises(ClientError, match=code):
        views.put(PLAIN, 1)
    assert views.get("here", "order") is None
    assert views.put(PLAIN, 1)


def test_a_row_is_read_consistently(dynamodb: Any, views: DynamoViews) -> None:
    with aws.calls(dynamodb) as made:
        views.get("here", "order")
    assert [(operation, parameters["ConsistentRead"]) for operation, parameters in made] == [("GetItem", True)]


def test_a_page_that_ends_where_the_partition_ends_says_so_although_dynamodb_does_not(
    dynamodb: Any, views: DynamoViews
) -> None:
    items = [to_item(Row("here", sort, {"n": n}), 1) for n, sort in enumerate("ab")]
    key = {"partition": {"S": "here"}, "sort": {"S": "b"}}
    with aws.answering(
        dynamodb, "Query", (200, {"Items": items, "LastEvaluatedKey": key}), (200, {"Items": [], "Count": 0})
    ):
        page = views.query("here", limit=2)
    assert (page.rows, page.after) == ([{"n": 0}, {"n": 1}], None)


def test_a_range_that_ends_before_it_begins_is_not_asked_of_dynamodb(dynamodb: Any, views: DynamoViews) -> None:
    with aws.calls(dynamodb) as made:
        assert views.query("here", first="b", last="a").rows == []
    assert made == []


class TestBatches:
    """What DynamoDB leaves unprocessed of a batch is asked for again, with a pause, while it makes progress."""

    class Table:
        """A client whose batch reads process so many keys at a time, the last number for ever."""

        def __init__(self, *processed: int) -> None:
            self.processed = list(processed)
            self.asked: list[int] = []

        def batch_get_item(self, RequestItems: Any) -> Any:
            [(table, wanted)] = RequestItems.items()
            count = self.processed.pop(0) if len(self.processed) > 1 else self.processed[0]
            self.asked.append(len(wanted["Keys"]))
            items = [{**key, "data": {"S": "{}"}} for key in wanted["Keys"][:count]]
            left = {table: {**wanted, "Keys": wanted["Keys"][count:]}} if wanted["Keys"][count:] else {}
            return {"Responses": {table: items}, "UnprocessedKeys": left}

    KEYS = tuple(("here", f"{n}") for n in range(250))

    def test_keys_that_are_left_unprocessed_are_read_after_a_pause(self) -> None:
        table, pauses = self.Table(0, 1, 60, 100), list[float]()
        with clock.fixed(lambda: NOON, wait=pauses.append):
            found = DynamoViews(cast(Any, table), "rows").get_many(self.KEYS)
        assert set(found) == set(self.KEYS)
        assert table.asked == [100, 100, 99, 39, 100, 50]
        assert len(pauses) == 3

    def test_a_table_that_processes_no_key_makes_the_read_unavailable(self) -> None:
        table = self.Table(0)
        with clock.fixed(lambda: NOON), pytest.raises(UnavailableError, match="too many rows are read at once"):
            DynamoViews(cast(Any, table), "rows").get_many(self.KEYS)
        assert table.asked == [100] * 6
