"""A customer's own key: it seals what is personal, and erasing the customer deletes it, so that nothing opens again.

Sealed: AES-256-GCM with a random nonce of 96 bits; the customer, the event and the field are bound to it as associated
data, so a text that is moved to another place does not open. A key seals a few texts, far from the 2^32 after which
nonces may repeat (NIST SP 800-38D, 8.3).
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from functions.customers.domain import SEALED
from functions.kernel.runtime.commit import DIGEST

KEY_BYTES, NONCE_BYTES = 32, 12
KEYED = "k"  # begins a keyed digest, so that it is told from one of before, which is hexadecimal


@dataclass(frozen=True)
class CustomerKey:
    """The key of one customer."""

    customer_id: str
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, customer_id: str) -> "CustomerKey":
        """A random one."""
        return cls(customer_id, secrets.token_bytes(KEY_BYTES))

    def seal(self, text: str, field: str, event: int) -> str:
        """A text, sealed for a field of the event that has this version in the customer's stream."""
        return f"{SEALED}{event}:{_sealed(self.secret, text.encode(), self._place(field, event))}"

    def open(self, sealed: str, field: str) -> str | None:
        """What was sealed; None where this key does not open it."""
        event, _, content = sealed.removeprefix(SEALED).partition(":")
        opened = _opened(self.secret, content, self._place(field, event))
        return None if opened is None else opened.decode()

    def digest(self, request: str) -> str:
        """A request's digest, so that nobody without the key can try out whose name or number the request had."""
        return keyed(hmac.digest(self.secret, b"requests", hashlib.sha256), request)

    def wrapped(self, by: bytes) -> str:
        """The key, sealed by a wrapping key."""
        return _sealed(by, self.secret, self.customer_id)

    @classmethod
    def unwrapped(cls, customer_id: str, wrapped: str, by: bytes) -> "CustomerKey":
        """The key that `wrapped` made. Raises ValueError for a text that was wrapped by another, or is another's."""
        secret = _opened(by, wrapped, customer_id)
        if secret is None:
            raise ValueError(f"the key of customer {customer_id} does not open")
        return cls(customer_id, secret)

    def _place(self, field: str, event: int | str) -> str:
        return f"Customer#{self.customer_id} {event} {field}"


def keyed(key: bytes, digest: str) -> str:
    """A digest of a request's digest, which nobody makes without the key."""
    return (KEYED + hmac.digest(key, digest.encode(), hashlib.sha256).hex())[:DIGEST]


def _sealed(key: bytes, content: bytes, place: str) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, content, place.encode())).decode()


def _opened(key: bytes, sealed: str, place: str) -> bytes | None:
    try:
        content = urlsafe_b64decode(sealed)
        return AESGCM(key).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError):
        return None
