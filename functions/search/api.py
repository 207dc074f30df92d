"""The REST routes of search."""

import hashlib
from typing import Annotated, TypeVar, get_args

from pydantic import Field, GetPydanticSchema

from events.ordering import OrderStatus
from events.queries import FindCustomerNames
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import PagedAnswer
from functions.kernel.rest.wire import AbsentIfNone, Answer, Body, GivenId, Limit, Lines, Moment, Money, Stamp, Wire
from functions.kernel.runtime.context import CUSTOMER, STAFF
from functions.kernel.runtime.uses import Uses
from functions.search import service
from functions.search.service import Filters, Found
from functions.search.views import BY_STATUS

api = Api("search", uses=Uses(rows=("get", "get_many", "query"), indexes=(BY_STATUS,), asks=(FindCustomerNames,)))

# A filter is None where it is left out.
T = TypeVar("T")
Filter = Annotated[T | None, GetPydanticSchema(lambda source, handler: handler(get_args(source)[0]))]


# As text messages and the pages name an order: the beginning of its id.
Number = Annotated[str, Field(pattern="^[0-9a-f]{8}$")]


class SearchFilters(Wire):
    """What an order must match; a filter that is left out or an empty list matches all orders.

    number: the first eight characters of the order's id, by which its customer knows it.
    """

    number: Filter[Number] = None
    customer_id: Filter[GivenId] = None
    after: Filter[Moment] = None
    before: Filter[Moment] = None
    store_ids: Lines[GivenId] = Field(default_factory=list)
    product_ids: Lines[GivenId] = Field(default_factory=list)
    min_total: Filter[Money] = None
    max_total: Filter[Money] = None
    status: Filter[OrderStatus] = None


class Search(Body):
    filters: SearchFilters = Field(default_factory=SearchFilters)
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
    """An order; `customerName` is absent where it is not to be had, as that of an erased customer."""

    order_id: str
    customer_id: str
    customer_name: AbsentIfNone = None
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


@api.post("/api/search/orders", may=[STAFF, CUSTOMER], versioned=False, routine=True)
def search_orders(body: Search) -> OrdersAnswer:
    """Search orders, newest first."""
    filters = service.permitted(Filters(**dict(body.filters)))
    asked = body.filters.model_dump(exclude_unset=True)
    if filters.customer_id is not None:  # a customer's pages are for that customer alone
        asked["customer_id"] = filters.customer_id
    purpose = f"search {hashlib.sha256(repr(sorted(asked.items())).encode()).hexdigest()}"
    token = paging.read(body.next, purpose) if "next" in body.model_fields_set else None
    found, before = service.orders(filters, body.limit, token["before"] if token else None)
    following = paging.sign({"before": before} if before else None, purpose)
    return OrdersAnswer(orders=[_content(order) for order in found], next=following)


@api.get("/api/search/orders/{id}", may=[STAFF, CUSTOMER], versioned=False)
def get_found_order(id: str) -> OrderAnswer:
    """Show an order with the current names of its customer, stores and products."""
    return OrderAnswer(order=_content(service.order(id)))


def _content(found: Found) -> OrderContent:
    order = found.order
    return OrderContent(
        order_id=order["order_id"],
        customer_id=order["customer_id"],
        customer_name=found.customer_name,
        payment_id=order["payment_id"],
        items=[Item(**item) for item in order["items"]],
        total=order["total"],
        status=order["status"],
        ready=order["ready"],
        paid=order["paid"],
        created_at=order["created_at"],
    )
