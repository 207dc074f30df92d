"""Baskets: their contents, the order that is made of one, and its abandonment when it is untouched for too long."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Commit
from tests.simulation.check.violation import Violation

CONTENTS = "a basket holds what was put in, less what was taken out"
ORDERED = "an order has the items of its basket"
EXPIRES_IN_TIME = "untouched baskets and unpaid orders expire in time, and not before"

SLACK = 30 * SECOND  # for clocks that are ahead or behind, and for attempts in progress
SWEEPS = 4  # one a minute; of so many, at least one succeeds and finds what is due


@dataclass
class Basket:
    """A basket by its events: its lines by product id, when it was last touched, and whether it is open."""

    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    touched_at: int = 0
    is_open: bool = True


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Baskets with the wrong contents, and baskets that were abandoned too early or not at all."""
    untouched = duration_setting(history, "MALLBOTS_BASKET_UNTOUCHED")
    for aggregate_id, commits in history.of_kind("Basket"):
        basket = Basket()
        for commit in commits:
            for text in _changed(basket, commit, history):
                yield Violation(CONTENTS, text, {"stream": commit.stream, "request": commit.request})
            if (
                commit.event_names() == ["Abandoned"]
                and untouched
                and commit.at - basket.touched_at < untouched - SLACK
            ):
                text = f"{commit.where} is abandoned {(commit.at - basket.touched_at) // SECOND} s after it was touched"
                yield Violation(EXPIRES_IN_TIME, text, {"stream": commit.stream})
        order = history.stream("Order", aggregate_id)
        if order and sorted(map(_item, order[0].events[0].data["items"])) != sorted(map(_item, basket.lines.values())):
            yield Violation(
                ORDERED,
                f"the order {aggregate_id} has other items than its basket",
                {"stream": f"Order#{aggregate_id}"},
            )
        indexed_at = first_written(history, "baskets/views", "baskets", aggregate_id)
        if untouched and basket.is_open and indexed_at is not None:
            due = max(basket.touched_at + untouched, indexed_at) + SLACK
            if sweeps_after(history, "baskets/inbox", "UntouchedBasketsDue", due) >= SWEEPS:
                text = f"{commits[0].stream} is still open, though untouched for too long"
                yield Violation(EXPIRES_IN_TIME, text, {"stream": commits[0].stream})


def duration_setting(history: ParsedHistory, setting: str) -> int | None:
    """A duration among the stage's settings, in microseconds; None when it is not set."""
    seconds = history.final.get("settings", {}).get(setting)
    return int(float(seconds) * SECOND) if seconds else None


def first_written(history: ParsedHistory, table: str, partition: str, sort: str) -> int | None:
    """When a row was first written; None for never."""
    rows = (at for at, *place, _ in history.rows if place == [table, partition, sort])
    return next(rows, None)


def sweeps_after(history: ParsedHistory, queue: str, timer: str, since: int) -> int:
    """How many ticks of a schedule were received after a time, and handled."""
    ticks = (copy for copy in history.copies.values() if copy.queue == queue and timer in copy.body)
    return sum(copy.deleted is not None and copy.received[0] > since for copy in ticks)


def _item(line: dict[str, Any]) -> tuple[str, str, int, int]:
    return line["store_id"], line["product_id"], line["price"], line["quantity"]


def _requested(body: Any) -> Iterator[int]:
    """The quantities that a request names, in its order: one, or one for each of its items."""
    if isinstance(body, dict):
        yield from (item["quantity"] for item in body.get("items", [body]) if "quantity" in item)


def _changed(basket: Basket, commit: Commit, history: ParsedHistory) -> Iterator[str]:
    request = history.requests.get(commit.request or "")
    quantities = _requested(request.body if request else None)
    for event in commit.events:
        data = event.data
        if event.name in ("Started", "ItemAdded", "ItemRemoved"):
            basket.touched_at = commit.at
        if event.name == "ItemAdded":
            line = data["line"]
            there = basket.lines.get(line["product_id"])
            before = there["quantity"] if there else 0
            requested = next(quantities, 0)
            if requested and line["quantity"] != before + requested:
                yield f"{commit.where} has {line['quantity']} of a product after {requested} were added to {before}"
            if there and line["price"] != there["price"]:
                yield f"{commit.where} has another price than when the product was first added"
            basket.lines[line["product_id"]] = line
        elif event.name == "ItemRemoved":
            there = basket.lines.pop(data["product_id"])
            requested = next(quantities, 0)
            if requested and data["left"] != max(0, there["quantity"] - requested):
                yield f"{commit.where} has {data['left']} of a product after {requested} of {there['quantity']} went"
            if data["left"]:
                basket.lines[data["product_id"]] = there | {"quantity": data["left"]}
        elif event.name in ("Cancelled", "CheckedOut", "Abandoned"):
            basket.is_open = False
