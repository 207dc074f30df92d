"""The registry of the published language: every message by name and version, and what is derived from it."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from events.envelope import SOURCE_PREFIX

if TYPE_CHECKING:  # it has no public name to check types by
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class UnknownMessageError(Exception):
    """The name or the version of a message is not in the published language."""


class MalformedMessageError(Exception):
    """The data of a message does not fit its published model."""


class Kind(StrEnum):
    """What a message is: a fact, an order to one service, its outcome, or a reminder to oneself."""

    EVENT = "event"
    COMMAND = "command"
    REPLY = "reply"
    TIMER = "timer"


class _About:
    """One of the words that a message says about itself; a shape says nothing, and raises AttributeError."""

    def __set_name__(self, owner: type, word: str) -> None:
        self._word = word

    def __get__(self, message: type, owner: type) -> Any:
        try:
            return message.__dict__["__about__"][self._word]
        except KeyError:
            raise AttributeError(f"{message.__name__} has no {self._word}") from None


class MessageType(ModelMetaclass):
    """What a message says about itself, on its class and not on its instances: `type(message).name`.

    The wire calls fields `name` and `kind` too (a store's name, a notification's kind): on a message those
    words are its data, so `message.name` is never the name of the message.
    """

    if TYPE_CHECKING:
        kind: Kind
        name: str
        source: str
        version: int
        key: str
        to: str | None
        answers: type["Command"] | None
    else:
        kind, name, source, version, key, to, answers = (_About() for _ in range(7))

    def __new__(
        mcs,
        class_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        source: str | None = None,
        key: str | None = None,
        version: int = 1,
        to: str | None = None,
        answers: type["Command"] | None = None,
        **kwargs: Any,
    ) -> Any:
        message: Any = super().__new__(mcs, class_name, bases, namespace, **kwargs)
        if source is None:
            return message
        if key is None or key not in message.model_fields:
            raise TypeError(f"{class_name} needs key=, the field that names what it is about")
        if class_name in _messages:
            raise TypeError(f"a message named {class_name} is registered already")
        message.__about__ = {
            "kind": next(kind for shape, kind in _kinds.items() if issubclass(message, shape)),
            "name": class_name,
            "source": source,
            "version": version,
            "key": key,
            "to": to,
            "answers": answers,
        }
        _messages[class_name] = message
        return message


class Message(BaseModel, metaclass=MessageType):
    """A message of the published language: immutable, strict when made, lenient when read.

    A concrete message names its source service and its ordering key (the field whose value names the thing
    that it is about): `class StoreCreated(Event, source="stores", key="store_id")`. A command also names the
    service that it is an order `to`, a reply the command that it `answers`. Without `source`, a class is only
    a shape for others to extend.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(Message):
    """A fact, past tense, for any number of consumers; it carries its aggregate's whole public state."""


class Command(Message):
    """An order to one service, which always answers."""


class Reply(Message):
    """The outcome of a command, to its sender."""


class Timer(Message):
    """A reminder that a service sends to itself, later; it never reaches the bus."""


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
        _upcasters[message.name, from_version] = upcaster
        return upcaster

    return register


def upcasters() -> set[tuple[str, int]]:
    """The names and versions that can be brought to the next version."""
    return set(_upcasters)


@cache
def language() -> dict[str, type[Message]]:
    """Every message of the published language by name: those of this package and no others."""
    for module in sorted(Path(__file__).parent.glob("*.py")):
        if module.stem not in _WITHOUT_MESSAGES:
            import_module(f"{__package__}.{module.stem}")
    return {
        name: message for name, message in sorted(_messages.items()) if message.__module__.startswith(f"{__package__}.")
    }


def decode(name: str, version: int, data: dict[str, Any], known: Iterable[type[Message]] = ()) -> Message:
    """Read data published under `name` and `version` as the newest model of that message.

    `known` spares loading the whole language when the message is among them (a consumer's own subscriptions).
    Raises UnknownMessageError for a name that nobody publishes and for a version that is newer than this code
    or has no upcaster, MalformedMessageError for data that does not fit.
    """
    model = next((message for message in known if message.name == name), None)
    model = model or _messages.get(name) or language().get(name)
    if model is None:
        raise UnknownMessageError(f"no message named {name!r} is published")
    if version > model.version:
        newest = model.version
        raise UnknownMessageError(f"{name} version {version} is newer than this code, which knows {newest}")
    for step in range(version, model.version):
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
    """The EventBridge pattern that brings exactly these messages to `consumer`.

    A replay is addressed (`detail.to`): it matches only the consumer it is for.
    """
    wanted = [message for message in messages if message.kind is not Kind.TIMER]
    return {
        "source": sorted({SOURCE_PREFIX + message.source for message in wanted}),
        "detail-type": sorted({message.name for message in wanted}),
        "detail": {"to": [{"exists": False}, consumer]},
    }
