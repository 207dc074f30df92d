"""Every way that an order can go: a path of API calls for each, and the fate that it expects.

A path is a generator: where people would leave and come back later, it yields the seconds after which it continues.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clients.mall import Json, MallError, WaitTimeoutError, wait_for
from clients.order import Order, UnexpectedError, expect
from clients.scenarios.fate import CANCELLED, COMPLETED, REFUNDED, REJECTED, Fate
from clients.scenarios.robots import Fleet
from clients.scenarios.stock import Stock, add_product

UNTIL_SECONDS = 300  # generous: leases, untouched baskets and unpaid orders expire after a minute


@dataclass(frozen=True)
class Scene:
    """What the people of a path use: the robots, and the products that they can buy."""

    fleet: Fleet
    stock: Stock


Steps = Iterator[float]
Walk = Callable[[Order, Scene], Steps]


@dataclass(frozen=True)
class Path:
    """One way that an order can go, how it must end, and its share in a mixture.

    expires: whether it waits for what expires, which takes a minute only where the stage's times are short.
    steers: whether it decides what a robot does or finds, which it cannot with robots on the stream.
    """

    name: str
    walk: Walk
    fate: Fate
    weight: int
    expires: bool = False
    steers: bool = False


PATHS: dict[str, Path] = {}


def path(fate: Fate, weight: int = 1, *, expires: bool = False, steers: bool = False) -> Callable[[Walk], Walk]:
    """Register a path under its function's name."""

    def register(walk: Walk) -> Walk:
        PATHS[walk.__name__] = Path(walk.__name__, walk, fate, weight, expires, steers)
        return walk

    return register


@path(COMPLETED, weight=12)
def pays_when_it_is_ready(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).is_collected()
    yield 0
    order.pays()


@path(COMPLETED, weight=7)
def pays_first(order: Order, scene: Scene) -> Steps:
    order.one_by_one = True
    order.orders(scene.stock.plain).pays()
    yield 0
    order.is_collected()


@path(COMPLETED, weight=3, steers=True)
def pays_first_and_not_all_is_found(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).pays()
    yield 0
    order.is_collected(missing={scene.stock.kettle: 1})
    yield from _owes(order, order.total - scene.stock.prices[scene.stock.kettle])


@path(COMPLETED, weight=3, steers=True)
def pays_when_not_all_was_found(order: Order, scene: Scene) -> Steps:
    lamp, mug, prices = scene.stock.lamp, scene.stock.mug, scene.stock.prices
    order.orders(scene.stock.plain).is_collected(missing={lamp: 1, mug: 2})
    yield from _owes(order, order.total - prices[lamp] - 2 * prices[mug])
    order.pays()


@path(CANCELLED, weight=2, steers=True)
def nothing_is_found(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).is_collected(missing=scene.stock.plain)
    yield 0


@path(REFUNDED, steers=True)
def pays_first_and_nothing_is_found(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).pays()
    yield 0
    order.is_collected(missing=scene.stock.plain)


@path(REJECTED, weight=2)
def pays_too_little(order: Order, scene: Scene) -> Steps:
    order.registers().fills_a_basket(scene.stock.plain).authorizes_a_payment(0.01).checks_out()
    yield 0


@path(Fate("rejected", payment="authorized", invoice="cancelled"))
def pays_with_money_of_another(order: Order, scene: Scene) -> Steps:
    other = Order(order.people).registers().fills_a_basket(scene.stock.plain).authorizes_a_payment()
    order.registers().fills_a_basket(scene.stock.plain)
    order.payment_id = other.payment_id
    order.checks_out()
    yield 0


@path(REJECTED, weight=2)
def is_disabled_while_shopping(order: Order, scene: Scene) -> Steps:
    order.registers().fills_a_basket(scene.stock.plain).authorizes_a_payment()
    order.write("PUT", f"/api/customers/{order.customer_id}/disable", by=order.people.staff)
    order.by_staff.checks_out()  # the customer's session has ended, within a minute
    yield 0


@path(CANCELLED, weight=2)
def cancels_at_once(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).is_created().cancels()
    yield 0


@path(CANCELLED, weight=2)
def cancels_what_is_approved(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).is_approved().cancels()
    yield 0
    order.cancels("to be sure")  # a second cancel is accepted and changes nothing


@path(CANCELLED)
def staff_cancel_what_is_ready(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).is_collected()
    yield 0
    order.by_staff.cancels("spilt on the way to the counter")


@path(REFUNDED, weight=2)
def cancels_what_is_paid(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).pays().cancels()
    yield 0


@path(REFUNDED)
def cancels_and_the_answer_about_the_refund_gets_lost(order: Order, scene: Scene) -> Steps:
    order.orders({scene.stock.answer_lost: 1}).pays().cancels()
    yield 0


@path(REFUNDED)
def cancels_while_the_provider_is_away(order: Order, scene: Scene) -> Steps:
    order.orders({scene.stock.unavailable_at_first: 1}).pays().cancels()
    yield 0


@path(COMPLETED, steers=True)
def a_robot_falls_silent(order: Order, scene: Scene) -> Steps:
    first = order.orders(scene.stock.plain).gets_a_robot()
    order.starts(first)
    scene.fleet.silence(first["botId"])
    try:
        yield from _until(lambda: order.shopping_list()["botId"] not in (None, first["botId"]), "another robot has it")
    finally:
        scene.fleet.bring_online(first["botId"])
    _is_refused_with_its_old_assignment(order, first)
    order.is_collected().pays()


