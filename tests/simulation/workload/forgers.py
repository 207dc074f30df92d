"""Forgers: they make tokens that are right but for one thing, most of them signed by the mall's own key.

Whoever has such a token is nobody, so what the checker says of nobody judges them.
"""

from collections.abc import Callable
from typing import Any

from tests.simulation.check.identity import BEGIN
from tests.simulation.workload.client import Client
from tests.support.pool import part, signed
from tests.support.runtime import TOKEN_KEY

LIFE = 600  # seconds: less than any role's token is valid for
SESSION, CREDENTIAL = 900, 86_400  # seconds for which those of customers and robots are
AHEAD = 300  # seconds: more than clocks differ by and what a token may be ahead of them
MALLORYS = {"d": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}  # another key than the mall's

Token = dict[str, dict[str, Any]]  # its header, and what it claims
Forge = Callable[[Token], str]


def without(part_of: str, name: str) -> Forge:
    """A token without one of its members."""

    def forge(token: Token) -> str:
        del token[part_of][name]
        return _signed(token)

    return forge


def changed(part_of: str, **values: Any) -> Forge:
    """A token with other members than the mall's, or with more of them."""

    def forge(token: Token) -> str:
        token[part_of].update(values)
        return _signed(token)

    return forge


def at_other_times(issued: float, expires: float) -> Forge:
    """A token with these times, in seconds from now."""

    def forge(token: Token) -> str:
        now = token["claims"]["iat"]
        return changed("claims", iat=now + issued, exp=now + expires)(token)

    return forge


def not_before_long(token: Token) -> str:
    """A token that is valid from a later time on."""
    return changed("claims", nbf=token["claims"]["iat"] + AHEAD)(token)


def unsigned(token: Token) -> str:
    """A token that says that it needs no signature, and has none."""
    return f"{part({**token['header'], 'alg': 'none'})}.{part(token['claims'])}."


def of_another(token: Token) -> str:
    """A token whose claims were changed after it was signed."""
    signature = _signed({**token, "claims": {**token["claims"], "sub": "somebody"}}).rpartition(".")[2]
    return f"{part(token['header'])}.{part(token['claims'])}.{signature}"


def by_another_key(token: Token) -> str:
    """A token that names the mall's key, and was signed by another."""
    return signed(token["header"], token["claims"], MALLORYS)


def _signed(token: Token) -> str:
    return signed(token["header"], token["claims"], TOKEN_KEY.private)


FORGERIES: dict[str, Forge] = {
    **{f"no {name}": without("header", name) for name in ("typ", "alg", "kid")},
    **{f"no {name}": without("claims", name) for name in ("iss", "aud", "sub", "iat", "exp", "role")},
    "another typ": changed("header", typ="JWT"),
    "another alg": changed("header", alg="HS256"),
    "another kid": changed("header", kid="key-2"),
    "something critical": changed("header", crit=["exp"]),
    "another issuer": changed("claims", iss="mallbots-another"),
    "another audience": changed("claims", aud="another"),
    "two audiences": changed("claims", aud=["mallbots", "another"]),
    "for nobody": changed("claims", sub=""),
    "another role": changed("claims", role="staff"),
    "more is no object": changed("claims", more=[]),
    "expired": at_other_times(-2 * AHEAD, -AHEAD),
    "of later": at_other_times(AHEAD, LIFE),
    "not before long": not_before_long,
    "too long for a customer": at_other_times(0, SESSION + 1),
    "too long for a robot": at_other_times(0, CREDENTIAL + 1),
    "half a second": at_other_times(0, LIFE + 0.5),
    "no signature": unsigned,
    "another's signature": of_another,
    "another key": by_another_key,
}
OF_ROBOTS = {
    "another generation": changed("claims", more={"generation": 0}),
    "no generation": changed("claims", more={}),
}


def right(role: str, id: str, now: float) -> Token:
    """A token as the mall issues them for a customer or a robot; now: in seconds since the beginning."""
    issued = int(BEGIN.timestamp() + now)
    claims = {"iss": "mallbots-simulation", "aud": "mallbots", "sub": id, "role": role, "iat": issued}
    more = {"began": issued} if role == "customer" else {"generation": 1}
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": TOKEN_KEY.kid}
    return {"header": header, "claims": {**claims, "exp": issued + LIFE, "more": more}}


def forged(how: str, token: Token) -> str:
    """A token with one of the forgeries."""
    return {**FORGERIES, **OF_ROBOTS}[how](token)


class Forger(Client):
    """Somebody who has the mall's key, or none, and makes tokens of customers and robots."""

    @property
    def who(self) -> str:
        """Nobody, whatever a token claims."""
        return ""

    def forge(self, after: float, attempts: int) -> None:
        """Begin after so many seconds, and try so many forgeries, seconds apart."""
        self.cloud.sleep(after)
        for _ in range(attempts):
            self._try()
            self.pause(0.1, 5)

    def _try(self) -> None:
        """Ask for what the customer or robot may do, of whom the token claims to be."""
        customers, robots = self.mall.customers, self.mall.robots
        if robots and (not customers or self.chance(0.3, "as a robot")):
            role, id = "bot", self.choices.pick(robots, "which robot")
            how = self.choices.pick((*FORGERIES, *OF_ROBOTS), "how a token is forged")
        elif customers:
            role, id = "customer", self.choices.pick(customers, "which customer")
            how = self.choices.pick(tuple(FORGERIES), "how a token is forged")
        else:
            return
        if how == "too long for a customer" and role == "bot":
            how = "too long for a robot"
        self.token = forged(how, right(role, id, self.cloud.now()))
        if role == "bot":
            self.request("PUT", f"/api/depot/bots/{id}/online")
        else:
            self.request("POST", "/api/baskets", {"customerId": id})
