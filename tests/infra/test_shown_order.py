"""What `make run` and `make demo` print of one order and of what it cost, with a cloud that is told what it counted."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from clients.mall import Mall
from clients.people import People
from clients.scenarios.journey import Journey
from infra.local import show
from infra.local.cloud import LocalCloud
from infra.local.show import Shown, show_order

COUNTED = Counter(
    invocations=92, write_units=131, read_units=98, bus_entries=34, queue_requests=189, http_requests=8, kms_requests=1
)


class Unwatched:
    """A watch that has seen two messages."""

    def __init__(self, *_of: object) -> None:
        pass

    def start(self) -> "Unwatched":
        return self

    def stop(self) -> list[dict[str, str]]:
        return [{"source": "ordering"}, {"source": "depot"}]


@pytest.fixture
def console() -> Console:
    return Console(record=True, width=60, force_terminal=False)


@pytest.fixture
def shown(console: Console, monkeypatch: pytest.MonkeyPatch) -> Shown:
    def shop(_people: object, products: list[str], report: Any, on_order: Any) -> Journey:
        report(f"buys {', '.join(products)}")
        on_order("o-1")
        return Journey("o-1", "completed", 1.4, "r-1")

    monkeypatch.setattr(show, "shop", shop)
    monkeypatch.setattr(show, "Watch", Unwatched)
    monkeypatch.setattr(show, "depths", lambda _cloud: {})
    monkeypatch.setattr(show, "dead_letters", lambda _cloud: [])
    monkeypatch.setattr(show, "cost", lambda _cloud, _since, robot: COUNTED if robot == "r-1" else Counter())
    unused = Mall("http://127.0.0.1:4566")
    return show_order(LocalCloud(4566, Path()), People(unused, unused), [f"p-{n}" for n in range(6)], console)


def test_an_order_is_shown_with_its_bill_in_cents(shown: Shown, console: Console) -> None:
    """By hand: units times list prices, and 0.02 s of 256 MB for each invocation."""
    text = console.export_text()
    assert "buys p-0, p-2, p-4" in text
    assert "Order o-1: completed after 1.4 s, 2 messages" in text
    assert "The order's bill: 0.0239 US cents at AWS's list prices" in text
    assert (shown.succeeded, shown.services, round(shown.cents, 4)) == (True, 2, 0.0239)


def test_what_was_counted_for_the_bill_is_a_line_each_and_what_was_not_is_said(shown: Shown, console: Console) -> None:
    text = console.export_text()
    assert shown.cents
    found = [" ".join(line.replace("│", " ").split()) for line in text.splitlines()]
    for line in (
        "function invocations 92",
        "DynamoDB write units 131",
        "DynamoDB read units 98",
        "bus entries 34",
        "queue requests 189",
        "requests to the API 8",
    ):
        assert line in found
    assert show.NOT_COUNTED in text.replace("\n", "")
