"""The authorizer: who has a token, and whether the owner still may act."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from functions.gateway.authorizer import Authorizer
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.rest.caller import NO_TOKEN, UNCHECKED
from functions.kernel.runtime import clock, token_keys, tokens
from functions.kernel.runtime.runtime import active
from tests.support.pool import APPS, POOL_KID, Pool, jwk, part, pool_claims, pool_token, rsa_key, signed
from tests.support.runtime import TOKEN_KEY, memory_runtime

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
STAFF_APP, KIOSK_APP = APPS["staff"], APPS["kiosk"]
METHOD = "arn:aws:execute-api:eu-central-1:123456789012:abcdef/$default/$connect"


@dataclass
class Gate:
    """The authorizer with the owners that it asks. enabled, generations: the customers and robots that there are."""

    pool: Pool = field(default_factory=Pool)
    enabled: dict[str, bool] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    published: str = token_keys.jwks([TOKEN_KEY])
    down: bool = False
    now: datetime = NOW
    authorizer: Authorizer = field(default_factory=Authorizer)

    def invoke(self, owner: str, asked: dict[str, Any]) -> dict[str, Any]:
        if self.down:
            raise UnavailableError(f"{owner} does not answer: table mall-customers, arn:aws:dynamodb:secret")
        said = asked["data"]
        if owner == "customers" and said["customer_id"] in self.enabled:
            return {"answer": {**said, "enabled": self.enabled[said["customer_id"]]}}
        if owner == "depot" and said["bot_id"] in self.generations:
            return {"answer": {**said, "generation": self.generations[said["bot_id"]]}}
        return {"not_found": "there is none"}

    def answers(self, authorization: str | None, **headers: str) -> dict[str, Any]:
        """What is answered for a request with this header, if any."""
        sent = headers if authorization is None else {"authorization": authorization, **headers}
        answer = self.authorizer.handle({"version": "2.0", "type": "REQUEST", "headers": sent})
        assert answer.pop("isAuthorized") is True
        context: dict[str, Any] = answer.pop("context")
        assert answer == {}
        return context

    def says(self, token: str) -> str:
        """Who has a token, as role:id, or why nobody has."""
        context = self.answers(f"Bearer {token}")
        return context["reason"] if "reason" in context else f"{context['role']}:{context['id']}"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    adapters = {"user_pool": gate.pool, "published_keys": SimpleNamespace(read=lambda: gate.published)}
    with (
        active(memory_runtime("gateway", adapters=adapters, invoke=lambda *asked: gate.invoke(*asked))),
        clock.fixed(lambda: gate.now),
    ):
        yield gate


@pytest.mark.parametrize(("group", "app"), [("staff", STAFF_APP), ("operator", STAFF_APP), ("kiosk", KIOSK_APP)])
def test_a_user_of_the_pool_has_the_role_of_the_group(gate: Gate, group: str, app: str) -> None:
    gate.pool.has("user-1", group)
    assert gate.says(pool_token("user-1", app)) == f"{group}:id-of-user-1"


@pytest.mark.parametrize(
    ("groups", "app"),
    [
        (["kiosk"], STAFF_APP),
        (["staff"], KIOSK_APP),
        (["operator"], KIOSK_APP),
        (["staff", "kiosk"], KIOSK_APP),
        (["guests"], STAFF_APP),
        ([], STAFF_APP),
    ],
)
def test_a_user_has_no_role_by_the_app_of_others_or_without_a_group(gate: Gate, groups: list[str], app: str) -> None:
    gate.pool.has("user-1", *groups)
    assert gate.says(pool_token("user-1", app)) == "this user has no role here"


def test_the_highest_of_several_groups_counts_and_what_the_token_says_of_groups_does_not(gate: Gate) -> None:
    gate.pool.has("user-1", "staff", "operator")
    assert gate.says(pool_token("user-1")) == "operator:id-of-user-1"
    gate.pool.has("user-1", "staff")
    assert gate.says(pool_token("user-1", **{"cognito:groups": ["operator"]})) == "staff:id-of-user-1"


def test_a_user_who_is_disabled_deleted_replaced_or_moved_counts_as_such_at_once(gate: Gate) -> None:
    gate.pool.has("user-1", "staff")
    token = pool_token("user-1")
    assert gate.says(token) == "staff:id-of-user-1"
    gate.pool.has("user-1", "kiosk")
    assert gate.says(token) == "this user has no role here"
    gate.pool.has("user-1", "staff", enabled=False)
    assert gate.says(token) == "this user may not sign in any more"
    gate.pool.users.clear()
    assert gate.says(token) == "this user may not sign in any more"
    gate.pool.has("user-2", "operator")
    gate.pool.users["user-1"] = gate.pool.users["user-2"]  # another person, under the name of the first
    assert gate.says(token) == "this user may not sign in any more"


FOREIGN = "the token is from or for somebody else"
SIGNATURE = "the token's signature does not fit"
FORGED: dict[str, tuple[Callable[[], str], str]] = {
    "an ID token": (lambda: pool_token("user-1", token_use="id"), "the token is not an access token"),
    "no use": (lambda: pool_token("user-1", token_use=None), "the token is not an access token"),
    "another app": (lambda: pool_token("user-1", "app-of-another"), "the token was issued to another app"),
    "an audience in place of the app": (
        lambda: pool_token("user-1", client_id=None, aud=STAFF_APP),
        "the token was issued to another app",
    ),
    "two apps": (lambda: pool_token("user-1", client_id=[STAFF_APP]), "the token was issued to another app"),
    "another pool": (lambda: pool_token("user-1", iss="https://cognito-idp.eu-central-1.amazonaws.com/x"), FOREIGN),
    "no issuer": (lambda: pool_token("user-1", iss=None), "the token has no iss"),
    "no expiry": (lambda: pool_token("user-1", exp=None), "the token has no exp"),
    "expired": (lambda: pool_token("user-1", exp=int(NOW.timestamp())), "the token has expired"),
    "valid for ever": (lambda: pool_token("user-1", exp=2**40), "the token is valid for too long"),
    "of the future": (lambda: pool_token("user-1", nbf=int(NOW.timestamp()) + 61), "the token is not valid yet"),
    "no name": (lambda: pool_token("user-1", username=None), "the token names nobody"),
    "a name that is no text": (lambda: pool_token("user-1", username=["user-1"]), "the token names nobody"),
    "another key": (
        lambda: jwt.encode(pool_claims("user-1"), rsa_key(2), algorithm="RS256", headers={"kid": POOL_KID}),
        SIGNATURE,
    ),
    "PS256 of the pool's key": (
        lambda: jwt.encode(pool_claims("user-1"), rsa_key(), algorithm="PS256", headers={"kid": POOL_KID}),
        "the token is not signed as the mall signs its own",
    ),
    "the mall's key under the pool's id": (
        lambda: signed({"alg": "RS256", "kid": POOL_KID}, pool_claims("user-1"), TOKEN_KEY.private),
        SIGNATURE,
    ),
    "the mall's key for a user of the pool": (
        lambda: signed({"alg": "EdDSA", "kid": "key-1", "typ": "at+jwt"}, pool_claims("user-1"), TOKEN_KEY.private),
        "the token has no aud",
    ),
    "the pool's key under the mall's id": (
        lambda: pool_token("user-1", kid="key-1"),
        "the token is signed with a key that the user pool does not have",
    ),
    "the mall's algorithm under the pool's id": (
        lambda: signed({"alg": "EdDSA", "kid": POOL_KID, "typ": "at+jwt"}, pool_claims("user-1"), TOKEN_KEY.private),
        "the token is signed with a key that the mall does not have",
    ),
}


@pytest.mark.parametrize("how", list(FORGED))
def test_a_forged_token_of_the_pool_is_refused_in_our_own_words(gate: Gate, how: str) -> None:
    gate.pool.has("user-1", "operator")
    forge, why = FORGED[how]
    assert gate.says(forge()) == why


@pytest.mark.parametrize(
    "kid", ["../../etc/passwd", "' OR 1=1 --", "https://evil.example/jwks.json", "", "key-1\0", "a" * 2_000]
)
@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_the_id_of_a_key_is_only_ever_looked_up(gate: Gate, kid: str, algorithm: str) -> None:
    token = f"{part({'alg': algorithm, 'kid': kid, 'typ': 'at+jwt'})}.{part(pool_claims('user-1'))}.{part(b'x')}"
    assert gate.says(token).startswith("the token is signed with a key that the ")


def test_a_customer_has_a_session_until_the_customer_is_disabled_or_erased(gate: Gate) -> None:
    token = tokens.issue("customer", "ada").token
    gate.enabled["ada"] = True
    assert gate.says(token) == "customer:ada"
    gate.enabled["ada"] = False
    assert gate.says(token) == "this customer's sessions have ended"
    del gate.enabled["ada"]
    assert gate.says(token) == "this customer's sessions have ended"


def test_a_robot_has_its_token_until_staff_replace_it_or_the_robot_is_retired(gate: Gate) -> None:
    token = tokens.issue("bot", "robot-1", generation=1).token
    gate.generations["robot-1"] = 1
    assert gate.says(token) == "bot:robot-1"
    gate.generations["robot-1"] = 2
    assert gate.says(token) == "this robot's token was replaced by staff"
    del gate.generations["robot-1"]
    assert gate.says(token) == "this robot is not registered any more"


@pytest.mark.parametrize("generation", [{}, {"generation": "1"}, {"generation": None}])
def test_a_robots_token_names_its_generation_exactly(gate: Gate, generation: dict[str, Any]) -> None:
    gate.generations["robot-1"] = 1
    now = int(NOW.timestamp())
    claims = {"iss": "mallbots-prod", "aud": "mallbots", "sub": "robot-1", "role": "bot", "iat": now, "exp": now + 60}
    token = signed({"alg": "EdDSA", "kid": "key-1", "typ": "at+jwt"}, {**claims, "more": generation}, TOKEN_KEY.private)
    assert gate.says(token) == "this robot's token was replaced by staff"


def test_a_robot_is_no_customer_of_the_same_id(gate: Gate) -> None:
    gate.enabled["one"], gate.generations["two"] = True, 1
    assert gate.says(tokens.issue("bot", "one", generation=1).token) == "this robot is not registered any more"
    assert gate.says(tokens.issue("customer", "two").token) == "this customer's sessions have ended"


NO_JWT = "the token is not a JSON Web Token"


@pytest.mark.parametrize(
    ("authorization", "why"),
    [
        (None, NO_TOKEN),
        ("", NO_TOKEN),
        ("Bearer", NO_TOKEN),
        ("Bearer  ", NO_TOKEN),
        ("{token}", NO_TOKEN),
        ("Basic {token}", NO_TOKEN),
        ("Bearer{token}", NO_TOKEN),
        ("Token {token}", NO_TOKEN),
        ("BEARER {token}", NO_TOKEN),
        ("bEaReR {token}", NO_TOKEN),
        ("Bearer  {token}", NO_TOKEN),
        ("Bearer {token} ", NO_TOKEN),
        (" Bearer {token}", NO_TOKEN),
        ("Bearer\t{token}", NO_TOKEN),
        ("Bearer {token},Bearer {token}", NO_JWT),
        ("Bearer {token}, Basic YTpi", NO_JWT),
        ("Bearer {token} {token}", NO_JWT),
        ('Bearer "{token}"', NO_JWT),
        ("Bearer " + "a" * 10_000_000, "the token is too long"),
    ],
)
def test_a_header_that_is_not_one_bearer_token_lets_nobody_in(gate: Gate, authorization: str | None, why: str) -> None:
    gate.pool.has("user-1", "staff")
    sent = authorization if authorization is None else authorization.replace("{token}", pool_token("user-1"))
    assert gate.answers(sent) == {"reason": why}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_scheme_is_known_in_two_spellings(gate: Gate, scheme: str) -> None:
    gate.pool.has("user-1", "staff")
    assert gate.answers(f"{scheme} {pool_token('user-1')}") == {"role": "staff", "id": "id-of-user-1"}


def test_a_token_anywhere_but_in_its_header_is_not_looked_at(gate: Gate) -> None:
    gate.pool.has("user-1", "staff")
    token = pool_token("user-1")
    event = {
        "rawQueryString": f"access_token={token}&authorization=Bearer%20{token}",
        "queryStringParameters": {"access_token": token, "Authorization": f"Bearer {token}"},
        "cookies": [f"authorization=Bearer {token}"],
        "headers": {"x-authorization": f"Bearer {token}", "cookie": f"token={token}"},
        "body": f"access_token={token}",
    }
    assert gate.authorizer.handle(event) == {"isAuthorized": True, "context": {"reason": NO_TOKEN}}


@pytest.mark.parametrize("headers", [{}, {"headers": None}, {"headers": {}}])
def test_a_request_without_headers_lets_nobody_in(gate: Gate, headers: dict[str, Any]) -> None:
    assert gate.authorizer.handle(headers) == {"isAuthorized": True, "context": {"reason": NO_TOKEN}}


@pytest.mark.parametrize("what", ["owner", "pool", "keys of the pool", "published keys"])
def test_what_cannot_be_checked_is_unchecked_and_says_nothing_more(gate: Gate, what: str) -> None:
    gate.pool.has("user-1", "staff")
    gate.enabled["ada"] = True
    gate.down, gate.pool.down, gate.pool.keys_down = what == "owner", what == "pool", what == "keys of the pool"
    if what == "published keys":
        gate.published = "a placeholder"
    token = pool_token("user-1") if "pool" in what else tokens.issue("customer", "ada").token
    assert gate.says(token) == UNCHECKED


def test_an_unknown_key_makes_no_more_fetches_than_one_in_ten_seconds(gate: Gate) -> None:
    gate.pool.has("user-1", "staff")
    for attempt in range(300):  # as many made-up ids in 30 seconds
        gate.now = NOW + timedelta(seconds=attempt / 10)
        assert gate.says(pool_token("user-1", kid=f"made-up-{attempt}")).endswith("does not have")
        assert gate.says(pool_token("user-1")) == "staff:id-of-user-1"
    assert gate.pool.fetches == 3


def test_a_new_key_is_known_as_soon_as_a_token_names_it_and_one_that_is_gone_after_ten_minutes(gate: Gate) -> None:
    gate.pool.has("user-1", "staff")
    assert gate.says(pool_token("user-1")) == "staff:id-of-user-1"
    gate.pool.jwks = {"pool-key-2": jwk(rsa_key(2), "pool-key-2")}
    gate.now += timedelta(seconds=599)
    assert gate.says(pool_token("user-1")) == "staff:id-of-user-1"
    new = jwt.encode(pool_claims("user-1"), rsa_key(2), algorithm="RS256", headers={"kid": "pool-key-2"})
    assert gate.says(new) == "staff:id-of-user-1"
    assert gate.says(pool_token("user-1")).endswith("does not have")


def test_keys_that_were_known_go_on_while_no_newer_ones_can_be_fetched(gate: Gate) -> None:
    gate.pool.has("user-1", "staff")
    gate.enabled["ada"] = True
    assert gate.says(pool_token("user-1")) == "staff:id-of-user-1"
    assert gate.says(tokens.issue("customer", "ada").token) == "customer:ada"
    gate.pool.keys_down, gate.published = True, "garbled"
    gate.now += timedelta(hours=5)
    assert gate.says(pool_token("user-1")) == "staff:id-of-user-1"
    assert gate.says(tokens.issue("customer", "ada").token) == "customer:ada"
    assert gate.says(pool_token("user-1", kid="new")) == UNCHECKED


def connected(gate: Gate, protocols: str) -> dict[str, Any]:
    headers = {"Sec-WebSocket-Protocol": protocols, "Host": "mall.example"}
    return gate.authorizer.handle({"type": "REQUEST", "methodArn": METHOD, "headers": headers})


@pytest.mark.parametrize("group", ["staff", "operator"])
def test_a_websocket_connects_by_a_policy_for_this_one_request(gate: Gate, group: str) -> None:
    gate.pool.has("user-1", group)
    answer = connected(gate, f"mallbots.v1, {pool_token('user-1')}")
    assert answer["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": METHOD}
    ]
    assert answer["principalId"] == f"{group}:id-of-user-1"
    assert answer["context"] == {"role": group, "id": "id-of-user-1"}


@pytest.mark.parametrize(
    "protocols",
    ["", "mallbots.v1", "{token}", "mallbots.v2, {token}", "{token}, mallbots.v1", "mallbots.v1, {token}, x"],
)
def test_a_websocket_without_its_protocol_and_one_token_does_not_connect(gate: Gate, protocols: str) -> None:
    gate.pool.has("user-1", "staff")
    answer = connected(gate, protocols.replace("{token}", pool_token("user-1")))
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert answer["principalId"] == "anonymous"


@pytest.mark.parametrize("role", ["kiosk", "customer", "bot"])
def test_who_can_never_connect_is_refused_without_a_question_to_the_pool_or_an_owner(gate: Gate, role: str) -> None:
    """What WebSocket asks is not cached: each attempt would count for the account's limits of Cognito."""
    gate.pool.down = gate.down = True
    token = pool_token("user-1", KIOSK_APP) if role == "kiosk" else tokens.issue(role, "one", generation=1).token
    answer = connected(gate, f"mallbots.v1, {token}")
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert answer["context"] == {"reason": "only staff and operators may connect"}


@pytest.mark.parametrize("down", [False, True])
def test_a_customers_session_opens_no_websocket_whether_it_can_be_checked_or_not(gate: Gate, down: bool) -> None:
    gate.enabled["ada"], gate.down = True, down
    answer = connected(gate, f"mallbots.v1, {tokens.issue('customer', 'ada').token}")
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
