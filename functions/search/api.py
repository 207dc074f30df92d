"""The REST routes of search."""

import hashlib
from datetime import UTC, datetime

from pydantic import Field

from events.ordering import OrderStatus
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import PagedAnswer
from functions.kernel.rest.wire import Answer, Body, Id, Limit, Lines, Moment, Money, Stamp, Wire
from functions.kernel.runtime.context import CUSTOMER, STAFF
from functions.search import service
from functions.search.service import Filters, Found

api = Api("search")

EVER = datetime(1970, 1, 1, tzinfo=UTC)


class SearchFilters(Wire):
    """What orders must be; what is left out filters nothing, and neither does an empty list."""

    customer_id: Id = "nobody"
    after: Moment = EVER
    before: Moment = EVER
    store_ids: Lines[Id] = Field(default_factory=list)
    product_ids: Lines[Id] = Field(default_factory=list)
    min_total: Money = 0
    max_total: Money = 0
    status: OrderStatus = "pending"

    def given(self) -> Filters:
        """The filters that were named: a default only keeps a null out."""
        return Filters(**{name: getattr(self, name) for name in self.model_fields_set})


class Search(Body):
    filters: SearchFilters = SearchFilters()
    next: str = ""
    limit: Limit = 50


class Item(Wire):
    store_id: str
    store_name: str
    product_id: str
    product_name: str
    price: Money
    quantity: int


class OrderContent(Wire):
    order_id: str
    customer_id: str
    customer_name: str
    payment_id: str
    items: list[Item]
    total: Money
    status: OrderStatus
    ready: bool
    paid: bool
    created_at: Stamp


class OrdersAnswer(PagedAnswer):
    orders: list[OrderContent]


class OrderAnswer(Answer):
    order: OrderContent


@api.post("/api/search/orders", may=[STAFF, CUSTOMER], versioned=False)
def search_orders(body: Search) -> OrdersAnswer:
    """Find orders, newest first."""
    asked = repr(sorted(body.filters.model_dump(exclude_unset=True).items()))
    purpose = f"search {hashlib.sha256(asked.encode()).hexdigest()}"
    token = paging.read(body.next, purpose) if "next" in body.model_fields_set else None
    found, reached = service.orders(body.filters.given(), body.limit, token["before"] if token else None)
    following = paging.sign({"before": reached} if reached else None, purpose)
    return OrdersAnswer(orders=[_content(order) for order in found], next=following)


@api.get("/api/search/orders/{id}", may=[STAFF, CUSTOMER], versioned=False)
def get_found_order(id: str) -> OrderAnswer:
    """Show an order with the names of now."""
    return OrderAnswer(order=_content(service.order(id)))


def _content(found: Found) -> OrderContent:
    order = found.order
    return OrderContent(
        order_id=order["order_id"],
        customer_id=order["customer_id"],
        customer_name=found.customer_name or "",
        payment_id=order["payment_id"],
        items=[Item(**item) for item in order["items"]],
        total=order["total"],
        status=order["status"],
        ready=order["ready"],
        paid=order["paid"],
        created_at=order["created_at"],
    )
