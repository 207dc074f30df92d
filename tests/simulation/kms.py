"""KMS: data keys under one key, which encrypts them and never leaves.

https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html
https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
"""

import hashlib
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.simulation.outages import DISABLED, KMS
from tests.simulation.sdk import Effect, Wire, World, client_error

NONCE_BYTES = 12


class Kms:
    """A key of KMS. The data keys that it makes are random; each is encrypted under a context.

    known: data keys of a saved state, by what another key of KMS encrypted them to.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._cipher = AESGCM(world.random_bytes(32))
        self.known: dict[bytes, bytes] = {}

    def make(self, context: str) -> tuple[bytes, bytes]:
        """A data key, and the same encrypted."""
        key, nonce = self._world.random_bytes(32), self._world.random_bytes(NONCE_BYTES)
        return key, nonce + self._cipher.encrypt(nonce, key, context.encode())

    def decrypt(self, encrypted: bytes, context: str) -> bytes:
        """A data key. Raises ValueError where it was encrypted under another context or key."""
        if encrypted in self.known:
            return self.known[encrypted]
        try:
            return self._cipher.decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise ValueError("InvalidCiphertextException") from None


class KmsClient:
    """One container's client, as the adapters of the two ports of functions/customers/wrapping.py."""

    def __init__(self, kms: Kms, world: World, wire: Wire, name: str) -> None:
        self._kms, self._world, self._wire, self._name = kms, world, wire, name

    @property
    def adapters(self) -> dict[str, Callable[..., Any]]:
        """By the names of the ports."""
        return {"make_data_key": self._make, "decrypt_data_key": self._decrypt}

    def _make(self, year: str) -> tuple[bytes, bytes]:
        made: tuple[bytes, bytes] = self._call("GenerateDataKey", lambda: self._kms.make(year))
        return made

    def _decrypt(self, encrypted: bytes, year: str) -> bytes:
        def effect() -> bytes:
            try:
                return self._kms.decrypt(encrypted, year)
            except ValueError as error:
                raise client_error("InvalidCiphertextException", str(error), "Decrypt") from error

        decrypted: bytes = self._call("Decrypt", effect)
        return decrypted

    def _call(self, operation: str, effect: Effect) -> Any:
        self._world.cost.ask_kms()
        return self._wire.call(operation, KMS, lambda: self._enabled(operation, effect))

    def _enabled(self, operation: str, effect: Effect) -> Any:
        if DISABLED in self._world.away:
            self._world.history.record("refused", where=f"{self._name} {operation} {DISABLED}", retried=False)
            raise client_error("DisabledException", "the key is disabled", operation)
        return effect()


def fingerprint(key: bytes) -> str:
    """By what a history names a key: the history does not hold it."""
    return hashlib.sha256(key).hexdigest()[:16]
