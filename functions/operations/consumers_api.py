"""The routes of consumers: what waits for each, and whether it is paused."""

from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Body, Description, Stamp, Wire
from functions.kernel.runtime.context import OPERATOR
from functions.operations import backlogs, pauses
from functions.operations.backlogs import Overview

api = Api("operations")


class Waiting(Wire):
    """About how many messages a queue has: to be received, received but not deleted yet, and delayed."""

    visible: int
    in_flight: int
    delayed: int


class ConsumerShape(Wire):
    """A consumer. state: `running`, `pausing`, `paused` or `resuming`. by, reason, since: who changed it last, and why.

    waiting: null where SQS does not answer now. arrivesPerHour, drainsPerHour: by what was seen in the last
    minutes; null where that is not known. drainedInSeconds: how long the backlog takes at that pace. lostFrom: when SQS
    drops the first message at the earliest, 14 days after it was sent; also of one that was resumed, until what waited
    is drained.
    """

    name: str
    state: str
    by: str | None
    reason: str | None
    since: Stamp | None
    waiting: Waiting | None
    arrives_per_hour: int | None
    drains_per_hour: int | None
    drained_in_seconds: int | None
    lost_from: Stamp | None


class Consumers(Answer):
    consumers: list[ConsumerShape]


class Why(Body):
    reason: Description


@api.get("/api/operations/consumers", may=[OPERATOR])
def list_consumers() -> Consumers:
    """List the consumers of all services, with what waits in their queues."""
    return Consumers(consumers=[shape(one) for one in backlogs.overviews()])


@api.put("/api/operations/consumers/{service}/{queue}/pause", may=[OPERATOR], versioned=False)
def pause_consumer(service: str, queue: str, body: Why) -> None:
    """Pause a consumer: what is for it waits in its queue, which keeps a message for 14 days."""
    pauses.pause(f"{service}/{queue}", body.reason)


@api.put("/api/operations/consumers/{service}/{queue}/resume", may=[OPERATOR], versioned=False)
def resume_consumer(service: str, queue: str) -> None:
    """Resume a consumer. It does not pause itself again within 15 minutes."""
    pauses.resume(f"{service}/{queue}")


def shape(one: Overview) -> ConsumerShape:
    """A consumer as the API tells of it."""
    found = one.waiting
    waiting = Waiting(visible=found.visible, in_flight=found.in_flight, delayed=found.delayed) if found else None
    return ConsumerShape(
        name=one.consumer,
        state=one.state,
        by=one.pause.by or None,
        reason=one.pause.reason or None,
        since=one.pause.since or None,
        waiting=waiting,
        arrives_per_hour=one.arrives,
        drains_per_hour=one.drains,
        drained_in_seconds=one.drained_in,
        lost_from=one.lost_from,
    )
