"""What a field of a message may be, in a few words: the vocabulary of the contracts in `consumers`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from events.registry import Message

Schema = dict[str, Any]
Reads = Mapping[tuple[str, ...], Mapping[str, str]]  # messages → path → kind; a message may be in several groups

TEXT, TIME, NUMBER, FLAG = "string", "date-time", "integer", "boolean"
WHOLE = {"*": "as it is"}  # handed on whole, whatever it holds
ABSENT = "absent"


def words(*values: str) -> str:
    """One of these words."""
    return _either(json.dumps(value) for value in values)


def maybe(kind: str) -> str:
    """Or null."""
    return _either([*kind.split(" or "), "null"])


def optional(kind: str) -> str:
    """Or not there at all."""
    return _either([*kind.split(" or "), ABSENT])


def each(path: str, **kinds: str) -> dict[str, str]:
    """The fields of what a list holds."""
    return {f"{path}[].{field}": kind for field, kind in kinds.items()}


def kinds_in(message: type[Message]) -> dict[str, str]:
    """The kind of every field of a message, at every depth."""
    schema = message.model_json_schema()
    return dict(_fields("", schema, schema))


def _fields(place: str, schema: Schema, root: Schema) -> Iterator[tuple[str, str]]:
    required = schema.get("required", [])
    for field, part in schema.get("properties", {}).items():
        choices = [_followed(choice, root) for choice in part.get("anyOf", [part])]
        kinds = [kind for choice in choices for kind in _kinds(choice)]
        yield f"{place}{field}", _either([*kinds, *([] if field in required else [ABSENT])])
        for choice in choices:
            inner = _followed(choice.get("items", choice), root)
            yield from _fields(f"{place}{field}{'[]' if 'items' in choice else ''}.", inner, root)


def _followed(schema: Schema, root: Schema) -> Schema:
    found: Schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    return found


def _kinds(schema: Schema) -> list[str]:
    if "enum" in schema or "const" in schema:
        return [json.dumps(value) for value in schema.get("enum", [schema.get("const")])]
    return [str(schema.get("format", schema.get("type", "anything")))]


def _either(kinds: Any) -> str:
    return " or ".join(sorted(kinds))
