"""The rules of a customer."""

from collections.abc import Callable

import pytest

from functions.customers.domain import (
    Customer,
    Disabled,
    Enabled,
    Erased,
    LanguageChanged,
    Registered,
    SmsChanged,
)
from tests.support.given import given


class PlainKey:
    """Seals a text so that tests can read it."""

    def seal(self, text: str, field: str, event: int) -> str:
        return f"sealed:{event}:{field}: {text}"

    def open(self, sealed: str, field: str) -> str | None:
        return sealed.partition(": ")[2]


KEY = PlainKey()
REGISTERED = Registered("sealed:1:name: Ada Reyes", "sealed:1:sms_number: +1 555 0100")
BLANK = ["", " ", "\t\n"]


def test_a_new_customer_may_order() -> None:
    (
        given(Customer)
        .when(lambda customer: customer.register("Ada Reyes", "+1 555 0100", key=KEY))
        .then(REGISTERED)
        .then_state(
            status="enabled", enabled=True, name=REGISTERED.name, sms_number=REGISTERED.sms_number, language="en"
        )
    )


@pytest.mark.parametrize("blank", BLANK)
def test_a_customer_needs_a_name(blank: str) -> None:
    given(Customer).when(lambda customer: customer.register(blank, "+1 555 0100", key=KEY)).then_invalid(
        "the customer name cannot be blank"
    )


@pytest.mark.parametrize("blank", BLANK)
def test_a_customer_needs_a_number(blank: str) -> None:
    message = "the customer SMS number cannot be blank"
    given(Customer).when(lambda customer: customer.register("Ada Reyes", blank, key=KEY)).then_invalid(message)
    given(Customer, REGISTERED).when(lambda customer: customer.change_sms_number(blank, KEY)).then_invalid(message)


def test_a_customer_does_not_register_again() -> None:
    given(Customer, REGISTERED).when(lambda customer: customer.register("Eve", "+1 555 0199", key=KEY)).then_nothing()
    given(Customer, REGISTERED, Erased()).when(lambda customer: customer.register("Eve", "+1", key=KEY)).then_nothing()


def test_a_customer_may_be_disabled_and_enabled_again() -> None:
    given(Customer, REGISTERED).when(Customer.disable).then(Disabled()).then_state(enabled=False)
    given(Customer, REGISTERED, Disabled()).when(Customer.enable).then(Enabled()).then_state(enabled=True)


def test_a_customer_who_is_enabled_cannot_be_enabled() -> None:
    given(Customer, REGISTERED).when(Customer.enable).then_invalid("the customer is already enabled")


def test_a_customer_who_is_disabled_cannot_be_disabled() -> None:
    given(Customer, REGISTERED, Disabled()).when(Customer.disable).then_invalid("the customer is already disabled")


@pytest.mark.parametrize("history", [[REGISTERED], [REGISTERED, Disabled()]], ids=["enabled", "disabled"])
def test_a_customer_may_change_the_number(history: list[Registered | Disabled]) -> None:
    given(Customer, *history).when(lambda customer: customer.change_sms_number("+1 555 0101", KEY)).then(
        SmsChanged(f"sealed:{len(history) + 1}:sms_number: +1 555 0101")
    ).then_state(sms_number=f"sealed:{len(history) + 1}:sms_number: +1 555 0101", name=REGISTERED.name)


def test_a_change_to_the_same_number_changes_nothing() -> None:
    given(Customer, REGISTERED).when(lambda customer: customer.change_sms_number("+1 555 0100", KEY)).then_nothing()


def test_a_customer_may_register_in_another_language() -> None:
    given(Customer).when(lambda customer: customer.register("Ada Reyes", "+1 555 0100", "es", key=KEY)).then(
        Registered(REGISTERED.name, REGISTERED.sms_number, "es")
    ).then_state(language="es")


@pytest.mark.parametrize("history", [[REGISTERED], [REGISTERED, Disabled()]], ids=["enabled", "disabled"])
def test_a_customer_may_change_the_language(history: list[Registered | Disabled]) -> None:
    given(Customer, *history).when(lambda customer: customer.change_language("es")).then(
        LanguageChanged("es")
    ).then_state(language="es", name=REGISTERED.name, sms_number=REGISTERED.sms_number)


def test_a_change_to_the_same_language_changes_nothing() -> None:
    given(Customer, REGISTERED).when(lambda customer: customer.change_language("en")).then_nothing()
    given(Customer, REGISTERED, LanguageChanged("es")).when(
        lambda customer: customer.change_language("es")
    ).then_nothing()


def test_a_customer_who_is_enabled_is_authorized_and_that_changes_nothing() -> None:
    given(Customer, REGISTERED).when(Customer.authorize).then_nothing()
    given(Customer, REGISTERED, Disabled(), Enabled()).when(Customer.authorize).then_nothing()


def test_a_disabled_customer_is_refused() -> None:
    given(Customer, REGISTERED, Disabled()).when(Customer.authorize).then_refused("the customer is disabled")


@pytest.mark.parametrize("history", [[REGISTERED], [REGISTERED, Disabled()]], ids=["enabled", "disabled"])
def test_an_erased_customer_has_no_name_and_number(history: list[Registered | Disabled]) -> None:
    given(Customer, *history, LanguageChanged("es")).when(Customer.erase).then(Erased()).then_state(
        status="erased", enabled=False, name="", sms_number="", language="es"
    )


def test_a_customer_is_erased_once() -> None:
    given(Customer, REGISTERED, Erased()).when(Customer.erase).then_nothing()


@pytest.mark.parametrize(
    "command",
    [
        Customer.enable,
        Customer.disable,
        Customer.authorize,
        Customer.must_not_be_erased,
        lambda customer: customer.change_sms_number("+1 555 0101", KEY),
        lambda customer: customer.change_sms_number("", KEY),
        lambda customer: customer.change_language("es"),
    ],
)
def test_an_erased_customer_is_not_found(command: Callable[[Customer], None]) -> None:
    given(Customer, REGISTERED, Erased(), id="ada").when(command).then_not_found("there is no customer ada")
