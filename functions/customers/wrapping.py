"""The keys that wrap customers' keys: one a year or a few, made by KMS, kept in the vault as KMS encrypted them.

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

from functions.kernel.runtime import budget, clock, ids, runtime
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


class MissingKeyError(Exception):
    """The vault has no such wrapping key. It can be restored, so what it wraps is not forgotten."""


class Kept:
    """The wrapping keys that this container has decrypted, by id, with the time until which it keeps each."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[datetime, bytes]] = {}


make_data_key: Port[Callable[[str], tuple[bytes, bytes]]] = Port("make_data_key", connect=_connect_make)
decrypt_data_key: Port[Callable[[bytes, str], bytes]] = Port("decrypt_data_key", connect=_connect_decrypt)
kept: Port[Kept] = Port("wrapping_keys", connect=Kept)


def newest() -> tuple[str, bytes]:
    """The id of the key that wraps what is new, and the key; made if there is none of this year.

    An id is never used again: were a row lost, another key in its place would keep the lost one from being restored,
    and all that it wraps would read as forgotten. So two containers may make one each, of which both are good.
    """
    year = str(clock.now().year)
    here = (id for id in sorted(kept().keys, reverse=True) if id >= year)
    for id in here:
        if key := _kept(id):
            return id, key
    stored = next(iter(runtime.current().vault.sorts(PARTITION, 1)), "")
    return (stored, of(stored)) if stored >= year else _make(year)


def of(id: str) -> bytes:
    """A wrapping key. Raises MissingKeyError if there is none."""
    found = _kept(id) or _read(id)
    if found is None:
        raise MissingKeyError(f"the vault has no wrapping key {id!r}: restore it with the customers' keys")
    return _keep(id, found)


def _kept(id: str) -> bytes | None:
    until, key = kept().keys.get(id, (clock.now(), None))
    return key if clock.now() < until else None


def _keep(id: str, key: bytes) -> bytes:
    keys = kept().keys
    if _kept(id) is None:
        keys[id] = (clock.now() + KEPT, key)
    return key


def _read(id: str) -> bytes | None:
    row = runtime.current().vault.get(PARTITION, id)
    return decrypt_data_key()(b64decode(row["key"]), _year(id)) if row else None


def _make(year: str) -> tuple[str, bytes]:
    id = f"{year} {ids.new()}"
    key, encrypted = make_data_key()(year)
    runtime.current().vault.add(PARTITION, id, {"key": b64encode(encrypted).decode()})
    return id, _keep(id, key)


def _year(id: str) -> str:
    return id.partition(" ")[0]
