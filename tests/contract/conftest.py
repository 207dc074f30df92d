"""A registry of its own for tests that publish messages of their own."""

import pytest

from events import registry


@pytest.fixture
def own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test registers is forgotten after it."""
    registry.language()
    monkeypatch.setattr(registry, "_messages", dict(registry._messages))
    monkeypatch.setattr(registry, "_upcasters", dict(registry._upcasters))
