"""One-time codes: a phone's requests for them and tries with them, and how many a kiosk may make.

Every number that is asked for has a phone here, whether a customer has it or not, so that nothing tells which: limits,
tries and answers are the same. Times are Unix times, in seconds.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import TooManyError

LIFE = 300  # seconds for which a code is valid
TRIES = 5  # with one code
MINUTE, DAY = 60, 86_400
Limits = tuple[tuple[int, int], ...]  # how many in how many seconds
REQUESTS: Limits = ((3, 15 * MINUTE), (10, DAY))  # of a phone
KIOSK_REQUESTS: Limits = ((20, 10 * MINUTE),)
KIOSK_TRIES: Limits = ((30, 10 * MINUTE),)


@dataclass(frozen=True)
class CodeRequested(DomainEvent):
    at: int


@dataclass(frozen=True)
class CodeFailed(DomainEvent):
    """Another code was given than the one that was sent."""


@dataclass(frozen=True)
class CodeUsed(DomainEvent):
    pass


@dataclass
class Phone(Aggregate):
    """A phone, known by a keyed digest of its number (the id). Only the newest code is valid, once.

    request: the number of the newest code, 0 before the first. requested: when the latest were requested. tries: how
    many wrong ones there were with the newest. No customer is named here: the digest must lead to nobody who is erased.
    """

    request: int = 0
    requested: tuple[int, ...] = ()
    tries: int = 0
    used: bool = False

    @property
    def expires(self) -> int:
        """When the newest code does; 0 before the first."""
        return self.requested[-1] + LIFE if self.requested else 0

    def has_valid_code(self, now: int) -> bool:
        """Whether its newest code opens a session."""
        return not self.used and self.tries < TRIES and now < self.expires

    def request_code(self, now: int) -> None:
        """Have a new code sent, which makes the one before invalid. Raises TooManyError."""
        _limit(self.requested, REQUESTS, now, "too many codes were requested for this number")
        self.record(CodeRequested(now))

    def try_code(self, given: str, expected: str, now: int) -> bool:
        """Whether a code opens a session, which it does once. A wrong one counts while the right one is valid."""
        if not self.has_valid_code(now):
            return False
        right = hmac.compare_digest(given.encode(), expected.encode())
        self.record(CodeUsed() if right else CodeFailed())
        return right

    @applies(CodeRequested)
    def _code_requested(self, event: CodeRequested) -> None:
        self.request += 1
        self.requested = _latest(self.requested, event.at, REQUESTS)
        self.tries, self.used = 0, False

    @applies(CodeFailed)
    def _code_failed(self, event: CodeFailed) -> None:
        self.tries += 1

    @applies(CodeUsed)
    def _code_used(self, event: CodeUsed) -> None:
        self.used = True


@dataclass(frozen=True)
class RequestCounted(DomainEvent):
    at: int


@dataclass(frozen=True)
class TryCounted(DomainEvent):
    at: int


@dataclass
class Kiosk(Aggregate):
    """What a kiosk did with codes lately. requests, tries: when the latest were."""

    requests: tuple[int, ...] = ()
    tries: tuple[int, ...] = ()

    def count_request(self, now: int) -> None:
        """Raises TooManyError where it has requested as many codes as it may for now."""
        _limit(self.requests, KIOSK_REQUESTS, now, "too many codes were requested at this kiosk")
        self.record(RequestCounted(now))

    def count_try(self, now: int) -> None:
        """Raises TooManyError where it has tried as many codes as it may for now."""
        _limit(self.tries, KIOSK_TRIES, now, "too many codes were tried at this kiosk")
        self.record(TryCounted(now))

    @applies(RequestCounted)
    def _request_counted(self, event: RequestCounted) -> None:
        self.requests = _latest(self.requests, event.at, KIOSK_REQUESTS)

    @applies(TryCounted)
    def _try_counted(self, event: TryCounted) -> None:
        self.tries = _latest(self.tries, event.at, KIOSK_TRIES)


def _limit(times: tuple[int, ...], limits: Limits, now: int, why: str) -> None:
    """Raises TooManyError where one more at this time would exceed a limit; with how long to wait."""
    wait = max((times[-most] + seconds - now for most, seconds in limits if len(times) >= most), default=0)
    if wait > 0:
        raise TooManyError(f"{why}: ask again later", retry_after=wait)


def _latest(times: Iterable[int], at: int, limits: Limits) -> tuple[int, ...]:
    """The latest times, as many as the limits look at."""
    return (*times, at)[-max(most for most, _ in limits) :]
