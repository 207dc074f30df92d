"""The random bytes of customers' keys: drawn from the schedule's seed, so that a schedule is repeated bit by bit."""

import secrets
from collections.abc import Callable
from contextvars import ContextVar

from functions.customers import sealing
from functions.kernel.runtime.bound import Bound

_source: ContextVar[Callable[[int], bytes] | None] = ContextVar("random_bytes", default=None)


class _Secrets:
    """What sealing.py uses of the module `secrets`."""

    @staticmethod
    def token_bytes(number: int) -> bytes:
        """So many bytes, of the source of the block at work."""
        source = _source.get()
        return source(number) if source else secrets.token_bytes(number)


vars(sealing)["secrets"] = _Secrets  # a part of the module


def drawn(source: Callable[[int], bytes]) -> Bound[Callable[[int], bytes]]:
    """Within the block, random bytes come from `source`."""
    return Bound(_source, source)
