"""The API page, under the headers that are deployed: what the viewer shows, and what one may try there."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.mall import Mall


def tries_to_list_the_sagas(page: Page) -> None:
    page.get_by_role("button", name="Show all checkout endpoints").click()
    page.get_by_role("button", name="Test Request (get /api/checkout/sagas)").click()
    page.get_by_role("button", name="Send get request").click()


def test_every_service_is_shown_and_no_style_is_refused(mall: Mall, opened: Open) -> None:
    """`opened` fails the test at its end for anything that the policy forbids, and for a request to anywhere else."""
    page = opened("../docs/", signed_in=False)
    for service in ("stores", "baskets", "ordering", "payments"):
        expect(page.get_by_role("list", name=f"{service} endpoints")).to_be_visible()
    expect(page.get_by_text("Choose as whom to try requests")).to_be_visible()
    sized = page.get_by_role("heading", name="Authentication").evaluate(
        "it => parseFloat(getComputedStyle(it).fontSize)"
    )
    assert sized < 18, "the pages' own design does not size the viewer's headings"


def test_a_request_that_is_tried_has_the_callers_token(mall: Mall, opened: Open) -> None:
    page = opened("../docs/#as=operator", signed_in=False)
    expect(page.get_by_text("Requests that you try are sent with your token.")).to_be_visible()
    tries_to_list_the_sagas(page)
    expect(page.get_by_text("200 OK")).to_be_visible()


def test_who_is_not_signed_in_is_refused(mall: Mall, opened: Open) -> None:
    page = opened("../docs/", signed_in=False)
    tries_to_list_the_sagas(page)
    expect(page.get_by_text("401 Unauthorized")).to_be_visible()
