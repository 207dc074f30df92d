"""What the customers service consumes: the saga's command to authorize a customer for an order, and its own events."""

from events.checkout import AuthorizeCustomer
from events.customers import (
    CustomerAuthorized,
    CustomerDisabled,
    CustomerEnabled,
    CustomerErased,
    CustomerRefused,
    CustomerRegistered,
    CustomerSmsChanged,
    CustomerState,
)
from functions.customers import service, sessions
from functions.customers.codes import code_key
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

inbox = Inbox("customers", uses=Uses(streams="load", rows=("put",), ports=(code_key,)))


@inbox.answers(
    AuthorizeCustomer,
    accepted=lambda command: CustomerAuthorized(order_id=command.order_id),
    refused=lambda command, error: CustomerRefused(order_id=command.order_id, reason=error.message),
)
def authorize_customer(command: AuthorizeCustomer) -> None:
    service.authorize(command.customer_id)


@inbox.on(CustomerRegistered, CustomerSmsChanged, CustomerEnabled, CustomerDisabled)
def index_phone(event: CustomerState) -> None:
    sessions.index_phone(event.customer_id)


@inbox.on(CustomerErased)
def remove_phone(event: CustomerErased) -> None:
    sessions.index_phone(event.customer_id)
