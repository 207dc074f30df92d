"""The REST routes of customers."""

from typing import cast

from events.queries import (
    FindBasketsOf,
    FindInvoices,
    FindOrdersOf,
    FindPaymentsOf,
    FindReasons,
    FindSkippedTexts,
    FindTextsTo,
)
from functions.customers import held_api, service, sessions
from functions.customers.codes import code_key
from functions.customers.domain import DEFAULT_LANGUAGE, Language
from functions.customers.wrapping import decrypt_data_key, make_data_key
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Body, Name, Stamp, Wire
from functions.kernel.runtime.context import CUSTOMER, KIOSK, STAFF
from functions.kernel.runtime.uses import Uses

api = Api(
    "customers",
    uses=Uses(
        streams="commit",
        vault=("get", "query", "put", "delete", "erase"),
        ports=(code_key, make_data_key, decrypt_data_key),
        asks=(
            FindOrdersOf,
            FindInvoices,
            FindReasons,
            FindSkippedTexts,
            FindBasketsOf,
            FindPaymentsOf,
            FindTextsTo,
        ),
        issues_tokens=True,
    ),
)
api.include(held_api.api)


class Created(Answer):
    id: str


class Found(Answer):
    """id: the customer's."""

    id: str


class NewCustomer(Body):
    name: Name
    sms_number: Name
    language: Language = DEFAULT_LANGUAGE


class SmsNumber(Body):
    sms_number: Name


class ChosenLanguage(Body):
    language: Language


class SentCode(Body):
    """A number, and the one-time code that was sent there."""

    sms_number: Name
    code: Name


class Session(Answer):
    token: str
    expires_at: Stamp


class OpenedSession(Session):
    customer_id: str


class CustomerShape(Wire):
    id: str
    name: str
    sms_number: str
    enabled: bool
    language: Language


class CustomerAnswer(Answer):
    customer: CustomerShape


@api.post("/api/customers", may=[STAFF, KIOSK], errors=[404])
def register_customer(body: NewCustomer) -> Created:
    """Register a customer."""
    return Created(id=service.register(body.name, body.sms_number, body.language))


@api.get("/api/customers/{id}", may=[STAFF, CUSTOMER])
def get_customer(id: str) -> CustomerAnswer:
    """Show a customer."""
    customer = service.customer(id)
    personal = service.personal(customer)
    return CustomerAnswer(
        customer=CustomerShape(
            id=id,
            name=personal.name,
            sms_number=personal.sms_number,
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


@api.post("/api/customers/{id}/sessions", may=[KIOSK, CUSTOMER], versioned=False)
def open_session(id: str) -> Session:
    """Open a session for a customer whom this kiosk has just registered, or renew the customer's own."""
    issued = sessions.open_session(id)
    return Session(token=issued.token, expires_at=issued.expires_at)


@api.post("/api/customers/numbers", may=[STAFF], errors=[404], versioned=False, routine=True)
def find_customer(body: SmsNumber) -> Found:
    """Find who has a number for text messages.

    The number is in the body, so that no address that is logged holds it.
    """
    return Found(id=sessions.who_has(body.sms_number))


@api.post("/api/customers/codes", may=[KIOSK], errors=[429])
def request_code(body: SmsNumber) -> None:
    """Send a one-time code to a number, if a customer has it; the answer is the same if none has."""
    sessions.request_code(body.sms_number)


@api.post("/api/customers/sessions", may=[KIOSK], errors=[429])
def open_session_by_code(body: SentCode) -> OpenedSession:
    """Open a session for the customer who has a number, by the one-time code that was sent there."""
    customer_id, issued = sessions.open_session_by_code(body.sms_number, body.code)
    return OpenedSession(customer_id=customer_id, token=issued.token, expires_at=issued.expires_at)
