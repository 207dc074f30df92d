"""The routes of forecasts: small ones are answered at once, large ones by the runner, and both are read in pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from functions.operations import forecasts, rows, run_rows, runs
from functions.operations.api import api
from functions.operations.runs import Run
from tests.support.callers import OPERATOR_ON_CALL
from tests.support.gateway import Response, request
from tests.unit.operations.made import ID, made
from tests.unit.operations.test_forecasts import Consumers, deployed

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
FAILS = {"answer": "fails", "detail": {"error": "KeyError", "reason": "no shelf", "retry": False}}
WRITES: dict[str, Any] = {
    "writes": [{"stream": "Order#1", "events": ["Approved"]}],
    "commits": 1,
    "rows": 0,
    "sends": {"OrderApproved": 1},
    "asks": {"texts.send": 1},
}
REFUSED = {"answer": "refused", "detail": {"reason": "too late", "reply": "OrderApprovalRefused", **WRITES}}


class Starts:
    """Which functions were started."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def start(self, function: str) -> None:
        self.started.append(function)


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with deployed(), clock.fixed(lambda: NOON):
        yield


@pytest.fixture(autouse=True)
def starts(runtime: Runtime) -> Starts:
    return runtime.adapters.setdefault("starts", Starts())  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def quick(runtime: Runtime) -> Consumers:
    """Those that are asked within a request."""
    return runtime.adapters.setdefault("forecasts_now", Consumers())  # type: ignore[no-any-return]


def ask(method: str, path: str, body: Any = None, key: str = "") -> Response:
    headers = {"Idempotency-Key": key} if key else {}
    return request(api, method, f"/api/operations/{path}", body, headers, caller=OPERATOR_ON_CALL)


def begin(**body: Any) -> Any:
    answer = ask("POST", "forecasts", body)
    assert answer.status == 200, answer
    return answer.body


def get(path: str) -> Any:
    answer = ask("GET", f"forecasts/{path}")
    assert answer.status == 200, answer
    return answer.body


def put(count: int) -> list[str]:
    return [rows.put(made(number, failed_at=f"2026-03-01T12:{number:04}")).id for number in range(1, count + 1)]


def test_a_small_set_is_answered_within_the_request(quick: Consumers, starts: Starts) -> None:
    fails, refused, passes = put(3)
    quick.says |= {fails: FAILS, refused: REFUSED}
    started = begin(letters=[passes, refused, fails])
    assert get(started["id"])["forecast"]["state"] == "done"
    assert starts.started == []
    forecast = get(started["id"])["forecast"]
    assert forecast["counts"] == {"passes": 1, "refused": 1, "waits": 0, "fails": 1, "cannotTell": 0}
    assert (forecast["total"], forecast["answered"], forecast["by"]) == (3, 3, "operator:operator-1")
    assert forecast["reasons"] == [
        {"reason": "fails: KeyError: no shelf", "letters": 1},
        {"reason": "refused: too late", "letters": 1},
        {"reason": "passes", "letters": 1},
    ]
    assert forecast["codes"] == ["depot depot 7"]
    answers = get(f"{started['id']}/letters")["answers"]
    assert [one["letter"] for one in answers] == [fails, refused, passes]
    assert answers[1] == {
        "letter": refused,
        "answer": "refused",
        "why": "refused: too late",
        "until": None,
        "retry": False,
        "reply": "OrderApprovalRefused",
        "writes": [{"stream": "Order#1", "events": ["Approved"]}],
        "sends": [{"name": "OrderApproved", "times": 1}],
        "asks": [{"name": "texts.send", "times": 1}],
    }


def test_a_large_set_is_left_to_the_runner_and_its_answers_are_read_by_pages(
    runtime: Runtime, quick: Consumers, starts: Starts
) -> None:
    letters = put(120)
    patient = runtime.adapters["forecasts"] = Consumers()
    patient.says[letters[60]] = FAILS
    started = begin(group=ID)
    assert get(started["id"])["forecast"]["state"] == "gathering"
    assert (starts.started, quick.asked) == (["runner"], [])
    forecasts.advance(run_rows.get(started["id"]), NOON + timedelta(seconds=40))
    assert get(started["id"])["forecast"]["counts"]["passes"] == 119
    found, page = [], get(f"{started['id']}/letters?limit=50")
    while True:
        found += [one["letter"] for one in page["answers"]]
        if "next" not in page:
            break
        page = get(f"{started['id']}/letters?limit=50&next={page['next']}")
    assert found == letters
    [failing] = get(f"{started['id']}/letters?answer=fails")["answers"]
    assert (failing["letter"], failing["why"]) == (letters[60], "fails: KeyError: no shelf")


def test_a_small_set_whose_service_does_not_answer_in_time_is_left_to_the_runner(
    quick: Consumers, starts: Starts
) -> None:
    quick.down.add("depot")
    started = begin(letters=put(1))
    assert get(started["id"])["forecast"]["state"] == "running"
    assert starts.started == ["runner"]


@pytest.mark.parametrize("body", [{}, {"letters": ["a"], "group": ID}, {"group": ID, "data": {}}])
def test_what_names_no_set_is_refused(body: dict[str, Any]) -> None:
    assert ask("POST", "forecasts", body).status == 400


def test_an_unknown_letter_or_forecast_is_not_found() -> None:
    assert ask("POST", "forecasts", {"letters": ["none"]}).status == 404
    assert ask("GET", "forecasts/none").status == 404
    assert ask("GET", "forecasts/none/letters").status == 404


def test_a_redrive_shows_its_outcomes_beside_its_forecast(quick: Consumers) -> None:
    fails, passes = put(2)
    quick.says[fails] = FAILS
    forecast = begin(letters=[fails, passes])["id"]
    redrive = run_rows.create(Run("redrive", {"forecast": forecast}, "operator:ada", clock.stamp()), [fails, passes])
    run_rows.mark(redrive, {0: runs.DEAD, 1: runs.HANDLED})
    beside = ask("GET", "runs/redrive/forecast").body["answers"]
    assert beside == [
        {"answer": "fails", "done": 0, "failing": 0, "dead": 1, "open": 0},
        {"answer": "passes", "done": 1, "failing": 0, "dead": 0, "open": 0},
    ]
    assert ask("GET", f"runs/{forecast}/forecast").body["answers"] == []
    assert ask("GET", "runs/none/forecast").status == 404


def test_the_filter_of_a_forecast_is_that_of_letters(quick: Consumers) -> None:
    [letter] = put(1)
    rows.put(made(2, "ordering/inbox"))
    started = begin(filter={"service": "depot"})
    assert [one["letter"] for one in get(f"{started['id']}/letters")["answers"]] == [letter]


def test_a_request_that_is_repeated_under_its_key_makes_one_forecast(quick: Consumers) -> None:
    [letter, other] = put(2)
    first, again = (ask("POST", "forecasts", {"letters": [letter]}, key="k") for _ in range(2))
    assert (first.status, again.body, len(quick.asked)) == (200, first.body, 1)
    assert ask("POST", "forecasts", {"letters": [other]}, key="k").status == 422
