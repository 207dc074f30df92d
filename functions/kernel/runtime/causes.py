"""The causes that a stream has handled, short enough to ride in each snapshot however long the stream is."""

import zlib
from collections.abc import Iterable
from itertools import accumulate

import msgspec

KEPT = 256  # the latest
_SIZE = 4  # bytes of a short hash


class Causes(msgspec.Struct, frozen=True, array_like=True):
    """Short hashes of the latest causes, the oldest first, with the versions of the commits that handled them.

    A hash only finds the commits that may be meant: the cause was handled where the commit names it whole.

    hashes: 4 bytes each; base64 in JSON. steps: the first version, then what each is more than the one before, which
    compresses to nothing.
    """

    hashes: bytes = b""
    steps: tuple[int, ...] = ()

    def versions_of(self, cause: str) -> list[int]:
        """The versions of the commits that may have handled a cause, the newest first."""
        short, versions, found = _short(cause), tuple(accumulate(self.steps)), []
        at = self.hashes.find(short)
        while at >= 0:
            if at % _SIZE == 0:
                found.append(versions[at // _SIZE])
            at = self.hashes.find(short, at + 1)
        return found[::-1]

    def followed_by(self, handled: Iterable[tuple[str, int]]) -> "Causes":
        """These and later ones (cause, version of its commit), in the order of their versions; the latest 256."""
        more = list(handled)
        hashes = self.hashes + b"".join(_short(cause) for cause, _ in more)
        versions = [*accumulate(self.steps), *(version for _, version in more)][-KEPT:]
        steps = [after - before for before, after in zip([0, *versions], versions, strict=False)]
        return Causes(hashes[-KEPT * _SIZE :], tuple(steps))


def _short(cause: str) -> bytes:
    return zlib.crc32(cause.encode()).to_bytes(_SIZE, "big")
