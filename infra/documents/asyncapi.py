"""The bus as an AsyncAPI 3 document, generated from the published language and from what services consume."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from events.envelope import SOURCE_PREFIX, Metadata
from events.registry import Kind, Message
from language.json_schema import OpenSchema

Document = dict[str, Any]

SCHEMAS = Path(__file__).parents[2] / "events" / "schemas"
SHAPES = "#/components/schemas/"


def document(messages: Mapping[str, type[Message]], consumers: Mapping[str, set[str]]) -> Document:
    """The AsyncAPI document: a channel for each service that publishes, and operations for its consumers.

    `consumers` are the services that consume each message, by its name. Timers are left out, since they never reach the
    bus. An older version of a message has a name of its own (`InvoiceAdjusted.v1`), since a replay still delivers it.
    """
    published = {name: message for name, message in messages.items() if message.about.kind is not Kind.TIMER}
    services = sorted({message.about.source for message in published.values()})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "MallBots",
            "version": "1",
            "description": (
                "The messages of MallBots' services on the event bus. Ignore unknown members; every message may be "
                "delivered more than once, late and out of order."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {service: _channel(service, published) for service in services},
        "operations": _operations(services, published, consumers),
        "components": {
            "messages": {key: _message(m, v) for m in published.values() for key, v in _versions(m).items()},
            "schemas": _schemas(published),
        },
    }


def _versions(message: type[Message]) -> dict[str, int]:
    """The names of a message's versions in the document, newest first."""
    older = {f"{message.about.name}.v{version}": version for version in range(message.about.version - 1, 0, -1)}
    return {message.about.name: message.about.version, **older}


def _channel(service: str, published: Mapping[str, type[Message]]) -> Document:
    module = import_module(f"events.{service}")
    keys = [key for message in published.values() if message.about.source == service for key in _versions(message)]
    return {
        "address": SOURCE_PREFIX + service,
        "title": service,
        "description": (module.__doc__ or "").strip().split("\n")[0],
        "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in keys},
    }


def _operations(
    services: list[str], published: Mapping[str, type[Message]], consumers: Mapping[str, set[str]]
) -> dict[str, Document]:
    operations: Document = {}
    for service in services:
        own = [message for message in published.values() if message.about.source == service]
        newest = [{"$ref": f"#/channels/{service}/messages/{message.about.name}"} for message in own]
        operations[f"{service}Publishes"] = _operation("send", service, f"Published by {service}.", newest)
        for consumer in sorted({name for message in own for name in consumers.get(message.about.name, ())}):
            consumed = [m for m in own if consumer in consumers[m.about.name] and m.about.to != consumer]
            if consumed:
                summary = f"Consumed by {consumer} from {service}."
                name = f"{consumer}Consumes{service.capitalize()}"
                operations[name] = _operation("receive", service, summary, _in_channel(*consumed))
    for command in published.values():
        if command.about.to:
            answers = _in_channel(*(reply for reply in published.values() if reply.about.answers is command))
            operations[f"{command.about.to}Answers{command.about.name}"] = {
                **_operation("receive", command.about.source, _first_line(command), _in_channel(command)),
                "reply": {"channel": {"$ref": f"#/channels/{command.about.to}"}, "messages": answers},
            }
    return operations


def _operation(action: str, channel: str, summary: str, messages: list[Document]) -> Document:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": messages,
    }


def _in_channel(*messages: type[Message]) -> list[Document]:
    """References to messages in every version: a replay delivers older versions, too."""
    return [{"$ref": f"#/channels/{m.about.source}/messages/{key}"} for m in messages for key in _versions(m)]


def _message(message: type[Message], version: int) -> Document:
    key = next(key for key, number in _versions(message).items() if number == version)
    return {
        "name": message.about.name,
        "title": key,
        "summary": _first_line(message),
        "tags": [{"name": message.about.kind.value}],
        "correlationId": {"location": "$message.payload#/metadata/correlation_id"},
        "payload": {
            "type": "object",
            "required": ["metadata", "data"],
            "properties": {
                "metadata": {
                    "allOf": [
                        {"$ref": f"{SHAPES}Metadata"},
                        {
                            "properties": {
                                "name": {"const": message.about.name},
                                "version": {"const": version},
                                "source": {"const": SOURCE_PREFIX + message.about.source},
                            }
                        },
                    ]
                },
                "data": {"$ref": SHAPES + key},
                "to": {"type": "string", "description": "On a replay, the one consumer that it is for."},
            },
        },
    }


def _first_line(message: type[Message]) -> str:
    return (message.__doc__ or "").strip().split("\n")[0]


def _schemas(published: Mapping[str, type[Message]]) -> dict[str, Document]:
    """The data of every message in every version, and every shared shape, once each."""
    schemas: Document = {}
    models: dict[str, type[BaseModel]] = {"Metadata": Metadata, **published}
    for name, message in models.items():
        content = message.model_json_schema(schema_generator=OpenSchema, ref_template=SHAPES + "{model}")
        schemas |= content.pop("$defs", {})
        schemas[name] = content
    for message in published.values():
        for key, version in _versions(message).items():
            if version < message.about.version:
                schemas[key] = _published(key, f"{message.about.name}.v{version}.json")
    return dict(sorted(schemas.items()))


def _published(key: str, file: str) -> Document:
    """The schema of an older version, as it was published; its shapes are its own."""
    text = (SCHEMAS / file).read_text().replace('"#/$defs/', f'"{SHAPES}{key}/$defs/')
    kept = ("title", "description", "type", "properties", "required", "$defs")
    return {word: value for word, value in json.loads(text).items() if word in kept}
