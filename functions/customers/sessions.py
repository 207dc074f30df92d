"""The use cases of customers' sessions: open one, prove a phone by a one-time code, and renew.

A session is a token of the mall's own (kernel/runtime/tokens.py) that says when it began. Nothing is stored for it:
disabling or erasing the customer ends it, since the authorizer asks for that (FindCustomerStatus).
"""

from collections.abc import Iterator
from datetime import timedelta

from functions.customers import codes, keys
from functions.customers.domain import Customer, must_be_number
from functions.customers.numbers import normalized
from functions.customers.phone import CodeUsed, Kiosk, Phone
from functions.customers.publish import publishes
from functions.customers.service import bind_request, customer, customers, personal
from functions.kernel.domain.errors import ForbiddenError, InvalidError, NotFoundError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import clock, context, tokens
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.context import CUSTOMER
from functions.kernel.runtime.tokens import SESSION, Issued

JUST_REGISTERED = timedelta(minutes=10)
LONGEST = 7_200  # seconds after a session began in which it is renewed

phones = Repository(Phone, publishes)
kiosks = Repository(Kiosk, publishes)


def open_session(customer_id: str) -> Issued:
    """A session for whom this kiosk has just registered, or another token for the customer's own session.

    Raises NotFoundError and ForbiddenError, and UnavailableError where no key can sign.
    """
    caller = context.current().caller
    return _renewed(customer_id, caller.began) if caller.role == CUSTOMER else _first(customer_id, caller.id)


def _first(customer_id: str, kiosk_id: str) -> Issued:
    """A kiosk learns of nobody but whom it registered itself; where there is none, that reads as it always does."""
    registered = customer(customer_id)
    if registered.kiosk_id != kiosk_id or not registered.enabled:
        raise NotFoundError(f"there is no customer {customer_id}")
    if clock.now() >= clock.read(registered.registered_at) + JUST_REGISTERED:
        raise ForbiddenError("this customer registered more than 10 minutes ago: prove the phone by a one-time code")
    return _session(customer_id, _now())


def _renewed(customer_id: str, began: int | None) -> Issued:
    if not customer(customer_id).enabled:
        raise ForbiddenError("this customer is disabled, so the session has ended")
    if began is None or _now() >= began + LONGEST:
        raise ForbiddenError("this session began 2 hours ago: prove the phone again by a one-time code")
    return _session(customer_id, began)


def request_code(sms_number: str) -> None:
    """Have a one-time code sent to a number, if a customer has it. Raises InvalidError, TooManyError.

    The same is done for any number: who has it is asked later, when the code is to be sent (`code_to_send`).
    """
    must_be_number(sms_number)
    bind_request(codes.digest)
    now = _now()
    kiosks.create(context.current().caller.id, lambda kiosk: kiosk.count_request(now))
    phones.create(codes.phone_id(sms_number), lambda phone: phone.request_code(now))


def open_session_by_code(sms_number: str, code: str) -> tuple[str, Issued]:
    """The customer who has a number, and a session, by the code that was sent there.

    Raises InvalidError, TooManyError, UnavailableError; and ForbiddenError, in the same words, for a wrong code, one
    that is not valid any more, and a number that no customer has.
    """
    must_be_number(sms_number)
    given = "".join(code.split())
    if len(given) != codes.DIGITS or not (given.isascii() and given.isdigit()):
        raise InvalidError(f"the code must have {codes.DIGITS} digits")
    bind_request(codes.digest)
    phone_id, now = codes.phone_id(sms_number), _now()
    kiosks.create(context.current().caller.id, lambda kiosk: kiosk.count_try(now))
    began = _proven(phone_id, given, now)
    found = _customer_with(phone_id) if began is not None else None
    if began is None or found is None or now >= began + SESSION:
        raise ForbiddenError("this code is wrong or not valid any more: request another one")
    return found.id, _session(found.id, began)


def _proven(phone_id: str, given: str, now: int) -> int | None:
    """When a code was proven by this request, or by the same one before (a Unix time); None if it was not."""
    right = False

    def decide(phone: Phone) -> None:
        nonlocal right
        right = phone.try_code(given, codes.code(phone_id, phone.request), now)

    phones.create(phone_id, decide)
    before = context.current().recorded
    if before and before.stream == Phone.stream(phone_id):
        return _used_at(before)
    return now if right else None


def _used_at(commit: Commit) -> int | None:
    used = any(event.name == CodeUsed.__name__ for event in commit.events)
    return int(clock.read(commit.time).timestamp()) if used else None


def who_has(sms_number: str) -> str:
    """The id of who has a number, however it is written: who registered last. Raises InvalidError, NotFoundError."""
    must_be_number(sms_number)
    found = next(_customers_with(codes.phone_id(sms_number)), None)
    if found is None:
        raise NotFoundError("no customer has this number")
    return found.id


def code_to_send(phone_id: str, request: int) -> tuple[str, str, str]:
    """To which number and in which language to send the code of a request, and the code.

    The number is in the form by which it is compared. As the customer wrote it, it might be dialled as another one,
    whose holder would then get the code for the customers of this one. Raises NotFoundError unless the code is valid
    now, and somebody's.
    """
    phone = phones.get(phone_id)
    found = _customer_with(phone_id) if phone.request == request and phone.has_valid_code(_now()) else None
    if found is None:
        raise NotFoundError("this request has no code that is to be sent")
    number = normalized(personal(found).sms_number)
    return number, found.language, codes.code(phone_id, request)


def _customer_with(phone_id: str) -> Customer | None:
    """Of the enabled customers with a phone, the one who registered last."""
    return next((customer for customer in _customers_with(phone_id) if customer.enabled), None)


def _customers_with(phone_id: str) -> Iterator[Customer]:
    """Those with a phone, who registered last first. A row proposes, the number decides."""
    found = (customers.load(customer_id).aggregate for customer_id in keys.customers_with(phone_id))
    return (customer for customer in found if keys.has(customer, phone_id))


def _session(customer_id: str, began: int) -> Issued:
    return tokens.issue(CUSTOMER, customer_id, began=began)


def _now() -> int:
    return int(clock.now().timestamp())
