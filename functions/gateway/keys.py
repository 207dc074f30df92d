"""Changes the keys that sign the mall's own tokens: a schedule runs this every five minutes.

Each run does what is due and can be repeated: make a key, publish what is public, note that it was published, drop a
key whose last token has expired. kernel/runtime/token_keys.py has the rules. The private keys are in a secret that only
this function may write and only the functions that issue tokens may read; the public ones in a parameter.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import boto3

from functions.gateway.published_keys import connect as connect_published
from functions.kernel.runtime import budget, clock, ids, token_keys
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.token_keys import TokenKey

no_key_signs = Alarm("NoKeySigns", "KeysDue")


class KeySecret(Protocol):
    """Where the private keys are."""

    def read(self) -> str: ...
    def write(self, text: str) -> None: ...


class SecretOfKeys:
    """A secret of Secrets Manager."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def read(self) -> str:
        """Its text now."""
        return str(self._client.get_secret_value(SecretId=self._name)["SecretString"])

    def write(self, text: str) -> None:
        """Replace its text."""
        self._client.put_secret_value(SecretId=self._name, SecretString=text)


def _connect() -> KeySecret:
    client = budget.guard(boto3.client("secretsmanager", config=budget.config()))
    return SecretOfKeys(client, os.environ["TOKEN_KEYS"])


secret: Port[KeySecret] = Port("key_secret", connect=_connect)
published = Port("published_keys", connect=connect_published)


class Keys:
    """The handler of the schedule's tick."""

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Do what is due. Answers with the ids of the keys that are left, and of the one that signs.

        `{"distrust": kid}` drops a key at once, and makes another if none is left, because it leaked: its tokens are
        refused within READER_CACHE seconds, and the 60 of the gateway's cache. Whoever had such a token must get
        another, and one that is issued within SIGNER_CACHE seconds may still be signed with the dropped key.

        Only one run at a time may be at work (the function's reserved concurrency): a secret has no conditional write.
        """
        now = int(clock.now().timestamp())
        text = secret().read()
        keys = [key for key in token_keys.kept(token_keys.read(text), now) if key.kid != event.get("distrust")]
        if token_keys.new_is_due(keys, now):
            keys.append(make_key())
        text = _written(keys, text)
        jwks = token_keys.jwks(keys)
        if published().read() != jwks:
            published().write(jwks)
        keys = [key if key.published is not None else replace(key, published=now) for key in keys]
        _written(keys, text)
        signer = token_keys.signer(keys, now)
        if signer is None:
            no_key_signs.ring(keys=len(keys))
        return {"keys": [key.kid for key in keys], "signer": signer.kid if signer else None}


def _written(keys: Sequence[TokenKey], text: str) -> str:
    wanted = token_keys.write(keys)
    if wanted != text:
        secret().write(wanted)
    return wanted


def make_key() -> TokenKey:
    """A new key, not published yet."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    made: Any = jwt.algorithms.OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    private = {name: made[name] for name in ("kty", "crv", "x", "d")}
    return TokenKey(ids.new(), private)


keys = Keys()
