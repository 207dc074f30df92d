"""The keys that sign the mall's own tokens (tokens.py): when each is made, published, signs, and is forgotten.

A key is published for as long as anyone may work with an older set of public keys before it signs, and stays published
until the last token that it signed has expired. So keys change without a deployment, and no valid token is ever
refused. functions/gateway/keys.py applies this from time to time; here are the rules alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# In seconds.
READER_CACHE = 600  # for which a reader of tokens may know an older set of public keys
SIGNER_CACHE = 300  # for which a signer may know an older set of keys
PUBLISHED_BEFORE = READER_CACHE + 300  # a key is published so long before it signs, clocks that differ included
SIGNS_FOR = 30 * 86_400  # until the next key is made
LONGEST_LIFE = 86_400  # of a token: a robot's
LEEWAY = 60  # by which clocks may differ


@dataclass(frozen=True)
class TokenKey:
    """One key. private: the key as a JWK (RFC 8037). published: when its public half was (a Unix time), None before."""

    kid: str
    private: dict[str, str]
    published: int | None = None

    @property
    def public(self) -> dict[str, str]:
        """Its public half, as a member of a JWKS (RFC 7517)."""
        shown = {name: value for name, value in self.private.items() if name != "d"}
        return {**shown, "kid": self.kid, "alg": "EdDSA", "use": "sig"}


def read(text: str) -> tuple[TokenKey, ...]:
    """The keys of a secret, oldest first; none for what is not such a secret, as before the first.

    What newer code wrote beside them is ignored. Raises RuntimeError for keys that cannot be read: to take them for
    none would replace them all, and refuse every token.
    """
    try:
        found: Any = json.loads(text)
    except ValueError:
        return ()
    if not isinstance(found, dict) or "keys" not in found:
        return ()
    try:
        return tuple(TokenKey(key["kid"], key["private"], key.get("published")) for key in found["keys"])
    except (TypeError, KeyError, AttributeError) as error:
        raise RuntimeError("the secret of the keys that sign tokens is damaged") from error


def write(keys: Sequence[TokenKey]) -> str:
    """The text of a secret that holds these keys."""
    return json.dumps({"keys": [vars(key) for key in keys]})


def jwks(keys: Sequence[TokenKey]) -> str:
    """The public halves of keys, as a JWKS."""
    return json.dumps({"keys": [key.public for key in keys]})


def signer(keys: Sequence[TokenKey], now: int) -> TokenKey | None:
    """The key that signs at a time (Unix); None before the first is published."""
    for n in reversed(range(len(keys))):
        signs_from = _signs_from(keys, n)
        if signs_from is not None and now >= signs_from:
            return keys[n]
    return None


def new_is_due(keys: Sequence[TokenKey], now: int) -> bool:
    """Whether another key is to be made."""
    if not keys:
        return True
    newest = keys[-1].published
    return newest is not None and now >= newest + SIGNS_FOR


def kept(keys: Sequence[TokenKey], now: int) -> tuple[TokenKey, ...]:
    """The keys whose tokens may still be valid, and those that are yet to sign."""
    return tuple(key for n, key in enumerate(keys) if n + 1 == len(keys) or not _is_over(keys, n + 1, now))


def _signs_from(keys: Sequence[TokenKey], n: int) -> int | None:
    published = keys[n].published
    if published is None:
        return None
    return published + PUBLISHED_BEFORE if n else published  # nobody knows a set of keys older than the first


def _is_over(keys: Sequence[TokenKey], successor: int, now: int) -> bool:
    """Whether all tokens of the key before this one have expired."""
    signs_from = _signs_from(keys, successor)
    return signs_from is not None and now > signs_from + SIGNER_CACHE + LONGEST_LIFE + LEEWAY
