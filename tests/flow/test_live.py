"""The staff's stream while an order is carried: each page that watches ends with the board that the store has."""

from typing import Any

import pytest

from tests.flow.scene import Scene, a_scene
from tests.support.live import Client
from tests.support.mall import Mall

TOPICS = ["orders", "lists", "robots", "invoices", "stores"]
DISORDERS = [None, *range(4)]


class Page:
    """A page that is open: a client with a connection of the mall's."""

    def __init__(self, mall: Mall, topics: list[str]) -> None:
        self.mall, self.topics, self.client, self.number = mall, topics, Client(), 0
        self.connection = ""
        self.connects()

    def connects(self) -> None:
        """Open a connection, the next one, and subscribe from where the page is."""
        self.number += 1
        self.connection = f"page {id(self)} {self.number}"
        self.mall.connections.open(self.connection, self.client.receive)
        assert self.mall.socket("$connect", self.connection) == 200
        self.mall.socket("$default", self.connection, self.client.wants(self.topics))

    def is_cut(self) -> None:
        """Its connection ends, of which the server is not told."""
        self.mall.connections.close(self.connection)

    def looks(self) -> None:
        """Ping until it is behind with nothing."""
        for _ in range(5):
            self.mall.socket("$default", self.connection, self.client.pings())
            again = self.client.asks_again()
            if again is None:
                return
            self.mall.socket("$default", self.connection, again)
        raise AssertionError(f"still behind with {self.client.behind}")

    def shows(self) -> dict[str, dict[str, Any]]:
        return {topic: self.client.shows(topic) for topic in self.topics}


def the_store(scene: Scene, topics: list[str]) -> dict[str, dict[str, Any]]:
    """What a page shows that is opened now."""
    return Page(scene.mall, topics).shows()


@pytest.fixture(params=DISORDERS, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


def test_two_pages_that_watch_an_order_to_its_completion_end_with_what_the_store_has(scene: Scene) -> None:
    mall, topics = scene.mall, [*TOPICS, f"order:{scene.order_id}"]
    first, second = Page(mall, topics), Page(mall, topics)
    scene.is_approved()
    second.is_cut()
    scene.is_collected(short={"kettle": 1})
    second.connects()
    scene.shopper.pays()
    mall.pass_time(60)
    for page in (first, second):
        page.looks()
        assert page.shows() == the_store(scene, topics)
        assert page.client.snapshots == 9, "what was missed was resumed, not read anew"
        assert page.client.errors == []
    shown = first.shows()
    assert shown["orders"][scene.order_id]["status"] == "completed"
    assert shown["orders"][scene.order_id]["total"] == scene.shopper.order()["total"]
    assert (shown["lists"], shown["invoices"]) == ({}, {})
    assert {row["status"] for row in shown["robots"].values()} == scene.robots() == {"idle"}
    assert {row["name"] for row in shown["stores"].values()} >= {"Volt & Wire"}
    of_the_order = shown[f"order:{scene.order_id}"]
    assert {id: row["status"] for id, row in of_the_order.items()} == {
        "order": "completed",
        "list": "completed",
        "invoice": "paid",
        "payment": of_the_order["payment"]["status"],
    }
    assert of_the_order["invoice"]["amount"] == scene.shopper.invoice()["amount"]


def test_a_page_shows_an_order_that_is_cancelled_and_takes_its_list_and_invoice_off(scene: Scene) -> None:
    page = Page(scene.mall, TOPICS)
    scene.is_approved()
    page.looks()
    assert set(page.shows()["lists"]) == set(page.shows()["invoices"]) == {scene.order_id}
    assert scene.shopper.is_cancelled_by_staff("closing early").status == 200
    scene.mall.pass_time(60)
    page.looks()
    order = page.shows()["orders"][scene.order_id]
    assert (order["status"], order["reason"], order["cancelledBy"]) == ("cancelled", "closing early", "staff")
    assert page.shows() == the_store(scene, TOPICS)
    assert page.shows()["lists"] == page.shows()["invoices"] == {}


def test_an_ended_order_leaves_the_board_after_ten_minutes(scene: Scene) -> None:
    scene.is_approved().is_collected()
    scene.shopper.pays()
    scene.mall.pass_time(300)
    assert scene.order_id in the_store(scene, ["orders"])["orders"]
    scene.mall.pass_time(400)
    assert the_store(scene, ["orders"]) == {"orders": {}}
    assert the_store(scene, [f"order:{scene.order_id}"])[f"order:{scene.order_id}"]["order"]["status"] == "completed"


def test_what_changed_while_nobody_watched_is_in_the_snapshot(scene: Scene) -> None:
    page = Page(scene.mall, TOPICS)
    page.is_cut()
    scene.is_approved()
    scene.mall.pass_time(3_600)
    page.connects()
    assert page.shows() == the_store(scene, TOPICS)
    assert page.shows()["orders"][scene.order_id]["status"] == "approved"
    scene.is_collected()
    page.looks()
    assert page.shows() == the_store(scene, TOPICS)
