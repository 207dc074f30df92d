"""What every declared route does with any request: one row of the table each, all routes by themselves."""

import re
from typing import Any

import jsonschema_rs
import pytest

from functions.kernel.rest.caller import OPEN
from functions.kernel.rest.routes import LONGEST_ID, NOTHING_HERE, Route
from functions.kernel.runtime import ids
from infra.documents.openapi import CODES
from tests.contract.rest.declared import (
    DOCUMENT,
    ROUTES,
    answers_here,
    key,
    routes,
    shows_one_thing,
    writes,
)
from tests.contract.rest.furnished import Furnished, furnish
from tests.support.callers import A_KIOSK, CLERK
from tests.support.cloud import Response

LIMIT = 65_536
MALFORMED: list[Any] = [
    " ",
    "{",
    "[]",
    '"text"',
    "7",
    "null",
    "{'name': 1}",
    '{"price": NaN}',
    b'{"name": "\xff"}',
    "{}{}",
]
PARAMETERS = [(route, name) for route in ROUTES for name in route.arguments]


@pytest.fixture(scope="module")
def mall() -> Furnished:
    """One for all that are refused: nothing changes in it."""
    return furnish()


def assert_problem(answer: Response, status: int, path: str) -> None:
    """Problem details, with all members and nothing else."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.body) == {"type", "title", "status", "detail", "instance", "code", "message"}
    assert (answer.body["type"], answer.body["status"], answer.body["instance"]) == ("about:blank", status, path)
    assert answer.body["message"] == answer.body["detail"] != ""
    assert answer.body["code"] in CODES
    assert ids.is_uuid(answer.headers["X-Correlation-Id"])


@routes(answers_here)
def test_it_does_what_it_is_for_and_answers_as_the_document_says(route: Route) -> None:
    furnished = furnish()
    answer = furnished.do(route)
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/json"
    said = DOCUMENT["paths"][route.path][route.method.lower()]["responses"]["200"]
    schema = {**said["content"]["application/json"]["schema"], "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(answer.body)
    fields = {info.alias for info in route.answer.model_fields.values()} if route.answer else set()
    assert fields - {"next"} <= set(answer.body) <= fields
    assert set(said["headers"]) <= set(answer.headers)
    furnished.mall.settle()
    assert furnished.mall.dead_letters() == {}


def for_kiosks_alone(route: Route) -> bool:
    """Whether a kiosk sends the requests of these tests, whose correlation id is not taken (kernel/rest/request.py)."""
    return route.may != OPEN and A_KIOSK.has(*route.may) and not CLERK.has(*route.may)


@routes(answers_here)
def test_it_answers_with_the_correlation_id_of_a_request_or_a_new_one(route: Route) -> None:
    furnished, mine = furnish(), ids.new()
    given = furnished.do(route, headers={"X-Correlation-Id": mine}).headers["X-Correlation-Id"]
    assert (given == mine) is not for_kiosks_alone(route)
    for foreign in ("not one", mine.replace("-", "")):
        given = furnished.do(route, headers={"X-Correlation-Id": foreign}).headers["X-Correlation-Id"]
        assert ids.is_uuid(given)
        assert given not in (mine, foreign)


@routes()
def test_a_request_that_is_refused_is_answered_with_its_correlation_id_too(mall: Furnished, route: Route) -> None:
    mine = {"X-Correlation-Id": ids.new()}
    for method, query in ((route.method, "?x=%"), ("PATCH", "")):
        answer = mall.mall.request(method, mall.path(route) + query, None, mine)
        assert answer.status in (400, 405)
        given = answer.headers["X-Correlation-Id"]
        assert (given == mine["X-Correlation-Id"]) is not (for_kiosks_alone(route) and method == route.method)
        assert ids.is_uuid(given)


@pytest.mark.parametrize(("route", "parameter"), PARAMETERS, ids=[f"{key(r)} {name}" for r, name in PARAMETERS])
@pytest.mark.parametrize("unknown", ["nothing", ids.derive("nothing"), "x" * (LONGEST_ID + 1)])
def test_what_its_path_names_must_be_there(mall: Furnished, route: Route, parameter: str, unknown: str) -> None:
    before = mall.effects()
    answer = mall.do(route, **{parameter: unknown})
    assert_problem(answer, 404, mall.path(route, **{parameter: unknown}))
    if len(unknown) > LONGEST_ID:
        assert answer.body["detail"] == NOTHING_HERE, "it was looked for"
    assert mall.effects() == before


@routes(writes)
@pytest.mark.parametrize("text", MALFORMED, ids=repr)
def test_a_body_that_is_no_json_object_is_refused(mall: Furnished, route: Route, text: Any) -> None:
    before = mall.effects()
    assert_problem(mall.do(route, text), 400, mall.path(route))
    assert mall.effects() == before


@routes(writes)
def test_a_body_over_64_kb_is_too_large_and_one_of_just_64_kb_is_not(route: Route) -> None:
    furnished = furnish()
    before = furnished.effects()
    fits = '{"' + "x" * (LIMIT - 7) + '":1}'
    assert len(fits) == LIMIT - 1
    assert_problem(furnished.do(route, fits + "  "), 413, furnished.path(route))
    assert_problem(furnished.do(route, (fits + "  ").encode()), 413, furnished.path(route))
    assert furnished.effects() == before
    assert furnished.do(route, fits + " ").status != 413


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_a_path_with_a_method_that_it_does_not_know_says_which_it_knows(mall: Furnished, path: str) -> None:
    path = mall.path(next(route for route in ROUTES if route.path == path))
    known = {route.method for route in ROUTES if re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path), path)}
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"} - known:
        answer = mall.mall.request(method, path)
        assert_problem(answer, 405, path)
        assert answer.headers["Allow"] == ", ".join(sorted(known))


@routes()
def test_a_path_beyond_it_is_not_found(mall: Furnished, route: Route) -> None:
    path = f"{mall.path(route)}/nothing/here"
    assert_problem(mall.mall.request(route.method, path), 404, path)


@routes()
def test_a_query_string_that_cannot_be_read_is_refused(mall: Furnished, route: Route) -> None:
    path = mall.path(route)
    for query in ("x=%", "x=%zz", "x=%ff", "x=%00"):
        assert_problem(mall.mall.request(route.method, f"{path}?{query}"), 400, path)


@routes(shows_one_thing)
def test_a_thing_that_is_read_has_its_version_and_is_not_sent_again_to_who_has_it(
    mall: Furnished, route: Route
) -> None:
    answer = mall.do(route)
    assert answer.status == 200
    tag = answer.headers["ETag"]
    assert re.fullmatch(r'"[1-9][0-9]*"', tag)
    for known in (tag, f'"999", {tag}', "*"):
        again = mall.do(route, headers={"If-None-Match": known})
        assert (again.status, again.body, again.headers["ETag"]) == (304, None, tag)
    longer = f'{tag[:-1]}0"'
    for other in ('"999"', longer, "nonsense"):
        again = mall.do(route, headers={"If-None-Match": other})
        assert (again.status, again.body) == (200, answer.body)


@routes(lambda route: answers_here(route) and not route.versioned)
def test_what_is_no_one_thing_has_no_version(route: Route) -> None:
    answer = furnish().do(route, headers={"If-None-Match": "*", "If-Match": '"999"'})
    assert (answer.status, "ETag" in answer.headers) == (200, False)
