"""An edited letter: a message of its own with other data, and no more than that, also where a crash cuts it short."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.operations import rows
from functions.operations.api import api
from functions.operations.letters import DONE, OPEN, PARKED, Letter, letter_id
from tests.support.callers import OPERATOR_ON_CALL
from tests.support.delivery import body_of
from tests.support.gateway import Response, request
from tests.unit.operations.redriving import Calls, Crash, Place

SAMPLES = Path(__file__).parents[3] / "events" / "samples"
DETAIL = json.loads((SAMPLES / "ApproveOrder.v1.json").read_text())
DATA = {**DETAIL["data"], "shopping_list_id": "another list"}


def a_letter(place: Place, **changes: Any) -> Letter:
    """A command that ordering gave up. changes: fields of the letter."""
    metadata = DETAIL["metadata"]
    fields: dict[str, Any] = {
        "id": letter_id("ordering/inbox", metadata["id"]),
        "body": body_of(DETAIL),
        "message_id": metadata["id"],
        "name": metadata["name"],
        "stream": metadata["stream"],
        "stream_version": metadata["stream_version"],
        "order": DETAIL["data"]["order_id"],
    }
    [stored] = place.letters(1, **{"consumer": "ordering/inbox", **fields, **changes})
    return stored


def edit(place: Place, letter: Letter, data: Any = DATA, calls: Calls | None = None, **headers: str) -> Response:
    with place.at_work(calls):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"/api/operations/letters/{letter.id}/data"
        return request(api, "PUT", path, {"data": data}, named, caller=OPERATOR_ON_CALL)


def all_letters(place: Place) -> list[Letter]:
    with place.at_work():
        return list(rows.letters(rows.Filter()).letters)


def all_stored(place: Place) -> list[Letter]:
    """All letters as they are stored, with their bodies and histories, which a list does not have."""
    return [place.letter(one) for one in all_letters(place)]


def test_an_edited_letter_is_a_message_with_other_data_and_an_id_of_its_own(place: Place) -> None:
    original = a_letter(place)
    answer = edit(place, original)
    assert answer.status == 200, answer
    with place.at_work():
        made = rows.letter(answer.body["letter"])
    body, before = json.loads(made.body), json.loads(original.body)
    assert body["detail"]["data"] == DATA
    assert body["detail"]["metadata"] == {
        **before["detail"]["metadata"],
        "id": answer.body["messageId"],
        "causation_id": original.message_id,
        "actor": OPERATOR_ON_CALL.actor,
    }
    assert {name: body[name] for name in body if name != "detail"} == {n: before[n] for n in before if n != "detail"}
    assert made.id == letter_id("ordering/inbox", answer.body["messageId"]) != original.id
    assert (made.state, made.message_id, made.causation_id) == (OPEN, answer.body["messageId"], original.message_id)
    assert (made.order, made.stream, made.name) == (original.order, original.stream, original.name)
    done = place.letter(original)
    assert (done.state, done.sent_as, done.body) == (DONE, answer.body["messageId"], original.body)
    assert (done.history[-1].what, done.history[-1].actor) == ("edited", OPERATOR_ON_CALL.actor)


def test_an_edited_letter_is_sent_like_any_other_and_its_original_is_not(place: Place) -> None:
    original = a_letter(place)
    edited = edit(place, original).body["letter"]
    with place.at_work():
        run = place.run([rows.letter(edited), original])
    place.until_over(run)
    [sent] = place.sent
    assert (sent.consumer, sent.attributes["letter"]) == ("ordering/inbox", edited)
    assert place.states(run) == "+n"


def test_one_key_edits_once_and_not_with_other_data(place: Place) -> None:
    original = a_letter(place)
    first = edit(place, original, idempotency_key="a key")
    again = edit(place, original, idempotency_key="a key")
    assert (again.status, again.body, again.headers["ETag"]) == (200, first.body, first.headers["ETag"])
    other = edit(place, original, {**DATA, "shopping_list_id": "a third"}, idempotency_key="a key")
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    assert len(all_letters(place)) == 2


def test_without_a_key_the_same_data_make_the_same_letter_and_others_are_refused(place: Place) -> None:
    original = a_letter(place)
    first = edit(place, original)
    assert edit(place, original).body == first.body
    other = edit(place, original, {**DATA, "shopping_list_id": "a third"})
    assert other.status == 409
    assert f"was edited as the message {first.body['messageId']}" in other.body["detail"]
    assert len(all_letters(place)) == 2


@pytest.mark.parametrize("after", [False, True])
def test_an_edit_that_crashes_at_any_call_is_finished_by_the_same_request(place: Place, after: bool) -> None:
    for crash in range(1, 40):
        place = Place()
        original, calls = a_letter(place), Calls(crash=crash, after=after)
        try:
            edit(place, original, calls=calls)
        except Crash:
            is_done, others = (
                place.letter(original).state == DONE,
                [o for o in all_letters(place) if o.id != original.id],
            )
            assert [one.state for one in others] in ([], [PARKED], [OPEN])
            assert is_done or not any(one.state == OPEN for one in others), "both would be sent"
        edited = edit(place, original).body["letter"]
        states = {one.id: one.state for one in all_letters(place)}
        assert states == {original.id: DONE, edited: OPEN}
        if calls.made < crash:
            return
    raise AssertionError("more calls than expected")


def test_fields_that_the_message_does_not_have_are_left_out(place: Place) -> None:
    edited = edit(place, a_letter(place), {**DATA, "surplus": 1}).body["letter"]
    with place.at_work():
        assert json.loads(rows.letter(edited).body)["detail"]["data"] == DATA


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"order_id": DATA["order_id"]}, "shopping_list_id: Field required"),
        ({**DATA, "shopping_list_id": 7}, "shopping_list_id: Input should be a valid string"),
        ({**DATA, "order_id": "another order"}, "order_id says what the message is about"),
    ],
)
def test_data_that_are_not_valid_or_about_another_thing_are_refused(
    place: Place, data: dict[str, Any], why: str
) -> None:
    original = a_letter(place)
    before = all_stored(place)
    answer = edit(place, original, data)
    assert (answer.status, why in answer.body["detail"]) == (400, True), answer
    assert all_stored(place) == before


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"consumer": "ordering/relay"}, "a relay gave it up"),
        ({"body": "no JSON", "message_id": ""}, "it holds no message of the published language"),
        ({"body": "no JSON"}, "it cannot be read"),
        ({"body": '{"detail-type": "OrderRemindersDue", "version": 1, "time": "now"}'}, "it is the tick of a schedule"),
        (
            {"body": body_of({**DETAIL, "metadata": {**DETAIL["metadata"], "name": "StoreMelted"}})},
            "this code knows no message StoreMelted",
        ),
    ],
)
def test_what_is_no_message_that_can_be_edited_is_refused(place: Place, changes: dict[str, Any], why: str) -> None:
    original = a_letter(place, **changes)
    before = all_stored(place)
    answer = edit(place, original)
    assert (answer.status, why in answer.body["detail"]) == (409, True), answer
    assert all_stored(place) == before


@pytest.mark.parametrize("state", ["redriving", "done", "discarded"])
def test_a_letter_that_is_on_its_way_or_closed_is_not_edited(place: Place, state: str) -> None:
    original = a_letter(place)
    with place.at_work():
        rows.change(original.id, lambda letter: letter.after(state, state=state))
    before = all_stored(place)
    answer = edit(place, original)
    assert (answer.status, f"the letter is {state}" in answer.body["detail"]) == (409, True)
    assert all_stored(place) == before


@pytest.mark.parametrize("moment", range(1, 14))
def test_two_requests_at_once_with_one_key_make_one_letter(place: Place, moment: int) -> None:
    original = a_letter(place)
    others = [lambda: edit(place, original, idempotency_key="a key")]
    answers: list[Response] = []

    def another() -> None:
        if calls.made == moment and others:
            answers.append(others.pop()())

    calls = Calls(takes=another)
    answers.append(edit(place, original, calls=calls, idempotency_key="a key"))
    assert [(answer.status, answer.body) for answer in answers] == [(200, answers[0].body)] * (2 - len(others))
    assert sorted(one.state for one in all_letters(place)) == [DONE, OPEN]


def test_a_letter_that_was_parked_may_be_edited(place: Place) -> None:
    original = a_letter(place)
    with place.at_work():
        rows.change(original.id, lambda letter: letter.after("parked", "operator:bo", "later", state=PARKED))
    assert edit(place, original).status == 200


def test_an_edited_letter_that_an_operator_put_aside_stays_there_when_the_request_is_repeated(place: Place) -> None:
    original = a_letter(place)
    edited = edit(place, original).body["letter"]
    with place.at_work():
        rows.change(edited, lambda letter: letter.after("parked", "operator:bo", "later", state=PARKED))
    assert edit(place, original).status == 200
    with place.at_work():
        assert rows.letter(edited).state == PARKED


def test_a_letter_that_is_not_there_is_not_found_and_a_version_of_it_is_stale(place: Place) -> None:
    original = a_letter(place)
    assert edit(place, original, if_match='"1"').status == 412
    with place.at_work():
        path = "/api/operations/letters/nothing/data"
        assert request(api, "PUT", path, {"data": {}}, caller=OPERATOR_ON_CALL).status == 404


@pytest.mark.parametrize(
    ("sample", "field"),
    [("InvoicePaid.v1", "order_id"), ("ConfirmPayment.v1", "customer_id")],
    ids=["order", "customer"],
)
def test_an_edit_does_not_make_a_message_about_the_order_or_the_customer_of_others(
    place: Place, sample: str, field: str
) -> None:
    detail = json.loads((SAMPLES / f"{sample}.json").read_text())
    letter = a_letter(place, body=body_of(detail), name=detail["metadata"]["name"])
    answer = edit(place, letter, {**detail["data"], field: "another"})
    assert (answer.status, place.letter(letter).state) == (400, OPEN)
    assert f"{field} says what the message is about" in answer.body["detail"]
