"""The mall in memory as a world: its gateway asks the real authorizer about real tokens."""

import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from functions.gateway import authorizer
from functions.kernel.composition.manifest import services
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock, token_keys
from functions.kernel.runtime.context import KIOSK, OPERATOR, STAFF
from functions.kernel.runtime.runtime import active
from tests.security.world import Answer, Scene, World, digests, kind_of, newest
from tests.support.mall import Mall
from tests.support.pool import APPS, POOL_KID, Pool, pool_claims, rsa_key
from tests.support.runtime import TOKEN_KEY, memory_runtime

GROUPS = {"staff": STAFF, "operator": OPERATOR, "kiosk": KIOSK}


class InMemory(World):
    """A World. Each token is judged anew, as one that the gateway has not kept."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.mall = Mall(settings={"MALLBOTS_STAGE": "tests"})
        self.pool = Pool()
        for name, group in GROUPS.items():
            self.pool.has(name, group)
        self.pool.has("other kiosk", KIOSK)
        self.pool.has("busy kiosk", KIOSK)
        self.pool.has("dismissed")
        self.pool.has("disabled", STAFF, enabled=False)
        jwks = token_keys.jwks([TOKEN_KEY])
        runtime = memory_runtime("gateway", settings={"MALLBOTS_STAGE": "tests"}, invoke=self.mall.ask)
        self._runtime = replace(
            runtime, adapters={"user_pool": self.pool, "published_keys": SimpleNamespace(read=lambda: jwks)}
        )
        self._logged = io.StringIO()
        self.scene.ids["stage"] = "tests"
        self._sign_in()

    def _sign_in(self) -> None:
        for name in (*GROUPS, "other kiosk", "busy kiosk"):
            self.scene.tokens[name] = self._pool_token(name, APPS[KIOSK if "kiosk" in name else STAFF])
        self.scene.tokens["staff id"] = self._pool_token("staff", token_use="id")
        self.scene.tokens["disabled staff"] = self._pool_token("disabled")

    def deliver(self, method: str, path: str, content: str | bytes | None, headers: Mapping[str, str]) -> Answer:
        """Through the authorizer, as the gateway does; without a token the gateway answers 401 by itself."""
        with redirect_stdout(self._logged), patch.dict(os.environ, MALLBOTS_SERVICE="tests"):
            told = self._authorized(headers)
            answer = self.mall.request(method, path, content, headers, told=told)
        text = "" if answer.body is None else json.dumps(answer.body)
        return Answer(answer.status, answer.headers, text)

    def _authorized(self, headers: Mapping[str, str]) -> dict[str, Any]:
        event = {"version": "2.0", "type": "REQUEST", "headers": dict(headers)}
        with clock.fixed(lambda: self.mall.now), active(self._runtime):
            told: dict[str, Any] = authorizer.Authorizer().handle(event)["context"]
        return told

    def state(self) -> dict[str, str]:
        """Of all stores and rows, messages published, and texts sent."""
        found: list[tuple[str, object]] = [
            (f"published {message.metadata.name}", message) for message in self.mall.published
        ]
        for service in services():
            runtime = self.mall.runtimes[service]
            assert isinstance(runtime.store, MemoryEventStore)
            assert isinstance(runtime.views, MemoryViews)
            found += [(kind_of(service, item), item) for item in runtime.store.log]
            found += [(f"{service} rows", row) for row in sorted(runtime.views.items.items())]
        return digests([*found, *(("texts", text) for text in sorted(self.mall.texts.sent.items()))])

    def sign(self, claims: Mapping[str, Any], *, header: Mapping[str, Any] | None = None, key: str = "own") -> str:
        """Signed with the key for tests, or as `key` says."""
        return sign(claims, TOKEN_KEY.private, TOKEN_KEY.kid, header or {}, key)

    def sign_for_pool(
        self, claims: Mapping[str, Any], *, header: Mapping[str, Any] | None = None, key: str = "own"
    ) -> str:
        """Signed with the pool's key."""
        return self._pool_token(str(claims.get("username", "staff")), header=header, key=key, **claims)

    def _pool_token(
        self,
        name: str,
        app: str = APPS[STAFF],
        header: Mapping[str, Any] | None = None,
        key: str = "own",
        **changed: Any,
    ) -> str:
        with clock.fixed(lambda: self.mall.now):
            claims = {**pool_claims(name, app), **changed}
        kept = {claim: value for claim, value in claims.items() if value is not None}
        return jwt.encode(
            kept,
            rsa_key() if key == "own" else rsa_key(2),
            algorithm="RS256",
            headers={"kid": POOL_KID, **(header or {})},
        )

    def publish(self, service: str, entry: Mapping[str, Any]) -> str:
        """As IAM and the bus's rules treat it (tests/infra/test_policies.py shows that they do)."""
        if entry["Source"] not in self.allowed_sources(service):
            return "AccessDeniedException"
        detail = json.loads(entry["Detail"])
        body = {"detail-type": entry["DetailType"], "source": entry["Source"], "detail": detail}
        for subscriber in self.mall.subscribers:
            pattern = subscriber.inbox.pattern
            if entry["Source"] in pattern["source"] and entry["DetailType"] in pattern["detail-type"]:
                subscriber.queue.send(json.dumps(body))
        return ""

    def allowed_sources(self, service: str) -> list[str]:
        """The sources under which a service's role may publish."""
        return [f"mallbots.{service}"]

    def ask(self, service: str, owner: str, request: Mapping[str, Any]) -> Any:
        """As IAM treats it (tests/infra/test_permissions.py shows that it does)."""
        if not self.may_ask(service, owner):
            return "AccessDeniedException"
        return self.mall.ask(owner, dict(request))

    def may_ask(self, service: str, owner: str) -> bool:
        """Whether the role of a service's API may invoke an owner's function."""
        api = self.mall.manifests[service].api
        return api is not None and owner in {query.owner for query in api.uses.asks}

    def at_once(self, attacks: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """One after the other."""
        return [attack() for attack in attacks]

    def message(self, service: str, stream: str, name: str) -> dict[str, Any]:
        """From the service's store."""
        return newest(self.mall.runtimes[service].store.forwards(stream), name)

    def last_text(self, number: str) -> str:
        """From the provider in memory."""
        return [text for to, text in self.mall.texts.sent.values() if to == number][-1]

    def pass_time(self, seconds: int) -> None:
        """Advance the mall's clock; the pool's users get new tokens."""
        with redirect_stdout(self._logged):
            self.mall.pass_time(seconds)
        self._sign_in()

    def settle(self) -> None:
        """Deliver all messages."""
        with redirect_stdout(self._logged), patch.dict(os.environ, MALLBOTS_SERVICE="tests"):
            self.mall.settle()

    def now(self) -> int:
        """The mall's own time."""
        return int(self.mall.now.timestamp())

    def logs(self) -> str:
        """What was printed."""
        return self._logged.getvalue()


def sign(claims: Mapping[str, Any], private: Mapping[str, str], kid: str, header: Mapping[str, Any], key: str) -> str:
    """A token as an attacker may make it, or with the mall's own key as only a test can."""
    headers = {"kid": kid, "typ": "at+jwt", **header}
    if key == "none":
        return jwt.encode(dict(claims), "", algorithm="none", headers=headers)
    if key == "public":
        public = jwt.PyJWK(dict(private), algorithm="EdDSA").key.public_key().public_bytes_raw()
        return jwt.encode(dict(claims), public, algorithm="HS256", headers=headers)
    signer: Any = Ed25519PrivateKey.generate() if key == "other" else jwt.PyJWK(dict(private), algorithm="EdDSA").key
    return jwt.encode(dict(claims), signer, algorithm="EdDSA", headers=headers)
