"""History applied to a service's read models, and nothing else: what the service's `replay` function does.

Operations reads messages from their owner (eventstore/relay.py, `history`) and brings them here. No handler runs: the
function imports none, and has no streams, ports, bus or queues.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from events.envelope import Envelope
from events.registry import Kind, MalformedMessageError, Message, UnknownMessageError, decode
from functions.kernel.domain.errors import InvalidError
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.projections import rebuilding
from functions.kernel.projections.generation import View
from functions.kernel.projections.generations import Generations, may_pass
from functions.kernel.projections.projection import Projection
from functions.kernel.runtime import budget, context, observe, runtime
from functions.kernel.runtime.context import Context

Detail = dict[str, Any]


class Replay:
    """The `replay` function of a service whose read models are fed by these projections.

    Requests, each an object with one of these members:

    {"describe": {}}: the views that can be rebuilt, each with the messages that it is made of.
    {"apply": {"messages", "view", "generation"}}: apply messages to a view in one generation; without a view, to all of
    the service in each generation that there is. Answers {"applied": how many from the first on, as time allows,
    "failed": those among them that no retry helps, each with its reason}.
    {"begin" | "compare" | "switch" | "abort" | "drop" | "dropped": {"view", …}}: see rebuilding.py.
    """

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._parts = [part for projection in projections for part in projection.parts if part.view]
        self._steps: dict[str, Callable[..., dict[str, Any]]] = {
            "begin": rebuilding.begin,
            "compare": rebuilding.compare,
            "switch": rebuilding.switch,
            "abort": rebuilding.abort,
            "drop": rebuilding.drop,
            "dropped": rebuilding.dropped,
        }

    @property
    def views(self) -> list[View]:
        """The views that can be rebuilt."""
        return [part.view for part in self._parts if part.view]

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answer a request. Raises InvalidError for what is none, or names no view of the service."""
        for name, step in self._steps.items():
            if name in event:
                asked = dict(event[name])
                view = self._part(asked.pop("view")).view
                rows = runtime.current().views
                assert isinstance(rows, Generations)
                assert view is not None
                return step(rows, view, **asked)
        if "describe" in event:
            return {"views": {view.name: _described(part) for part in self._parts if (view := part.view)}}
        if "apply" in event:
            return self._apply(**event["apply"])
        raise InvalidError("a replay describes, applies, begins, compares, switches, aborts or drops")

    def _part(self, name: str) -> Projection:
        found = next((part for part in self._parts if part.view and part.view.name == name), None)
        if found is None:
            raise InvalidError(f"there is no view {name}: there are {', '.join(view.name for view in self.views)}")
        return found

    def _apply(
        self, messages: Sequence[Detail], view: str | None = None, generation: int | None = None
    ) -> dict[str, Any]:
        parts = [self._part(view)] if view else self._parts
        failed: list[dict[str, Any]] = []
        for place, detail in enumerate(messages):
            if place and budget.left() < budget.MESSAGE:
                return {"applied": place, "failed": failed}
            try:
                _apply_one(detail, parts, generation)
            except Exception as error:
                if may_pass(error):
                    raise
                failed.append(_failure(detail, error))
        return {"applied": len(messages), "failed": failed}


def _apply_one(detail: Detail, parts: Sequence[Projection], generation: int | None) -> None:
    """Apply a message to those of these projections that know it, in one generation or in all."""
    received = _read(detail)
    metadata = received.metadata
    feeding = {part: known for part in parts for known in part.own_messages if known.about.name == metadata.name}
    if not feeding:
        return
    try:
        message = decode(metadata.name, metadata.version, received.data, feeding.values())
    except (UnknownMessageError, MalformedMessageError) as error:
        raise UndeliverableError(str(error)) from error
    rows = runtime.current().views
    working = Context(correlation_id=metadata.correlation_id, causation_id=metadata.id, actor=metadata.actor)
    with context.within(working), observe.handling(metadata):
        for part in feeding:
            if generation is not None and part.view and isinstance(rows, Generations):
                with rows.within(part.view, generation):
                    others = part.apply_own(message, metadata)
            else:
                others = part.apply_own(message, metadata)
            if others:
                raise others[0].error


def _read(detail: Detail) -> Envelope:
    try:
        return Envelope.read(detail)
    except ValidationError as error:
        raise UndeliverableError(f"no envelope: {error.error_count()} errors") from error


def _failure(detail: Detail, error: Exception) -> dict[str, Any]:
    """What an operator needs of a message that failed, to store it as a letter."""
    observe.log_error("a message of a replay failed", error)
    return {"detail": detail, "error": type(error).__name__, "reason": observe.reason(error)}


def _described(part: Projection) -> list[dict[str, Any]]:
    """The messages that a view is made of, by name: who publishes them, and of what kind they are."""
    return [
        {"name": message.about.name, "source": message.about.source, "kind": str(message.about.kind)}
        for message in sorted(part.own_messages, key=_name)
        if message.about.kind is not Kind.TIMER
    ]


def _name(message: type[Message]) -> str:
    return message.about.name
