"""Customers: who may order."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError, NotFoundError

Language = Literal["en", "es"]
DEFAULT_LANGUAGE: Language = "en"


@dataclass(frozen=True)
class Registered(DomainEvent):
    """Those who registered before there was a choice of languages have the default."""

    name: str
    sms_number: str
    language: str = DEFAULT_LANGUAGE


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
    """enabled ⇄ disabled, → erased: from then on it is for everybody as if the customer had never been there."""

    snapshot_schema: ClassVar[int] = 2  # with the language, which code that knows schema 1 would lose

    status: str = ""
    name: str = ""
    sms_number: str = ""
    language: str = DEFAULT_LANGUAGE

    @property
    def enabled(self) -> bool:
        """Whether the customer may order."""
        return self.status == "enabled"

    def register(self, name: str, sms_number: str, language: Language = DEFAULT_LANGUAGE) -> None:
        """Become a customer, who may order. Raises InvalidError for a blank name or number."""
        if not self.is_new:
            return
        if not name.strip():
            raise InvalidError("the customer name cannot be blank")
        _must_be_number(sms_number)
        self.record(Registered(name, sms_number, language))

    def enable(self) -> None:
        """Let the customer order again. Raises InvalidError when that is so already, NotFoundError once erased."""
        self.must_be_known()
        if self.enabled:
            raise InvalidError("the customer is already enabled")
        self.record(Enabled())

    def disable(self) -> None:
        """Let the customer order no more. Raises InvalidError when that is so already, NotFoundError once erased."""
        self.must_be_known()
        if not self.enabled:
            raise InvalidError("the customer is already disabled")
        self.record(Disabled())

    def change_sms_number(self, sms_number: str) -> None:
        """Take another number for text messages. Raises InvalidError for a blank one, NotFoundError once erased."""
        self.must_be_known()
        _must_be_number(sms_number)
        if sms_number != self.sms_number:
            self.record(SmsChanged(sms_number))

    def change_language(self, language: Language) -> None:
        """Take another language for text messages. Raises NotFoundError once erased."""
        self.must_be_known()
        if language != self.language:
            self.record(LanguageChanged(language))

    def authorize(self) -> None:
        """Raises RefusedError unless the customer may order, NotFoundError once erased."""
        self.must_be_known()
        self.must_be("enabled")

    def erase(self) -> None:
        """Forget the customer, for good."""
        if self.status != "erased":
            self.record(Erased())

    def must_be_known(self) -> None:
        """Raises NotFoundError once the customer is erased, as for one who never was."""
        if self.status == "erased":
            raise NotFoundError(f"there is no customer {self.id}")

    @applies(Registered)
    def _registered(self, event: Registered) -> None:
        self.status = "enabled"
        self.name = event.name
        self.sms_number = event.sms_number
        self.language = event.language

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


def _must_be_number(sms_number: str) -> None:
    if not sms_number.strip():
        raise InvalidError("the customer SMS number cannot be blank")
