"""The JSON Schemas and the models of the standard accept and refuse the same."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from events.vda5050.text import MalformedError, read, to_bytes
from events.vda5050.topics import Kind
from tests.conformance import schemas

TEXTS = {"timestamp": "2026-11-27T09:30:00.250Z", "eta": "2026-11-27T09:30:10.000Z", "version": "3.0.0"}
ANY = "any"
Place = tuple[str | int, ...]


def full(schema: dict[str, Any], part: dict[str, Any], name: str = "") -> Any:
    """A message with every field that a schema knows."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    if "enum" in part:
        return part["enum"][0]
    match part.get("type"):
        case "object":
            return {key: full(schema, each, key) for key, each in part.get("properties", {}).items()}
        case "array":
            return [full(schema, part["items"])]
        case "boolean":
            return True
        case "integer" | "number":
            return 1
        case "string":
            return TEXTS.get(name, f"some {name}")
    return ANY


def places(part: Any, here: Place = ()) -> Iterator[Place]:
    entries: Any = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, each in entries:
        yield (*here, key)
        yield from places(each, (*here, key))


def changed(message: Any, place: Place, value: Any) -> Any:
    """The message with another value at a place; without it where the value is ..."""
    made = copy.deepcopy(message)
    part = made
    for key in place[:-1]:
        part = part[key]
    if value is ...:
        del part[place[-1]]
    else:
        part[place[-1]] = value
    return made


def readable(kind: Kind, message: Any) -> bool:
    try:
        read(schemas.MESSAGES[kind], json.dumps(message))
    except MalformedError:
        return False
    return True


@pytest.mark.parametrize("kind", Kind)
def test_the_schema_is_that_of_the_model_and_is_valid(kind: Kind):
    assert schemas.path(kind).read_text() == schemas.text(kind), "run python -m tests.conformance.schemas"
    Draft202012Validator.check_schema(schemas.schema(kind))


@pytest.mark.parametrize("kind", Kind)
def test_what_the_model_writes_fits_the_schema(kind: Kind):
    message = full(schemas.schema(kind), schemas.schema(kind))
    written = json.loads(to_bytes(read(schemas.MESSAGES[kind], json.dumps(message))))
    assert written == message
    Draft202012Validator(schemas.schema(kind)).validate(written)


@pytest.mark.parametrize("kind", Kind)
def test_schema_and_model_refuse_the_same(kind: Kind):
    schema = schemas.schema(kind)
    message = full(schema, schema)
    validator = Draft202012Validator(schema)
    for place in places(message):
        for value in (..., True, -1.5, 2**33, "text"):
            other = changed(message, place, value)
            assert readable(kind, other) is validator.is_valid(other), (place, value)
