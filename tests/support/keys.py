"""KMS in memory: it encrypts data keys by a key of its own, and refuses them under another context."""

from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = bytes(12)  # each data key is encrypted under its own context, so none is used twice for other content


class MemoryKms:
    """made, decrypted: how often it was called."""

    def __init__(self, secret: bytes = bytes(range(32))) -> None:
        self._secret = secret  # and no AESGCM of it, which cannot be copied
        self.made = 0
        self.decrypted = 0

    def make(self, year: str) -> tuple[bytes, bytes]:
        """A data key, and the same encrypted."""
        self.made += 1
        key = f"data key {self.made} of {year}".encode().ljust(32, b".")
        return key, AESGCM(self._secret).encrypt(NONCE, key, year.encode())

    def decrypt(self, encrypted: bytes, year: str) -> bytes:
        """A data key. Raises ValueError as KMS raises InvalidCiphertextException."""
        self.decrypted += 1
        try:
            return AESGCM(self._secret).decrypt(NONCE, encrypted, year.encode())
        except InvalidTag:
            raise ValueError("the key was encrypted under another context") from None

    @property
    def adapters(self) -> dict[str, Any]:
        """The adapters of the ports, and that of what a container keeps."""
        return {"make_data_key": self.make, "decrypt_data_key": self.decrypt}
