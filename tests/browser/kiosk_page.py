"""The kiosk in a browser: built, served on loopback by a mall of the test's own, and opened in Chromium."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.kiosk_mall import Mall
from tests.browser.kiosk_routes import stocked
from tests.browser.kiosk_server import serve

ROOT = Path(__file__).parents[2]
READER = ROOT / "node_modules/@guidepup/virtual-screen-reader/lib/esm/index.browser.js"
WITHIN = 8_000  # milliseconds, on a busy machine
SIZE = {"width": 1080, "height": 1440}

# What the kiosk speaks by itself is told to the test.
VOICE = """
const speak = (said) => window.toldAloud(said.lang, said.text);
window.voices = [{ lang: "en-US", localService: true }, { lang: "es-ES", localService: true }];
const value = { speak, cancel() {}, getVoices: () => window.voices, addEventListener() {} };
Object.defineProperty(window, "speechSynthesis", { value });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


@dataclass
class Kiosk:
    page: Page
    address: str
    served: dict[str, Mall]
    aloud: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What the content security policy refused, and errors of the page."""

    @property
    def mall(self) -> Mall:
        return self.served["mall"]

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.address}/kiosk/{query}")
        self.page.get_by_role("heading", level=1).wait_for()

    def press(self, name: str, *, exact: bool = False) -> None:
        self.page.get_by_role("button", name=name, exact=exact).first.click()

    def heading(self, text: str) -> None:
        self.page.get_by_role("heading", level=1, name=text).wait_for()


def build(out: Path, sources: Path = ROOT) -> Path:
    """Builds the kiosk into a folder, and returns the page's."""
    command = ["node", str(sources / "clients/pages/build.mjs"), "--out", str(out), "kiosk"]
    subprocess.run(command, cwd=sources, check=True, capture_output=True, timeout=120)
    return out / "kiosk"


@contextmanager
def kiosk_of(browser: Browser, pages: Path, **context: object) -> Iterator[Kiosk]:
    """A kiosk with a mall and a browser profile of its own."""
    with serve(pages, {"/kiosk/reader.js": READER}) as (address, served):
        served["mall"] = stocked()
        settings = {"viewport": SIZE, "locale": "en-US", **context}
        profile = browser.new_context(**settings)  # type: ignore[arg-type]
        profile.set_default_timeout(WITHIN)
        page = profile.new_page()
        kiosk = Kiosk(page, address, served)
        page.expose_function("toldAloud", lambda language, text: kiosk.aloud.append((language, text)))
        page.add_init_script(VOICE)
        page.on("pageerror", lambda error: kiosk.refused.append(str(error)))
        page.on("console", lambda line: kiosk.refused.extend([line.text] if "Security" in line.text else []))
        try:
            yield kiosk
        finally:
            profile.close()
