"""The control server of a local mall: what the console's panel asks to break something, and to mend it.

It runs in the launcher's process, so it outlives the engine. It is no part of any template: `config.json` of a local
mall names its address while it runs, and no other stage has one. Who may use it: it listens on the loopback interface
alone, and every request needs

- the token, which is random for each start, and which `config.json` tells to the pages' own origin alone;
- the pages' `Origin`, so that no other website may use it, whatever it knows;
- its own address as `Host`, so that no name that resolves to this machine may (DNS rebinding):
  https://developer.mozilla.org/en-US/docs/Web/Security/Attacks/DNS_rebinding
"""

import hmac
import json
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.faults import FAULTS, Kept
from infra.local.process import HOST, LocalCloudError


class Faults(Protocol):
    """What can be broken and mended, by the names of FAULTS."""

    def broken(self) -> dict[str, Kept]:
        """What is broken, by name, each with `since`."""

    def break_(self, name: str) -> None:
        """Raises LocalCloudError."""

    def mend(self, name: str) -> None:
        """Raises LocalCloudError."""


class Control:
    """The server, from its making until `stop`.

    Args:
        faults: what it breaks and mends.
        pages: the origin that may use it.
        state: of the engine, in a word.
        here: the arguments of `make` that name this mall, for the command lines that the console shows.
    """

    def __init__(self, faults: Faults, pages: str, state: Callable[[], str], here: str = "") -> None:
        self._here = here
        self.token = secrets.token_urlsafe(32)
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self, faults, pages, state))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def host(self) -> str:
        return f"{HOST}:{self._server.server_port}"

    @property
    def address(self) -> str:
        return f"http://{self.host}"

    def told(self) -> dict[str, str]:
        """What config.json says of it."""
        return {"address": self.address, "token": self.token, "here": self._here}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(control: Control, faults: Faults, pages: str, state: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30  # seconds that a connection may be silent

        def log_message(self, *_: Any) -> None: ...

        def do_OPTIONS(self) -> None:
            if self._is_from_the_pages():
                self._answer(204, None)

        def do_GET(self) -> None:
            if not self._may():
                return
            if self.path != "/faults":
                return self._answer(404, {"message": "there is nothing here"})
            broken = faults.broken()
            listed = [
                {"name": name, "mends": fault.mend is not None, "since": broken.get(name, {}).get("since")}
                for name, fault in FAULTS.items()
            ]
            self._answer(200, {"engine": state(), "faults": listed})

        def do_POST(self) -> None:
            if not self._may():
                return
            match self.path.strip("/").split("/"):
                case ["faults", name, "break"] if name in FAULTS:
                    self._do(lambda: faults.break_(name))
                case ["faults", name, "mend"] if name in FAULTS:
                    self._do(lambda: faults.mend(name))
                case _:
                    self._answer(404, {"message": "there is nothing here"})

        def _do(self, work: Callable[[], None]) -> None:
            try:
                work()
            except (LocalCloudError, ClientError, BotoCoreError, OSError) as error:
                return self._answer(409, {"message": str(error)})
            self._answer(200, {})

        def _may(self) -> bool:
            if not self._is_from_the_pages():
                return False
            given = self.headers.get("authorization", "").encode()
            if hmac.compare_digest(given, f"Bearer {control.token}".encode()):
                return True
            self._answer(401, {"message": "the token is not that of config.json"})
            return False

        def _is_from_the_pages(self) -> bool:
            if self.headers.get("host") == control.host and self.headers.get("origin") == pages:
                return True
            self._answer(403, {"message": "only the console of this mall may ask"}, allowed=False)
            return False

        def _answer(self, status: int, body: object, *, allowed: bool = True) -> None:
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            if allowed:
                self.send_header("access-control-allow-origin", pages)
                self.send_header("access-control-allow-headers", "authorization, content-type")
                self.send_header("access-control-allow-methods", "GET, POST")
            self.send_header("vary", "origin")
            self.send_header("cache-control", "no-store")
            if body is not None:
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
