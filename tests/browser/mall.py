"""The mall of the browser tests: pages, REST API, sign-in and sockets on the loopback, in threads of this process."""

import base64
import json
import mimetypes
import re
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from infra.content_security import content_security_policy
from infra.local.control import Control
from tests.browser import operation_routes, routes, saga_routes, samples, stream_routes
from tests.browser.boards import Boards
from tests.browser.faults import Faults
from tests.browser.rest import Answer, Asked, Rest, problem
from tests.browser.samples import Data, ago, uid

OPENAPI = Path(__file__).parents[2] / "docs" / "openapi.json"


class Mall:
    """What a browser sees of a deployment."""

    def __init__(self, pages: Path) -> None:
        self.boards = Boards()
        self.rest = Rest(self.boards)
        self.files = {f"/{path.relative_to(pages)}": path.read_bytes() for path in pages.rglob("*") if path.is_file()}
        self.refuses_refresh = False
        self.stage = "test"
        self.role = "staff"  # of who is signed in already
        self.refused: list[str] = []  # what was asked for by a user of another role
        self.errors: list[str] = []  # what went wrong in here: a test that ends with any has failed
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.faults = Faults()
        self.control: Control | None = None
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def console(self) -> str:
        return f"{self.origin}/console/"

    def policy(self, path: str) -> str:
        """As the deployed pages have it (infra/pages.py)."""
        asked = [self.origin, self.boards.url, *([self.control.address] if self.control else [])]
        return content_security_policy(asked, path.split("/")[1])

    @property
    def config(self) -> Data:
        names = ["staff", "operator"]
        return {
            "stage": self.stage,
            "api": self.origin,
            "socket": f"{self.boards.url}/live",
            "signIn": f"{self.origin}/sign-in",
            "staffClient": "staff-client",
            "kioskClient": "kiosk-client",
            "identity": f"{self.origin}/identity",
            **({"control": self.control.told()} if self.control else {}),
            "users": [{"role": name, "name": name, "password": "Made-up-1"} for name in names],
        }

    @property
    def places(self) -> set[str]:
        """Where its pages may ask, as `host:port`."""
        control = [self.control.address] if self.control else []
        return {urlsplit(one).netloc for one in (self.origin, self.boards.url, *control)}

    def control_it(self) -> None:
        """As a launcher does: the control server is the launcher's own, on faults of the tests."""
        self.control = Control(self.faults, self.origin, lambda: self.faults.engine)

    def stop(self) -> None:
        if self.control:
            self.control.stop()
        self._http.shutdown()
        self._http.server_close()
        self.boards.stop()

    def deploy(self) -> None:
        """Another version of the pages: other names of files, those of before gone; and all connections end."""
        files = {}
        for path, content in self.files.items():
            name = re.sub(r"main-\w{8}\.js$", "main-NEWER123.js", path)
            if path.endswith("index.html"):
                content = re.sub(rb"main-\w{8}\.js", b"main-NEWER123.js", content)
            files[name] = content
        self.files = files
        self.boards.cut()

    def fill(self) -> None:
        """A usual afternoon."""
        for id, (name, location, participating) in samples.STORES.items():
            content = {"name": name, "location": location, "participating": participating}
            version = self.boards.put("stores", id, {"storeId": id, **content})
            self.rest.put("store", id, {"id": id, **content}, version)
        for store, _, id, name, price, _ in samples.ITEMS:
            product = {
                "id": id,
                "storeId": store,
                "name": name,
                "description": "",
                "sku": f"SKU-{id[:4]}",
                "price": price,
            }
            self.rest.put("product", id, product)
        for id, (name, number) in samples.CUSTOMERS.items():
            customer = {"id": id, "name": name, "smsNumber": number, "enabled": True, "language": "en"}
            self.rest.put("customer", id, customer)
        for id, (name, status) in samples.ROBOTS.items():
            row = {"botId": id, "name": name, "status": status, "listId": None, "since": ago(minutes=7)}
            self.boards.put("robots", id, {**row, "listId": uid("brass band") if name == "Rusty" else None})
        self.rest.reports = samples.reports()
        self._orders()
        self.rest.sales = _sales()

    def _orders(self) -> None:
        rest = self.rest
        rest.place_order("just now", "pending", 0.3, 1)
        for name, minutes in (("atlas", 24), ("two books", 11), ("brass band", 42)):
            lines = 3 if name == "brass band" else 2
            more = {"customerId": uid("long")} if name == "brass band" else {}
            rest.place_order(name, "approved", minutes, lines, **more)
            rest.add_invoice(name, round(sum(p * q for *_, p, q in samples.ITEMS[:lines]), 2), minutes)
        rest.add_list("atlas", "available", 23, None)
        rest.add_list("two books", "assigned", 4, "c3")
        rest.add_list("brass band", "active", 12, "r2", picked=1, lines=3)
        rest.place_order("waits", "approved", 95, 2, ready=True, readiedAt=ago(minutes=50))
        rest.add_invoice("waits", 21.48, 95)
        rest.place_order("waits paid", "approved", 60, 1, ready=True, paid=True, readiedAt=ago(minutes=20))
        rest.place_order("done", "completed", 130, 2)
        rest.place_order("gone", "cancelled", 30, 1, reason="The store closed early.", cancelledBy="staff")


