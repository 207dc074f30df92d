"""The Lambda handlers of services: `api`, those of CONSUMERS, `queries`, `relay`, `socket` and `topics`.

Services with an inbox have `forecast` too, those with read models `replay`. The gateway has two more: `authorizer` and
`keys`. Operations has three that run by a schedule: `collector`, `redriver` and `runner`; and `exporter`, where a stage
has traces. Customers has `synthetic`, where a stage has synthetic orders.

Lambda looks a handler up by its name while it initialises the function, with a full vCPU
(https://serverlessland.com/content/service/lambda/guides/effectively-running-java-on-serverless/init-heavy-lifting);
an invocation has memory's share of one, 0.29 at 512 MB. So all that the handler works with is imported and made then,
and only that. This module itself imports next to nothing: see _nothing_collected.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

Handler = Callable[[dict[str, Any], Any], Any]

CONSUMERS = (
    "inbox",
    "codes",
    "dispatcher",
    "gathered",
)  # rooms with an Inbox each, which consumes the queue of that name
HANDLERS = (
    *CONSUMERS,
    *("api", "authorizer", "collector", "exporter", "forecast", "keys", "queries", "redriver", "relay", "replay"),
    *("runner", "socket", "synthetic", "topics"),
)


def __getattr__(name: str) -> Handler:
    """The handler of a name, made when it is looked up."""
    if name not in HANDLERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with _nothing_collected():
        handler: Handler = import_module("functions.kernel.composition.container").handler(name)
    return handler


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Collect no garbage within the block, and never look through what it leaves: that stays.

    Imports make many objects and hardly any garbage. To look through them again and again takes a third of the CPU of a
    cold start (docs/performance.md).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
