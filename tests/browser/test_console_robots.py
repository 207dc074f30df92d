"""Robots in the console: where they are, what they report and are told, and what is known when nothing answers."""

import re
import threading

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.audit import Audit
from tests.browser.conftest import Open
from tests.browser.mall import Mall, problem
from tests.browser.samples import ago, error, report, short, uid
from tests.browser.test_console_pages import SCROLLS, fits

RUSTY, CARGO, BUMBLE, DOLLY, FERRY = (uid(name) for name in ("r2", "c3", "bb", "d0", "fe"))
PAUSED = ".*/pause"


def marker(page: Page, name: str, *, exact: bool = False) -> Locator:
    plan = page.get_by_role("group", name=re.compile("on the floor plan"))
    return plan.get_by_role("link", name=name, exact=exact)


def row(page: Page, name: str) -> Locator:
    return page.locator("tr").filter(has=page.get_by_role("link", name=name, exact=True))


def loaded(page: Page) -> None:
    expect(page.locator("header .badge")).to_contain_text("Live")
    expect(row(page, "Ferry")).to_contain_text("Critical")


def reports(mall: Mall, id: str, **more: object) -> None:
    mall.rest.reports[id] = {**mall.rest.reports[id], **more}


def test_robots_are_on_the_plan_and_in_the_table_with_what_they_report(mall: Mall, opened: Open) -> None:
    page = opened("#/robots")
    loaded(page)
    expect(marker(page, "Rusty, Driving, North 2")).to_be_visible()
    expect(marker(page, "Cargo, Paused, Warning, Centre 1")).to_be_visible()
    expect(marker(page, "Bumble, Offline, Parking 2")).to_be_visible()
    expect(row(page, "Rusty")).to_contain_text(re.compile(r"Driving.*North 2.*1 of 4.*64 %.*\d+ sec"))
    expect(row(page, "Rusty").get_by_role("link", name=short(uid("brass band")))).to_be_visible()
    expect(row(page, "Cargo")).to_contain_text(re.compile(r"Paused.*Centre 1.*Warning · 1.*15 %"))
    expect(row(page, "Bumble")).to_contain_text(re.compile(r"Offline.*3 hr"))
    expect(row(page, "Bumble").get_by_role("button")).to_have_count(0)


def test_a_robot_that_drives_moves_on_the_plan(mall: Mall, opened: Open) -> None:
    page = opened("#/robots", clock=True)
    loaded(page)
    before = marker(page, "Rusty").bounding_box()
    reports(mall, RUSTY, node="north", x=26.0, y=20.0)
    page.clock.fast_forward(5_000)
    # "North 2", where it was before, begins with the same word.
    expect(marker(page, "Rusty, Driving, North", exact=True)).to_be_visible()
    after = marker(page, "Rusty").bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] > before["x"] + 50
    assert after["y"] > before["y"]


def test_reports_are_asked_for_only_while_the_page_is_visible(mall: Mall, opened: Open) -> None:
    page = opened("#/robots", clock=True)
    loaded(page)
    shown = "Object.defineProperty(document, 'visibilityState', {{ configurable: true, value: '{}' }})"
    page.evaluate(shown.format("hidden"))
    asked = len(mall.rest.writes("GET", "/api/fleet/robots"))
    page.clock.run_for(60_000)
    assert len(mall.rest.writes("GET", "/api/fleet/robots")) == asked
    page.evaluate(shown.format("visible"))
    reports(mall, RUSTY, battery=33.0)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(row(page, "Rusty")).to_contain_text("33 %")


