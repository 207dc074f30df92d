"""A request of the gateway (HTTP API, payload 2.0), read and checked. An Idempotency-Key becomes a cause here."""

import base64
import hashlib
import json
import re
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from functions.kernel.domain.errors import InvalidError, TooLargeError
from functions.kernel.rest.wire import REPLACEMENT, read_json
from functions.kernel.runtime import ids
from functions.kernel.runtime.commit import DIGEST, Cause
from functions.kernel.runtime.context import KIOSK, Caller, Context

BODY_LIMIT = 65_536  # bytes
WRITES = frozenset({"POST", "PUT", "DELETE"})

# Below 2^53, also in a restored table (eventstore/epochs.py).
_VERSION = re.compile(r"[0-9]{1,16}")
_HALF_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# RFC 9110, 8.8.3: an entity tag, and a list of them. Each blank and comma can be matched in one way alone: in two ways,
# a header of 60 characters would be tried in more ways than a function has time for.
_ETAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_ETAGS = re.compile(rf"[\s,]*{_ETAG.pattern}(\s*,[\s,]*{_ETAG.pattern})*[\s,]*")


class Request:
    """One request. A part that is malformed raises InvalidError when it is read."""

    def __init__(self, event: dict[str, Any]) -> None:
        self._event = event
        self.method: str = event["requestContext"]["http"]["method"]
        self.path: str = event.get("rawPath") or "/"
        self.headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method in WRITES

    def check(self) -> None:
        """Read query string and body, used or not. Raises InvalidError, and TooLargeError for a body over 64 KB."""
        _ = self.query
        if self.writes:
            _ = self.body

    def context(self, caller: Caller) -> Context:
        """The context of its flow: the correlation id and trace of its headers, else new ones.

        A kiosk's are not taken: with one id for a visit, the request for a code by a number and the customer who
        registers would be joined for ever.
        """
        context = Context(caller=caller, actor=caller.actor)
        if caller.role == KIOSK:
            return context
        correlation_id, traceparent = self.headers.get("x-correlation-id", ""), self.headers.get("traceparent", "")
        if ids.is_uuid(correlation_id):
            context.correlation_id = correlation_id
        if _TRACEPARENT.fullmatch(traceparent):
            context.traceparent = traceparent
        return context

    @cached_property
    def segments(self) -> list[str]:
        """The segments of its path. The gateway has decoded the escapes, except `%25` and invalid ones."""
        if REPLACEMENT in self.path:
            raise InvalidError("the path is not UTF-8")
        return [_unescape(segment, "the path") for segment in self.path.split("/")[1:]]

    @cached_property
    def query(self) -> dict[str, str]:
        """Its query string; the last value of a name that occurs twice."""
        pairs = (pair.partition("=") for pair in (self._event.get("rawQueryString") or "").split("&") if pair)
        return {_unescape_query(name): _unescape_query(value) for name, _, value in pairs}

    @cached_property
    def body(self) -> dict[str, Any]:
        """Its JSON object; no body is `{}`, and a blank one is not JSON. Raises TooLargeError."""
        sent: str = self._event.get("body") or ""
        try:
            content = base64.b64decode(sent) if self._event.get("isBase64Encoded") else sent.encode()
            if len(content) > BODY_LIMIT:
                raise TooLargeError(f"the body has {len(content):,} bytes, and may have {BODY_LIMIT:,}")
            text = content.decode()
        except ValueError as error:
            raise InvalidError("the body is not UTF-8") from error
        if REPLACEMENT in text:  # a gateway may decode bad bytes to this before a function sees them
            raise InvalidError("the body is not UTF-8")
        body = read_json(text) if text else {}
        if not isinstance(body, dict):
            raise InvalidError("the body must be a JSON object")
        return body

    def cause(self, caller_id: str, *, takes_body: bool) -> Cause | None:
        """The cause that its Idempotency-Key stands for, with a digest of the request; None without a key.

        Its id is derived from caller and key. Two paths create two things under one key, so the path is its scope. By
        such a digest a phone number could be found, of which there are few enough to try all: customers binds it to a
        key before it is stored, and a body that the route does not take is not in it.
        """
        key = self.headers.get("idempotency-key")
        if key is None:
            return None
        if not (1 <= len(key) <= 255 and key.isprintable()):
            raise InvalidError("Idempotency-Key: must be 1 to 255 printable characters")
        asked = json.dumps([self.method, self.path, self.body if takes_body else {}], sort_keys=True, default=str)
        digest = hashlib.sha256(asked.encode()).hexdigest()[:DIGEST]
        return Cause(ids.derive(caller_id, key), digest, scope=f"{self.method} {self.path}")

    @property
    def expected_versions(self) -> frozenset[int] | None:
        """The versions that its If-Match names; None for any. Weak and unknown tags name none (RFC 9110, 13.1.1)."""
        header = self.headers.get("if-match", "*").strip()
        if header == "*":
            return None
        if not _ETAGS.fullmatch(header):
            raise InvalidError('If-Match: must be the ETag of an answer, such as "3", or several, or *')
        tags = [tag for weak, tag in _ETAG.findall(header) if not weak]
        return frozenset(int(tag) for tag in tags if _VERSION.fullmatch(tag))

    def knows(self, version: int) -> bool:
        """Whether its If-None-Match names this version; weak tags count as strong ones (RFC 9110, 13.1.2)."""
        header = self.headers.get("if-none-match", "").strip()
        return header == "*" or str(version) in [tag for _, tag in _ETAG.findall(header)]


def _unescape(text: str, where: str) -> str:
    if _HALF_ESCAPE.search(text):
        raise InvalidError(f"{where} holds a % that is not followed by two hexadecimal digits")
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidError(f"{where} is not UTF-8") from error
    if "\0" in plain:
        raise InvalidError(f"{where} holds a NUL")
    return plain


def _unescape_query(text: str) -> str:
    return _unescape(text.replace("+", " "), "the query string")
