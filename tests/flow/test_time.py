"""What schedules do: untouched baskets are abandoned, orders that are ready and unpaid are cancelled."""

import pytest

from functions.payments import service as payments
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, leave, open_a_store
from tests.support.mall import Mall

MINUTE, HOUR = 60, 3600
DAY = 24 * HOUR
DISORDER = [None, 0, 1, 2]


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def mall(request: pytest.FixtureRequest) -> Mall:
    return Mall(disorder=request.param)


@pytest.fixture
def products(mall: Mall) -> dict[str, str]:
    return open_a_store(mall, {"cable": 9.95, "charger": 34.9})


def status_of(shopper: Shopper) -> str:
    status: str = shopper.ask("GET", f"/api/baskets/{shopper.basket_id}")["basket"]["status"]
    return status


def adds(shopper: Shopper, product_id: str) -> None:
    item = {"productId": product_id, "quantity": 1}
    shopper.ask("PUT", f"/api/baskets/{shopper.basket_id}/addItem", item)


def notified(shopper: Shopper) -> set[str]:
    found = shopper.ask("GET", f"/api/notifications?customerId={shopper.customer_id}")["notifications"]
    return {notification["kind"] for notification in found}


class TestBaskets:
    def test_a_basket_untouched_for_30_minutes_is_abandoned(self, mall: Mall, products: dict[str, str]) -> None:
        shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2})
        mall.pass_time(30 * MINUTE - 1)
        assert status_of(shopper) == "open"
        mall.pass_time(1)
        assert status_of(shopper) == "abandoned"
        mall.pass_time(HOUR)
        assert mall.names().count("BasketAbandoned") == 1
        funnel = shopper.ask("GET", "/api/insights/funnel")
        assert (funnel["basketsStarted"], funnel["abandoned"]) == (1, 1)
        assert mall.dead_letters() == {}

    def test_each_change_gives_a_basket_another_30_minutes(self, mall: Mall, products: dict[str, str]) -> None:
        shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2})
        for _ in range(4):
            mall.pass_time(29 * MINUTE)
            adds(shopper, products["charger"])
        mall.pass_time(30 * MINUTE - 1)
        assert status_of(shopper) == "open"
        mall.pass_time(MINUTE)
        assert status_of(shopper) == "abandoned"

    def test_a_basket_changed_just_before_the_30_minutes_stays_open(self, mall: Mall, products: dict[str, str]) -> None:
        shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2})
        mall.pass_time(30 * MINUTE - 1)
        adds(shopper, products["cable"])
        mall.pass_time(1)
        assert status_of(shopper) == "open"
        shopper.authorizes_a_payment(29.85).checks_out()
        assert status_of(shopper) == "checked_out"

    def test_a_basket_that_was_checked_out_or_cancelled_is_never_abandoned(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        bring_a_robot_online(mall)
        buyer = Shopper(mall).registers().fills_a_basket({products["cable"]: 2}).authorizes_a_payment(19.9).checks_out()
        doubter = Shopper(mall).registers().fills_a_basket({products["cable"]: 1})
        doubter.ask("DELETE", f"/api/baskets/{doubter.basket_id}")
        mall.pass_time(HOUR)
        assert (status_of(buyer), status_of(doubter)) == ("checked_out", "cancelled")
        assert "BasketAbandoned" not in mall.names()

    def test_a_customer_who_comes_back_to_an_abandoned_basket_starts_a_new_one(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2}).authorizes_a_payment(19.9)
        mall.pass_time(31 * MINUTE)
        path = f"/api/baskets/{shopper.basket_id}"
        assert shopper.refused("PUT", f"{path}/checkout", {"paymentId": shopper.payment_id}).status == 409
        assert shopper.refused("PUT", f"{path}/addItem", {"productId": products["cable"], "quantity": 1}).status == 409
        bring_a_robot_online(mall)
        shopper.fills_a_basket({products["cable"]: 2}).checks_out()
        mall.pass_time(10)
        assert shopper.order()["status"] == "approved"

    def test_baskets_left_while_the_service_is_down_are_abandoned_when_it_is_back(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        left = Shopper(mall).registers().fills_a_basket({products["cable"]: 1})
        mall.stop("baskets")
        mall.pass_time(HOUR)
        mall.start("baskets")
        assert status_of(left) == "open"
        mall.settle()
        assert status_of(left) == "abandoned"


def test_the_limits_are_settings_of_the_stage() -> None:
    mall = Mall(settings={"MALLBOTS_BASKET_UNTOUCHED": "120", "MALLBOTS_ORDER_UNPAID": "300"})
    products = open_a_store(mall, {"cable": 9.95, "charger": 34.9})
    left = Shopper(mall).registers().fills_a_basket({products["cable"]: 1})
    mall.pass_time(2 * MINUTE)
    assert status_of(left) == "abandoned"
    unpaid = has_an_order_ready(mall, products)
    mall.pass_time(5 * MINUTE - 1)
    assert unpaid.order()["status"] == "ready"
    mall.pass_time(MINUTE)
    assert unpaid.order()["status"] == "cancelled"


def has_an_order(mall: Mall, products: dict[str, str]) -> Shopper:
    """A customer whose order is approved."""
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2, products["charger"]: 1})
    shopper.authorizes_a_payment(54.8).checks_out()
    mall.pass_time(10)
    assert shopper.order()["status"] == "approved"
    return shopper


