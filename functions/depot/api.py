"""The REST routes of the depot: shopping lists and robots."""

from typing import Annotated, cast

from pydantic import Field

from events.depot import ServingBotStatus, ShoppingListStatus
from events.queries import FindProduct
from functions.depot import service, views
from functions.depot.domain import ShoppingList
from functions.depot.stops import Shortage, each_once
from functions.kernel.domain.errors import InvalidError
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import (
    Answer,
    Body,
    Count,
    GivenId,
    Id,
    Label,
    Lines,
    Name,
    Quantity,
    Stamp,
    Wire,
    documented_only,
)
from functions.kernel.runtime import context
from functions.kernel.runtime.context import BOT, STAFF
from functions.kernel.runtime.uses import Uses

api = Api(
    "depot",
    uses=Uses(
        streams="commit",
        rows=("get", "query", "put"),
        indexes=("by_status",),
        asks=(FindProduct,),
        issues_tokens=True,
    ),
)


class WantedItem(Wire):
    """An item to collect; names may be left out, the catalogue's are taken."""

    store_id: Id
    product_id: Id
    quantity: Quantity
    store_name: Label = ""
    product_name: Label = ""


class NewList(Body):
    order_id: Id
    items: Annotated[Lines[WantedItem], documented_only(minItems=1)]


class Created(Answer):
    id: str


class Item(Wire):
    product_id: str
    name: str
    quantity: int
    picked: int


class Stop(Wire):
    store_id: str
    store_name: str
    location: str
    items: list[Item]


class ListContent(Wire):
    id: str
    order_id: str
    status: ShoppingListStatus
    bot_id: str | None
    assignment: int
    stops: list[Stop]


class ListAnswer(Answer):
    list: ListContent


class Which(Paged):
    """Lists of one status, or all."""

    status: ShoppingListStatus | None = None


class ListPage(PagedAnswer):
    lists: list[ListContent]


class Assignment(Body):
    bot_id: Id


class Start(Body):
    exact = True

    assignment: int


class Pick(Body):
    """The quantity of a product that is picked in all."""

    exact = True

    assignment: int
    store_id: GivenId
    product_id: GivenId
    quantity: Count


class PickedItem(Wire):
    exact = True

    store_id: GivenId
    product_id: GivenId
    quantity: Count


class Picks(Body):
    """The quantities of several products that are picked in all, each named once."""

    exact = True

    assignment: int
    items: Annotated[Lines[PickedItem], documented_only(minItems=1)]


class MissingItem(Wire):
    store_id: Id
    product_id: Id
    quantity: Quantity


class Completion(Body):
    """The shortages, if they are counted, and a robot's assignment; staff complete without."""

    shortages: Lines[MissingItem] = Field(default_factory=list)
    assignment: int = 0


class NewBot(Body):
    name: Name


class RegisteredBot(Answer):
    id: str
    token: str


class RenewedToken(Answer):
    token: str
    expires_at: Stamp


class BotContent(Wire):
    id: str
    name: str
    status: ServingBotStatus


class BotPage(PagedAnswer):
    bots: list[BotContent]


@api.post("/api/depot/shopping", may=[STAFF], errors=[404])
def create_list(body: NewList) -> Created:
    """Create a shopping list, which waits to be initiated."""
    wanted = [service.Wanted(**dict(item)) for item in body.items]
    return Created(id=service.plan_by_staff(body.order_id, wanted))


@api.get("/api/depot/shopping", may=[STAFF, BOT])
def get_lists(which: Which) -> ListPage:
    """List shopping lists, those of one status or all."""
    purpose = f"lists by status {which.status}"  # its tokens were keys of an index once, for every status
    found, after = service.list_lists(which.status, which.limit, paging.read(which.next, purpose))
    return ListPage(lists=[_content(one) for one in found], next=paging.sign(after, purpose))


@api.get("/api/depot/shopping/{id}", may=[STAFF, BOT])
def get_list(id: str) -> ListAnswer:
    """Show a shopping list."""
    return ListAnswer(list=_content(service.shopping_list(id)))


