"""The REST API as an OpenAPI 3.1 document, generated from the routes that the services declare."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from functions.gateway.api import VERSION
from functions.gateway.api import api as gateway
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.domain import errors
from functions.kernel.domain.errors import MallBotsError
from functions.kernel.rest.http import JSON
from functions.kernel.rest.problems import MethodNotAllowedError
from functions.kernel.rest.routes import LONGEST_ID, Route
from functions.kernel.rest.wire import Answer, Document

Schema = dict[str, Any]

REF = "#/components/schemas/{model}"
PARAMETERS = "#/components/parameters/"
HEADERS = "#/components/headers/"
RESPONSES = "#/components/responses/"

# What each status means, for every operation that may answer it.
ERRORS = {
    400: ("Invalid", "Malformed, or against a rule: the message says which, and what to do."),
    401: ("Unauthorized", "No token, or one that proves nothing. Without the header, the gateway itself answers."),
    403: ("Forbidden", "The caller's role is not allowed, or a customer names another customer."),
    404: ("NotFound", "The resource does not exist, or is not the caller's."),
    409: ("Refused", "The resource's state does not allow it, or it was changed concurrently."),
    412: ("Stale", "The resource is not at the version that If-Match names."),
    413: ("TooLarge", "The body has more than 65,536 bytes."),
    422: ("KeyReused", "The Idempotency-Key was used for another request."),
    429: ("TooMany", "Too many for now: retry after Retry-After."),
    500: ("Failed", "An internal error."),
    503: ("Unavailable", "A dependency does not answer: retry after Retry-After."),
}

TOKENS = (
    "Staff and operators sign in by the user pool's managed login (authorization code with PKCE), a kiosk by its user "
    "of the pool; their access tokens live for 5 minutes. A customer's session is opened at a kiosk (POST "
    "/api/customers/{id}/sessions, or with a code sent to the phone) and lives for 15 minutes; a robot's token is "
    "given out with its registration and lives for a day. An operator may do what staff may. The scopes of an "
    "operation are the roles that may call it."
)
UNCHANGED = "The resource is still at the version of If-None-Match."
CODES = sorted(
    {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MallBotsError)}
    | {MethodNotAllowedError.code}
)

_SEEN = "!-~¡-¬®-ÿ"  # visible characters that a header can hold; spaces at either end are stripped

_TEXT: Schema = {"type": "string"}
_HEADERS: Schema = {
    "XCorrelationId": {
        "description": "The flow that the request starts or belongs to.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    },
    "ETag": {
        "description": "The version of the resource.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]{1,16}"$'},
    },
    "WWWAuthenticate": {
        "description": "What is wrong with the token (RFC 6750, 3).",
        "schema": {"type": "string", "pattern": "^Bearer"},
    },
    "RetryAfter": {"description": "When to retry, in seconds.", "required": True, "schema": {"type": "integer"}},
}
_SHARED: Schema = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A request that is repeated with its key gets the first answer again, until 256 later requests "
        "or messages have changed the same thing; what it created is never created twice.",
        "schema": {"type": "string", "maxLength": 255, "pattern": f"^[{_SEEN}]([ {_SEEN}]*[{_SEEN}])?$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that the resource must still have.",
        "schema": {"type": "string", "pattern": '^("[0-9]{1,16}"|\\*)$'},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "An ETag that the client has: 304 if the resource still has it.",
        "schema": _TEXT,
    },
}
_PROBLEM: Schema = {
    "type": "object",
    "description": "Problem details (RFC 9457) with two more members; `message` equals `detail`.",
    "properties": {
        **dict.fromkeys(("type", "title", "detail", "instance", "message"), _TEXT),
        "status": {"type": "integer", "enum": [*ERRORS, 405]},
        "code": {"type": "string", "enum": CODES},
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "message"],
}


def document() -> Schema:
    """The document of all services and the gateway; the same routes give the same text."""
    apis = {name: api for name in services() if (api := manifest(name).api)} | {"gateway": gateway}
    routes = [(service, route) for service, api in apis.items() for route in api.routes]
    refs, schemas = _models([route for _, route in routes])
    queries = {_target(refs[route.params]) for _, route in routes if route.params}
    paths: Schema = {}
    for service, route in sorted(routes, key=lambda r: (r[1].path, r[1].method)):
        operation = _operation(service, route, refs, schemas)
        links = _links(route, [other for _, other in routes], schemas)
        if links:
            operation["responses"]["200"]["links"] = links
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MallBots",
            "version": VERSION,
            "description": "The kiosk's and the staff's API of a mall where robots do the shopping.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": service} for service in apis],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name not in queries}
            | {"Problem": _PROBLEM},
            "responses": {"NotModified": {"description": UNCHANGED, "headers": _headers("ETag")}}
            | {name: _error(status, text) for status, (name, text) in ERRORS.items()},
            "parameters": _SHARED,
            "headers": _HEADERS,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": TOKENS}
            },
        },
    }


def _error(status: int, text: str) -> Schema:
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
    challenge = {"WWW-Authenticate": {"$ref": HEADERS + "WWWAuthenticate"}}
    if status == 401:  # a request without the header is answered by the gateway, with neither header nor details
        body = {"type": "object", "properties": {"message": _TEXT}, "required": ["message"]}
        return {"description": text, "headers": challenge, "content": {**problem, JSON: {"schema": body}}}
    more = _headers(*["Retry-After"] * (status in (429, 503))) | (challenge if status == 403 else {})
    return {"description": text, "headers": more, "content": problem}


def _headers(*more: str) -> Schema:
    """The headers of a response: the correlation id, and `more`."""
    return {name: {"$ref": HEADERS + name.replace("-", "")} for name in ("X-Correlation-Id", *more)}


def _models(routes: list[Route]) -> tuple[dict[type, Schema], Schema]:
    """A reference to each model, and the schemas: answers as they are serialized, all others as they are validated."""
    used = {model for route in routes for model in (route.body, route.params, route.answer) if model}
    found = {model for model in used if not issubclass(model, Document)}
    models = sorted(found, key=lambda model: (model.__module__, model.__name__))
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "serialization" if issubclass(model, Answer) else "validation") for model in models
    ]
    made, definitions = models_json_schema(modes, by_alias=True, ref_template=REF)
    text = {model: _renamed(schema) for (model, _), schema in made.items()}
    schemas = {_name(name): _renamed(_untitled(schema)) for name, schema in definitions.get("$defs", {}).items()}
    return text, dict(sorted(schemas.items()))


def _target(reference: Schema) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _name(name: str) -> str:
    """Pydantic prefixes names that several services use with the module: the service alone is enough."""
    return re.sub(r"^functions__(\w+?)__.*__(\w+)$", r"\1.\2", name)


def _renamed(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: "#/components/schemas/" + _name(value.rpartition("/")[2]) if key == "$ref" else _renamed(value)
            for key, value in schema.items()
        }
    return [_renamed(part) for part in schema] if isinstance(schema, list) else schema


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic derives from names, and the defaults, which are placeholders in some models."""
    if isinstance(schema, dict):
        plain = {k: v for k, v in schema.items() if not (k == "title" and isinstance(v, str)) and k != "default"}
        return {key: _untitled(value) for key, value in plain.items()}
    return [_untitled(part) for part in schema] if isinstance(schema, list) else schema


