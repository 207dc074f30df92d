"""Dataclasses to JSON text and back, by their annotations; unknown fields are ignored when reading.

Stored text is decoded by msgspec, straight into the fields. pydantic stays where the world speaks to us: docs/adr/0004.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from functions.kernel.domain.aggregate import Aggregate

T = TypeVar("T")

_write = msgspec.json.Encoder().encode
_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_BAD_WORD = "Invalid enum value"  # of a Literal: the one error of msgspec whose text holds the value


class UnreadableError(Exception):
    """Stored data does not fit the type that it is to be read as."""


def _decoder(shape: type[T]) -> msgspec.json.Decoder[T]:
    found = _decoders.get(shape)
    if found is None:
        found = _decoders[shape] = msgspec.json.Decoder(shape)
    return found


def to_text(thing: Any) -> bytes:
    """The fields of a dataclass as JSON text.

    Raises TypeError for a value that is not of its field's type: a stream that holds one could not be read again.
    """
    return _written(type(thing), thing, lambda read: read == thing)


def to_state(aggregate: Aggregate) -> bytes:
    """The state of an aggregate as JSON text, without its id and version. Raises TypeError as to_text does."""
    state = aggregate.state()
    kept = {**state, "unchanged": aggregate.unchanged} if aggregate.unchanged else state
    return _written(type(aggregate), kept, lambda read: read.state() == state)


def _written(shape: type[T], content: Any, is_same: Callable[[T], bool]) -> bytes:
    try:
        text = _write(content)
        if is_same(_decoder(shape).decode(text)):
            return text
        why = "it would be read as something else"
    except msgspec.DecodeError as error:
        why = _reason(error)
    except (TypeError, UnicodeEncodeError) as error:
        why = str(error)
    raise TypeError(f"{shape.__name__} cannot be stored: {why}")


def from_text(shape: type[T], text: bytes | msgspec.Raw) -> T:
    """A dataclass from the JSON text of its fields. Raises UnreadableError."""
    try:
        return _decoder(shape).decode(text)
    except msgspec.DecodeError as error:
        raise _unreadable(shape, error) from None


def from_data(shape: type[T], data: dict[str, Any]) -> T:
    """A dataclass from its fields as plain data. Raises UnreadableError."""
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        raise _unreadable(shape, error) from None


def _unreadable(shape: type[Any], error: msgspec.DecodeError) -> UnreadableError:
    return UnreadableError(f"stored data is not a {shape.__name__}: {_reason(error)}")


def _reason(error: msgspec.DecodeError) -> str:
    """What does not fit and where, without the value: the text goes to logs, and a value may be a customer's name."""
    what, at, path = str(error).rpartition(" - at ")
    return f"{_BAD_WORD}{at}{path}" if what.startswith(_BAD_WORD) else str(error)
