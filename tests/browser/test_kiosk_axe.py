"""What axe-core finds on every screen of the kiosk, and whether all of it fits and can be touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.audit import Audit
from tests.browser.kiosk_page import Kiosk, kiosk_of
from tests.browser.kiosk_steps import PHONE, types

# Whatever can be pressed is at least 48 pixels high and wide, and none is cut off at the side.
TARGETS = """() => [...document.querySelectorAll("button, input")]
  .map((element) => ({ name: element.textContent || element.tagName, box: element.getBoundingClientRect() }))
  .filter(({ box }) => box.width < 48 || box.height < 48 || box.right > innerWidth + 1 || box.left < -1)
  .map(({ name, box }) => `${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`)"""


def walked(kiosk: Kiosk, language: str) -> Iterator[str]:
    """Every screen in turn, with its name, in any language: nothing is found by its text."""
    page = kiosk.page
    primary = page.locator("main .button-primary").last

    def at(screen: str) -> str:
        page.locator("h1").wait_for()
        return screen

    kiosk.open(f"?language={language}")
    yield at("attract")
    page.locator(".starts button").nth(1 if language == "es" else 0).click()
    expect(page.locator("html")).to_have_attribute("lang", "es" if language == "es" else "en")
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
def test_a_screen_is_accessible_and_can_be_touched(
    browser: Browser, built: Path, audit: Audit, language: str, scheme: str
) -> None:
    with kiosk_of(browser, built / "kiosk", color_scheme=scheme, reduced_motion="reduce") as kiosk:
        for screen in walked(kiosk, language):
            audit(kiosk.page, f"kiosk {screen} {language} {scheme}")
            assert kiosk.page.evaluate(TARGETS) == [], screen
        assert kiosk.refused == []


@pytest.mark.parametrize("size", [2, 3])
def test_nothing_is_cut_off_in_larger_text_or_more_contrast(
    browser: Browser, built: Path, audit: Audit, size: int
) -> None:
    with kiosk_of(browser, built / "kiosk", reduced_motion="reduce") as kiosk:
        for screen in walked(kiosk, "pseudo"):
            if screen == "attract":
                for _ in range(size - 1):
                    kiosk.page.locator(".helps .button").first.click()
                kiosk.page.locator(".helps .toggle").first.click()
            audit(kiosk.page, f"kiosk {screen} pseudo size {size}")
            assert kiosk.page.evaluate(TARGETS) == [], screen
            assert kiosk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{screen} is too wide"
