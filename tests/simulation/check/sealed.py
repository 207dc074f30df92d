"""What is sealed, read without the code that seals it: AES-256-GCM by keys that are wrapped in the vault.

docs/adr/0042 and 0043 describe the stored form.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES, NONCE_BYTES = 32, 12
FIELDS = ("name", "sms_number")

_SEALED = re.compile(r"sealed:(\d+):([A-Za-z0-9_-]+=*)")
Rows = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Sealed:
    """A sealed text. event: the version of the event for which it says that it is sealed."""

    event: int
    content: bytes

    @property
    def nonce(self) -> bytes:
        """The number that is used once under one key."""
        return self.content[:NONCE_BYTES]

    def opened(self, key: bytes, place: str) -> str | None:
        """What was sealed at a place; None where the key or the place is another."""
        try:
            return AESGCM(key).decrypt(self.nonce, self.content[NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, UnicodeDecodeError):
            return None

    def opened_by_any(self, keys: Iterable[bytes], customer_id: str) -> str | None:
        """What was sealed, by any of these keys, at whatever place of the customer, or at none."""
        places = [*(place(customer_id, self.event, field) for field in FIELDS), ""]
        return next((text for key in keys for at in places if (text := self.opened(key, at)) is not None), None)


def place(customer_id: str, event: int, field: str) -> str:
    """What is bound to a sealed text."""
    return f"Customer#{customer_id} {event} {field}"


def sealed_in(text: str) -> Iterator[Sealed]:
    """The sealed texts in a text."""
    for event, content in _SEALED.findall(text):
        yield Sealed(int(event), base64.urlsafe_b64decode(content))


def customer_keys(rows: Rows, wrapping: Mapping[str, bytes]) -> dict[str, set[bytes]]:
    """The keys in the rows of a vault, by customer. wrapping: the keys that wrap them, by year."""
    found: dict[str, set[bytes]] = {}
    for customer_id, wrapped in _wrapped(rows):
        if unwrapped := _unwrapped(wrapped, customer_id, wrapping.values()):
            found.setdefault(customer_id, set()).add(unwrapped[0])
    return found


def wrongly_wrapped(rows: Rows, wrapping: Mapping[str, bytes]) -> Iterator[str]:
    """The customers whose key is in a vault as it is, or not bound to its customer."""
    for customer_id, wrapped in _wrapped(rows):
        _, bound = _unwrapped(wrapped, customer_id, wrapping.values()) or (b"", False)
        if not bound:
            yield customer_id


def _wrapped(rows: Rows) -> Iterator[tuple[str, bytes]]:
    for (partition, sort), item in rows.items():
        customer_id = partition.removeprefix("customer ")
        if sort == "key" and customer_id != partition and item:
            data = json.loads(item["data"]["S"])
            if "key" in data:
                yield customer_id, base64.urlsafe_b64decode(data["key"])


def _unwrapped(content: bytes, customer_id: str, wrapping: Iterable[bytes]) -> tuple[bytes, bool] | None:
    """The key in a row, and whether it is wrapped for its customer; None where nothing opens it."""
    if len(content) == KEY_BYTES:
        return content, False
    for by in wrapping:
        for bound in (customer_id, ""):
            try:
                return AESGCM(by).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], bound.encode()), bool(bound)
            except (InvalidTag, ValueError):
                continue
    return None
