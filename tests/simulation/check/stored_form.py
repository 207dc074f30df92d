"""The stored form of a commit, read without the code that writes it: docs/adr/0033 describes it."""

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

TEXTS = ("time", "actor", "correlation_id", "causation_id", "cause")
PARTS = ("events", "messages", "snapshot")

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode  # each as it stands in the text
_read = msgspec.json.Decoder().decode


def unpacked(item: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The item of a commit with the parts of its body as attributes, each a text: as commits were stored before."""
    if "body" not in item:
        return dict(item)
    body = _members(zlib.decompress(item["body"]["B"]))
    plain = {name: value for name, value in item.items() if name not in ("body", "messages")}
    plain |= {name: {"S": _read(body[name])} for name in TEXTS if name in body}
    plain |= {name: {"S": bytes(body[name]).decode()} for name in PARTS if name in body}
    if "cause" in body:
        plain["digest"] = {"S": _read(body["digest"]) if "digest" in body else ""}
    if ("messages" in item) != ("messages" in body):
        raise ValueError(f"{item['stream']['S']} is marked as if its messages were others than those in its body")
    return plain
