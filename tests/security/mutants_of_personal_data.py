"""Guards of personal data, taken out."""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any
from unittest.mock import patch

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from functions.customers import sealing
from tests.security import cases_of_personal_data as personal
from tests.security.in_memory import InMemory

TAG_BYTES = 16
FIRST = (2).to_bytes(4)  # the counter of GCM's first block of text (NIST SP 800-38D, 7.1)


def _opened_without_a_tag(key: bytes, sealed: str, place: str) -> bytes | None:
    content = urlsafe_b64decode(sealed)
    nonce, text = content[: sealing.NONCE_BYTES], content[sealing.NONCE_BYTES : -TAG_BYTES]
    return Cipher(AES(key), CTR(nonce + FIRST)).decryptor().update(text)


MUTANTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    personal.ASKS: partial(patch.object, InMemory, "may_ask", lambda self, service, owner: True),
    personal.TAG: partial(patch.object, sealing, "_opened", _opened_without_a_tag),
}
