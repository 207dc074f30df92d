"""Tokens that renew themselves, and requests that are sent with them."""

import base64
import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from clients.credential import NOBODY, Credential, claims
from clients.mall import Mall, MallError
from clients.people import People, robots_own, session
from clients.user_pool import SignInError, Tokens, UserPool, kept_signed_in

Answer = Callable[[httpx.Request], httpx.Response]


def jwt(**said: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.signature"


def lived(part: float, seconds: int = 900) -> str:
    """A token of which this part of its life is over."""
    issued = time.time() - part * seconds
    return jwt(iat=issued, exp=issued + seconds)


def mall(answer: Answer, credential: Credential = NOBODY) -> Mall:
    """A mall that answers so."""
    made = Mall("http://mall.test", credential)
    made._http = httpx.Client(base_url="http://mall.test", transport=httpx.MockTransport(answer))
    return made


def sent(request: httpx.Request) -> str:
    """The token of a request."""
    return str(request.headers.get("authorization", "")).removeprefix("Bearer ")


@pytest.mark.parametrize(("part", "renewed"), [(0.0, False), (0.7, False), (0.85, True), (1.5, True)])
def test_a_token_is_renewed_before_it_expires(part: float, renewed: bool) -> None:
    first, second = lived(part), lived(0)
    assert Credential(first, lambda last: second).token() == (second if renewed else first)


def test_a_token_is_renewed_from_the_last_one() -> None:
    renewals: list[str] = []

    def renew(last: str) -> str:
        renewals.append(last)
        return f"token {len(renewals)}"

    credential = Credential("token 0", renew)
    assert [credential.after("token 0"), credential.after("token 1")] == ["token 1", "token 2"]
    assert renewals == ["token 0", "token 1"]


def test_threads_that_are_refused_together_renew_a_token_once() -> None:
    renewals: list[str] = []

    def renew(last: str) -> str:
        renewals.append(last)
        return "second"

    credential = Credential("first", renew)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(credential.after, ["first"] * 8))
    assert (found, renewals) == (["second"] * 8, ["first"])


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "a.e30.c", jwt(iat=1)])
def test_what_names_no_times_is_never_due(token: str) -> None:
    assert Credential(token, lambda last: "another").token() == token


def test_what_a_token_says_is_read_and_nothing_from_what_is_none() -> None:
    assert claims(jwt(sub="c-1")) == {"sub": "c-1"}
    assert claims("no token") == {}


def test_a_request_has_its_callers_token_and_nobody_has_none() -> None:
    tokens: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tokens.append(request.headers.get("authorization"))
        return httpx.Response(200, json={})

    anyone = mall(answer)
    anyone.get("/health")
    anyone.acting(Credential("clerk's")).get("/api/stores")
    assert tokens == [None, "Bearer clerk's"]


