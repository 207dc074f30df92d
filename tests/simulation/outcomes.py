"""Outcomes: what happened in a schedule, counted from its history alone."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.simulation import outcomes_of_robots
from tests.simulation.history import Entry

# Each must occur in a long run; otherwise the run shows less than it claims.
OUTCOMES: dict[str, str] = {
    "order completed": "an order was collected and paid",
    "order rejected": "a service refused an order",
    "order cancelled while pending": "before its saga ended",
    "order cancelled while approved": "before its items were at the depot",
    "order cancelled while ready": "with its items at the depot",
    "order cancelled by customer": "by the customer",
    "order cancelled by staff": "by staff",
    "order cancelled by system": "unpaid for too long",
    "order cancelled, nothing found": "robots found nothing of it",
    "order collected early": "its list was completed before the order was approved",
    "order paid early": "before its items were at the depot",
    "order paid when ready": "with its items at the depot",
    "basket cancelled": "by its customer",
    "basket abandoned": "untouched for too long",
    "saga completed": "every service accepted an order",
    "saga compensated": "an order was undone in every service",
    "saga stopped": "its order was cancelled before it began",
    "saga step retried": "a step had no answer in time",
    "saga parked": "an undo had no answer after all its attempts",
    "saga resumed": "staff resumed a parked saga",
    "list completed short": "not all items were found",
    "list given back": "its robot was lost",
    "robot's tokens revoked": "by staff, who issued another",
    "list cancelled": "nothing more is to be collected",
    "list cancelled before its creation": "the tombstone refuses the late creation",
    "robot silent": "a robot went offline, or was taken offline",
    "payment voided": "an authorization was released",
    "payment released": "no order took it in time",
    "payment abandoned": "it was authorized and not stored, and then released",
    "capture undone": "what was captured and not stored was given back by a void",
    "payment refunded": "captured money was refunded",
    "authorize repeated": "under the same request id",
    "capture repeated": "under the same request id",
    "void repeated": "under the same request id",
    "refund repeated": "under the same request id",
    "invoice adjusted": "the amount was reduced",
    "invoice cancelled": "the amount became 0",
    "text sent": "a customer was notified",
    "text repeated": "under the same request id",
    "text not sent": "the customer was erased, or the number accepts no texts",
    "number changed": "a customer has another one",
    "one-time code sent": "to the phone of a customer",
    "customer disabled": "the customer may not order",
    "customer erased": "personal data was erased",
    "price changed": "while customers order",
    "product removed": "while customers order",
    "answer repeated": "a request was repeated under its Idempotency-Key",
    "key with another body": "422",
    "stale If-Match": "412",
    "not authenticated": "401",
    "forbidden": "403",
    "token accepted": "the authorizer named its owner",
    "token refused": "it was revoked, or its customer may not act",
    "token cached": "the gateway kept what the authorizer said",
    "session opened": "for a customer whom the kiosk has just registered",
    "session renewed": "by the customer",
    "conflict": "409",
    "not found": "404",
    "no response": "a client does not know the outcome of its request",
    "unavailable": "429 or 5xx: the client may retry",
    "conflict retried": "the version of a commit existed, so the aggregate was loaded again",
    "function killed": "a container was killed during an invocation",
    "function timed out": "a handler took too long",
    "message redelivered": "it was not deleted before it became visible",
    "dead letter": "a message was dead-lettered",
    "redriven": "a letter was sent back to its queue",
    "letter stored": "what was given up became a row of operations",
    "letter came again": "after it was sent back",
    "redrive begun": "of a group, a filter, a forecast, or letters that were named",
    "run paused": "by an operator, and resumed",
    "run cancelled": "by an operator",
    "run stopped": "by itself, because too many letters failed",
    "letter parked": "with a reason",
    "letter discarded": "with a reason",
    "letter edited": "another message was put in its place",
    "forecast": "what would become of letters was asked of their consumers",
    "replay": "history was brought to one consumer",
    "rebuild": "a read model was built anew",
    "view switched": "what was built is read",
    "rebuild given up": "what was built is deleted",
    "rebuild given up as it began": "before its answer was known, as far as the operator saw",
    "projection broken": "by a deploy, in all generations or in what is built alone",
    "consumer paused": "by an operator",
    "consumer paused itself": "because most of its messages failed",
    "day reconciled": "staff had the money of the day's orders compared when all was quiet",
    "republished": "a page of stored messages was published again",
    "unknown version": "a message of an unknown version was published",
    "old version": "a message of a version that is no longer written was published",
    "table restored": "to a moment before an erasure, and the ledger of erasures applied",
    "epoch opened": "in a table that was restored to a moment of the day, and clients went on",
    "name of before": "a message of version 1 was published, with a name and a number",
    "service down for long": "none of its functions ran for an hour",
    **outcomes_of_robots.OUTCOMES,
}

FAILURES = ("/dead-letters", "/undelivered", "/failures")  # how the names of queues end that hold what was given up

# Outcomes that one stored event shows: (service, event) → outcome.
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
    ("depot", "TokensRevoked"): "robot's tokens revoked",
    ("payments", "Voided"): "payment voided",
    ("payments", "Abandoned"): "payment abandoned",
    ("payments", "Refunded"): "payment refunded",
    ("payments", "Adjusted"): "invoice adjusted",
    ("payments", "Cancelled"): "invoice cancelled",
    ("notifications", "Sent"): "text sent",
    ("notifications", "Skipped"): "text not sent",
    ("notifications", "CodeSent"): "one-time code sent",
    ("customers", "SmsChanged"): "number changed",
    ("customers", "Disabled"): "customer disabled",
    ("customers", "Erased"): "customer erased",
    ("stores", "PriceChanged"): "price changed",
    ("stores", "Removed"): "product removed",
}

BY_STATUS: dict[int | None, str] = {
    None: "no response",
    401: "not authenticated",
    403: "forbidden",
    404: "not found",
    409: "conflict",
    412: "stale If-Match",
    422: "key with another body",
    **dict.fromkeys((429, 500, 502, 503, 504), "unavailable"),
}

BY_END = {"killed": "function killed", "timeout": "function timed out"}

Data = dict[str, Any]
Commits = list[tuple[int, str, str, list[tuple[str, Data]]]]


def commits(history: Iterable[Entry]) -> Iterator[tuple[int, str, str, list[tuple[str, Data]]]]:
    """Every commit as (microseconds, service, stream, [(event, its data)])."""
    for at_us, kind, fields in history:
        if kind == "commit":
            item = fields["item"]
            events = [(name, data) for name, _, data in json.loads(item["events"]["S"])]
            yield at_us, fields["table"].partition("/")[0], item["stream"]["S"], events


def count_outcomes(history: list[Entry], committed: Commits) -> Counter[str]:
    """How often each outcome occurred."""
    counted: Counter[str] = Counter()
    _Events(counted).count(committed)
    _count_answers(history, counted)
    _count_deliveries(history, counted)
    _count_effects(history, counted)
    outcomes_of_robots.count(history, counted)
    return +counted  # without zeros


class _Events:
    """Outcomes by stored events, some only together with earlier events."""

    def __init__(self, counted: Counter[str]) -> None:
        self._counted = counted
        self._orders: dict[str, str] = {}  # statuses by stream
        self._lists: set[str] = set()

    def count(self, committed: Commits) -> None:
        special = {"ordering": self._order, "checkout": self._saga, "depot": self._list}
        for _, service, stream, events in committed:
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
            self._counted["saga step retried"] += 1

    def _list(self, stream: str, name: str, data: Data) -> None:
        if name == "Completed" and data["shortages"]:
            self._counted["list completed short"] += 1
        elif name == "Cancelled":
            known = stream in self._lists
            self._counted["list cancelled" if known else "list cancelled before its creation"] += 1
        self._lists.add(stream)


def _count_answers(history: list[Entry], counted: Counter[str]) -> None:
    requests: dict[Any, tuple[Any, ...]] = {}
    answered: set[tuple[Any, ...]] = set()
    for _, kind, fields in history:
        if kind == "request":
            requests[fields["id"]] = (
                fields["key"],
                fields["method"],
                fields["path"],
                repr(fields["body"]),
                fields["who"],
            )
        elif kind == "authorized":
            counted["token accepted" if "role" in fields["told"] else "token refused"] += 1
            counted["token cached"] += fields["cached"]
        elif kind == "response":
            if fields["status"] in BY_STATUS:
                counted[BY_STATUS[fields["status"]]] += 1
            request = requests[fields["id"]]
            if fields["status"] == 200 and request[2].endswith("/sessions"):
                counted["session opened" if request[4].startswith("kiosk:") else "session renewed"] += 1
            if fields["status"] == 200 and request[0]:
                counted["answer repeated"] += request in answered
                answered.add(request)


def _count_effects(history: list[Entry], counted: Counter[str]) -> None:
    requested: set[tuple[str, str]] = set()
    captured: set[str] = set()
    for _, kind, fields in history:
        if kind == "effect":
            request, what = (fields["port"], fields["request_id"]), fields["what"]
            call = what.get("call", "text")
            if request in requested:
                counted[f"{call} repeated"] += 1
            elif call == "void":
                counted["capture undone"] += what["payment"] in captured
            elif call == "capture":
                captured.add(what["payment"])
            requested.add(request)
        elif kind == "commit" and '["Voided",' in fields["item"]["events"]["S"]:
            counted["payment released"] += "cause" not in fields["item"]  # by a sweep: orders void by messages


def _count_deliveries(history: list[Entry], counted: Counter[str]) -> None:
    for _, kind, fields in history:
        if kind == "ended" and fields["how"] in BY_END:
            counted[BY_END[fields["how"]]] += 1
        elif kind == "received":
            counted["message redelivered"] += fields["count"] > 1
        elif kind == "dead":
            counted["dead letter"] += 1
            counted["letter came again"] += "letter" in fields["reason"]
        elif kind == "sent" and "letter" in fields:
            counted["redriven"] += 1
        elif kind == "deleted":
            counted["letter stored"] += fields["queue"].endswith(FAILURES)
        elif kind == "sent" and fields["queue"] == "operations/outcomes":
            counted["consumer paused itself"] += fields["body"].startswith('{"pause"')
        elif kind == "conflict":
            counted["conflict retried"] += 1
        elif kind == "deed":
            counted[fields["what"]] += 1
