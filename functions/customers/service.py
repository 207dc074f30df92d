"""The use cases of customers."""

from functions.customers.domain import DEFAULT_LANGUAGE, Customer, Language
from functions.customers.publish import publishes
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import clock, context
from functions.kernel.runtime.context import KIOSK

customers = Repository(Customer, publishes, owner=lambda customer: customer.id)


def register(name: str, sms_number: str, language: Language = DEFAULT_LANGUAGE) -> str:
    """Register a customer and return the id. Raises InvalidError."""
    new_id = context.current().new_id()
    caller = context.current().caller
    by = caller.id if caller.has(KIOSK) else ""
    return customers.create(
        new_id, lambda customer: customer.register(name, sms_number, language, kiosk_id=by, at=clock.stamp())
    ).id


def customer(customer_id: str) -> Customer:
    """A customer as of now. Raises NotFoundError, also for an erased one."""
    customer = customers.get(customer_id)
    customer.must_not_be_erased()
    return customer


def enable(customer_id: str) -> None:
    """Enable a customer to order. Raises NotFoundError, InvalidError."""
    customers.change(customer_id, lambda customer: customer.enable())


def disable(customer_id: str) -> None:
    """Keep a customer from ordering. Raises NotFoundError, InvalidError."""
    customers.change(customer_id, lambda customer: customer.disable())


def change_sms_number(customer_id: str, sms_number: str) -> None:
    """Change the number for a customer's text messages. Raises NotFoundError, InvalidError."""
    customers.change(customer_id, lambda customer: customer.change_sms_number(sms_number))


def change_language(customer_id: str, language: Language) -> None:
    """Change the language of a customer's text messages. Raises NotFoundError."""
    customers.change(customer_id, lambda customer: customer.change_language(language))


def erase(customer_id: str) -> None:
    """Erase a customer; `Customer.erase` says what becomes of their orders. Raises NotFoundError for an unknown one."""
    customers.change(customer_id, lambda customer: customer.erase())


def authorize(customer_id: str) -> None:
    """Raises RefusedError for a disabled customer, NotFoundError for an unknown or erased one."""
    customers.get(customer_id).authorize()
