"""What operators see of sagas, and the two acts: their commands are sent again, and parked ones are resumed."""

import re

from playwright.sync_api import Page, expect

from tests.browser import saga_routes
from tests.browser.conftest import Open
from tests.browser.mall import Mall, problem
from tests.browser.saga_routes import SLOW, STUCK, UNDONE
from tests.browser.samples import short, uid


def opened_at(mall: Mall, opened: Open, place: str, role: str = "operator", **options: bool) -> Page:
    mall.role = role
    mall.rest.sagas = saga_routes.samples()
    mall.rest.operations.streams = saga_routes.streams()
    return opened(f"#/{place}", **options)


def test_sagas_that_have_not_ended_are_listed_the_parked_first_and_each_status_by_itself(
    mall: Mall, opened: Open
) -> None:
    page = opened_at(mall, opened, "operations")
    page.get_by_role("link", name="Sagas").click()
    rows = page.get_by_role("table", name="Sagas").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text(
        re.compile(f"{short(STUCK)}.*Parked.*Undoes its steps.*payment_voided twice.*3")
    )
    expect(rows.nth(2)).to_contain_text(re.compile(f"{short(SLOW)}.*Running.*9 min"))
    expect(rows.nth(2).locator(".badge-warn")).to_have_text("9 min")
    for status in ("parked", "running"):
        expect(page.get_by_text(f"mallbots saga list --status {status} --stage test")).to_be_visible()
    page.get_by_role("link", name="Undone").click()
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text(re.compile(f"{short(UNDONE)}.*Undone.*the store is closed"))
    expect(page.get_by_text("mallbots saga list --status compensated --stage test")).to_be_visible()
    page.get_by_role("link", name="Completed").click()
    expect(page.locator("main")).to_contain_text("There is no such saga.")
    page.get_by_role("link", name="All", exact=True).click()
    expect(rows).to_have_count(4)
    expect(page.get_by_text("mallbots saga list --stage test", exact=True)).to_be_visible()


def test_a_saga_says_what_it_awaits_since_when_and_what_it_did(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened, "operations/sagas")
    expect(page.get_by_role("table", name="Sagas")).to_contain_text(short(STUCK))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Saga {short(STUCK)}")
    facts = page.get_by_role("region", name="Where it stands")
    expect(facts).to_contain_text(re.compile("payment_voided twice.*Since.*2026.*Undoes its steps"))
    expect(facts).to_contain_text(f"mallbots saga show {STUCK}")
    expect(facts.get_by_role("link", name=f"Order {short(STUCK)} over time")).to_have_attribute(
        "href", f"#/operations/orders/{STUCK}"
    )
    awaited = page.get_by_role("table", name="What it awaits").get_by_role("row")
    expect(awaited.nth(1)).to_contain_text(re.compile("VoidPayment.*35.*ago"))
    did = page.get_by_role("region", name="What it did").get_by_role("listitem")
    expect(did).to_have_text(
        [
            re.compile("^Step sent 3.*Sent: ConfirmPayment$"),
            re.compile("^Turned round: the card was refused"),
            re.compile("^Undo sent 3, try 2.*Sent: VoidPayment$"),
        ]
    )


def test_commands_without_an_answer_are_sent_again_once_the_operator_agrees(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened, f"operations/sagas/{SLOW}")
    acts = page.get_by_role("region", name="What can be done")
    expect(acts).to_contain_text(f"mallbots saga retry {SLOW}")
    expect(acts.get_by_role("button", name="Resume")).to_have_count(0)
    acts.get_by_role("button", name="Send again").click()
    dialog = page.get_by_role("dialog", name="Send CreateShoppingList, ConfirmPayment again?")
    expect(dialog).to_contain_text("It counts as no further try")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert mall.rest.writes("PUT", ".*/retry") == []
    acts.get_by_role("button", name="Send again").click()
    dialog.get_by_role("button", name="Send again").dblclick()
    expect(page.get_by_text("2 commands are sent again.")).to_be_visible()
    [sent] = mall.rest.writes("PUT", f"/api/operations/sagas/{SLOW}/retry")
    assert sent.body == {"commands": ["CreateShoppingList", "ConfirmPayment"]}
    assert sent.headers["idempotency-key"]


def test_a_parked_saga_is_resumed_and_then_runs(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened, f"operations/sagas/{STUCK}")
    acts = page.get_by_role("region", name="What can be done")
    expect(acts).to_contain_text(f"mallbots saga resume {STUCK}")
    acts.get_by_role("button", name="Resume").click()
    dialog = page.get_by_role("dialog", name=f"Resume the saga of {short(STUCK)}?")
    expect(dialog).to_contain_text(re.compile("parked since.*2026.*payment_voided twice"))
    expect(dialog).to_contain_text(f"mallbots saga resume {STUCK}")
    dialog.get_by_role("button", name="Resume").click()
    expect(page.locator(".heading .badge")).to_have_text("Running")
    expect(page.get_by_role("table", name="What it awaits")).to_contain_text(re.compile("VoidPayment.*36.*in "))
    expect(acts.get_by_role("button", name="Resume")).to_have_count(0)


def test_a_saga_that_another_resumed_meanwhile_says_so(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened, f"operations/sagas/{STUCK}")
    mall.rest.failures["PUT", ".*/resume"] = problem(409, "the saga is running, not parked")
    page.get_by_role("button", name="Resume").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Resume").click()
    expect(dialog.get_by_role("alert")).to_contain_text("the saga is running, not parked")


def test_an_order_without_a_saga_is_said_to_have_none(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened, f"operations/sagas/{uid('unheard of')}")
    expect(page.locator("main")).to_contain_text(f"Order {uid('unheard of')} has no saga.")


def test_a_clerk_resumes_a_parked_saga_among_the_problems_and_sees_no_command_line(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened, "problems", role="staff")
    expect(page.get_by_role("link", name="All sagas")).to_have_count(0)
    page.get_by_role("button", name=f"Resume {short(STUCK)}").click()
    dialog = page.get_by_role("dialog", name=f"Resume the saga of {short(STUCK)}?")
    expect(dialog).not_to_contain_text("mallbots")
    dialog.get_by_role("button", name="Resume").click()
    expect(page.locator("main")).to_contain_text("No saga is parked.")


def test_an_operator_goes_from_the_problems_to_the_saga(mall: Mall, opened: Open) -> None:
    page = opened_at(mall, opened, "problems")
    page.get_by_role("button", name=f"Resume {short(STUCK)}").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"mallbots saga resume {STUCK} --stage test")
    page.keyboard.press("Escape")
    page.get_by_role("link", name=f"Saga {short(STUCK)}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Saga {short(STUCK)}")
    page.get_by_role("link", name="Problems").click()
    page.get_by_role("link", name="All sagas").click()
    expect(page.get_by_role("table", name="Sagas")).to_contain_text(short(SLOW))
