"""The keys that wrap customers' keys: one a year, made by KMS, kept in the vault as KMS encrypted it.

A container has one decrypted for five minutes, so neither registering nor reading a customer costs a call of KMS; and
five minutes after KMS's key is disabled, nothing opens.
https://docs.aws.amazon.com/kms/latest/developerguide/kms-cryptography.html#enveloping
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import boto3

from functions.kernel.runtime import budget, clock, runtime
from functions.kernel.runtime.runtime import Port

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

KEPT = timedelta(minutes=5)
PARTITION = "wrapping"
PURPOSE = "wraps customers' keys"  # by which the functions' roles are let use KMS's key (infra/vault.py)


def _client() -> "KMSClient":
    client: KMSClient = budget.guard(boto3.client("kms", config=budget.config()))
    return client


def context_of(year: str) -> dict[str, str]:
    """What KMS binds to a key (https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html)."""
    return {"mallbots": PURPOSE, "year": year}


def _connect_make() -> Callable[[str], tuple[bytes, bytes]]:
    client = _client()

    def make(year: str) -> tuple[bytes, bytes]:
        made = client.generate_data_key(
            KeyId=os.environ["PERSONAL_DATA_KEY"], KeySpec="AES_256", EncryptionContext=context_of(year)
        )
        return made["Plaintext"], made["CiphertextBlob"]

    return make


def _connect_decrypt() -> Callable[[bytes, str], bytes]:
    client = _client()

    def decrypt(encrypted: bytes, year: str) -> bytes:
        decrypted = client.decrypt(
            KeyId=os.environ["PERSONAL_DATA_KEY"], CiphertextBlob=encrypted, EncryptionContext=context_of(year)
        )
        return decrypted["Plaintext"]

    return decrypt


class Kept:
    """The wrapping keys that this container has decrypted, by year, with the time until which it keeps each."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[datetime, bytes]] = {}


make_data_key: Port[Callable[[str], tuple[bytes, bytes]]] = Port("make_data_key", connect=_connect_make)
decrypt_data_key: Port[Callable[[bytes, str], bytes]] = Port("decrypt_data_key", connect=_connect_decrypt)
kept: Port[Kept] = Port("wrapping_keys", connect=Kept)


def newest() -> tuple[str, bytes]:
    """The year of now, and the key that wraps what is new; made if it is the first of the year."""
    year = str(clock.now().year)
    return year, _kept(year) or _keep(year, _read(year) or _make(year))


def of(year: str) -> bytes:
    """The wrapping key of a year. Raises RuntimeError if there is none."""
    found = _kept(year) or _read(year)
    if found is None:
        raise RuntimeError(f"the vault has no wrapping key of {year}: restore it with the customers' keys")
    return _keep(year, found)


def _kept(year: str) -> bytes | None:
    until, key = kept().keys.get(year, (clock.now(), None))
    return key if clock.now() < until else None


def _keep(year: str, key: bytes) -> bytes:
    keys = kept().keys
    if _kept(year) is None:
        keys[year] = (clock.now() + KEPT, key)
    return key


def _read(year: str) -> bytes | None:
    row = runtime.current().vault.get(PARTITION, year)
    return decrypt_data_key()(b64decode(row["key"]), year) if row else None


def _make(year: str) -> bytes:
    key, encrypted = make_data_key()(year)
    text = b64encode(encrypted).decode()
    there = runtime.current().vault.add(PARTITION, year, {"key": text})
    return key if there["key"] == text else decrypt_data_key()(b64decode(there["key"]), year)
