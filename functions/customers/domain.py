"""Customers: who may order, and who is erased.

What happens to orders under way when their customer is erased: see Customer.erase, and README.md, Erasing.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError, NotFoundError

Language = Literal["en", "es"]
DEFAULT_LANGUAGE: Language = "en"


@dataclass(frozen=True)
class Registered(DomainEvent):
    """An event from before customers chose a language has the default.

    kiosk_id: the kiosk that registered the customer, if one did. at: when, RFC 3339. Earlier code kept neither.
    """

    name: str
    sms_number: str
    language: str = DEFAULT_LANGUAGE
    kiosk_id: str = ""
    at: str = ""


@dataclass(frozen=True)
class SmsChanged(DomainEvent):
    sms_number: str


@dataclass(frozen=True)
class LanguageChanged(DomainEvent):
    language: str


@dataclass(frozen=True)
class Enabled(DomainEvent):
    pass


@dataclass(frozen=True)
class Disabled(DomainEvent):
    pass


@dataclass(frozen=True)
class Erased(DomainEvent):
    pass


@dataclass
class Customer(Aggregate):
    """enabled ⇄ disabled, → erased, which is final: from then on commands and queries find no such customer.

    Whether a customer may order is asked once for each order, by the saga (`authorize`): an order that was authorized
    goes on to its end, even if its customer is disabled or erased afterwards.

    kiosk_id: the kiosk that registered the customer; "" if staff did, or if that was not kept. registered_at: RFC 3339,
    "" where it was not kept.
    """

    snapshot_schema: ClassVar[int] = 3  # the second kept neither the kiosk nor the time, the first no language

    status: str = ""
    name: str = ""
    sms_number: str = ""
    language: str = DEFAULT_LANGUAGE
    kiosk_id: str = ""
    registered_at: str = ""

    @property
    def enabled(self) -> bool:
        """Whether the customer may order."""
        return self.status == "enabled"

    def register(
        self,
        name: str,
        sms_number: str,
        language: Language = DEFAULT_LANGUAGE,
        *,
        kiosk_id: str = "",
        at: str = "",
    ) -> None:
        """Register the customer, who may order. Raises InvalidError for a blank name or number."""
        if not self.is_new:
            return
        if not name.strip():
            raise InvalidError("the customer name cannot be blank")
        must_be_number(sms_number)
        self.record(Registered(name, sms_number, language, kiosk_id, at))

    def enable(self) -> None:
        """Enable the customer to order. Raises InvalidError when already enabled, NotFoundError once erased."""
        self.must_not_be_erased()
        if self.enabled:
            raise InvalidError("the customer is already enabled")
        self.record(Enabled())

    def disable(self) -> None:
        """Keep the customer from ordering. Raises InvalidError when already disabled, NotFoundError once erased."""
        self.must_not_be_erased()
        if not self.enabled:
            raise InvalidError("the customer is already disabled")
        self.record(Disabled())

    def change_sms_number(self, sms_number: str) -> None:
        """Change the number for text messages. Raises InvalidError for a blank one, NotFoundError once erased."""
        self.must_not_be_erased()
        must_be_number(sms_number)
        if sms_number != self.sms_number:
            self.record(SmsChanged(sms_number))

    def change_language(self, language: Language) -> None:
        """Change the language of text messages. Raises NotFoundError once erased."""
        self.must_not_be_erased()
        if language != self.language:
            self.record(LanguageChanged(language))

    def authorize(self) -> None:
        """Raises RefusedError unless the customer may order, NotFoundError once erased."""
        self.must_not_be_erased()
        self.must_be("enabled")

    def erase(self) -> None:
        """Erase the customer: the right to be forgotten. A second time changes nothing.

        The name and the number leave the state, and CustomerErased has every copy drop them. The customer's orders
        remain. One that was authorized goes on to its end, without further texts. One that was not is refused to the
        saga, which rejects it and compensates all its steps. A new basket or payment finds no such customer.
        """
        if self.status != "erased":
            self.record(Erased())

    def must_not_be_erased(self) -> None:
        """Raises NotFoundError once the customer is erased, as for an unknown one."""
        if self.status == "erased":
            raise NotFoundError(f"there is no customer {self.id}")

    @applies(Registered)
    def _registered(self, event: Registered) -> None:
        self.status = "enabled"
        self.name = event.name
        self.sms_number = event.sms_number
        self.language = event.language
        self.kiosk_id = event.kiosk_id
        self.registered_at = event.at

    @applies(SmsChanged)
    def _sms_changed(self, event: SmsChanged) -> None:
        self.sms_number = event.sms_number

    @applies(LanguageChanged)
    def _language_changed(self, event: LanguageChanged) -> None:
        self.language = event.language

    @applies(Enabled)
    def _enabled(self, event: Enabled) -> None:
        self.status = "enabled"

    @applies(Disabled)
    def _disabled(self, event: Disabled) -> None:
        self.status = "disabled"

    @applies(Erased)
    def _erased(self, event: Erased) -> None:
        self.status = "erased"
        self.name = ""
        self.sms_number = ""
        self.language = DEFAULT_LANGUAGE


def must_be_number(sms_number: str) -> None:
    """Raises InvalidError for a blank number."""
    if not sms_number.strip():
        raise InvalidError("the customer SMS number cannot be blank")