def has_an_order_ready(mall: Mall, products: dict[str, str]) -> Shopper:
    """A customer whose order has just become ready; the robot is offline."""
    bot = bring_a_robot_online(mall)
    shopper = has_an_order(mall, products)
    collect(shopper)
    leave(mall, bot)
    assert shopper.order()["status"] == "ready"
    return shopper


class TestOrders:
    def test_an_order_unpaid_for_24_hours_after_ready_is_cancelled_and_its_list_stays_completed(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        shopper = has_an_order_ready(mall, products)
        mall.pass_time(DAY - 1)
        assert shopper.order()["status"] == "ready"
        mall.pass_time(MINUTE)
        order = shopper.order()
        assert (order["status"], order["ready"], order["paid"]) == ("cancelled", True, False)
        mall.pass_time(HOUR)
        (cancelled,) = (e for e in mall.published if e.metadata.name == "OrderCancelled")
        assert (cancelled.data["by"], cancelled.data["reason"]) == (
            "system",
            "the order was not paid within 24 hours of being ready",
        )
        assert shopper.shopping_list()["status"] == "completed"
        assert (shopper.invoice()["status"], shopper.payment()["status"]) == ("cancelled", "voided")
        assert "cancelled" in notified(shopper)
        assert mall.dead_letters() == {}

    def test_an_order_paid_at_the_last_moment_is_complete_and_stays_so(self) -> None:
        mall = Mall()
        shopper = has_an_order_ready(mall, open_a_store(mall, {"cable": 9.95, "charger": 34.9}))
        mall.pass_time(DAY - 1)
        shopper.pays()
        mall.pass_time(HOUR)
        assert (shopper.order()["status"], shopper.payment()["status"]) == ("completed", "settled")
        assert "OrderCancelled" not in mall.names()


class TestOrdersToBePaidWithinAnHour:
    @pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
    def mall(self, request: pytest.FixtureRequest) -> Mall:
        return Mall(disorder=request.param, settings={"MALLBOTS_ORDER_UNPAID": str(HOUR)})

    def test_the_hour_begins_when_the_order_is_ready(self, mall: Mall, products: dict[str, str]) -> None:
        shopper = has_an_order(mall, products)
        mall.pass_time(2 * HOUR)
        bring_a_robot_online(mall)
        assert shopper.order()["status"] == "approved"
        collect(shopper)
        mall.pass_time(HOUR - 1)
        assert shopper.order()["status"] == "ready"
        mall.pass_time(MINUTE)
        assert shopper.order()["status"] == "cancelled"

    def test_an_order_that_was_paid_before_it_was_ready_never_expires(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        shopper = has_an_order(mall, products)
        shopper.pays()
        mall.pass_time(2 * HOUR)
        bring_a_robot_online(mall)
        collect(shopper)
        mall.pass_time(2 * HOUR)
        assert shopper.order()["status"] == "completed"

    def test_an_order_that_was_cancelled_everywhere_in_time_cannot_be_paid_any_more(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        shopper = has_an_order_ready(mall, products)
        mall.pass_time(HOUR + MINUTE)
        assert shopper.refused("PUT", f"/api/payments/invoices/{shopper.basket_id}/pay").status == 409
        mall.pass_time(MINUTE)
        assert (shopper.order()["status"], shopper.order()["paid"]) == ("cancelled", False)

    def test_a_payment_that_meets_the_expiry_is_kept_or_refunded_whole(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        shopper = has_an_order_ready(mall, products)
        mall.stop("ordering")
        shopper.pays()
        mall.pass_time(HOUR)
        mall.start("ordering")
        mall.pass_time(10 * MINUTE)
        with mall.at_work("payments"):
            payment = payments.payment(shopper.payment_id)
        kept = payment.captured - payment.refunded
        assert (shopper.order()["status"], kept) in [("completed", 5480), ("cancelled", 0)]
        assert payment.authorized == payment.captured + payment.released
        assert mall.dead_letters() == {}
