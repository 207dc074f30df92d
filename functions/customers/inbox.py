"""What the customers service consumes: the saga's command to authorize a customer for an order."""

from events.checkout import AuthorizeCustomer
from events.customers import CustomerAuthorized, CustomerRefused
from functions.customers import service
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

inbox = Inbox("customers", uses=Uses(streams="load"))


@inbox.answers(
    AuthorizeCustomer,
    accepted=lambda command: CustomerAuthorized(order_id=command.order_id),
    refused=lambda command, error: CustomerRefused(order_id=command.order_id, reason=error.message),
)
def authorize_customer(command: AuthorizeCustomer) -> None:
    service.authorize(command.customer_id)
