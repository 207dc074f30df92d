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
    """A sealed text. event: the version of the event whose field it is."""

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
    for (partition, sort), item in rows.items():
        customer_id = partition.removeprefix("customer ")
        if sort != "key" or customer_id == partition or not item:
            continue
        data = json.loads(item["data"]["S"])
        if "key" in data:
            found.setdefault(customer_id, set()).update(_unwrapped(data["key"], customer_id, wrapping.values()))
    return found


def _unwrapped(wrapped: str, customer_id: str, wrapping: Iterable[bytes]) -> Iterator[bytes]:
    """The key in a row; also where it is not wrapped as it should be."""
    content = base64.urlsafe_b64decode(wrapped)
    if len(content) == KEY_BYTES:
        yield content
    for by in wrapping:
        for bound in (customer_id, ""):
            try:
                yield AESGCM(by).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], bound.encode())
            except (InvalidTag, ValueError):
                continue
