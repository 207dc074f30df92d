"""The public events of the customers service."""

from datetime import UTC, datetime
from typing import Any

from events.customers import (
    CustomerDisabled,
    CustomerEnabled,
    CustomerErased,
    CustomerLanguageChanged,
    CustomerRegistered,
    CustomerSmsChanged,
    OneTimeCodeRequested,
)
from functions.customers.domain import (
    Customer,
    Disabled,
    Enabled,
    Erased,
    LanguageChanged,
    Registered,
    SmsChanged,
)
from functions.customers.phone import CodeRequested, Phone
from functions.kernel.eventstore.publish import Publisher
from functions.kernel.runtime import clock

publishes = Publisher("customers")


@publishes(Registered)
def customer_registered(customer: Customer, event: Registered) -> CustomerRegistered:
    return CustomerRegistered(**_state(customer))


@publishes(SmsChanged)
def customer_sms_changed(customer: Customer, event: SmsChanged) -> CustomerSmsChanged:
    return CustomerSmsChanged(**_state(customer))


@publishes(LanguageChanged)
def customer_language_changed(customer: Customer, event: LanguageChanged) -> CustomerLanguageChanged:
    return CustomerLanguageChanged(**_state(customer))


@publishes(Enabled)
def customer_enabled(customer: Customer, event: Enabled) -> CustomerEnabled:
    return CustomerEnabled(**_state(customer))


@publishes(Disabled)
def customer_disabled(customer: Customer, event: Disabled) -> CustomerDisabled:
    return CustomerDisabled(**_state(customer))


@publishes(Erased)
def customer_erased(customer: Customer, event: Erased) -> CustomerErased:
    return CustomerErased(customer_id=customer.id)


@publishes(CodeRequested)
def one_time_code_requested(phone: Phone, event: CodeRequested) -> OneTimeCodeRequested:
    expires = clock.stamp(datetime.fromtimestamp(phone.expires, UTC))
    return OneTimeCodeRequested(phone_id=phone.id, request=phone.request, expires_at=expires)


def _state(customer: Customer) -> dict[str, Any]:
    return {
        "customer_id": customer.id,
        "enabled": customer.enabled,
        "language": customer.language,
    }