def _sales() -> Data:
    by_store = [
        {"storeId": id, "storeName": name, "orders": 20 - at, "items": 31 - at, "revenue": 402.5 / (at + 1)}
        for at, (id, (name, _, _)) in enumerate(samples.STORES.items())
    ]
    by_hour = [
        {"hour": f"{ago(hours=at)[:13]}:00:00Z", "orders": 3 + at % 5, "revenue": 40.0 + 9 * at} for at in range(6)
    ]
    return {"orders": 45, "items": 71, "revenue": 738.24, "byStore": by_store, "byProduct": [], "byHour": by_hour}


def token(name: str) -> str:
    """An access token whose signature is not checked, good for long; a user's name is that of its role."""
    claims = {"exp": 4_000_000_000, "username": name, "cognito:groups": [name]}
    parts = [{"alg": "none"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "signature"])


def _handler(mall: Mall) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None: ...

        def _do(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            address = urlsplit(self.path)
            try:
                if address.path == "/api/openapi.json":
                    self._send(200, OPENAPI.read_bytes(), [("content-type", "application/json")])
                elif address.path.startswith("/api/"):
                    self._rest(address.path, dict(parse_qsl(address.query)), body)
                elif address.path == "/identity":
                    self._identity(json.loads(body))
                else:
                    self._file(address.path)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            except Exception as error:
                mall.errors.append(f"{self.command} {self.path}: {error!r}")
                self._send(500, b"{}", [])

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - as BaseHTTPRequestHandler looks them up

        def _rest(self, path: str, query: dict[str, str], body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            if not headers.get("authorization", "").startswith("Bearer ey"):
                return self._answer(Answer(401, {"message": "Unauthorized"}))
            if path.startswith("/api/operations/") and headers["authorization"] != f"Bearer {token('operator')}":
                mall.refused.append(path)
                return self._answer(problem(403, "this is for operators"))
            asked = Asked(self.command, unquote(path), headers, query, json.loads(body or b"{}"))
            return self._answer(mall.rest.answer(asked))

        def _identity(self, asked: Data) -> None:
            operation = self.headers["x-amz-target"].split(".")[1]
            if operation == "GetTokensFromRefreshToken" and mall.refuses_refresh:
                return self._answer(Answer(400, {"__type": "NotAuthorizedException", "message": "revoked"}))
            if operation == "RevokeToken":
                return self._answer(Answer(200, {}))
            name = asked.get("AuthParameters", {}).get("USERNAME", mall.role)
            tokens = {"AccessToken": token(name), "RefreshToken": "refresh"}
            return self._answer(Answer(200, {"AuthenticationResult": tokens}))

        def _file(self, path: str) -> None:
            path = f"{path}index.html" if path.endswith("/") else path
            if path.endswith("/config.json"):
                return self._send(200, json.dumps(mall.config).encode(), [("content-type", "application/json")])
            content = mall.files.get(path)
            if content is None:
                return self._send(404, b"", [])
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            return self._send(200, content, [("content-type", kind), ("content-security-policy", mall.policy(path))])

        def _answer(self, answer: Answer) -> None:
            kind = "application/json" if answer.status < 400 else "application/problem+json"
            headers = [("content-type", kind), ("cache-control", "no-store")]
            if answer.etag is not None:
                headers.append(("etag", f'"{answer.etag}"'))
            self._send(answer.status, b"" if answer.status == 304 else json.dumps(answer.body).encode(), headers)

        def _send(self, status: int, content: bytes, headers: Iterable[tuple[str, str]]) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


__all__ = ["Mall", "operation_routes", "problem", "routes", "saga_routes", "stream_routes"]
