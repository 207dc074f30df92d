"""Insights: each stage of each basket and order has one row, and the stored sums are what the rows add up to.

A row's key is its message's time, stage and id, in a partition of its hour. Sums are stored by minute and by hour, up
to a time; a mark says that a row came late into a minute.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.records import Message
from tests.simulation.check.violation import Violation

COUNTED = "each stage of each order is counted once, in the hour in which it was reached"
SUMMED = "a sum is what its rows add up to, also when they came late"
ALL_SUMMED = "whatever was reached is summed up in the end"

STAGES = {
    "BasketStarted": "baskets_started",
    "BasketCheckedOut": "checked_out",
    "BasketAbandoned": "abandoned",
    "OrderApproved": "approved",
    "OrderReadied": "ready",
    "OrderPaid": "paid",
    "OrderCompleted": "completed",
    "OrderRejected": "rejected",
    "OrderCancelled": "cancelled",
}
BEGAN = {
    "OrderApproved": "created_at",
    "OrderReadied": "approved_at",
    "OrderPaid": "approved_at",
    "OrderCompleted": "readied_at",
}
HOUR, MINUTE = len("2026-01-05T09"), len("2026-01-05T09:00")

Rows = dict[tuple[str, str], Mapping[str, Any]]  # partition and sort key → data
Reached = dict[str, Mapping[str, Any]]  # sort key → data
Sum = dict[str, list[int]]
ABOUT = {"table": "insights/views"}


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Stages that are counted twice, not at all or elsewhere, and sums that hide or repeat rows."""
    if not history.is_quiescent or "tables" not in history.final:
        return
    rows: Rows = {}
    for item in history.table("insights/views"):
        data = row_data(item)
        if data is not None:
            rows[item["partition"]["S"], item["sort"]["S"]] = data
    reached = {sort: data for (partition, sort), data in rows.items() if partition.startswith("stages ")}
    yield from _once_in_its_hour(rows)
    yield from _as_published(history, deliveries, reached)
    yield from _summed(rows, reached)


def _once_in_its_hour(rows: Rows) -> Iterator[Violation]:
    found: Counter[tuple[str, str]] = Counter()
    for partition, sort in rows:
        if partition.startswith("stages "):
            time, stage, id = sort.split(" ", 2)
            found[stage, id] += 1
            if partition.split(" ")[1] != time[:HOUR]:
                yield Violation(COUNTED, f"{stage} of {id} at {time} is counted in {partition}", ABOUT)
    for (stage, id), times in found.items():
        if times > 1:
            yield Violation(COUNTED, f"insights counts {times} times that {id} was {stage}", ABOUT)


def _as_published(history: ParsedHistory, deliveries: Deliveries, reached: Reached) -> Iterator[Violation]:
    for commit in history.commits:
        for message in commit.messages:
            stage = STAGES.get(message.name)
            if stage is None or deliveries.misses("insights", commit.aggregate_id, [message.name]):
                continue
            time = message.metadata["time"]
            data = reached.get(f"{time} {stage} {commit.aggregate_id}")
            if data is None:
                text = f"insights does not count that {commit.aggregate_id} was {stage} at {time}"
                yield Violation(COUNTED, text, ABOUT)
            elif dict(data) != _data(message):
                text = f"insights counts {dict(data)} where {commit.aggregate_id} was {stage}, not {_data(message)}"
                yield Violation(COUNTED, text, ABOUT)


def _data(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = {}
    begun = message.data.get(BEGAN.get(message.name, ""))
    if begun:
        wait = datetime.fromisoformat(message.metadata["time"]) - datetime.fromisoformat(begun)
        data["waited"] = max(0, round(wait / timedelta(milliseconds=1)))
    placed = message.data.get("created_at")
    if message.name in ("OrderRejected", "OrderCancelled") and placed and not message.data.get("approved_at"):
        wait = datetime.fromisoformat(message.metadata["time"]) - datetime.fromisoformat(placed)
        data["undecided"] = max(0, round(wait / timedelta(milliseconds=1)))
    if message.name == "OrderCompleted":
        sold: Sum = {"mall": [1, sum(item["quantity"] for item in message.data["items"]), message.data["total"]]}
        for item in message.data["items"]:
            for key in (f"store {item['store_id']}", f"product {item['product_id']}"):
                before = sold.get(key, [1, 0, 0])
                sold[key] = [1, before[1] + item["quantity"], before[2] + item["quantity"] * item["price"]]
        data["sold"] = sold
    return data


def _summed(rows: Rows, reached: Reached) -> Iterator[Violation]:
    until = rows.get(("sums", "summed"), {"until": ""})["until"]
    for partition, sort in rows:
        if partition.startswith("late "):
            yield Violation(ALL_SUMMED, f"the minute {sort.split(' ')[0]} is late and was not summed up again", ABOUT)
    for sort in reached:
        if sort >= until:
            yield Violation(ALL_SUMMED, f"{sort} is not summed up, which is done until {until}", ABOUT)
    for length, period in ((MINUTE, "minute"), (HOUR, "hour")):
        for kind in ("reached", "sold"):
            expected: defaultdict[str, Sum] = defaultdict(dict)
            for sort, data in reached.items():
                if sort[:length] < until[:length]:
                    _add(kind, expected[sort[:length]], _of_row(kind, sort, data))
            stored: defaultdict[str, Sum] = defaultdict(dict)
            for (partition, sort), data in rows.items():
                one = sort.split(" ")[0]
                if partition == f"{kind} by {period}" and one < until[:length]:
                    stored[one] |= data["sum"]
            for one in sorted({*expected, *stored}):
                if expected[one] != stored[one]:
                    text = f"{kind} in {one}: the sum is {stored[one]}, the rows add up to {expected[one]}"
                    yield Violation(SUMMED, text, ABOUT)


def _of_row(kind: str, sort: str, data: Mapping[str, Any]) -> Sum:
    if kind == "sold":
        sold: Sum = data.get("sold", {})
        return sold
    waited = data.get("waited")
    return {sort.split(" ")[1]: [1, int(waited is not None), waited or 0, waited or 0]}


def _add(kind: str, into: Sum, more: Sum) -> None:
    for key, numbers in more.items():
        before = into.get(key, [0] * len(numbers))
        into[key] = [one + other for one, other in zip(before, numbers, strict=True)]
        if kind == "reached":
            into[key][3] = max(before[3], numbers[3])
