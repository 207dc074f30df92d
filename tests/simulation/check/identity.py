"""Identity: what is done names its caller, and tokens are issued to whom they are for and end when they must."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.simulation.check.access import SESSIONS, judge, route_of
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Request
from tests.simulation.check.violation import Violation
from tests.simulation.check.whose import Owners

ACTOR = "a change and its messages name the caller who began it"
ACTOR_MAY = "who is named as the actor of a change made a request that is allowed"
ISSUED = "a token is issued for one customer or robot, to whom it is for, to staff, or to the kiosk of the registration"
REVOKED = "a token that expired or was revoked is refused within a minute"
VALID = "a valid token is admitted"

SYSTEM, NOBODY = "system", "anonymous"
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
CACHED = 60 * SECOND  # for which the gateway keeps the answer about a token
AT_WORK = 10 * SECOND  # the authorizer's timeout: what it answers, it has read before that
CLOCKS = 12 * SECOND  # by which the clocks of two containers differ at most, and one that steps back
JUST_REGISTERED = 600 * SECOND
BY_ITSELF = {"Assigned", "TookList"}  # without a request: the depot assigns by itself, whatever made it look


@dataclass(frozen=True)
class Token:
    """What a token of the mall's own says. expires: in microseconds of virtual time."""

    role: str
    id: str
    expires: int
    generation: int | None

    @classmethod
    def read(cls, text: str) -> "Token":
        """Read its claims; who signed them is the authorizer's to check."""
        payload = text.rpartition(" ")[2].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        expires = datetime.fromtimestamp(claims["exp"], UTC) - BEGIN
        return cls(
            claims["role"], claims["sub"], expires // timedelta(microseconds=1), claims["more"].get("generation")
        )


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Changes and messages under a wrong name, and tokens that are issued or accepted wrongly."""
    owners = Owners(history)
    yield from _actors(history, owners)
    for request in history.requests.values():
        if request.token and request.who:  # whoever made a token is nobody: access.py says what becomes of that
            yield from _presented(request, owners)
        issued = request.accepted and isinstance(request.answer, dict) and "token" in request.answer
        if issued and (text := _wrongly_issued(request, history, owners)):
            yield Violation(ISSUED, f"{request.who}: {request.where} {text}", {"request": request.id})


def _actors(history: ParsedHistory, owners: Owners) -> Iterator[Violation]:
    may = {request.who for request in history.requests.values() if judge(request, owners).may}
    # A robot that the broker let in may speak on its own topics.
    may |= {f"bot:{fields['client']}" for _, kind, fields in history.entries if kind == "presence"}
    for commit in history.commits:
        actor = commit.actor
        cause = history.cause_of(commit)
        if commit.request:
            expected = history.requests[commit.request].who or NOBODY
        elif BY_ITSELF.intersection(commit.event_names()):
            expected = SYSTEM
        elif commit.kind == "Robot" and cause is None:  # what came on its topics, or from the broker about it
            expected = f"bot:{commit.aggregate_id}"
        else:
            expected = cause.metadata["actor"] if cause else SYSTEM
        named = {actor, *(message.metadata["actor"] for message in commit.messages)}
        about = {"commit": commit.id, "stream": commit.stream}
        if named != {expected}:
            yield Violation(
                ACTOR, f"{commit.where} and its messages name {', '.join(sorted(named))}, not {expected}", about
            )
        elif expected not in may and expected != SYSTEM:
            yield Violation(ACTOR_MAY, f"{commit.where} names {expected}, who may nothing of what it asked for", about)
    for message_id in history.published:
        message = history.messages[message_id]
        command = history.messages.get(message.metadata.get("causation_id") or "")
        if command and not message.commit and message.metadata["actor"] != command.metadata["actor"]:
            names = f"{message.metadata['actor']}, not {command.metadata['actor']}"
            yield Violation(
                ACTOR, f"{message.name}, which answers {command.name}, names {names}", {"message": message_id}
            )


def _presented(request: Request, owners: Owners) -> Iterator[Violation]:
    """Whether a request was answered as its token deserves."""
    token, end = Token.read(request.token or ""), request.answered_at or owners.end
    begin = request.at - CACHED - AT_WORK
    about = {"request": request.id, "who": request.who}
    if token.role == "customer":
        valid = owners.enabled(token.id, begin, end)
    else:
        valid = {token.generation == generation for generation in owners.generations(token.id, begin, end)}
    fresh, stale = end < token.expires - CLOCKS, begin > token.expires + CLOCKS
    if (request.accepted or request.commits) and (stale or valid == {False}):
        text = f"{request.who}: {request.where} was admitted with a token that is not valid any more"
        yield Violation(REVOKED, text, about)
    if request.status == 401 and fresh and valid == {True}:
        yield Violation(VALID, f"{request.who}: {request.where} was answered 401 with a valid token", about)


def _wrongly_issued(request: Request, history: ParsedHistory, owners: Owners) -> str:
    """Why a token should not have been issued; "" where all is well."""
    token, (route, id) = Token.read(request.answer["token"]), route_of(request)
    id = id or str(request.answer.get("customerId") or request.answer.get("id"))
    role = "customer" if "/customers/" in route else "bot"
    if (token.role, token.id) != (role, id):
        return f"issued a token for {token.role}:{token.id}"
    begin, end = request.at, request.answered_at or owners.end
    if role == "bot":
        valid = owners.generations(id, begin, end)
        if request.token and Token.read(request.token).generation not in valid:
            return "issued a token to who sent one that is revoked"
        return "" if token.generation in valid else "issued a token that is revoked"
    if True not in owners.enabled(id, begin, end):
        return "opened a session for a customer who is not enabled"
    if route in SESSIONS and request.who.startswith("kiosk:"):
        registration = history.stream("Customer", id)[0]
        by = history.requests[registration.request].who if registration.request else ""
        if by != request.who or begin - registration.at > JUST_REGISTERED + CLOCKS:
            return (
                f"opened a session for whom {by or 'nobody'} registered {(begin - registration.at) // SECOND} s before"
            )
    return ""
