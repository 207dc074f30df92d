"""The Lambda handlers of every service: `api`, `inbox`, `dispatcher`, `queries` and `relay`.

Lambda looks a handler up by its name while it initialises the function, with a full vCPU
(https://serverlessland.com/content/service/lambda/guides/effectively-running-java-on-serverless/init-heavy-lifting);
an invocation has memory's share of one, 0.29 at 512 MB. So to look a handler up imports what it works with, a file of
the service, and no other. The adapters are composed once for each container, from the environment.

MALLBOTS_SERVICE names the service; TABLE, VIEWS, BUS, QUEUE_URL, DEAD_LETTERS_URL, QUERIES_<OWNER> and the rest are
set by the deployment for those functions that may use them.
"""

import os
from collections.abc import Callable
from functools import cache, cached_property
from importlib import import_module
from threading import Lock
from typing import Any

import boto3

from functions.kernel.composition import cost
from functions.kernel.composition.adapters import EventBridgeBus, SqsQueue, invoker
from functions.kernel.eventstore.relay import handle as relay_batch
from functions.kernel.eventstore.relay import republish
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import budget, runtime
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.side_by_side import in_threads

Handler = Callable[[dict[str, Any], Any], Any]

_making = Lock()  # boto3's default session, which makes the clients, is not for several threads at once


def _client(name: str, tries: int = budget.TRIES) -> Any:
    """A client whose calls are tried so often (runtime/budget.py): once where the adapter retries itself."""
    return _Client(name, tries)


class _Client:
    """A client that is made when it is first used: to make one takes 20 to 150 ms, and few functions need all."""

    def __init__(self, name: str, tries: int) -> None:
        self._name = name
        self._tries = tries

    @cached_property
    def _made(self) -> Any:
        config = budget.config(self._tries)
        made = budget.guard(boto3.client(self._name, config=config))  # type: ignore[call-overload]  # a name known below
        if cost.on():
            cost.watch(made)
        return made

    def __getattr__(self, operation: str) -> Any:
        with _making:
            made = self._made
        return getattr(made, operation)


@cache
def _compose() -> Runtime:
    """The adapters of this function, made once per container."""
    env = os.environ
    dynamodb, sqs, events = _client("dynamodb"), _client("sqs"), _client("events", tries=1)
    composed = Runtime(
        service=env["MALLBOTS_SERVICE"],
        store=DynamoEventStore(dynamodb, env.get("TABLE", "")),
        views=DynamoViews(dynamodb, env.get("VIEWS", "")),
        bus=EventBridgeBus(events, env.get("BUS", "")),
        queue=SqsQueue(sqs, env.get("QUEUE_URL", "")),
        dead_letters=SqsQueue(sqs, env.get("DEAD_LETTERS_URL", "")),
        queues={name: SqsQueue(sqs, url) for name, url in _named("QUEUE_URL_").items()},
        invoke=invoker(_client("lambda"), _named("QUERIES_")),
        secret=cache(_signing_key),
        settings={name: value for name, value in env.items() if name.startswith("MALLBOTS_")},
        side_by_side=in_threads,
    )
    runtime.start(composed)
    return composed


def _named(prefix: str) -> dict[str, str]:
    """The variables that begin so, by the rest of their names in lower case."""
    return {name.removeprefix(prefix).lower(): value for name, value in os.environ.items() if name.startswith(prefix)}


def _signing_key() -> bytes:
    """The key that signs paging tokens, whose secret only functions with an API are given."""
    secret = _client("secretsmanager").get_secret_value(SecretId=os.environ["SIGNING_KEY"])
    return str(secret["SecretString"]).encode()


def _handler(work: Callable[[dict[str, Any]], Any]) -> Handler:
    """A Lambda handler that composes, works, and, where the stage counts costs, prints what it cost."""

    def handle(event: dict[str, Any], lambda_context: Any) -> Any:
        _compose()
        try:
            with budget.limited(lambda: lambda_context.get_remaining_time_in_millis() / 1000):
                return work(event)
        finally:
            if cost.on():
                cost.print_line(event)

    return handle


def _relay(event: dict[str, Any]) -> Any:
    return republish(**event["republish"]) if "republish" in event else relay_batch(event)


# What each handler but the relay works with: a file of the service, and what it registers there.
_WORKS = {"api": "api", "inbox": "inbox", "dispatcher": "inbox", "queries": "queries"}


def __getattr__(name: str) -> Handler:
    """The handler of a name, made when it is looked up: with the modules of the service that it works with."""
    if name == "relay":
        return _handler(_relay)
    if name not in _WORKS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"functions.{os.environ['MALLBOTS_SERVICE']}.{name}")
    return _handler(getattr(module, _WORKS[name]).handle)
