"""What the customers service consumes: the saga's command to authorize a customer for an order, and what is to seal."""

from events.checkout import AuthorizeCustomer
from events.customers import (
    CustomerAuthorized,
    CustomerDisabled,
    CustomerEnabled,
    CustomerErased,
    CustomerRefused,
    CustomerRegistered,
    CustomerSmsChanged,
    PersonalDataToSeal,
)
from functions.customers import migration, service
from functions.customers.codes import code_key
from functions.customers.wrapping import decrypt_data_key, make_data_key
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

inbox = Inbox(
    "customers",
    uses=Uses(
        streams="rewrite",
        vault=("get", "query", "put", "erase"),
        ports=(code_key, make_data_key, decrypt_data_key),
    ),
)
inbox.drain(CustomerRegistered, CustomerSmsChanged, CustomerEnabled, CustomerDisabled, CustomerErased)


@inbox.answers(
    AuthorizeCustomer,
    accepted=lambda command: CustomerAuthorized(order_id=command.order_id),
    refused=lambda command, error: CustomerRefused(order_id=command.order_id, reason=error.message),
)
def authorize_customer(command: AuthorizeCustomer) -> None:
    service.authorize(command.customer_id)


@inbox.on(PersonalDataToSeal)
def seal_personal_data(timer: PersonalDataToSeal) -> None:
    migration.seal(timer.stream)
