"""Which function answers a request, and who may."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from functions.kernel.rest.caller import OPEN
from functions.kernel.rest.http import Api
from functions.kernel.runtime import ids
from functions.kernel.runtime.context import CUSTOMER, STAFF
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.jar_api import Created, Fill, Filter, JarAnswer, JarPage, api, ask, gateway_event
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def running() -> Iterator[Runtime]:
    with active(memory_runtime("jars")) as runtime:
        yield runtime


def new_jar(coins: int = 3) -> str:
    return str(ask("POST", "/api/jars", {"coins": coins}).body["id"])


def test_what_is_created_can_be_read() -> None:
    answer = ask("GET", f"/api/jars/{new_jar(7)}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.body["coins"] == 7


def test_a_function_without_an_answer_answers_an_empty_object() -> None:
    assert ask("PUT", f"/api/jars/{new_jar()}/coins", {"coins": 1}).text == "{}"


def test_a_fixed_path_wins_over_a_parameter_declared_before_it() -> None:
    assert ask("GET", "/api/jars/largest").body == {"id": "the largest"}


def test_path_parameters_arrive_by_their_names() -> None:
    assert ask("GET", "/api/jars/j/lids/l").body == {"id": "l on j"}


def test_escapes_in_a_path_are_read_whether_or_not_the_gateway_did_it() -> None:
    assert ask("GET", "/api/jars/caf%C3%A9/lids/a b").body == {"id": "a b on café"}
    assert ask("GET", "/api/jars/50%25/lids/l").body == {"id": "l on 50%"}


@pytest.mark.parametrize("path", ["/", "/api", "/api/jars/", "/api/jars//lids/l", "/api/jars/j/lids", "/api/nothing"])
def test_an_unknown_path_is_not_found(path: str) -> None:
    answer = ask("GET", path)
    assert (answer.status, answer.body["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/jars", "GET, POST"),
        ("PATCH", "/api/jars/j", "DELETE, GET"),
        ("HEAD", "/api/jars/j/coins", "PUT"),
        ("POST", "/api/shelves", "GET"),
        ("GET", "/api/shelves/s", "PUT"),
    ],
)
def test_a_known_path_with_another_method_says_which_it_knows(method: str, path: str, allow: str) -> None:
    answer = ask(method, path)
    assert (answer.status, answer.headers["Allow"], answer.body["code"]) == (405, allow, "method_not_allowed")


def test_a_route_of_others_that_arrives_here_is_not_found() -> None:
    assert ask("GET", "/api/shelves").status == 404


def test_what_the_gateway_cannot_match_is_404_or_405() -> None:
    handler = Api("gateway", elsewhere=[("GET", "/api/jars/{id}"), ("DELETE", "/api/jars/{id}")]).handle
    unknown = handler(gateway_event("GET", "/api/lamps"), None)
    wrong = handler(gateway_event("POST", "/api/jars/j"), None)
    assert (unknown["statusCode"], json.loads(unknown["body"])["code"]) == (404, "not_found")
    assert (wrong["statusCode"], wrong["headers"]["Allow"]) == (405, "DELETE, GET")
    assert ids.is_uuid(unknown["headers"]["X-Correlation-Id"])


def test_an_id_longer_than_any_is_not_found() -> None:
    assert ask("GET", "/api/jars/j/lids/" + "x" * 200).status == 200
    assert ask("GET", "/api/jars/j/lids/" + "x" * 201).status == 404


def test_routes_say_all_that_is_declared() -> None:
    by_name = {route.name: route for route in api.routes}
    create, read, listing = by_name["create_jar"], by_name["get_jar"], by_name["list_jars"]
    assert (create.method, create.path, create.may, create.body) == ("POST", "/api/jars", (STAFF,), Fill)
    assert (create.answer, create.summary) == (Created, "Put the first coins into a jar.")
    assert (read.may, read.answer, read.body, read.params) == ((STAFF, CUSTOMER), JarAnswer, None, None)
    assert read.summary == "Get jar"
    assert (listing.params, by_name["fill_jar"].answer) == (Filter, None)
    assert create.errors == (400, 401, 403, 409, 412, 413, 422, 500, 503)
    assert read.errors == (400, 401, 403, 404, 500, 503)
    assert by_name["largest"].errors == (400, 500, 503)


def test_a_write_and_a_read_of_one_thing_have_its_version_and_others_have_none() -> None:
    versioned = {route.name for route in api.routes if route.versioned}
    assert {"create_jar", "get_jar", "fill_jar", "seal_jar"} <= versioned
    assert not versioned & {"list_jars", "largest", "total"}


def test_what_a_function_alone_can_answer_is_declared_with_its_route() -> None:
    jars = Api("jars")

    @jars.post("/api/jars", may=OPEN, errors=[404])
    def create(body: Fill) -> Created:
        return Created(id="jar-1")

    @jars.post("/api/jars/search", may=OPEN, versioned=False)
    def search(body: Fill) -> JarPage:
        return JarPage(jars=[])

    assert [route.errors for route in jars.routes] == [
        (400, 404, 409, 412, 413, 422, 500, 503),
        (400, 413, 500, 503),
    ]


def test_a_write_that_changes_nothing_takes_no_key_and_no_version() -> None:
    jars = Api("jars")

    @jars.put("/api/jars/search", may=OPEN, versioned=False)
    def search() -> Created:
        return Created(id="jar-1")

    answer = ask("PUT", "/api/jars/search", headers={"If-Match": '"7"', "Idempotency-Key": "k" * 256}, api=jars)
    assert (answer.status, "ETag" in answer.headers) == (200, False)


def test_a_route_is_found_by_method_and_path() -> None:
    found = api.find("GET", "/api/jars/j")
    assert found
    assert found.path == "/api/jars/{jarId}"
    assert api.find("PATCH", "/api/jars/j") is None


def without_answer(jar_id: str) -> str:
    return jar_id


def with_other_name(jar: str) -> None:
    pass


def with_nothing() -> None:
    pass


def with_two_bodies(jar_id: str, one: Fill, two: Fill) -> None:
    pass


def with_a_number(jar_id: str, count: int) -> None:
    pass


@pytest.mark.parametrize("function", [without_answer, with_other_name, with_nothing, with_two_bodies, with_a_number])
def test_a_function_that_does_not_fit_its_path_is_refused_at_once(function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=function.__name__):
        Api("jars").get("/api/jars/{jarId}", may=OPEN)(function)


def test_a_route_has_one_function() -> None:
    twice = Api("jars")
    twice.get("/api/jars", may=OPEN)(with_nothing)
    with pytest.raises(TypeError, match="GET /api/jars has a function already"):
        twice.get("/api/jars", may=OPEN)(with_nothing)


def test_an_included_api_is_answered_too_and_may_not_answer_the_same() -> None:
    whole, other = Api("jars"), Api("jars")

    @other.get("/api/lids", may=OPEN)
    def lids() -> Created:
        return Created(id="lid-1")

    whole.include(other)
    answer = whole.handle(gateway_event("GET", "/api/lids"))
    assert json.loads(answer["body"]) == {"id": "lid-1"}
    with pytest.raises(TypeError, match="GET /api/lids has a function already"):
        whole.include(other)


@pytest.mark.parametrize("may", [[], "", ["staff", "guest"], ["everyone", "staff"], "everyone", ["Staff"]])
def test_a_route_that_does_not_say_who_may_use_it_does_not_start(may: Sequence[str]) -> None:
    with pytest.raises(TypeError, match="GET /api/jars must name the roles that may use it"):
        Api("jars").get("/api/jars", may=may)(with_nothing)
