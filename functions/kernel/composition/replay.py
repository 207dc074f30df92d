"""The `replay` function of a service: history to its read models, with nothing at hand that has an effect elsewhere.

Its runtime has the rows of the service and no more: no streams, vault, bus, queues or ports, no secrets, and no other
service to ask. A projection that uses one fails, and its message with it. Its role has no grant for any of them either.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, cast

from functions.kernel.domain.errors import InvalidError, RefusedError
from functions.kernel.messaging.replaying import Replay
from functions.kernel.projections.generation import View
from functions.kernel.projections.generations import Generations
from functions.kernel.projections.projection import projections_of
from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import Runtime


class OutOfReachError(RuntimeError):
    """A projection used what a replay must not reach."""


class _OutOfReach:
    """In the place of an adapter: whatever is asked of it fails."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> NoReturn:
        raise OutOfReachError(f"a replay has no {self._what}")


class _NoPorts(dict[str, Any]):
    """In the place of the adapters of ports: none is there, and none can be made."""

    def __contains__(self, name: object) -> NoReturn:
        raise OutOfReachError(f"a replay has no port {name}")

    def __getitem__(self, name: str) -> NoReturn:
        raise OutOfReachError(f"a replay has no port {name}")


class _NoQueues(Mapping[str, Any]):
    """In the place of the queues."""

    def __getitem__(self, name: str) -> NoReturn:
        raise OutOfReachError(f"a replay has no queue {name}")

    def get(self, name: str, default: Any = None) -> NoReturn:
        raise OutOfReachError(f"a replay has no queue {name}")

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def rows_alone(running: Runtime, views: Sequence[View]) -> Runtime:
    """A runtime with nothing but the rows of another, by generation, and its settings."""
    store = running.views.store if isinstance(running.views, Generations) else running.views
    return replace(
        running,
        views=Generations(cast(Any, store), views, replaying=True),
        store=cast(Any, _OutOfReach("streams")),
        vault=cast(Any, _OutOfReach("vault")),
        bus=cast(Any, _OutOfReach("bus")),
        queue=cast(Any, _OutOfReach("queue")),
        dead_letters=cast(Any, _OutOfReach("dead-letter queue")),
        queues=_NoQueues(),
        invoke=_ask_nobody,
        adapters=_NoPorts(),
        secret=_no_secret,
        token_keys=_no_secret,
    )


def _ask_nobody(service: str, request: dict[str, Any]) -> NoReturn:
    raise OutOfReachError(f"a replay asks no other service: {request.get('query')} of {service}")


def _no_secret() -> NoReturn:
    raise OutOfReachError("a replay has no secrets")


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Do what operations ask of the service: see messaging/replaying.py. What cannot be done is {"refused": why}."""
    running = runtime.current()
    replay = Replay(projections_of(running.service))
    with runtime.active(rows_alone(running, replay.views)):
        try:
            return replay.handle(event)
        except (InvalidError, RefusedError) as error:
            return {"refused": error.message}
