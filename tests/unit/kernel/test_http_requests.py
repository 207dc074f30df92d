"""What is read from a request, and what is refused as malformed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.kernel.rest.request import Request
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.views import Row
from tests.support.jar_api import api, ask, gateway_event
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def running() -> Iterator[Runtime]:
    with active(memory_runtime("jars")) as runtime:
        yield runtime


def new_jar(coins: int = 3) -> str:
    return str(ask("POST", "/api/jars", {"coins": coins}).body["id"])


@pytest.mark.parametrize("body", [None, "", "{}", b""])
def test_an_empty_body_may_be_left_out(body: Any) -> None:
    assert ask("DELETE", f"/api/jars/{new_jar()}", body).status == 200


@pytest.mark.parametrize(
    "body", [" ", "\n", "{", "nonsense", '{"coins": NaN}', '{"a": "\\ud800"}', "[" * 60_000, b"\xff", b"{\xc3}"]
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


def test_a_number_that_is_left_out_is_zero() -> None:
    assert ask("POST", "/api/jars").status == ask("POST", "/api/jars", {"coins": 0}).status == 200


@pytest.mark.parametrize("text", ['{"coins": 1, "x": "\ufffd"}', '{"coins": 1, "x": "\\ufffd"}'])
def test_a_body_whose_bad_bytes_were_replaced_is_refused(text: str) -> None:
    answer = ask("POST", "/api/jars", text)
    assert answer.status == 400


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


def test_a_plus_in_a_query_string_is_a_space_and_an_escaped_one_a_plus() -> None:
    assert Request(gateway_event("GET", "/api/jars?a+b=c+d%2Be")).query == {"a b": "c d+e"}


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
