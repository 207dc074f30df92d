"""Baskets hold what was put in, are ordered as they are, and are abandoned in time: no sooner and hardly later."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.parsed_history import SECOND, Reading
from tests.simulation.check.records import Commit
from tests.simulation.check.violation import Violation

HOLDS = "a basket holds what was put in, less what was taken out"
AS_CHOSEN = "an order is for what its basket held"
IN_TIME = "what is left alone is given up in time, and not before"

SLACK = 30 * SECOND  # for clocks that are ahead or behind, and for tries that were under way
SWEEPS = 4  # one a minute; of so many, one at least goes well and finds what is due


@dataclass
class Basket:
    """What the events of a basket say: its lines by product id, when it was touched last, and whether it is open."""

    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    touched_at: int = 0
    is_open: bool = True


def violations(reading: Reading) -> Iterator[Violation]:
    """What is in baskets otherwise than was asked, and baskets that were given up too early or not at all."""
    untouched = untouched_for(reading, "MALLBOTS_BASKET_UNTOUCHED")
    for thing, commits in reading.of_kind("Basket"):
        basket = Basket()
        for commit in commits:
            for text in _changed(basket, commit, reading):
                yield Violation(HOLDS, text, {"stream": commit.stream, "request": commit.request})
            if commit.names() == ["Abandoned"] and untouched and commit.at - basket.touched_at < untouched - SLACK:
                text = f"{commit.where} is abandoned {(commit.at - basket.touched_at) // SECOND} s after it was touched"
                yield Violation(IN_TIME, text, {"stream": commit.stream})
        order = reading.stream("Order", thing)
        if order and sorted(map(_what, order[0].events[0].data["items"])) != sorted(map(_what, basket.lines.values())):
            yield Violation(
                AS_CHOSEN, f"the order {thing} is not for what its basket held", {"stream": f"Order#{thing}"}
            )
        shown_at = shown(reading, "baskets/views", "baskets", thing)
        if untouched and basket.is_open and shown_at is not None:
            due = max(basket.touched_at + untouched, shown_at) + SLACK
            if swept(reading, "baskets/inbox", "UntouchedBasketsDue", due) >= SWEEPS:
                text = f"{commits[0].stream} is open, and nobody touches it"
                yield Violation(IN_TIME, text, {"stream": commits[0].stream})


def untouched_for(reading: Reading, setting: str) -> int | None:
    """How long, in microseconds, the stage lets something be; None where that is not known."""
    seconds = reading.final.get("settings", {}).get(setting)
    return int(float(seconds) * SECOND) if seconds else None


def shown(reading: Reading, table: str, partition: str, sort: str) -> int | None:
    """When a row was first written, None for never."""
    rows = (at for at, *place, _ in reading.rows if place == [table, partition, sort])
    return next(rows, None)


def swept(reading: Reading, queue: str, timer: str, since: int) -> int:
    """How many ticks of a schedule a queue's function has taken up since a moment, and was done with."""
    ticks = (copy for copy in reading.copies.values() if copy.queue == queue and timer in copy.body)
    return sum(copy.deleted is not None and copy.received[0] > since for copy in ticks)


def _what(line: dict[str, Any]) -> tuple[str, str, int, int]:
    return line["store_id"], line["product_id"], line["price"], line["quantity"]


def _changed(basket: Basket, commit: Commit, reading: Reading) -> Iterator[str]:
    request = reading.requests.get(commit.request or "")
    asked = request.body["quantity"] if request and isinstance(request.body, dict) and "quantity" in request.body else 0
    for event in commit.events:
        data = event.data
        if event.name in ("Started", "ItemAdded", "ItemRemoved"):
            basket.touched_at = commit.at
        if event.name == "ItemAdded":
            line = data["line"]
            there = basket.lines.get(line["product_id"])
            held = there["quantity"] if there else 0
            if asked and line["quantity"] != held + asked:
                yield f"{commit.where} holds {line['quantity']} of a product after {asked} were added to {held}"
            if there and line["price"] != there["price"]:
                yield f"{commit.where} has another price than when the product was first added"
            basket.lines[line["product_id"]] = line
        elif event.name == "ItemRemoved":
            there = basket.lines.pop(data["product_id"])
            if asked and data["left"] != max(0, there["quantity"] - asked):
                yield f"{commit.where} holds {data['left']} of a product after {asked} of {there['quantity']} went"
            if data["left"]:
                basket.lines[data["product_id"]] = there | {"quantity": data["left"]}
        elif event.name in ("Cancelled", "CheckedOut", "Abandoned"):
            basket.is_open = False
