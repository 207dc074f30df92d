"""The random bytes of customers' keys: drawn from the schedule's seed, so that a schedule is repeated bit by bit."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from functions.customers import sealing

_source: ContextVar[Callable[[int], bytes] | None] = ContextVar("random_bytes", default=None)


class _Secrets:
    """What sealing.py uses of the module `secrets`."""

    @staticmethod
    def token_bytes(number: int) -> bytes:
        """So many bytes, of the source of the block at work."""
        source = _source.get()
        return source(number) if source else secrets.token_bytes(number)


vars(sealing)["secrets"] = _Secrets  # a part of the module


@contextmanager
def drawn(source: Callable[[int], bytes]) -> Iterator[None]:
    """Within the block, random bytes come from `source`."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
