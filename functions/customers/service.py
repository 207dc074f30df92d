"""The use cases of customers.

What is personal is sealed by the customer's own key before it is recorded, and opened only for whoever is answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from functions.customers import keys
from functions.customers.domain import DEFAULT_LANGUAGE, Customer, Language, must_be_name, must_be_number
from functions.customers.publish import publishes
from functions.customers.sealing import CustomerKey
from functions.kernel.domain.errors import NotFoundError, UnavailableError
from functions.kernel.eventstore.loading import Loaded
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import clock, context, observe, runtime
from functions.kernel.runtime.context import KIOSK
from functions.kernel.runtime.transient import is_transient

customers = Repository(Customer, publishes, owner=lambda customer: customer.id)


@dataclass(frozen=True)
class Personal:
    """What is personal of a customer."""

    name: str
    sms_number: str


def register(name: str, sms_number: str, language: Language = DEFAULT_LANGUAGE) -> str:
    """Register a customer and return the id. Raises InvalidError, before there is a key: it would belong to nobody."""
    must_be_name(name)
    must_be_number(sms_number)
    new_id = context.current().new_id()
    caller = context.current().caller
    by = caller.id if caller.has(KIOSK) else ""
    key = keys.make(new_id)
    bind_request(key.digest)
    return customers.create(
        new_id,
        lambda customer: customer.register(name, sms_number, language, key=key, kiosk_id=by, at=clock.stamp()),
        beside=keys.follow(key),
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
    key = _key_of(customer_id)
    bind_request(key.digest)
    customers.change(customer_id, lambda customer: customer.change_sms_number(sms_number, key), beside=keys.follow(key))


def change_language(customer_id: str, language: Language) -> None:
    """Change the language of a customer's text messages. Raises NotFoundError.

    Where it changes nothing, its commit does not tell whether a number was to be changed: so its digest is bound, too.
    """
    if context.current().cause:
        bind_request(_key_of(customer_id).digest)
    customers.change(customer_id, lambda customer: customer.change_language(language))


def erase(customer_id: str) -> None:
    """Erase a customer; `Customer.erase` says what becomes of their orders. Raises NotFoundError for an unknown one."""
    customers.change(customer_id, lambda customer: customer.erase(), beside=keys.follow())


def personal(customer: Customer, key: CustomerKey | None = None) -> Personal:
    """What is personal of a customer, opened. Raises NotFoundError where it is forgotten."""
    key = key or keys.find(customer.id)
    name, sms_number = customer.name_opened_by(key), customer.number_opened_by(key)
    if name is None or sms_number is None:
        raise NotFoundError(f"there is no customer {customer.id}")
    return Personal(name, sms_number)


def names(customer_ids: Sequence[str]) -> dict[str, str]:
    """The names of customers by id, of those who have one: not of the unknown and the erased.

    A customer who cannot be read is left out, with an error in the log. Raises what may pass (UnavailableError, …).
    """
    wanted = list(dict.fromkeys(customer_ids))
    found = keys.find_many(wanted)
    loaded = runtime.current().side_by_side([partial(customers.load, id) for id in wanted])
    named = ((id, _name(id, one, found.get(id))) for id, one in zip(wanted, loaded, strict=True))
    return {id: name for id, name in named if name is not None}


def _name(customer_id: str, loaded: Loaded[Customer] | Exception, key: CustomerKey | None) -> str | None:
    if not isinstance(loaded, Exception):
        return loaded.aggregate.name_opened_by(key)
    if isinstance(loaded, UnavailableError) or is_transient(loaded):
        raise loaded
    observe.log_error(f"customer {customer_id} cannot be read", loaded)
    return None


def bind_request(keyed: Callable[[str], str]) -> None:
    """Keep the digest of a request that has what is personal so that nobody without the key can try out what it had.

    keyed: makes the digest that is kept. For a customer's request it is forgotten with the customer's key.
    """
    working = context.current()
    if working.cause and working.cause.is_key:
        plain = working.cause.digest
        working.cause = replace(working.cause, digest=keyed(plain), unbound=plain)


def _key_of(customer_id: str) -> CustomerKey:
    """A customer's key, made for one from before there were keys. Raises NotFoundError, also for an erased one."""
    return keys.find(customer_id) or keys.make(customer(customer_id).id)


def authorize(customer_id: str) -> None:
    """Raises RefusedError for a disabled customer, NotFoundError for an unknown or erased one."""
    customers.get(customer_id).authorize()
