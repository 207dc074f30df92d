"""JSON as it is stored and sent: compact, for what is stored is paid for by its size."""

import json
import zlib
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import msgspec

_write = msgspec.json.Encoder().encode
read = msgspec.json.Decoder().decode  # plain data; both take a fifth of the time that json does

# Of a function's answer, which ends at 6 MB; the rest is room for headers and for names of fields that get longer.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ANSWER_BYTES = 5_000_000

# zlib's own level. With its usual memory (8), to allocate it and to deflate a commit takes 50 µs; with this it takes 9,
# and the text is as short.
_LEVEL, _MEMORY = 6, 7


def compact(data: Any) -> str:
    """Plain data as JSON text. Raises UnicodeEncodeError for half a surrogate pair, which is no text."""
    return _write(data).decode()


def weight(text: str) -> int:
    """The bytes of a JSON text in a function's answer, whose body is a string in JSON: all but ASCII may be escaped."""
    return len(json.dumps(text))


def fitting(texts: Iterable[str], most: int = ANSWER_BYTES) -> int:
    """How many JSON texts, from the first on, a function's answer holds together; one at least, however large it is."""
    return max(1, sum(size <= most for size in accumulate(weight(text) for text in texts)))


def deflated(text: bytes) -> bytes:
    """A text compressed to half of its size or less (zlib), as commits and large rows are stored."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY)
    return packer.compress(text) + packer.flush()


def inflated(content: bytes) -> bytes:
    """The text that was deflated."""
    return zlib.decompress(content)
