"""The client of the API: requests that are repeated, and those that are not."""

import time

import httpx
import pytest

from clients.mall import LONGEST_WAIT, Mall, MallError
from clients.scenarios.robots import Fleet


class Answers:
    """A mall that gives these answers, each a status and its Retry-After, and 200 after them; none for a status of 0.

    asked: how often. keys: the Idempotency-Key of each request, empty for none.
    """

    def __init__(self, *answers: tuple[int, str]) -> None:
        self._answers = list(answers)
        self.asked = 0
        self.keys: list[str] = []
        self.mall = Mall("http://mall.test")
        self.mall._http = httpx.Client(base_url="http://mall.test", transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        self.keys.append(request.headers.get("idempotency-key", ""))
        if not self._answers:
            return httpx.Response(200, json={"id": "one"})
        status, wait = self._answers.pop(0)
        if not status:
            raise httpx.ReadTimeout("timed out", request=request)
        return httpx.Response(status, json={"code": "too_many", "message": "later"}, headers={"Retry-After": wait})


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it waited, each time."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_a_busy_mall_is_asked_again_after_the_time_that_it_says(waits: list[float]) -> None:
    answers = Answers((429, "2"), (503, str(LONGEST_WAIT)))
    assert answers.mall.post("/api/stores") == {"id": "one"}
    assert waits == [2, LONGEST_WAIT]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_is_repeated_under_one_key_so_that_what_was_stored_before_a_503_is_not_done_twice(
    waits: list[float], method: str
) -> None:
    answers = Answers((503, "1"), (503, "1"))
    answers.mall.call(method, "/api/depot/bots/ajax")
    first, *repeated = answers.keys
    assert first
    assert repeated == [first, first]


def test_each_write_has_a_key_of_its_own_unless_it_is_given_one_or_none() -> None:
    answers = Answers()
    for key in (None, None, "mine", ""):
        answers.mall.put("/api/depot/bots/ajax/offline", key=key)
    answers.mall.get("/api/depot/bots")
    one, another, *rest = answers.keys
    assert len({"", one, another}) == 3
    assert rest == ["mine", "", ""]


def test_a_heartbeat_has_no_key_since_under_one_each_would_be_a_commit() -> None:
    answers = Answers()
    with Fleet(lambda robot: answers.mall, ["ajax"]):
        pass
    assert answers.keys == [""]


@pytest.mark.parametrize("seconds", [LONGEST_WAIT + 1, 900, 86_400])
def test_nobody_waits_for_a_limit_that_lasts_longer_than_a_minute(waits: list[float], seconds: int) -> None:
    answers = Answers((429, str(seconds)))
    with pytest.raises(MallError) as refused:
        answers.mall.post("/api/customers/codes", {"smsNumber": "+15550100"})
    assert (refused.value.status, answers.asked, waits) == (429, 1, [])


@pytest.mark.parametrize("said", ["Wed, 21 Oct 2026 07:28:00 GMT", "", "-5", "nan", "inf"])
def test_a_retry_after_that_is_no_number_of_seconds_is_taken_for_none(waits: list[float], said: str) -> None:
    answers = Answers((503, said))
    assert answers.mall.get("/api/stores") == {"id": "one"}
    assert waits == [1]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_request_whose_connection_is_lost_is_repeated_under_its_key(waits: list[float], method: str) -> None:
    answers = Answers(*[(0, "")] * 3)
    assert answers.mall.call(method, "/api/depot/bots/ajax") == {"id": "one"}
    assert len(answers.keys) == 4
    assert len(set(answers.keys)) == 1
    assert bool(answers.keys[0]) is (method != "GET")


def test_a_connection_that_is_lost_again_and_again_is_given_up(waits: list[float]) -> None:
    answers = Answers(*[(0, "")] * 9)
    with pytest.raises(httpx.ReadTimeout):
        answers.mall.post("/api/depot/bots")
    assert answers.asked == 4


def test_a_heartbeat_whose_connection_is_lost_is_left_to_its_next_turn(waits: list[float]) -> None:
    answers = Answers((0, ""))
    with pytest.raises(httpx.ReadTimeout):
        answers.mall.put("/api/depot/bots/ajax/online", key="")
    assert (answers.asked, waits) == (1, [])
