"""What operators see of what failed, and how they mend it; a clerk sees none of it."""

import re
import threading

from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.mall import Mall, problem
from tests.browser.operations import GROUP, REDRIVE
from tests.browser.samples import uid


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


def test_a_group_says_what_failed_how_often_since_when_and_who_takes_care_of_it(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = opened("#/operations")
    row = page.get_by_role("row").filter(has_text="depot/inbox")
    expect(row).to_contain_text(re.compile(r"There is no shopping list.*ReportCollection.*5.*operator.*3 hr.*4 min"))
    expect(page.get_by_role("row").filter(has_text="search/inbox")).to_contain_text("Came back")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("NotFoundError")
    expect(page.get_by_label("Note")).to_have_value("Depot lost lists by a deploy.")
    letters = page.get_by_role("region", name="Its letters")
    expect(letters.get_by_role("row")).to_have_count(6)
    expect(letters).to_contain_text(f"mallbots dead list --group {GROUP}")


def test_an_operator_forecasts_redrives_and_sees_the_letters_drain(mall: Mall, opened: Open) -> None:
    operations = operated(mall).rest.operations
    page = opened(f"#/operations/groups/{GROUP}", clock=True)
    page.get_by_role("button", name="Forecast").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Forecast")
    expect(page.get_by_role("region", name="5 of 5 answered")).to_contain_text(re.compile("Passes.*4.*Fails.*1"))
    expect(page.get_by_role("region", name="Examples")).to_contain_text("ShoppingListCompleted")
    page.get_by_role("button", name="Redrive the 4 that pass").click()
    dialog = page.get_by_role("dialog", name="Redrive 4 letters?")
    dialog.get_by_label("Letters a second").fill("0")
    expect(dialog).to_contain_text("1 to 100")
    expect(dialog.get_by_role("button", name="Redrive 4 letters")).to_be_disabled()
    dialog.get_by_label("Letters a second").fill("5")
    expect(dialog).to_contain_text("--passing --rate 5 --stop-at 20")
    dialog.get_by_role("button", name="Redrive 4 letters").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Redrive")
    expect(page.get_by_text("Step 2 of 5: 2 at once")).to_be_visible()
    [asked] = mall.rest.writes("POST", "/api/operations/redrives")
    assert asked.headers["idempotency-key"]
    assert (asked.body["passing"], asked.body["rate"], asked.body["stopAt"]) == (True, 5, 20)
    [run] = [one.id for one in operations.runs.values() if one.kind == "redrive"]
    operations.advance(run, done=2, sent=2)
    page.clock.fast_forward(2_000)
    expect(page.get_by_role("region", name="2 of 4 done")).to_contain_text(re.compile("Done.*2.*On their way.*2"))
    operations.advance(run, done=4)
    page.clock.fast_forward(2_000)
    expect(page.get_by_role("region", name="4 of 4 done")).to_be_visible()
    expect(page.get_by_role("region", name="Forecast and outcome")).to_contain_text("Passes")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    page.goto(f"{mall.console}#/operations/groups/{GROUP}")
    expect(page.get_by_role("region", name="What failed")).to_contain_text(re.compile("Open.*1.*Done.*4"))


def test_a_redrive_is_paused_goes_on_stops_by_itself_and_is_cancelled(mall: Mall, opened: Open) -> None:
    operations = operated(mall).rest.operations
    page = opened(f"#/operations/groups/{GROUP}", clock=True)
    page.get_by_role("button", name="Redrive …").click()
    page.get_by_role("button", name="Redrive 5 letters").click()
    page.get_by_role("button", name="Pause").click()
    state = page.locator(".heading .badge")
    expect(state).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(state).to_have_text("Running")
    [run] = operations.runs.values()
    operations.advance(run.id, dead=2, pending=3)
    run.state, run.why = "stopped", "2 of 2 letters failed"
    page.clock.fast_forward(2_000)
    expect(page.get_by_role("alert")).to_contain_text("Stopped by itself: 2 of 2 letters failed")
    page.get_by_role("button", name="Cancel for good").click()
    expect(state).to_have_text("Cancelled")
    assert run.state == "cancelled"
    expect(page.get_by_text("Dead again")).to_be_visible()


def test_what_two_operators_know_of_a_group_is_not_overwritten_unseen(mall: Mall, opened: Open) -> None:
    known = operated(mall).rest.operations.groups[GROUP]
    page = opened(f"#/operations/groups/{GROUP}", clock=True)
    page.get_by_label("Note").fill("Mended by 9ad09f0.")
    expect(page.get_by_text(f"mallbots dead note {GROUP} 'Mended by 9ad09f0.'")).to_be_visible()
    known["note"] = "The supplier was asked."
    page.clock.fast_forward(5_000)
    changed = page.get_by_role("alert").filter(has_text="Somebody else changed this")
    expect(changed).to_contain_text("The supplier was asked.")
    expect(page.get_by_role("button", name="Save the note")).to_be_disabled()
    page.reload()
    expect(page.get_by_label("Note")).to_have_value("Mended by 9ad09f0.")
    changed.get_by_role("button").click()
    page.get_by_role("button", name="Save the note").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert known["note"] == "Mended by 9ad09f0."


def test_a_group_is_resolved_and_listed_as_that(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = opened(f"#/operations/groups/{GROUP}")
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator(".heading .badge")).to_have_text("Resolved")
    page.goto(f"{mall.console}#/operations/failures?state=resolved")
    expect(page.get_by_role("row").filter(has_text="depot/inbox")).to_be_visible()


def test_a_letter_is_parked_with_a_reason_and_reopened(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = opened(f"#/operations/letters/{uid('letter 1')}")
    expect(page.get_by_role("group", name="The message")).to_contain_text('"list_id": "12"')
    page.get_by_role("button", name="Park …").click()
    page.get_by_label("Reason").fill("The supplier looks at it.")
    page.get_by_role("dialog").get_by_role("button", name="Park …").click()
    expect(page.locator(".heading .badge")).to_have_text("Parked")
    [asked] = mall.rest.writes("PUT", ".*/park")
    assert asked.body == {"reason": "The supplier looks at it."}
    page.get_by_role("button", name="Reopen").click()
    expect(page.locator(".heading .badge")).to_have_text("Open")


def test_a_consumer_is_paused_with_a_reason_and_resumed(mall: Mall, opened: Open) -> None:
    consumers = operated(mall).rest.operations.consumers
    page = opened("#/operations/consumers")
    rows = page.get_by_role("row")
    expect(rows.nth(1)).to_contain_text(re.compile(r"search/inbox.*Paused.*A deploy goes on.*3,400"))
    page.get_by_role("button", name="Pause depot/inbox").click()
    dialog = page.get_by_role("dialog", name="Pause depot/inbox?")
    expect(dialog.get_by_role("button", name="Pause")).to_be_disabled()
    dialog.get_by_label("Reason").fill("Its table is moved.")
    expect(dialog).to_contain_text("mallbots pause depot/inbox --reason 'Its table is moved.'")
    dialog.get_by_role("button", name="Pause").click()
    row = rows.filter(has_text="depot/inbox")
    expect(row).to_contain_text(re.compile("Paused.*Its table is moved."))
    assert consumers["depot/inbox"]["reason"] == "Its table is moved."
    row.get_by_role("button", name="Resume depot/inbox").click()
    expect(row).to_contain_text("Running")


def test_a_read_model_is_built_anew_and_read_when_an_operator_says_so(mall: Mall, opened: Open) -> None:
    operations = operated(mall).rest.operations
    page = opened("#/operations/rebuilds", clock=True)
    page.get_by_label("Service").select_option("payments")
    page.get_by_label("Read model").select_option("customers")
    expect(page.get_by_text("mallbots rebuild payments customers")).to_be_visible()
    expect(page.get_by_text("Messages: about 12,400, of ordering, stores. Time: about 13 min.")).to_be_visible()
    expect(page.get_by_text("Not counted, because they do not answer: depot.")).to_be_visible()
    page.get_by_role("button", name="Begin").click()
    progress = page.get_by_role("region", name="payments customers")
    expect(progress).to_contain_text(re.compile("Filling from history · 37 %.*4,100"))
    [run] = operations.runs.values()
    run.more.update(step="built", percent=100, secondsLeft=None, mayBeSwitched=True)
    page.clock.fast_forward(2_000)
    expect(page.get_by_role("region", name="Rows that differ: 1")).to_contain_text('{"status": "approved"}')
    page.get_by_role("button", name="Read the new one").click()
    expect(progress).to_contain_text("Removing the one before")


def test_what_is_refused_is_said_with_its_reason(mall: Mall, opened: Open) -> None:
    operated(mall)
    mall.rest.failures["POST", "/api/operations/redrives"] = problem(409, "nothing of it is open")
    page = opened(f"#/operations/groups/{GROUP}")
    page.get_by_role("button", name="Redrive …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Redrive 5 letters").click()
    expect(dialog.get_by_role("alert")).to_contain_text("nothing of it is open")


def test_a_group_that_grows_while_an_operator_is_asked_is_sent_as_it_was_shown(mall: Mall, opened: Open) -> None:
    group = operated(mall).rest.operations.groups[GROUP]
    shown = group["countedAt"]
    page = opened(f"#/operations/groups/{GROUP}", clock=True)
    page.get_by_role("button", name="Redrive …").click()
    group["counts"]["open"], group["countedAt"] = 42, "2099-01-01T00:00:00.000000Z"
    page.clock.fast_forward(30_000)
    expect(page.get_by_role("region", name="What failed")).to_contain_text(re.compile("Open.*42"))
    page.get_by_role("dialog").get_by_role("button", name="Redrive 5 letters").click()
    expect(page.get_by_text("Step 2 of 5: 2 at once")).to_be_visible()
    [asked] = mall.rest.writes("POST", "/api/operations/redrives")
    assert asked.body["asOf"] == shown


def test_a_double_click_redrives_once(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = opened(f"#/operations/groups/{GROUP}")
    page.get_by_role("button", name="Redrive …").click()
    page.get_by_role("button", name="Redrive 5 letters").dblclick()
    expect(page.get_by_text("Step 2 of 5: 2 at once")).to_be_visible()
    assert len(mall.rest.writes("POST", "/api/operations/redrives")) == 1


def test_failures_are_walked_through_by_the_keyboard(mall: Mall, opened: Open) -> None:
    operated(mall)
    page = opened("#/operations")
    expect(page.get_by_role("link", name="NotFoundError")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".heading")).to_contain_text("Came back")


def test_a_run_whose_answer_takes_long_is_waited_for(mall: Mall, opened: Open) -> None:
    operated(mall).rest.operations.fill_runs()
    address = f"/api/operations/runs/{REDRIVE}"
    mall.rest.held[address] = threading.Event()
    page = opened(f"#/operations/runs/{REDRIVE}", clock=True)
    expect(page.get_by_role("status").filter(has_text="Loading")).to_be_visible()
    page.clock.run_for(8_000)
    mall.rest.held[address].set()
    expect(page.get_by_role("region", name="40 of 137 done")).to_be_visible()
    assert len(mall.rest.writes("GET", address)) == 1
