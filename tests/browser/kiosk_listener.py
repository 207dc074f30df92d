"""A customer who cannot see: four arrows, Enter, and what a screen reader says.

The screen reader is Guidepup's virtual one, in the page. Nothing here looks at the page: what to press is found by ear.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

START = """async () => {
  const { virtual } = await import("/kiosk/reader.js");
  window.virtual = virtual;
  await virtual.start({ container: document.body });
}"""
# Waits until more was said than `known`, then answers all that was said.
HEARD = """async ([known, within]) => {
  const until = performance.now() + within;
  for (;;) {
    const said = await window.virtual.spokenPhraseLog();
    if (said.length > known || performance.now() > until) return said.slice(known);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}"""
WITHIN = 6_000  # milliseconds
MOST_STOPS = 60


@dataclass
class Listener:
    page: Page
    log: list[str] = field(default_factory=list)
    """All that was said, over reloads."""
    _known: int = 0

    def start(self) -> None:
        """Begins to listen, on a page that was just loaded."""
        self.page.evaluate(START)
        self._known = 0
        self.listen(0)

    def listen(self, within: int = WITHIN) -> list[str]:
        """What was said since; waits for it. Empty if nothing is said in time."""
        said: list[Any] = self.page.evaluate(HEARD, [self._known, within])
        self._known += len(said)
        plain = [re.sub(r"\s+", " ", phrase).strip() for phrase in said]
        self.log += plain
        return plain

    def hear(self, text: str, since: int) -> str:
        """Waits for a phrase with a text among those after `since`. Raises AssertionError."""
        while not (found := [phrase for phrase in self.log[since:] if text in phrase]):
            assert self.listen(), f"nobody said {text!r} but {self.log[since:]}"
        return found[0]

    def find(self, text: str, arrow: str = "ArrowDown") -> str:
        """Moves on until something with a text is spoken. Raises AssertionError."""
        heard: list[str] = []
        for _ in range(MOST_STOPS):
            self.page.keyboard.press(arrow)
            phrases = self.listen(1_500)
            assert phrases, f"an arrow said nothing on the way to {text!r}, after {heard}"
            if phrases[-1] == "paragraph":
                # A text: its beginning is read on.
                self.page.evaluate("() => window.virtual.next()")
                phrases += self.listen(1_500)
            heard += phrases
            # What is said of live regions meanwhile has its own prefix.
            stop = next((phrase for phrase in phrases if text in phrase and ":" not in phrase.split(" ")[0]), None)
            if stop is not None:
                return stop
        raise AssertionError(f"{text!r} was not found, but {heard}")

    def enter(self, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press("Enter")

    def arrows(self, *keys: str) -> list[str]:
        said: list[str] = []
        for key in keys:
            self.page.keyboard.press(key)
            said += self.listen(1_500)
        return said

    def reload(self) -> None:
        self.page.reload()
        try:
            self.page.get_by_role("heading", level=1).wait_for()
        except PlaywrightTimeoutError as error:
            raise AssertionError("nothing after a reload") from error
        self.start()

    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.textContent"))
