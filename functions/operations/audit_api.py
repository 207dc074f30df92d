"""The route of the audit, of all services."""

from functions.kernel.rest import paging
from functions.kernel.rest.audit import Wanted, audit_log
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Label, Moment, Stamp, Wire
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import OPERATOR

api = Api("operations")


class OfDay(Paged):
    """A day (UTC), as any moment of it; today when left out.

    actor: of one alone, such as `staff:mia`. about: those whose path holds this text, such as an id. With these a page
    is what is found among 1,000 entries: it may have fewer than `limit`, or none, and still a `next`.
    """

    day: Moment | None = None
    actor: Label = ""
    about: Label = ""


class AuditEntry(Wire):
    """Who asked for what. outcome: `asked` before it was done, then the status of the answer.

    through: the page that asked by its origin, another program as it calls itself. reason: as it was given.
    """

    time: Stamp
    id: str
    actor: str
    service: str
    action: str
    path: str
    reason: str
    through: str
    correlation_id: str
    outcome: str


class AuditAnswer(PagedAnswer):
    entries: list[AuditEntry]


@api.get("/api/operations/audit", may=[OPERATOR])
def list_audit(params: OfDay) -> AuditAnswer:
    """List what staff and operators asked for on a day, the latest first, before and after it was done."""
    day = clock.stamp(params.day or clock.now())[:10]
    wanted = Wanted(params.actor, params.about)
    purpose = f"audit {day} {wanted}"
    token = paging.read(params.next, purpose)
    found = audit_log().of_day(day, params.limit, token["before"] if token else None, wanted)
    return AuditAnswer(
        entries=[AuditEntry(**vars(entry)) for entry in found.entries],
        next=paging.sign({"before": found.last} if found.last else None, purpose),
    )
