"""Messages of the customers service: who may order, and its replies to the saga."""

from typing import Any, Literal

from events.checkout import AuthorizeCustomer
from events.registry import Event, Reply, Timer, upcasts
from events.shapes import Time

# The customer of synthetic orders (functions/customers/synthetic.py): no figure counts it, and no text is sent to it.
SYNTHETIC_CUSTOMER = "synthetic"


class CustomerState(Event):
    """The public state of a customer, without what is personal, which is asked of its owner (FindAddress).

    `language` is that of text messages, as an ISO 639-1 code.
    """

    customer_id: str
    enabled: bool
    language: str = "en"  # messages published before this field existed lack it


class CustomerRegistered(CustomerState, source="customers", key="customer_id", version=2):
    """A customer registered."""


class CustomerSmsChanged(CustomerState, source="customers", key="customer_id", version=2):
    """A customer changed the number for text messages."""


class CustomerLanguageChanged(CustomerState, source="customers", key="customer_id", version=2):
    """A customer changed the language of text messages."""


class CustomerEnabled(CustomerState, source="customers", key="customer_id", version=2):
    """A customer may order again."""


class CustomerDisabled(CustomerState, source="customers", key="customer_id", version=2):
    """A customer may no longer order."""


@upcasts(CustomerRegistered, from_version=1)
@upcasts(CustomerSmsChanged, from_version=1)
@upcasts(CustomerLanguageChanged, from_version=1)
@upcasts(CustomerEnabled, from_version=1)
@upcasts(CustomerDisabled, from_version=1)
def without_what_is_personal(data: dict[str, Any]) -> dict[str, Any]:
    """The first version held the name and the number: they are dropped when it is read."""
    return {field: value for field, value in data.items() if field not in ("name", "sms_number")}


class CustomerErased(Event, source="customers", key="customer_id"):
    """A customer asked to be forgotten."""

    customer_id: str
    erased: Literal[True] = True


class OneTimeCodeRequested(Event, source="customers", key="phone_id"):
    """A kiosk requested a one-time code for a phone, whether or not a customer has it.

    phone_id: a keyed digest of the number. request: the number of the request; a newer one makes the code invalid. Whom
    to send the code, and the code, is asked of customers (FindOneTimeCode).
    """

    phone_id: str
    request: int
    expires_at: Time


class PersonalDataToSeal(Timer, source="customers", key="stream"):
    """A stream of the customers service may hold what is personal as it is, from before it was sealed.

    stream: kind and id, such as Customer#<id>.
    """

    stream: str


class CustomerAuthorized(Reply, source="customers", key="order_id", answers=AuthorizeCustomer):
    """The customer may place this order."""

    order_id: str


class CustomerRefused(Reply, source="customers", key="order_id", answers=AuthorizeCustomer):
    """The customer is unknown or may not order."""

    order_id: str
    reason: str
