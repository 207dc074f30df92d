"""Signs a person in by the pages of a user pool: an authorization code with PKCE, received on a port of this machine.

https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from clients.user_pool import SignInError, Tokens

SCOPES = "openid"
WITHIN = 300  # seconds, for a person to type a password
THANKS = "You are signed in. You may close this page."


class ManagedLogin:
    """The sign-in pages of one app. address: of the pool's domain. client_id: the app's.

    callback: an address of this machine with a port, which the app must name: Cognito compares them whole.
    """

    def __init__(self, address: str, client_id: str, callback: str) -> None:
        self._address, self._client_id, self._callback = address.rstrip("/"), client_id, callback

    def sign_in(self, show: Callable[[str], object], *, seconds: float = WITHIN) -> Tokens:
        """Show a person the page with an address, and wait until the browser comes back. Raises SignInError."""
        verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._callback,
            "scope": SCOPES,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        port = urlsplit(self._callback).port or 80
        try:
            waiting = _Callback(port, state)
        except OSError as error:
            message = f"the browser cannot come back to port {port} of this machine ({error.strerror}): free it first"
            raise SignInError("port", message) from None
        with waiting as callback:
            show(f"{self._address}/oauth2/authorize?{urlencode(query)}")
            code = callback.code(seconds)
        return self._exchange(code, verifier)

    def _exchange(self, code: str, verifier: str) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "client_id": self._client_id,
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        response = httpx.post(f"{self._address}/oauth2/token", data=form, timeout=10)
        if response.is_server_error:
            response.raise_for_status()
        answer = response.json()
        if response.is_error:
            raise SignInError(str(answer.get("error", "")), str(answer.get("error_description", "")))
        return Tokens(answer["access_token"], answer["refresh_token"])


class _Callback(HTTPServer):
    """Waits on the loopback interface for the browser that comes back with our state."""

    def __init__(self, port: int, state: str) -> None:
        super().__init__(("127.0.0.1", port), _Returned)
        self.state = state
        self.answer: dict[str, str] = {}

    def code(self, seconds: float) -> str:
        """The authorization code. Raises SignInError."""
        deadline = time.monotonic() + seconds
        while not self.answer:
            self.timeout = deadline - time.monotonic()
            if self.timeout <= 0:
                raise SignInError("timeout", f"nobody signed in within {seconds:.0f} s")
            self.handle_request()
        if "code" not in self.answer:
            raise SignInError(self.answer.get("error", ""), self.answer.get("error_description", ""))
        return self.answer["code"]


class _Returned(BaseHTTPRequestHandler):
    """The browser's request: only one with our state counts, since any page may send the browser here."""

    server: _Callback
    timeout = 5  # seconds: browsers open connections that they do not use

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        ours = secrets.compare_digest(query.get("state", "").encode(), self.server.state.encode())
        if ours:
            self.server.answer = query
        self.send_response(200 if ours else 404)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(THANKS.encode() if ours else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the address has the code in it."""
