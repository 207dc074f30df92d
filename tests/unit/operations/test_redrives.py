"""Redrives as operators ask for them: which sets, once for each key, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from functions.kernel.runtime.context import Caller
from functions.operations import collector, forecast_rows, rows, run_rows, runs
from functions.operations.api import api
from functions.operations.forecasts import FORECAST
from functions.operations.letters import Letter
from functions.operations.runs import Run
from tests.support.callers import OPERATOR_ON_CALL
from tests.support.gateway import Response, request
from tests.unit.operations.redriving import DEAD, SILENT, Place


def ask(
    place: Place, method: str, path: str, body: Any = None, caller: Caller = OPERATOR_ON_CALL, **headers: str
) -> Response:
    with place.at_work():
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return request(api, method, f"/api/operations/{path}", body, named, caller=caller)


def begun(place: Place, **body: Any) -> Run:
    answer = ask(place, "POST", "redrives", body)
    assert answer.status == 200, answer
    with place.at_work():
        return run_rows.get(answer.body["id"])


def sent(place: Place) -> list[str]:
    return [one.attributes["letter"] for one in place.sent]


def test_letters_that_are_named_are_sent_the_first_to_fail_first(place: Place) -> None:
    letters = place.letters(5)
    run = begun(place, letters=[letter.id for letter in reversed(letters)])
    assert place.started == ["redriver"]
    place.until_over(run)
    assert sent(place) == [letter.id for letter in letters]
    assert run.by == OPERATOR_ON_CALL.actor
    history = place.letter(letters[0]).history
    assert [(one.what, one.actor, one.detail) for one in history[1:]] == [
        ("redriven", OPERATOR_ON_CALL.actor, run.id),
        ("done", "system", run.id),
    ]


def test_a_group_is_sent_as_it_was_when_it_was_asked_for(place: Place) -> None:
    letters, others = place.letters(3), place.letters(2, fingerprint="f" * 16)
    place.pass_time(1)
    run = begun(place, group=letters[0].fingerprint)
    place.pass_time(1)
    late = place.letters(1)
    place.until_over(run)
    assert sent(place) == [letter.id for letter in letters]
    assert {place.letter(letter).state for letter in (*others, *late)} == {"open"}


FAILED_BEFORE = "2026-03-01T11:00:00.000000Z"  # than any that is shown, and stored only later


@pytest.mark.parametrize("by", ["group", "filter"])
def test_what_was_shown_is_what_is_sent_whatever_was_stored_before_the_operator_said_yes(place: Place, by: str) -> None:
    shown, aside = place.letters(3), place.letters(1)[0]
    ask(place, "PUT", f"letters/{aside.id}/park", {"reason": "later"})
    place.pass_time(1)
    listed = ask(place, "GET", f"letters?state=open&group={shown[0].fingerprint}").body
    assert len(listed["letters"]) == 3
    place.pass_time(1)
    late = place.letters(2, failed_at=FAILED_BEFORE)
    ask(place, "PUT", f"letters/{aside.id}/reopen")
    place.pass_time(1)
    which: dict[str, Any] = {"group": shown[0].fingerprint} if by == "group" else {"filter": {"service": "depot"}}
    run = begun(place, letters=[], **which, asOf=listed["asOf"])
    place.until_over(run)
    assert sent(place) == [letter.id for letter in shown]
    assert {place.letter(letter).state for letter in (*late, aside)} == {"open"}
    assert run.asked["as_of"] == listed["asOf"]


def test_all_pages_of_a_list_are_as_of_the_moment_of_the_first(place: Place) -> None:
    letters = place.letters(3)
    first = ask(place, "GET", "letters?state=open&limit=2").body
    assert first["asOf"] == place.of_now()
    place.pass_time(1)
    place.letters(2, failed_at=FAILED_BEFORE)
    second = ask(place, "GET", f"letters?state=open&next={first['next']}").body
    assert [one["id"] for one in (*first["letters"], *second["letters"])] == [one.id for one in reversed(letters)]
    assert second["asOf"] == first["asOf"]


def test_a_letter_that_came_to_the_group_after_it_was_shown_is_not_sent(place: Place) -> None:
    [shown], [other] = place.letters(1), place.letters(1, fingerprint="f" * 16)
    as_of = place.of_now()
    place.pass_time(1)
    with place.at_work():
        collector.store(replace(other, fingerprint=shown.fingerprint, deliveries=("another",)))
    place.until_over(begun(place, letters=[], group=shown.fingerprint, asOf=as_of))
    assert sent(place) == [shown.id]


@pytest.mark.parametrize("as_of", [None, "2099-01-01T00:00:00Z"])
def test_what_is_stored_while_a_run_is_gathered_is_not_in_its_set(place: Place, as_of: str | None) -> None:
    letters = place.letters(3)
    place.pass_time(1)
    run = begun(place, letters=[], group=letters[0].fingerprint, **({"asOf": as_of} if as_of else {}))
    place.pass_time(1)
    place.letters(2, failed_at=FAILED_BEFORE)
    place.until_over(run)
    assert sent(place) == [letter.id for letter in letters]


def test_of_letters_that_are_named_no_moment_is_taken(place: Place) -> None:
    [letter] = place.letters(1)
    answer = ask(place, "POST", "redrives", {"letters": [letter.id], "asOf": place.of_now()})
    assert (answer.status, "asOf" in str(answer.body)) == (400, True)


def test_a_filter_sends_the_open_letters_that_it_wants(place: Place) -> None:
    letters = place.letters(2) + place.letters(2, "ordering/inbox")
    place.pass_time(1)
    place.until_over(begun(place, filter={"service": "ordering"}))
    assert sent(place) == [letter.id for letter in letters[2:]]


def forecast(place: Place, letters: list[Letter], **fields: Any) -> Run:
    made = Run(f"forecast-{place.number()}", {}, "operator:ada", place.of_now(), kind=FORECAST, life="life", **fields)
    with place.at_work():
        return run_rows.create(made, [letter.id for letter in letters])


def test_the_very_set_of_a_forecast_is_sent_in_its_order(place: Place) -> None:
    letters = place.letters(5)
    shown = forecast(place, letters[3:] + letters[:2])
    place.until_over(begun(place, forecast=shown.id))
    assert sent(place) == [letter.id for letter in letters[3:] + letters[:2]]


def test_of_a_forecast_only_what_passes_is_sent_where_the_operator_says_so(place: Place) -> None:
    letters = place.letters(3)
    shown = forecast(place, letters, state=runs.DONE, ended=place.of_now())
    with place.at_work():
        told: list[dict[str, Any]] = [{"answer": answer, "detail": {}} for answer in ("passes", "fails", "passes")]
        forecast_rows.put_answers(shown, 0, told)
    place.until_over(begun(place, forecast=shown.id, passing=True))
    assert sent(place) == [letters[0].id, letters[2].id]


@pytest.mark.parametrize(
    ("fields", "passing", "status"),
    [
        ({"state": runs.GATHERING, "filter": {"state": "open"}}, False, 409),
        ({}, True, 409),
        ({"kind": runs.REDRIVE}, False, 400),
    ],
)
def test_a_forecast_that_is_not_whole_and_what_is_none_are_refused(
    place: Place, fields: dict[str, Any], passing: bool, status: int
) -> None:
    made = Run("run-0", {}, "operator:ada", place.of_now(), **{"kind": FORECAST, "life": "life", **fields})
    with place.at_work():
        run_rows.create(made, [])
    assert ask(place, "POST", "redrives", {"forecast": "run-0", "passing": passing}).status == status


def test_a_redrive_is_begun_once_for_each_key(place: Place) -> None:
    letters = place.letters(5)
    body = {"letters": [letter.id for letter in letters[:3]]}
    first = ask(place, "POST", "redrives", body, idempotency_key="a key")
    again = ask(place, "POST", "redrives", body, idempotency_key="a key")
    assert (again.status, again.body, again.headers["ETag"]) == (200, first.body, first.headers["ETag"])
    other = ask(place, "POST", "redrives", {"letters": [letters[4].id]}, idempotency_key="a key")
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    with place.at_work():
        assert len(list(run_rows.at_work())) == 1


def test_two_operators_who_ask_at_once_have_one_effect(place: Place) -> None:
    letters = place.letters(12)
    body = {"letters": [letter.id for letter in letters]}
    first, second = begun(place, **body), begun(place, **body)
    place.until_over(first, second)
    assert sorted(sent(place)) == sorted(letter.id for letter in letters)
    shown = [ask(place, "GET", f"runs/{run.id}").body for run in (first, second)]
    assert sum(one["run"]["counts"]["done"] for one in shown) == 12
    assert sum(sum(one["skipped"].values()) for one in shown) == 12
    assert {why for one in shown for why in one["skipped"]} <= {"in another run", "not open any more"}


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({}, 400, "name letters, a group, a filter or a forecast"),
        ({"letters": ["L"], "group": "G"}, 400, "one of these"),
        ({"letters": ["nothing"]}, 404, "there is no letter nothing"),
        ({"letters": ["L"], "rate": 0}, 400, "rate: it is above 0"),
        ({"letters": ["L"], "rate": 101}, 400, "at most 100"),
        ({"letters": ["L"], "stopAt": 101}, 400, "at most 100 percent"),
        ({"letters": ["L"], "cap": 0}, 400, "may be sent back 1 to"),
        ({"letters": ["L"], "to": "ordering/shelf"}, 400, "there is no consumer ordering/shelf"),
        ({"letters": ["L"], "to": "ordering/relay"}, 400, "there is no consumer ordering/relay"),
        ({"letters": ["L"], "to": "ordering/inbox"}, 400, "its own consumer depot/inbox is there"),
        ({"letters": ["W"]}, 400, "there is no consumer warehouse/inbox any more"),
        ({"letters": ["W"], "to": "ordering/inbox"}, 400, "ordering/inbox does not subscribe to StoreCreated"),
        ({"forecast": "nothing"}, 404, "there is no run nothing"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_reason(
    place: Place, body: dict[str, Any], status: int, why: str
) -> None:
    [known], [renamed] = place.letters(1), place.letters(1, "warehouse/inbox", name="StoreCreated")
    named = {"L": known.id, "W": renamed.id}
    if "letters" in body:
        body = {**body, "letters": [named.get(id, id) for id in body["letters"]]}
    answer = ask(place, "POST", "redrives", body)
    assert (answer.status, why in answer.body["detail"]) == (status, True), answer
    with place.at_work():
        assert list(run_rows.at_work()) == []


def test_a_run_that_is_not_there_yet_has_no_version_and_one_request_names_a_thousand_letters(place: Place) -> None:
    letters = [letter.id for letter in place.letters(1)]
    assert ask(place, "POST", "redrives", {"letters": letters}, if_match='"1"').status == 412
    assert ask(place, "POST", "redrives", {"letters": letters * 1_001}).status == 400


def test_a_run_of_another_kind_is_shown_too(place: Place) -> None:
    shown = forecast(place, place.letters(2))
    answer = ask(place, "GET", f"runs/{shown.id}").body
    assert (answer["run"]["kind"], answer["run"]["total"], answer["step"]) == ("forecast", 2, "")


def test_a_letter_that_cannot_be_sent_is_said_at_once_where_it_is_the_only_one(place: Place) -> None:
    [letter] = place.letters(1)
    with place.at_work():
        rows.change(letter.id, lambda one: one.after("parked", state="parked"))
    answer = ask(place, "POST", "redrives", {"letters": [letter.id]})
    assert (answer.status, answer.body["detail"]) == (
        409,
        f"letter {letter.id} cannot be sent: it is not open any more",
    )


def test_letters_of_a_consumer_that_was_renamed_go_to_the_one_that_is_named(place: Place) -> None:
    letters = place.letters(2, "warehouse/inbox")
    place.until_over(begun(place, letters=[letter.id for letter in letters], to="depot/inbox"))
    assert [one.consumer for one in place.sent] == ["depot/inbox"] * 2


def test_a_run_shows_how_far_it_is_and_what_became_of_each_letter(place: Place) -> None:
    letters = place.letters(60)
    place.fates = {letters[0].message_id: DEAD, letters[1].message_id: DEAD}
    run = begun(place, letters=[letter.id for letter in letters], rate=20)
    before = ask(place, "GET", f"runs/{run.id}").body
    assert (before["step"], before["secondsLeft"]) == ("step 1 of 5: 1 letters", 3)
    place.redrive()
    shown = ask(place, "GET", f"runs/{run.id}").body
    assert shown["run"]["state"] == "stopped"
    assert shown["run"]["why"] == "2 of the last 3 letters failed"
    assert shown["secondsLeft"] is None
    assert shown["asked"]["rate"] == 20
    listed = ask(place, "GET", f"runs/{run.id}/letters?limit=4").body
    assert [(one["id"], one["state"]) for one in listed["letters"]] == [
        (letters[0].id, "dead"),
        (letters[1].id, "dead"),
        (letters[2].id, "done"),
        (letters[3].id, "pending"),
    ]
    page = ask(place, "GET", f"runs/{run.id}/letters?limit=4&next={listed['next']}").body
    assert [one["id"] for one in page["letters"]] == [letter.id for letter in letters[4:8]]


def test_a_run_is_paused_resumed_and_cancelled_by_an_operator(place: Place) -> None:
    run = begun(place, letters=[letter.id for letter in place.letters(5)])
    assert ask(place, "PUT", f"runs/{run.id}/pause", {}).status == 200
    place.redrive()
    assert place.sent == []
    assert ask(place, "PUT", f"runs/{run.id}/resume", {}).status == 200
    assert ask(place, "PUT", f"runs/{run.id}/cancel", {}).status == 200
    place.redrive()
    assert place.sent == []
    over = place.of(run)
    assert (over.state, over.why, bool(over.ended)) == ("cancelled", f"by {OPERATOR_ON_CALL.actor}", True)
    refused = ask(place, "PUT", f"runs/{run.id}/resume", {})
    assert (refused.status, refused.body["detail"]) == (409, "a run that is cancelled cannot be resumed")
    assert ask(place, "PUT", "runs/nothing/cancel", {}).status == 404
    assert place.started == ["redriver"] * 4


def test_runs_are_listed_those_at_work_first(place: Place) -> None:
    over = begun(place, letters=[place.letters(1)[0].id])
    place.until_over(over)
    at_work = []
    for _ in range(3):
        place.pass_time(1)
        at_work.append(begun(place, letters=[place.letters(1)[0].id]).id)
    found: list[str] = []
    path = "runs?limit=2"
    while path:
        page = ask(place, "GET", path).body
        found += [one["id"] for one in page["runs"]]
        path = f"runs?limit=2&next={page['next']}" if "next" in page else ""
    assert found == [*reversed(at_work), over.id]


def test_a_group_without_a_letter_is_not_found_rather_than_done_at_once(place: Place) -> None:
    place.letters(1)
    answer = ask(place, "POST", "redrives", {"group": "0123456789abcdee"})
    assert (answer.status, answer.body["detail"]) == (404, "there is no letter of a group 0123456789abcdee")
    assert ask(place, "POST", "forecasts", {"group": "0123456789abcdee"}).status == 404


def test_a_forecast_of_other_data_or_for_another_consumer_is_not_what_would_be_sent(place: Place) -> None:
    [letter] = place.letters(1)
    of_something_else: list[dict[str, Any]] = [{"data": {}}, {"to": "depot/inbox"}]
    for number, asked in enumerate(of_something_else):
        made = Run(f"run-{number}", asked, "operator:ada", place.of_now(), kind=FORECAST, state=runs.DONE, life="life")
        with place.at_work():
            run_rows.create(made, [letter.id])
    assert ask(place, "POST", "redrives", {"forecast": "run-0"}).status == 400
    assert ask(place, "POST", "redrives", {"forecast": "run-1"}).status == 400
    place.until_over(begun(place, forecast="run-1", to="depot/inbox"))
    assert sent(place) == [letter.id]


def test_a_run_says_that_it_waits_for_a_consumer_that_is_paused(place: Place) -> None:
    letters = place.letters(2)
    place.fates = {letter.message_id: SILENT for letter in letters}
    run = begun(place, letters=[letter.id for letter in letters])
    assert ask(place, "PUT", "consumers/depot/inbox/pause", {"reason": "it fails"}).status == 200
    place.redrive()
    shown = ask(place, "GET", f"runs/{run.id}").body["run"]
    assert (shown["state"], shown["why"]) == (
        "running",
        "depot/inbox is paused: what is sent to it waits in its queue until it is resumed",
    )
    assert ask(place, "PUT", "consumers/depot/inbox/resume").status == 200
    assert ask(place, "GET", f"runs/{run.id}").body["run"]["why"] == ""
