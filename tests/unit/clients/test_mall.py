"""The client of the API: requests that are repeated, and those that are not."""

import time

import httpx
import pytest

from clients.mall import LONGEST_WAIT, Mall, MallError


class Answers:
    """A mall that gives these answers, each a status and its Retry-After, and 200 after them. asked: how often."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self._answers = list(answers)
        self.asked = 0
        self.mall = Mall("http://mall.test")
        self.mall._http = httpx.Client(base_url="http://mall.test", transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if not self._answers:
            return httpx.Response(200, json={"id": "one"})
        status, wait = self._answers.pop(0)
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


@pytest.mark.parametrize("seconds", [LONGEST_WAIT + 1, 900, 86_400])
def test_nobody_waits_for_a_limit_that_lasts_longer_than_a_minute(waits: list[float], seconds: int) -> None:
    answers = Answers((429, str(seconds)))
    with pytest.raises(MallError) as refused:
        answers.mall.post("/api/customers/codes", {"smsNumber": "+15550100"})
    assert (refused.value.status, answers.asked, waits) == (429, 1, [])
