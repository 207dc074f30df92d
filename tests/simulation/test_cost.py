"""AWS's rules for its bills, on values calculated by hand, and what calls to simulated tables count."""

from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.cost import chunks, index_units, item_size, message_size, read_units, write_units
from tests.simulation.expressions import Item
from tests.simulation.harness import a_client, a_views_table, a_world, run_task
from tests.simulation.sdk import World

KB = 1_024


def an_item(size: int, **texts: str) -> Item:
    """An item of so many bytes."""
    item: Item = {name: {"S": text} for name, text in texts.items()}
    return {**item, "data": {"S": "x" * (size - item_size(item) - len("data"))}}


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({}, 0),
        ({"id": {"S": ""}}, 2),
        ({"id": {"S": "Jar#1"}}, 2 + 5),
        ({"id": {"S": "Grüße 🤖"}}, 2 + 7 + 1 + 4),
        ({"größe": {"S": "L"}}, 7 + 1),
        ({"deleted": {"BOOL": True}}, 7 + 1),
        ({"data": {"B": b"\x00\xff\n"}}, 4 + 3),
        ({"n": {"N": "0"}}, 1 + 1),
        ({"n": {"N": "7"}}, 1 + 1 + 1),
        ({"n": {"N": "-42"}}, 1 + 1 + 1),
        ({"n": {"N": "123"}}, 1 + 2 + 1),
        ({"n": {"N": "1200"}}, 1 + 1 + 1),
        ({"n": {"N": "0.05"}}, 1 + 1 + 1),
        ({"id": {"S": "Jar#1"}, "version": {"N": "10"}}, 7 + 9),
    ],
)
def test_an_item_is_as_large_as_its_names_and_values(item: Item, size: int) -> None:
    assert item_size(item) == size


@pytest.mark.parametrize(
    ("sizes", "units"),
    [
        ([], 1),
        ([1], 1),
        ([4 * KB], 1),
        ([4 * KB + 1], 2),
        ([2 * KB, 2 * KB], 1),
        ([3_500] * 3, 3),  # rounded up once: 10,500 bytes are 12 KB
        ([64] * 1_500, 24),  # AWS's own example: 96 KB together
    ],
)
def test_the_items_of_one_read_are_added_up_before_they_are_rounded_up(sizes: list[int], units: int) -> None:
    items = [an_item(size) if size > 4 else {"x": {"S": ""}} for size in sizes]
    assert read_units(items, consistent=True) == units
    assert read_units(items, consistent=False) == units / 2


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [(0, 500, 1), (0, KB, 1), (0, KB + 1, 2), (500, 2_100, 3), (2_100, 500, 3), (300 * KB, 310 * KB, 310)],
)
def test_a_write_costs_by_the_larger_of_what_was_there_and_what_is(before: int, after: int, units: int) -> None:
    assert write_units(an_item(before) if before else None, an_item(after)) == units


IN_A = an_item(500, by_place_partition="a", by_place_sort="1")
IN_B = an_item(500, by_place_partition="b", by_place_sort="1")
LONG_IN_A = an_item(1_500, by_place_partition="a", by_place_sort="1")
OUTSIDE = an_item(500)
HALF_A_KEY = an_item(500, by_place_partition="a")


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, OUTSIDE, 0),
        (None, HALF_A_KEY, 0),
        (None, IN_A, 1),
        (None, LONG_IN_A, 2),
        (OUTSIDE, IN_A, 1),
        (IN_A, IN_A, 0),
        (IN_A, LONG_IN_A, 2),
        (IN_A, IN_B, 2),
        (LONG_IN_A, IN_B, 2 + 1),
        (IN_A, OUTSIDE, 1),
        (LONG_IN_A, OUTSIDE, 2),
    ],
)
def test_an_index_costs_for_what_is_put_changed_or_removed_in_it(before: Item | None, after: Item, units: int) -> None:
    assert index_units(("by_place_partition", "by_place_sort"), before, after) == units


@pytest.mark.parametrize(("size", "count"), [(0, 1), (64 * KB, 1), (64 * KB + 1, 2), (256 * KB, 4)])
def test_a_payload_counts_once_for_every_64_kb(size: int, count: int) -> None:
    assert chunks(size) == count


def test_the_attributes_of_a_message_count_too() -> None:
    assert message_size("Grüße", {}) == 7
    assert message_size("{}", {"reason": "naïve"}) == 2 + len("reason") + len("String") + 6


# Calls on tables.

VIEWS = "jars/views"


