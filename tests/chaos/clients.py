"""Clients that go on: what has no answer or is refused for now is sent again, under the same Idempotency-Key."""

import random
import threading
import time
from collections.abc import Mapping

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from clients.credential import NOBODY, Credential
from clients.mall import LONGEST_WAIT, UNAUTHENTICATED, Json, Mall, MallError
from tests.chaos.journal import Journal, who_has

GOES_ON_FOR = 240.0  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 8.0
ASKED_AGAIN = (408, 425, 429, 500, 502, 503, 504)
CONFLICT = "conflict"  # the code of a 409 that says that others were quicker
ANSWER_WITHIN = 12.0  # seconds: the gateway gives up before


class NoAnswerError(Exception):
    """The mall gave no answer for so long that the client gave up."""


class AbandonedError(Exception):
    """The run is over before its time: whoever waits goes home."""


class Gate:
    """Is closed while the engine is away, so that clients do not lose their patience with what is not there."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._abandoned = False

    def close(self) -> None:
        """Let no request through."""
        self._open.clear()

    def open(self) -> None:
        """Let all through."""
        self._open.set()

    def abandon(self) -> None:
        """Send everybody home who waits or comes."""
        self._abandoned = True
        self._open.set()

    def pass_through(self) -> None:
        """Wait until it is open. Raises AbandonedError."""
        self._open.wait()
        if self._abandoned:
            raise AbandonedError


class PatientMall(Mall):
    """A connection that repeats, and writes down each request and its answer."""

    def __init__(self, address: str, journal: Journal, gate: Gate, credential: Credential = NOBODY) -> None:
        super().__init__(address, credential)
        self._http.timeout = httpx.Timeout(ANSWER_WITHIN)
        self._journal, self._gate = journal, gate
        self.passes_gate = True

    def through_the_gate(self) -> "PatientMall":
        """The same, for whoever brings back what a kill took: it does not wait for the gate."""
        other = self.acting(self._credential)
        other.passes_gate = False
        return other

    def call(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """One request, sent until it is answered for good. Raises MallError, and NoAnswerError after minutes."""
        deadline, pause = time.monotonic() + GOES_ON_FOR, FIRST_PAUSE
        while True:
            response = self._try(method, path, body, key)
            if response is not None:
                said = _content(response)
                content: Json = said if isinstance(said, dict) else {}
                refused = MallError(response.status_code, content.get("code", ""), content.get("message", ""))
                passes = response.status_code in ASKED_AGAIN or refused.code == CONFLICT
                if not response.is_error:
                    return content
                if not passes:
                    raise refused
                # The gateway keeps for a minute that a token could not be checked.
                pause = max(pause, min(LONGEST_WAIT, float(response.headers.get("retry-after", 0))))
            if time.monotonic() > deadline:
                raise NoAnswerError(f"{method} {path} had no answer for {GOES_ON_FOR:.0f} s")
            time.sleep(random.uniform(0.5, 1) * pause)
            pause = max(FIRST_PAUSE, min(LONGEST_PAUSE, pause * 2))

    def _try(self, method: str, path: str, body: Json | None, key: str | None) -> httpx.Response | None:
        """One request, and its answer, if one comes."""
        if self.passes_gate:
            self._gate.pass_through()
        try:
            return self.send(method, path, body, {"idempotency-key": key} if key else {})
        except (httpx.TransportError, BotoCoreError, ClientError):
            return None  # the latter two where its user signs in again

    def _once(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str], token: str
    ) -> httpx.Response:
        asked = self._journal.asks(self, who_has(token), method, path, body, headers.get("idempotency-key"))
        response = super()._once(method, path, body, headers, token)
        asked.answered_at = time.time()
        asked.status = response.status_code
        asked.answer = _content(response)
        tag = response.headers.get("etag", "").strip('"')
        asked.version = int(tag) if tag.isdigit() else None
        if response.status_code == UNAUTHENTICATED:
            asked.answer = None
        return response


def _content(response: httpx.Response) -> object:
    try:
        found: object = response.json()
    except ValueError:
        return None
    return found
