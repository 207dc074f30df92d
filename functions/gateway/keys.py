"""Changes the keys that sign the mall's own tokens: a schedule runs this every five minutes.

Each run does what is due and can be repeated: make a key, publish what is public, note that it was published, drop a
key whose last token has expired. kernel/runtime/token_keys.py has the rules. The private keys are in a secret that only
this function may write and only the functions that issue tokens may read; the public ones in a parameter.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError

from functions.gateway.published_keys import connect as connect_published
from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.runtime import budget, clock, ids, token_keys
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.token_keys import TokenKey

ATTEMPTS = 5  # each starts afresh after another run has changed the keys
CURRENT, CANDIDATE = "AWSCURRENT", "CANDIDATE"  # staging labels: the second of a version that is not current yet

no_key_signs = Alarm("NoKeySigns", "KeysDue")


@dataclass(frozen=True)
class Version:
    """The secret's text, and the id of the version that it is."""

    id: str
    text: str


class KeySecret(Protocol):
    """Where the private keys are."""

    def read(self) -> Version: ...
    def replace(self, before: Version, text: str) -> Version: ...


class SecretOfKeys:
    """A secret of Secrets Manager."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def read(self) -> Version:
        """What is current."""
        found = self._client.get_secret_value(SecretId=self._name, VersionStage=CURRENT)
        return Version(found["VersionId"], found["SecretString"])

    def replace(self, before: Version, text: str) -> Version:
        """Make a text current in place of this version. Raises ConcurrencyError if another is current by now.

        A secret has no conditional write, but a staging label moves from the version that is named or not at all:
        https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
        """
        made = self._client.put_secret_value(SecretId=self._name, SecretString=text, VersionStages=[CANDIDATE])
        moved = {"MoveToVersionId": made["VersionId"], "RemoveFromVersionId": before.id}
        try:
            self._client.update_secret_version_stage(SecretId=self._name, VersionStage=CURRENT, **moved)
        except ClientError as error:
            if self.read().id == before.id:
                raise
            raise ConcurrencyError("another run has changed the keys meanwhile") from error
        return Version(made["VersionId"], text)


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

        Several runs may be at work: a schedule may tick twice. Raises ConcurrencyError after five attempts, each of
        which another run changed the keys in.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return self._do_what_is_due(event.get("distrust"))
            except ConcurrencyError:
                continue
        return self._do_what_is_due(event.get("distrust"))

    def _do_what_is_due(self, distrusted: str | None) -> dict[str, Any]:
        now = int(clock.now().timestamp())
        version = secret().read()
        keys = [key for key in token_keys.kept(token_keys.read(version.text), now) if key.kid != distrusted]
        if token_keys.new_is_due(keys, now):
            keys.append(make_key())
        version = _written(keys, version)
        _publish(keys, version)
        keys = [key if key.published is not None else replace(key, published=now) for key in keys]
        _written(keys, version)
        signer = token_keys.signer(keys, now)
        if signer is None:
            no_key_signs.ring(keys=len(keys))
        return {"keys": [key.kid for key in keys], "signer": signer.kid if signer else None}


def _written(keys: Sequence[TokenKey], version: Version) -> Version:
    wanted = token_keys.write(keys)
    return version if wanted == version.text else secret().replace(version, wanted)


def _publish(keys: Sequence[TokenKey], version: Version) -> None:
    """Publish the keys of this version of the secret.

    The parameter has no conditional write. So a run that wrote what is not current any more, perhaps over what a newer
    run published, sees that afterwards and starts again. Raises ConcurrencyError.
    """
    jwks = token_keys.jwks(keys)
    if published().read() == jwks:
        return
    published().write(jwks)
    if secret().read().id != version.id:
        raise ConcurrencyError("another run has changed the keys meanwhile")


def make_key() -> TokenKey:
    """A new key, not published yet."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    made: Any = jwt.algorithms.OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    private = {name: made[name] for name in ("kty", "crv", "x", "d")}
    return TokenKey(ids.new(), private)


keys = Keys()
