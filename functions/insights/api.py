"""The REST routes of insights."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from functions.insights import sales, timeline
from functions.insights.timeline import Stretch
from functions.kernel import clock, paging
from functions.kernel.errors import InvalidError, NotFoundError
from functions.kernel.http import STAFF, Api
from functions.kernel.paging import Paged, PagedAnswer
from functions.kernel.wire import Answer, Moment, Money, Params, Wire

DAY = timedelta(days=1)

api = Api("insights")


class Range(Params):
    """Whole hours: from the hour that `from` lies in to that of `to`. They default to the last 24 hours."""

    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """From and to. Raises InvalidError when the one comes after the other."""
        until = self.until or clock.now()
        since = self.since or max(until, datetime.min.replace(tzinfo=UTC) + DAY) - DAY
        if since > until:
            raise InvalidError("from: must not be later than to")
        return since, until


class StoreSales(Wire):
    store_id: str
    store_name: str
    orders: int
    items: int
    revenue: Money


class ProductSales(Wire):
    product_id: str
    product_name: str
    orders: int
    items: int
    revenue: Money


class HourSales(Wire):
    hour: str
    orders: int
    revenue: Money


class SalesAnswer(Answer):
    orders: int
    items: int
    revenue: Money
    by_store: list[StoreSales]
    by_product: list[ProductSales]
    by_hour: list[HourSales]


class FunnelAnswer(Answer):
    baskets_started: int
    checked_out: int
    approved: int
    ready: int
    paid: int
    completed: int
    rejected: int
    cancelled: int
    abandoned: int


class MessageShape(Wire):
    id: str
    name: str
    time: str
    source: str
    stream: str
    correlation_id: str
    causation_id: str | None
    actor: str
    data: dict[str, Any]


class TimelineAnswer(PagedAnswer):
    messages: list[MessageShape]


@api.get("/api/insights/sales", may=[STAFF])
def get_sales(params: Range) -> SalesAnswer:
    """What completed orders sold: in all, by store and product (best first), and by the hour."""
    found = sales.sales(*params.bounds)
    stores = sales.names("stores") if found.by_store else {}
    products = sales.names("products") if found.by_product else {}
    return SalesAnswer(
        **vars(found.total),
        by_store=[
            StoreSales(store_id=id, store_name=stores.get(id, ""), **vars(sold))
            for id, sold in sorted(found.by_store.items(), key=_best)
        ],
        by_product=[
            ProductSales(product_id=id, product_name=products.get(id, ""), **vars(sold))
            for id, sold in sorted(found.by_product.items(), key=_best)
        ],
        by_hour=[
            HourSales(hour=hour, orders=sold.orders, revenue=sold.revenue)
            for hour, sold in sorted(found.by_hour.items())
        ],
    )


def _best(sold: tuple[str, sales.Sum]) -> tuple[int, str]:
    return -sold[1].revenue, sold[0]


@api.get("/api/insights/funnel", may=[STAFF])
def get_funnel(params: Range) -> FunnelAnswer:
    """How many baskets and orders came to each stage."""
    return FunnelAnswer(**sales.funnel(*params.bounds))


@api.get("/api/insights/timeline/{correlationId}", may=[STAFF])
def get_flow(correlation_id: str, params: Paged) -> TimelineAnswer:
    """The messages of one flow, oldest first."""
    purpose = f"flow {correlation_id}"
    return _timeline(timeline.of_flow(correlation_id, params.limit, _after(params, purpose)), purpose)


@api.get("/api/insights/orders/{id}/timeline", may=[STAFF])
def get_order_timeline(id: str, params: Paged) -> TimelineAnswer:
    """The messages of every flow of one order, oldest first."""
    purpose = f"flows of {id}"
    return _timeline(timeline.of_order(id, params.limit, _after(params, purpose)), purpose)


def _after(params: Paged, purpose: str) -> str | None:
    token = paging.read(params.next, purpose)
    return token["after"] if token else None


def _timeline(found: Stretch, purpose: str) -> TimelineAnswer:
    if not found.messages:
        raise NotFoundError("nothing has been said there")
    return TimelineAnswer(
        messages=[MessageShape(**message) for message in found.messages],
        next=paging.sign({"after": found.last} if found.last else None, purpose),
    )
