"""The queries that the customers service answers to other services."""

from events.queries import (
    AddressFound,
    CustomerFound,
    CustomerNamesFound,
    CustomerStatusFound,
    FindAddress,
    FindCustomer,
    FindCustomerNames,
    FindCustomerStatus,
    FindOneTimeCode,
    OneTimeCodeFound,
)
from functions.customers import service, sessions
from functions.customers.codes import code_key
from functions.customers.numbers import normalized
from functions.customers.wrapping import decrypt_data_key
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses

queries = Queries(
    "customers", uses=Uses(streams="load", vault=("get", "get_many", "query"), ports=(code_key, decrypt_data_key))
)


@queries.on(FindCustomer)
def find_customer(query: FindCustomer) -> CustomerFound:
    customer = service.customer(query.customer_id)
    personal = service.personal(customer)
    return CustomerFound(
        customer_id=customer.id,
        name=personal.name,
        sms_number=personal.sms_number,
        enabled=customer.enabled,
        language=customer.language,
        version=customer.version,
    )


@queries.on(FindCustomerStatus)
def find_customer_status(query: FindCustomerStatus) -> CustomerStatusFound:
    customer = service.customer(query.customer_id)
    return CustomerStatusFound(
        customer_id=customer.id, enabled=customer.enabled, language=customer.language, version=customer.version
    )


@queries.on(FindAddress)
def find_address(query: FindAddress) -> AddressFound:
    """In the form by which it is compared: as written, it might be dialled as another's (numbers.py)."""
    customer = service.customer(query.customer_id)
    return AddressFound(sms_number=normalized(service.personal(customer).sms_number), language=customer.language)


@queries.on(FindCustomerNames)
def find_customer_names(query: FindCustomerNames) -> CustomerNamesFound:
    return CustomerNamesFound(names=service.names(query.customer_ids))


@queries.on(FindOneTimeCode)
def find_one_time_code(query: FindOneTimeCode) -> OneTimeCodeFound:
    number, language, code = sessions.code_to_send(query.phone_id, query.request)
    return OneTimeCodeFound(sms_number=number, language=language, code=code)
