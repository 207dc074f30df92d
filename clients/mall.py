"""A client of the mall's REST API, as a kiosk, a clerk's screen or a robot would use it."""

import copy
import math
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from clients.credential import NOBODY, Credential

T = TypeVar("T")
Json = dict[str, Any]

BUSY = (429, 503)
LONGEST_WAIT = 60  # seconds before a request is repeated: a limit on codes may say a day, for which nobody waits
LOST = (0.5, 1.0, 2.0)  # seconds before a request is repeated whose connection was lost: three times
UNAUTHENTICATED = 401
SHOWN = 80  # characters of an answer that is none of the mall's
ACCEPT = {"accept": "application/problem+json, application/json"}


class MallError(Exception):
    """The mall answered with an error; `status` and `code` are those of its problem document.

    flow: the X-Correlation-Id of the request, by which log lines are found; empty where there is none.
    """

    def __init__(self, status: int, code: str, message: str, flow: str = "") -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.flow = flow


class WaitTimeoutError(Exception):
    """What `wait_for` waited for did not happen in time."""


class Mall:
    """A connection to a mall's API, under the role of who has the credential.

    address: its base, without `/api`. Without a credential only what is open may be called. program: how the one who
    calls is named, in what is noted of an operator's requests. seconds: that each step of a request may take.
    """

    def __init__(
        self, address: str, credential: Credential = NOBODY, program: str = "mallbots", seconds: float = 30
    ) -> None:
        headers = {**ACCEPT, "user-agent": program}
        self._http = httpx.Client(base_url=address.rstrip("/"), timeout=seconds, headers=headers)
        self._credential = credential

    def acting(self, credential: Credential) -> Self:
        """The same mall, called by somebody else. Closing either closes both."""
        other = copy.copy(self)
        other._credential = credential
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """One request, retried after Retry-After while the mall answers 429 or 503, if that is a minute at most.

        It is repeated three times where the connection is lost. Raises MallError; and httpx.TransportError for no
        answer, where a write may have been done.

        key: the Idempotency-Key of a write, a new one for None: what was answered by 503, or had no answer, may have
        been stored, and is not to be done twice. Empty for a write that is repeated all day and changes nothing: a key
        would store each. Its next turn repeats it where the connection is lost.
        """
        if key is None and method != "GET":
            key = str(uuid.uuid4())
        headers = {"idempotency-key": key} if key else {}
        pauses = LOST if key or method == "GET" else ()
        response = self._answered(method, path, body, headers, pauses)
        for _ in range(4):
            wait = _wait(response)
            if response.status_code not in BUSY or wait > LONGEST_WAIT:
                break
            time.sleep(wait)
            response = self._answered(method, path, body, headers, pauses)
        content = _content(response)
        if response.is_error:
            flow = response.headers.get("x-correlation-id", "")
            message = content.get("message", response.reason_phrase)
            raise MallError(response.status_code, content.get("code", ""), message, flow)
        return content

    def send(
        self, method: str, path: str, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """One request with the caller's token, and its answer, whatever it is.

        After a 401 the token is renewed once, and the request sent again.
        """
        token = self._credential.token()
        response = self._once(method, path, body, headers or {}, token)
        if response.status_code == UNAUTHENTICATED and (another := self._credential.after(token)):
            return self._once(method, path, body, headers or {}, another)
        return response

    def _answered(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str], pauses: Sequence[float]
    ) -> httpx.Response:
        """An answer, asked for again after each of these pauses while none comes."""
        for pause in pauses:
            try:
                return self.send(method, path, body, headers)
            except httpx.TransportError:
                time.sleep(pause)
        return self.send(method, path, body, headers)

    def _once(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str], token: str
    ) -> httpx.Response:
        who = {"authorization": f"Bearer {token}"} if token else {}
        return self._http.request(method, path, json=body, headers={**headers, **who})

    def token(self) -> str:
        """The token that it sends now; empty without a credential."""
        return self._credential.token()

    def get(self, path: str) -> Json:
        """GET."""
        return self.call("GET", path)

    def post(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """POST; the body is an empty object if there is none."""
        return self.call("POST", path, body or {}, key=key)

    def put(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """PUT; the body is an empty object if there is none."""
        return self.call("PUT", path, body or {}, key=key)

    def pages(self, path: str, member: str) -> list[Json]:
        """All items of a list, read page by page; `member` holds a page's items."""
        found: list[Json] = []
        joiner = "&" if "?" in path else "?"
        after = ""
        while True:
            page = self.get(f"{path}{joiner}limit=100{after}")
            found += page[member]
            if not page.get("next"):
                return found
            after = f"&next={page['next']}"


def _wait(response: httpx.Response) -> float:
    """The seconds that Retry-After names; one where it names none, such as a date, which is never the mall's own."""
    try:
        seconds = float(response.headers.get("retry-after", "1"))
    except ValueError:
        return 1.0
    return seconds if 0 <= seconds < math.inf else 1.0


def _content(response: httpx.Response) -> Json:
    """The object of an answer. Raises MallError for what is none, as a proxy's page."""
    if not response.content:
        return {}
    try:
        content = response.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        begin = " ".join(response.text.split())[:SHOWN]
        raise MallError(response.status_code, "", f"what answered is not the mall's API, but says {begin!r}")
    return content


def wait_for(probe: Callable[[], T | None], what: str, *, seconds: float = 60) -> T:
    """Call `probe` until it returns something, and return that; a 404 counts as None. Raises WaitTimeoutError.

    The pauses grow from 0.1 to 1 s, so that waiting does not slow down the system under load.
    """
    deadline = time.monotonic() + seconds
    pause = 0.1
    while True:
        try:
            found = probe()
        except MallError as error:
            if error.status != 404:
                raise
            found = None
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise WaitTimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(pause)
        pause = min(1, pause * 1.2)
