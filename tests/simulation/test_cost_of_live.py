"""What live writes of one whole order: nobody watches; all boards are watched; so is the order's page."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from typing import Any

import pytest

from functions.kernel.projections.view_store import to_item
from functions.kernel.runtime import clock
from functions.kernel.runtime.views import Row
from functions.live.topics import SHARDS, shards
from tests.simulation.containers import BEGIN
from tests.simulation.whole_order import WholeOrder

# A row of each message that changes a board: 4 of the order, 6 of the list, 2 each of robot and invoice, 1 of the
# payment; and 2 stubs on the boards that order and list leave.
UNWATCHED = 17
BOARDS = UNWATCHED + 13  # and a log item of each batch on its board; no board shows the payment
WITH_ITS_PAGE = BOARDS + 7  # and one of each batch in the order's own log, which knows no robot


class WatchedOrder(WholeOrder):
    """A whole order while the boards are watched, and its own page, if so, from the basket on."""

    def __init__(self, *, its_page: bool, seed: int = 1) -> None:
        super().__init__(begins=self._watch_boards, seed=seed)
        self._its_page = its_page

    def _watch_boards(self) -> None:
        for topic in SHARDS:
            self._watch(topic)

    def _deeds(self, products: list[tuple[str, str]]) -> Iterator[tuple[str, str, Any]]:
        for number, deed in enumerate(super()._deeds(products)):
            yield deed
            if number == 1 and self._its_page:
                self._watch(f"order:{self.id}")

    def _watch(self, topic: str) -> None:
        """Write the watch of a topic as live does, uncounted: it is none of the order's cost."""
        until = clock.stamp(BEGIN + timedelta(days=1))
        for shard in shards(topic):
            watch = {"epoch": "epoch-1", "until": until, "base": 0, "version": 1, "closed": False}
            item = to_item(Row(f"watch {topic}", str(shard.number), watch), 1)
            self.cloud.tables["live/views"].items[f"watch {topic}", str(shard.number)] = item


def written(order: WholeOrder) -> float:
    return order.place().cloud.cost.written["live/views", "items"]


def test_the_write_units_of_an_order_that_nobody_watches() -> None:
    assert written(WholeOrder()) == UNWATCHED <= 25


@pytest.mark.parametrize(("its_page", "units"), [(False, BOARDS), (True, WITH_ITS_PAGE)])
def test_the_write_units_of_an_order_that_is_watched(its_page: bool, units: int) -> None:
    assert written(WatchedOrder(its_page=its_page)) == units <= 50


def test_the_write_units_of_a_watched_order_differ_by_how_many_messages_share_a_batch() -> None:
    """Messages of a second share a log item; of two appends at once one is refused, which DynamoDB bills, too.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """
    orders = [WatchedOrder(its_page=True, seed=seed) for seed in range(1, 11)]
    units = [written(order) for order in orders]
    assert median(units) == WITH_ITS_PAGE == 37
    assert min(units) == WITH_ITS_PAGE - 1
    assert max(units) <= WITH_ITS_PAGE + 2
    assert all(len(logged(order)) <= count - UNWATCHED for order, count in zip(orders, units, strict=True))


def logged(order: WholeOrder) -> list[str]:
    """The partitions of the log items that there are."""
    items = order.cloud.tables["live/views"].items
    return [partition for partition, _ in items if partition.startswith("log ")]
