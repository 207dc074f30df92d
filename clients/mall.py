"""A client of the mall's REST API, as a kiosk, a clerk's screen or a robot would use it."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
Json = dict[str, Any]

BUSY = (429, 503)


class MallError(Exception):
    """The mall answered with an error; `status` and `code` are those of its problem document."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class WaitTimeoutError(Exception):
    """What `wait_for` waited for did not happen in time."""


class Mall:
    """A connection to a mall's API. `address` is its base, without `/api`."""

    def __init__(self, address: str) -> None:
        self._http = httpx.Client(base_url=address.rstrip("/"), timeout=30, headers={"accept": "application/json"})

    def __enter__(self) -> "Mall":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """One request, retried after Retry-After while the mall answers 429 or 503. Raises MallError.

        key: the Idempotency-Key of a write, which makes it safe to repeat.
        """
        headers = {"idempotency-key": key} if key else {}
        response = self._http.request(method, path, json=body, headers=headers)
        for _ in range(4):
            if response.status_code not in BUSY:
                break
            time.sleep(float(response.headers.get("retry-after", "1")))
            response = self._http.request(method, path, json=body, headers=headers)
        content: Json = response.json() if response.content else {}
        if response.is_error:
            raise MallError(response.status_code, content.get("code", ""), content.get("message", response.text))
        return content

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
