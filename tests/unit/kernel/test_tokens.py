"""The mall's own tokens: what is issued is read, and what anybody else makes is not."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock, tokens
from functions.kernel.runtime.context import BOT, CUSTOMER, STAFF
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.tokens import InvalidTokenError
from tests.support.pool import ed25519, part, parts, rsa_key, signed
from tests.support.runtime import TOKEN_KEY, memory_runtime

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
PUBLIC = TOKEN_KEY.public


class Time:
    now = NOW


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(autouse=True)
def running(time: Time) -> Iterator[None]:
    with active(memory_runtime("customers")), clock.fixed(lambda: time.now):
        yield


def header(**more: Any) -> dict[str, Any]:
    return {"alg": "EdDSA", "kid": "key-1", "typ": "at+jwt", **more}


def claims(**more: Any) -> dict[str, Any]:
    """What a customer's token says; None takes a claim away."""
    said = {
        "iss": "mallbots-prod",
        "aud": "mallbots",
        "sub": "ada",
        "role": "customer",
        "iat": SECONDS,
        "exp": SECONDS + 900,
        "more": {},
        **more,
    }
    return {claim: value for claim, value in said.items() if value is not None}


def made(head: object = None, said: object = None) -> str:
    """A token that our own key signed."""
    return signed(header() if head is None else head, claims() if said is None else said, TOKEN_KEY.private)


def refused(token: str, *, public: dict[str, str] = PUBLIC) -> str:
    """Why a token is not read; nothing but InvalidTokenError may come of any token."""
    with pytest.raises(InvalidTokenError) as caught:
        judged(token, public)
    return str(caught.value)


def judged(token: str, public: dict[str, str]) -> tokens.Claims:
    """What the authorizer does with a token: look the key up, and read."""
    tokens.kid_of(token)
    return tokens.read(token, public)


def test_what_a_token_was_issued_for_is_what_is_read_of_it() -> None:
    issued = tokens.issue(CUSTOMER, "ada", began=SECONDS)
    read = tokens.read(issued.token, PUBLIC)
    assert (read.role, read.id, read.issued, read.more) == ("customer", "ada", SECONDS, {"began": SECONDS})
    assert tokens.kid_of(issued.token) == "key-1"


@pytest.mark.parametrize(("role", "seconds"), [(CUSTOMER, 900), (BOT, 86_400)])
def test_a_token_is_valid_until_the_moment_at_which_it_expires(role: str, seconds: int, time: Time) -> None:
    issued = tokens.issue(role, "one")
    expires = NOW + timedelta(seconds=seconds)
    assert issued.expires_at == clock.stamp(expires)
    time.now = expires - timedelta(microseconds=1)
    assert tokens.read(issued.token, PUBLIC).id == "one"
    time.now = expires
    assert refused(issued.token) == "the token has expired"


def test_a_token_says_nothing_personal_and_no_more_than_it_must() -> None:
    said = parts(tokens.issue(BOT, "robot-1", generation=3).token)
    assert said[0] == {"alg": "EdDSA", "kid": "key-1", "typ": "at+jwt"}
    assert said[1] == claims(sub="robot-1", role="bot", exp=SECONDS + 86_400, more={"generation": 3})
    assert len(tokens.issue(BOT, "i" * 200, generation=2**53).token) < 700


def test_nobody_is_issued_a_token_of_the_user_pools_roles() -> None:
    with pytest.raises(KeyError):
        tokens.issue(STAFF, "clerk-1")
    assert refused(made(said=claims(role="staff"))) == "the token names nobody"


def test_without_a_key_that_signs_no_token_is_issued_and_the_answer_says_when_to_ask_again() -> None:
    with active(memory_runtime("customers", token_keys=lambda: "a placeholder")), pytest.raises(UnavailableError) as no:
        tokens.issue(CUSTOMER, "ada")
    assert no.value.retry_after == 60


# How a token may be forged: each is refused with these words, which name nothing of the library's.
NO_JWT = "the token is not a JSON Web Token"
NOT_OURS = "the token is not signed as the mall signs its own"
SIGNATURE = "the token's signature does not fit"
FOREIGN = "the token is from or for somebody else"
NOBODY = "the token names nobody"
TIMES = "the token's times are not whole seconds"
TOO_LONG = "the token is valid for too long"
CRITICAL = "the token calls something critical that is not understood here"


