"""JSON as it is stored and sent: compact, for what is stored is paid for by its size."""

import json
import zlib

# Made once: to make an encoder is half of what a short text costs.
compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

# Of a function's answer, which ends at 6 MB; the rest is room for headers and for names of fields that get longer.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ANSWER_BYTES = 5_000_000


def weight(text: str) -> int:
    """The bytes of a JSON text in a function's answer, whose body is a string in JSON: all but ASCII may be escaped."""
    return len(json.dumps(text))


def deflated(text: str) -> bytes:
    """A text compressed to about half of its size or less, without a header or a checksum."""
    return zlib.compress(text.encode(), wbits=-zlib.MAX_WBITS)


def inflated(content: bytes) -> str:
    """The text that was deflated."""
    return zlib.decompress(content, -zlib.MAX_WBITS).decode()
