"""How a visit at the kiosk ends: idle, by the customer, and without a trace."""

import json
from typing import Any

from playwright.sync_api import expect

from tests.browser.kiosk_page import Kiosk
from tests.browser.kiosk_steps import PHONE, fills, orders, registers, shown


def left_of(kiosk: Kiosk) -> str:
    """All that the page still has in its stores and on its screen, but the catalogue, which is everybody's."""
    stores: Any = kiosk.page.evaluate("() => [Object.entries(sessionStorage), Object.entries(localStorage)]")
    kept = [[key, text] for store in stores for key, text in store if key != "catalogue"]
    return json.dumps(kept) + str(kiosk.page.content())


def test_an_idle_visit_is_warned_of_by_sight_and_sound_extended_and_ended_without_a_trace(kiosk: Kiosk) -> None:
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
    assert [secret for secret in secrets if secret in left] == []
    assert kiosk.page.evaluate("() => sessionStorage.length") == 0
    kiosk.page.reload()
    kiosk.heading("Order here.")


def test_what_a_customer_set_for_itself_ends_with_the_visit(kiosk: Kiosk) -> None:
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


def test_the_question_whether_to_leave_ends_with_its_visit(kiosk: Kiosk) -> None:
    kiosk.page.clock.install()
    kiosk.open()
    kiosk.press("Start in English")
    kiosk.press("End visit")
    expect(kiosk.page.get_by_role("dialog", name="End your visit?")).to_be_visible()
    kiosk.page.clock.run_for(91_000)
    expect(kiosk.page.get_by_role("dialog", name="Are you still there?")).to_be_visible()
    kiosk.page.clock.run_for(31_000)
    kiosk.heading("Order here.")
    kiosk.press("Start in English")
    kiosk.heading("Where would you like to shop?")
    expect(kiosk.page.get_by_role("dialog")).to_have_count(0)


def deploys(kiosk: Kiosk) -> None:
    """A newer version of the page is there from now on; the page that is open remembers this one."""
    newer = '<script type="module" src="./main-NEWER.js"></script>'
    kiosk.page.route("**/kiosk/index.html", lambda route: route.fulfill(body=newer, content_type="text/html"))
    kiosk.page.evaluate("document.documentElement.dataset.before = 'true'")


def is_newer(kiosk: Kiosk) -> None:
    expect(kiosk.page.locator("html[data-before]")).to_have_count(0)
    kiosk.heading("Order here.")


def test_at_the_end_of_a_visit_the_kiosk_goes_on_as_the_newest_version(kiosk: Kiosk) -> None:
    kiosk.open()
    kiosk.press("Start in English")
    deploys(kiosk)
    kiosk.press("End visit")
    kiosk.press("End my visit")
    is_newer(kiosk)


def test_each_hour_the_kiosk_goes_on_as_the_newest_version_but_not_while_somebody_is_there(kiosk: Kiosk) -> None:
    kiosk.page.clock.install()
    kiosk.open()
    deploys(kiosk)
    kiosk.page.clock.run_for(3_570_000)
    kiosk.press("Start in English")
    kiosk.page.clock.run_for(60_000)
    kiosk.heading("Where would you like to shop?")
    expect(kiosk.page.locator("html[data-before]")).to_have_count(1)

    kiosk.page.unroute("**/kiosk/index.html")
    kiosk.press("End visit")
    kiosk.press("End my visit")
    kiosk.heading("Order here.")
    deploys(kiosk)
    kiosk.page.clock.run_for(3_600_000)
    is_newer(kiosk)


def test_who_only_made_the_text_larger_leaves_nothing_to_the_next_customer(kiosk: Kiosk) -> None:
    kiosk.page.clock.install()
    kiosk.open()
    kiosk.press("Larger text")
    expect(kiosk.page.locator("html")).to_have_attribute("data-size", "2")
    kiosk.page.clock.run_for(91_000)
    kiosk.page.clock.run_for(31_000)
    expect(kiosk.page.locator("html")).to_have_attribute("data-size", "1")


def test_a_visit_is_not_left_while_its_order_is_being_placed(kiosk: Kiosk) -> None:
    fills(kiosk)
    registers(kiosk)
    held = kiosk.mall.hold("POST /api/payments")
    kiosk.press("Order and pay $18.90")
    shown(kiosk, "We are placing your order.")
    for name in ("End visit", "Back", "Change the basket"):
        button = kiosk.page.get_by_role("button", name=name, exact=True)
        expect(button).to_have_attribute("aria-disabled", "true")
    held.set()
    kiosk.heading("Thank you.")


def test_nobody_goes_back_to_the_basket_while_it_is_checked(kiosk: Kiosk) -> None:
    """What comes then would put back what the customer has changed meanwhile."""
    fills(kiosk)
    registers(kiosk)
    kiosk.press("Back")
    kiosk.heading("Is this right?")
    held = kiosk.mall.hold("GET /api/baskets/{id}")
    kiosk.press("Yes, continue")
    shown(kiosk, "We are checking")
    back = kiosk.page.get_by_role("button", name="Back", exact=True)
    expect(back).to_have_attribute("aria-disabled", "true")
    held.set()
    expect(back).not_to_have_attribute("aria-disabled", "true")
    kiosk.press("Back")
    kiosk.heading("Is this right?")


def test_leaving_before_it_is_known_whether_there_is_an_order_says_so(kiosk: Kiosk) -> None:
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