def _operation(service: str, route: Route, refs: dict[type, Schema], schemas: Schema) -> Schema:
    operation: Schema = {
        "operationId": route.name,
        "tags": [service],
        "summary": route.summary.removesuffix("."),
        "parameters": [*_in_path(route), *_in_query(route, refs, schemas), *_in_headers(route)],
        "responses": {"200": _answered(route, refs)},
    }
    if route.body:
        schema = schemas[_target(refs[route.body])]
        content = {JSON: {"schema": refs[route.body]}}
        operation["requestBody"] = {"content": content, "required": bool(schema.get("required"))}
    elif route.writes:
        operation["requestBody"] = {"content": {JSON: {"schema": {"type": "object"}}}, "required": False}
    if route.versioned and not route.writes:
        operation["responses"]["304"] = {"$ref": RESPONSES + "NotModified"}
    for status in route.errors:
        operation["responses"][str(status)] = {"$ref": RESPONSES + ERRORS[status][0]}
    operation["security"] = [] if route.open else [{"token": [role]} for role in route.may]
    return operation


def _answered(route: Route, refs: dict[type, Schema]) -> Schema:
    if route.answer and issubclass(route.answer, Document):
        kind = route.answer.content_type.partition(";")[0]
        content: Schema = {kind: {"schema": {"type": "object" if kind == JSON else "string"}}}
    else:
        content = {JSON: {"schema": refs[route.answer] if route.answer else {"type": "object"}}}
    return {"description": "Done.", "headers": _headers(*["ETag"] * route.versioned), "content": content}


def _in_path(route: Route) -> list[Schema]:
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in route.arguments]


def _in_query(route: Route, refs: dict[type, Schema], schemas: Schema) -> list[Schema]:
    if not route.params:
        return []
    shape = schemas[_target(refs[route.params])]
    required = shape.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _as_text(schema)}
        for name, schema in shape["properties"].items()
    ]


def _as_text(schema: Schema) -> Schema:
    """The schema of a query parameter, which may be absent, but never null."""
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **choices[0]} if choices else schema


def _in_headers(route: Route) -> list[Schema]:
    if not route.versioned:
        return []
    names = ["IdempotencyKey", "IfMatch"] if route.writes else ["IfNoneMatch"]
    return [{"$ref": PARAMETERS + name} for name in names]


# What is created, or found, by a path of another name.
LEADS_TO = {
    "/api/operations/redrives": "runs",
    "/api/baskets/withItems": "baskets",
    "/api/customers/numbers": "customers",
}


def _links(route: Route, routes: list[Route], schemas: Schema) -> Schema:
    """Links from a creation to the operations on what it created: POST /…/things leads to /…/things/{id}…"""
    if route.method != "POST" or not route.answer or "id" not in route.answer.model_fields:
        return {}
    kind = LEADS_TO.get(route.path, route.path.rpartition("/")[2])
    links = {}
    for other in routes:
        made = re.search(rf"/{kind}/{{(\w+)}}", other.path)
        if made and list(other.arguments) == [made[1]]:
            links[other.name] = {"operationId": other.name, "parameters": {made[1]: "$response.body#/id"}}
    return links
