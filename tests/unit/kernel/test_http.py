"""Requests to routes to answers, and errors to problem details."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from functions.kernel import ids
from functions.kernel.caller import BOT, Caller, admit
from functions.kernel.errors import (
    ConcurrencyError,
    ForbiddenError,
    InvalidError,
    KeyReusedError,
    MallBotsError,
    NotFoundError,
    RefusedError,
    StaleError,
    TooLargeError,
    UnavailableError,
)
from functions.kernel.http import CUSTOMER, STAFF, Api, not_found_handler
from functions.kernel.runtime import Runtime, active
from functions.kernel.views import Row
from functions.kernel.wire import Answer, Body, Params
from tests.support.jar_api import Created, Fill, Filter, JarAnswer, Response, api, ask, gateway_event
from tests.support.runtime import memory_runtime

SAME = "0b4f6f0e-6d3c-4c3b-9c3e-0f6b8f1e2a3d"


@pytest.fixture(autouse=True)
def running() -> Iterator[Runtime]:
    with active(memory_runtime("jars")) as runtime:
        yield runtime


def new_jar(coins: int = 3) -> str:
    return str(ask("POST", "/api/jars", {"coins": coins}).body["id"])


def failing(error: Exception) -> Response:
    broken = Api("broken")

    @broken.get("/api/broken", may=[])
    def fail() -> None:
        raise error

    return ask("GET", "/api/broken", api=broken)


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "PutItem",
    )


# Routes


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
    handler = not_found_handler([("GET", "/api/jars/{id}"), ("DELETE", "/api/jars/{id}")])
    unknown = handler(gateway_event("GET", "/api/lamps"), None)
    wrong = handler(gateway_event("POST", "/api/jars/j"), None)
    assert (unknown["statusCode"], json.loads(unknown["body"])["code"]) == (404, "not_found")
    assert (wrong["statusCode"], wrong["headers"]["Allow"]) == (405, "DELETE, GET")
    assert ids.is_uuid(unknown["headers"]["X-Correlation-Id"])


def test_an_id_longer_than_any_is_not_found() -> None:
    assert ask("GET", "/api/jars/" + "x" * 3000).status == 404


def test_routes_say_all_that_is_declared() -> None:
    by_name = {route.name: route for route in api.routes}
    create, read, listing = by_name["create_jar"], by_name["get_jar"], by_name["list_jars"]
    assert (create.method, create.path, create.may, create.body) == ("POST", "/api/jars", (STAFF,), Fill)
    assert (create.answer, create.summary) == (Created, "Put the first coins into a jar.")
    assert (read.may, read.answer, read.body, read.params) == ((STAFF, CUSTOMER), JarAnswer, None, None)
    assert read.summary == "Get jar"
    assert (listing.params, by_name["fill_jar"].answer) == (Filter, None)
    assert create.errors == (400, 401, 403, 404, 409, 412, 413, 422, 500, 503)
    assert read.errors == (400, 401, 403, 404, 500, 503)
    assert by_name["largest"].errors == (500, 503)


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
        Api("jars").get("/api/jars/{jarId}", may=[])(function)


def test_a_route_has_one_function() -> None:
    twice = Api("jars")
    twice.get("/api/jars", may=[])(with_nothing)
    with pytest.raises(TypeError, match="GET /api/jars has a function already"):
        twice.get("/api/jars", may=[])(with_nothing)


# Bodies and query strings


@pytest.mark.parametrize("body", [None, "", " \n", "{}", b""])
def test_an_empty_body_may_be_left_out(body: Any) -> None:
    assert ask("DELETE", f"/api/jars/{new_jar()}", body).status == 200


@pytest.mark.parametrize(
    "body", ["{", "nonsense", '{"coins": NaN}', '{"a": "\\ud800"}', "[" * 60_000, b"\xff", b"{\xc3}"]
)
def test_a_malformed_body_is_refused_even_where_none_is_wanted(body: str | bytes) -> None:
    for method, path in (("POST", "/api/jars"), ("DELETE", "/api/jars/j")):
        answer = ask(method, path, body)
        assert (answer.status, answer.body["code"]) == (400, "invalid")


@pytest.mark.parametrize("body", ["null", "[]", '"text"', "1", "true"])
def test_a_body_that_is_no_object_is_refused(body: str) -> None:
    assert ask("POST", "/api/jars", body).body["detail"] == "the body must be a JSON object"


def test_a_body_in_base64_is_read() -> None:
    assert ask("POST", "/api/jars", '{"coins": 1, "firstNote": "Grüße"}'.encode()).status == 200


def test_base64_that_is_none_is_refused() -> None:
    event = {**gateway_event("POST", "/api/jars", "abc"), "isBase64Encoded": True}
    assert api.handle(event)["statusCode"] == 400


@pytest.mark.parametrize("send", [str, str.encode])
def test_a_body_over_64_kb_is_too_large_and_one_of_64_kb_is_not(send: Callable[[str], Any]) -> None:
    padding = 65_536 - len('{"coins":1,"x":""}')
    full = json.dumps({"coins": 1, "x": "y" * padding}, separators=(",", ":"))
    assert ask("POST", "/api/jars", send(full)).status == 200
    answer = ask("POST", "/api/jars", send(full + " "))
    assert (answer.status, answer.body["code"]) == (413, "too_large")


def test_the_size_of_a_body_is_counted_in_bytes() -> None:
    assert ask("POST", "/api/jars", json.dumps({"coins": 1, "x": "é" * 40_000}, ensure_ascii=False)).status == 413


def test_a_missing_field_is_named_in_the_answer() -> None:
    answer = ask("POST", "/api/jars")
    assert (answer.status, answer.body["message"]) == (400, "coins: this field is missing")


def test_amounts_pass_exactly() -> None:
    answer = ask("PUT", "/api/total", '{"prices": [{"amount": 90071992547409.90}, {"amount": 0.01}]}')
    assert answer.text == '{"total":90071992547409.91}'


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "limit=", "status=lost", "status=", "next=forged", "next=", "since=2030-01-01"],
)
def test_a_bad_query_string_is_refused(query: str) -> None:
    answer = ask("GET", f"/api/jars?{query}")
    assert (answer.status, answer.body["detail"].split(":")[0]) == (400, query.split("=")[0])


def test_a_query_string_is_unescaped_and_what_is_unknown_in_it_ignored() -> None:
    assert ask("GET", "/api/jars?since=2030-01-01T00%3A00%3A00%2B02:00&x=1&&status=open").status == 200


def test_of_a_parameter_that_is_there_twice_the_last_counts() -> None:
    assert ask("GET", "/api/jars?limit=0&limit=5").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/jars/%",
        "/api/jars/%zz",
        "/api/jars/%ff",
        "/api/jars/%C3",
        "/api/jars/\ufffd",
        "/api/jars/a%00b",
        "/api/jars?status=%",
        "/api/jars?status=%ff",
        "/api/jars?x%=1",
        "/api/jars/largest?x=%00",
    ],
)
def test_broken_escapes_and_what_is_not_utf_8_are_refused(path: str) -> None:
    answer = ask("GET", path)
    assert (answer.status, answer.body["code"]) == (400, "invalid")


def test_pages_follow_each_other_until_next_is_absent(running: Runtime) -> None:
    for number in range(5):
        running.views.put(Row("jars", f"open-{number}", {"jar_id": f"j{number}", "coins": number}), 1)
    seen: list[str] = []
    query = "limit=2"
    while query:
        page = ask("GET", f"/api/jars?{query}").body
        seen += [jar["jarId"] for jar in page["jars"]]
        query = f"limit=2&next={page['next']}" if "next" in page else ""
    assert seen == ["j0", "j1", "j2", "j3", "j4"]


def test_the_next_of_another_list_is_refused(running: Runtime) -> None:
    for number in range(3):
        running.views.put(Row("jars", f"open-{number}", {"jar_id": f"j{number}", "coins": number}), 1)
    token = ask("GET", "/api/jars?limit=1").body["next"]
    assert ask("GET", f"/api/jars?limit=1&next={token}").status == 200
    assert ask("GET", f"/api/jars?limit=1&status=open&next={token}").status == 400


# Problems


@pytest.mark.parametrize(
    ("error", "status", "title", "code"),
    [
        (InvalidError("why"), 400, "Bad Request", "invalid"),
        (ForbiddenError("why"), 403, "Forbidden", "forbidden"),
        (NotFoundError("why"), 404, "Not Found", "not_found"),
        (RefusedError("why", "sealed"), 409, "Conflict", "refused"),
        (ConcurrencyError("why"), 409, "Conflict", "conflict"),
        (StaleError("why"), 412, "Precondition Failed", "stale"),
        (TooLargeError("why"), 413, None, "too_large"),
        (KeyReusedError("why"), 422, None, "idempotency_key_reused"),
        (UnavailableError("why"), 503, "Service Unavailable", "unavailable"),
    ],
)
def test_an_error_becomes_a_problem_document(error: MallBotsError, status: int, title: str | None, code: str) -> None:
    answer = failing(error)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body == {
        "type": "about:blank",
        "title": title or answer.body["title"],
        "status": status,
        "detail": "why",
        "instance": "/api/broken",
        "code": code,
        "message": "why",
    }


def test_the_instance_of_a_problem_is_a_proper_reference() -> None:
    assert ask("GET", '/api/<é "x">').body["instance"] == "/api/%3C%C3%A9%20%22x%22%3E"


@pytest.mark.parametrize("error", [KeyError("secret"), client_error("ValidationException"), MallBotsError("secret")])
def test_what_nobody_expected_is_500_and_tells_nothing(error: Exception) -> None:
    answer = failing(error)
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("ProvisionedThroughputExceededException"),
        client_error("RequestLimitExceeded"),
        client_error("TooManyRequestsException", 429),
        client_error("InternalServerError", 500),
        EndpointConnectionError(endpoint_url="https://secret"),
        ConnectTimeoutError(endpoint_url="https://secret"),
        ReadTimeoutError(endpoint_url="https://secret"),
        ConnectionResetError("secret"),
        TimeoutError("secret"),
    ],
)
def test_what_passes_is_503_and_says_when_to_ask_again(error: Exception) -> None:
    answer = failing(error)
    assert (answer.status, answer.headers["Retry-After"], answer.body["code"]) == (503, "2", "unavailable")
    assert "secret" not in answer.text


def test_an_owner_that_is_down_may_say_how_long() -> None:
    assert failing(UnavailableError("stores does not answer", retry_after=30)).headers["Retry-After"] == "30"


# Flows, versions


@pytest.mark.parametrize(("path", "status"), [("/api/jars/largest", 200), ("/api/nothing", 404), ("/api/jars/%", 400)])
def test_every_answer_carries_the_correlation_id_of_the_request(path: str, status: int) -> None:
    answer = ask("GET", path, headers={"X-Correlation-Id": SAME})
    assert (answer.status, answer.headers["X-Correlation-Id"]) == (status, SAME)


@pytest.mark.parametrize("headers", [{}, {"x-correlation-id": "mine"}, {"x-correlation-id": ""}])
def test_a_request_without_a_proper_correlation_id_gets_a_new_one(headers: dict[str, str]) -> None:
    first, second = (ask("GET", "/api/jars/largest", headers=headers).headers["X-Correlation-Id"] for _ in range(2))
    assert ids.is_uuid(first)
    assert ids.is_uuid(second)
    assert first != second


def sent_metadata(running: Runtime, headers: dict[str, str]) -> dict[str, Any]:
    jar = ask("POST", "/api/jars", {"coins": 1}, headers).body["id"]
    commit = running.store.read(f"Jar#{jar}", 1)
    assert commit
    metadata: dict[str, Any] = commit.messages[0].detail["metadata"]
    return metadata


def test_what_comes_of_a_request_is_of_its_flow_and_has_no_cause_before_it(running: Runtime) -> None:
    metadata = sent_metadata(running, {"x-correlation-id": SAME})
    assert (metadata["correlation_id"], metadata["causation_id"], metadata["actor"]) == (SAME, None, "anonymous")


def test_a_trace_is_continued(running: Runtime) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    traceparent = sent_metadata(running, {"traceparent": parent})["traceparent"]
    assert traceparent.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert traceparent != parent


@pytest.mark.parametrize(
    "parent",
    [
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    ],
)
def test_a_malformed_trace_is_begun_anew(running: Runtime, parent: str) -> None:
    trace = sent_metadata(running, {"traceparent": parent})["traceparent"].split("-")[1]
    assert trace not in parent.lower()


def test_a_read_of_a_jar_has_its_version_as_etag_and_a_list_has_none() -> None:
    jar = new_jar()
    ask("PUT", f"/api/jars/{jar}/coins", {"coins": 1})
    assert ask("GET", f"/api/jars/{jar}").headers["ETag"] == '"2"'
    assert "ETag" not in ask("GET", "/api/jars").headers


@pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_what_the_client_has_already_is_not_sent_again(known: str) -> None:
    answer = ask("GET", f"/api/jars/{new_jar()}", headers={"If-None-Match": known})
    assert (answer.status, answer.text, answer.headers["ETag"]) == (304, "", '"1"')
    assert ids.is_uuid(answer.headers["X-Correlation-Id"])


@pytest.mark.parametrize("known", ['"2"', '"11"', "1", "", "nonsense"])
def test_what_the_client_has_not_is_sent(known: str) -> None:
    assert ask("GET", f"/api/jars/{new_jar()}", headers={"If-None-Match": known}).status == 200


# Who may


def test_whoever_was_not_asked_may_all_and_roles_are_held_to_theirs() -> None:
    admit(Caller(), [STAFF])
    admit(Caller(STAFF, "s"), [STAFF, CUSTOMER])
    admit(Caller(BOT, "b"), [])
    with pytest.raises(ForbiddenError):
        admit(Caller(BOT, "b"), [STAFF, CUSTOMER])


def test_the_kinds_of_models_are_told_apart() -> None:
    assert not issubclass(Body, Answer)
    assert not issubclass(Params, Body)
