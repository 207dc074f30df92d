"""Messages of the standard as JSON text in UTF-8, and back."""

from typing import TypeVar

from pydantic import ValidationError

from events.vda5050.shape import Shape

S = TypeVar("S", bound=Shape)


class MalformedError(Exception):
    """A text that is no message of the expected kind; says where."""


def to_bytes(message: Shape) -> bytes:
    """A message or part of one as JSON; what is None is left out."""
    return message.model_dump_json(by_alias=True, exclude_none=True).encode()


def read(model: type[S], payload: bytes | str) -> S:
    """Read a message; raises MalformedError with the place of each fault.

    Types are exact: "1" is no number, 1 no text. Unknown fields are ignored, also in parts; null counts as absent.
    """
    try:
        message = model.model_validate_json(payload, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'text'}: {e['msg']}" for e in error.errors()[:5])
        raise MalformedError(f"no {model.__name__}: {places}") from error
    fields = model.model_fields.items()
    left_out = [name for name, field in fields if field.default and name not in message.model_fields_set]
    if left_out:  # what a sender here may leave to its default must be there on the wire
        raise MalformedError(f"no {model.__name__}: {', '.join(left_out)}: Field required")
    return message
