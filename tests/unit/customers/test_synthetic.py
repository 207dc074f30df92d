"""Requests of a synthetic order: to the API over HTTP, and none for which there is no time."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from functions.customers.synthetic import RestApi, SyntheticOrderError, place
from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import active
from tests.support.runtime import memory_runtime

HOST = "127.0.0.1"


class Answers(BaseHTTPRequestHandler):
    """Answers each request with what it was, or with the status that its path names."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None: ...

    def _answer(self) -> None:
        if self.path == "/cut":
            return  # reads the request, answers nothing, and closes
        if self.path == "/short":
            self.send_response(200)
            self.send_header("content-length", "100")
            self.end_headers()
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        said = {"method": self.command, "token": self.headers["authorization"], "body": json.loads(body or "null")}
        content = json.dumps(said).encode()
        self.send_response(int(self.path.strip("/")))
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def address(socket_enabled: None) -> Iterator[str]:
    with ThreadingHTTPServer((HOST, 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


@pytest.mark.allow_hosts([HOST])
def test_a_request_has_the_customers_token_and_its_body_as_json(address: str) -> None:
    api = RestApi(address)
    assert api.call("a token", "POST", "/200", {"quantity": 1}) == {
        "method": "POST",
        "token": "Bearer a token",
        "body": {"quantity": 1},
    }
    assert api.call("a token", "GET", "/200")["body"] is None


@pytest.mark.allow_hosts([HOST])
@pytest.mark.parametrize("status", [401, 404, 503])
def test_what_is_not_answered_by_200_is_an_error_that_names_the_request_and_the_status(
    address: str, status: int
) -> None:
    with pytest.raises(SyntheticOrderError, match=f"^GET /{status} was answered by {status}$"):
        RestApi(address).call("a token", "GET", f"/{status}")


@pytest.mark.allow_hosts([HOST])
def test_an_api_that_is_not_there_is_an_error_too(socket_enabled: None) -> None:
    with pytest.raises(SyntheticOrderError, match=r"^GET /health was not answered$"):
        RestApi(f"http://{HOST}:1").call("a token", "GET", "/health")


@pytest.mark.allow_hosts([HOST])
@pytest.mark.parametrize("path", ["/cut", "/short"])
def test_a_connection_that_is_cut_while_the_answer_is_awaited_or_read_is_an_error_too(address: str, path: str) -> None:
    with pytest.raises(SyntheticOrderError, match=f"^GET {path} was not answered$"):
        RestApi(address).call("a token", "GET", path)


def test_no_request_begins_for_which_there_is_no_time() -> None:
    with active(memory_runtime("customers")), budget.limited(lambda: 5.0):
        assert place({}) == {
            "order": "",
            "why": "there was no time left for GET /api/stores/participating?limit=10",
        }
