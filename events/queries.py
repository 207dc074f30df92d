"""Queries that services answer by direct invocation, where a local copy is not enough."""

from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """The answer of a query's owner."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


R = TypeVar("R", bound=Answer)


class Query(BaseModel, Generic[R]):
    """A query to the service that owns the data: `class FindProduct(Query[ProductFound], owner="stores")`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    owner: ClassVar[str]
    answer: ClassVar[Any]

    def __init_subclass__(cls, owner: str | None = None, **kwargs: Any) -> None:
        # Python passes the class keywords here first, before pydantic knows the fields.
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, owner: str | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if owner is not None:
            cls.owner = owner
            parent: Any = cls.__mro__[1]
            cls.answer = parent.__pydantic_generic_metadata__["args"][0]


class ProductFound(Answer):
    """A product's current state, with its store. `version` is that of the product's stream."""

    product_id: str
    store_id: str
    store_name: str
    store_version: int
    store_location: str
    store_participating: bool
    name: str
    price: int
    version: int


class FindProduct(Query[ProductFound], owner="stores"):
    """A product and its current price."""

    product_id: str


class CustomerFound(Answer):
    """A customer's current state. `version` is that of the customer's stream. Only code of before asks for it."""

    customer_id: str
    name: str
    sms_number: str
    enabled: bool
    language: str = "en"  # an owner deployed before this field existed does not send it
    version: int


class FindCustomer(Query[CustomerFound], owner="customers"):
    """A customer by id."""

    customer_id: str


class OrderFound(Answer):
    """An order's current state. paid, changed_at (RFC 3339): an owner deployed before these existed sends none."""

    order_id: str
    customer_id: str
    status: str
    total: int
    paid: bool | None = None
    changed_at: str | None = None
    version: int


class FindOrder(Query[OrderFound], owner="ordering"):
    """An order by id."""

    order_id: str


class CustomerStatusFound(Answer):
    """Whether a customer may act, and the language of text messages. `version` is that of the customer's stream."""

    customer_id: str
    enabled: bool
    language: str = "en"  # an owner deployed before this field and the next existed sends neither
    version: int = 0


class FindCustomerStatus(Query[CustomerStatusFound], owner="customers"):
    """What there is to know of a customer that is not personal."""

    customer_id: str


class AddressFound(Answer):
    """Where to text a customer: the number, and the language as an ISO 639-1 code."""

    sms_number: str
    language: str


class FindAddress(Query[AddressFound], owner="customers"):
    """What is asked when a text is sent, and kept nowhere."""

    customer_id: str


class CustomerNamesFound(Answer):
    """Names by customer id; those of unknown and erased customers are left out."""

    names: dict[str, str]


class FindCustomerNames(Query[CustomerNamesFound], owner="customers"):
    """The names of up to 100 customers."""

    customer_ids: Annotated[tuple[str, ...], Field(max_length=100)]


class OneTimeCodeFound(Answer):
    """A one-time code that is valid now, and whom to send it: number, and language as an ISO 639-1 code."""

    sms_number: str
    language: str
    code: str


class FindOneTimeCode(Query[OneTimeCodeFound], owner="customers"):
    """The code of a phone's request; not found once it is not valid, or when no customer has the phone."""

    phone_id: str
    request: int


class BotCredentialFound(Answer):
    """The generation of a robot's tokens: those of earlier ones are revoked."""

    bot_id: str
    generation: int


class FindBotCredential(Query[BotCredentialFound], owner="depot"):
    """What the authorizer asks about a robot's token."""

    bot_id: str


class HeldFound(Answer):
    """A page of what a service holds of a customer, newest first. after: where the next begins, None at the end."""

    rows: tuple[dict[str, Any], ...]
    after: str | None


class FindOrdersOf(Query[HeldFound], owner="search"):
    """The orders of a customer, for an access request."""

    customer_id: str
    after: str | None = None
    limit: int


class FindBasketsOf(Query[HeldFound], owner="baskets"):
    """The baskets of a customer, for an access request."""

    customer_id: str
    after: str | None = None
    limit: int


