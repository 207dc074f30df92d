"""What services may ask each other directly, where a copy is not enough."""

from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """What the owner answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")


R = TypeVar("R", bound=Answer)


class Query(BaseModel, Generic[R]):
    """A question to the service that owns the thing: `class FindProduct(Query[ProductFound], owner="stores")`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: ClassVar[str]
    answer: ClassVar[Any]

    def __init_subclass__(cls, owner: str | None = None, **kwargs: Any) -> None:
        # The class is made before pydantic knows its fields; Python hands the keywords over here already.
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, owner: str | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if owner is not None:
            cls.owner = owner
            parent: Any = cls.__mro__[1]
            cls.answer = parent.__pydantic_generic_metadata__["args"][0]


class ProductFound(Answer):
    """A product as its owner has it now, with its store. `version` is that of the product's stream."""

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
    """What is this product, and what does it cost now?"""

    product_id: str


class CustomerFound(Answer):
    """A customer as its owner has it now. `version` is that of the customer's stream."""

    customer_id: str
    name: str
    sms_number: str
    enabled: bool
    language: str = "en"  # an owner that is older than this member does not name it
    version: int


class FindCustomer(Query[CustomerFound], owner="customers"):
    """Who is this customer?"""

    customer_id: str


class OrderFound(Answer):
    """An order as its owner has it now."""

    order_id: str
    customer_id: str
    status: str
    total: int
    version: int


class FindOrder(Query[OrderFound], owner="ordering"):
    """How does this order stand?"""

    order_id: str
