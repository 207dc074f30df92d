"""The kiosk by touch: an order, what it does without a network, and how a visit ends."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.kiosk_mall import CODE, ProblemError
from tests.browser.kiosk_page import Kiosk as Page
from tests.browser.kiosk_page import kiosk_of

pytestmark = pytest.mark.enable_socket

PHONE = "5550199"


@pytest.fixture
def kiosk(browser: Browser, pages: Path) -> Iterator[Page]:
    with kiosk_of(browser, pages) as opened:
        yield opened
        assert opened.refused == [], "the page failed, or did what its policy forbids"


def fills(kiosk: Page, query: str = "") -> None:
    """From the attract screen to a basket with one book."""
    kiosk.open(query)
    kiosk.page.locator(".starts button").first.click()
    kiosk.press("Paper Lantern Books")
    kiosk.page.locator(".stepper button").nth(1).click()
    kiosk.page.locator(".bar-basket").click()


def types(kiosk: Page, digits: str) -> None:
    for digit in digits:
        kiosk.press(digit, exact=True)


def registers(kiosk: Page) -> None:
    kiosk.press("Check what you order")
    kiosk.press("Yes, continue")
    kiosk.press("No, I am new")
    types(kiosk, PHONE)
    kiosk.press("Continue")
    kiosk.press("Continue without a name")
    kiosk.page.get_by_role("button", name="Order and pay").and_(kiosk.page.locator(":not([aria-disabled])")).wait_for()


def orders(kiosk: Page) -> str:
    fills(kiosk)
    registers(kiosk)
    kiosk.press("Order and pay $18.90")
    kiosk.heading("Thank you.")
    (order,) = kiosk.mall.orders
    return order


def shown(kiosk: Page, text: str) -> None:
    expect(kiosk.page.locator("#page")).to_contain_text(text, timeout=8_000)


def test_an_order_by_touch_is_followed_until_it_is_complete(kiosk: Page) -> None:
    order = orders(kiosk)

    shown(kiosk, order[:8])
    kiosk.mall.move(order, status="approved")
    shown(kiosk, "Accepted: robots collect it")
    kiosk.press("Charge $18.90 now")
    kiosk.mall.move(order, status="completed", ready=True, paid=True)
    shown(kiosk, "Complete. Enjoy!")
    assert len(kiosk.mall.sent("PUT /api/payments/invoices/{id}/pay")) == 1
    kiosk.press("Finish")
    shown(kiosk, "Nothing of it stays on this kiosk")


def test_an_order_that_is_not_accepted_is_told(kiosk: Page) -> None:
    order = orders(kiosk)
    kiosk.mall.move(order, status="rejected")
    shown(kiosk, "your order could not be accepted. You pay nothing.")


def test_stores_that_take_part_come_first_and_the_others_take_no_orders(kiosk: Page) -> None:
    kiosk.open()
    kiosk.press("Start in English")
    kiosk.page.get_by_text("Corner Bakery").wait_for()
    names = kiosk.page.locator(".tile-name").all_inner_texts()
    assert (names[:2], names[-1]) == (["Nut & Bolt", "Paper Lantern Books"], "Corner Bakery")
    kiosk.press("Corner Bakery")
    shown(kiosk, "This store takes no orders here.")
    assert kiosk.page.locator(".stepper").count() == 0


def test_a_search_finds_products_of_all_stores(kiosk: Page) -> None:
    kiosk.open()
    kiosk.press("Start in English")
    kiosk.press("Search all stores")
    for letter in "oil":
        kiosk.press(letter, exact=True)
    shown(kiosk, "1 product found")
    kiosk.press("Add Valve oil, $7.25")
    shown(kiosk, "Valve oil: 1 in your basket.")


def test_a_returning_customer_proves_the_phone_by_a_code(kiosk: Page) -> None:
    kiosk.mall.customers["ada"] = {"name": "Ada", "smsNumber": PHONE}
    fills(kiosk)
    kiosk.press("Check what you order")
    kiosk.press("Yes, continue")
    kiosk.press("Yes, send me a code")
    types(kiosk, PHONE)
    kiosk.press("Send the code")
    kiosk.heading("Type the code from the text message")
    types(kiosk, "000000")
    kiosk.press("Continue")
    shown(kiosk, "This code is wrong or too old.")
    for _ in range(6):
        kiosk.press("Delete")
    types(kiosk, CODE)
    kiosk.press("Continue")
    kiosk.press("Order and pay $18.90")
    kiosk.heading("Thank you.")
    assert [order["order"]["customerId"] for order in kiosk.mall.orders.values()] == ["ada"]


def test_a_price_that_changed_is_told_before_anything_is_paid(kiosk: Page) -> None:
    fills(kiosk)
    for product in kiosk.mall.products.values():
        product["price"] += 1
    registers(kiosk)
    shown(kiosk, "A price has changed since you looked. The total is now $19.90.")
    assert kiosk.mall.payments == {}
    kiosk.press("Order and pay $19.90")
    kiosk.heading("Thank you.")


def test_a_product_that_is_sold_out_is_named_and_taken_out(kiosk: Page) -> None:
    fills(kiosk)
    book = next(id for id, product in kiosk.mall.products.items() if product["name"] == "A Short History of Tea")
    del kiosk.mall.products[book]
    kiosk.press("Check what you order")
    kiosk.press("Yes, continue")
    kiosk.press("No, I am new")
    types(kiosk, PHONE)
    kiosk.press("Continue")
    kiosk.press("Continue without a name")
    shown(kiosk, "A Short History of Tea is sold out. We took it out of your basket.")
    kiosk.press("Try again")
    shown(kiosk, "Your basket is empty.")


def test_a_declined_payment_is_told_and_may_be_tried_again(kiosk: Page) -> None:
    fills(kiosk)
    registers(kiosk)
    kiosk.mall.refuse("POST /api/payments", ProblemError(409, "refused", "the provider declined"))
    kiosk.press("Order and pay $18.90")
    shown(kiosk, "The payment was not accepted. You were not charged.")
    assert kiosk.mall.orders == {}
    kiosk.press("Order and pay $18.90")
    kiosk.heading("Thank you.")


def test_without_a_network_one_can_look_at_what_is_known_but_a_payment_is_not_queued(kiosk: Page) -> None:
    fills(kiosk)
    registers(kiosk)
    kiosk.mall.down = True
    kiosk.press("Order and pay $18.90")
    shown(kiosk, "We cannot reach the mall. Nothing is lost")
    kiosk.press("Order and pay $18.90")
    shown(kiosk, "You cannot pay while there is no connection")
    shown(kiosk, "No connection.")
    kiosk.press("Back")
    kiosk.press("Back")
    kiosk.press("Add more")
    kiosk.press("Paper Lantern Books")
    shown(kiosk, "Atlas of Small Islands")

    kiosk.mall.down = False
    expect(kiosk.page.locator(".network")).to_be_empty(timeout=10_000)
    assert (kiosk.mall.orders, kiosk.mall.payments) == ({}, {})


def test_what_is_shown_without_a_network_has_its_age(kiosk: Page) -> None:
    kiosk.page.clock.install()
    kiosk.open()
    kiosk.press("Start in English")
    kiosk.press("Paper Lantern Books")
    shown(kiosk, "A Short History of Tea")
    kiosk.mall.down = True
    kiosk.page.clock.fast_forward(4 * 60_000)
    kiosk.press("I need more time")
    kiosk.press("Back")
    kiosk.press("Paper Lantern Books")
    for _ in range(4):
        kiosk.page.clock.run_for(2_000)
    expect(kiosk.page.locator(".network")).to_contain_text(re.compile(r"No connection\. What you see is \d min old"))
    shown(kiosk, "A Short History of Tea")


def test_a_slow_mall_is_told(kiosk: Page) -> None:
    fills(kiosk)
    registers(kiosk)
    held = kiosk.mall.hold("POST /api/payments")
    kiosk.press("Order and pay $18.90")
    shown(kiosk, "We are placing your order. Please wait")
    shown(kiosk, "The mall is slow to answer.")
    held.set()
    kiosk.heading("Thank you.")
    assert len(kiosk.mall.orders) == 1


def left_of(kiosk: Page) -> str:
    """All that the page still has in its stores and on its screen."""
    stores: Any = kiosk.page.evaluate("() => [Object.entries(sessionStorage), Object.entries(localStorage)]")
    return json.dumps(stores) + str(kiosk.page.content())


def test_an_idle_visit_is_warned_of_by_sight_and_sound_extended_and_ended_without_a_trace(kiosk: Page) -> None:
    kiosk.page.add_init_script(
        "window.tones = 0; const start = OscillatorNode.prototype.start;"
        "OscillatorNode.prototype.start = function (...at) { window.tones += 1; return start.apply(this, at); };"
    )
    kiosk.page.clock.install()
    order = orders(kiosk)
    (customer,) = kiosk.mall.customers
    # Twelve times more time than at first: as often as one likes.
    for _ in range(12):
        kiosk.page.clock.run_for(91_000)
        expect(kiosk.page.get_by_role("dialog", name="Are you still there?")).to_be_visible()
        kiosk.press("I need more time")
        expect(kiosk.page.get_by_role("dialog")).to_have_count(0)
    assert kiosk.page.evaluate("window.tones") == 12
    assert order in left_of(kiosk)

    kiosk.page.clock.run_for(91_000)
    kiosk.page.clock.run_for(31_000)
    kiosk.heading("Order here.")
    left = left_of(kiosk)
    secrets = (order, order[:8], customer, PHONE, "Short History", "customer")
    catalogue = kiosk.page.evaluate("() => localStorage.getItem('catalogue')")
    left = left.replace(json.dumps(catalogue)[1:-1], "")
    assert [secret for secret in secrets if secret in left] == []
    assert kiosk.page.evaluate("() => sessionStorage.length") == 0
    kiosk.page.reload()
    kiosk.heading("Order here.")


def test_what_a_customer_set_for_itself_ends_with_the_visit(kiosk: Page) -> None:
    kiosk.open()
    kiosk.press("Empezar en español")
    kiosk.press("Texto más grande")
    kiosk.press("Más contraste")
    kiosk.press("Leer en voz alta")
    kiosk.press("Terminar visita")
    kiosk.press("Terminar mi visita")
    kiosk.heading("Order here.")
    root = kiosk.page.locator("html")
    expect(root).to_have_attribute("lang", "en")
    expect(root).to_have_attribute("data-size", "1")
    expect(root).to_have_attribute("data-contrast", "usual")
    expect(kiosk.page.get_by_role("button", name="Read aloud")).to_have_attribute("aria-pressed", "false")


def test_who_only_made_the_text_larger_leaves_nothing_to_the_next_customer(kiosk: Page) -> None:
    kiosk.page.clock.install()
    kiosk.open()
    kiosk.press("Larger text")
    expect(kiosk.page.locator("html")).to_have_attribute("data-size", "2")
    kiosk.page.clock.run_for(91_000)
    kiosk.page.clock.run_for(31_000)
    expect(kiosk.page.locator("html")).to_have_attribute("data-size", "1")


def test_a_visit_is_not_left_while_its_order_is_being_placed(kiosk: Page) -> None:
    fills(kiosk)
    registers(kiosk)
    held = kiosk.mall.hold("POST /api/payments")
    kiosk.press("Order and pay $18.90")
    shown(kiosk, "We are placing your order.")
    expect(kiosk.page.get_by_role("button", name="End visit")).to_have_attribute("aria-disabled", "true")
    held.set()
    kiosk.heading("Thank you.")


def test_leaving_before_it_is_known_whether_there_is_an_order_says_so(kiosk: Page) -> None:
    fills(kiosk)
    registers(kiosk)
    kiosk.mall.lose("PUT /api/baskets/{id}/checkout", 1_000)
    kiosk.press("Order and pay $18.90")
    shown(kiosk, "We could not hear whether your order was placed.")
    kiosk.press("End visit")
    shown(kiosk, "If it was, you get a text message.")
    kiosk.press("End my visit")
    kiosk.heading("Order here.")
    assert len(kiosk.mall.orders) == 1
