"""Creating an order: its items, bounds and prices; and its shortages."""

from dataclasses import replace

import pytest

from functions.kernel.domain.errors import InvalidError, NotFoundError
from functions.kernel.domain.sizes import must_fit
from functions.ordering import service
from functions.ordering.domain import Approved, Created, Order
from functions.ordering.items import Item, Shortage, Wanted, without
from tests.support.given import given
from tests.unit.ordering.mall import names

AT = "2026-01-05T09:00:00.000000Z"
BREAD = Item("bakery", "bread", "Corner Bakery", "Rye bread", 450, 2)
INK = Item("paper", "ink", "Paper & Ink", "Ink", 799, 1)
HUNDRED_AND_ONE = [replace(BREAD, product_id=f"bread-{n}") for n in range(101)]
NO_INK = (Shortage("paper", "ink", 1),)
CREATED = Created("ada", "payment-1", (BREAD, INK), AT)


class TestCreating:
    def test_an_order_begins_pending_with_its_items(self) -> None:
        given(Order).when(lambda order: order.create("ada", "payment-1", [BREAD, INK], AT)).then(CREATED).then_state(
            status="pending", total=2 * 450 + 799, ready=False, paid=False, created_at=AT, shopping_list_id=None
        )

    def test_an_order_is_created_once(self) -> None:
        given(Order, CREATED, Approved("list-1")).when(
            lambda order: order.create("ada", "payment-1", [BREAD], AT)
        ).then_nothing()

    @pytest.mark.parametrize(
        ("customer_id", "payment_id", "items", "message"),
        [
            ("", "payment-1", [BREAD], "the customer id cannot be blank"),
            ("  ", "payment-1", [BREAD], "the customer id cannot be blank"),
            ("ada", "", [BREAD], "the payment id cannot be blank"),
            ("ada", "\t", [BREAD], "the payment id cannot be blank"),
            ("ada", "payment-1", [], "the order has no items"),
            ("ada", "payment-1", HUNDRED_AND_ONE, "an order holds at most 100 lines"),
            ("ada", "payment-1", [replace(BREAD, quantity=-1)], "the item quantity cannot be negative"),
            ("ada", "payment-1", [BREAD, replace(INK, quantity=0)], "the item quantity cannot be zero"),
            (
                "ada",
                "payment-1",
                [replace(BREAD, quantity=1000)],
                "an order holds at most 999 of one product",
            ),
            (
                "ada",
                "payment-1",
                [replace(BREAD, quantity=999), INK, replace(BREAD, quantity=999)],
                "an order holds at most 999 of one product",
            ),
            ("ada", "payment-1", [BREAD, replace(BREAD, quantity=-1)], "the item quantity cannot be negative"),
            (
                "ada",
                "payment-1",
                [replace(BREAD, price=2**52)],
                "the order's total must be below 2^53 cents",
            ),
        ],
    )
    def test_an_incomplete_or_too_large_order_is_not_created(
        self, customer_id: str, payment_id: str, items: list[Item], message: str
    ) -> None:
        given(Order).when(lambda order: order.create(customer_id, payment_id, items, AT)).then_invalid(message)

    def test_an_order_at_the_bounds_is_created(self) -> None:
        most = [replace(line, quantity=999) for line in HUNDRED_AND_ONE[:100]]
        given(Order).when(lambda order: order.create("ada", "p", most, AT)).then_state(total=450 * 999 * 100)
        dearest = replace(BREAD, price=2**53 - 1, quantity=1)
        given(Order).when(lambda order: order.create("ada", "p", [dearest], AT)).then_state(total=2**53 - 1)

    def test_two_lines_of_one_product_are_one_line_with_their_sum(self) -> None:
        lines = [BREAD, INK, replace(BREAD, quantity=997), replace(BREAD, store_id="market")]
        given(Order).when(lambda order: order.create("ada", "p", lines, AT)).then_state(
            items=(replace(BREAD, quantity=999), INK, replace(BREAD, store_id="market"))
        )

    def test_the_limit_of_100_lines_is_judged_when_101_lines_of_one_product_are_one(self) -> None:
        given(Order).when(lambda order: order.create("ada", "p", [replace(INK, quantity=9)] * 101, AT)).then_state(
            items=(replace(INK, quantity=909),)
        )

    def test_an_item_that_staff_order_costs_what_the_catalogue_says(self) -> None:
        catalogued = replace(BREAD, quantity=0)
        assert Wanted("bakery", "bread", 2).priced(catalogued) == BREAD
        assert Wanted("bakery", "bread", 2, price=450).priced(catalogued) == BREAD

    def test_another_price_than_the_catalogues_is_refused(self) -> None:
        with pytest.raises(InvalidError, match="the price of Rye bread is not the catalogue's"):
            Wanted("bakery", "bread", 2, price=449).priced(BREAD)

    def test_a_price_of_zero_is_another_price_too(self) -> None:
        with pytest.raises(InvalidError, match="the price of Rye bread is not the catalogue's"):
            Wanted("bakery", "bread", 2, price=0).priced(BREAD)

    def test_a_product_of_another_store_is_not_located(self) -> None:
        with pytest.raises(NotFoundError, match="product was not located"):
            Wanted("paper", "bread", 2).priced(BREAD)


