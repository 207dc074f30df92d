"""The REST routes of customers."""

from typing import cast

from functions.customers import service
from functions.customers.domain import DEFAULT_LANGUAGE, Language
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Body, Name, Wire
from functions.kernel.runtime.context import CUSTOMER, KIOSK, STAFF
from functions.kernel.runtime.uses import Uses

api = Api("customers", uses=Uses(streams="commit"))


class Created(Answer):
    id: str


class NewCustomer(Body):
    name: Name
    sms_number: Name
    language: Language = DEFAULT_LANGUAGE


class SmsNumber(Body):
    sms_number: Name


class ChosenLanguage(Body):
    language: Language


class CustomerShape(Wire):
    id: str
    name: str
    sms_number: str
    enabled: bool
    language: Language


class CustomerAnswer(Answer):
    customer: CustomerShape


@api.post("/api/customers", may=[STAFF, KIOSK])
def register_customer(body: NewCustomer) -> Created:
    """Register a customer."""
    return Created(id=service.register(body.name, body.sms_number, body.language))


@api.get("/api/customers/{id}", may=[STAFF, CUSTOMER])
def get_customer(id: str) -> CustomerAnswer:
    """Show a customer."""
    customer = service.customer(id)
    return CustomerAnswer(
        customer=CustomerShape(
            id=id,
            name=customer.name,
            sms_number=customer.sms_number,
            enabled=customer.enabled,
            language=cast(Language, customer.language),
        )
    )


@api.put("/api/customers/{id}/enable", may=[STAFF])
def enable_customer(id: str) -> None:
    """Enable a customer, who may order again."""
    service.enable(id)


@api.put("/api/customers/{id}/disable", may=[STAFF])
def disable_customer(id: str) -> None:
    """Disable a customer, who may not order any more."""
    service.disable(id)


@api.put("/api/customers/{id}/change-sms", may=[STAFF, CUSTOMER])
def change_sms_number(id: str, body: SmsNumber) -> None:
    """Change the number for a customer's text messages."""
    service.change_sms_number(id, body.sms_number)


@api.put("/api/customers/{id}/language", may=[STAFF, CUSTOMER])
def change_language(id: str, body: ChosenLanguage) -> None:
    """Change the language of a customer's text messages."""
    service.change_language(id, body.language)


@api.delete("/api/customers/{id}", may=[STAFF, CUSTOMER])
def erase_customer(id: str) -> None:
    """Erase a customer's name and number; the customer's orders remain."""
    service.erase(id)