def hs256(secret: bytes) -> str:
    told = f"{part(header(alg='HS256'))}.{part(claims())}"
    return f"{told}.{part(hmac.digest(secret, told.encode(), hashlib.sha256))}"


def renamed() -> str:
    """Another's id in a token that was issued."""
    head, said, signature = parts(tokens.issue(CUSTOMER, "ada").token)
    return f"{part(head)}.{part({**said, 'sub': 'grace'})}.{signature}"


FORGED = {
    "alg none without a signature": (lambda: f"{part(header(alg='none'))}.{part(claims())}.", NOT_OURS),
    "alg none in capitals": (lambda: f"{part(header(alg='NONE'))}.{part(claims())}.", NOT_OURS),
    "no alg": (lambda: made({"kid": "key-1", "typ": "at+jwt"}), NOT_OURS),
    "alg a list": (lambda: made(header(alg=["EdDSA"])), NOT_OURS),
    "EdDSA without a signature": (lambda: made().rpartition(".")[0] + ".", SIGNATURE),
    "HS256 with the public key as secret": (lambda: hs256(json.dumps(PUBLIC).encode()), NOT_OURS),
    "HS256 with the public key's bytes": (
        lambda: hs256(ed25519(TOKEN_KEY.private).public_key().public_bytes_raw()),
        NOT_OURS,
    ),
    "RS256": (
        lambda: jwt.encode(claims(), rsa_key(), algorithm="RS256", headers={"kid": "key-1", "typ": "at+jwt"}),
        NOT_OURS,
    ),
    "another key": (lambda: signed(header(), claims(), {"d": part(b"1" * 32)}), SIGNATURE),
    "a key in the header": (
        lambda: signed(
            header(jwk={**PUBLIC, "x": part(ed25519({"d": part(b"1" * 32)}).public_key().public_bytes_raw())}),
            claims(),
            {"d": part(b"1" * 32)},
        ),
        SIGNATURE,
    ),
    "an address of keys in the header": (
        lambda: signed(header(jku="https://evil.example/jwks"), claims(), {"d": part(b"1" * 32)}),
        SIGNATURE,
    ),
    "an address of a certificate": (
        lambda: signed(header(x5u="https://evil.example/x"), claims(), {"d": part(b"1" * 32)}),
        SIGNATURE,
    ),
    "something critical": (lambda: made(header(crit=["exp"])), NO_JWT),
    "something critical that the library knows": (lambda: made(header(crit=["b64"], b64=True)), CRITICAL),
    "a payload apart": (lambda: made(header(b64=False, crit=["b64"])), NO_JWT),
    "a kid that is no text": (lambda: made(header(kid=1)), NO_JWT),
    "no kid": (lambda: made({"alg": "EdDSA", "typ": "at+jwt"}), NOT_OURS),
    "another type of token": (lambda: made(header(typ="JWT")), "the token is not one that the mall issues"),
    "no type": (lambda: made({"alg": "EdDSA", "kid": "key-1"}), "the token is not one that the mall issues"),
    "another's id": (renamed, SIGNATURE),
    "another stage": (lambda: made(said=claims(iss="mallbots-dev")), FOREIGN),
    "two issuers": (lambda: made(said=claims(iss=["mallbots-prod", "mallbots-dev"])), FOREIGN),
    "a part of the issuer": (lambda: made(said=claims(iss="mallbots")), FOREIGN),
    "another audience": (lambda: made(said=claims(aud="elsewhere")), FOREIGN),
    "several audiences": (lambda: made(said=claims(aud=["mallbots", "elsewhere"])), FOREIGN),
    "no issuer": (lambda: made(said=claims(iss=None)), "the token has no iss"),
    "no audience": (lambda: made(said=claims(aud=None)), "the token has no aud"),
    "no subject": (lambda: made(said=claims(sub=None)), "the token has no sub"),
    "no time of issue": (lambda: made(said=claims(iat=None)), "the token has no iat"),
    "no expiry": (lambda: made(said=claims(exp=None)), "the token has no exp"),
    "expired a second ago": (lambda: made(said=claims(exp=SECONDS - 1)), "the token has expired"),
    "not valid yet": (lambda: made(said=claims(nbf=SECONDS + 61)), "the token is not valid yet"),
    "issued in the future": (lambda: made(said=claims(iat=SECONDS + 61)), "the token is not valid yet"),
    "valid for longer than a session": (
        lambda: made(said=claims(exp=SECONDS + 901)),
        "the token is valid for longer than any that the mall issues",
    ),
    "valid for ever": (lambda: made(said=claims(exp=2**63)), TOO_LONG),
    "issued long ago, so that it looks short": (lambda: made(said=claims(iat=-(2**63))), TOO_LONG),
    "expiry as a text": (lambda: made(said=claims(exp=str(SECONDS + 900))), TIMES),
    "expiry with a fraction": (lambda: made(said=claims(exp=SECONDS + 900.5)), TIMES),
    "expiry true": (lambda: made(said=claims(exp=True)), TIMES),
    "expiry without end": (lambda: made(said=claims(exp=float("inf"))), TIMES),
    "expiry no number": (lambda: made(said=claims(exp=float("nan"))), TIMES),
    "nbf a text": (lambda: made(said=claims(nbf="0")), TIMES),
    "no role": (lambda: made(said=claims(role=None)), NOBODY),
    "two roles": (lambda: made(said=claims(role=["customer", "bot"])), NOBODY),
    "operator": (lambda: made(said=claims(role="operator")), NOBODY),
    "a subject that is no text": (lambda: made(said=claims(sub=["ada"])), NO_JWT),
    "an empty subject": (lambda: made(said=claims(sub="")), NOBODY),
    "more that is no object": (lambda: made(said=claims(more=[])), NOBODY),
    "claims that are a list": (lambda: made(said=["ada"]), NO_JWT),
    "claims that are no JSON": (lambda: made(said=b"ada"), NO_JWT),
    "claims nested too deeply": (lambda: made(said=b"[" * 2_500), NO_JWT),
    "a header that is a list": (lambda: made(["EdDSA"]), NO_JWT),
    "a header nested too deeply": (lambda: made(b"[" * 2_500), NO_JWT),
    "a header that is no UTF-8": (lambda: made(b"\xff\xfe"), NO_JWT),
    "a number of 3,000 digits": (lambda: made(said=b'{"exp":' + b"9" * 2_900 + b"}"), "the token has no iss"),
    "four parts": (lambda: made() + ".", NO_JWT),
    "two parts": (lambda: made().rpartition(".")[0], NO_JWT),
    "two tokens": (lambda: f"{made()},{made()}", NO_JWT),
    "padding": (lambda: made() + "==", NO_JWT),
    "a space": (lambda: made() + " ", NO_JWT),
    "a line": (lambda: made() + "\n", NO_JWT),
    "ten million characters": (lambda: "a." * 5_000_000, "the token is too long"),
}


