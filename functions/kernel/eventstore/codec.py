"""Dataclasses to JSON-ready data and back, by their annotations; unknown fields are ignored when reading."""

import dataclasses
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

T = TypeVar("T")


class UnreadableError(Exception):
    """Stored data does not fit the type that it is to be read as."""


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(shape: type[Any]) -> TypeAdapter[Any]:
    if shape not in _adapters:
        _adapters[shape] = TypeAdapter(shape)
    return _adapters[shape]


def to_data(thing: Any) -> dict[str, Any]:
    """The fields of a dataclass as JSON-ready data.

    Raises TypeError for a value that is not of its field's type: a stream that holds one could not be read again.
    """
    try:
        data = _adapter(type(thing)).dump_python(thing, mode="json", warnings="error")
    except PydanticSerializationError as error:
        raise TypeError(f"{type(thing).__name__} cannot be stored: {error}") from error
    assert isinstance(data, dict)
    return data


def from_data(shape: type[T], data: dict[str, Any]) -> T:
    """A dataclass from its data. Raises UnreadableError."""
    assert dataclasses.is_dataclass(shape)
    try:
        thing: T = _adapter(shape).validate_python(data)
    except ValidationError as error:
        # Without the values: the text goes to the logs, and the values may be a customer's name.
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise UnreadableError(f"stored data is not a {shape.__name__}: {places}") from error
    return thing
