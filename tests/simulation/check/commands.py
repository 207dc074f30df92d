"""Commands and streams: an accepted command is stored once, one without an answer at most once, a refused one never.

Requests of one caller with the same Idempotency-Key, path and body are attempts of one command; a request without a key
is a command of its own.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit, Request
from tests.simulation.check.transitions import UNCHANGED
from tests.simulation.check.violation import Violation

ONCE = "an acknowledged command is stored exactly once"
AT_MOST_ONCE = "a command is stored at most once"
NEVER_STORED = "a refused command is never stored"
SAME_ANSWER = "one Idempotency-Key has one answer"
KEY_STORED = "an Idempotency-Key is stored with what came of its request, if only that nothing changed"
VERSIONS_IN_ORDER = "the versions of a stream are 1 to n without gap or fork"
DURABLE = "what is stored stays stored"
IF_MATCH = "a write is refused when it expects another version"
ANSWERED_VERSION = "a write is answered with the version that it stored"
READ_YOUR_WRITES = "a read by id shows what was written"

WRITES = ("POST", "PUT", "DELETE")
COUNTED = ("/api/customers/codes", "/api/customers/sessions")  # requests that are counted, refused or not
COUNTERS = ("Kiosk", "Phone")
CHANGES_NO_STREAM = re.compile(
    r"/api/search/orders|/api/customers/[^/]+/sessions|/api/fleet/robots/[^/]+/certificate|/api/operations/.*"
)
ISSUED = ("token", "expiresAt")  # members of an answer that are another each time: a token is not kept

# What an accepted request creates: the aggregate class, whose id is in the answer, and the first event.
CREATES = {
    "POST /api/stores": ("Store", "Created"),
    "POST /api/stores/*/products": ("Product", "Added"),
    "POST /api/customers": ("Customer", "Registered"),
    "POST /api/baskets": ("Basket", "Started"),
    "POST /api/baskets/withItems": ("Basket", "Started"),
    "POST /api/ordering": ("Order", "Created"),
    "POST /api/depot/shopping": ("ShoppingList", "Created"),
    "POST /api/depot/bots": ("Bot", "Registered"),
    "POST /api/payments": ("Payment", "Authorized"),
}

# The event that each accepted request records itself, in the aggregate whose id the path names.
RECORDS = {
    "PUT /api/stores/*/participating": ("Store", "ParticipationToggled"),
    "DELETE /api/stores/*/participating": ("Store", "ParticipationToggled"),
    "DELETE /api/stores/products/*": ("Product", "Removed"),
    "PUT /api/customers/*/enable": ("Customer", "Enabled"),
    "PUT /api/customers/*/disable": ("Customer", "Disabled"),
    "PUT /api/baskets/*/addItem": ("Basket", "ItemAdded"),
    "PUT /api/baskets/*/addItems": ("Basket", "ItemAdded"),
    "PUT /api/baskets/*/checkout": ("Basket", "CheckedOut"),
    "DELETE /api/baskets/*": ("Basket", "Cancelled"),
    "PUT /api/depot/shopping/*/assign": ("ShoppingList", "Assigned"),
    "PUT /api/depot/shopping/*/complete": ("ShoppingList", "Completed"),
    "PUT /api/payments/invoices/*/pay": ("Invoice", "Paid"),
    "PUT /api/checkout/sagas/*/resume": ("CreateOrderSaga", "Resumed"),
}

ADD_ITEMS = ("POST /api/baskets/withItems", "PUT /api/baskets/*/addItems")  # an ItemAdded for each item of the body

# The event that exists once a request is accepted, whichever request recorded it.
BRINGS_ABOUT = {
    "DELETE /api/customers/*": ("Customer", {"Erased"}),
    "DELETE /api/ordering/*": ("Order", {"Cancelled", "NothingFound"}),
    "POST /api/depot/shopping/*": ("ShoppingList", {"Cancelled"}),
    "PUT /api/depot/shopping/*/initiate": ("ShoppingList", {"Initiated"}),
    "PUT /api/depot/shopping/*/start": ("ShoppingList", {"Started"}),
    "PUT /api/depot/bots/*/online": ("Bot", {"CameOnline"}),
    "DELETE /api/depot/bots/*": ("Bot", {"Retired"}),
}

# The aggregates that are read by id, with their version.
READS = {
    "GET /api/stores/*": "Store",
    "GET /api/stores/products/*": "Product",
    "GET /api/customers/*": "Customer",
    "GET /api/baskets/*": "Basket",
    "GET /api/ordering/*": "Order",
    "GET /api/depot/shopping/*": "ShoppingList",
    "GET /api/payments/*": "Payment",
    "GET /api/payments/invoices/*": "Invoice",
}

_ROUTES: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
for _route in (*CREATES, *RECORDS, *BRINGS_ABOUT, *READS):
    _method, _, _path = _route.partition(" ")
    _ROUTES[_method].append((tuple(_path.split("/")), _route))
for _known in _ROUTES.values():
    _known.sort(key=lambda known: known[0].count("*"))


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Streams with gaps or forks, and requests whose answers do not match what is stored."""
    for stream, commits in history.streams.items():
        yield from _in_order(stream, commits)
        for commit in commits:
            if UNCHANGED in commit.event_names():
                yield from _unchanged(commit)
    yield from _durable(history)
    commands: dict[Any, list[Request]] = defaultdict(list)
    for request in history.requests.values():
        if request.method in WRITES:
            commands[_command_key(request)].append(request)
            yield from _one_request(request)
        elif request.method == "GET" and request.accepted and request.version is not None:
            yield from _read(request, history)
    for requests in commands.values():
        yield from _one_command(requests, history)


