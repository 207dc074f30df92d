"""The proxy between callers and the engine, with a server in the engine's place that counts what takes effect."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.process import HOST
from tests.chaos.proxy import CLIENT, FAULTS, WORKER, Proxy, Rates

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts([HOST])]

QUIET = dict.fromkeys(FAULTS, 0.0)
API = "/_aws/execute-api/abc/$default/api/stores"


class Server(BaseHTTPRequestHandler):
    """Answers each request, and keeps what came."""

    protocol_version = "HTTP/1.1"
    came: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []
    status: ClassVar[int] = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.came.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        content = json.dumps({"number": len(self.came)}).encode()
        self.send_response(self.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST  # noqa: N815  # named by the server

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def engine() -> Iterator[ThreadingHTTPServer]:
    Server.came.clear()
    server = ThreadingHTTPServer((HOST, 0), Server)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def faulty(engine: ThreadingHTTPServer, sender: str, **shares: float) -> Proxy:
    """A proxy whose faults strike one kind of sender."""
    quiet = Rates(**QUIET, longest=0.1)
    rates: Mapping[str, Rates] = {CLIENT: quiet, WORKER: quiet, sender: Rates(**(QUIET | shares), longest=0.1)}
    proxy = Proxy(engine.server_address[1], seed=1, rates=rates)
    proxy.armed = True
    return proxy


def asks(proxy: Proxy, path: str = API, method: str = "POST", body: bytes = b"{}") -> tuple[int, Any]:
    """A client's request, on a connection of its own."""
    connection = http.client.HTTPConnection(HOST, proxy.port, timeout=5)
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def client(proxy: Proxy, service: str) -> Any:
    """A client of AWS as a worker has it, which does not retry."""
    return boto3.client(  # type: ignore[call-overload]  # any service
        service,
        endpoint_url=proxy.address,
        region_name="eu-west-1",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def test_a_request_is_forwarded_as_it_came_with_the_host_that_its_signature_covers(
    engine: ThreadingHTTPServer,
) -> None:
    with faulty(engine, WORKER) as proxy, closing(client(proxy, "sqs")) as sqs:
        sqs.send_message(QueueUrl=f"{proxy.address}/1/q", MessageBody="hello")
    [(method, path, headers, body)] = Server.came
    assert (method, path) == ("POST", "/")
    assert headers["host"] == f"{HOST}:{proxy.port}"
    assert "/sqs/aws4_request" in headers["authorization"]
    assert json.loads(body)["MessageBody"] == "hello"


@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("dynamodb", lambda it: it.describe_table(TableName="table"), "ThrottlingException", 400),
        ("sqs", lambda it: it.list_queues(), "RequestThrottled", 400),
        ("events", lambda it: it.list_rules(), "ThrottlingException", 400),
        ("kms", lambda it: it.list_keys(), "ThrottlingException", 400),
        ("sns", lambda it: it.list_topics(), "Throttled", 429),
        ("lambda", lambda it: it.list_functions(), "TooManyRequestsException", 429),
        ("iot", lambda it: it.list_things(), "ThrottlingException", 429),
        ("s3", lambda it: it.list_buckets(), "SlowDown", 503),
    ],
)
def test_each_protocol_throttles_in_its_own_words(
    engine: ThreadingHTTPServer, service: str, call: Any, code: str, status: int
) -> None:
    with (
        faulty(engine, WORKER, throttled=1.0) as proxy,
        closing(client(proxy, service)) as aws,
        pytest.raises(ClientError) as throttled,
    ):
        call(aws)
    assert throttled.value.response["Error"]["Code"] == code
    assert throttled.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert Server.came == []
    assert proxy.faults == {"worker_throttled": 1}


def test_a_client_is_throttled_as_by_the_gateway(engine: ThreadingHTTPServer) -> None:
    with faulty(engine, CLIENT, throttled=1.0) as proxy:
        assert asks(proxy) == (429, {"message": "Too Many Requests"})
    assert Server.came == []


def test_a_reply_is_dropped_after_its_request_took_effect(engine: ThreadingHTTPServer) -> None:
    with faulty(engine, CLIENT, reply_dropped=1.0) as proxy, pytest.raises(http.client.RemoteDisconnected):
        asks(proxy)
    assert len(Server.came) == 1
    assert proxy.faults == {"client_reply_dropped": 1}


def test_a_repeated_request_takes_effect_twice_and_has_one_answer_the_first(engine: ThreadingHTTPServer) -> None:
    with faulty(engine, CLIENT, repeated=1.0) as proxy:
        assert asks(proxy) == (200, {"number": 1})
    assert len(Server.came) == 2


def test_a_request_that_was_refused_is_not_repeated(
    engine: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "status", 429)
    with faulty(engine, CLIENT, repeated=1.0) as proxy:
        assert asks(proxy) == (429, {"number": 1})
    assert (len(Server.came), proxy.faults) == (1, {})


def test_a_delayed_request_has_its_answer(engine: ThreadingHTTPServer) -> None:
    with faulty(engine, CLIENT, delayed=1.0) as proxy:
        assert asks(proxy) == (200, {"number": 1})
    assert proxy.faults == {"client_delayed": 1}


def test_no_fault_strikes_what_is_neither_signed_nor_for_the_gateway(engine: ThreadingHTTPServer) -> None:
    with faulty(engine, CLIENT, throttled=1.0) as proxy:
        assert asks(proxy, "/pool/.well-known/jwks.json", "GET", b"") == (200, {"number": 1})


def test_no_fault_strikes_before_the_proxy_is_armed(engine: ThreadingHTTPServer) -> None:
    with faulty(engine, CLIENT, throttled=1.0) as proxy:
        proxy.armed = False
        assert asks(proxy) == (200, {"number": 1})


def test_a_connection_serves_several_requests(engine: ThreadingHTTPServer) -> None:
    with faulty(engine, CLIENT) as proxy:
        connection = http.client.HTTPConnection(HOST, proxy.port, timeout=5)
        for number in (1, 2, 3):
            connection.request("POST", API, b"{}")
            assert json.loads(connection.getresponse().read()) == {"number": number}
        connection.close()


def test_a_caller_loses_its_connection_while_the_engine_is_away(engine: ThreadingHTTPServer) -> None:
    engine.shutdown()
    engine.server_close()
    with faulty(engine, CLIENT) as proxy, pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        asks(proxy)
