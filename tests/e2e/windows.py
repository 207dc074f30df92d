"""Windows of a browser at the deployed pages, and what they must not do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, expect

from infra.local.cloud import LocalCloud

WITHIN = 120_000  # milliseconds, for whatever a test waits for: functions start cold, and other work uses the machine
SHOWS = {"locale": "en-US", "reduced_motion": "reduce"}
WRONG = ("Content Security Policy", "CORS", "Uncaught", "Refused to")


@dataclass
class Window:
    """A page, the requests that it sent, and what it did wrong."""

    page: Page
    asked: list[Request] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def writes(self) -> list[Request]:
        return [one for one in self.asked if one.method in ("PUT", "DELETE")]


@contextmanager
def window(browser: Browser, cloud: LocalCloud, place: str, width: int, height: int) -> Iterator[Window]:
    """A browser of its own at a page.

    Raises AssertionError at its end where the page broke its policy, failed, or asked anybody else.
    """
    expect.set_options(timeout=WITHIN)
    own = {urlsplit(address).netloc for address in (cloud.pages, cloud.api, cloud.address)}
    context = browser.new_context(viewport={"width": width, "height": height}, **SHOWS)  # type: ignore[arg-type]
    context.set_default_timeout(WITHIN)
    opened = Window(context.new_page())
    page = opened.page
    page.on("request", lambda asked: opened.asked.append(asked))
    page.on("pageerror", lambda error: opened.wrong.append(str(error)))
    page.on("console", lambda said: opened.wrong.extend(text for text in WRONG if text in said.text))
    try:
        page.goto(f"{cloud.pages}/{place}/")
        yield opened
        elsewhere = {one.url for one in opened.asked if urlsplit(one.url).netloc not in own}
        assert (opened.wrong, elsewhere) == ([], set())
    finally:
        context.close()
