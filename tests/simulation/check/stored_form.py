"""The stored form of a commit, read without the code that writes it: docs/adr/0033 describes it."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

TEXTS = ("time", "actor", "correlation_id", "causation_id", "cause")
PARTS = ("events", "messages", "snapshot")


def unpacked(item: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The item of a commit with the parts of its body as attributes, each a text: as commits were stored before."""
    if "body" not in item:
        return dict(item)
    body = json.loads(zlib.decompress(item["body"]["B"]))
    plain = {name: value for name, value in item.items() if name not in ("body", "messages")}
    plain |= {name: {"S": body[name]} for name in TEXTS if name in body}
    plain |= {name: {"S": _text(body[name])} for name in PARTS if name in body}
    if "cause" in body:
        plain["digest"] = {"S": body.get("digest", "")}
    if ("messages" in item) != ("messages" in body):
        raise ValueError(f"{item['stream']['S']} is marked as if its messages were others than {body.get('messages')}")
    return plain


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