@pytest.mark.parametrize("how", list(FORGED))
def test_a_forged_token_is_refused_in_our_own_words(how: str) -> None:
    forge, why = FORGED[how]
    assert refused(forge()) == why


def test_a_token_of_a_minute_ahead_is_read_since_clocks_differ() -> None:
    assert tokens.read(made(said=claims(iat=SECONDS + 60, nbf=SECONDS + 60, exp=SECONDS + 900)), PUBLIC).id == "ada"


@pytest.mark.parametrize(
    "public",
    [
        {"kty": "oct", "k": part(b"secret" * 8), "kid": "key-1"},
        {"kid": "key-1"},
        {"kty": "OKP", "crv": "Ed25519", "x": "!", "kid": "key-1"},
        {"kty": "OKP", "crv": "X25519", "x": PUBLIC["x"], "kid": "key-1"},
    ],
)
def test_a_published_key_of_another_kind_reads_no_token(public: dict[str, str]) -> None:
    assert refused(made(), public=public) in (NO_JWT, SIGNATURE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk"]), JSON),
    st.one_of(JSON, st.binary(max_size=60)),
)
def test_whatever_is_signed_by_somebody_else_is_refused_and_raises_nothing_else(head: Any, said: Any) -> None:
    with active(memory_runtime("customers")), clock.fixed(lambda: NOW):
        assert refused(signed({**header(), **head}, said, {"d": part(b"1" * 32)}))


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    with active(memory_runtime("customers")), clock.fixed(lambda: NOW):
        assert refused(text) in (NO_JWT, NOT_OURS)


@pytest.mark.parametrize(
    "text", ["", "placeholder", "{}", "[]", '{"keys": 1}', '{"keys": [{"x": 1}]}', '{"keys": [null]}']
)
def test_what_is_no_set_of_keys_has_none(text: str) -> None:
    assert tokens.public_keys(text) == {}