class TestShortages:
    def test_a_shortage_is_taken_from_the_line_of_its_store_and_product(self) -> None:
        elsewhere = replace(BREAD, store_id="market")
        left = without((BREAD, elsewhere, INK), [Shortage("market", "bread", 1)])
        assert left == (BREAD, replace(elsewhere, quantity=1), INK)

    def test_a_shortage_goes_over_repeated_lines_and_repeated_shortages_add_up(self) -> None:
        short = [Shortage("bakery", "bread", 1), Shortage("bakery", "bread", 2)]
        assert without((BREAD, INK, BREAD), short) == (replace(BREAD, quantity=1), INK)

    def test_more_than_was_ordered_takes_it_all(self) -> None:
        assert without((BREAD, INK), [Shortage("bakery", "bread", 9)]) == (INK,)

    def test_a_shortage_of_what_was_not_ordered_changes_nothing(self) -> None:
        assert without((BREAD, BREAD), NO_INK) == (BREAD, BREAD)


class TestTheHeaviestOrder:
    """100 lines that take 105,000 bytes: as long as `must_fit` lets them be."""

    LINES = tuple(
        Item("s" * 36, f"{n:036}", "\N{ROBOT FACE}" * 110, "\N{ROBOT FACE}" * 110, 100_000, 999) for n in range(100)
    )
    SHORT = tuple(Shortage(line.store_id, line.product_id, 998) for line in LINES)

    def test_is_approved_ready_and_completed_in_one_commit_with_three_messages(self) -> None:
        service.place("order-1", "c" * 36, "\x01" * 200, self.LINES)
        service.make_ready("order-1", "order-1", self.SHORT)
        service.mark_paid("order-1")
        service.approve("order-1", "order-1")
        assert names() == ["OrderCreated", "OrderPaid", "OrderApproved", "OrderReadied", "OrderCompleted"]

    def test_is_cancelled_with_the_longest_reason(self) -> None:
        service.place("order-1", "c" * 36, "\x01" * 200, self.LINES)
        service.cancel("order-1", "\x01" * 2000, "staff")
        assert names() == ["OrderCreated", "OrderCancelled"]

    def test_is_too_large_with_one_letter_more_in_each_name(self) -> None:
        must_fit(self.LINES, "the order")
        longer = [
            replace(line, store_name=line.store_name + "x" * 4, product_name=line.product_name + "x" * 4)
            for line in self.LINES
        ]
        with pytest.raises(InvalidError, match=r"the order is too large: its lines take 10\d,\d\d\d bytes"):
            must_fit(longer, "the order")
