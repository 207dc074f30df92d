"""The queries that the customers service answers to other services."""

from events.queries import (
    CustomerFound,
    CustomerStatusFound,
    FindCustomer,
    FindCustomerStatus,
    FindOneTimeCode,
    OneTimeCodeFound,
)
from functions.customers import service, sessions
from functions.customers.codes import code_key
from functions.customers.numbers import normalized
from functions.customers.views import BY_PHONE
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses

queries = Queries("customers", uses=Uses(streams="load", indexes=(BY_PHONE,), ports=(code_key,)))


@queries.on(FindCustomer)
def find_customer(query: FindCustomer) -> CustomerFound:
    customer = service.customer(query.customer_id)
    return CustomerFound(
        customer_id=customer.id,
        name=customer.name,
        sms_number=customer.sms_number,
        enabled=customer.enabled,
        language=customer.language,
        version=customer.version,
    )


@queries.on(FindCustomerStatus)
def find_customer_status(query: FindCustomerStatus) -> CustomerStatusFound:
    customer = service.customer(query.customer_id)
    return CustomerStatusFound(customer_id=customer.id, enabled=customer.enabled)


@queries.on(FindOneTimeCode)
def find_one_time_code(query: FindOneTimeCode) -> OneTimeCodeFound:
    """The code goes to the number that the digest is of: as it is written, it might be dialled as another phone's."""
    customer, code = sessions.code_to_send(query.phone_id, query.request)
    return OneTimeCodeFound(sms_number=normalized(customer.sms_number), language=customer.language, code=code)
