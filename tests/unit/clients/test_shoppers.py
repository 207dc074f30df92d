"""Customers and robots who use a mall while somebody watches."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from clients.mall import Json
from clients.order import Order
from clients.people import People
from clients.scenarios import crowd
from clients.scenarios.crowd import path_of
from clients.scenarios.fate import Fate
from clients.scenarios.paths import PATHS, Path, Scene, Steps
from clients.scenarios.robots import Fleet
from clients.scenarios.shoppers import (
    AT_ONCE,
    FOR_STAFF,
    LOOK_EVERY,
    PATIENCE,
    SHOPPED,
    SHOPPED_ON_STREAM,
    Shoppers,
    bring_in,
    leaves_the_payment_to_staff,
)
from clients.scenarios.stock import Stock

WITHIN = 30  # seconds, on a busy machine
STOCK = Stock("store", "kettle", "lamp", "mug", "radio", "globe", {"kettle": 24.5, "lamp": 31.2, "mug": 6.4})
PRODUCTS = {f"product {number}": 10.0 + number for number in range(66)}


class Fulfilled(Fate):
    """A fate that is reached at once."""

    def unmet(self, order: Order) -> str | None:
        return None


class Depot:
    """A mall that has shopping lists only, and notes what is asked; `looked` counts how often the lists were read."""

    def __init__(self, *lists: Json) -> None:
        self.lists = {one["id"]: one for one in lists}
        self.asked: list[tuple[str, str]] = []
        self.looked = threading.Semaphore(0)

    def pages(self, path: str, member: str) -> list[Json]:
        status = path.partition("status=")[2]
        self.looked.release()
        return [dict(one) for one in self.lists.values() if one["status"] == status]

    def get(self, path: str) -> Json:
        return {"list": self.lists[path.rpartition("/")[2]]}

    def call(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        _, list_id, what = path.rsplit("/", 2)
        self.asked.append((list_id, what))
        self.lists[list_id]["status"] = {"complete": "completed"}.get(what, "active")
        return {}


def shopping_list(list_id: str, status: str) -> Json:
    item = {"productId": "kettle", "quantity": 2, "picked": 0}
    stops = [{"storeId": "store", "items": [item]}]
    return {"id": list_id, "orderId": list_id, "status": status, "botId": "robot", "assignment": 1, "stops": stops}


def path(walk: Callable[[Order, Scene], Steps]) -> Path:
    return Path(walk.__name__, walk, Fulfilled("", "", ""), weight=1)


def shoppers(depot: Depot, report: Callable[[str], None], *paths: Path) -> Shoppers:
    """Who come one after another without a pause."""
    anybody: Any = depot
    people, scene = People(anybody, anybody), Scene(Fleet(lambda robot: anybody, []), STOCK)
    return Shoppers(people, scene, PRODUCTS, report, pace=0.001, step=0, paths=paths)


def test_no_customer_comes_while_the_mall_is_full_and_all_go_when_it_closes() -> None:
    depot = Depot()
    reported: list[str] = []
    inside, most, gone = Counter[str](), [0], threading.Semaphore(0)

    def stays(order: Order, scene: Scene) -> Steps:
        inside["now"] += 1
        most[0] = max(most[0], inside["now"])
        try:
            yield 3600
        finally:
            gone.release()

    with shoppers(depot, reported.append, path(stays)):
        for _ in range(20 * AT_ONCE):  # two reads of lists for each that might come
            assert depot.looked.acquire(timeout=WITHIN)
    for _ in range(AT_ONCE):
        assert gone.acquire(timeout=WITHIN)
    assert (most[0], inside["now"], reported) == (AT_ONCE, AT_ONCE, [])


def test_an_error_of_one_customer_is_one_line_and_others_come() -> None:
    depot, served = Depot(), threading.Semaphore(0)
    reported: list[str] = []

    def fails(order: Order, scene: Scene) -> Steps:
        order.id = "order-1"
        yield 0
        raise KeyError("lost")

    def buys(order: Order, scene: Scene) -> Steps:
        served.release()
        yield 0

    with shoppers(depot, reported.append, path(fails), path(buys)):
        for _ in range(3):
            assert served.acquire(timeout=WITHIN)
    assert set(reported) == {"order order-1, fails: KeyError: 'lost'"}


def test_another_end_than_the_path_expects_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "FATE_WITHIN", -1)
    reported: list[str] = []
    told = threading.Event()

    class Never(Fate):
        def unmet(self, order: Order) -> str | None:
            return "its invoice is pending"

    def buys(order: Order, scene: Scene) -> Steps:
        yield 0

    def report(line: str) -> None:
        reported.append(line)
        told.set()

    with shoppers(Depot(), report, Path("buys", buys, Never("", "", ""), weight=1)):
        assert told.wait(WITHIN)
    assert reported[0] == "order (none), buys: UnexpectedError: expected another end: its invoice is pending"


def test_each_customer_buys_other_products_and_the_paths_know_their_prices() -> None:
    baskets: list[tuple[str, ...]] = []
    enough = threading.Event()

    def looks(order: Order, scene: Scene) -> Steps:
        assert scene.stock.plain.keys() == scene.stock.prices.keys()
        assert all(PRODUCTS[product] == price for product, price in scene.stock.prices.items())
        baskets.append(tuple(scene.stock.plain))
        if len(baskets) >= len(PRODUCTS):
            enough.set()
        yield 0

    reported: list[str] = []
    with shoppers(Depot(), reported.append, path(looks)):
        assert enough.wait(WITHIN)
    assert reported == []
    assert {len(set(basket)) for basket in baskets} == {3}
    assert {product for basket in baskets for product in basket} == PRODUCTS.keys()


def test_a_list_on_which_nobody_works_is_collected_and_its_check_in_left_to_staff() -> None:
    depot = Depot(shopping_list("by a person", "assigned"))
    reported: list[str] = []

    def nothing(order: Order, scene: Scene) -> Steps:
        yield 0

    with shoppers(depot, reported.append, path(nothing)):
        while depot.lists["by a person"]["status"] == "assigned":
            assert depot.looked.acquire(timeout=WITHIN)
    assert depot.asked[:2] == [("by a person", "start"), ("by a person", "pickItems")]
    assert "complete" not in {what for _, what in depot.asked}
    assert reported == []


def test_a_list_of_a_customer_who_is_here_is_left_to_that_customer() -> None:
    depot = Depot(shopping_list("mine", "assigned"))
    reported: list[str] = []

    def stays(order: Order, scene: Scene) -> Steps:
        order.id = "mine"
        yield 3600

    with shoppers(depot, reported.append, path(stays)):
        for _ in range(20):
            assert depot.looked.acquire(timeout=WITHIN)
    assert depot.asked == []


def test_before_the_first_customer_robots_bring_in_what_the_last_run_left() -> None:
    depot = Depot(shopping_list("a", "assigned"), shopping_list("b", "active"))
    anybody: Any = depot

    assert bring_in(People(anybody, anybody)) == 2
    assert [one["status"] for one in depot.lists.values()] == ["completed", "completed"]
    assert depot.asked == [("a", "start"), ("a", "pickItems"), ("a", "complete"), ("b", "pickItems"), ("b", "complete")]


def test_work_that_is_left_to_staff_is_done_by_the_malls_clerk_when_patience_ends() -> None:
    statuses = iter(["pending"] * 200)
    paid: list[Any] = []

    class Waiting(Order):
        def orders(self, products: Any) -> Order:
            return self

        def is_collected(self, missing: Any = None) -> Order:
            return self

        def invoice(self) -> Json:
            return {"status": next(statuses)}

        def pays(self) -> Order:
            paid.append(self.session)
            return self

    anybody: Any = Depot()
    scene = Scene(Fleet(lambda robot: anybody, []), STOCK)
    order = Waiting(People(anybody, anybody))
    assert sum(leaves_the_payment_to_staff(order, scene)) == int(PATIENCE / LOOK_EVERY) * LOOK_EVERY
    assert paid == [anybody]

    statuses = iter(["pending", "pending", "pending", "paid"])
    assert sum(leaves_the_payment_to_staff(order, scene)) == 2 * LOOK_EVERY
    assert paid == [anybody], "a person did it"


def test_customers_take_every_path_but_those_that_wait_for_a_day() -> None:
    cycle = sum(one.weight for one in SHOPPED)
    taken = Counter(path_of(number, SHOPPED).name for number in range(cycle))
    assert taken == {one.name: one.weight for one in SHOPPED}
    assert set(taken) == (set(PATHS) - {"never_pays", "comes_back_to_an_abandoned_basket"}) | {
        one.name for one in FOR_STAFF
    }


def test_a_customer_of_robots_on_the_stream_waits_until_one_has_brought_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    depot = Depot(shopping_list("mine", "active"))
    anybody: Any = depot
    monkeypatch.setattr("clients.mall.time.sleep", lambda seconds: depot.lists["mine"].update(status="completed"))
    Order(People(anybody, anybody, on_stream=True), id="mine").is_collected()
    assert depot.asked == [], "nobody moves the robot"


class Floor(Depot):
    """A depot whose robots are on the stream; one of them cannot put down what it has, until it tries again."""

    def __init__(self, *lists: Json) -> None:
        super().__init__(*lists)
        self.stuck = True
        self.retried = threading.Event()

    def pages(self, path: str, member: str) -> list[Json]:
        if member != "robots":
            return super().pages(path, member)
        self.looked.release()
        about = [{"key": "actionId", "value": "list.1:drop"}]
        error = {"type": "DROP_FAILED", "level": "CRITICAL", "hint": "", "references": about}
        return [{"id": "robot", "errors": [error] if self.stuck else []}]

    def put(self, path: str) -> Json:
        assert path == "/api/fleet/robots/robot/actions/list.1%3Adrop/retry"
        self.stuck = False
        self.retried.set()
        return {}


def streaming(floor: Floor, patience: float) -> Shoppers:
    def nothing(order: Order, scene: Scene) -> Steps:
        yield 0

    anybody: Any = floor
    people, scene = People(anybody, anybody, on_stream=True), Scene(Fleet(lambda robot: anybody, []), STOCK)
    paths = [path(nothing)]
    return Shoppers(people, scene, PRODUCTS, print, pace=0.001, step=0, paths=paths, patience=patience)


def test_lists_of_robots_on_the_stream_are_left_to_them_and_their_trouble_to_staff() -> None:
    floor = Floor(shopping_list("by a person", "assigned"))
    with streaming(floor, patience=PATIENCE):
        for _ in range(5):
            assert floor.looked.acquire(timeout=WITHIN)
    assert (floor.asked, floor.stuck) == ([], True)


def test_a_robot_that_is_stuck_for_long_is_told_by_the_malls_clerk_to_try_again() -> None:
    floor = Floor()
    with streaming(floor, patience=0):
        assert floor.retried.wait(WITHIN)


def test_robots_on_the_stream_bring_in_what_the_last_run_left_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    depot = Depot(shopping_list("a", "assigned"))
    monkeypatch.setattr("clients.mall.time.sleep", lambda seconds: depot.lists["a"].update(status="completed"))
    anybody: Any = depot

    assert bring_in(People(anybody, anybody, on_stream=True)) == 1
    assert depot.asked == []


def test_customers_of_robots_on_the_stream_take_no_path_that_decides_what_a_robot_does() -> None:
    steered = {"a_robot_falls_silent", "nothing_is_found", "pays_first_and_not_all_is_found"}
    names = {one.name for one in SHOPPED_ON_STREAM}
    assert not names & steered
    assert {"pays_first", "leaves_the_payment_to_staff", "cancels_what_is_approved"} <= names
