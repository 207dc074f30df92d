"""The routes of groups and letters: what operators see and do, and that no one else does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import Caller
from functions.kernel.runtime.runtime import Runtime
from functions.operations import forms, groups, rows
from functions.operations.api import api
from functions.operations.collector import store
from functions.operations.edits import IN_PLACE_OF
from functions.operations.letters import DISCARDED, DONE, OPEN, PARKED, REDRIVING
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot
from tests.support.gateway import Response, request
from tests.support.letters import sample
from tests.support.owners import asking
from tests.unit.operations.made import ID, made

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
NONE = "no such thing"


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with clock.fixed(lambda: NOON):
        yield


def ask(method: str, path: str, body: Any = None, caller: Caller = OPERATOR_ON_CALL) -> Response:
    return request(api, method, f"/api/operations/{path}", body, caller=caller)


def get(path: str) -> Any:
    answer = ask("GET", path)
    assert answer.status == 200, answer
    return answer.body


def put(path: str, **body: str) -> int:
    return ask("PUT", path, body).status


def fill(count: int) -> None:
    for number in range(1, count + 1):
        rows.put(made(number).after("stored"))
    groups.count_changed()


def of_insights(running: Runtime, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Let insights answer with these messages of a flow; returns what it is asked."""
    asked: list[dict[str, Any]] = []

    def invoke(owner: str, query: dict[str, Any]) -> dict[str, Any]:
        assert (owner, query["query"]) == ("insights", "FindTimeline")
        asked.append(query["data"])
        return {"answer": {"messages": list(messages)}}

    running.invoke = invoke
    return asked


MESSAGE = {
    "id": "message-0",
    "name": "OrderCreated",
    "time": "2026-03-01T12:00:59.000000Z",
    "source": "mallbots.ordering",
    "stream": "Order#order-1",
    "correlation_id": "flow-1",
    "causation_id": None,
    "actor": "system",
    "version": 99,  # newer than this code, so it is shown as it is
}
NAMES = ("id", "name", "time", "source", "stream")
FLOW = ("correlation_id", "causation_id")

