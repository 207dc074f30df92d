"""What operators see of what failed, and how they mend it; a clerk sees none of it."""

from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.mall import Mall


def operated(mall: Mall) -> Mall:
    """The mall as an operator finds it: with failures, and a consumer that is paused."""
    mall.role = "operator"
    mall.rest.operations.fill()
    return mall


def test_an_operator_sees_dead_letters_by_number_among_the_problems(mall: Mall, opened: Open) -> None:
    page = opened("#/problems")
    expect(page.get_by_role("heading", name="Parked sagas")).to_be_visible()
    operated(mall)
    page.reload()
    letters = page.get_by_role("region", name="Dead letters")
    expect(letters).to_contain_text("1,209")
    expect(letters.get_by_role("link", name="2 groups of failures")).to_be_visible()
    expect(page.get_by_role("link", name="Operations 2")).to_be_visible()
    mall.rest.operations.groups.clear()
    page.reload()
    expect(letters).to_contain_text("No message was given up.")


def test_a_clerk_sees_nothing_of_operations(mall: Mall, opened: Open) -> None:
    mall.rest.operations.fill()
    page = opened("#/problems")
    expect(page.get_by_role("heading", name="Money that differs")).to_be_visible()
    expect(page.locator("header .badge")).to_contain_text("Live")
    expect(page.get_by_role("link", name="Orders", exact=True)).to_be_visible()
    expect(page.get_by_text("Dead letters")).to_have_count(0)
    expect(page.get_by_role("link", name="Operations")).to_have_count(0)
    page.goto(f"{mall.console}#/operations")
    expect(page.locator("main")).to_contain_text("There is nothing at this address.")
    assert mall.refused == []
    assert [one for one in mall.rest.asked if one.path.startswith("/api/operations")] == []
