"""The tour of five faults: break, watch, mend; by the launcher's control server, with faults of the tests."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.mall import Mall, problem


def opened_at(mall: Mall, opened: Open) -> Page:
    mall.role = "operator"
    mall.control_it()
    return opened("#/operations/break")


def test_a_deployed_mall_has_no_such_place(mall: Mall, opened: Open) -> None:
    mall.role = "operator"
    page = opened("#/operations/break")
    expect(page.locator("main")).to_contain_text("There is nothing at this address.")
    expect(page.get_by_role("link", name="Break it")).to_have_count(0)


def test_payments_are_stopped_and_mended_and_progress_is_kept(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened)
    step = page.get_by_role("region", name="Stop payments")
    expect(step).to_contain_text("make fault BREAK=payments")
    expect(step).to_contain_text("mallbots consumers")
    expect(step).to_contain_text("here in make shell")
    step.get_by_role("button", name="Break it").click()
    expect(step).to_contain_text("Broken since")
    assert "payments" in mall.faults.broken()
    step.get_by_role("button", name="Mend it").click()
    expect(step).to_contain_text("Mended")
    assert mall.faults.broken() == {}
    page.reload()
    expect(page.get_by_text("1 of 5 seen")).to_be_visible()
    expect(step.get_by_role("checkbox")).to_be_checked()


def test_the_page_goes_on_while_the_engine_is_dead_and_starts_it_again(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened)
    step = page.get_by_role("region", name="Kill the engine")
    expect(step).to_be_visible()
    mall.rest.failures["GET", "/api/.*"] = problem(503, "")
    mall.boards.cut()
    step.get_by_role("button", name="Break it").click()
    expect(page.get_by_text("Engine down")).to_be_visible()
    expect(step).to_contain_text("Broken since")
    step.get_by_role("button", name="Mend it").click()
    expect(page.get_by_text("Engine up")).to_be_visible()


def test_what_cannot_be_broken_says_why(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened)
    mall.faults.refuses = "no robot is on the robots' stream: make shoppers brings some"
    page.get_by_role("button", name="Break it: Drop a robot").click()
    expect(page.get_by_text("make shoppers brings some")).to_be_visible()


def test_a_launcher_that_has_ended_is_told(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened)
    expect(page.get_by_role("region", name="Cut the network")).to_be_visible()
    assert mall.control
    mall.control.stop()
    expect(page.get_by_text(re.compile("The launcher does not answer"))).to_be_visible()