def test_a_refused_token_is_renewed_once_and_the_same_request_sent_again() -> None:
    requests: list[tuple[str, str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append((sent(request), request.headers["idempotency-key"], request.content))
        return httpx.Response(200 if sent(request) == "second" else 401, json={"id": "s-1"})

    clerk = mall(answer, Credential("first", lambda last: "second"))
    assert clerk.post("/api/stores", {"name": "Odds"}, key="k") == {"id": "s-1"}
    assert requests == [("first", "k", b'{"name":"Odds"}'), ("second", "k", b'{"name":"Odds"}')]


@pytest.mark.parametrize(
    ("credential", "tokens"),
    [(Credential("old"), ["old"]), (Credential("old", lambda last: "as bad"), ["old", "as bad"])],
)
def test_a_token_that_stays_refused_is_an_error(credential: Credential, tokens: list[str]) -> None:
    attempts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        attempts.append(sent(request))
        return httpx.Response(401, json={"code": "unauthenticated", "message": "the token has expired"})

    with pytest.raises(MallError) as refused:
        mall(answer, credential).get("/api/stores")
    assert (refused.value.status, refused.value.code) == (401, "unauthenticated")
    assert attempts == tokens


@pytest.mark.parametrize(("wait", "attempts"), [("60", 5), ("61", 1), ("86400", 1)])
def test_a_client_waits_a_minute_at_most_before_it_tries_again(
    monkeypatch: pytest.MonkeyPatch, wait: str, attempts: int
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    busy = httpx.Response(429, json={"code": "too_many", "message": "later"}, headers={"retry-after": wait})
    with pytest.raises(MallError, match="later"):
        mall(lambda request: busy).post("/api/customers/codes", {"smsNumber": "+15550100"})
    assert len(slept) == attempts - 1


def test_no_token_is_in_a_log_a_text_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = jwt(sub="s-1", more="secret")
    credential = Credential(secret, lambda last: secret)
    clerk = mall(lambda request: httpx.Response(401, json={}), credential)
    with pytest.raises(MallError) as refused:
        clerk.get("/api/stores")
    shown = [caplog.text, repr(People(clerk, clerk)), repr(credential), repr(Tokens(secret, secret)), repr(refused)]
    assert not any(secret in text for text in shown)


def test_a_customer_renews_its_own_session_and_a_robot_its_own_token() -> None:
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, sent(request)))
        return httpx.Response(200, json={"token": lived(0.9)})

    kiosk = mall(answer, Credential("kiosk's"))
    customer = session(kiosk, "c-1")
    first = customer.token()
    customer.after(first)
    robots_own(kiosk, "b-1", "robot's").after("robot's")
    paths, tokens = zip(*asked, strict=True)
    assert paths == (*["/api/customers/c-1/sessions"] * 3, "/api/depot/bots/b-1/token")
    assert tokens[0] == "kiosk's"
    assert "kiosk's" not in tokens[1:]
    assert tokens[-1] == "robot's"


class Cognito:
    """A pool of one kiosk, whose refresh tokens rotate."""

    def __init__(self) -> None:
        self.refresh = 0
        self.one_time = True

    def __call__(self, url: str, *, json: dict[str, Any], headers: dict[str, str], timeout: float) -> httpx.Response:
        operation = headers["x-amz-target"].rpartition(".")[2]
        if operation == "InitiateAuth" and self.one_time:
            return httpx.Response(200, json={"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s"})
        if operation == "RespondToAuthChallenge":
            assert json["ChallengeResponses"] == {"USERNAME": "kiosk", "NEW_PASSWORD": "new"}
            self.one_time = False
        if operation == "GetTokensFromRefreshToken" and json["RefreshToken"] != f"refresh {self.refresh}":
            refusal = {"__type": "com.amazonaws#NotAuthorizedException", "message": "Invalid Refresh Token"}
            return httpx.Response(400, json=refusal)
        self.refresh += 1
        tokens = {"AccessToken": f"access {self.refresh}", "RefreshToken": f"refresh {self.refresh}"}
        return httpx.Response(200, json={"AuthenticationResult": tokens})


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> UserPool:
    monkeypatch.setattr(httpx, "post", Cognito())
    return UserPool("https://cognito.test", "app")


def test_a_kiosk_replaces_its_one_time_password_and_goes_on_with_refresh_tokens_that_rotate(pool: UserPool) -> None:
    kiosk = kept_signed_in(pool, pool.sign_in("kiosk", "one-time", "new"))
    assert [kiosk.token(), kiosk.after("access 1"), kiosk.after("access 2")] == ["access 1", "access 2", "access 3"]


def test_a_refresh_token_that_was_used_is_refused(pool: UserPool) -> None:
    first = pool.sign_in("kiosk", "one-time", "new")
    pool.refresh(first.refresh)
    with pytest.raises(SignInError) as refused:
        pool.refresh(first.refresh)
    assert refused.value.code == "NotAuthorizedException"


def test_a_one_time_password_without_a_new_one_signs_nobody_in(pool: UserPool) -> None:
    with pytest.raises(SignInError, match="NEW_PASSWORD_REQUIRED"):
        pool.sign_in("kiosk", "one-time")
