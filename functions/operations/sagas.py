"""Commands of sagas, sent again from the commits that hold them."""

from collections.abc import Iterator, Sequence
from typing import Any

from functions.kernel.domain.errors import NotFoundError
from functions.operations.cloud import relays_now

CHECKOUT, STREAM = "checkout", "CreateOrderSaga#"


def retry(order_id: str, commands: Sequence[str]) -> list[str]:
    """Have the relay send the latest message of each name again; their ids. Raises NotFoundError, UnavailableError."""
    latest: dict[str, dict[str, Any]] = {}
    for detail in _sent(order_id, commands):
        latest[detail["metadata"]["name"]] = detail["metadata"]
    if not latest:
        raise NotFoundError(f"the saga of {order_id} sent no {' or '.join(commands) or 'command'}")
    for one in latest.values():
        wanted = {"stream": one["stream"], "version": one["stream_version"], "message": one["id"]}
        relays_now().invoke(CHECKOUT, {"resend": wanted})
    return [str(one["id"]) for one in latest.values()]


def _sent(order_id: str, commands: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The commands of these names that a saga sent, oldest first, as its commits hold them."""
    asked = {"stream": STREAM + order_id, "names": list(commands), "only": list(commands)}
    cursor: str | None = None
    while True:
        answer = relays_now().invoke(CHECKOUT, {"history": {**asked, "cursor": cursor}})
        yield from answer["messages"]
        cursor = answer["cursor"]
        if not cursor:
            return
