"""The mall's REST API as a typed client: what a kiosk, a clerk's screen or a robot would call."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
Json = dict[str, Any]

BUSY = (429, 503)


class MallError(Exception):
    """The mall refused; `status` and `code` are those of its problem document."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class NeverError(Exception):
    """What was waited for did not come in time."""


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
        """One request; a busy mall is asked again when it says so. Raises MallError.

        A write that is to be safe to repeat carries an Idempotency-Key (`key`).
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
        """Read."""
        return self.call("GET", path)

    def post(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """Create, or ask for something."""
        return self.call("POST", path, body or {}, key=key)

    def put(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """Change."""
        return self.call("PUT", path, body or {}, key=key)

    def pages(self, path: str, member: str) -> list[Json]:
        """All of a list, page by page."""
        found: list[Json] = []
        joiner = "&" if "?" in path else "?"
        after = ""
        while True:
            page = self.get(f"{path}{joiner}limit=100{after}")
            found += page[member]
            if not page.get("next"):
                return found
            after = f"&next={page['next']}"


def wait_for(look: Callable[[], T | None], what: str, *, seconds: float = 60) -> T:
    """Look until there is something, and return it; a 404 counts as nothing yet. Raises NeverError.

    The pauses grow from a tenth of a second to one, so that those who wait do not slow down what they wait for.
    """
    deadline = time.monotonic() + seconds
    pause = 0.1
    while True:
        try:
            found = look()
        except MallError as error:
            if error.status != 404:
                raise
            found = None
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise NeverError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(pause)
        pause = min(1, pause * 1.2)
