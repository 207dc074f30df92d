"""A dead letter: a message that was given up, with all that is known of it, and what was done about it since."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from functions.kernel.runtime import clock

OPEN = "open"
REDRIVING = "redriving"
PARKED = "parked"
DONE = "done"
DISCARDED = "discarded"
STATES = (OPEN, REDRIVING, PARKED, DONE, DISCARDED)
CLOSED = frozenset({DONE, DISCARDED})  # they expire; the others are kept until they are closed

IDENTITY = 32  # hex digits of a letter's id
HAPPENINGS = 100  # of a letter's history, the newest; what made it a letter is its first, and stays
DETAILS = 60_000  # characters of their details together, of up to four bytes each: an item holds 400 KB
DELIVERIES = 20  # ids of records that are known again when they are received twice


@dataclass(frozen=True)
class Happening:
    """Something that became of a letter: when, by whom (`system`, `operator:ada`), what, and its detail."""

    time: str
    actor: str
    what: str
    detail: str = ""


@dataclass(frozen=True)
class Letter:
    """A message that one consumer gave up.

    consumer: `depot/inbox`; of a relay `depot/relay`. queue: the failure queue that held it,
    `depot/inbox/dead-letters`. What the body does not say, because it cannot be read, is empty or 0. order: the order
    that it is about, if the data names one. body: as its inbox would receive it, without what newer versions of the
    message dropped. reason, error, tries, code: why it was given up, the name of the error, after how many receives, by
    which version of the code. first_received, failed_at, stored_at, open_since: RFC 3339; failed_at is the latest
    failure, open_since that which opened it (again). placed_at: when it was stored as open, or moved to another group:
    as of an earlier moment it was not among the open ones of its group. repetitions: how often it came again.
    deliveries: the records of failure queues that it came by, the latest. run: the latest redrive that sent it back:
    the run's id, `/`, and its place in the run. sent_as: the id of the message that was sent in its place, edited.
    life, expires, version_of_row: of rows.py, which sets them; the version is 0 before the letter is stored.
    """

    id: str
    consumer: str
    queue: str
    body: str
    message_id: str = ""
    name: str = ""
    version: int = 0
    stream: str = ""
    stream_version: int = 0
    correlation_id: str = ""
    causation_id: str = ""
    order: str = ""
    fifo_group: str = ""
    reason: str = ""
    error: str = ""
    tries: int = 0
    first_received: str = ""
    failed_at: str = ""
    stored_at: str = ""
    open_since: str = ""
    placed_at: str = ""
    code: str = ""
    fingerprint: str = ""
    repetitions: int = 0
    state: str = OPEN
    redrives: int = 0
    run: str = ""
    sent_as: str = ""
    deliveries: tuple[str, ...] = ()
    history: tuple[Happening, ...] = ()
    life: str = ""
    expires: int = 0
    version_of_row: int = 0

    @property
    def service(self) -> str:
        """The service that consumes it."""
        return self.consumer.partition("/")[0]

    @property
    def is_closed(self) -> bool:
        """Whether it is done with, so that it may expire."""
        return self.state in CLOSED

    def after(self, what: str, actor: str = "system", detail: str = "", **changes: Any) -> "Letter":
        """The letter with these fields changed and one happening more: `letter.after("parked", who, why, state=…)`."""
        happening = Happening(clock.stamp(), actor, what, detail)
        kept = self.history[:1] + self.history[1:][-(HAPPENINGS - 2) :]
        while len(kept) > 1 and sum(len(one.detail) for one in (*kept, happening)) > DETAILS:
            kept = kept[:1] + kept[2:]
        changed = replace(self, history=(*kept, happening), **changes)
        stays = self.history and (self.state, self.fingerprint) == (changed.state, changed.fingerprint)
        return changed if stays or changed.state != OPEN else replace(changed, placed_at=happening.time)


def letter_id(consumer: str, message_id: str, body: str = "") -> str:
    """The identity of a letter: its consumer and its message's id, or the hash of its body where that is unreadable."""
    named = message_id or f"body:{hashlib.sha256(body.encode()).hexdigest()}"
    return hashlib.sha256(f"{consumer}|{named}".encode()).hexdigest()[:IDENTITY]


def to_data(letter: Letter) -> dict[str, Any]:
    """The letter as a row keeps it, without its body, which has rows of its own."""
    data: dict[str, Any] = msgspec.to_builtins(letter)
    return {name: value for name, value in data.items() if name != "body"}


def from_data(data: Mapping[str, Any], body: str) -> Letter:
    """The letter of a row; fields that this code does not know are ignored."""
    return msgspec.convert({**data, "body": body}, Letter)
