"""What is derived with the code's key, a secret of the stage: by what a phone is known, and its one-time codes.

A phone is known by a keyed digest of its number, so that no key of a row or stream, message or log line has a number,
and nobody without the key can try numbers out. A code is derived from the phone and the number of the request, so it is
stored nowhere (docs/adr/0041-one-time-codes.md).
"""

import hashlib
import hmac
import os

import boto3

from functions.customers.numbers import normalized
from functions.customers.sealing import keyed
from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import Port

DIGITS = 6
PHONE_ID = 32  # hexadecimal digits of a digest: 128 bits, so that no two numbers have one


def connect() -> bytes:
    """The secret that CODE_KEY names."""
    client = budget.guard(boto3.client("secretsmanager", config=budget.config()))
    return str(client.get_secret_value(SecretId=os.environ["CODE_KEY"])["SecretString"]).encode()


code_key: Port[bytes] = Port("code_key", connect=connect)


def phone_id(number: str) -> str:
    """By what the phone of a number is known; one for all ways to write it that numbers.py knows."""
    return _derived(f"phone {normalized(number)}").hex()[:PHONE_ID]


def code(phone_id: str, request: int) -> str:
    """The code of a phone's request: six digits, each code as likely as any other.

    256 bits modulo 10^6 prefer no code by more than one in 10^70.
    """
    return str(int.from_bytes(_derived(f"code {phone_id} {request}")) % 10**DIGITS).zfill(DIGITS)


def digest(request: str) -> str:
    """The digest of a request with a number, which may be nobody's: without the key no number can be tried out."""
    return keyed(_derived("requests"), request)


def _derived(text: str) -> bytes:
    return hmac.digest(code_key(), text.encode(), hashlib.sha256)
