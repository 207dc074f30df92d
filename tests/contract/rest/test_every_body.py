"""What every route does with each field of its body or query string: wrong, missing, too long, or unknown."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.kernel.rest.routes import Route
from functions.kernel.rest.texts import ID_PATTERN
from tests.contract.rest.declared import ROUTES, Schema, answers_here, body_schema, generated, key, resolved, routes
from tests.contract.rest.furnished import FIELDS as THINGS
from tests.contract.rest.furnished import Furnished, furnish
from tests.contract.rest.test_every_route import assert_problem

FREE = {("PUT /api/operations/letters/{id}/data", ("data",))}  # an object of a message, which has no field but its own
# Texts of which any may be looked for.
LOOKED_FOR = {"service", "message", "reason", "group", "order", "actor", "about"}
GIVEN = {"to", "from", "stream", "view", "names"}  # of estimates: empty is not given, and what is unknown is refused
OF_TYPE: dict[str, list[Any]] = {
    "string": [7, True, [], {}],
    "integer": ["1", 1.5, True, [], {}],
    "number": ["1", True, [], {}],
    "array": ["x", 7, {}],
    "object": ["x", 7, []],
    "boolean": ["true", 1],
}

Place = tuple[Any, ...]


def places(schema: Schema, within: Place = ()) -> Iterator[tuple[Place, Schema, bool]]:
    """Each field of a body, also of objects and lists in it: where it is, its schema, whether it must be there."""
    schema = resolved(schema)
    for name, part in schema.get("properties", {}).items():
        whole = resolved(part)
        yield (*within, name), whole, name in schema.get("required", [])
        if whole.get("type") == "object":
            yield from places(whole, (*within, name))
        if whole.get("type") == "array":
            yield (*within, name, 0), resolved(whole["items"]), False
            yield from places(whole["items"], (*within, name, 0))


FIELDS = [(route, *place) for route in ROUTES if route.body for place in places(body_schema(route))]


def of_fields(where: Callable[[Place, Schema], object]) -> pytest.MarkDecorator:
    """A test for each field of each body, where that is so of its place and schema."""
    found = [(route, place, *rest) for route, place, *rest in FIELDS if where(place, rest[0])]
    names = [f"{key(route)} {'.'.join(map(str, place))}" for route, place, *_ in found]
    return pytest.mark.parametrize(("route", "place", "schema", "required"), found, ids=names)


every_field = of_fields(lambda place, schema: True)


def put(body: Any, place: Place, value: Any, route: Route) -> dict[str, Any]:
    """A body with another value at a place; what is on the way there is made when it is missing."""
    changed: dict[str, Any] = json.loads(json.dumps(body))
    part: Any = changed
    schema = body_schema(route)
    for step in place[:-1]:
        schema = resolved(schema["items"] if isinstance(step, int) else schema["properties"][step])
        if isinstance(part, dict):
            part = part.setdefault(step, [] if schema.get("type") == "array" else {})
        else:
            if not part:
                part.append(generated(schema, {}))
            part = part[step]
    if isinstance(part, list):
        part[:] = [value]
    else:
        part[place[-1]] = value
    return changed


@pytest.fixture(scope="module")
def mall() -> Furnished:
    """One for all that are refused: nothing changes in it."""
    return furnish()


def assert_refused(mall: Furnished, route: Route, body: Any, place: Place) -> None:
    """400, with the field's name, and nothing done."""
    before = mall.effects()
    answer = mall.do(route, body)
    assert_problem(answer, 400, mall.path(route))
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    assert name in answer.body["detail"]
    assert mall.effects() == before


@every_field
def test_a_value_of_another_type_is_refused(
    mall: Furnished, route: Route, place: Place, schema: Schema, required: bool
) -> None:
    for wrong in OF_TYPE[schema["type"]]:
        assert_refused(mall, route, put(mall.body(route), place, wrong, route), place)


def zero_of(schema: Schema) -> Any:
    """The zero value that published clients leave out, of a text, a number or a list; None of anything else."""
    if "enum" in schema or schema.get("format") == "date-time":
        return None
    return {"string": "", "integer": 0, "number": 0, "array": []}.get(schema["type"])


def is_exact(route: Route, place: Place) -> bool:
    """Whether a field must be there as it is: in a body that says so, and in a list of values."""
    return isinstance(place[-1], int) or (route.body is not None and route.body.exact)


def without(body: Any, place: Place) -> Any:
    """A body without the field at a place."""
    left = json.loads(json.dumps(body))
    part: Any = left
    for step in place[:-1]:
        part = part[step]
    del part[place[-1]]
    return left


@every_field
def test_null_is_a_value_left_out_or_none_at_all(
    mall: Furnished, route: Route, place: Place, schema: Schema, required: bool
) -> None:
    body = put(mall.body(route), place, None, route)
    if is_exact(route, place) or zero_of(schema) is None:
        assert_refused(mall, route, body, place)
    else:
        assert outcome(route, body) == outcome(route, without(body, place))


