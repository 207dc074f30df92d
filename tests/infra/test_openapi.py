"""The OpenAPI document has exactly what the services declare."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from events.baskets import BasketStatus
from events.checkout import SagaStatus
from events.depot import ServingBotStatus, ShoppingListStatus
from events.notifications import NotificationKind
from events.ordering import OrderStatus
from events.payments import InvoiceStatus, PaymentStatus
from functions.gateway.api import api as gateway
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.rest.routes import Route
from functions.kernel.rest.texts import ID_PATTERN, LINE_PATTERN, NAME_PATTERN, TEXT_PATTERN
from functions.kernel.rest.wire import Document
from infra.documents.openapi import ERRORS, LEADS_TO, document

Schema = dict[str, Any]

DOCUMENT = document()
ROUTES = {
    f"{route.method} {route.path}": (service, route)
    for service, api in {"gateway": gateway, **{name: manifest(name).api for name in services()}}.items()
    if api
    for route in api.routes
}


READS = {"Show", "List", "Check", "Export"}
CREATES = {"Add", "Authorize", "Cancel", "Create", "Issue", "Open", "Place", "Register", "Search", "Send", "Start"}
CREATES |= {"Bring", "Build", "Find", "Forecast"}
CHANGES = {"Add", "Assign", "Bring", "Change", "Check", "Compare", "Complete", "Decrease", "Disable", "Enable"}
CHANGES |= {"Close", "Let", "Pause", "Put", "Say", "Send", "Write"}
CHANGES |= {"Increase", "Make", "Pay", "Remove", "Reopen", "Report", "Resume", "Start", "Take", "Tell"}
REMOVES = {"Cancel", "Disable", "Erase", "Remove", "Retire"}


def operation(route: Route) -> Schema:
    found: Schema = DOCUMENT["paths"][route.path][route.method.lower()]
    return found


def resolved(part: Schema) -> Schema:
    """A part of the document, or what it refers to."""
    while "$ref" in part:
        found: Any = DOCUMENT
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def field(model: str, name: str) -> Schema:
    return resolved(DOCUMENT["components"]["schemas"][model]["properties"][name])


def every_route(*, where: Any = lambda route: True) -> pytest.MarkDecorator:
    found = {name: entry for name, entry in ROUTES.items() if where(entry[1])}
    return pytest.mark.parametrize(("service", "route"), list(found.values()), ids=list(found))


def test_an_independent_validator_accepts_it() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_it_has_the_declared_routes_and_no_others() -> None:
    documented = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert documented == set(ROUTES)


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [operation(route)["operationId"] for _, route in ROUTES.values()]
    assert len(set(names)) == len(names)


@every_route()
def test_an_operation_names_its_service_its_purpose_and_the_roles_that_may_call_it(service: str, route: Route) -> None:
    described = operation(route)
    assert described["tags"] == [service]
    assert described["summary"][0].isupper()
    assert not described["summary"].endswith(".")
    assert [role for way in described["security"] for role in way["token"]] == ([] if route.open else list(route.may))


@pytest.mark.parametrize(("service", "route"), ROUTES.values(), ids=ROUTES)
def test_a_summary_says_in_a_line_what_a_request_does(service: str, route: Route) -> None:
    summary = operation(route)["summary"]
    assert summary.split()[0] in {"GET": READS, "POST": CREATES, "PUT": CHANGES, "DELETE": REMOVES}[route.method]
    assert len(summary) <= 100
    assert not summary.endswith(".")


def test_a_token_is_a_bearer_token_and_the_document_says_how_each_role_gets_one() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    for who in ("Staff", "operator", "kiosk", "customer", "robot"):
        assert who in scheme["description"]


def test_only_the_health_check_and_the_documents_are_open() -> None:
    opened = {name for name, (_, route) in ROUTES.items() if operation(route)["security"] == []}
    assert opened == {"GET /health", "GET /api/openapi.json", "GET /api/docs"}


@every_route()
def test_parameters_are_those_of_path_query_and_headers(service: str, route: Route) -> None:
    parameters = [resolved(parameter) for parameter in operation(route)["parameters"]]
    by_place = {place: {p["name"] for p in parameters if p["in"] == place} for place in ("path", "query", "header")}
    query = {info.alias for info in route.params.model_fields.values()} if route.params else set()
    conditional = {"Idempotency-Key", "If-Match"} if route.writes else {"If-None-Match"}
    assert by_place["path"] == set(re.findall(r"{(\w+)}", route.path))
    assert by_place["query"] == query
    assert by_place["header"] == (conditional if route.versioned else set())
    assert all(p["schema"]["maxLength"] == 200 for p in parameters if p["in"] == "path")


@every_route(where=lambda route: route.params)
def test_a_query_string_is_never_null_and_its_required_fields_are_marked(service: str, route: Route) -> None:
    assert route.params
    required = {info.alias for info in route.params.model_fields.values() if info.is_required()}
    query = [p for p in map(resolved, operation(route)["parameters"]) if p["in"] == "query"]
    assert {p["name"] for p in query if p["required"]} == required
    assert all("anyOf" not in p["schema"] and "null" not in str(p["schema"]) for p in query)


@every_route()
def test_only_writes_have_a_body_and_it_is_required_if_one_of_its_fields_is(service: str, route: Route) -> None:
    described = operation(route)
    if not route.writes:
        assert "requestBody" not in described
        return
    body, schema = described["requestBody"], resolved(described["requestBody"]["content"]["application/json"]["schema"])
    fields = {info.alias: info for info in route.body.model_fields.values()} if route.body else {}
    required = {name for name, info in fields.items() if info.is_required()}
    assert set(schema.get("properties", {})) == set(fields)
    assert (set(schema.get("required", [])), body["required"]) == (required, bool(required))
    assert "additionalProperties" not in schema


@every_route()
def test_an_answer_has_every_field_of_its_model_and_nothing_else(service: str, route: Route) -> None:
    content = operation(route)["responses"]["200"]["content"]
    if route.answer and issubclass(route.answer, Document):
        assert list(content) == [route.answer.content_type.partition(";")[0]]
        return
    schema = resolved(content["application/json"]["schema"])
    assert set(schema.get("properties", {})) == {
        info.alias for info in (route.answer.model_fields.values() if route.answer else ())
    }
    assert "next" not in schema.get("required", [])


@every_route()
def test_answers_are_those_that_the_route_declares_with_their_headers(service: str, route: Route) -> None:
    answers = operation(route)["responses"]
    unchanged = {"304"} if route.versioned and not route.writes else set()
    assert set(answers) == {"200", *unchanged, *map(str, route.errors)}
    for status, answer in answers.items():
        headers = set(resolved(answer).get("headers", {}))
        expected = {"X-Correlation-Id"} if status != "401" else set()  # the gateway's own answer may have neither
        expected |= {"WWW-Authenticate"} if status in ("401", "403") else set()
        expected |= {"ETag"} if route.versioned and status in ("200", "304") else set()
        expected |= {"Retry-After"} if status in ("429", "503") else set()
        assert headers == expected, status
        if status in map(str, ERRORS):
            kinds = ["application/problem+json", *(["application/json"] if status == "401" else [])]
            assert list(resolved(answer)["content"]) == kinds


@every_route()
def test_errors_are_no_more_than_such_a_route_can_answer(service: str, route: Route) -> None:
    can = {400, 500, 503} | (set() if route.open else {401, 403}) | ({413} if route.writes else set())
    can |= {409, 412, 422} if route.writes and route.versioned else set()
    is_made = isinstance(route.answer, type) and issubclass(route.answer, Document)  # only by a deployment
    about_others = bool(route.arguments or route.body or is_made)  # that may not exist
    may_refuse = {409, 429}  # what the state of a thing forbids, and who asks too often
    assert can <= set(route.errors) <= can | ({404} if about_others else set()) | may_refuse
    assert 404 in route.errors or not route.arguments


def test_a_creation_links_to_all_operations_on_what_it_created() -> None:
    links = operation(ROUTES["POST /api/stores"][1])["responses"]["200"]["links"]
    assert set(links) == {
        "get_store",
        "enable_participation",
        "disable_participation",
        "rebrand_store",
        "add_product",
        "get_products",
    }
    assert links["add_product"] == {"operationId": "add_product", "parameters": {"storeId": "$response.body#/id"}}


def test_each_link_names_an_operation_and_a_parameter_that_exist() -> None:
    operations = {operation(route)["operationId"]: route for _, route in ROUTES.values()}
    links = [
        (LEADS_TO.get(route.path, route.path.rpartition("/")[2]), link)
        for _, route in ROUTES.values()
        for link in operation(route)["responses"]["200"].get("links", {}).values()
    ]
    assert len(links) >= 30
    for created, link in links:
        leads_to = operations[link["operationId"]]
        [parameter] = link["parameters"]
        assert [parameter] == list(leads_to.arguments)
        assert f"/{created}/{{{parameter}}}" in leads_to.path


CREATIONS = [
    name
    for name, (_, route) in ROUTES.items()
    if route.method == "POST" and route.answer and "id" in route.answer.model_fields
]


@pytest.mark.parametrize("name", CREATIONS)
def test_every_creation_has_links(name: str) -> None:
    assert operation(ROUTES[name][1])["responses"]["200"]["links"]


@pytest.mark.parametrize(
    ("model", "name", "statuses"),
    [
        ("BasketContent", "status", BasketStatus),
        ("ordering.OrderContent", "status", OrderStatus),
        ("search.OrderContent", "status", OrderStatus),
        ("SearchFilters", "status", OrderStatus),
        ("PaymentShape", "status", PaymentStatus),
        ("InvoiceShape", "status", InvoiceStatus),
        ("ListContent", "status", ShoppingListStatus),
        ("BotContent", "status", ServingBotStatus),
        ("SagaView", "status", SagaStatus),
        ("NotificationShape", "kind", NotificationKind),
    ],
)
def test_a_status_is_an_enumeration(model: str, name: str, statuses: Any) -> None:
    assert field(model, name)["enum"] == list(get_args(statuses))


def fields_of(schemas: Schema) -> Iterator[tuple[str, str, Schema]]:
    for model, schema in schemas.items():
        for name, part in schema.get("properties", {}).items():
            yield model, name, part


def test_an_amount_is_a_number_of_cents_below_2_to_the_53() -> None:
    names = ("price", "productPrice", "total", "minTotal", "maxTotal", "amount", "revenue", "expected", "found")
    found = [f for f in fields_of(DOCUMENT["components"]["schemas"]) if f[1] in names]
    amounts = [(model, name, schema) for model, name, schema in found if schema.get("type") != "integer"]  # no counts
    assert len(amounts) >= 15
    for model, name, schema in amounts:
        assert (schema["type"], schema["format"], schema["multipleOf"]) == ("number", "decimal", 0.01), (model, name)
        assert schema["maximum"] * 100 < 2**53


def test_a_time_has_the_format_date_time() -> None:
    names = {"since", "createdAt", "sentAt", "time", "after", "before", "hour"}
    fields = fields_of(DOCUMENT["components"]["schemas"])
    moments = [f for f in fields if f[1] in names and f[0] != "ChangeShape"]  # where before and after are any values
    assert {name for _, name, _ in moments} == names
    for model, name, schema in moments:
        said = schema.get("anyOf", [schema])[0]  # of what may be null too
        assert (said["type"], said["format"]) == ("string", "date-time"), (model, name)


@pytest.mark.parametrize(
    ("model", "name", "limits"),
    [
        ("NewStore", "name", {"maxLength": 200, "pattern": NAME_PATTERN}),
        ("NewStore", "location", {"maxLength": 200, "pattern": NAME_PATTERN}),
        ("NewProduct", "sku", {"maxLength": 200, "pattern": LINE_PATTERN}),
        ("NewProduct", "description", {"maxLength": 2000, "pattern": TEXT_PATTERN}),
        ("NewProduct", "price", {"minimum": 0}),
        ("NewBasket", "customerId", {"pattern": ID_PATTERN, "maxLength": 200}),
        ("NewPayment", "amount", {"exclusiveMinimum": 0}),
        ("SomeItems", "quantity", {"minimum": 1, "maximum": 999}),
        ("Pick", "quantity", {"minimum": 0, "maximum": 999}),
        ("NewOrder", "items", {"minItems": 1, "maxItems": 100}),
        ("NewList", "items", {"minItems": 1, "maxItems": 100}),
        ("Completion", "shortages", {"maxItems": 100}),
        ("Search", "limit", {"minimum": 1, "maximum": 100}),
    ],
)
def test_limits_are_those_of_the_wire_models(model: str, name: str, limits: Schema) -> None:
    assert limits.items() <= field(model, name).items()


def test_a_list_takes_1_to_100_at_a_time() -> None:
    limits = [
        parameter["schema"]
        for _, route in ROUTES.values()
        for parameter in operation(route)["parameters"]
        if parameter.get("name") == "limit"
    ]
    assert len(limits) >= 9
    assert all((schema["minimum"], schema["maximum"], schema["type"]) == (1, 100, "integer") for schema in limits)
