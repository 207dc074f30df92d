"""What the robots' gateway consumes: what the depot says of robots and of the lists that they are to collect."""

from events.depot import (
    BotAssigned,
    BotCameOnline,
    BotFinished,
    BotRegistered,
    BotRetired,
    BotState,
    BotWentOffline,
    CollectionRefused,
    ShoppingListAssigned,
)
from functions.fleet import certificates, service
from functions.fleet.broker import broker
from functions.fleet.identities import revocation
from functions.fleet.reports import Task, Visit
from functions.fleet.views import projection
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import context
from functions.kernel.runtime.uses import Uses

inbox = Inbox("fleet", uses=Uses(streams="commit", rows=("get", "put", "delete"), ports=(broker, revocation)))
inbox.include(projection)


@inbox.on(BotRegistered)
def bot_registered(event: BotRegistered) -> None:
    service.name_robot(event.bot_id, event.name)


@inbox.on(BotAssigned, BotFinished, BotCameOnline, BotWentOffline, BotRetired)
def bot_changed(event: BotState) -> None:
    sent = context.current().message
    assert sent is not None
    flow, trace = sent.correlation_id, sent.traceparent
    lost = (event.gave_back or "") if isinstance(event, BotWentOffline) else ""
    task = Task(sent.stream_version, event.status, event.list_id or "", event.assignment, flow, trace, lost)
    service.take_task(event.bot_id, task)


@inbox.on(BotRetired)
def bot_retired(event: BotRetired) -> None:
    service.forget(event.bot_id)
    certificates.revoke(event.bot_id)


@inbox.on(ShoppingListAssigned)
def list_assigned(event: ShoppingListAssigned) -> None:
    visits = [
        Visit(stop.store_id, stop.location, tuple((item.product_id, item.quantity) for item in stop.items))
        for stop in event.stops
    ]
    service.take_visits(event.bot_id, event.shopping_list_id, event.assignment, visits)


@inbox.on(CollectionRefused)
def collection_refused(reply: CollectionRefused) -> None:
    service.refuse(reply.bot_id, reply.list_id, reply.assignment, has_list=reply.has_list)