def route_of(request: Request) -> tuple[str, str]:
    """The route of a request among those above, and the id in its path; ("", "") for any other."""
    parts = request.path.partition("?")[0].split("/")
    for path, route in _ROUTES[request.method]:
        if len(path) == len(parts) and all(want in ("*", part) for want, part in zip(path, parts, strict=True)):
            return route, parts[path.index("*")] if "*" in path else ""
    return "", ""


def _command_key(request: Request) -> Any:
    if request.key is None:
        return request.id
    body = request.body if isinstance(request.body, str | bytes) else json.dumps(request.body or {}, sort_keys=True)
    return request.who, request.key, request.method, request.path, body


def _in_order(stream: str, commits: list[Commit]) -> Iterator[Violation]:
    expected = 1
    for commit in commits:
        if commit.version != expected:
            what = "overlaps" if commit.version < expected else "leaves a gap after"
            text = f"{commit.where} {what} version {min(expected - 1, commit.version)}"
            yield Violation(VERSIONS_IN_ORDER, text, {"stream": stream, "versions": [c.version for c in commits]})
            return
        if not commit.events:
            yield Violation(VERSIONS_IN_ORDER, f"{commit.where} has no event", {"stream": stream})
        expected = commit.last_version + 1


def _unchanged(commit: Commit) -> Iterator[Violation]:
    """A commit that only stores a key has no other event, no message, and a key."""
    if len(commit.events) > 1 or commit.messages or not commit.item.get("digest", {}).get("S"):
        names = [*commit.event_names(), *(message.name for message in commit.messages)]
        yield Violation(
            KEY_STORED, f"{commit.where} stores no key alone, but {', '.join(names)}", {"commit": commit.id}
        )


def _durable(history: ParsedHistory) -> Iterator[Violation]:
    stored = {(c.service, c.stream, c.version): c.id for c in history.commits}
    for service in {c.service: None for c in history.commits}:
        for item in history.table(f"{service}/events"):
            key = service, item["stream"]["S"], int(item["version"]["N"])
            if stored.pop(key, None) != item["id"]["S"]:
                text = f"{service} has another {key[1]} at version {key[2]} than was committed"
                yield Violation(DURABLE, text, {"stream": key[1], "commit": item["id"]["S"]})
    if "tables" in history.final:
        for (service, stream, version), commit_id in stored.items():
            text = f"{service}'s {stream} lacks in the final state the commit of version {version}"
            yield Violation(DURABLE, text, {"stream": stream, "commit": commit_id})


def _one_request(request: Request) -> Iterator[Violation]:
    about = {"request": request.id, "streams": [commit.stream for commit in request.commits]}
    counted = request.path in COUNTED and all(commit.kind in COUNTERS for commit in request.commits)
    if request.refused and request.commits and not counted:
        text = f"{request.where} was answered {request.status}, but stored {request.commits[0].where}"
        yield Violation(NEVER_STORED, text, about)
    versions = [commit.version for commit in request.commits]
    if request.if_match is not None and versions and request.if_match + 1 not in versions:
        text = f"{request.where} expected version {request.if_match}, but stored {request.commits[0].where}"
        yield Violation(IF_MATCH, text, about)
    stored = min((commit.last_version for commit in request.commits), default=0)
    if request.accepted and request.version is not None and request.version < stored:
        text = f"{request.where} was answered with version {request.version}, older than what it stored"
        yield Violation(ANSWERED_VERSION, text, about)


