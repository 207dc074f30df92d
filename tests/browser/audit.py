"""Accessibility of what is on a page, by axe-core with its rule on the size of targets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

_AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async () => {
  const options = { rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] };
  const { violations } = await axe.run(document, options);
  return violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ html }) => html.slice(0, 200)) }));
}"""


@dataclass
class Audit:
    """What was audited in this run."""

    pages: list[str] = field(default_factory=list)
    violations: int = 0

    def note(self, name: str, found: Sequence[object]) -> None:
        """Count a page, and what was found on it."""
        self.pages.append(name)
        self.violations += len(found)

    def __call__(self, page: Page, name: str) -> None:
        """Audit what a page shows now. Raises AssertionError that lists each rule that is broken, and where."""
        # Evaluated by the browser's own protocol, so the page's content security policy need not allow it.
        page.evaluate(_AXE.read_text())
        # To axe, a target that has scrolled halfway under the bar at the top is a small one.
        page.evaluate("window.scrollTo(0, 0)")
        found = page.evaluate(_RUN)
        self.note(name, found)
        assert not found, f"{name}: {json.dumps(found, indent=1)}"
