"""Polls: queues that hold no message are passed over.

This restores no behaviour of AWS: it spares CPU. The engine has one loop that looks at the queue of every mapping
whenever a message is sent anywhere, and most queues are empty.
"""

from collections.abc import Callable, Iterator
from typing import Any

from infra.local.engine.seams import Seams, module

Mapping = tuple[str, str, dict[str, Any]]


def apply() -> None:
    seams = Seams("polls")
    functions, queues = module("services.lambda_svc"), module("services.sqs")
    seams.need(queues._queues, "_data")
    seams.need(queues, "_queue_url_for_account")
    seams.replace(functions, "_iter_all_esms", with_something_to_do(seams.take(functions, "_iter_all_esms"), queues))


def with_something_to_do(mappings: Callable[[], Iterator[Mapping]], queues: Any) -> Callable[[], Iterator[Mapping]]:
    """The engine's `_iter_all_esms`, without mappings of queues that are empty."""

    def is_empty(account: str, region: str, arn: str) -> bool:
        url = queues._queue_url_for_account(account, arn.rpartition(":")[2])
        queue = queues._queues._data.get((account, region, url))
        return queue is not None and not queue["messages"]

    def those_to_look_at() -> Iterator[Mapping]:
        for account, region, mapping in mappings():
            arn = mapping.get("EventSourceArn", "")
            if not (":sqs:" in arn and is_empty(account, region, arn)):
                yield account, region, mapping

    return those_to_look_at
