"""What came of a schedule: which of the things that can happen in a mall did, told from its history alone."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.simulation.history import Note

# Every one of these must have come about in a long run, or else the run has shown less than it says.
OUTCOMES: dict[str, str] = {
    "order completed": "an order was collected and paid",
    "order rejected": "somebody refused an order",
    "order cancelled while pending": "before everyone had accepted it",
    "order cancelled while approved": "before its goods were at the depot",
    "order cancelled while ready": "with its goods at the depot",
    "order cancelled by customer": "who changed their mind",
    "order cancelled by staff": "who called it off",
    "order cancelled by system": "as nobody paid for it in time",
    "order cancelled, nothing found": "robots found nothing of it",
    "order collected early": "its list was completed before the order heard that it is approved",
    "order paid early": "before its goods were at the depot",
    "order paid when ready": "with its goods at the depot",
    "basket cancelled": "a customer gave it up",
    "basket abandoned": "nobody touched it for too long",
    "saga completed": "everyone accepted an order",
    "saga compensated": "an order was undone everywhere",
    "saga stopped": "its order was cancelled before it began",
    "saga tried again": "a step had no answer in time",
    "saga parked": "an undo had no answer, however often it was asked for",
    "saga resumed": "a parked saga went on",
    "list completed short": "not all was found",
    "list given back": "its robot was lost",
    "list cancelled": "nothing more is to be collected",
    "list cancelled before it was there": "the mark that keeps a late creation from taking effect",
    "robot silent": "a robot was taken offline, or left",
    "payment voided": "money that was set aside was let go",
    "payment refunded": "money went back",
    "refund asked for again": "the provider was asked again under the same request id",
    "invoice adjusted": "less was owed than before",
    "invoice cancelled": "nothing was owed any more",
    "text sent": "a customer was told",
    "text sent again": "the port was asked again under the same request id",
    "text not sent": "there was nobody to tell, or no number that takes texts",
    "customer disabled": "a customer may not order",
    "customer erased": "a customer was forgotten",
    "price changed": "while people shop",
    "product removed": "while people shop",
    "answer repeated": "one key, one request, one answer, more than once",
    "key with another body": "422",
    "stale If-Match": "412",
    "conflict": "409",
    "not found": "404",
    "nobody answered": "a client never heard how its request went",
    "unavailable": "503 or another answer that says to try again",
    "conflict retried": "another had changed a stream in between, so it was loaded again",
    "function killed": "a container ended in the middle",
    "function timed out": "a handler took too long",
    "message received again": "it had not been done with, or not told so in time",
    "dead letter": "a message failed for good",
    "redriven": "a dead letter was sent to its queue again",
    "republished": "what commits hold was sent again",
    "unknown version": "a message of a version that is not known yet, laid aside",
    "old version": "a message of a version that is no longer written",
    "service down for long": "nothing of it ran for an hour",
}

# Stored events that say it by themselves: (table, event) → outcome.
BY_EVENT: dict[tuple[str, str], str] = {
    ("ordering", "Completed"): "order completed",
    ("ordering", "Rejected"): "order rejected",
    ("ordering", "NothingFound"): "order cancelled, nothing found",
    ("ordering", "CollectedEarly"): "order collected early",
    ("baskets", "Cancelled"): "basket cancelled",
    ("baskets", "Abandoned"): "basket abandoned",
    ("checkout", "Completed"): "saga completed",
    ("checkout", "Compensated"): "saga compensated",
    ("checkout", "Stopped"): "saga stopped",
    ("checkout", "Parked"): "saga parked",
    ("checkout", "Resumed"): "saga resumed",
    ("depot", "GivenBack"): "list given back",
    ("depot", "WentOffline"): "robot silent",
    ("payments", "Voided"): "payment voided",
    ("payments", "Refunded"): "payment refunded",
    ("payments", "Adjusted"): "invoice adjusted",
    ("payments", "Cancelled"): "invoice cancelled",
    ("notifications", "Sent"): "text sent",
    ("notifications", "Skipped"): "text not sent",
    ("customers", "Disabled"): "customer disabled",
    ("customers", "Erased"): "customer erased",
    ("stores", "PriceChanged"): "price changed",
    ("stores", "Removed"): "product removed",
}

BY_STATUS: dict[int | None, str] = {
    None: "nobody answered",
    404: "not found",
    409: "conflict",
    412: "stale If-Match",
    422: "key with another body",
    **dict.fromkeys((429, 500, 502, 503, 504), "unavailable"),
}

BY_END = {"killed": "function killed", "timeout": "function timed out"}

Data = dict[str, Any]
Commits = list[tuple[int, str, str, list[tuple[str, Data]]]]


def commits(history: Iterable[Note]) -> Iterator[tuple[int, str, str, list[tuple[str, Data]]]]:
    """Every commit as (microseconds, service, stream, [(event, its data)])."""
    for at_us, kind, fields in history:
        if kind == "commit":
            item = fields["item"]
            events = [(name, data) for name, _, data in json.loads(item["events"]["S"])]
            yield at_us, fields["table"].partition("/")[0], item["stream"]["S"], events


def count_outcomes(history: list[Note], found: Commits) -> Counter[str]:
    """How often each outcome came about."""
    counted: Counter[str] = Counter()
    _Events(counted).count(found)
    _count_answers(history, counted)
    _count_deliveries(history, counted)
    return +counted  # without those of which there were none


class _Events:
    """What stored events say, some of them only together with those before."""

    def __init__(self, counted: Counter[str]) -> None:
        self._counted = counted
        self._orders: dict[str, str] = {}  # statuses by stream
        self._lists: set[str] = set()

    def count(self, found: Commits) -> None:
        special = {"ordering": self._order, "checkout": self._saga, "depot": self._list}
        for _, service, stream, events in found:
            follow = special.get(service)
            for name, data in events:
                outcome = BY_EVENT.get((service, name))
                if outcome:
                    self._counted[outcome] += 1
                if follow:
                    follow(stream, name, data)

    def _order(self, stream: str, name: str, data: Data) -> None:
        status = self._orders.get(stream, "pending")
        if name == "Cancelled":
            self._counted[f"order cancelled while {status}"] += 1
            self._counted[f"order cancelled by {data['by']}"] += 1
        elif name == "Paid":
            self._counted["order paid when ready" if status == "ready" else "order paid early"] += 1
        self._orders[stream] = {"Approved": "approved", "Readied": "ready"}.get(name, status)

    def _saga(self, stream: str, name: str, data: Data) -> None:
        if name in ("StepSent", "UndoSent") and data["attempt"] > 1:
            self._counted["saga tried again"] += 1

    def _list(self, stream: str, name: str, data: Data) -> None:
        if name == "Completed" and data["shortages"]:
            self._counted["list completed short"] += 1
        elif name == "Cancelled":
            known = stream in self._lists
            self._counted["list cancelled" if known else "list cancelled before it was there"] += 1
        self._lists.add(stream)


def _count_answers(history: list[Note], counted: Counter[str]) -> None:
    asked: dict[Any, tuple[Any, ...]] = {}
    answered: set[tuple[Any, ...]] = set()
    for _, kind, fields in history:
        if kind == "request":
            asked[fields["id"]] = (fields["key"], fields["method"], fields["path"], repr(fields["body"]))
        elif kind == "response":
            if fields["status"] in BY_STATUS:
                counted[BY_STATUS[fields["status"]]] += 1
            request = asked[fields["id"]]
            if fields["status"] == 200 and request[0]:
                counted["answer repeated"] += request in answered
                answered.add(request)


def _count_deliveries(history: list[Note], counted: Counter[str]) -> None:
    requested: set[tuple[str, str]] = set()
    for _, kind, fields in history:
        if kind == "effect":
            request = (fields["port"], fields["request_id"])
            if request in requested:
                counted["text sent again" if fields["port"] == "texts" else "refund asked for again"] += 1
            requested.add(request)
        elif kind == "ended" and fields["how"] in BY_END:
            counted[BY_END[fields["how"]]] += 1
        elif kind == "received":
            counted["message received again"] += fields["count"] > 1
        elif kind == "dead":
            counted["dead letter"] += 1
            counted["unknown version"] += "is newer than this code" in (fields["reason"] or {}).get("reason", "")
        elif kind == "conflict":
            counted["conflict retried"] += 1
        elif kind == "deed":
            counted[fields["what"]] += 1
