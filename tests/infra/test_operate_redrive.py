"""What `make redrive` asks of operations, and how it says how far that is."""

from collections.abc import Iterator

import pytest

from clients.mall import Json, MallError
from functions.operations.api import api
from infra.operate.__main__ import main
from infra.operate.redrive import redrive, report_end
from tests.support.callers import OPERATOR_ON_CALL
from tests.support.gateway import request
from tests.unit.operations.redriving import DEAD, Place, known_consumers


class Operations:
    """The API of operations in memory, as an operator calls it."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def get(self, path: str) -> Json:
        return self._call("GET", path)

    def post(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        return self._call("POST", path, body, {"idempotency-key": key} if key else {})

    def _call(self, method: str, path: str, body: Json | None = None, headers: dict[str, str] | None = None) -> Json:
        with self._place.at_work():
            answer = request(api, method, path, body, headers, caller=OPERATOR_ON_CALL)
        if answer.status != 200:
            raise MallError(answer.status, answer.body["code"], answer.body["message"])
        found: Json = answer.body
        return found


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with known_consumers(monkeypatch):
        yield Place()


def test_the_open_letters_of_a_service_are_sent_back_and_how_far_that_is_is_reported(place: Place) -> None:
    letters = place.letters(30)
    place.pass_time(3_600)
    lines: list[str] = []
    asked = {"filter": {"service": "depot"}, "rate": 20}
    ended = redrive(Operations(place), asked, lines.append, wait=lambda _: place.redrive())
    assert (ended["state"], ended["why"]) == ("done", "")
    assert report_end(ended, lines.append) == 0
    assert {place.letter(letter).state for letter in letters} == {"done"}
    assert lines[0].startswith("run ")
    assert lines[-1] == "done, 30 letters: 30 done"


def test_letters_by_their_ids_are_sent_back_and_no_others(place: Place) -> None:
    first, second, third = place.letters(3)
    redrive(Operations(place), {"letters": [first.id, third.id]}, lambda _: None, wait=lambda _: place.redrive())
    assert [place.letter(letter).state for letter in (first, second, third)] == ["done", "open", "done"]


def test_a_redrive_that_stops_says_why(place: Place) -> None:
    letters = place.letters(50)
    place.fates = {letter.message_id: DEAD for letter in letters}
    place.pass_time(3_600)
    asked = {"filter": {"service": "depot"}}
    ended = redrive(Operations(place), asked, lambda _: None, wait=lambda _: place.redrive())
    assert (ended["state"], ended["why"]) == ("stopped", "3 of the last 3 letters failed")
    lines: list[str] = []
    assert report_end(ended, lines.append) == 1
    assert lines == [
        f"It is stopped: 3 of the last 3 letters failed. PUT /api/operations/runs/{ended['id']}/resume lets it go on."
    ]


def test_a_redrive_of_which_letters_failed_again_ends_by_1_though_it_is_done(place: Place) -> None:
    letters = place.letters(30)
    place.fates = {letters[-1].message_id: DEAD}
    place.pass_time(3_600)
    asked = {"filter": {"service": "depot"}}
    ended = redrive(Operations(place), asked, lambda _: None, wait=lambda _: place.redrive())
    assert (ended["state"], ended["counts"]["dead"]) == ("done", 1)
    assert report_end(ended, print) == 1


def test_a_redrive_that_somebody_pauses_is_not_waited_for(place: Place) -> None:
    place.letters(30)
    place.pass_time(3_600)

    def pauses(_: float) -> None:
        with place.at_work():
            for run in redrives_of(place):
                request(api, "PUT", f"/api/operations/runs/{run}/pause", {}, caller=OPERATOR_ON_CALL)

    ended = redrive(Operations(place), {"filter": {"service": "depot"}}, lambda _: None, wait=pauses)
    lines: list[str] = []
    assert (ended["state"], report_end(ended, lines.append)) == ("paused", 1)
    assert f"/api/operations/runs/{ended['id']}/resume lets it go on" in lines[0]


def redrives_of(place: Place) -> list[str]:
    return [run["id"] for run in Operations(place).get("/api/operations/runs")["runs"]]


def test_a_redrive_of_what_operations_refuses_says_so(place: Place) -> None:
    with pytest.raises(MallError, match="letters, a group, a filter or a forecast"):
        redrive(Operations(place), {}, lambda _: None)


@pytest.mark.parametrize("given", [[], ["--group", "g", "--service", "depot"], ["--letters", "a,b", "--group", "g"]])
def test_letters_are_named_in_one_way(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redrive", "--stage", "prod", *given]) == 1
    assert "LETTERS=id,id or GROUP=id or SERVICE=depot, one of them" in capsys.readouterr().err


@pytest.mark.parametrize("rate", ["0", "-1", "nan"])
def test_a_redrive_at_no_rate_is_refused_before_it_begins(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(["redrive", "--stage", "prod", "--group", "g", "--rate", rate])
    assert exit.value.code == 2
    assert "argument --rate: must be" in capsys.readouterr().err
