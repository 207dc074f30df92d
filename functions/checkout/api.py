"""The REST routes of checkout: staff list, show and resume sagas."""

from dataclasses import asdict

from events.checkout import SagaStatus
from functions.checkout import service
from functions.checkout.views import Standing
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Answer, Stamp, Wire
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.uses import Uses

api = Api("checkout", uses=Uses(streams="commit", rows=("query", "put"), indexes=("sagas",)))


class Which(Paged):
    """Sagas of one status, or all."""

    status: SagaStatus | None = None


class SagaView(Wire):
    """Where the saga of an order stands."""

    order_id: str
    status: SagaStatus
    step: int
    compensating: bool
    since: Stamp
    reason: str


class AwaitedView(Wire):
    """A command that has no answer: which try it is, from 1, and when that times out."""

    command: str
    attempt: int
    due: str


class WholeSaga(SagaView):
    """Where a saga stands, and what it waits for, until it has ended."""

    awaited: list[AwaitedView]


class SagaList(PagedAnswer):
    """Sagas: all, and those that completed, by their orders, of another status the newest first.

    All: those that run are listed once a step has waited for its answer in vain.
    """

    sagas: list[SagaView]


class OneSaga(Answer):
    """One saga."""

    saga: WholeSaga


@api.get("/api/checkout/sagas", may=[STAFF])
def list_sagas(which: Which) -> SagaList:
    """List sagas, those of one status or all."""
    purpose = f"sagas by status {which.status}"  # its tokens were keys of an index once, for every status
    found, after = service.list_sagas(which.status, which.limit, paging.read(which.next, purpose))
    return SagaList(sagas=[_view(saga) for saga in found], next=paging.sign(after, purpose))


@api.get("/api/checkout/sagas/{orderId}", may=[STAFF])
def get_saga(order_id: str) -> OneSaga:
    """Show where the saga of an order stands."""
    standing, awaited = service.saga(order_id)
    return OneSaga(saga=WholeSaga(**asdict(standing), awaited=[AwaitedView(**asdict(one)) for one in awaited]))


@api.put("/api/checkout/sagas/{orderId}/resume", may=[STAFF])
def resume_saga(order_id: str) -> None:
    """Resume a parked saga, which retries the compensation that it was parked for."""
    service.resume(order_id)


def _view(saga: Standing) -> SagaView:
    return SagaView(**asdict(saga))
