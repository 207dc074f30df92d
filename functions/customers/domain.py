"""Customers: who may order, and who is erased.

What happens to orders under way when their customer is erased: see Customer.erase, and README.md, Erasing.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies, upcasts
from functions.kernel.domain.errors import InvalidError, NotFoundError

Language = Literal["en", "es"]
DEFAULT_LANGUAGE: Language = "en"
NAME, NUMBER = "name", "sms_number"  # the fields that are sealed
SEALED = "sealed:"  # begins what is sealed, before the version of its event
PLAIN = "plain:"  # begins what was stored as it is, until it is sealed


class Key(Protocol):
    """A customer's own key (sealing.py), which seals a text for a field of an event, by its version, and opens it."""

    def seal(self, text: str, field: str, event: int) -> str:
        """The text, sealed."""

    def open(self, sealed: str, field: str) -> str | None:
        """What was sealed; None where this key does not open it."""


@dataclass(frozen=True)
class Registered(DomainEvent):
    """An event from before customers chose a language has the default. Name and number are sealed since version 2.

    kiosk_id: the kiosk that registered the customer, if one did. at: when, RFC 3339. Earlier code kept neither.
    """

    version: ClassVar[int] = 2

    name: str
    sms_number: str
    language: str = DEFAULT_LANGUAGE
    kiosk_id: str = ""
    at: str = ""


@dataclass(frozen=True)
class SmsChanged(DomainEvent):
    """The number is sealed since version 2."""

    version: ClassVar[int] = 2

    sms_number: str


@upcasts(Registered, 1)
def registered_in_plain(data: dict[str, Any]) -> dict[str, Any]:
    """What is personal was stored as it is."""
    return {**data, NAME: PLAIN + data[NAME], NUMBER: PLAIN + data[NUMBER]}


@upcasts(SmsChanged, 1)
def changed_in_plain(data: dict[str, Any]) -> dict[str, Any]:
    """What is personal was stored as it is."""
    return {NUMBER: PLAIN + data[NUMBER]}


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

    name, sms_number: sealed by the customer's key. kiosk_id: the kiosk that registered the customer; "" if staff did,
    or if that was not kept. registered_at: RFC 3339, "" where it was not kept.
    """

    # The third held what is personal as it is, the second kept neither the kiosk nor the time, the first no language.
    snapshot_schema: ClassVar[int] = 4
    personal: ClassVar[frozenset[str]] = frozenset({NAME, NUMBER})

    status: str = ""
    name: str = ""
    sms_number: str = ""
    language: str = DEFAULT_LANGUAGE
    kiosk_id: str = ""
    registered_at: str = ""

    @property
    def is_forgotten(self) -> bool:
        """Whether the customer is erased: no key opens the name and the number any more."""
        return self.status == "erased"

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
        key: Key,
        kiosk_id: str = "",
        at: str = "",
    ) -> None:
        """Register the customer, who may order. Raises InvalidError for a blank name or number."""
        if not self.is_new:
            return
        must_be_name(name)
        must_be_number(sms_number)
        sealed = key.seal(name, NAME, self.next_version), key.seal(sms_number, NUMBER, self.next_version)
        self.record(Registered(*sealed, language, kiosk_id, at))

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

    def change_sms_number(self, sms_number: str, key: Key) -> None:
        """Change the number for text messages. Raises InvalidError for a blank one, NotFoundError once erased."""
        self.must_not_be_erased()
        must_be_number(sms_number)
        if sms_number != self.number_opened_by(key):
            self.record(SmsChanged(key.seal(sms_number, NUMBER, self.next_version)))

    @property
    def may_be_kept(self) -> bool:
        """No snapshot holds what is personal as it is: until it is sealed, the customer is folded from events."""
        return not (self.name.startswith(PLAIN) or self.sms_number.startswith(PLAIN))

    def name_opened_by(self, key: Key | None) -> str | None:
        """The name; None once it is forgotten."""
        return _opened(self.name, NAME, key)

    def number_opened_by(self, key: Key | None) -> str | None:
        """The number for text messages; None once it is forgotten."""
        return _opened(self.sms_number, NUMBER, key)

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

        The name and the number leave the state, and with the key (keys.py) all that was sealed is lost. The customer's
        orders remain. One that was authorized goes on to its end, without further texts. One that was not is refused
        to the saga, which rejects it and compensates all its steps. A new basket or payment finds no such customer.
        """
        if self.status != "erased":
            self.record(Erased())

    def must_not_be_erased(self) -> None:
        """Raises NotFoundError once the customer is erased, as for an unknown one."""
        if self.status == "erased":
            raise NotFoundError(f"there is no customer {self.id}")

    def _in_place(self, sealed: str) -> str:
        """What was sealed for the event being applied; nothing where it was moved there from another one."""
        return sealed if sealed.startswith((PLAIN, f"{SEALED}{self.version + 1}:")) else ""

    @applies(Registered)
    def _registered(self, event: Registered) -> None:
        self.status = "enabled"
        self.name = self._in_place(event.name)
        self.sms_number = self._in_place(event.sms_number)
        self.language = event.language
        self.kiosk_id = event.kiosk_id
        self.registered_at = event.at

    @applies(SmsChanged)
    def _sms_changed(self, event: SmsChanged) -> None:
        self.sms_number = self._in_place(event.sms_number)

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


def _opened(sealed: str, field: str, key: Key | None) -> str | None:
    if sealed.startswith(PLAIN):
        return sealed.removeprefix(PLAIN)
    return key.open(sealed, field) if key and sealed else None


def must_be_name(name: str) -> None:
    """Raises InvalidError for a blank name."""
    if not name.strip():
        raise InvalidError("the customer name cannot be blank")


def must_be_number(sms_number: str) -> None:
    """Raises InvalidError for a blank number."""
    if not sms_number.strip():
        raise InvalidError("the customer SMS number cannot be blank")
