"""JSON Schemas of the published language, generated from the models."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema

from events.envelope import Envelope
from events.registry import Message

Document = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class OpenSchema(GenerateJsonSchema):
    """JSON Schema for consumers: open, since they must ignore unknown members, and without generated titles."""

    schema_dialect = DIALECT

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        content = super().model_schema(schema)
        content.pop("additionalProperties", None)
        return content

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def message_schema(message: type[Message]) -> Document:
    """The JSON Schema of a message's data, plus the other attributes that must not change under the same version."""
    content = message.model_json_schema(schema_generator=OpenSchema)
    return {
        "$schema": DIALECT,
        "$id": f"urn:mallbots:{message.about.name}:{message.about.version}",
        "title": message.about.name,
        "description": content["description"],
        "x-kind": message.about.kind.value,
        "x-source": message.about.source,
        "x-key": message.about.key,
        **{word: content[word] for word in ("type", "properties", "required", "$defs") if word in content},
    }


def envelope_schema() -> Document:
    """The JSON Schema of the `detail`."""
    content = Envelope.model_json_schema(schema_generator=OpenSchema)
    return {"$schema": DIALECT, "$id": "urn:mallbots:Envelope", **content}
