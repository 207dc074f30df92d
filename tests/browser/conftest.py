"""A browser for all tests of a process, a mall for each, and pages that are signed in."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.audit import Audit
from tests.browser.chromium import WITHIN, browsing
from tests.browser.kiosk_page import Kiosk, kiosk_of
from tests.browser.mall import Mall

ROOT = Path(__file__).parents[2]
SIGNED_IN = "if (!sessionStorage.getItem('opened')) {\
 sessionStorage.setItem('refresh token', 'refresh'); sessionStorage.setItem('opened', 'yes'); }"

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built as they are deployed."""
    folder = tmp_path_factory.mktemp("pages")
    command = ["node", "clients/pages/build.mjs", "--out", str(folder), "console", "docs", "kiosk"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=120)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with browsing() as chromium:
        yield chromium


@pytest.fixture
def empty_mall(built: Path) -> Iterator[Mall]:
    """A mall in which nothing happened yet."""
    mall = Mall(built)
    yield mall
    mall.stop()
    assert mall.errors == []


@pytest.fixture
def mall(empty_mall: Mall) -> Mall:
    """A mall on a usual afternoon."""
    empty_mall.fill()
    return empty_mall


@pytest.fixture
def opened(browser: Browser, empty_mall: Mall) -> Iterator[Open]:
    """Opens the console, for a clerk of its own each time: `opened("#/depot", color_scheme="dark")`.

    Whatever a page does wrong fails the test at its end: an error that nobody caught, something that the content
    security policy forbids, a request to anywhere else.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def is_own(address: str) -> bool:
        return urlsplit(address).netloc in empty_mall.places

    def open_page(address: str = "", signed_in: bool = True, clock: bool = False, **options: Any) -> Page:
        settings = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
        context = browser.new_context(**{**settings, **options})
        contexts.append(context)
        context.set_default_timeout(WITHIN)
        if signed_in:
            context.add_init_script(SIGNED_IN)
        page = context.new_page()
        if clock:
            page.clock.install()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if is_wrong(said.text) else None)
        page.on("request", lambda asked: None if is_own(asked.url) else wrong.append(asked.url))
        page.goto(f"{empty_mall.console}{address}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def is_wrong(said: str) -> bool:
    return "Content Security Policy" in said or "Uncaught" in said


@pytest.fixture
def audit(request: pytest.FixtureRequest) -> Iterator[Audit]:
    """Notes what was audited in a test, which its report tells to the process that counts."""
    noted = Audit()
    yield noted
    request.node.user_properties += [("pages", len(noted.pages)), ("violations", noted.violations)]


@pytest.fixture
def kiosk(browser: Browser, built: Path) -> Iterator[Kiosk]:
    """The kiosk, at a mall of its own. If it fails, or does what its policy forbids, the test fails at its end."""
    with kiosk_of(browser, built / "kiosk") as opened:
        yield opened
        assert opened.refused == []
