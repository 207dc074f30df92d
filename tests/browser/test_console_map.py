"""The map of the system: drawn of what services register, with what the API of operations tells of them."""

import re

from playwright.sync_api import expect

from tests.browser.audit import Audit
from tests.browser.conftest import Open
from tests.browser.mall import Mall
from tests.browser.operations import consumer
from tests.browser.test_console_operations import operated


def test_the_map_shows_flow_pause_and_dead_letters_and_the_table_says_the_same(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = opened("#/operations/map")
    drawn = page.get_by_role("group", name="Map")
    expect(drawn.get_by_role("link", name=re.compile("^depot"))).to_contain_text(
        re.compile("depot.*4 a minute.*5 dead letters")
    )
    expect(drawn.get_by_role("link", name=re.compile("^search"))).to_contain_text("1,204 dead letters")
    depot = page.get_by_role("table", name="Services").get_by_role("row").filter(has_text=re.compile("^depot"))
    expect(depot).to_contain_text(re.compile("Fails.*4.*12.*3 min.*5"))
    expect(page.get_by_text("mallbots status --stage test", exact=True)).to_be_visible()


def test_the_map_follows_what_happens_while_it_is_looked_at(mall: Mall, opened: Open) -> None:
    operations = operated(mall).rest.operations
    page = opened("#/operations/map", clock=True)
    ordering = page.get_by_role("group", name="Map").get_by_role("link", name=re.compile("^ordering"))
    expect(ordering).to_have_class(re.compile("map-good"))
    paused = {"state": "paused", "by": "operator", "reason": "A deploy goes on."}
    operations.consumers["ordering/inbox"] = consumer("ordering/inbox", 7, **paused)
    page.clock.run_for(5_000)
    expect(ordering).to_have_class(re.compile("map-warn"))
    expect(ordering).to_contain_text("paused, 7 waiting")


def test_a_service_is_chosen_by_the_keyboard_and_says_what_it_takes_and_gives(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = opened("#/operations/map")
    page.get_by_role("group", name="Map").get_by_role("link", name=re.compile("^checkout")).focus()
    page.keyboard.press("Enter")
    told = page.get_by_role("table", name="checkout")
    expect(told.get_by_role("row").filter(has_text="checkout → depot")).to_contain_text("CreateShoppingList")
    expect(told.get_by_role("row").filter(has_text="payments → checkout")).to_contain_text("PaymentRefused")
    page.keyboard.press("Enter")
    expect(told).to_have_count(0)


def test_the_map_is_accessible_in_forced_colours(mall: Mall, opened: Open, audit: Audit) -> None:
    operated(mall)
    page = opened("#/operations/map?service=depot", forced_colors="active")
    expect(page.get_by_role("table", name="Services")).to_be_visible()
    audit(page, "operations map forced")
