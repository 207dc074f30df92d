"""The owners of orders' streams, for a service that asks them for an order's messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime.runtime import Runtime


@dataclass
class Owners:
    """What their commits hold. away: those that do not answer. asked: which owner was asked what, in order."""

    details: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    at_a_time: int = 100

    def commit(self, order_id: str, detail: Mapping[str, Any]) -> None:
        """Store a message of an order with the service that published it."""
        owner = detail["metadata"]["source"].rpartition(".")[2]
        self.details.setdefault(f"{owner} {order_id}", []).append(detail)

    def invoke(self, owner: str, request: dict[str, Any]) -> dict[str, Any]:
        """What the `queries` function of an owner answers."""
        query = request["data"]
        self.asked.append((owner, query))
        if owner in self.away:
            raise UnavailableError(f"{owner} does not answer")
        held, first = self.details.get(f"{owner} {query['order_id']}", []), int(query["after"] or 0)
        last = first + self.at_a_time
        return {"answer": {"messages": held[first:last], "after": str(last) if last < len(held) else None}}


def asking(runtime: Runtime) -> Owners:
    """Owners that a runtime asks, which hold nothing yet."""
    owners = Owners()
    runtime.invoke = owners.invoke
    return owners
