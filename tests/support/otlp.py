"""A receiver of OTLP over HTTP, which reads what it gets by the protocol's own definition, and its spans as a tree."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from google.protobuf.json_format import ParseDict  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

HOST = "127.0.0.1"
IDS = ("traceId", "spanId", "parentSpanId")


class Receiver:
    """What was exported: the spans of each request, each with its service. answers: the statuses to come, 200 else."""

    def __init__(self) -> None:
        self.requests: list[list[tuple[str, Span]]] = []
        self.answers: list[int] = []
        self.bodies: list[str] = []
        self.address = ""

    @property
    def spans(self) -> list[tuple[str, Span]]:
        return [span for request in self.requests for span in request]

    def take(self, path: str, content_type: str, body: str) -> int:
        """Read one request. Fails for anything that the protocol does not have."""
        assert (path, content_type) == ("/v1/traces", "application/json")
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.bodies.append(body)
            self.requests.append(read(json.loads(body)))
        return status


def read(body: Any) -> list[tuple[str, Span]]:
    """The spans of a request, with their services, by the protocol's definition. Raises ParseError for other fields.

    OTLP writes ids as hex, where the JSON of protobuf has base64: https://opentelemetry.io/docs/specs/otlp/
    """
    request = ParseDict(_in_base64(body), ExportTraceServiceRequest())
    return [
        (_attributes(group.resource)["service.name"], span)
        for group in request.resource_spans
        for scoped in group.scope_spans
        for span in scoped.spans
    ]


def attributes(span: Span) -> dict[str, str]:
    return _attributes(span)


def _attributes(of: Any) -> dict[str, str]:
    return {one.key: one.value.string_value for one in of.attributes}


def _in_base64(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_base64(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64encode(bytes.fromhex(inner)).decode() if name in IDS else _in_base64(inner)
        for name, inner in value.items()
    }


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver at a port of this machine; within the block it listens."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.send_response(made.take(self.path, self.headers["Content-Type"], body))
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    made.address = f"http://{HOST}:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
