"""The registry of the published language: every message by name and version, upcasters, and bus rule patterns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from events.envelope import SOURCE_PREFIX

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class UnknownMessageError(Exception):
    """A message's name or version is not in the published language."""


class NewerVersionError(UnknownMessageError):
    """The version of a message is newer than this code."""


class MalformedMessageError(Exception):
    """A message's data does not match its published model."""


class Kind(StrEnum):
    """The kind of a message: a fact, an order to one service, its outcome, or a delayed message to oneself."""

    EVENT = "event"
    COMMAND = "command"
    REPLY = "reply"
    TIMER = "timer"


@dataclass(frozen=True)
class About:
    """A message's description of itself: the attribute `about` of every concrete message class.

    key: the field with the id of what the message is about. to: the service that a command is for. answers: the command
    that a reply answers.
    """

    kind: Kind
    name: str
    source: str
    version: int
    key: str
    to: str | None
    answers: "type[Command] | None"


class Message(BaseModel):
    """A message of the published language: immutable, strict when created, lenient when read.

    A concrete message names its source service and its key: `class StoreCreated(Event, source="stores",
    key="store_id")`. A command also names the service that it is an order `to`, a reply the command that it
    `answers`. A class without `source` is a base for others, and has no `about`.
    """

    # Built when first needed: a function imports twenty messages and handles two or three (docs/adr/0038).
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    about: ClassVar[About]

    def __init_subclass__(
        cls,
        *,
        source: str | None = None,
        key: str | None = None,
        version: int = 1,
        to: str | None = None,
        answers: "type[Command] | None" = None,
        **kwargs: Any,
    ) -> None:
        # Python passes the class keywords here first, before pydantic knows the fields.
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        source: str | None = None,
        key: str | None = None,
        version: int = 1,
        to: str | None = None,
        answers: "type[Command] | None" = None,
        **kwargs: Any,
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if source is None:
            return
        if key is None or key not in cls.model_fields:
            raise TypeError(f"{cls.__name__} needs key=, the field with the id of what it is about")
        if cls.__name__ in _messages:
            raise TypeError(f"a message named {cls.__name__} is registered already")
        kind = next(kind for shape, kind in _kinds.items() if issubclass(cls, shape))
        cls.about = About(kind, cls.__name__, source, version, key, to, answers)
        _messages[cls.__name__] = cls


class Event(Message):
    """A fact, past tense, for any number of consumers; it carries its aggregate's whole public state."""


class Command(Message):
    """An order to one service, which always answers."""


class Reply(Message):
    """The outcome of a command, to its sender."""


class Timer(Message):
    """A delayed message that a service sends to its own queue; it never reaches the bus."""


_kinds: dict[type[Message], Kind] = {
    Event: Kind.EVENT,
    Command: Kind.COMMAND,
    Reply: Kind.REPLY,
    Timer: Kind.TIMER,
}
_WITHOUT_MESSAGES = {"__init__", "registry", "queries"}
_messages: dict[str, type[Message]] = {}
_upcasters: dict[tuple[str, int], Upcaster] = {}


def upcasts(message: type[Message], from_version: int) -> Callable[[Upcaster], Upcaster]:
    """Register a pure function that turns the data of `from_version` into that of the next version."""

    def register(upcaster: Upcaster) -> Upcaster:
        _upcasters[message.about.name, from_version] = upcaster
        return upcaster

    return register


def upcasters() -> set[tuple[str, int]]:
    """The names and versions that have an upcaster to the next version."""
    return set(_upcasters)


def dropped_by(name: str, from_version: int, data: dict[str, Any]) -> set[str]:
    """The members of some data, of any version, that the upcaster from a version takes out; none where it fails."""
    upcaster = _upcasters.get((name, from_version), dict)
    try:
        return data.keys() - upcaster(data).keys()
    except (LookupError, TypeError, ValueError, AttributeError):
        return set()


@cache
def language() -> dict[str, type[Message]]:
    """Every message of the published language by name; only those of this package."""
    for module in sorted(Path(__file__).parent.glob("*.py")):
        if module.stem not in _WITHOUT_MESSAGES:
            import_module(f"{__package__}.{module.stem}")
    return {
        name: message for name, message in sorted(_messages.items()) if message.__module__.startswith(f"{__package__}.")
    }


def decode(name: str, version: int, data: dict[str, Any], known: Iterable[type[Message]] = ()) -> Message:
    """Read data published under `name` and `version` as the newest model of that message.

    `known` (a consumer's own subscriptions) avoids loading the whole language when the message is among them.
    Raises UnknownMessageError for an unknown name and for a version that has no upcaster, NewerVersionError for a
    version that is newer than this code, MalformedMessageError for data that does not match the model.
    """
    model = next((message for message in known if message.about.name == name), None)
    model = model or _messages.get(name) or language().get(name)
    if model is None:
        raise UnknownMessageError(f"no message named {name!r} is published")
    if version > model.about.version:
        newest = model.about.version
        raise NewerVersionError(f"{name} version {version} is newer than this code, which knows {newest}")
    for step in range(version, model.about.version):
        if (name, step) not in _upcasters:
            raise UnknownMessageError(f"{name} has no upcaster from version {step}")
        try:
            data = _upcasters[name, step](data)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise MalformedMessageError(f"{name} version {step} cannot be upcast: {error!r}") from error
    try:
        return model.model_validate(data, extra="ignore")
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'data'}: {e['msg']}" for e in error.errors())
        raise MalformedMessageError(f"{name} version {version} does not fit its model: {places}") from error


def rule_pattern(consumer: str, messages: Iterable[type[Message]]) -> dict[str, Any]:
    """The EventBridge pattern that matches exactly these messages for `consumer`.

    A replayed message is addressed (`detail.to`): it matches only the consumer that it is for.
    """
    wanted = [message for message in messages if message.about.kind is not Kind.TIMER]
    return {
        "source": sorted({SOURCE_PREFIX + message.about.source for message in wanted}),
        "detail-type": sorted({message.about.name for message in wanted}),
        "detail": {"to": [{"exists": False}, consumer]},
    }
