"""The queries that the customers service answers to other services."""

from events.queries import CustomerFound, FindCustomer
from functions.customers import service
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses

queries = Queries("customers", uses=Uses(streams="load"))


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
