"""Command lines as they are typed: what each prints, on a mall in memory and a user pool of the test's own."""

import base64
import io
import json
import shlex
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from clients.cli.__main__ import main
from functions.kernel.composition import forecast
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import Caller
from functions.kernel.runtime.runtime import active
from functions.operations.consumers import Consumer, FailureQueue
from functions.operations.mappings import Backlog
from infra.operate.publish_pages import config
from tests.support.callers import OPERATOR_ON_CALL
from tests.support.cloud import Subscriber
from tests.support.forecasting import read_only
from tests.support.mappings import MemoryMappings
from tests.support.operated import OperatedMall
from tests.unit.cli import pages
from tests.unit.cli.pages import ORIGIN, Prod

API = "http://127.0.0.1:4566/_aws/execute-api/a1b2c3/$default"
OUTPUTS = {
    "mallbots-local-platform": {
        "ApiAddress": "https://a1b2c3.execute-api.eu-west-1.amazonaws.com",
        "StaffClientId": "staff-app",
    }
}
PAGES = config(Prod())
"""What the pages of prod are told."""


class ClientsMall(OperatedMall):
    """A mall whose operations have all their ports: mappings, backlogs and forecasts too.

    unrelayed: services whose relay does nothing. throttled: consumers whose functions are not invoked.
    """

    def __init__(self) -> None:
        self.unrelayed: set[str] = set()
        self.throttled: set[str] = set()
        super().__init__()
        self.mappings = MemoryMappings()
        self.runtimes["operations"].adapters |= {"mappings": self.mappings, "backlog": self, "forecasts_now": self}
        self.repeat(1, self._follow, "mappings")

    def minute(self) -> None:
        """A minute passes, in which operations is at work."""
        self.operate("collector", "redriver", "runner")
        self.pass_time(60)

    def invoke(self, service: str, request: dict[str, Any]) -> dict[str, Any]:
        """The forecasts of a service."""
        with self.at_work(service) as runtime, active(read_only(runtime)):
            answer: dict[str, Any] = json.loads(json.dumps(forecast.handle(json.loads(json.dumps(request)))))
        return answer

    def measure(self, queue: Consumer | FailureQueue) -> Backlog:
        """What waits in a consumer's queue."""
        found = [s.queue for s in self.subscribers if f"{s.inbox.service}/{s.inbox.queue}" == queue.name]
        messages = [message for queue in found for message in queue.messages]
        hidden = [message for message in messages if message.due > self.now]
        retried = sum(message.receives > 0 for message in hidden)
        return Backlog(len(messages) - len(hidden), retried, len(hidden) - retried)

    def running_subscribers(self) -> list[Subscriber]:
        """Those whose functions are invoked."""
        found = super().running_subscribers()
        return [one for one in found if f"{one.inbox.service}/{one.inbox.queue}" not in self.throttled]

    def _relay_all(self) -> bool:
        stopped = self.stopped
        self.stopped = stopped | self.unrelayed
        try:
            return super()._relay_all()
        finally:
            self.stopped = stopped

    def _follow(self) -> None:
        with clock.fixed(lambda: self.now):
            self.paused = self.mappings.off()


@dataclass(frozen=True)
class Ran:
    """What a command line printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


@dataclass
class CommandLine:
    """Types command lines, as a caller.

    requests: what the mall was asked for, in order. altered: by the beginning of a path, what becomes of the mall's
    answer. failing: by the beginning of a path, the answer in place of the mall's. headers: of all answers. cut_off:
    how many of the next writes the mall does, and answers by 503, as where AWS answered it too late. pool_refuses: the
    word by which the user pool refuses every refresh.
    """

    mall: ClientsMall
    folder: Path
    caller: Caller = OPERATOR_ON_CALL
    requests: list[str] = field(default_factory=list)
    refreshes: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    unreachable: bool = False
    altered: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    failing: dict[str, httpx.Response] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cut_off: int = 0
    pool_refuses: str = ""

    def __call__(self, line: str, code: int = 0) -> Ran:
        """Run `mallbots` with what is typed after it, and expect an exit code."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            ended = main(shlex.split(line))
        ran = Ran(ended, out.getvalue(), err.getvalue())
        assert ran.code == code, ran
        return ran

    def writes(self) -> list[str]:
        """The requests that may have changed something."""
        return [one for one in self.requests if not one.startswith("GET") and "/forecasts" not in one]

    def answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have all requests of this process answered here."""
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: self._answer(request))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.unreachable:
            raise httpx.ConnectError("connection refused", request=request)
        body = request.read()
        address = str(request.url)
        if "x-amz-target" in request.headers:
            return self._pool(request.headers["x-amz-target"], json.loads(body))
        if address.startswith(ORIGIN):
            return pages.answer(request.url.path)
        if "/_ministack/" in address:
            return httpx.Response(200, json={})
        if address.endswith("/oauth2/revoke"):
            self.revoked += parse_qs(body.decode())["token"]
            return httpx.Response(200)
        path = address.removeprefix(API).removeprefix(PAGES["api"])
        self.requests.append(f"{request.method} {path}")
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return httpx.Response(401, json={"message": "Unauthorized"})
        if failed := next((one for beginning, one in self.failing.items() if path.startswith(beginning)), None):
            return failed
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        answer = self.mall.request(request.method, path, body or None, headers, caller=self.caller)
        if self.cut_off and request.method != "GET":
            self.cut_off -= 1
            return httpx.Response(503, headers={"retry-after": "1"}, json={"code": "unavailable", "message": "later"})
        for beginning, alter in self.altered.items():
            if path.startswith(beginning) and answer.status == 200:
                alter(answer.body)
        return httpx.Response(answer.status, headers={**answer.headers, **self.headers}, json=answer.body)

    def _pool(self, operation: str, asked: dict[str, Any]) -> httpx.Response:
        if operation.endswith("InitiateAuth"):
            given = asked["AuthParameters"]
            known = json.loads((self.folder / "state" / "users.json").read_text())
            if known.get(given["USERNAME"]) != given["PASSWORD"]:
                return httpx.Response(400, json={"__type": "NotAuthorizedException", "message": "wrong password"})
            return httpx.Response(200, json={"AuthenticationResult": {"AccessToken": jwt(given["USERNAME"])}})
        if self.pool_refuses:
            return httpx.Response(400, json={"__type": self.pool_refuses, "message": "not now"})
        self.refreshes.append(asked["RefreshToken"])
        if asked["RefreshToken"] in self.revoked:
            return httpx.Response(400, json={"__type": "NotAuthorizedException", "message": "revoked"})
        number = int(asked["RefreshToken"].rpartition(" ")[2]) + 1
        tokens = {"AccessToken": jwt("ada"), "RefreshToken": f"refresh {number}"}
        return httpx.Response(200, json={"AuthenticationResult": tokens})


def jwt(user: str, role: str = "operator") -> str:
    """A token as the pool makes them, for five minutes."""
    now = int(time.time())
    said = {"username": user, "cognito:groups": [role], "iat": now, "exp": now + 300}
    payload = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return f"e30.{payload}.signed"


def set_up(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The files and the environment of a machine on which a local mall was deployed."""
    state = folder / "state"
    state.mkdir()
    (state / "outputs.json").write_text(json.dumps(OUTPUTS))
    (state / "users.json").write_text(json.dumps({"operator": "a password"}))
    for name in ("PORT", "MALLBOTS_TOKEN", "MALLBOTS_STAGE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STATE", str(state))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(folder)
