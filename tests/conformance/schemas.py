"""The JSON Schemas of the standard's messages, made from the models: python -m tests.conformance.schemas."""

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from events import vda5050
from events.vda5050.connection import Connection
from events.vda5050.factsheet import Factsheet
from events.vda5050.header import VERSION, Header
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Order
from events.vda5050.state import State
from events.vda5050.topics import Kind
from events.vda5050.visualization import Visualization

FOLDER = Path(str(vda5050.__file__)).parent / "schemas"
MESSAGES: dict[Kind, type[Header]] = {
    Kind.ORDER: Order,
    Kind.INSTANT_ACTIONS: InstantActions,
    Kind.STATE: State,
    Kind.CONNECTION: Connection,
    Kind.FACTSHEET: Factsheet,
    Kind.VISUALIZATION: Visualization,
}


class _OnTheWire(GenerateJsonSchema):
    """What is None in a model is absent in a message, and what has a default in a model is always there."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_is_required(self, field: Any, total: bool) -> bool:
        schema = field["schema"]
        return schema["type"] != "default" or schema.get("default") is not None

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of a kind of message; unknown fields are allowed everywhere."""
    made = MESSAGES[kind].model_json_schema(by_alias=True, schema_generator=_OnTheWire, mode="serialization")
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": f"{kind} {VERSION}", **_plain(made)}


def text(kind: Kind) -> str:
    """A schema as it is stored."""
    return json.dumps(schema(kind), indent=2) + "\n"


def path(kind: Kind) -> Path:
    """Where a schema is stored."""
    return FOLDER / f"{kind}.schema.json"


def _plain(part: Any) -> Any:
    """A schema without the titles that pydantic gives each model."""
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items() if not (key == "title" and isinstance(value, str))}
    return [_plain(each) for each in part] if isinstance(part, list) else part


if __name__ == "__main__":
    for each in MESSAGES:
        path(each).write_text(text(each))
