"""One-time codes: each that is valid, and of a phone that is somebody's, is sent in a text of its own."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.identity import BEGIN, CLOCKS
from tests.simulation.check.leads import phone_id
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit, Message
from tests.simulation.check.side_effects import CODE, UNREACHABLE
from tests.simulation.check.violation import Violation

SENT = "each one-time code that is valid, and somebody's, is sent in a text of its own"

QUEUE = "notifications/codes"
REQUESTED = "OneTimeCodeRequested"
ENABLED = {"Registered": True, "Enabled": True, "Disabled": False, "Erased": False}


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Phones that got fewer codes than were requested for them, and handled while they were valid."""
    wanted: dict[str, int] = defaultdict(int)
    struck = any(kind == "fault" and fields["name"] in UNREACHABLE for _, kind, fields in history.entries)
    if struck or "code_key" not in history.final:
        return
    ends = {
        copy.message.id: copy.deleted
        for copy in history.copies.values()
        if copy.queue == QUEUE and copy.message and copy.deleted and (QUEUE, copy.message.id) in deliveries.handled
    }
    for message in history.messages.values():
        end = ends.get(message.id) if message.name == REQUESTED else None
        if end and message.commit and _is_to_be_sent(message, message.commit, end, history):
            wanted[message.data["phone_id"]] += 1
    sent: dict[str, set[str]] = defaultdict(set)
    for _, effect in history.effects if wanted else ():
        what = effect["what"]
        if effect["port"] == "texts" and CODE.search(what["text"]):
            sent[phone_id(history.final["code_key"], what["number"])].add(effect["request_id"])
    for phone, number in wanted.items():
        if len(sent[phone]) < number:
            text = f"the phone {phone} was sent {len(sent[phone])} codes, and {number} were to be sent"
            yield Violation(SENT, text, {"stream": f"Phone#{phone}", "requests": sorted(sent[phone])})


def _is_to_be_sent(message: Message, commit: Commit, end: int, history: ParsedHistory) -> bool:
    """Whether a code was valid, the newest, and somebody's, until it was handled."""
    expires = (datetime.fromisoformat(message.data["expires_at"]) - BEGIN) // timedelta(microseconds=1)
    others = [other for other in history.streams[commit.stream] if commit.at < other.at <= end]
    return end + CLOCKS < expires and not others and _is_somebodys(message.data["phone_id"], commit.at, end, history)


def _is_somebodys(phone: str, begin: int, end: int, history: ParsedHistory) -> bool:
    """Whether an enabled customer had a phone from `begin` to `end`; a number is known by the request that gave it."""
    for _, commits in history.of_kind("Customer"):
        has, enabled, throughout = False, False, True
        for commit in commits:
            if begin < commit.at <= end:
                throughout = False
            if commit.at > begin:
                break
            request = history.requests.get(commit.request or "")
            number = request.body.get("smsNumber") if request and isinstance(request.body, dict) else None
            for event in commit.events:
                enabled = ENABLED.get(event.name, enabled)
                if "sms_number" in event.data:
                    has = number is not None and phone_id(history.final["code_key"], number) == phone
        if has and enabled and throughout:
            return True
    return False
