"""What answers and log lines tell: nothing of what is inside, nothing of what was sent, and no forged line."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import NotFoundError, UnavailableError
from functions.kernel.rest.caller import OPEN
from functions.kernel.rest.http import Api
from functions.kernel.runtime import observe
from functions.kernel.runtime.context import STAFF, Caller
from functions.kernel.runtime.runtime import active
from tests.support.callers import NOBODY
from tests.support.jar_api import Fill, api, ask
from tests.support.runtime import memory_runtime

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/mallbots-prod-stores"
TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"  # no token of anybody
SECRETS = ["Mia Wallace", "+15550100", "123456", TOKEN, "the-key-of-mia", "forged"]
SENT = {"name": "Mia Wallace", "smsNumber": "+15550100", "code": "123456", "coins": "forged\r\n{}"}
HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "Cookie": f"token={TOKEN}",
    "Idempotency-Key": "the-key-of-mia",
    "X-Correlation-Id": 'forged\r\n{"service":"forged"}',
    "traceparent": "forged\r\nforged",
    "User-Agent": "forged\r\nforged",
    "Accept": "forged\r\n",
}


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    with active(memory_runtime("jars")):
        yield


def denied(operation: str = "GetItem") -> ClientError:
    message = f"User: arn:aws:sts::123456789012:assumed-role/x is not authorized to perform: {operation} on {ARN}"
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, operation)


def failing(error: Exception) -> Api:
    broken = Api("jars")

    @broken.post("/api/broken/{id}", may=OPEN)
    def fail(id: str, body: Fill) -> None:
        raise error

    @broken.put("/api/broken/{id}", may=OPEN)
    def fail_later(id: str) -> None:
        try:
            raise error
        except Exception as first:
            raise KeyError("Mia Wallace") from first

    return broken


@pytest.mark.parametrize(
    "error",
    [
        denied(),
        RuntimeError(f"the stage has no setting {ARN}"),
        KeyError("stream"),
        ValueError(f"cannot read {ARN}"),
        TypeError("unexpected <functions.kernel.eventstore.store.DynamoEventStore object at 0x7f>"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_an_answer_shows_no_stack_no_name_of_a_resource_and_no_text_of_an_error(
    error: Exception, method: str, accept: str
) -> None:
    answer = ask(method, "/api/broken/1", {"coins": 1}, {"Accept": accept}, api=failing(error))
    assert answer.status == 500
    shown = json.dumps([dict(answer.headers), answer.text])
    for inside in ("arn:", "table", "functions", "Traceback", "Error", "0x", "stream", ".py", "MALLBOTS"):
        assert inside not in shown.replace("Internal Server Error", "")


@pytest.mark.parametrize(
    "who", [NOBODY, Caller(STAFF, "clerk-1")], ids=["whoever is asked for a token", "a clerk who is refused"]
)
@pytest.mark.parametrize(
    "path", ["/api/jars", "/api/jars/Mia%20Wallace/coins", "/api/nothing/%2B15550100/forged%0D%0A"]
)
def test_a_request_that_is_refused_leaves_nothing_of_it_in_the_logs(
    who: Caller, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(
        "PUT" if "coins" in path else "POST", path + "?code=123456&name=Mia+Wallace", SENT, HEADERS, caller=who
    )
    assert 400 <= answer.status < 500
    assert_silent(capsys.readouterr().out)


@pytest.mark.parametrize(
    "error", [ValueError(json.dumps(SENT) + TOKEN), denied(), KeyError("Mia Wallace"), UnavailableError("down")]
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_request_that_fails_leaves_nothing_of_it_in_the_logs(
    error: Exception, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = {**SENT, "coins": 1, "firstNote": "Mia Wallace"}
    answer = ask(method, "/api/broken/+15550100?code=123456", sent, HEADERS, api=failing(error))
    assert answer.status in (500, 503)
    printed = capsys.readouterr().out
    assert "error" in printed
    assert_silent(printed)


def assert_silent(printed: str) -> None:
    """Nothing that was sent is in the lines, and each is one that the service wrote."""
    for secret in (*SECRETS, "Mia", "15550100"):
        assert secret not in printed
    lines: list[dict[str, Any]] = [json.loads(line) for line in printed.splitlines()]
    assert lines
    assert all(line.get("service") == "jars" or "route" in line for line in lines)


def test_the_ends_of_lines_in_what_is_logged_stay_within_their_line(capsys: pytest.CaptureFixture[str]) -> None:
    ends = 'a\r\n{"service":"forged"}\u2028\u0085\x1b[31m'
    broken = failing(NotFoundError("x"))
    with observe.log_fields(note=ends):
        observe.log_error("it failed", RuntimeError(ends), order_id=ends)
    ask("POST", "/api/broken/1", {"coins": 1}, api=broken)
    printed = capsys.readouterr().out
    lines = [json.loads(line) for line in printed.rstrip().split("\n")]
    assert [line.get("service") for line in lines] == ["jars", None]
    assert lines[1]["route"] == "POST /api/broken/{id}"
    assert "\x1b" not in printed


ANSWERS = {
    "done": ("GET", "/api/jars/largest", 200),
    "a list": ("GET", "/api/jars", 200),
    "refused": ("GET", "/api/jars?limit=0", 400),
    "not there": ("GET", "/api/jars/none", 404),
    "no such path": ("GET", "/api/nothing", 404),
    "another method": ("DELETE", "/api/jars/largest/x", 404),
    "not allowed": ("POST", "/api/shelves", 405),
}


@pytest.mark.parametrize("how", list(ANSWERS))
def test_every_answer_is_kept_by_nobody_and_taken_for_nothing_else(how: str) -> None:
    method, path, status = ANSWERS[how]
    answer = ask(method, path)
    assert answer.status == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_unchanged_thing_and_an_answer_to_nobody_have_those_headers_too() -> None:
    jar = ask("POST", "/api/jars", {"coins": 1}).body["id"]
    version = ask("GET", f"/api/jars/{jar}").headers["ETag"]
    unchanged = ask("GET", f"/api/jars/{jar}", headers={"If-None-Match": version})
    nobody = ask("GET", f"/api/jars/{jar}", caller=NOBODY)
    assert [unchanged.status, nobody.status] == [304, 401]
    for answer in (unchanged, nobody):
        assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize("id", ["a%23b", "%23", "a%2Fb", "a%0Db", "a%E2%80%AEb", "a%00b", "x" * 201, "%2E%2E%2Fx"])
def test_an_id_in_a_path_that_holds_a_delimiter_is_of_nothing_here(id: str) -> None:
    answer = ask("GET", f"/api/jars/{id}")
    assert answer.status in (400, 404)
    assert "WWW-Authenticate" not in answer.headers


def test_headers_that_conflict_are_taken_for_no_header_or_refused() -> None:
    one, other = "0b4f6f0e-6d1c-4d0e-9f7e-2f9f6b0c1a2b", "1b4f6f0e-6d1c-4d0e-9f7e-2f9f6b0c1a2b"
    answer = ask("GET", "/api/jars/largest", headers={"X-Correlation-Id": f"{one},{other}"})
    assert answer.headers["X-Correlation-Id"] not in (one, other)
    for header, value in (
        ("If-Match", '"1",x'),
        ("If-Match", "*,*"),
        ("Idempotency-Key", "a\r\nb"),
        ("Idempotency-Key", ""),
    ):
        assert ask("POST", "/api/jars", {"coins": 1}, {header: value}).status == 400, (header, value)
    keys = [ask("POST", "/api/jars", {"coins": 1}, {"Idempotency-Key": key}).body["id"] for key in ("a", "b", "a,b")]
    assert len(set(keys)) == 3


def test_a_body_of_another_content_type_is_read_as_json_or_refused() -> None:
    for kind in ("text/xml", "application/x-www-form-urlencoded", "application/json, text/plain"):
        assert ask("POST", "/api/jars", "coins=1", {"Content-Type": kind}).status == 400
        assert ask("POST", "/api/jars", {"coins": 1}, {"Content-Type": kind}).status == 200
    assert api.routes
