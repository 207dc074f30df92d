"""Write pictures of the pages: `python -m tests.browser.screenshots`; with a folder, every page, to look at."""

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import WITHIN, browsing
from tests.browser.conftest import ROOT, SIGNED_IN
from tests.browser.mall import Mall
from tests.browser.test_console_pages import PAGES, prepare

DOCS = ROOT / "docs" / "screenshots"
KEPT = {
    "console-orders": ("orders", {}),
    "console-order-dark": ("order", {"color_scheme": "dark"}),
    "console-check-in": ("check-in", {}),
    "console-depot-es": ("depot", {"language": "es"}),
    "console-robots": ("robots", {}),
    "console-robot-dark": ("robot", {"color_scheme": "dark"}),
    "console-figures": ("figures", {}),
    "console-operations": ("operations group", {}),
    "console-redrive-dark": ("operations redrive", {"color_scheme": "dark"}),
}


def shot(browser: Browser, mall: Mall, name: str, to: Path, whole: bool = False, **options: str) -> None:
    language = options.pop("language", "en")
    width = int(options.pop("width", "1280"))
    context = browser.new_context(
        locale="en-US", viewport={"width": width, "height": 800}, reduced_motion="reduce", **options
    )
    context.set_default_timeout(WITHIN)
    context.add_init_script(SIGNED_IN)
    page = context.new_page()
    prepare(mall, name)
    address, there = PAGES[name]
    page.goto(f"{mall.console}?language={language}{address}")
    expect(page.locator("main")).to_contain_text(there if language == "en" else "")
    settle(page)
    page.screenshot(path=to, full_page=whole)
    context.close()


def settle(page: Page) -> None:
    expect(page.locator("header .badge-good")).to_be_visible()
    expect(page.locator("main [role=status]")).to_have_count(0)


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        command = ["node", "clients/pages/build.mjs", "--out", folder, "console"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        mall = Mall(Path(folder))
        mall.fill()
        if arguments:
            look(browser, mall, Path(arguments[0]))
        else:
            DOCS.mkdir(parents=True, exist_ok=True)
            for name, (page, options) in KEPT.items():
                shot(browser, mall, page, DOCS / f"{name}.png", **options)
                print(f"wrote docs/screenshots/{name}.png")
        mall.stop()


LOOKS: dict[str, dict[str, str]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"width": "390"},
    "es": {"language": "es"},
    "pseudo": {"language": "pseudo"},
    "forced": {"forced_colors": "active"},
}


def look(browser: Browser, mall: Mall, folder: Path) -> None:
    """Every page in each way that somebody may see it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        for way, options in LOOKS.items():
            shot(browser, mall, name, folder / f"{name}-{way}.png", whole=True, **options)


if __name__ == "__main__":
    main(sys.argv[1:])
