"""Write pictures of the kiosk: `python -m tests.browser.kiosk_screenshots`; with a folder, every screen, to look at."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from tests.browser.chromium import browsing
from tests.browser.kiosk_page import ROOT, Kiosk, build, kiosk_of
from tests.browser.test_kiosk_axe import walked

OUT = ROOT / "docs" / "screenshots"
SIZE = {"width": 720, "height": 960}
UPRIGHT = {"width": 1080, "height": 1920}


def take(kiosk: Kiosk, name: str) -> None:
    kiosk.page.screenshot(path=OUT / f"kiosk-{name}.png")


def order(kiosk: Kiosk) -> None:
    """A whole order, in English and light."""
    page = kiosk.page
    kiosk.open()
    take(kiosk, "attract")
    kiosk.press("Start in English")
    kiosk.press("Paper Lantern Books")
    kiosk.press("Add A Short History of Tea, $18.90")
    kiosk.press("Add A Short History of Tea, $18.90")
    take(kiosk, "store")
    kiosk.press("Basket, 2 items, $37.80")
    kiosk.press("Check what you order")
    kiosk.press("Yes, continue")
    kiosk.press("No, I am new")
    for digit in "5550199":
        kiosk.press(digit, exact=True)
    take(kiosk, "phone")
    kiosk.press("Continue")
    kiosk.press("Continue without a name")
    kiosk.press("Order and pay $37.80")
    kiosk.heading("Thank you.")
    (placed,) = kiosk.mall.orders
    kiosk.mall.move(placed, status="approved")
    page.get_by_text("Accepted: robots collect it").first.wait_for()
    take(kiosk, "order")


def without_a_network(kiosk: Kiosk) -> None:
    """The cached stores in the largest text and more contrast, in Spanish."""
    kiosk.open()
    kiosk.press("Empezar en español")
    kiosk.page.get_by_text("Corner Bakery").wait_for()
    kiosk.press("Texto más grande")
    kiosk.press("Más contraste")
    kiosk.mall.down = True
    kiosk.page.get_by_role("button", name="Nut & Bolt").click()
    kiosk.page.get_by_text("Sin conexión").first.wait_for()
    kiosk.press("Atrás")
    take(kiosk, "without-a-network")


def look(browser: Browser, pages: Path, folder: Path) -> None:
    """Every screen as it is in a mall: upright."""
    folder.mkdir(parents=True, exist_ok=True)
    for language, scheme in (("en", "light"), ("es", "dark"), ("pseudo", "light")):
        with kiosk_of(browser, pages, viewport=UPRIGHT, color_scheme=scheme, reduced_motion="reduce") as kiosk:
            for at, screen in enumerate(walked(kiosk, language)):
                kiosk.page.screenshot(path=folder / f"{at:02}-{screen.split(',')[0]}-{language}-{scheme}.png")


def main(arguments: list[str]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as built, browsing() as browser:
        pages = build(Path(built))
        if arguments:
            look(browser, pages, Path(arguments[0]))
            return
        with kiosk_of(browser, pages, viewport=SIZE, color_scheme="light") as kiosk:
            order(kiosk)
        with kiosk_of(browser, pages, viewport=SIZE, color_scheme="light") as kiosk:
            without_a_network(kiosk)


if __name__ == "__main__":
    main(sys.argv[1:])
