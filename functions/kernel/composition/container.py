"""What one container of a function has: its adapters, composed from the environment, and its handler.

MALLBOTS_SERVICE names the service; TABLE, VIEWS, BUS, QUEUE_URL, DEAD_LETTERS_URL, QUERIES_<OWNER> and the rest are
set by the deployment for those functions that may use them.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, partial
from importlib import import_module
from threading import Lock
from typing import Any

import boto3

from functions.kernel.composition import cost
from functions.kernel.composition.adapters import EventBridgeBus, SqsQueue, invoker
from functions.kernel.composition.compose import CONSUMERS
from functions.kernel.eventstore.relay import serve
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.eventstore.vault import DynamoVault
from functions.kernel.projections.generations import with_generations
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import budget, clock, runtime
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.side_by_side import in_threads
from functions.kernel.runtime.token_keys import SIGNER_CACHE
from functions.kernel.runtime.views import ViewStore

SHARED = ("forecast", "replay")  # handlers that are a module beside this one, with a function `handle`

_making = Lock()  # boto3's default session, which makes the clients, is not for several threads at once


class Client:
    """A client that is made when it is first used: to make one takes 20 to 150 ms, and few functions need all.

    tries: of each call (runtime/budget.py); one where the adapter retries itself.
    """

    def __init__(self, name: str, tries: int = budget.TRIES) -> None:
        self._name = name
        self._tries = tries

    @cached_property
    def _made(self) -> Any:
        config = budget.config(self._tries)
        made = budget.guard(boto3.client(self._name, config=config))  # type: ignore[call-overload]  # a name known below
        if cost.on():
            cost.watch(made)
        return made

    def make(self) -> Any:
        """Make it, unless it is there."""
        with _making:
            return self._made

    def __getattr__(self, operation: str) -> Any:
        method = vars(self)[operation] = getattr(self.make(), operation)  # found at once from then on
        return method


@dataclass(frozen=True)
class Clients:
    """The SDK's clients of a container, each a Client, which stands for the one of its name."""

    dynamodb: Any = field(default_factory=partial(Client, "dynamodb"))
    events: Any = field(default_factory=partial(Client, "events", tries=1))
    lambda_: Any = field(default_factory=partial(Client, "lambda"))
    secrets: Any = field(default_factory=partial(Client, "secretsmanager"))
    sqs: Any = field(default_factory=partial(Client, "sqs"))


def compose(clients: Clients) -> Runtime:
    """The adapters of the function whose environment this is."""
    env, sqs = os.environ, clients.sqs
    return Runtime(
        service=env["MALLBOTS_SERVICE"],
        store=DynamoEventStore(
            clients.dynamodb, env.get("TABLE", ""), {"vault": env.get("VAULT", ""), "erasures": env.get("ERASURES", "")}
        ),
        views=_views(clients.dynamodb, env.get("VIEWS", "")),
        vault=DynamoVault(clients.dynamodb, env.get("VAULT", "")),
        bus=EventBridgeBus(clients.events, env.get("BUS", "")),
        queue=SqsQueue(sqs, env.get("QUEUE_URL", "")),
        dead_letters=SqsQueue(sqs, env.get("DEAD_LETTERS_URL", "")),
        queues={name: SqsQueue(sqs, url) for name, url in _named("QUEUE_URL_").items()},
        invoke=invoker(clients.lambda_, _named("QUERIES_")),
        secret=cache(lambda: _secret(clients.secrets, "SIGNING_KEY").encode()),
        token_keys=_kept(lambda: _secret(clients.secrets, "TOKEN_KEYS")),
        settings={name: value for name, value in env.items() if name.startswith("MALLBOTS_")},
        side_by_side=in_threads,
        outcomes=SqsQueue(sqs, env["OUTCOMES_URL"]) if "OUTCOMES_URL" in env else None,
    )


def _views(dynamodb: Any, table: str) -> ViewStore:
    """The rows of the service, by generation where it has views that can be rebuilt; a function may have none."""
    rows = DynamoViews(dynamodb, table)
    if not table:
        return rows
    from functions.kernel.projections.projection import views_of  # only here: a relay starts faster without pydantic

    return with_generations(rows, views_of(os.environ["MALLBOTS_SERVICE"]))


def _named(prefix: str) -> dict[str, str]:
    """The variables that begin so, by the rest of their names in lower case."""
    return {name.removeprefix(prefix).lower(): value for name, value in os.environ.items() if name.startswith(prefix)}


def _secret(secrets: Client, variable: str) -> str:
    """The text of the secret that a variable names; only functions that may read it have the variable."""
    return str(secrets.get_secret_value(SecretId=os.environ[variable])["SecretString"])


def _kept(read: Callable[[], str]) -> Callable[[], str]:
    """The same, read again once it is SIGNER_CACHE seconds old."""
    text, due = "", datetime.min.replace(tzinfo=UTC)

    def newest() -> str:
        nonlocal text, due
        now = clock.now()
        if now >= due:
            text, due = read(), now + timedelta(seconds=SIGNER_CACHE)
        return text

    return newest


def handler(name: str) -> Callable[[dict[str, Any], Any], Any]:
    """The handler of a name: it works, and, where the stage counts costs, prints what that cost.

    Imports what it works with, a file of the service, and makes the client that nearly every invocation needs.
    """
    clients = Clients()
    composed = compose(clients)
    work = _work(name)
    if name == "relay":
        clients.events.make()
    elif "TABLE" in os.environ or "VIEWS" in os.environ:
        clients.dynamodb.make()

    def handle(event: dict[str, Any], lambda_context: Any) -> Any:
        answer: Any = cost.RAISED
        try:
            with (
                runtime.active(composed),
                budget.limited(lambda: lambda_context.get_remaining_time_in_millis() / 1000),
            ):
                answer = work(event)
                return answer
        finally:
            if cost.on():
                cost.print_line(event, answer)

    return handle


def _work(name: str) -> Callable[[dict[str, Any]], Any]:
    """What a handler does with an event: what it is named after registers it, but for those that all services share."""
    if name == "relay":
        return serve
    if name in SHARED:
        shared: Callable[[dict[str, Any]], Any] = import_module(f"functions.kernel.composition.{name}").handle
        return shared
    module = import_module(f"functions.{os.environ['MALLBOTS_SERVICE']}.{name}")
    registered = module.inbox if name in CONSUMERS else getattr(module, name)
    work: Callable[[dict[str, Any]], Any] = registered.handle
    return work
