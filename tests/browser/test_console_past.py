"""An order over time: a slider from event to event shows every aggregate as it was, as its owner says."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.audit import Audit
from tests.browser.conftest import Open
from tests.browser.mall import Mall, problem
from tests.browser.samples import uid
from tests.browser.stream_routes import past

BAND = uid("brass band")


def opened_at(mall: Mall, opened: Open, **options: Any) -> Page:
    mall.role = "operator"
    mall.rest.operations.streams = past(BAND)
    page = opened(f"#/orders/{BAND}", **options)
    page.get_by_role("link", name="Over time").click()
    return page


def states_asked(mall: Mall) -> list[str]:
    return [f"{one.path} {one.query['version']}" for one in mall.rest.asked if one.path.endswith("/state")]


def test_arrow_keys_go_from_event_to_event_and_show_each_aggregate_as_it_was(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened)
    order, payment = (page.get_by_role("region", name=f"{kind}#{BAND}") for kind in ("Order", "Payment"))
    expect(order).to_contain_text(re.compile("Changed.*approved"))
    expect(payment).to_contain_text("confirmed")
    slider = page.get_by_role("slider", name="Moment")
    slider.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("Confirmed · payments"))
    expect(order).to_contain_text("pending")
    expect(payment).to_contain_text("Changed")
    expect(page.get_by_text(f"mallbots at 2030-01-14T14:02:06.000Z 'Payment#{BAND}'")).to_be_visible()
    slider.press("Home")
    expect(payment).to_contain_text("authorized")
    expect(order).to_have_count(0)


def test_what_outlives_the_order_is_said_not_to_be_shown_with_its_robot_to_go_to(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened)
    expect(page.get_by_text("Not shown as they were: robots, customers")).to_be_visible()
    robot = page.get_by_role("link", name=f"Robot {uid('r2')[:8]}")
    expect(robot).to_have_attribute("href", f"#/robots/{uid('r2')}")


def test_each_version_is_asked_of_its_owner_once_and_what_is_passed_by_is_not_asked(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened)
    slider = page.get_by_role("slider", name="Moment")
    expect(page.get_by_role("region", name=f"Order#{BAND}")).to_contain_text("approved")
    slider.press("Home")
    expect(page.get_by_role("region", name=f"Payment#{BAND}")).to_contain_text("authorized")
    slider.press("End")
    expect(page.get_by_role("region", name=f"Order#{BAND}")).to_contain_text("approved")
    asked = states_asked(mall)
    assert asked.count(f"/api/operations/streams/ordering/Order/{BAND}/state 2") == 1
    assert f"/api/operations/streams/ordering/Order/{BAND}/state 1" not in asked
    assert asked.count(f"/api/operations/streams/payments/Payment/{BAND}/state 2") == 1


def test_an_owner_that_does_not_answer_is_named(mall: Mall, opened: Open) -> None:
    mall.rest.failures["GET", "/api/operations/streams/depot/.*"] = problem(503, "")
    mall.rest.operations.silent = ["notifications"]
    page = opened_at(mall, opened)
    expect(page.locator("main")).to_contain_text(f"Not answered by their owners: notifications, ShoppingList#{BAND}")


def test_a_clerk_has_no_way_into_the_past(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.get_by_role("link", name="Over time")).to_have_count(0)


def test_the_past_is_accessible_in_forced_colours(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened_at(mall, opened, forced_colors="active")
    expect(page.get_by_role("region", name=f"Order#{BAND}")).to_contain_text("approved")
    audit(page, "operations past forced")


def messages(page: Page) -> Locator:
    return page.get_by_role("region", name="Messages").get_by_role("listitem")


def test_the_tree_of_messages_follows_the_slider(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened)
    tree = page.get_by_role("region", name="Messages")
    expect(messages(page)).to_have_count(10)
    expect(tree).to_contain_text("10 of 10 were sent by then.")
    expect(messages(page).filter(has_text="At this moment")).to_contain_text(["Order approved"])
    expect(messages(page).filter(has_text="Later")).to_have_count(0)
    slider = page.get_by_role("slider", name="Moment")
    slider.press("ArrowLeft")
    expect(tree).to_contain_text("6 of 10 were sent by then.")
    expect(messages(page).filter(has_text="At this moment")).to_contain_text(["Payment accepted"])
    expect(messages(page).filter(has_text="Later")).to_contain_text(
        ["Shopping list assigned", "Approve order", "Order approved", "Notification sent"]
    )
    slider.press("Home")
    expect(tree).to_contain_text("1 of 10 were sent by then.")
    expect(messages(page).filter(has_text="At this moment")).to_contain_text(["Payment authorized"])
    expect(messages(page).filter(has_text="Later")).to_have_count(9)


def test_a_moment_that_sent_nothing_says_so(mall: Mall, opened: Open) -> None:
    mall.role = "operator"
    mall.rest.operations.streams = past(BAND)
    mall.rest.operations.streams[f"ordering/Order#{BAND}"][1].sent = []
    page = opened(f"#/operations/orders/{BAND}")
    expect(page.get_by_role("region", name="Messages")).to_contain_text(
        "10 of 10 were sent by then. This event sent none."
    )
    expect(messages(page).filter(has_text="At this moment")).to_have_count(0)


def test_what_the_moment_sent_is_in_sight_in_a_tree_that_scrolls_by_itself(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened, viewport={"width": 400, "height": 900})
    slider = page.get_by_role("slider", name="Moment")
    place = page.get_by_role("group", name="Messages")
    expect(messages(page).filter(has_text="At this moment")).to_be_in_viewport()
    assert place.evaluate("one => one.scrollTop") > 0
    before = page.evaluate("scrollY")
    slider.press("Home")
    expect(messages(page).filter(has_text="Payment authorized")).to_contain_text("At this moment")
    assert place.evaluate("one => one.scrollTop") == 0
    assert page.evaluate("scrollY") == before
    place.focus()
    expect(place).to_be_focused()
