"""What the customers service says: who may order, and its answers to the saga."""

from typing import Literal

from events.checkout import AuthorizeCustomer
from events.registry import Event, Reply


class CustomerState(Event):
    """A customer as others may know one. `language` is the one of text messages, as an ISO 639-1 code."""

    customer_id: str
    name: str
    sms_number: str
    enabled: bool
    language: str = "en"  # what was said before customers had one does not name it


class CustomerRegistered(CustomerState, source="customers", key="customer_id"):
    """Somebody became a customer."""


class CustomerSmsChanged(CustomerState, source="customers", key="customer_id"):
    """A customer gave another number for text messages."""


class CustomerLanguageChanged(CustomerState, source="customers", key="customer_id"):
    """A customer wants text messages in another language."""


class CustomerEnabled(CustomerState, source="customers", key="customer_id"):
    """A customer may order again."""


class CustomerDisabled(CustomerState, source="customers", key="customer_id"):
    """A customer may no longer order."""


class CustomerErased(Event, source="customers", key="customer_id"):
    """A customer asked to be forgotten: whoever keeps the name or the number lets go of it."""

    customer_id: str
    erased: Literal[True] = True


class CustomerAuthorized(Reply, source="customers", key="order_id", answers=AuthorizeCustomer):
    """The customer may place this order."""

    order_id: str


class CustomerRefused(Reply, source="customers", key="order_id", answers=AuthorizeCustomer):
    """The customer is unknown or may not order."""

    order_id: str
    reason: str
