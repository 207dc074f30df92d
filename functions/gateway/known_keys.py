"""Public keys that tokens are checked with, kept for a while and fetched again at an unknown id."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock, observe
from functions.kernel.runtime.token_keys import READER_CACHE

Keys = Mapping[str, Mapping[str, Any]]  # JWKs by their ids

BETWEEN = timedelta(seconds=10)  # made-up ids make no more fetches than this


class KnownKeys:
    """The keys of one issuer. fetch: gives them all, or raises.

    While they cannot be fetched, those of before go on. One lock: threads that ask at once make one fetch.
    """

    def __init__(self, fetch: Callable[[], Keys]) -> None:
        self._fetch = fetch
        self._keys: Keys = {}
        self._fetched: datetime | None = None
        self._tried: datetime | None = None
        self._fetching = Lock()

    def find(self, kid: str) -> Mapping[str, Any] | None:
        """The key of an id; None for one that the issuer does not have.

        Raises UnavailableError where that cannot be told: the keys are not known well enough, and cannot be fetched.
        """
        with self._fetching:
            if not self._are_fresh() or kid not in self._keys:
                self._fetch_again()
            if kid in self._keys:
                return self._keys[kid]
            if self._fetched is None or self._fetched != self._tried:
                raise UnavailableError("the keys that tokens are signed with cannot be read now")
            return None

    def _are_fresh(self) -> bool:
        return self._fetched is not None and clock.now() < self._fetched + timedelta(seconds=READER_CACHE)

    def _fetch_again(self) -> None:
        now = clock.now()
        if self._tried and now < self._tried + BETWEEN:
            return
        self._tried = now
        try:
            fetched = self._fetch()
            if not fetched:
                raise UnavailableError("the issuer shows no keys")
        except Exception as error:  # whatever it was, the keys of before are still good for what they signed
            observe.log_error("the keys that tokens are signed with cannot be fetched", error)
        else:
            self._keys, self._fetched = fetched, now
