"""JSON as it is stored and sent: compact, for what is stored is paid for by its size."""

import json

# Made once: to make an encoder is half of what a short text costs.
compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

# Of a function's answer, which ends at 6 MB; the rest is room for headers and for names of fields that get longer.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ANSWER_BYTES = 5_000_000


def weight(text: str) -> int:
    """The bytes of a JSON text in a function's answer, whose body is a string in JSON: all but ASCII may be escaped."""
    return len(json.dumps(text))
