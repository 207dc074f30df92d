"""Commands of sagas, sent again from the commits that hold them."""

from collections.abc import Iterator, Sequence
from typing import Any

from functions.kernel.domain.errors import NotFoundError
from functions.operations.cloud import saga_relay

CHECKOUT, STREAM = "checkout", "CreateOrderSaga#"


def retry(order_id: str, commands: Sequence[str]) -> list[str]:
    """Have the relay send the latest message of each name again; their ids. Raises NotFoundError, UnavailableError."""
    latest: dict[str, dict[str, Any]] = {}
    for detail in _history(STREAM + order_id, commands):
        latest[detail["metadata"]["name"]] = detail["metadata"]
    if not latest:
        raise NotFoundError(f"the saga of {order_id} sent no {' or '.join(commands) or 'command'}")
    for one in latest.values():
        wanted = {"stream": one["stream"], "version": one["stream_version"], "message": one["id"]}
        saga_relay().invoke(CHECKOUT, {"resend": wanted})
    return [str(one["id"]) for one in latest.values()]


def _history(stream: str, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        asked = {"stream": stream, "names": list(names), "only": list(names), "cursor": cursor}
        page = saga_relay().invoke(CHECKOUT, {"history": asked})
        yield from page["messages"]
        cursor = page["cursor"]
        if not cursor:
            return
