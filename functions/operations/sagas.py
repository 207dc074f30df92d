"""Commands of sagas, sent again from the commits that hold them."""

from collections.abc import Sequence
from typing import Any

from functions.kernel.domain.errors import NotFoundError
from functions.operations.cloud import relays_now
from functions.operations.order_timeline import history

CHECKOUT, STREAM = "checkout", "CreateOrderSaga#"


def retry(order_id: str, commands: Sequence[str]) -> list[str]:
    """Have the relay send the latest message of each name again; their ids. Raises NotFoundError, UnavailableError."""
    latest: dict[str, dict[str, Any]] = {}
    for detail in history(CHECKOUT, STREAM + order_id, commands, only=commands):
        latest[detail["metadata"]["name"]] = detail["metadata"]
    if not latest:
        raise NotFoundError(f"the saga of {order_id} sent no {' or '.join(commands) or 'command'}")
    for one in latest.values():
        wanted = {"stream": one["stream"], "version": one["stream_version"], "message": one["id"]}
        relays_now().invoke(CHECKOUT, {"resend": wanted})
    return [str(one["id"]) for one in latest.values()]
