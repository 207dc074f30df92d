"""Chromium, for tests and pictures."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

PATH = "/usr/bin/chromium"
WITHIN = 20_000  # milliseconds, on a busy machine


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser; there may be only one in a process at a time."""
    expect.set_options(timeout=WITHIN)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=PATH, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
