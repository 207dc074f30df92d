"""An order at the kiosk by touch: prices, refusals, and what it does without a network."""

import re

from playwright.sync_api import expect

from tests.browser.kiosk_mall import CODE, ProblemError
from tests.browser.kiosk_page import Kiosk
from tests.browser.kiosk_steps import PHONE, fills, orders, registers, returns, shown, types


def test_an_order_by_touch_is_followed_until_it_is_complete(kiosk: Kiosk) -> None:
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


def test_an_order_whose_invoice_is_not_there_yet_is_charged_in_a_moment(kiosk: Kiosk) -> None:
    order = orders(kiosk)
    kiosk.mall.move(order, status="approved")
    charge = "PUT /api/payments/invoices/{id}/pay"
    kiosk.mall.refuse(charge, ProblemError(404, "not_found"))
    kiosk.press("Charge $18.90 now")
    expect(kiosk.page.get_by_role("button", name="Paid")).to_be_visible()
    expect(kiosk.page.get_by_role("alert")).to_be_empty()
    assert len(kiosk.mall.sent(charge)) == 2


def test_a_charge_that_is_refused_since_the_desk_took_the_money_is_told_as_paid(kiosk: Kiosk) -> None:
    order = orders(kiosk)
    kiosk.mall.move(order, status="approved")
    charge = "PUT /api/payments/invoices/{id}/pay"
    kiosk.mall.refuse(charge, ProblemError(409, "refused", "the invoice is paid"))
    kiosk.page.get_by_role("button", name="Charge").wait_for()
    kiosk.page.evaluate(
        "() => { window.alerts = []; const region = document.querySelector('[role=alert]');"
        "new MutationObserver(() => region.textContent && window.alerts.push(region.textContent))"
        ".observe(region, { subtree: true, childList: true, characterData: true }); }"
    )
    with kiosk.page.expect_response("**/api/ordering/*"):
        pass
    kiosk.mall.move(order, paid=True)  # of which the page hears in 5 s
    kiosk.press("Charge $18.90 now")
    shown(kiosk, "News: Order placed. Accepted: robots collect it. Paid.")
    expect(kiosk.page.get_by_role("button", name="Charge")).to_have_count(0)
    assert kiosk.page.evaluate("window.alerts") == []


def test_an_order_that_is_not_accepted_is_told(kiosk: Kiosk) -> None:
    order = orders(kiosk)
    kiosk.mall.move(order, status="rejected")
    shown(kiosk, "your order could not be accepted. You pay nothing.")


def test_stores_that_take_part_come_first_and_the_others_take_no_orders(kiosk: Kiosk) -> None:
    kiosk.open()
    kiosk.press("Start in English")
    kiosk.page.get_by_text("Corner Bakery").wait_for()
    names = kiosk.page.locator(".tile-name").all_inner_texts()
    assert (names[:2], names[-1]) == (["Nut & Bolt", "Paper Lantern Books"], "Corner Bakery")
    kiosk.press("Corner Bakery")
    shown(kiosk, "This store takes no orders here.")
    assert kiosk.page.locator(".stepper").count() == 0


def test_a_search_finds_products_of_all_stores(kiosk: Kiosk) -> None:
    kiosk.open()
    kiosk.press("Start in English")
    kiosk.press("Search all stores")
    for letter in "oil":
        kiosk.press(letter, exact=True)
    shown(kiosk, "1 product found")
    kiosk.press("Add Valve oil, $7.25")
    shown(kiosk, "Valve oil: 1 in your basket.")


def test_a_returning_customer_proves_the_phone_by_a_code(kiosk: Kiosk) -> None:
    kiosk.mall.customers["ada"] = {"name": "Ada", "smsNumber": PHONE}
    fills(kiosk)
    returns(kiosk)
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


def test_while_a_code_is_proved_nothing_else_begins(kiosk: Kiosk) -> None:
    """By a key of the keyboard, too: it presses no button."""
    kiosk.mall.customers["ada"] = {"name": "Ada", "smsNumber": PHONE}
    fills(kiosk)
    returns(kiosk)
    types(kiosk, CODE)
    proved = "POST /api/customers/sessions"
    held = kiosk.mall.hold(proved)
    field = kiosk.page.get_by_label("Code", exact=True)
    field.press("Enter")
    for name in ("Continue", "Send another code", "I have no code", "Back"):
        expect(kiosk.page.get_by_role("button", name=name)).to_have_attribute("aria-disabled", "true")
    field.press("Enter")
    held.set()
    kiosk.page.get_by_role("button", name="Order and pay").wait_for()
    assert len(kiosk.mall.sent(proved)) == 1


def test_a_price_that_changed_is_told_before_anything_is_paid(kiosk: Kiosk) -> None:
    fills(kiosk)
    for product in kiosk.mall.products.values():
        product["price"] += 1
    registers(kiosk)
    shown(kiosk, "A price has changed since you looked. The total is now $19.90.")
    assert kiosk.mall.payments == {}
    kiosk.press("Order and pay $19.90")
    kiosk.heading("Thank you.")


def test_a_product_that_is_sold_out_is_named_and_taken_out(kiosk: Kiosk) -> None:
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


def test_a_declined_payment_is_told_and_may_be_tried_again(kiosk: Kiosk) -> None:
    fills(kiosk)
    registers(kiosk)
    kiosk.mall.refuse("POST /api/payments", ProblemError(409, "refused", "the provider declined"))
    kiosk.press("Order and pay $18.90")
    shown(kiosk, "The payment was not accepted. You were not charged.")
    assert kiosk.mall.orders == {}
    kiosk.press("Order and pay $18.90")
    kiosk.heading("Thank you.")


def test_without_a_network_one_can_look_at_what_is_known_but_a_payment_is_not_queued(kiosk: Kiosk) -> None:
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


def test_what_is_shown_without_a_network_has_its_age(kiosk: Kiosk) -> None:
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


def test_a_slow_mall_is_told(kiosk: Kiosk) -> None:
    fills(kiosk)
    registers(kiosk)
    held = kiosk.mall.hold("POST /api/payments")
    kiosk.press("Order and pay $18.90")
    shown(kiosk, "We are placing your order. Please wait")
    shown(kiosk, "The mall is slow to answer.")
    held.set()
    kiosk.heading("Thank you.")
    assert len(kiosk.mall.orders) == 1


def test_texts_show_the_focus_to_who_moves_it_by_keys_alone(kiosk: Kiosk) -> None:
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    kiosk.open()
    assert kiosk.page.evaluate("document.activeElement.tagName") == "H1"
    assert kiosk.page.evaluate(outline) == "none"
    for _ in range(3):
        kiosk.page.keyboard.press("ArrowDown")
        assert kiosk.page.evaluate(outline) == "solid"
    kiosk.press("Start in English")
    kiosk.heading("Where would you like to shop?")
    assert kiosk.page.evaluate(outline) == "none"
