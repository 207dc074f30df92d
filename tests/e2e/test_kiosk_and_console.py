"""A customer at the kiosk and a clerk at the console, both as deployed: one order, and a burst that is cut."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from clients.order import Order
from functions.notifications import wording
from tests.browser.chromium import PATH
from tests.e2e.cable import Cable
from tests.e2e.conftest import Deployed
from tests.e2e.windows import Window, window

PHONE = "5550199"
# A visit ends when nobody touches the screen; this customer stays, however slow the machine is.
STAYS = "() => setInterval(() => document.dispatchEvent(new Event('pointerdown')), 20000)"
BURST, AT_ONCE = 8, 2

Cabled = tuple[Page, Cable]


@pytest.fixture
def console(deployed: Deployed, browser: Browser) -> Iterator[Window]:
    """The console of a clerk who has just signed in."""
    with window(browser, deployed.cloud, "console", 1280, 800) as opened:
        opened.page.get_by_role("button", name="Sign in as clerk").click()
        is_live(opened.page)
        yield opened


@pytest.fixture
def kiosk(deployed: Deployed, browser: Browser) -> Iterator[Page]:
    with window(browser, deployed.cloud, "kiosk", 1080, 1920) as opened:
        yield opened.page


@pytest.fixture
def cabled(deployed: Deployed, browser: Browser) -> Iterator[Cabled]:
    """A clerk's console whose way to the mall is a cable."""
    cable = Cable(deployed.cloud.engine.port)
    ours, theirs = deployed.cloud.engine.port, cable.port
    rules = f"--host-resolver-rules=MAP 127.0.0.1:{ours} 127.0.0.1:{theirs}"
    other = browser.browser_type.launch(executable_path=PATH, args=["--no-sandbox", rules])
    try:
        with window(other, deployed.cloud, "console", 1280, 800) as opened:
            opened.page.get_by_role("button", name="Sign in as clerk").click()
            is_live(opened.page)
            yield opened.page, cable
    finally:
        other.close()
        cable.close()


def is_live(page: Page) -> None:
    expect(page.locator("header .badge")).to_contain_text("Live")


def stage(page: Page, name: str) -> Locator:
    return page.locator("section").filter(has=page.get_by_role("heading", name=name)).locator("[data-item]")


def orders_at(kiosk: Page) -> str:
    """A whole order of one product; returns its number."""

    def press(name: str) -> None:
        kiosk.get_by_role("button", name=name).first.click()

    press("Start in English")
    press("Paper Lantern Books")
    press("Add The Salt Road, $14.50")
    press("Basket, 1 item, $14.50")
    press("Check what you order")
    press("Yes, continue")
    press("No, I am new")
    for digit in PHONE:
        kiosk.get_by_role("button", name=digit, exact=True).click()
    press("Continue")
    press("Continue without a name")
    expect(kiosk.get_by_role("status").filter(has_text="Your basket is checked")).to_be_visible()
    press("Order and pay $14.50")
    return kiosk.locator(".order-number").inner_text()


def test_a_customer_orders_at_the_kiosk_while_the_console_watches_it_carried_to_pickup(
    deployed: Deployed, kiosk: Page, console: Window
) -> None:
    clerk = console.page
    kiosk.evaluate(STAYS)
    number = orders_at(kiosk)

    card = stage(clerk, "Being collected").filter(has_text=number)
    id = (card.get_attribute("href") or "").removeprefix("#/orders/")
    assert number in wording.text("received", id, "en"), "the text message has another number"
    expect(kiosk.locator(".step").filter(has_text="Accepted: robots collect it")).to_be_visible()

    order = Order(deployed.people, id=id).by_staff
    robots_list = order.gets_a_robot()
    order.starts(robots_list)
    order.picks(robots_list)
    clerk.get_by_role("link", name="Depot").click()
    row = clerk.get_by_role("row").filter(has_text=number)
    expect(row.filter(has_text="1 of 1")).to_be_visible()
    row.get_by_role("link", name="Check in").click()
    clerk.get_by_role("button", name="Check in").click()
    expect(clerk.get_by_text(f"{number} is checked in.")).to_be_visible()
    expect(kiosk.locator(".step").filter(has_text="At the depot: pick it up")).to_be_visible()

    # The customer says the number, and the clerk finds the order by it.
    clerk.get_by_role("searchbox").fill(number)
    clerk.get_by_role("searchbox").press("Enter")
    clerk.locator("main [data-item]").filter(has_text=number).click()
    expect(clerk.locator(".heading").get_by_text("At the depot")).to_be_visible()
    clerk.get_by_role("link", name="Take payment").click()
    clerk.get_by_role("button", name="Take $14.50").click()
    expect(clerk.get_by_text(f"{number} is paid: $14.50.")).to_be_visible()
    expect(kiosk.locator(".step").filter(has_text="Complete. Enjoy!")).to_be_visible()

    clerk.goto(f"{deployed.cloud.pages}/console/#/orders/{id}")
    expect(clerk.locator(".heading").get_by_text("Completed")).to_be_visible()
    expect(clerk.locator(".node").filter(has_text="Order completed")).to_be_visible()
    assert order.order()["status"] == "completed"
    # The browser lets the page read the ETag of another origin, and the page sends it back.
    assert [bool(re.fullmatch(r'"\d+"', one.headers.get("if-match", ""))) for one in console.writes()] == [True, True]


def test_a_burst_that_is_cut_in_the_middle_ends_as_the_store_has_it(deployed: Deployed, cabled: Cabled) -> None:
    page, cable = cabled
    shown = page.locator("main [data-item]")
    with ThreadPoolExecutor(AT_ONCE) as customers:
        placed = [
            customers.submit(Order(deployed.people).orders, {deployed.products[at % 3]: 1 + at}) for at in range(BURST)
        ]
        first = placed[0].result()
        expect(shown.filter(has_text=first.id[:8])).to_be_visible()
        heard: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
        cable.pull()
        expect(page.locator("header .badge")).not_to_contain_text("Live")
        for order in placed[1 : BURST // 2]:
            order.result().is_approved()
        cable.plug_in()
        burst = [order.result().is_approved() for order in placed]
    burst[0].cancels()

    is_live(page)
    assert cable.cut > 0
    expect(stage(page, "Just ended").filter(has_text=burst[0].id[:8])).to_have_count(1)
    kinds = {json.loads(frame)["type"] for frame in heard}
    assert {"changes", "subscribed"} <= kinds <= {"changes", "subscribed", "pong"}, "the board was loaded anew"
    for order in burst[1:]:
        stored = order.order()
        card = stage(page, "At the depot" if stored["ready"] else "Being collected").filter(has_text=order.id[:8])
        expect(card).to_have_count(1)
        expect(card).to_contain_text(f"${stored['total']:,.2f}")
        expect(shown.filter(has_text=order.id[:8])).to_have_count(1)
    page.get_by_role("link", name="Payments").click()
    for order in burst:
        invoice = order.invoice()
        row = page.get_by_role("row").filter(has_text=order.id[:8])
        expect(row).to_have_count(1 if invoice["status"] == "pending" else 0)
    for order in burst[1:]:
        order.cancels()  # their robots are wanted by other tests
