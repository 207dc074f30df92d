"""What axe-core finds on every screen of the kiosk, and whether all of it fits and can be touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.audit import Audit
from tests.browser.kiosk_page import Kiosk as Page
from tests.browser.kiosk_page import kiosk_of

pytestmark = pytest.mark.enable_socket

PHONE = "5550199"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = """async (tags) => {
  const options = { runOnly: tags, rules: { "target-size": { enabled: true } } };
  const { violations } = await window.axe.run(document, options);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" ")}`);
}"""
# Whatever can be pressed is at least 48 pixels high and wide, and none is cut off at the side.
TARGETS = """() => [...document.querySelectorAll("button, input")]
  .map((element) => ({ name: element.textContent || element.tagName, box: element.getBoundingClientRect() }))
  .filter(({ box }) => box.width < 48 || box.height < 48 || box.right > innerWidth + 1 || box.left < -1)
  .map(({ name, box }) => `${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`)"""


def types(kiosk: Page, digits: str) -> None:
    for digit in digits:
        kiosk.press(digit, exact=True)


def walked(kiosk: Page, query: str) -> Iterator[str]:
    """Every screen in turn, with its name, in any language: nothing is found by its text."""
    page = kiosk.page
    primary = page.locator("main .button-primary").last

    def at(screen: str) -> str:
        page.locator("h1").wait_for()
        return screen

    kiosk.open(query)
    yield at("attract")
    page.locator(".starts button").first.click()
    page.locator(".tile").nth(2).wait_for()
    yield at("stores")
    page.locator(".search").click()
    page.locator("#keys-letters .button").first.click()
    page.locator(".product").first.wait_for()
    yield at("search")
    page.locator(".bar-row .button").first.click()
    page.locator(".tile").nth(1).click()
    page.locator(".stepper button").nth(1).click()
    page.locator(".told:not(:empty)").wait_for()
    yield at("store")
    page.locator(".bar-basket").click()
    yield at("basket")
    primary.click()
    yield at("review")
    primary.click()
    yield at("who")
    primary.click()
    page.locator("#keys-digits").wait_for()
    page.locator(".entry > .button").click()
    page.locator(".told-failed:not(:empty)").wait_for()
    yield at("phone, refused")
    types(kiosk, PHONE)
    page.locator(".entry > .button").click()
    page.locator("#keys-letters").wait_for()
    yield at("name")
    page.locator(".entry > .button").click()
    page.locator("main .button-primary:not([aria-disabled])").wait_for()
    yield at("pay")
    page.locator(".bar-row .button").nth(1).click()
    page.locator("dialog").wait_for()
    yield at("leave")
    page.locator("dialog .button").first.click()
    primary.click()
    page.locator(".steps").wait_for()
    yield at("order")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "es", "pseudo"])
def test_axe_finds_nothing_on_any_screen(
    browser: Browser, pages: Path, audit: Audit, language: str, scheme: str
) -> None:
    found: dict[str, list[str]] = {}
    with kiosk_of(browser, pages, color_scheme=scheme, reduced_motion="reduce") as kiosk:
        for screen in walked(kiosk, f"?language={language}"):
            kiosk.page.evaluate("() => window.axe ?? import('/kiosk/axe.js')")
            violations = [*kiosk.page.evaluate(AXE, RULES), *kiosk.page.evaluate(TARGETS)]
            audit.note(f"kiosk {screen} {language} {scheme}", violations)
            if violations:
                found[screen] = violations
        assert kiosk.refused == []
    assert found == {}


@pytest.mark.parametrize("size", [2, 3])
def test_nothing_is_cut_off_in_larger_text_or_more_contrast(browser: Browser, pages: Path, size: int) -> None:
    found: dict[str, list[str]] = {}
    with kiosk_of(browser, pages) as kiosk:
        for screen in walked(kiosk, "?language=pseudo"):
            if screen == "attract":
                for _ in range(size - 1):
                    kiosk.page.locator(".helps .button").first.click()
                kiosk.page.locator(".helps .toggle").first.click()
            kiosk.page.evaluate("() => window.axe ?? import('/kiosk/axe.js')")
            wide = kiosk.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            violations = [*kiosk.page.evaluate(AXE, ["color-contrast"]), *kiosk.page.evaluate(TARGETS)]
            if violations or wide > 0:
                found[screen] = [*violations, f"{wide} pixels too wide"]
    assert found == {}
