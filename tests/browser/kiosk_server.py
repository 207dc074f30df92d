"""Serves the built kiosk, its sign-in and a small mall on loopback."""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.browser.kiosk_mall import Json, Mall, ProblemError, token
from tests.browser.kiosk_routes import stocked

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
# As infra/pages.py has it, with the API at the page's own origin.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "manifest-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Server(ThreadingHTTPServer):
    """Says nothing of a browser that hung up: pages are closed and cut in most tests."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve(pages: Path, extra: dict[str, Path]) -> Iterator[tuple[str, dict[str, Mall]]]:
    """Serves the kiosk's folder, and the files of `extra` by their paths; yields its address and its mall."""
    served = {"mall": stocked()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/api/"):
                return self.asked()
            if path == "/kiosk/config.json":
                return self.send(200, json.dumps(self.config()).encode(), "application/json")
            file = extra.get(path) or pages / (path.removeprefix("/kiosk/") or "index.html")
            if not file.is_file():
                return self.send(404, b"", "text/plain")
            return self.send(200, file.read_bytes(), TYPES[file.suffix])

        def do_POST(self) -> None:
            if self.path == "/identity":
                return self.identity()
            return self.asked()

        def do_PUT(self) -> None:
            self.asked()

        def asked(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                path = self.path.partition("?")[0]
                status, data, version = served["mall"].answer(self.command, path, headers, json.loads(body or "{}"))
            except ConnectionError:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            except ProblemError as problem:
                told = {"status": problem.status, "code": problem.code, "detail": problem.detail}
                self.send(problem.status, json.dumps(told).encode(), "application/problem+json")
                return
            self.send(status, b"" if status == 304 else json.dumps(data).encode(), "application/json", version)

        def identity(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            result = {"AccessToken": token("kiosk", "kiosk-1"), "RefreshToken": "refresh"}
            self.send(200, json.dumps({"AuthenticationResult": result}).encode(), "application/json")

        def config(self) -> Json:
            texts = {"stage": "test", "api": f"http://{self.headers['host']}", "socket": "", "signIn": ""}
            users = [{"role": "kiosk", "name": "kiosk-1", "password": "of the test"}]
            own = {"identity": f"http://{self.headers['host']}/identity", "users": users}
            return {**texts, "staffClient": "staff", "kioskClient": "kiosk", **own}

        def send(self, status: int, content: bytes, kind: str, version: str = "") -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.send_header("content-security-policy", POLICY)
            if version:
                self.send_header("etag", version)
            self.end_headers()
            self.wfile.write(content)

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", served
    finally:
        server.shutdown()
        server.server_close()