def test_the_errors_of_robots_are_shown_with_hint_and_references(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened("#/robots")
    attention = page.get_by_role("region", name="To look at")
    ferry = attention.get_by_role("article", name="Ferry")
    expect(ferry).to_contain_text(
        re.compile("Critical.*GRIPPER_JAMMED.*The gripper did not close.*What to do: Free the gripper")
    )
    expect(ferry).to_contain_text("actionIdcollect-2")
    expect(attention.get_by_role("article", name="Cargo")).to_contain_text("Ask the store to open its hatch.")
    marker(page, "Ferry").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ferry")
    expect(page.get_by_role("region", name="Errors")).to_contain_text("Free the gripper")
    audit(page, "robot with an error")


def test_a_robot_is_paused_and_goes_on(mall: Mall, opened: Open) -> None:
    page = opened("#/robots")
    loaded(page)
    page.get_by_role("button", name="Pause Rusty").click()
    expect(page.get_by_text("Rusty is told.")).to_be_visible()
    expect(row(page, "Rusty")).to_contain_text("Paused")
    expect(marker(page, "Rusty, Paused")).to_be_visible()
    page.get_by_role("button", name="Resume Rusty").click()
    expect(row(page, "Rusty")).to_contain_text("At work")
    [paused] = mall.rest.writes("PUT", PAUSED)
    assert paused.headers["idempotency-key"]
    assert len(mall.rest.writes("PUT", ".*/resume")) == 1


def test_a_robot_that_could_not_be_told_is_said_with_the_reason(mall: Mall, opened: Open) -> None:
    mall.rest.failures["PUT", PAUSED] = problem(409, "the robot is not connected")
    page = opened("#/robots")
    loaded(page)
    page.get_by_role("button", name="Pause Rusty").click()
    expect(page.locator(".toast-bad")).to_contain_text(re.compile("Rusty was not told.*the robot is not connected"))
    expect(row(page, "Rusty")).to_contain_text("Driving")


@pytest.mark.parametrize(("button", "path"), [("Try the action again", "retry"), ("Skip the action", "skip")])
def test_an_action_that_failed_is_tried_again_or_skipped(mall: Mall, opened: Open, button: str, path: str) -> None:
    page = opened(f"#/robots/{FERRY}")
    page.get_by_role("button", name=button).click()
    expect(page.get_by_text("It reports no errors.")).to_be_visible()
    assert len(mall.rest.writes("PUT", f"/api/fleet/robots/{FERRY}/actions/collect-2/{path}")) == 1


def test_an_action_that_waits_is_offered_without_an_error_too(mall: Mall, opened: Open) -> None:
    reports(mall, RUSTY, retriable=["collect-7"])
    page = opened(f"#/robots/{RUSTY}")
    expect(page.get_by_text("The action collect-7 failed.")).to_be_visible()
    page.get_by_role("button", name="Skip the action").click()
    expect(page.get_by_text("It reports no errors.")).to_be_visible()
    page.goto(f"{mall.console}#/robots/{CARGO}")
    expect(page.get_by_text("STORE_CLOSED")).to_be_visible()
    expect(page.get_by_role("button", name="Skip the action")).to_have_count(0)


def test_a_robot_is_retired_after_a_question(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened(f"#/robots/{RUSTY}")
    retire = page.get_by_role("button", name="Retire …")
    retire.click()
    question = page.get_by_role("dialog", name="Retire Rusty?")
    expect(question).to_contain_text("It has a list now.")
    audit(page, "retire a robot")
    question.get_by_role("button", name="Cancel").click()
    expect(retire).to_be_focused()
    assert mall.rest.writes("DELETE", ".*") == []
    retire.click()
    question.get_by_role("button", name="Retire for ever").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Robots")
    expect(page.get_by_text("Rusty is retired.")).to_be_visible()
    expect(row(page, "Rusty")).to_have_count(0)
    expect(marker(page, "Rusty")).to_have_count(0)
    assert len(mall.rest.writes("DELETE", f"/api/depot/bots/{RUSTY}")) == 1


def test_a_robot_that_cannot_be_retired_says_why_and_stays(mall: Mall, opened: Open) -> None:
    mall.rest.failures["DELETE", "/api/depot/bots/.*"] = problem(503, "")
    page = opened(f"#/robots/{FERRY}")
    page.get_by_role("button", name="Retire …").click()
    page.get_by_role("button", name="Retire for ever").click()
    expect(page.get_by_role("dialog")).to_contain_text("This does not work right now")


def test_a_robot_without_a_stream_is_shown_as_such(mall: Mall, opened: Open) -> None:
    page = opened("#/robots")
    loaded(page)
    expect(row(page, "Dolly")).to_contain_text(re.compile("REST only.*At work.*Never"))
    expect(marker(page, "Dolly")).to_have_count(0)
    expect(page.get_by_text("1 robot is not on the plan: it told no place.")).to_be_visible()
    row(page, "Dolly").get_by_role("link", name="Dolly").click()
    expect(page.get_by_text("This robot works over REST, without a stream")).to_be_visible()
    expect(page.get_by_text("Without a report no errors are known.")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(page.get_by_role("button", name="Retire …")).to_be_visible()


def test_a_robot_that_is_silent_or_was_cut_off_is_to_be_looked_at(mall: Mall, opened: Open) -> None:
    reports(mall, RUSTY, lastReportedAt=ago(minutes=4))
    reports(mall, BUMBLE, connection="broken")
    page = opened("#/robots")
    loaded(page)
    expect(row(page, "Rusty").locator(".badge-warn")).to_have_text("4 min")
    expect(row(page, "Bumble")).to_contain_text("Connection lost")
    expect(page.get_by_role("region", name="To look at").get_by_role("article", name="Bumble")).to_be_visible()


def test_a_robot_that_the_depot_registers_appears_without_being_asked_for(mall: Mall, opened: Open) -> None:
    page = opened("#/robots")
    loaded(page)
    fresh = {"botId": uid("new"), "name": "Newton", "status": "offline", "listId": None, "since": ago()}
    mall.boards.put("robots", uid("new"), fresh)
    mall.rest.happen("robots", uid("new"), "BotWentOnline", "depot", status="idle")
    expect(row(page, "Newton")).to_contain_text("REST only")


def test_what_is_no_longer_news_says_so_and_of_when_it_is(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened("#/robots", clock=True)
    loaded(page)
    mall.rest.failures["GET", "/api/fleet/robots"] = problem(503, "")
    page.clock.run_for(15_000)
    old = page.locator("main .notice").filter(has_text="could not be loaded again")
    expect(old).to_contain_text(re.compile(r"from \d\d:\d\d:\d\d"))
    expect(page.locator(".floor-old")).to_be_visible()
    expect(marker(page, "Rusty")).to_be_visible()
    audit(page, "robots old")
    mall.rest.failures.clear()
    page.clock.run_for(10_000)
    expect(old).to_have_count(0)


def test_without_reports_the_depots_robots_are_shown(mall: Mall, opened: Open, audit: Audit) -> None:
    mall.rest.failures["GET", "/api/fleet/robots"] = problem(503, "")
    page = opened("#/robots")
    expect(page.get_by_text("What the depot knows of them is shown.")).to_be_visible()
    expect(row(page, "Rusty")).to_contain_text("At work")
    expect(row(page, "Dolly")).not_to_contain_text("REST only")
    audit(page, "robots without reports")


def test_an_answer_that_takes_long_is_waited_for(mall: Mall, opened: Open) -> None:
    held = mall.rest.held["/api/fleet/robots"] = threading.Event()
    page = opened("#/robots", clock=True)
    expect(row(page, "Rusty")).to_contain_text("At work")
    page.clock.run_for(8_000)
    held.set()
    expect(row(page, "Rusty")).to_contain_text("Driving")


def hundred(mall: Mall) -> None:
    """A hundred robots more, ten of them at each of ten nodes, and one of those with an error."""
    nodes = ["depot", "parking-1", "north-1", "north-4", "south-1", "south-4", "east-1", "east-3", "centre", "west"]
    for number in range(100):
        id = uid(f"robot {number}")
        jammed = [error("BLOCKED", "URGENT", "Clear the way.", edgeId="centre:east")] if number == 8 else []
        mall.rest.reports[id] = report(id, f"Robot {number}", nodes[number % 10], errors=jammed)
        row = {"botId": id, "name": f"Robot {number}", "status": "idle", "listId": None, "since": ago(minutes=3)}
        mall.boards.put("robots", id, row)


def test_a_hundred_robots_are_grouped_by_place_and_found_by_it(mall: Mall, opened: Open, audit: Audit) -> None:
    hundred(mall)
    page = opened("#/robots")
    loaded(page)
    expect(page.locator(".floor .marker")).to_have_count(10 + 4)
    expect(page.locator("tbody tr")).to_have_count(105)
    centre = marker(page, "10 robots: Centre. 1 to look at")
    expect(centre).to_contain_text("10")
    audit(page, "robots hundred")
    centre.focus()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="Last at: Centre")
    expect(heading).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(10)
    expect(row(page, "Robot 8")).to_contain_text("Urgent · 1")
    page.get_by_role("link", name="Show all robots").click()
    expect(page.locator("tbody tr")).to_have_count(105)


def test_a_hundred_robots_fit_on_a_phone(mall: Mall, opened: Open, audit: Audit) -> None:
    hundred(mall)
    page = opened("#/robots", viewport={"width": 360, "height": 740})
    loaded(page)
    assert fits(page)
    assert not page.evaluate(SCROLLS)
    audit(page, "robots hundred narrow")


def test_robots_are_gone_through_by_the_keyboard_alone(mall: Mall, opened: Open) -> None:
    page = opened("#/robots")
    loaded(page)
    page.keyboard.press("j")
    expect(row(page, "Ferry").get_by_role("link", name="Ferry")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cargo")


def test_that_a_robot_fails_is_said(mall: Mall, opened: Open) -> None:
    page = opened("#/robots", clock=True)
    loaded(page)
    reports(mall, RUSTY, errors=[error("LOST", "FATAL", "Bring it back by hand.")])
    page.clock.run_for(5_000)
    expect(row(page, "Rusty")).to_contain_text("Fatal")
    expect(page.locator("[data-announcer]")).to_have_text("5 robots, 2 to look at")


def test_the_depot_shows_errors_and_last_reports_too(mall: Mall, opened: Open) -> None:
    page = opened("#/depot")
    robots = page.get_by_role("region", name="Robots")
    ferry = robots.locator("tr").filter(has_text="Ferry")
    expect(ferry).to_contain_text(re.compile(r"Idle.*Critical · 1.*\d+ sec"))
    expect(robots.locator("tr").filter(has_text="Dolly")).to_contain_text("Never")
    ferry.get_by_role("link", name="Critical").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ferry")


def test_how_a_robot_is_connected_is_said_step_by_step(mall: Mall, opened: Open) -> None:
    page = opened("#/robots")
    page.get_by_role("link", name="Connect a robot").click()
    reference = page.get_by_role("region", name="The reference robot")
    expect(reference).to_contain_text(f"MALLBOTS_API={mall.origin}")
    expect(reference).to_contain_text("$(make -s token ROLE=staff STAGE=test)")
    expect(reference).to_contain_text(".venv/bin/python -m clients.robot run --count 1 --state .robots-test")
    steps = page.get_by_role("region", name="A robot of another maker").get_by_role("listitem")
    expect(steps.filter(has_text="Register it")).to_contain_text(f"POST {mall.origin}/api/depot/bots")
    expect(steps.filter(has_text="Ask for its certificate")).to_contain_text("/api/fleet/robots/<id>/certificate")
    expect(page.get_by_role("link", name="The API page")).to_have_attribute("href", "../docs/")


def test_the_reference_robot_of_a_local_mall_is_a_line_in_the_shell_of_that_mall(mall: Mall, opened: Open) -> None:
    mall.stage = "local"
    mall.control_it()
    reference = opened("#/robots/connect").get_by_role("region", name="The reference robot")
    expect(reference.locator("code")).to_have_text("mallbots robot run --count 1")
    expect(reference).to_contain_text("make shell")
    expect(reference).not_to_contain_text("MALLBOTS_TOKEN")


def test_a_robot_that_is_not_there_is_said(mall: Mall, opened: Open) -> None:
    page = opened("#/robots/unheard-of")
    expect(page.locator("main")).to_contain_text("There is no robot unheard-of.")