@path(COMPLETED, steers=True)
def a_robot_leaves_in_the_middle(order: Order, scene: Scene) -> Steps:
    order.one_by_one = True
    first = order.orders(scene.stock.plain).gets_a_robot()
    order.starts(first)
    order.picks(first)
    scene.fleet.silence(first["botId"])
    try:
        order.write("PUT", f"/api/depot/bots/{first['botId']}/offline", by=order.people.robot(first["botId"]))
        second = order.gets_a_robot()
        expect(second["botId"] != first["botId"], "another robot than the one that left")
        picked = sum(item["picked"] for stop in second["stops"] for item in stop["items"])
        expect(picked == 0, "what was picked to be void")
    finally:
        scene.fleet.bring_online(first["botId"])
    yield 0
    _is_refused_with_its_old_assignment(order, first)
    order.is_collected().pays()


@path(COMPLETED, expires=True)
def comes_back_to_an_abandoned_basket(order: Order, scene: Scene) -> Steps:
    order.registers().fills_a_basket(scene.stock.plain).authorizes_a_payment()
    yield from _until(lambda: order.basket()["status"] == "abandoned", "the basket is abandoned")
    order.refused("PUT", f"/api/baskets/{order.id}/checkout", {"paymentId": order.payment_id})
    order.fills_a_basket(scene.stock.plain).checks_out().is_collected().pays()


@path(CANCELLED, expires=True)
def never_pays(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).is_collected()
    yield from _until(lambda: order.order()["status"] == "cancelled", "the order has expired")
    # Payments consumes the cancellation a moment later; a payment before that is refunded.
    yield from _until(lambda: order.invoice()["status"] == "cancelled", "nothing is owed any more")
    order.refused("PUT", f"/api/payments/invoices/{order.id}/pay", {})


@path(COMPLETED, steers=True)
def buys_what_becomes_dearer(order: Order, scene: Scene) -> Steps:
    product = add_product(order.people.staff, scene.stock.store, "Tulips", 8.40)
    order.registers().fills_a_basket({product: 2, scene.stock.mug: 1}).authorizes_a_payment()
    order.write("PUT", f"/api/stores/products/{product}/increasePrice", {"price": 99.90}, by=order.people.staff)
    order.checks_out().is_collected()
    yield 0
    order.pays()
    expected = round(2 * 8.40 + scene.stock.prices[scene.stock.mug], 2)
    expect(order.order()["total"] == order.total == expected, "the prices of the basket to hold")
    order.write("DELETE", f"/api/stores/products/{product}", by=order.people.staff)


@path(COMPLETED, steers=True)
def buys_what_is_sold_no_more(order: Order, scene: Scene) -> Steps:
    product = add_product(order.people.staff, scene.stock.store, "Calendar", 12.60)
    order.registers().fills_a_basket({product: 1, scene.stock.lamp: 1}).authorizes_a_payment()
    order.write("DELETE", f"/api/stores/products/{product}", by=order.people.staff)
    order.checks_out().is_collected()
    yield 0
    order.pays()
    expect(order.order()["total"] == order.total, "the price of the basket to hold")


@path(REJECTED.without_text)
def is_erased_before_ordering(order: Order, scene: Scene) -> Steps:
    order.registers().fills_a_basket(scene.stock.plain).authorizes_a_payment()
    _erase(order)
    order.by_staff.checks_out()
    yield 0


@path(COMPLETED.without_text)
def is_erased_after_ordering(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).is_approved()
    _erase(order)
    order.is_collected()
    yield 0
    order.by_staff.pays()

    def nameless() -> bool | None:
        found = order.people.staff.get(f"/api/search/orders/{order.id}")["order"]
        return True if "customerName" not in found else None

    wait_for(nameless, f"the name of the customer of order {order.id} to be gone from search")


@path(COMPLETED, weight=2)
def sends_everything_twice(order: Order, scene: Scene) -> Steps:
    order.twice = True
    order.orders(scene.stock.plain).is_collected()
    yield 0
    order.pays()


def _owes(order: Order, amount: float) -> Steps:
    """Wait until there is an invoice that has been lowered to an amount."""
    wait_for(order.invoice, f"the invoice of order {order.id}")
    yield from _until(lambda: order.invoice()["amount"] == round(amount, 2), f"{amount:.2f} is owed")


def _until(condition: Callable[[], bool], what: str) -> Steps:
    """Wait until a condition holds. Raises WaitTimeoutError."""
    deadline = time.monotonic() + UNTIL_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise WaitTimeoutError(f"{what}: not within {UNTIL_SECONDS} s")
        yield 2


def _is_refused_with_its_old_assignment(order: Order, former: Json) -> None:
    """A robot that is back continues with its old assignment, and is refused: the list is no longer its own."""
    for step in ("start", "complete"):
        path, body = f"/api/depot/shopping/{order.id}/{step}", {"assignment": former["assignment"]}
        order.refused("PUT", path, body, status=404, by=order.people.robot(former["botId"]))


def _erase(order: Order) -> None:
    order.write("DELETE", f"/api/customers/{order.customer_id}")
    try:
        order.people.staff.get(f"/api/customers/{order.customer_id}")
    except MallError as error:
        expect(error.status == 404, "an erased customer not to be found")
    else:
        raise UnexpectedError("expected an erased customer not to be found")
