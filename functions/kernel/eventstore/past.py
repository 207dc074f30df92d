"""What a stream was: its commits, and its aggregate as of a version or a time, for operators who ask the relay.

What is personal is not shown: the relay has no key of a customer. In its place stands what became of it.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import msgspec

from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository, repositories
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.json_text import compact, fitting

PERSONAL, FORGOTTEN = "(personal)", "(forgotten)"
ROOMS = ("service", "inbox", "api")  # the modules of a service that use its repositories


def commits(*, stream: str, after: int = 0, limit: int = 50) -> dict[str, Any]:
    """Commits behind a version, oldest first: at most `limit`, and fewer where they do not fit into an answer.

    Returns {"commits": [{"version", "last", "time", "actor", "cause", "correlation", "events", "messages"}], "next":
    the version behind which the next page begins, or None}.
    """
    found, more = runtime.current().store.page(stream, after, limit)
    hidden = _hidden(stream)
    shown = [_shown(commit, hidden) for commit in found]
    fit = fitting(map(compact, shown))
    if fit < len(shown):
        return {"commits": shown[:fit], "next": found[fit - 1].version}
    return {"commits": shown, "next": more}


def state(*, stream: str, version: int | None = None, time: str | None = None) -> dict[str, Any]:
    """The aggregate of a stream as of a version, or a time (RFC 3339), or now.

    Returns {"version", "state"}: its fields, or None where it was not there yet, or the stream is none of an aggregate.
    """
    repository = _repository(stream)
    if repository is None:
        return {"version": 0, "state": None}
    _, _, id = stream.partition("#")
    try:
        found = repository.as_of(id, version=version, time=clock.read(time) if time else None)
    except NotFoundError:
        return {"version": 0, "state": None}
    fields = msgspec.json.decode(msgspec.json.encode(found.state()))
    return {"version": found.version, "state": _without(fields, _hidden(stream))}


def _shown(commit: Commit, hidden: dict[str, str]) -> dict[str, Any]:
    return {
        "version": commit.version,
        "last": commit.last,
        "time": commit.time,
        "actor": commit.actor,
        "cause": commit.causation_id,
        "correlation": commit.correlation_id,
        "events": [
            {"name": event.name, "version": event.version, "data": _without(event.data, hidden)}
            for event in commit.events
        ],
        "messages": [{"name": message.name, "id": message.id} for message in commit.messages],
    }


def _hidden(stream: str) -> dict[str, str]:
    """The fields that are not shown, each with what stands in its place."""
    repository = _repository(stream)
    if repository is None or not repository.aggregate.personal:
        return {}
    _, _, id = stream.partition("#")
    word = FORGOTTEN if repository.load(id).aggregate.is_forgotten else PERSONAL
    return dict.fromkeys(repository.aggregate.personal, word)


def _without(data: Any, hidden: dict[str, str]) -> Any:
    """Data with other texts in the place of hidden fields, at any depth."""
    if not hidden:
        return data
    if isinstance(data, dict):
        return {name: hidden[name] if name in hidden else _without(value, hidden) for name, value in data.items()}
    return [_without(each, hidden) for each in data] if isinstance(data, list) else data


def _repository(stream: str) -> Repository[Any] | None:
    """Of the aggregate that a stream is of; None for one of answers to commands alone."""
    service = runtime.current().service
    for room in ROOMS:
        if find_spec(path := f"functions.{service}.{room}"):
            import_module(path)  # only here: a relay starts without them
    kind, _, _ = stream.partition("#")
    return repositories.get((service, kind))
