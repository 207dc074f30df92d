"""The routes that the services and the gateway declare, and what their documents say of bodies."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from functions.gateway.api import api as gateway
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.rest.paging import PagedAnswer
from functions.kernel.rest.routes import Route
from functions.kernel.rest.wire import Document
from infra.documents.openapi import document

Schema = dict[str, Any]

DOCUMENT = document()
APIS = [gateway, *(api for name in services() if (api := manifest(name).api))]
ROUTES = [route for api in APIS for route in api.routes]


def key(route: Route) -> str:
    return f"{route.method} {route.path}"


def routes(where: Callable[[Route], Any] = lambda route: True, name: str = "route") -> pytest.MarkDecorator:
    """A test for each declared route of a kind: a new one is among them without more ado."""
    found = [route for route in ROUTES if where(route)]
    assert found
    return pytest.mark.parametrize(name, found, ids=key)


def answers_here(route: Route) -> bool:
    """Whether it can be answered without a deployment, which writes the documents beside the code."""
    return not (route.answer and issubclass(route.answer, Document))


def writes(route: Route) -> bool:
    return route.writes


def commits(route: Route) -> bool:
    """Whether it changes one thing, whose version it answers."""
    return route.writes and route.versioned


def shows_one_thing(route: Route) -> bool:
    return route.versioned and not route.writes


def creates(route: Route) -> bool:
    return bool(commits(route) and route.answer and "id" in route.answer.model_fields)


def lists(route: Route) -> bool:
    return bool(route.answer and issubclass(route.answer, PagedAnswer))


def body_schema(route: Route) -> Schema:
    """What the document says of its body."""
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    found: Schema = operation.get("requestBody", {"content": {"application/json": {"schema": {}}}})
    return resolved(found["content"]["application/json"]["schema"])


def resolved(schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def generated(schema: Schema, known: Mapping[str, Any], name: str = "") -> Any:
    """The least that fits a schema; the fields of these names have known values."""
    schema = resolved(schema)
    if name in known:
        return known[name]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "array":
            return [generated(schema["items"], known)]
        case "string":
            return "+15550100"
        case "integer" | "number":
            return 1
    return {field: generated(schema["properties"][field], known, field) for field in schema.get("required", [])}
