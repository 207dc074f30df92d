"""What a case is, and the steps that most of them share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.security.world import Answer, World

Attack = Callable[[World], Answer]


@dataclass(frozen=True)
class Case:
    """One attack, and how it must end.

    name: a sentence, what the attacker tries. attack: does it, and gives the answer that counts. statuses: those of
    which the answer must have one. guard: the mutant (mutants.py) under which it must no longer hold. memory_only: why
    it needs what nobody has of a deployment. prepare: what comes before, which may change the mall: the attack may not,
    but for the kinds (World.state) of `changes`.
    """

    name: str
    statuses: tuple[int, ...]
    guard: str
    attack: Attack
    memory_only: str = ""
    prepare: Callable[[World], object] = lambda world: None
    changes: tuple[str, ...] = ()


def as_(who: str, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Attack:
    """A request under the token of someone in the scene."""

    def attack(world: World) -> Answer:
        filled = _filled(world, body)
        return world.send(method, world.scene.path(path), filled, token=world.scene.tokens[who], headers=headers)

    return attack


def with_token(make: Callable[[World], str], method: str = "GET", path: str = "/api/baskets/{adas_basket}") -> Attack:
    """A request under a token that the attacker made; by default one that Ada's own session may send."""
    return lambda world: world.send(method, world.scene.path(path), token=make(world))


def claims_of_ada(world: World, **changed: Any) -> dict[str, Any]:
    """The claims of a valid session of Ada's, with changes; None leaves one out."""
    from functions.kernel.runtime.tokens import AUDIENCE, SESSION

    now = world.now()
    claims: dict[str, Any] = {
        "iss": f"mallbots-{world.scene.ids['stage']}",
        "aud": AUDIENCE,
        "sub": world.scene.ids["ada"],
        "role": "customer",
        "iat": now - 10,
        "exp": now - 10 + SESSION,
        "more": {"began": now - 10},
    } | changed
    return {name: value for name, value in claims.items() if value is not None}


def _filled(world: World, body: object) -> object:
    if isinstance(body, dict):
        return {name: _filled(world, value) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(world, value) for value in body]
    return world.scene.path(body) if isinstance(body, str) and body.startswith("{") and body.endswith("}") else body
