"""Public keys that are kept for a while: never more fetches than one in ten seconds, however many ask."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from typing import Any

import pytest

from functions.gateway.known_keys import KnownKeys
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
KEYS = {"one": {"kid": "one"}}


class Issuer:
    """keys: what it shows. down: it raises. fetches: how often it was asked."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Any]] = dict(KEYS)
        self.down = False
        self.fetches = 0

    def fetch(self) -> dict[str, dict[str, Any]]:
        self.fetches += 1
        if self.down:
            raise ConnectionError("no keys")
        return dict(self.keys)


@pytest.mark.parametrize("kid", ["one", "made up"])
def test_threads_that_ask_at_once_make_one_fetch(kid: str) -> None:
    issuer, asking, slow = Issuer(), Barrier(16, timeout=10), Event()

    def fetch() -> dict[str, dict[str, Any]]:
        slow.wait(timeout=10)  # until all of them are there, and wait for the keys
        return issuer.fetch()

    known = KnownKeys(fetch)

    def ask() -> object:
        if asking.wait() == 0:
            slow.set()
        with clock.fixed(lambda: NOW):
            return known.find(kid)

    with ThreadPoolExecutor(16) as threads:
        found = [asked.result() for asked in [threads.submit(ask) for _ in range(16)]]
    assert found == [KEYS.get(kid)] * 16
    assert issuer.fetches == 1


def test_an_issuer_that_cannot_be_reached_is_tried_again_after_ten_seconds() -> None:
    issuer, now = Issuer(), NOW
    known = KnownKeys(issuer.fetch)
    issuer.down = True
    with clock.fixed(lambda: now):
        for seconds in (0, 1, 9):
            now = NOW + timedelta(seconds=seconds)
            with pytest.raises(UnavailableError):
                known.find("one")
        assert issuer.fetches == 1
        issuer.down, now = False, NOW + timedelta(seconds=10)
        assert known.find("one") == KEYS["one"]


def test_an_empty_set_takes_no_key_away_and_is_not_taken_for_an_answer() -> None:
    issuer, now = Issuer(), NOW
    known = KnownKeys(issuer.fetch)
    with clock.fixed(lambda: now):
        assert known.find("one") == KEYS["one"]
        issuer.keys = {}
        now += timedelta(hours=1)
        assert known.find("one") == KEYS["one"]
        with pytest.raises(UnavailableError):
            known.find("made up")


def test_a_key_that_was_taken_away_is_unknown_once_the_keys_are_old() -> None:
    issuer, now = Issuer(), NOW
    known = KnownKeys(issuer.fetch)
    with clock.fixed(lambda: now):
        assert known.find("one") == KEYS["one"]
        issuer.keys = {"two": {"kid": "two"}}
        now += timedelta(seconds=600)
        assert known.find("one") is None