@of_fields(lambda place, schema: not isinstance(place[-1], int))
def test_a_field_that_is_left_out_is_its_zero_value_where_it_has_one(
    mall: Furnished, route: Route, place: Place, schema: Schema, required: bool
) -> None:
    left_out = without(put(mall.body(route), place, None, route), place)
    if not required:
        answer = furnish().do(route, left_out)
        assert answer.status == 200, answer
    elif is_exact(route, place) or zero_of(schema) is None:
        assert_refused(mall, route, left_out, place)
    else:
        found = outcome(route, left_out)
        assert found == outcome(route, put(left_out, place, zero_of(schema), route))
        assert "missing" not in str(found)


def outcome(route: Route, body: Any) -> tuple[int, Any, int]:
    """What a fresh mall answers (of ids that it makes, that it does), and how many commits there are then."""
    furnished = furnish()
    answer = furnished.do(route, body)
    return answer.status, answer.body.get("message") or set(answer.body), furnished.effects()


def too_much(schema: Schema) -> list[Any]:
    """Values beyond what the document allows."""
    found: list[Any] = []
    if "maxLength" in schema:
        found.append("x" * (schema["maxLength"] + 1))
    if "maximum" in schema:
        found.append(schema["maximum"] + 1)
    if "maxItems" in schema:
        found.append([generated(schema["items"], {})] * (schema["maxItems"] + 1))
    if "enum" in schema:
        found.append("something else")
    if schema.get("format") in ("date", "date-time"):
        found += ["yesterday", "2030-13-01", "2030-01-31T25:00:00Z"]
    if "multipleOf" in schema:
        found.append(0.001)
    return found


def too_little(schema: Schema) -> list[Any]:
    """Values that fall short of what the document wants."""
    found: list[Any] = []
    if schema.get("minLength") or not re.search(schema.get("pattern", ""), ""):
        found.append("")
    if not re.search(schema.get("pattern", ""), " "):
        found.append(" ")
    if "pattern" in schema:
        found += ["a\0b", "a\u202eb"]
    if schema.get("pattern") == ID_PATTERN:
        found += ["a#b", "a/b"]
    if "minimum" in schema:
        found.append(schema["minimum"] - 1)
    if "exclusiveMinimum" in schema:
        found.append(schema["exclusiveMinimum"])
    if "minItems" in schema:
        found.append([])
    return found


@of_fields(lambda place, schema: too_much(schema))
def test_more_than_the_document_allows_is_refused(
    mall: Furnished, route: Route, place: Place, schema: Schema, required: bool
) -> None:
    for value in too_much(schema):
        assert_refused(mall, route, put(mall.body(route), place, value, route), place)


@of_fields(lambda place, schema: too_little(schema))
def test_less_than_the_document_allows_is_refused_too(
    route: Route, place: Place, schema: Schema, required: bool
) -> None:
    for value in too_little(schema):
        furnished = furnish()
        before = furnished.effects()
        answer = furnished.do(route, put(furnished.body(route), place, value, route))
        assert_problem(answer, 400, furnished.path(route))
        assert furnished.effects() == before


@routes(lambda route: route.writes)
def test_fields_that_it_does_not_know_are_ignored(route: Route) -> None:
    known, unknown = furnish(), furnish()
    body = known.body(route)
    strange = {**body, "unknown": {"deep": [None]}, "next_": 7}
    for place, schema, _ in places(body_schema(route)):
        if schema.get("type") == "object" and place[0] in body and (key(route), place) not in FREE:
            strange = put(strange, (*place, "unknown"), None, route)
    expected, found = known.do(route, body), unknown.do(route, strange)
    assert (found.status, set(found.body)) == (200, set(expected.body))
    assert unknown.effects() == known.effects()


@routes(lambda route: route.writes and not body_schema(route).get("required"))
def test_a_body_of_nothing_may_be_left_out(route: Route) -> None:
    for body in ("", "{}"):
        assert furnish().do(route, body).status == 200


QUERIES = [
    (route, str(info.alias), info.is_required())
    for route in ROUTES
    if route.params
    for info in route.params.model_fields.values()
]


@pytest.mark.parametrize(("route", "name", "required"), QUERIES, ids=[f"{key(r)}?{name}" for r, name, _ in QUERIES])
def test_a_field_of_the_query_string_that_makes_no_sense_is_refused(
    mall: Furnished, route: Route, name: str, required: bool
) -> None:
    wrong = ["x" * 201] if name in {*THINGS, *LOOKED_FOR, *GIVEN} else ["", "nonsense", "null"]
    others = mall.required_query(route)
    for value in wrong:
        path = mall.path(route)
        answer = mall.mall.request(route.method, f"{path}{others}&{name}={value}")
        assert_problem(answer, 400, path)
        assert name in answer.body["detail"]
    if required:
        assert_problem(mall.mall.request(route.method, mall.path(route)), 400, mall.path(route))


@routes(lambda route: answers_here(route) and not route.writes)
def test_fields_of_the_query_string_that_it_does_not_know_are_ignored(mall: Furnished, route: Route) -> None:
    expected = mall.do(route)
    query = mall.required_query(route) if route.params else "?"
    found = mall.mall.request(route.method, f"{mall.path(route)}{query}&unknown=7&unknown")
    assert (found.status, found.body) == (200, expected.body)
