"""The keys change: no valid token is ever refused, and no key signs before everybody could know it."""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from functions.gateway.keys import Keys, SecretOfKeys, Version, make_key
from functions.gateway.published_keys import PublishedKeys
from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.runtime import clock, token_keys, tokens
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.token_keys import (
    LEEWAY,
    LONGEST_LIFE,
    PUBLISHED_BEFORE,
    READER_CACHE,
    SIGNER_CACHE,
    SIGNS_FOR,
    TokenKey,
)
from tests.support import aws
from tests.support.runtime import memory_runtime

STEP, DAY = 300, 86_400
BEGIN = 1_900_000_000
CLOCKS = (-LEEWAY // 2, 0, LEEWAY // 2)  # by which a signer's clock may differ from that of the keys


class CrashError(Exception):
    """The function ends at once."""


@dataclass
class Kept:
    """A text with its history: what it was at any time."""

    text: str
    place: "Place"
    times: list[int] = field(default_factory=lambda: [0])
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.texts.append(self.text)

    def read(self) -> str:
        self.place.call()
        return self.text

    def write(self, text: str) -> None:
        self.place.call()
        self.put(text)

    def put(self, text: str) -> None:
        self.text = text
        self.times.append(self.place.now)
        self.texts.append(text)
        self.place.writes += 1
        if self.place.writes == self.place.crash_after:
            raise CrashError

    def at(self, time: int) -> str:
        return self.texts[bisect_right(self.times, time) - 1]


@dataclass
class KeptVersions:
    """The secret: a text whose versions replace the one that they are made of, or none."""

    kept: Kept

    def read(self) -> Version:
        text = self.kept.read()
        return Version(str(len(self.kept.texts)), text)

    def replace(self, before: Version, text: str) -> Version:
        self.kept.place.call()
        if before.id != str(len(self.kept.texts)):
            raise ConcurrencyError("another run was first")
        self.kept.put(text)
        return Version(str(len(self.kept.texts)), text)


class Place:
    """The secret and the parameter, and the function that keeps them."""

    def __init__(self, secret: str = "a placeholder", published: str = "a placeholder") -> None:
        self.now = BEGIN
        self.writes = self.crash_after = 0
        self.call: Callable[[], object] = lambda: None  # before each call of a run
        self.secret = Kept(secret, self)
        self.published = Kept(published, self)

    def run(self, event: dict[str, Any] | None = None, *, crash_after: int = 0) -> dict[str, Any]:
        """One run; it crashes right after a write of this number."""
        self.writes, self.crash_after = 0, crash_after
        adapters = {"key_secret": KeptVersions(self.secret), "published_keys": self.published}
        with active(memory_runtime("gateway", adapters=adapters)), at(self.now):
            return Keys().handle(event or {})

    def run_or_crash(self, crash_after: int) -> None:
        with suppress(CrashError):
            self.run(crash_after=crash_after)

    def signers(self) -> set[str]:
        """The keys that sign now: by any text of the secret that a signer may have, and by any clock."""
        texts = {self.secret.at(self.now - age) for age in (0, SIGNER_CACHE - 1)}
        found = {signer_of(text, self.now + off) for text in texts for off in CLOCKS}
        return {kid for kid in found if kid is not None}

    def known(self, age: int) -> frozenset[str]:
        """The keys that a reader knows whose set is of this age, and who does not fetch it again."""
        return kids_of(self.published.at(self.now - age))


def signer_of(text: str, now: int) -> str | None:
    key = token_keys.signer(keys_of(text), now)
    return key.kid if key else None


@lru_cache(maxsize=64)
def keys_of(text: str) -> tuple[TokenKey, ...]:
    return token_keys.read(text)


@lru_cache(maxsize=64)
def kids_of(text: str) -> frozenset[str]:
    return frozenset(tokens.public_keys(text))


@contextmanager
def at(time: int) -> Iterator[None]:
    with clock.fixed(lambda: datetime.fromtimestamp(time, UTC)):
        yield


class Watch:
    """What must hold at every moment. last: when each key signed last."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.last: dict[str, int] = {}

    def look(self) -> None:
        place = self.place
        for kid in place.signers():
            self.last[kid] = place.now
            first = kid == next(iter(self.last))
            ages = (0,) if first else (0, READER_CACHE - 1)  # of the first key, no older set is known: it is fetched
            assert all(kid in place.known(age) for age in ages), f"{kid} signs, and not everybody can know it"
        for kid, signed in self.last.items():
            if place.now < signed + LONGEST_LIFE:
                assert kid in place.known(0), f"{kid} is gone, and its tokens are valid"


def days_pass(days: int, random: Random, crashes: Callable[[], int]) -> tuple[Place, Watch]:
    """Runs in steps of five minutes, more or less, each looked at before and after."""
    place = Place()
    watch = Watch(place)
    while place.now < BEGIN + days * DAY:
        place.run_or_crash(crashes())
        watch.look()
        place.now += STEP + random.randint(-5, 5)
        watch.look()
    return place, watch


def test_in_a_hundred_days_no_valid_token_is_refused_and_no_key_signs_before_it_is_known() -> None:
    place, watch = days_pass(100, Random(1), lambda: 0)
    assert len(watch.last) == 4  # of 30 days each
    assert len(place.known(0)) == 1
    assert len(place.secret.texts) + len(place.published.texts) <= 20  # each write of a secret is a version of it


@pytest.mark.parametrize("seed", range(3))
def test_it_is_so_when_runs_end_after_any_of_their_writes(seed: int) -> None:
    random = Random(seed)
    _, watch = days_pass(35, random, lambda: random.choice((0, 1, 2, 3)))
    assert len(watch.last) == 2


@pytest.mark.parametrize("stops", [1, 2, 3])
def test_a_run_that_always_ends_after_one_of_its_writes_gets_a_key_to_sign(stops: int) -> None:
    _, watch = days_pass(2, Random(stops), lambda: stops)
    assert len(watch.last) == 1


def test_no_run_for_a_week_leaves_the_key_that_signs() -> None:
    place = Place()
    place.run()
    [kid] = place.signers()
    place.now += SIGNS_FOR + 7 * DAY
    assert place.signers() == {kid}
    answer = place.run()
    assert answer["signer"] == kid
    assert len(answer["keys"]) == 2


def test_the_first_key_signs_as_soon_as_it_is_published_and_later_ones_after_the_longest_cache() -> None:
    place = Place()
    assert place.run()["signer"] is not None
    place.now += SIGNS_FOR
    first, second = place.run()["keys"]
    for seconds, kid in ((0, first), (PUBLISHED_BEFORE - 1, first), (PUBLISHED_BEFORE, second)):
        assert signer_of(place.secret.text, place.now + seconds) == kid


def test_a_key_that_leaked_is_refused_and_replaced_at_once() -> None:
    place = Place()
    [leaked] = place.run()["keys"]
    place.now += 3 * DAY
    answer = place.run({"distrust": leaked})
    assert answer["signer"] not in (None, leaked)
    assert place.known(0) == {answer["signer"]}
    assert leaked not in place.secret.text
    place.now += READER_CACHE
    assert leaked not in place.known(READER_CACHE - 1)
    assert place.run({"distrust": leaked}) == answer


def test_of_two_keys_the_one_that_leaked_goes_and_the_other_stays() -> None:
    place = Place()
    place.run()
    place.now += SIGNS_FOR
    old, new = place.run()["keys"]
    assert place.run({"distrust": new}) | {"signer": old} == place.run()
    assert place.known(0) >= {old}
    assert new not in place.known(0)


@pytest.mark.parametrize("crash_after", [1, 2, 3])
def test_a_distrust_that_ends_halfway_is_finished_by_the_next_run(crash_after: int) -> None:
    place = Place()
    [leaked] = place.run()["keys"]
    place.now += DAY
    with pytest.raises(CrashError):
        place.run({"distrust": leaked}, crash_after=crash_after)
    place.now += STEP
    answer = place.run()
    assert leaked not in place.known(0)
    assert place.known(0) == {answer["signer"]}


def test_what_newer_code_wrote_beside_a_key_is_ignored_and_damage_is_not_taken_for_no_keys() -> None:
    place = Place()
    [kid] = place.run()["keys"]
    stored = json.loads(place.secret.text)
    stored["keys"][0]["madeBy"], stored["version"] = "newer code", 2
    place.secret.text = json.dumps(stored)
    assert place.run()["keys"] == [kid]
    place.secret.text = json.dumps({"keys": [{"kid": kid}]})
    with pytest.raises(RuntimeError, match="damaged"):
        place.run()
    assert place.known(0) == {kid}


def test_the_parameter_holds_what_is_public_alone_and_has_room_for_more_keys() -> None:
    keys = [make_key() for _ in range(10)]
    published = token_keys.jwks(keys)
    for key, shown in zip(keys, json.loads(published)["keys"], strict=True):
        assert shown == {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": key.private["x"],
            "kid": key.kid,
            "alg": "EdDSA",
            "use": "sig",
        }
        assert key.private["d"] not in published
    assert (
        len(published) < 4_096
    )  # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html


def test_what_a_made_key_signs_its_public_half_reads() -> None:
    key = make_key()
    stored = token_keys.write([TokenKey(key.kid, key.private, 0)])
    with active(memory_runtime("customers", token_keys=lambda: stored)):
        token = tokens.issue("customer", "ada").token
        assert tokens.read(token, tokens.public_keys(token_keys.jwks([key]))[key.kid]).id == "ada"
        with pytest.raises(tokens.InvalidTokenError):
            tokens.read(token, make_key().public)
    assert jwt.get_unverified_header(token)["kid"] == key.kid


def test_the_secret_and_the_parameter_are_those_of_aws() -> None:
    with aws.local_aws():
        secrets, ssm = aws.client("secretsmanager"), aws.client("ssm")
        secrets.create_secret(Name="keys", SecretString="a placeholder")
        ssm.put_parameter(Name="/mallbots/keys", Value="a placeholder", Type="String")
        secret, published = SecretOfKeys(secrets, "keys"), PublishedKeys(ssm, "/mallbots/keys")
        with active(memory_runtime("gateway", adapters={"key_secret": secret, "published_keys": published})):
            answer = Keys().handle({})
        assert list(tokens.public_keys(published.read())) == answer["keys"] == [answer["signer"]]
        assert [key.kid for key in token_keys.read(secret.read().text)] == answer["keys"]


def test_a_version_of_the_secret_replaces_the_one_that_it_is_made_of_or_none() -> None:
    with aws.local_aws():
        client = aws.client("secretsmanager")
        client.create_secret(Name="keys", SecretString="a placeholder")
        secret = SecretOfKeys(client, "keys")
        before = secret.read()
        assert secret.replace(before, "first") == secret.read()
        with pytest.raises(ConcurrencyError):
            secret.replace(before, "second")
        assert secret.read().text == "first"
        third = secret.replace(secret.read(), "third")
        assert secret.read() == third


def test_a_replacement_that_is_refused_for_another_reason_says_which() -> None:
    with aws.local_aws():
        client = aws.client("secretsmanager")
        client.create_secret(Name="keys", SecretString="a placeholder")
        secret = SecretOfKeys(client, "keys")
        before = secret.read()
        with Stubber(client) as refusing:
            refusing.add_response("put_secret_value", {"VersionId": "1" * 32})
            refusing.add_client_error("update_secret_version_stage", "AccessDenied")
            refusing.add_response("get_secret_value", {"VersionId": before.id, "SecretString": before.text})
            with pytest.raises(ClientError, match="AccessDenied"):
                secret.replace(before, "first")


def test_an_alarm_rings_while_no_key_signs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "gateway")
    place = Place()
    [kid] = place.run()["keys"]
    assert (place.run()["signer"], capsys.readouterr().out) == (kid, "")
    place.secret.text = token_keys.write([replace(keys_of(place.secret.text)[0], published=BEGIN + DAY)])
    assert place.run()["signer"] is None
    assert '"NoKeySigns":[1.0]' in capsys.readouterr().out