def _one_command(requests: list[Request], history: ParsedHistory) -> Iterator[Violation]:
    first = requests[0]
    commits = [commit for request in requests for commit in request.commits]
    about = {"requests": [request.id for request in requests], "key": first.key}
    for stream, count in Counter(commit.stream for commit in commits).items():
        if count > 1:
            text = f"{first.where} changed {stream} {count} times"
            yield Violation(AT_MOST_ONCE, text, {**about, "stream": stream})
    accepted = [request for request in requests if request.accepted]
    if not accepted:
        return
    answers = {json.dumps([_kept(request.answer), request.version], sort_keys=True) for request in accepted}
    if len(answers) > 1:
        yield Violation(SAME_ANSWER, f"{first.where} got {len(answers)} different answers", about)
    for request in requests:
        may_be_refused = request.status == 429 or _ends(first, commits, request, history)
        if request.refused and not may_be_refused and any(commit.at < request.at for commit in commits):
            text = f"{first.where} was answered {request.status} when it was repeated, after it had taken effect"
            yield Violation(SAME_ANSWER, text, about)
    if first.key is not None and not commits and not CHANGES_NO_STREAM.fullmatch(first.path):
        yield Violation(KEY_STORED, f"{first.where} was accepted under a key that no commit has", about)
    for request in accepted[:1]:
        for text in _missing_effects(request, commits, history):
            yield Violation(ONCE, text, about)


def _ends(first: Request, commits: list[Commit], again: Request, history: ParsedHistory) -> bool:
    """Whether an answer may be another later: a code opens one session, and who is erased is not found."""
    created = [commit.aggregate_id for commit in commits if commit.kind == "Customer"]
    of_them = [commit for id in created for commit in history.stream("Customer", id)]
    erased = any("Erased" in commit.event_names() and commit.at < (again.answered_at or 0) for commit in of_them)
    return first.path in COUNTED or (erased and again.status == 404)


def _kept(answer: Any) -> Any:
    """What of an answer is the same when its request is repeated."""
    return {name: value for name, value in answer.items() if name not in ISSUED} if isinstance(answer, dict) else answer


def _missing_effects(request: Request, commits: list[Commit], history: ParsedHistory) -> Iterator[str]:
    """The effects that an accepted command lacks."""
    route, aggregate_id = route_of(request)
    if route in CREATES:
        kind, name = CREATES[route]
        created = [c for c in commits if c.kind == kind and c.events[0].name == name and c.version == 1]
        answered = request.answer.get("id") if isinstance(request.answer, dict) else None
        if [commit.aggregate_id for commit in created] != [answered]:
            streams = ", ".join(commit.stream for commit in created) or "nothing"
            yield f"{request.where} was answered with the id {answered}, and created {streams}"
        added = sum(commit.event_names().count("ItemAdded") for commit in created)
        if added != (named := len(request.body["items"]) if route in ADD_ITEMS else 0):
            yield f"{request.where} named {named} items, and added {added}"
    elif route in RECORDS:
        kind, name = RECORDS[route]
        times = sum(c.event_names().count(name) for c in commits if (c.kind, c.aggregate_id) == (kind, aggregate_id))
        if times != (len(request.body["items"]) if route in ADD_ITEMS else 1):
            yield f"{request.where} was accepted, and {kind}#{aggregate_id} has the event {name} {times} times"
    elif route in BRINGS_ABOUT:
        kind, names = BRINGS_ABOUT[route]
        by_then = (c for c in history.stream(kind, aggregate_id) if c.at <= (request.answered_at or 0))
        if not any(name in names for commit in by_then for name in commit.event_names()):
            what = " or ".join(sorted(names))
            yield f"{request.where} was accepted, and {kind}#{aggregate_id} has no event {what}"


def _read(request: Request, history: ParsedHistory) -> Iterator[Violation]:
    route, aggregate_id = route_of(request)
    kind = READS.get(route)
    if kind is None or request.version is None:
        return
    commits = history.stream(kind, aggregate_id)
    before = max((c.last_version for c in commits if c.at < request.at), default=0)
    after = max((c.last_version for c in commits if c.at <= (request.answered_at or 0)), default=0)
    if not before <= request.version <= after:
        text = f"{request.where} showed version {request.version}, when {before} to {after} was stored"
        yield Violation(READ_YOUR_WRITES, text, {"request": request.id, "stream": f"{kind}#{aggregate_id}"})