ROUTES = [(route.method, route.path.removeprefix("/api/operations/")) for route in api.routes]
OTHERS = [CLERK, A_KIOSK, customer("ada"), robot("r2")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_none_but_an_operator_may_use_a_route(method: str, path: str) -> None:
    body: dict[str, str] | None = None if method == "GET" else {}
    assert [ask(method, path, body, who).status for who in OTHERS] == [403] * len(OTHERS)
    assert ask(method, path, body, NOBODY).status == 401


def test_groups_are_listed_with_their_counts_and_a_sample() -> None:
    fill(3)
    [group] = get("groups")["groups"]
    assert group == {
        "id": ID,
        "state": "open",
        "consumer": "depot/inbox",
        "message": "OrderApproved",
        "error": "RuntimeError",
        "reason": "the shelf is gone",
        "sample": made(3).id,
        "firstSeen": made(1).failed_at,
        "lastSeen": made(3).failed_at,
        "code": "",
        "latestCode": "",
        "cameBack": None,
        "note": "",
        "owner": "",
        "counts": {"open": 3, "redriving": 0, "parked": 0, "done": 0, "discarded": 0},
        "countedAt": clock.stamp(),
    }
    assert get(f"groups/{ID}") == {"group": group}


def test_a_group_has_a_note_and_an_owner() -> None:
    fill(1)
    assert put(f"groups/{ID}/note", text="The shelf 17 was renamed.\nSee the depot's log.") == 200
    assert put(f"groups/{ID}/owner", name="Ada") == 200
    group = get(f"groups/{ID}")["group"]
    assert (group["note"], group["owner"]) == ("The shelf 17 was renamed.\nSee the depot's log.", "Ada")
    rows.put(made(2))
    groups.count_changed()
    group = get(f"groups/{ID}")["group"]
    assert (group["note"], group["counts"]["open"]) == ("The shelf 17 was renamed.\nSee the depot's log.", 2)


def test_a_resolved_group_is_listed_apart_and_says_when_it_came_back() -> None:
    fill(1)
    assert put(f"groups/{ID}/resolve") == 200
    assert get("groups")["groups"] == []
    assert [group["id"] for group in get("groups?state=resolved")["groups"]] == [ID]
    with clock.fixed(lambda: NOON + timedelta(minutes=1)):
        rows.put(made(2, failed_at=clock.stamp()))
        groups.count_changed()
    [group] = get("groups")["groups"]
    assert group["cameBack"] == "2026-03-14T12:01:00.000000Z"


def test_letters_are_listed_by_what_they_are_about() -> None:
    fill(3)
    rows.put(
        made(4, "payments/inbox", name="ConfirmPayment", error="Timeout", reason="late", fingerprint="f", order="o")
    )

    def found(query: str) -> list[str]:
        return [letter["messageId"] for letter in get(f"letters?{query}")["letters"]]

    everything = ["message-4", "message-3", "message-2", "message-1"]
    assert found("") == everything
    assert found("service=payments") == found("service=payments%2Finbox") == ["message-4"]
    assert found("message=ConfirmPayment") == found("reason=late") == found("reason=Timeout") == ["message-4"]
    assert found("group=f") == found("order=o") == ["message-4"]
    assert found("state=open") == everything
    assert found("state=done") == []
    assert found(f"since={quote('2026-03-01T13:02:00+01:00')}&until=2026-03-01T12:03:00Z") == everything[1:3]


def test_a_list_has_pages_that_belong_to_their_filter() -> None:
    fill(5)
    first = get("letters?limit=3&service=depot")
    second = get(f"letters?limit=3&service=depot&next={first['next']}")
    found = [letter["messageId"] for page in (first, second) for letter in page["letters"]]
    assert found == [f"message-{number}" for number in (5, 4, 3, 2, 1)]
    assert "next" not in second
    assert ask("GET", f"letters?limit=3&next={first['next']}").status == 400


def test_a_letter_is_shown_whole_with_what_was_published_around_it(runtime: Runtime) -> None:
    asking(runtime).commit("order-1", {"metadata": MESSAGE, "data": {"order_id": "order-1"}})
    rows.put(made(1, correlation_id="flow-1", fifo_group="in-turn", code="1.2").after("stored", detail="why"))
    answer = get(f"letters/{made(1).id}")
    letter = answer["letter"]
    assert (letter["body"], letter["fifoGroup"], letter["code"], letter["group"]) == (
        '{"number": 1}',
        "in-turn",
        "1.2",
        ID,
    )
    assert letter["history"] == [
        {"time": "2026-03-14T12:00:00.000000Z", "actor": "system", "what": "stored", "detail": "why"}
    ]
    assert answer["timeline"] == [{**{name: MESSAGE[name] for name in NAMES}, "causationId": None}]


def test_a_letter_about_no_order_is_shown_with_its_flow(runtime: Runtime) -> None:
    asked = of_insights(runtime, {**{name: MESSAGE[name] for name in (*NAMES, *FLOW)}, "data": {}})
    rows.put(made(1, correlation_id="flow-1", order=""))
    [shown] = get(f"letters/{made(1).id}")["timeline"]
    [query] = asked
    assert (shown["id"], query["correlation_id"], query["around"]) == ("message-0", "flow-1", made(1).failed_at)


@pytest.mark.parametrize("order", ["order-1", ""])
def test_a_letter_is_shown_without_its_timeline_while_nothing_answers(runtime: Runtime, order: str) -> None:
    def away(owner: str, query: dict[str, Any]) -> dict[str, Any]:
        raise UnavailableError(f"{owner} does not answer")

    runtime.invoke = away
    rows.put(made(1, correlation_id="flow-1", order=order))
    answer = get(f"letters/{made(1).id}")
    assert (answer["letter"]["messageId"], answer["timeline"]) == ("message-1", None)


def test_an_unreadable_letter_has_no_timeline(runtime: Runtime) -> None:
    store(forms.read(*sample("unreadable")))
    [letter] = get("letters")["letters"]
    shown = get(f"letters/{letter['id']}")
    assert (shown["timeline"], shown["letter"]["body"]) == ([], sample("unreadable")[1].body)


def test_a_letter_is_exported_as_a_test(runtime: Runtime) -> None:
    asking(runtime)
    letter = store(forms.read(*sample("inbox")))
    exported = get(f"letters/{letter.id}/test")
    assert exported["file"] == f"test_letter_{letter.id[:8]}.py"
    assert "def test_inbox_of_depot_handles_order_approved() -> None:" in exported["text"]
    of_a_relay = store(forms.read(*sample("relay")))
    assert ask("GET", f"letters/{of_a_relay.id}/test").status == 409


@pytest.mark.parametrize(("verb", "state"), [("park", PARKED), ("discard", DISCARDED)])
def test_a_letter_is_put_away_with_a_reason_that_is_kept(verb: str, state: str) -> None:
    letter = rows.put(made(1).after("stored"))
    for _ in range(2):
        assert put(f"letters/{letter.id}/{verb}", reason="a test order") == 200
    after = rows.letter(letter.id)
    assert after.state == state
    assert [(one.what, one.actor, one.detail) for one in after.history[1:]] == [
        (state, "operator:operator-1", "a test order")
    ]


def test_a_parked_letter_can_be_discarded() -> None:
    letter = rows.put(made(1, state=PARKED))
    assert put(f"letters/{letter.id}/discard", reason="it is over") == 200
    assert rows.letter(letter.id).state == DISCARDED


@pytest.mark.parametrize("verb", ["park", "discard"])
@pytest.mark.parametrize("state", [REDRIVING, DONE])
def test_a_letter_that_is_on_its_way_or_done_is_not_put_away(verb: str, state: str) -> None:
    letter = rows.put(made(1, state=state))
    answer = ask("PUT", f"letters/{letter.id}/{verb}", {"reason": "no"})
    assert answer.status == 409
    assert f"the letter is {state}" in answer.body["detail"]
    assert rows.letter(letter.id) == letter


@pytest.mark.parametrize("verb", ["park", "discard"])
@pytest.mark.parametrize("reason", ["", "  "])
def test_a_letter_is_not_put_away_without_a_reason(verb: str, reason: str) -> None:
    letter = rows.put(made(1))
    assert ask("PUT", f"letters/{letter.id}/{verb}", {"reason": reason}).status == 400
    assert rows.letter(letter.id).state == OPEN


@pytest.mark.parametrize("verb", ["park", "discard"])
def test_a_letter_that_was_put_away_is_open_again_when_an_operator_says_so(verb: str) -> None:
    letter = rows.put(made(1).after("stored"))
    assert put(f"letters/{letter.id}/{verb}", reason="not now") == 200
    for _ in range(2):
        assert ask("PUT", f"letters/{letter.id}/reopen").status == 200
    after = rows.letter(letter.id)
    assert (after.state, after.body, after.expires, after.open_since) == (OPEN, letter.body, 0, clock.stamp())
    assert [one.what for one in after.history] == ["stored", {"park": PARKED, "discard": DISCARDED}[verb], "reopened"]


@pytest.mark.parametrize("state", [REDRIVING, DONE])
def test_a_letter_that_is_on_its_way_or_done_is_not_reopened(state: str) -> None:
    letter = rows.put(made(1, state=state))
    assert ask("PUT", f"letters/{letter.id}/reopen").status == 409
    assert rows.letter(letter.id) == letter


def test_a_letter_whose_edit_was_not_finished_is_not_reopened() -> None:
    letter = rows.put(made(1, state=PARKED).after(IN_PLACE_OF))
    assert ask("PUT", f"letters/{letter.id}/reopen").status == 409


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "groups/{}", None),
        ("PUT", "groups/{}/note", {"text": "x"}),
        ("PUT", "groups/{}/owner", {"name": "x"}),
        ("PUT", "groups/{}/resolve", {}),
        ("GET", "letters/{}", None),
        ("GET", "letters/{}/test", None),
        ("PUT", "letters/{}/park", {"reason": "x"}),
        ("PUT", "letters/{}/discard", {"reason": "x"}),
        ("PUT", "letters/{}/reopen", None),
    ],
)
def test_what_is_not_there_is_not_found(method: str, path: str, body: Any) -> None:
    assert ask(method, path.format(quote(NONE)), body).status == 404


def test_times_that_are_none_and_states_that_are_none_are_refused() -> None:
    assert [ask("GET", f"letters?{query}").status for query in ("since=today", "until=7", "state=lost")] == [400] * 3
    assert ask("GET", "groups?state=lost").status == 400