class Counting:
    """A table of rows with an index, and what is counted of each call to it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = a_client(a_views_table(world))
        world.cost.counting = True

    def call(self, operation: str, **request: Any) -> dict[str, float]:
        """The units of one call, whether it fails or not."""
        if operation != "transact_write_items":
            request["TableName"] = VIEWS
        with suppress(ClientError):
            run_task(self.world, lambda: getattr(self.client, operation)(**request))
        return self.world.cost.take()

    def put(self, *rows: Item, **more: Any) -> dict[str, float]:
        """The units of writing a row, or several in a transaction."""
        if len(rows) == 1:
            return self.call("put_item", Item=rows[0], **more)
        puts = [{"Put": {"TableName": VIEWS, "Item": row, **more}} for row in rows]
        return self.call("transact_write_items", TransactItems=puts, ClientRequestToken="a token")

    def query(self, value: str, index: str = "", **more: Any) -> dict[str, float]:
        """The units of reading one page."""
        name = {"#p": f"{index}_partition" if index else "partition"}
        request = {"IndexName": index, **more} if index else more
        condition = {"KeyConditionExpression": "#p = :p", "ExpressionAttributeValues": {":p": {"S": value}}}
        return self.call("query", ExpressionAttributeNames=name, **condition, **request)


@pytest.fixture
def rows() -> Counting:
    return Counting(a_world())


def a_row(sort: str, size: int = 500, **texts: str) -> Item:
    return an_item(size, partition="here", sort=sort, **texts)


IF_NEW = {"ConditionExpression": "attribute_not_exists(#p)", "ExpressionAttributeNames": {"#p": "partition"}}


def test_a_put_counts_the_table_and_its_index(rows: Counting) -> None:
    assert rows.put(a_row("a", 1_500)) == {"write_units": 2}
    assert rows.put(a_row("a", by_place_partition="x", by_place_sort="1")) == {"write_units": 2 + 1}
    assert rows.put(a_row("a", by_place_partition="y", by_place_sort="1")) == {"write_units": 1 + 2}


def test_a_refused_put_counts_the_table_alone(rows: Counting) -> None:
    rows.put(a_row("a", by_place_partition="x", by_place_sort="1"))
    assert rows.put(a_row("a", 2_500), **IF_NEW) == {"write_units": 3}


def test_a_transaction_counts_twice_and_its_index_once(rows: Counting) -> None:
    row = a_row("a", by_place_partition="x", by_place_sort="1")
    assert rows.put(row, a_row("b", 1_500)) == {"write_units": 2 * (1 + 2) + 1}


def test_a_transaction_that_is_retried_with_its_token_reads_what_it_wrote(rows: Counting) -> None:
    rows.put(a_row("a"), a_row("b", 5_000))
    assert rows.put(a_row("a"), a_row("b", 5_000)) == {"read_units": 2 * (1 + 2)}


def test_a_transaction_that_is_cancelled_counts_nothing(rows: Counting) -> None:
    rows.put(a_row("a"))
    assert rows.put(a_row("a"), a_row("b"), **IF_NEW) == {}


def test_a_get_counts_by_its_consistency_even_of_nothing(rows: Counting) -> None:
    rows.put(a_row("a", 5_000))
    for sort, units in (("a", 2), ("no such row", 1)):
        key = {"partition": {"S": "here"}, "sort": {"S": sort}}
        assert rows.call("get_item", Key=key, ConsistentRead=True) == {"read_units": units}
        assert rows.call("get_item", Key=key) == {"read_units": units / 2}


def test_a_query_counts_the_page_that_it_reads(rows: Counting) -> None:
    for sort in "abc":
        rows.put(a_row(sort, 3_000, by_place_partition="x", by_place_sort=sort))
    rows.world.scheduler.run(rows.world.scheduler.now_us + 1_000_000)  # time enough for the index to follow
    assert rows.query("here", ConsistentRead=True) == {"read_units": 3}
    assert rows.query("here", ConsistentRead=True, Limit=1) == {"read_units": 1}
    assert rows.query("x", "by_place") == {"read_units": 1.5}
    assert rows.query("nowhere") == {"read_units": 0.5}


def test_a_scan_counts_what_its_filter_hides(rows: Counting) -> None:
    for sort in "abc":
        rows.put(a_row(sort, 3_000))
    assert rows.call("scan", FilterExpression="attribute_exists(nothing)") == {"read_units": 1.5}


def test_nothing_is_counted_unless_it_is_switched_on(rows: Counting) -> None:
    rows.world.cost.counting = False
    assert rows.put(a_row("a")) == {}
