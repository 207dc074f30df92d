"""The map of the system: drawn of what services register, with what the API of operations tells of them."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.audit import Audit
from tests.browser.conftest import Open
from tests.browser.mall import Mall
from tests.browser.operations import PAUSED, consumer
from tests.browser.samples import ago, uid
from tests.browser.test_console_operations import operated

ORDERS = ("just now", "atlas", "two books")


def line(page: Page, ends: str) -> Locator:
    """What is drawn of a line: "ordering payments"."""
    return page.locator(f'[data-line="{ends}"]')


def watched(page: Page) -> Page:
    """The map once its boards are there."""
    expect(node(page, "ordering")).to_contain_text("0 a minute")
    return page


def node(page: Page, service: str) -> Locator:
    return page.get_by_role("group", name="Map").get_by_role("link", name=re.compile(f"^{service}"))


def reject(mall: Mall, *names: str) -> None:
    for name in names:
        mall.rest.happen("orders", uid(name), "OrderRejected", "ordering", status="rejected", endedAt=ago())


def animation(drawn: Locator) -> str:
    style: str = drawn.locator("path").evaluate("path => getComputedStyle(path).animationName")
    return style


def test_the_map_shows_waiting_pauses_and_dead_letters_and_the_tables_say_the_same(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = watched(opened("#/operations/map"))
    expect(node(page, "depot")).to_contain_text("5 dead letters")
    expect(node(page, "search")).to_contain_text("1,204 dead letters")
    depot = page.get_by_role("table", name="Services").get_by_role("row").filter(has_text=re.compile("^depot"))
    expect(depot).to_contain_text(re.compile("Fails.*0.*12.*3 min.*5"))
    expect(line(page, "fleet depot")).to_have_class(re.compile("map-fails"))
    expect(line(page, "fleet depot")).to_have_text("✕ 5")
    failing = page.get_by_role("table", name="Lines now").get_by_role("row").filter(has_text="fleet → depot")
    expect(failing).to_contain_text(re.compile("not counted.*5"))
    expect(page.get_by_text("mallbots status --stage test", exact=True)).to_be_visible()


def test_lines_move_by_what_the_boards_tell_and_stop_a_minute_later(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = watched(opened("#/operations/map", clock=True, reduced_motion="no-preference"))
    expect(page.locator(".map-moves")).to_have_count(0)
    reject(mall, *ORDERS)
    for ends in ("ordering payments", "ordering depot"):
        expect(line(page, ends)).to_have_text("3")
        assert animation(line(page, ends)) == "flows"
    expect(node(page, "payments")).to_contain_text("3 a minute")
    expect(page.locator(".map-moves")).to_have_count(2)
    rows = page.get_by_role("table", name="Lines now").get_by_role("row")
    expect(rows.filter(has_text="ordering → payments")).to_contain_text("3")
    page.clock.run_for(30_000)
    expect(line(page, "ordering payments")).to_have_text("3")
    page.clock.run_for(31_000)
    expect(page.locator(".map-moves")).to_have_count(0)
    expect(rows.filter(has_text="ordering → payments")).to_have_count(0)
    expect(node(page, "payments")).to_contain_text("0 a minute")


def test_with_reduced_motion_nothing_moves_and_the_numbers_are_there(mall: Mall, opened: Open, audit: Audit) -> None:
    operated(mall)
    page = watched(opened("#/operations/map"))
    reject(mall, *ORDERS)
    expect(line(page, "ordering payments")).to_have_text("3")
    assert animation(line(page, "ordering payments")) == "none"
    audit(page, "operations map with flow")


def test_nothing_moves_while_the_boards_are_not_live_and_the_page_says_so(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = watched(opened("#/operations/map", clock=True))
    reject(mall, *ORDERS)
    expect(page.locator(".map-moves")).to_have_count(2)
    mall.boards.cut(refuse=True)
    page.clock.fast_forward(3_000)
    expect(page.get_by_text("The boards are not live: no message is counted")).to_be_visible()
    expect(page.locator(".map-moves")).to_have_count(0)
    expect(node(page, "payments")).not_to_contain_text("a minute")
    mall.boards.open()
    page.clock.fast_forward(20_000)
    expect(line(page, "ordering payments")).to_have_text("3")
    expect(page.get_by_text("The boards are not live")).to_have_count(0)


def test_the_line_to_a_paused_consumer_waits(mall: Mall, opened: Open) -> None:
    operations = operated(mall).rest.operations
    page = watched(opened("#/operations/map", clock=True))
    expect(node(page, "ordering")).to_have_class(re.compile("map-good"))
    operations.consumers["ordering/inbox"] = consumer("ordering/inbox", 7, **PAUSED, since=ago())
    page.clock.run_for(5_000)
    expect(node(page, "ordering")).to_have_class(re.compile("map-warn"))
    expect(node(page, "ordering")).to_contain_text("paused, 7 waiting")
    mall.rest.happen("invoices", uid("atlas"), "InvoicePaid", "payments", status="paid")
    expect(line(page, "payments ordering")).to_have_text("waits · 1")
    expect(line(page, "payments ordering")).not_to_have_class(re.compile("map-moves"))
    waits = page.get_by_role("table", name="Lines now").get_by_role("row").filter(has_text="payments → ordering")
    expect(waits).to_contain_text(re.compile("1.*ordering/inbox"))


def test_a_service_is_chosen_by_the_keyboard_and_says_what_it_takes_and_gives(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = opened("#/operations/map")
    page.get_by_role("group", name="Map").get_by_role("link", name=re.compile("^checkout")).focus()
    page.keyboard.press("Enter")
    told = page.get_by_role("table", name="checkout")
    expect(told.get_by_role("row").filter(has_text="checkout → depot")).to_contain_text("CreateShoppingList")
    expect(told.get_by_role("row").filter(has_text="payments → checkout")).to_contain_text("PaymentRefused")
    expect(told.get_by_role("row").filter(has_text="ordering → checkout")).to_contain_text(
        re.compile("OrderCancelled, OrderCreated · not counted: .*OrderApprovalAccepted")
    )
    page.keyboard.press("Enter")
    expect(told).to_have_count(0)


def test_the_map_is_accessible_in_forced_colours(mall: Mall, opened: Open, audit: Audit) -> None:
    operated(mall)
    page = opened("#/operations/map?service=depot", forced_colors="active")
    expect(page.get_by_role("table", name="Services")).to_be_visible()
    audit(page, "operations map forced")