class FindPaymentsOf(Query[HeldFound], owner="payments"):
    """The payments of a customer, for an access request."""

    customer_id: str
    after: str | None = None
    limit: int


class FindTextsTo(Query[HeldFound], owner="notifications"):
    """The texts about orders that were sent to a customer, for an access request."""

    customer_id: str
    after: str | None = None
    limit: int


class InvoicesFound(Answer):
    """Invoices by the ids of their orders, of those orders that have one."""

    invoices: dict[str, dict[str, Any]]


class FindInvoices(Query[InvoicesFound], owner="payments"):
    """The invoices of up to 100 orders."""

    order_ids: Annotated[tuple[str, ...], Field(max_length=100)]


class ReasonsFound(Answer):
    """Why orders were rejected or cancelled, by their ids, of those that were."""

    reasons: dict[str, str]


class FindReasons(Query[ReasonsFound], owner="ordering"):
    """The reasons of up to 100 orders, for an access request."""

    order_ids: Annotated[tuple[str, ...], Field(max_length=100)]


class SkippedTextsFound(Answer):
    """The texts that could not be sent, by the ids of their orders, of those orders that have one."""

    texts: dict[str, tuple[dict[str, Any], ...]]


class FindSkippedTexts(Query[SkippedTextsFound], owner="notifications"):
    """The texts about up to 20 orders that could not be sent, for an access request."""

    order_ids: Annotated[tuple[str, ...], Field(max_length=20)]


class LastHeardFound(Answer):
    """When each robot last reported (RFC 3339), by its id, of those that have ever been on the robots' stream.

    is_behind: whether some may have reported since, for what robots say is handled late.
    """

    heard: dict[str, str]
    is_behind: bool = False


class FindLastHeard(Query[LastHeardFound], owner="fleet"):
    """When up to 500 robots last reported over the robots' stream."""

    bot_ids: Annotated[tuple[str, ...], Field(max_length=500)]


class MessagesFound(Answer):
    """A page of messages as commits hold them, verbatim. after: where the next page begins, None at the end."""

    messages: tuple[dict[str, Any], ...]
    after: str | None


class FindBasketMessages(Query[MessagesFound], owner="baskets"):
    """The messages of an order's basket."""

    order_id: str
    after: str | None = None


class FindSagaMessages(Query[MessagesFound], owner="checkout"):
    """The messages of an order's saga, reminders too."""

    order_id: str
    after: str | None = None


class FindListMessages(Query[MessagesFound], owner="depot"):
    """The messages of an order's shopping list. list_ids: those that staff made for the order, 100 at most."""

    order_id: str
    list_ids: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    after: str | None = None


class FindTextMessages(Query[MessagesFound], owner="notifications"):
    """The messages of the texts about an order."""

    order_id: str
    after: str | None = None


class FindOrderMessages(Query[MessagesFound], owner="ordering"):
    """The messages of an order."""

    order_id: str
    after: str | None = None


class FindPaymentMessages(Query[MessagesFound], owner="payments"):
    """The messages of an order's invoice and payments. payment_ids: of its payments, which no id of the order tells."""

    order_id: str
    payment_ids: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    after: str | None = None


OF_AN_ORDER: tuple[type[Query[MessagesFound]], ...] = (
    FindBasketMessages,
    FindListMessages,
    FindOrderMessages,
    FindPaymentMessages,
    FindSagaMessages,
    FindTextMessages,
)
"""What is sent for all messages of an order (kernel/messaging/order_messages.py)."""


class TimelineMessage(Answer):
    """A message of a flow, without what its envelope is for."""

    id: str
    name: str
    time: str
    source: str
    stream: str
    correlation_id: str
    causation_id: str | None
    data: dict[str, Any]


class TimelineFound(Answer):
    """Messages of a flow, oldest first."""

    messages: tuple[TimelineMessage, ...]


class FindTimeline(Query[TimelineFound], owner="insights"):
    """What insights keeps of a flow around a time (RFC 3339): up to so many messages before it, and after it.

    Those that are about no order: an order's messages are asked of their owners.
    """

    correlation_id: str
    around: str
    before: Annotated[int, Field(ge=0, le=50)] = 30
    after: Annotated[int, Field(ge=0, le=50)] = 20
