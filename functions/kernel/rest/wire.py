"""The REST wire: camelCase JSON outside, snake_case models inside, money as exact numbers.

Models are strict ("1" is no number, 1 no text, true neither) and ignore fields that they do not know. A field may be
null or left out where it has a default, or a zero value (see Wire).
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from functions.kernel.domain import money
from functions.kernel.domain.errors import InvalidError
from functions.kernel.rest import texts
from functions.kernel.runtime import clock

_DIGITS = 20  # more than any whole number here has
LEVELS = 64  # of objects and lists within each other: the deepest body here has three
ZERO_VALUES: dict[Any, Any] = {str: "", int: 0, float: 0.0, list: []}
REPLACEMENT = "\ufffd"  # what stands for bytes that were no UTF-8
REFUSED = frozenset(f"\0{REPLACEMENT}")
NOT_STORABLE = "the body has a text with NUL, U+FFFD or half a surrogate pair: leave such characters out"
FROM_OUTSIDE = "from outside"  # the validation context of what a client sent

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)

TOO_DEEP = "the body is nested too deeply"

T = TypeVar("T")
W = TypeVar("W", bound="Wire")


class Wire(BaseModel):
    """An object on the wire, such as an item within a body or an answer.

    Published clients leave out zero values: of what a client sends, a text, number or list that is missing or null is
    "", 0 or [], and the domain validates it; one that has a default takes that. `exact` models want every field.
    """

    exact: ClassVar[bool] = False

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _with_zero_values(cls, sent: Any, info: ValidationInfo) -> Any:
        if info.context != FROM_OUTSIDE or cls.exact or not isinstance(sent, dict):
            return sent
        zeros, defaulted = cls._left_out()
        return {**zeros, **{name: value for name, value in sent.items() if value is not None or name not in defaulted}}

    @classmethod
    @cache
    def _left_out(cls) -> tuple[dict[str, Any], frozenset[str]]:
        """Zero values by the names on the wire, and all names for which null means left out: texts, numbers, lists."""
        kinds = {info: _kind(info.annotation) for info in cls.model_fields.values()}
        names = {str(info.alias): info for info, kind in kinds.items() if kind in ZERO_VALUES}
        zeros = {name: ZERO_VALUES[kinds[info]] for name, info in names.items() if info.is_required()}
        return zeros, frozenset(names)


def _kind(annotation: Any) -> Any:
    """The plain type of an annotation, without metadata, type parameters and None."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return _kind(kinds[0]) if len(kinds) == 1 else annotation
    return get_origin(annotation) or annotation


class Body(Wire):
    """The body of a request."""


class Params(Wire):
    """The query string of a request. Its values are texts: a field of another type needs one that reads text."""

    exact = True


class Answer(Wire):
    """The body of an answer."""


AbsentIfNone = Annotated[str | None, Field(exclude_if=lambda text: text is None), WithJsonSchema({"type": "string"})]


class PagedAnswer(Answer):
    """An answer that is a page of a list: at the end `next` is absent."""

    next: AbsentIfNone = None


class Document(Answer):
    """An answer that is a finished text, of the content type that its class names, with `more` headers."""

    content_type: ClassVar[str] = "application/json"
    more: ClassVar[Mapping[str, str]] = {}
    text: str


def _outside(read: Callable[[Any], Any]) -> BeforeValidator:
    """Let `read` turn what a client sent into what is used inside, and leave alone what is made inside."""

    def validate(value: Any, info: ValidationInfo) -> Any:
        if info.context != FROM_OUTSIDE:
            return value
        try:
            return read(value)
        except InvalidError as error:
            raise PydanticCustomError("refused", "{why}", {"why": error.message}) from error

    return BeforeValidator(validate)


def _moment(value: object) -> datetime:
    """A UTC time from RFC 3339 text, which has a zone."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise InvalidError("must be a time with its zone, such as 2030-01-31T12:00:00Z")
    try:
        return clock.read(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidError("there is no such time") from None


def _digits(value: object) -> object:
    """A whole number from its digits; any other text stays, to be refused."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]+", value) else value


_MOST = money.amount(money.LIMIT - 1)
_AMOUNT = {"type": "number", "format": "decimal", "multipleOf": 0.01, "minimum": -float(_MOST), "maximum": float(_MOST)}