@api.post("/api/depot/shopping/{id}", may=[STAFF])
def cancel_list(id: str) -> None:
    """Cancel a shopping list."""
    service.cancel(id)


@api.put("/api/depot/shopping/{id}/initiate", may=[STAFF])
def initiate_list(id: str) -> None:
    """Make a shopping list that staff created available to robots."""
    service.initiate_by_staff(id)


@api.put("/api/depot/shopping/{id}/assign", may=[STAFF])
def assign_list(id: str, body: Assignment) -> None:
    """Assign a shopping list to a chosen robot."""
    service.assign(id, body.bot_id)


@api.put("/api/depot/shopping/{id}/start", may=[STAFF, BOT], routine=True)
def start_list(id: str, body: Start) -> None:
    """Start to collect a shopping list."""
    service.start(id, body.assignment)


@api.put("/api/depot/shopping/{id}/pick", may=[STAFF, BOT], routine=True)
def pick_item(id: str, body: Pick) -> None:
    """Report how many of a product are picked in all."""
    service.pick(id, body.assignment, body.store_id, body.product_id, body.quantity)


@api.put("/api/depot/shopping/{id}/pickItems", may=[STAFF, BOT], routine=True)
def pick_items(id: str, body: Picks) -> None:
    """Report how many of several products are picked in all: all of them, or none where one is refused."""
    picked = each_once(((item.store_id, item.product_id), item.quantity) for item in body.items)
    service.pick_items(id, body.assignment, picked)


@api.put("/api/depot/shopping/{id}/complete", may=[STAFF, BOT], routine=True)
def complete_list(id: str, body: Completion) -> None:
    """Complete a shopping list: check in what was found of it."""
    given = body.model_fields_set
    if "assignment" not in given and context.current().caller.role == BOT:
        raise InvalidError("assignment: this field is missing")
    shortages = [Shortage(**dict(item)) for item in body.shortages] if "shortages" in given else None
    service.complete(id, shortages, body.assignment if "assignment" in given else None)


@api.post("/api/depot/bots", may=[STAFF])
def register_bot(body: NewBot) -> RegisteredBot:
    """Register a robot; the token is for the robot alone."""
    bot_id, token = service.register_bot(body.name)
    return RegisteredBot(id=bot_id, token=token)


@api.delete("/api/depot/bots/{id}", may=[STAFF])
def retire_bot(id: str) -> None:
    """Retire a robot for good; its list is given back, its tokens and certificates are refused."""
    service.retire(id)


@api.post("/api/depot/bots/{id}/token", may=[STAFF, BOT])
def renew_token(id: str) -> RenewedToken:
    """Issue a robot another token; one that staff issue revokes those before it."""
    issued = service.renew_token(id)
    return RenewedToken(token=issued.token, expires_at=issued.expires_at)


@api.get("/api/depot/bots", may=[STAFF])
def get_bots(which: Paged) -> BotPage:
    """List the robots."""
    page = views.bots(which.limit, paging.read(which.next, "bots"))
    bots = [BotContent(id=row["bot_id"], name=row["name"], status=row["status"]) for row in page.rows]
    return BotPage(bots=bots, next=paging.sign(page.after, "bots"))


@api.put("/api/depot/bots/{id}/online", may=[STAFF, BOT])
def bring_bot_online(id: str) -> None:
    """Bring a robot online, or renew its lease."""
    service.bring_online(id)


@api.put("/api/depot/bots/{id}/offline", may=[STAFF, BOT])
def take_bot_offline(id: str) -> None:
    """Take a robot offline; the list that it works on is given back."""
    service.take_offline(id)


def _content(shopping_list: ShoppingList) -> ListContent:
    return ListContent(
        id=shopping_list.id,
        order_id=shopping_list.order_id,
        status=cast(ShoppingListStatus, shopping_list.status),
        bot_id=shopping_list.bot_id,
        assignment=shopping_list.assignment,
        stops=[
            Stop(
                store_id=stop.store_id,
                store_name=stop.store_name,
                location=stop.location,
                items=[Item(**vars(item)) for item in stop.items],
            )
            for stop in shopping_list.stops
        ],
    )
