"""What one can do with customers."""

from functions.customers.domain import DEFAULT_LANGUAGE, Customer, Language
from functions.customers.publish import publishes
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import context

customers = Repository(Customer, publishes)


def register(name: str, sms_number: str, language: Language = DEFAULT_LANGUAGE) -> str:
    """Make somebody a customer and return the id. Raises InvalidError."""
    new_id = context.current().new_id()
    return customers.create(new_id, lambda customer: customer.register(name, sms_number, language)).id


def customer(customer_id: str) -> Customer:
    """A customer as one is now. Raises NotFoundError, also for one who was erased."""
    customer = customers.get(customer_id)
    customer.must_be_known()
    return customer


def enable(customer_id: str) -> None:
    """Let a customer order again. Raises NotFoundError, InvalidError."""
    customers.change(customer_id, lambda customer: customer.enable())


def disable(customer_id: str) -> None:
    """Let a customer order no more. Raises NotFoundError, InvalidError."""
    customers.change(customer_id, lambda customer: customer.disable())


def change_sms_number(customer_id: str, sms_number: str) -> None:
    """Take another number for a customer's text messages. Raises NotFoundError, InvalidError."""
    customers.change(customer_id, lambda customer: customer.change_sms_number(sms_number))


def change_language(customer_id: str, language: Language) -> None:
    """Take another language for a customer's text messages. Raises NotFoundError."""
    customers.change(customer_id, lambda customer: customer.change_language(language))


def erase(customer_id: str) -> None:
    """Forget a customer. Raises NotFoundError for one who never was."""
    customers.change(customer_id, lambda customer: customer.erase())


def authorize(customer_id: str) -> None:
    """Raises RefusedError for a customer who may not order, NotFoundError for one who is not there."""
    customers.get(customer_id).authorize()