def documented_only(**keywords: Any) -> Any:
    """Keywords of JSON Schema for the OpenAPI document only. Nothing is enforced here: the domain enforces them."""
    return Field(json_schema_extra=keywords)


Money = Annotated[int, _outside(money.cents), PlainSerializer(money.amount), WithJsonSchema(_AMOUNT)]
Amount = Annotated[Money, documented_only(minimum=0)]
Moment = Annotated[datetime, _outside(_moment), PlainSerializer(clock.stamp)]
Stamp = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most; 50 when left out.")]
FromText = BeforeValidator(_digits)
_Line = Annotated[str, Field(max_length=texts.LINE), _outside(texts.line)]
Id = Annotated[str, Field(max_length=200), _outside(texts.id_or_blank), documented_only(pattern=texts.ID_PATTERN)]
GivenId = Annotated[
    str, Field(min_length=1, max_length=200), _outside(texts.id), documented_only(pattern=texts.ID_PATTERN)
]
Label = Annotated[_Line, documented_only(pattern=texts.LINE_PATTERN)]
Name = Annotated[_Line, documented_only(pattern=texts.NAME_PATTERN)]
Description = Annotated[
    str, Field(max_length=texts.TEXT), _outside(texts.text), documented_only(pattern=texts.TEXT_PATTERN)
]
Count = Annotated[int, Field(le=999), documented_only(minimum=0)]
Quantity = Annotated[Count, documented_only(minimum=1)]
Lines = Annotated[list[T], Field(max_length=100)]


def read_json(text: str) -> Any:
    """What a JSON text says; a number that is not whole becomes a Decimal. Raises InvalidError."""
    try:
        value = json.loads(text, parse_float=_number, parse_constant=_refuse_constant)
        if "\\u" in text or text.count("[") + text.count("{") > LEVELS:
            _check(value)
    except RecursionError as error:
        raise InvalidError(TOO_DEEP) from error
    except (ValueError, ArithmeticError) as error:
        why = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidError(f"the body is not JSON{why}") from error
    return value


def _number(text: str) -> int | Decimal:
    """A number with a point or an exponent: 5.0 becomes 5. A huge one stays a Decimal, and is refused later."""
    value = Decimal(text)
    return int(value) if value.adjusted() < _DIGITS and value == value.to_integral_value() else value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _check(value: object) -> None:
    """Raises InvalidError for what is nested too deeply, and for a text or a name that cannot be stored."""
    left = [(value, 1)]
    while left:
        part, level = left.pop()
        if isinstance(part, str):
            if not _is_storable(part):
                raise InvalidError(NOT_STORABLE)
        elif isinstance(part, dict | list):
            if level > LEVELS:
                raise InvalidError(TOO_DEEP)
            members = [*part, *part.values()] if isinstance(part, dict) else part
            left += [(member, level + 1) for member in members]


def _is_storable(text: str) -> bool:
    return not any(character in REFUSED or "\ud800" <= character <= "\udfff" for character in text)


_text = json.JSONEncoder(ensure_ascii=False).encode


def write_json(value: object) -> str:
    """Compact JSON; a Decimal comes out exactly, which no float could promise."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(str(key))}:{write_json(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(write_json, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or isinstance(value, str | bool | int):
        return _text(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def write(answer: Answer | None) -> str:
    """The JSON text of an answer; `{}` for none."""
    return write_json(answer.model_dump(by_alias=True)) if answer else "{}"


def read(shape: type[W], sent: object) -> W:
    """A wire model of what a client sent. Raises InvalidError, which names the fields and what they must be."""
    try:
        return shape.model_validate(sent, context=FROM_OUTSIDE, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidError("; ".join(_complaint(dict(details)) for details in error.errors()[:5])) from error


_COMPLAINTS = {
    "missing": "this field is missing",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "less_than_equal": "must be at most {le}",
    "greater_than_equal": "must be at least {ge}",
    "literal_error": "must be one of {expected}",
    "refused": "{why}",
}


def _complaint(details: dict[str, Any]) -> str:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in details["loc"]).lstrip(".")
    why = _COMPLAINTS.get(details["type"], "this value does not fit")
    if details["input"] is None and details["type"] != "missing":
        why = "must not be null"
    return f"{place or 'the body'}: {why.format(**details.get('ctx', {}))}"
