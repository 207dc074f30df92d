"""What every store of read models guarantees: one suite for memory, for DynamoDB and for a deployment.

A subclass provides the fixture `views`, which has the index `by_place`. Partitions have random ids, so the store may
hold others.
"""

import base64
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.runtime import ids
from functions.kernel.runtime.views import Page, Row, ViewStore


def pages(views: ViewStore, partition: str, limit: int, **query: Any) -> Iterator[Page]:
    """All pages of a query; the key of the next page goes through JSON, as for a client."""
    after: dict[str, Any] | None = None
    while True:
        page = views.query(partition, limit=limit, after=after, **query)
        yield page
        if page.after is None:
            return
        after = json.loads(json.dumps(page.after))


def numbers(page: Page) -> list[int]:
    return [row["n"] for row in page.rows]


def noise(size: int) -> str:
    """A text that cannot be deflated to fewer bytes."""
    return base64.b64encode(random.Random(size).randbytes(size)).decode()


class ViewStoreSuite:
    @pytest.fixture
    def views(self) -> ViewStore:
        raise NotImplementedError

    @pytest.fixture
    def here(self) -> str:
        """A partition of its own for each test."""
        return ids.new()

    def fill(self, views: ViewStore, here: str, count: int) -> None:
        for n in range(count):
            views.put(Row(here, f"{n:03}", {"n": n}, indexes={"by_place": (f"place {here}", f"{n:03}")}), 1)

    def test_a_row_can_be_read_once_it_was_put(self, views: ViewStore, here: str) -> None:
        assert views.get(here, "a") is None
        assert views.put(Row(here, "a", {"n": 1}), 1)
        assert views.get(here, "a") == {"n": 1}
        assert views.get(here, "b") is None

    @pytest.mark.parametrize("consistent", [False, True])
    @pytest.mark.parametrize("count", [0, 1, 100, 101, 230])
    def test_many_rows_are_read_by_their_keys_without_those_that_are_not_there(
        self, views: ViewStore, here: str, count: int, consistent: bool
    ) -> None:
        self.fill(views, here, count)
        views.put(Row(here, "gone", {"n": -1}), 1)
        views.put(Row(here, "gone", None), 2)
        keys = [(here, f"{n:03}") for n in range(count)]
        asked = [*keys, (here, "gone"), (here, "never there"), *keys[:3]]
        assert views.get_many(asked, consistent=consistent) == {key: {"n": n} for n, key in enumerate(keys)}

    def test_many_large_rows_are_read_though_one_answer_of_the_table_holds_16_mb(
        self, views: ViewStore, here: str
    ) -> None:
        for n in range(45):
            views.put(Row(here, f"{n:03}", {"n": n, "x": noise(380_000)}), 1)
        found = views.get_many([(here, f"{n:03}") for n in range(45)], consistent=True)
        assert sorted(row["n"] for row in found.values()) == list(range(45))

    def test_a_newer_version_replaces_a_row_and_an_older_or_equal_one_does_not(
        self, views: ViewStore, here: str
    ) -> None:
        written = [views.put(Row(here, "a", {"n": version}), version) for version in (3, 2, 3, 10, 9, 11)]
        assert written == [True, False, False, True, False, True]
        assert views.get(here, "a") == {"n": 11}

    def test_a_replaced_row_keeps_nothing_of_its_old_data(self, views: ViewStore, here: str) -> None:
        views.put(Row(here, "a", {"n": 1, "old": True}, indexes={"by_place": (f"place {here}", "a")}), 1)
        views.put(Row(here, "a", {"n": 2}), 2)
        assert views.get(here, "a") == {"n": 2}
        assert views.query(f"place {here}", index="by_place").rows == []

    def test_a_tombstone_outranks_every_version(self, views: ViewStore, here: str) -> None:
        views.put(Row(here, "a", {"n": 1}, indexes={"by_place": (f"place {here}", "a")}), 1)
        assert views.put(Row(here, "a", None), 2)
        assert not views.put(Row(here, "a", {"n": 3}), 3)
        assert not views.put(Row(here, "a", None), 4)
        assert views.get(here, "a") is None
        assert views.query(here).rows == []
        assert views.query(f"place {here}", index="by_place").rows == []

    def test_a_later_epoch_outranks_a_tombstone_and_no_row_of_before_outranks_that(
        self, views: ViewStore, here: str
    ) -> None:
        epoch = 1_767_604_083_105_904
        assert views.put(Row(here, "a", None), 2)
        assert views.put(Row(here, "a", {"n": 1}), epoch + 1)
        assert not views.put(Row(here, "a", {"n": 2}), 3)
        assert views.put(Row(here, "a", None), epoch + 2)
        assert not views.put(Row(here, "a", {"n": 3}), epoch + 3)
        assert views.get(here, "a") is None
        assert views.put(Row(here, "a", {"n": 4}), epoch + 60_000_000)
        assert views.get(here, "a") == {"n": 4}

    def test_a_tombstone_may_come_before_the_row_that_it_deletes(self, views: ViewStore, here: str) -> None:
        assert views.put(Row(here, "a", None), 2)
        assert not views.put(Row(here, "a", {"n": 1}), 1)
        assert views.get(here, "a") is None

    def test_a_partition_is_read_in_the_order_of_its_sort_keys(self, views: ViewStore, here: str) -> None:
        for n, sort in enumerate(["b", "a", "é", "B", "ab", "🤖", "10", "9"]):
            views.put(Row(here, sort, {"n": n}), 1)
        assert numbers(views.query(here)) == [6, 7, 3, 1, 4, 0, 2, 5]
        assert numbers(views.query(here, descending=True)) == [5, 2, 0, 4, 1, 3, 7, 6]

    @pytest.mark.parametrize("index", [None, "by_place"])
    @pytest.mark.parametrize(
        ("bounds", "expected"),
        [
            ({}, [0, 1, 2, 3, 4]),
            ({"first": "002"}, [2, 3, 4]),
            ({"last": "002"}, [0, 1, 2]),
            ({"first": "001", "last": "003"}, [1, 2, 3]),
            ({"first": "0015", "last": "0025"}, [2]),
            ({"first": "003", "last": "003"}, [3]),
            ({"first": "003", "last": "001"}, []),
            ({"first": "9"}, []),
        ],
    )
    def test_a_range_includes_its_bounds(
        self, views: ViewStore, here: str, index: str | None, bounds: dict[str, str], expected: list[int]
    ) -> None:
        self.fill(views, here, 5)
        partition = f"place {here}" if index else here
        assert numbers(views.query(partition, index=index, **bounds)) == expected  # type: ignore[arg-type]
        down = views.query(partition, index=index, descending=True, **bounds)  # type: ignore[arg-type]
        assert numbers(down) == expected[::-1]

    @pytest.mark.parametrize("index", [None, "by_place"])
    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize(
        ("limit", "sizes"), [(1, [1] * 6), (2, [2, 2, 2]), (4, [4, 2]), (5, [5, 1]), (6, [6]), (50, [6])]
    )
    def test_the_last_page_has_no_key_of_a_next_one(
        self, views: ViewStore, here: str, index: str | None, descending: bool, limit: int, sizes: list[int]
    ) -> None:
        self.fill(views, here, 6)
        partition = f"place {here}" if index else here
        found = [numbers(page) for page in pages(views, partition, limit, index=index, descending=descending)]
        assert [len(page) for page in found] == sizes
        rows = [n for page in found for n in page]
        assert rows == sorted(range(6), reverse=descending)

    def test_a_page_has_50_rows_unless_another_number_is_asked_for(self, views: ViewStore, here: str) -> None:
        self.fill(views, here, 51)
        assert [len(views.query(here).rows), len(views.query(here, limit=100).rows)] == [50, 51]

    def test_an_empty_partition_is_one_empty_page(self, views: ViewStore, here: str) -> None:
        assert views.query(here) == Page([], None)
        assert views.query(here, index="by_place", first="a") == Page([], None)

    def test_pages_are_full_even_with_tombstones_in_between(self, views: ViewStore, here: str) -> None:
        self.fill(views, here, 9)
        for n in (0, 1, 3, 4, 5, 8):
            views.put(Row(here, f"{n:03}", None), 2)
        assert [numbers(page) for page in pages(views, here, 2)] == [[2, 6], [7]]

    def test_a_page_continues_where_the_last_one_ended_despite_writes_in_between(
        self, views: ViewStore, here: str
    ) -> None:
        self.fill(views, here, 4)
        first = views.query(here, limit=2)
        views.put(Row(here, "0005", {"n": 99}), 1)
        views.put(Row(here, "001", None), 2)
        assert numbers(views.query(here, limit=2, after=first.after)) == [2, 3]

    @pytest.mark.parametrize("index", [None, "by_place"])
    @pytest.mark.parametrize("descending", [False, True])
    def test_a_page_may_begin_behind_each_row_of_another(
        self, views: ViewStore, here: str, index: str | None, descending: bool
    ) -> None:
        for n in range(1, 4):
            views.put(Row(here, f"{n:02}", {"n": n}, indexes={"by_place": (f"place {here}", "same")}), 1)
        partition = f"place {here}" if index else here
        page = views.query(partition, index=index, descending=descending)
        rest = [numbers(views.query(partition, index=index, after=key, descending=descending)) for key in page.keys]
        assert rest == [numbers(page)[place:] for place in (1, 2, 3)]

    def test_an_index_shows_only_the_rows_that_have_its_key(self, views: ViewStore, here: str) -> None:
        views.put(Row(here, "a", {"n": 1}), 1)
        views.put(Row(here, "b", {"n": 2}, indexes={"by_place": (f"place {here}", "2")}), 1)
        views.put(Row(f"other {here}", "c", {"n": 3}, indexes={"by_place": (f"place {here}", "1")}), 1)
        assert numbers(views.query(f"place {here}", index="by_place")) == [3, 2]
        assert numbers(views.query(here)) == [1, 2]

    def test_an_index_that_the_table_does_not_have_is_refused(self, views: ViewStore, here: str) -> None:
        with pytest.raises(ClientError, match="index"):  # DynamoDB's ValidationException; moto has another code
            views.query(here, index="by_colour")

    def test_one_page_may_take_several_responses_of_the_table(self, views: ViewStore, here: str) -> None:
        for n in range(5):
            views.put(Row(here, f"{n}", {"n": n, "text": noise(300_000)}), 1)  # 1.5 MB: a response has at most 1
        assert numbers(views.query(here)) == [0, 1, 2, 3, 4]
        assert [numbers(page) for page in pages(views, here, 4)] == [[0, 1, 2, 3], [4]]

    @pytest.mark.parametrize(
        "data",
        [{}, {"text": ""}, {"text": "Grüße, 世界, 🤖"}, {"deep": [[], {}, None, True, 2**60, 0.5]}, {"deleted": True}],
    )
    def test_every_kind_of_data_is_read_as_it_was_written(
        self, views: ViewStore, here: str, data: dict[str, Any]
    ) -> None:
        views.put(Row(here, "a", data), 1)
        assert views.get(here, "a") == data
        assert views.query(here).rows == [data]

    @pytest.mark.parametrize("size", [900, 1_000, 1_100, 2_000, 100_000])
    @pytest.mark.parametrize("text", ["x", "Grüße 🤖 ", '"\\\n'])
    def test_a_row_of_any_size_is_read_in_every_way_as_it_was_written(
        self, views: ViewStore, here: str, text: str, size: int
    ) -> None:
        data = {"text": (text * size)[:size]}
        views.put(Row(here, "a", data, indexes={"by_place": (f"place {here}", "a")}), 1)
        assert views.get(here, "a") == data
        assert views.get_many([(here, "a")]) == {(here, "a"): data}
        assert views.query(here).rows == [data]
        assert views.query(f"place {here}", index="by_place").rows == [data]

    def test_a_page_is_as_long_as_its_rows_are_in_an_answer_however_small_they_are_stored(
        self, views: ViewStore, here: str
    ) -> None:
        for n in range(30):
            views.put(Row(here, f"{n:02}", {"n": n, "text": "x" * 200_000}), 1)
        assert [len(page.rows) for page in pages(views, here, 50)] == [24, 6]  # of 5 MB at most

    @pytest.mark.parametrize(
        "row",
        [
            Row("", "a", {"n": 1}),
            Row("a", "", {"n": 1}),
            Row("a", "a", {"n": 1}, indexes={"by_place": ("", "a")}),
            Row("a", "a", {"n": 1}, indexes={"by_place": ("a", "")}),
        ],
    )
    def test_a_row_with_an_empty_key_is_refused(self, views: ViewStore, row: Row) -> None:
        with pytest.raises(ValueError, match="an empty key"):
            views.put(row, 1)

    def test_a_deleted_row_is_gone_and_may_be_written_anew(self, views: ViewStore, here: str) -> None:
        self.fill(views, here, 3)
        views.delete(here, "001")
        views.delete(here, "nothing")
        assert (views.get(here, "001"), numbers(views.query(here))) == (None, [0, 2])
        assert numbers(views.query(f"place {here}", index="by_place")) == [0, 2]
        assert views.put(Row(here, "001", {"n": 1}), 1)
        assert numbers(views.query(here)) == [0, 1, 2]

    def test_a_page_continues_after_a_row_that_was_deleted_meanwhile(self, views: ViewStore, here: str) -> None:
        self.fill(views, here, 4)
        first = views.query(here, limit=2)
        views.delete(here, "001")
        assert numbers(views.query(here, limit=2, after=first.after)) == [2, 3]

    def test_a_table_can_be_queried_consistently_and_an_index_cannot(self, views: ViewStore, here: str) -> None:
        self.fill(views, here, 3)
        assert numbers(views.query(here, limit=2, consistent=True)) == [0, 1]
        with pytest.raises(ClientError, match="Consistent reads are not supported on global secondary indexes"):
            views.query(f"place {here}", index="by_place", consistent=True)
