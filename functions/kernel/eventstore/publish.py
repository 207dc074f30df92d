"""From domain events to public messages: what a service's publish.py registers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from events.envelope import SOURCE_PREFIX, Envelope, Metadata
from events.registry import Command, Kind, Message, Timer
from functions.kernel.domain.aggregate import Aggregate, DomainEvent
from functions.kernel.runtime import clock, ids, runtime
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.context import Context

Maker = Callable[[Any, Any], Message | None]


@dataclass(frozen=True)
class Reminder:
    """A timer message and the seconds after which it comes back to the service that sent it."""

    message: Message
    after: int


ReminderMaker = Callable[[Any, Any], Reminder | None]


class Publisher:
    """What one service publishes: each domain event makes at most one public message, and maybe a reminder.

    `@publishes(Approved)` on a function of the aggregate (as it is right after the event) and the event that gives
    the message; `@publishes.reminder(Asked)` on one that gives a Reminder.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self._makers: dict[type[DomainEvent], Maker] = {}
        self._reminders: dict[type[DomainEvent], ReminderMaker] = {}

    def __call__(self, event: type[DomainEvent]) -> Callable[[Maker], Maker]:
        def register(maker: Maker) -> Maker:
            if event in self._makers:
                raise TypeError(f"{event.__name__} is published already")
            self._makers[event] = maker
            return maker

        return register

    def reminder(self, event: type[DomainEvent]) -> Callable[[ReminderMaker], ReminderMaker]:
        """Register the reminder that the service sends itself after an event."""

        def register(maker: ReminderMaker) -> ReminderMaker:
            self._reminders[event] = maker
            return maker

        return register

    @property
    def reminds(self) -> bool:
        """Whether it sends reminders."""
        return bool(self._reminders)

    def outgoing(self, aggregate: Aggregate, event: DomainEvent, context: Context) -> list[Outgoing]:
        """The finished messages of an event that `aggregate` has just applied."""
        made: list[Outgoing] = []
        stream = aggregate.stream(aggregate.id)
        maker, reminder_maker = self._makers.get(type(event)), self._reminders.get(type(event))
        message = maker(aggregate, event) if maker else None
        if message:
            message_id = ids.derive(stream, aggregate.version, "message")
            made.append(Outgoing(self._detail(message, message_id, aggregate.id, stream, aggregate.version, context)))
        reminder = reminder_maker(aggregate, event) if reminder_maker else None
        if reminder:
            message_id = ids.derive(stream, aggregate.version, "reminder")
            detail = self._detail(reminder.message, message_id, aggregate.id, stream, aggregate.version, context)
            made.append(Outgoing(detail, delay=reminder.after))
        return made

    def _detail(
        self, message: Message, message_id: str, asker: str, stream: str, version: int, context: Context
    ) -> dict[str, Any]:
        about = type(message).about
        if about.source != self.service:
            raise TypeError(f"{self.service} cannot publish {about.name}, which is {about.source}'s")
        asks = about.kind is Kind.COMMAND
        return _detail(
            message,
            id=message_id,
            stream=stream,
            stream_version=version,
            context=context,
            reply_to=self.service if asks else None,
            saga=asker if asks else None,
        )


def answer(command: Command, reply: Message, context: Context) -> Outgoing:
    """The finished reply to the command being handled; one id for one command, however often it is answered."""
    name = type(command).about.name
    command_id = context.causation_id or name
    return Outgoing(
        _detail(
            reply,
            id=ids.derive(command_id, "answer"),
            stream=f"{name}#{command_id}",
            stream_version=1,
            context=context,
            reply_to=None,
            saga=context.saga,
        )
    )


def _detail(
    message: Message,
    *,
    id: str,
    stream: str,
    stream_version: int,
    context: Context,
    reply_to: str | None,
    saga: str | None,
) -> dict[str, Any]:
    about = type(message).about
    metadata = Metadata(
        id=id,
        name=about.name,
        version=about.version,
        time=clock.stamp(),
        source=SOURCE_PREFIX + about.source,
        stream=stream,
        stream_version=stream_version,
        correlation_id=context.correlation_id,
        causation_id=context.causation_id,
        actor=context.actor,
        traceparent=context.child_traceparent(),
        reply_to=reply_to,
        saga=saga,
    )
    return Envelope(metadata=metadata, data=message.model_dump(mode="json")).detail()


def reminder_body(timer: Timer, context: Context) -> str:
    """The body of a reminder that no commit carries, for a queue of the service's own. Equal reminders have one id.

    Such a reminder is for a job that decides nothing by itself; what belongs to a change rides in its commit.
    """
    about = type(timer).about
    detail = _detail(
        timer,
        id=ids.derive(about.name, timer.model_dump_json()),
        stream=f"{about.name}#{getattr(timer, about.key)}",
        stream_version=1,
        context=context,
        reply_to=None,
        saga=None,
    )
    return json.dumps({"detail-type": about.name, "detail": detail})


def tick(body: dict[str, Any]) -> Envelope | None:
    """The timer that the body of a schedule's message stands for; None for any other body.

    A schedule's rule can only give a name, a version and the time. The same time gives the same id.
    """
    name, version, time = body.get("detail-type"), body.get("version"), body.get("time")
    if not (name and version and time):
        return None
    id = ids.derive(name, time)
    metadata = Metadata(
        id=id,
        name=name,
        version=version,
        time=time,
        source=SOURCE_PREFIX + runtime.current().service,
        stream=f"Schedule#{name}",
        stream_version=1,
        correlation_id=id,
        causation_id=None,
        actor="system",
        traceparent=Context().child_traceparent(),
    )
    return Envelope(metadata=metadata, data={"time": time})
