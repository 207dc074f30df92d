"""The catalogue of the published language: an AsyncAPI 3.0 document, made from the models."""

from importlib import import_module
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema

from events.envelope import SOURCE_PREFIX, Envelope, Metadata
from events.registry import Kind, Message

Document = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class OpenSchema(GenerateJsonSchema):
    """JSON Schema as a consumer sees it: open, since unknown members are to be ignored, and without made-up titles."""

    schema_dialect = DIALECT

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        content = super().model_schema(schema)
        content.pop("additionalProperties", None)
        return content

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def message_schema(message: type[Message]) -> Document:
    """The JSON Schema of a message's data, with what else of it must not change under the same version."""
    content = message.model_json_schema(schema_generator=OpenSchema)
    return {
        "$schema": DIALECT,
        "$id": f"urn:mallbots:{message.name}:{message.version}",
        "title": message.name,
        "description": content["description"],
        "x-kind": message.kind.value,
        "x-source": message.source,
        "x-key": message.key,
        **{word: content[word] for word in ("type", "properties", "required", "$defs") if word in content},
    }


def envelope_schema() -> Document:
    """The JSON Schema of the `detail`."""
    content = Envelope.model_json_schema(schema_generator=OpenSchema)
    return {"$schema": DIALECT, "$id": "urn:mallbots:Envelope", **content}


def asyncapi(messages: dict[str, type[Message]]) -> Document:
    """The AsyncAPI document of what travels on the bus: a channel for each service that speaks.

    Timers are not in it, since they never reach the bus. Who hears an event is not said here: that is for each
    consumer to register.
    """
    spoken = {name: message for name, message in messages.items() if message.kind is not Kind.TIMER}
    services = sorted({message.source for message in spoken.values()})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "MallBots",
            "version": "1",
            "description": (
                "What the services of MallBots say to each other on the event bus. Members that are not known are "
                "to be ignored; every message may come twice, late and out of order."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {service: _channel(service, spoken) for service in services},
        "operations": _operations(services, spoken),
        "components": {
            "messages": {name: _message(message) for name, message in spoken.items()},
            "schemas": _schemas(spoken),
        },
    }


def _channel(service: str, spoken: dict[str, type[Message]]) -> Document:
    module = import_module(f"events.{service}")
    return {
        "address": SOURCE_PREFIX + service,
        "title": service,
        "description": (module.__doc__ or "").strip().split("\n")[0],
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"}
            for name, message in spoken.items()
            if message.source == service
        },
    }


def _operations(services: list[str], spoken: dict[str, type[Message]]) -> Document:
    operations: Document = {}
    for service in services:
        mine = [message for message in spoken.values() if message.source == service]
        operations[f"{service}Says"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{service}"},
            "summary": f"What {service} says.",
            "messages": [_in_channel(message) for message in mine],
        }
        events = [message for message in mine if message.kind is Kind.EVENT]
        if events:
            operations[f"anyoneHears{service.capitalize()}"] = {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{service}"},
                "summary": f"The facts of {service}, for whoever has a rule for them.",
                "messages": [_in_channel(message) for message in events],
            }
    for command in spoken.values():
        if command.to:
            answers = [reply for reply in spoken.values() if reply.answers is command]
            operations[f"{command.to}Answers{command.name}"] = {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{command.source}"},
                "summary": _first_line(command),
                "messages": [_in_channel(command)],
                "reply": {
                    "channel": {"$ref": f"#/channels/{command.to}"},
                    "messages": [_in_channel(reply) for reply in answers],
                },
            }
    return operations


def _in_channel(message: type[Message]) -> Document:
    return {"$ref": f"#/channels/{message.source}/messages/{message.name}"}


def _message(message: type[Message]) -> Document:
    return {
        "name": message.name,
        "title": message.name,
        "summary": _first_line(message),
        "tags": [{"name": message.kind.value}],
        "correlationId": {"location": "$message.payload#/metadata/correlation_id"},
        "payload": {
            "type": "object",
            "required": ["metadata", "data"],
            "properties": {
                "metadata": {
                    "allOf": [
                        {"$ref": "#/components/schemas/Metadata"},
                        {
                            "properties": {
                                "name": {"const": message.name},
                                "version": {"const": message.version},
                                "source": {"const": SOURCE_PREFIX + message.source},
                            }
                        },
                    ]
                },
                "data": {"$ref": f"#/components/schemas/{message.name}"},
                "to": {"type": "string", "description": "On a replay, the one consumer it is for."},
            },
        },
    }


def _first_line(message: type[Message]) -> str:
    return (message.__doc__ or "").strip().split("\n")[0]


def _schemas(spoken: dict[str, type[Message]]) -> Document:
    """Every message's data and every shared shape, once each."""
    schemas: Document = {}
    models: dict[str, type[BaseModel]] = {"Metadata": Metadata, **spoken}
    for name, message in models.items():
        content = message.model_json_schema(schema_generator=OpenSchema, ref_template="#/components/schemas/{model}")
        schemas |= content.pop("$defs", {})
        schemas[name] = content
    return dict(sorted(schemas.items()))
