"""A robot that is retired: gone for good, without a list, and refused from then on."""

from typing import Any

import pytest

from events.depot import BotRetired
from events.registry import Message
from functions.depot import matching, service, views
from functions.depot.queries import queries
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer
from tests.support.callers import robot as robot_caller
from tests.support.contention import ContendedStore, conflict
from tests.unit.depot.floor import Floor, robot, status


def retire(floor: Floor, bot_id: str, **more: Any) -> int:
    return floor.request("DELETE", f"/bots/{bot_id}", **more).status


def listed(floor: Floor) -> list[str]:
    floor.settle()
    return [bot["id"] for bot in floor.request("GET", "/bots").body["bots"]]


def published(floor: Floor) -> list[Message]:
    return [event for event in floor.published if isinstance(event, BotRetired)]


@pytest.mark.parametrize("caller", [CLERK, OPERATOR_ON_CALL], ids=lambda caller: caller.role)
def test_staff_retire_a_robot_that_is_listed_no_more(floor: Floor, caller: Any) -> None:
    ajax, hector = floor.idle("Ajax"), floor.idle("Hector")
    assert set(listed(floor)) == {ajax, hector}
    assert retire(floor, ajax, caller=caller) == 200
    assert (robot(ajax), listed(floor)) == (("retired", None), [hector])
    [event] = published(floor)
    assert event == BotRetired(bot_id=ajax, name="Ajax", status="retired", list_id=None, assignment=0)


def test_a_second_retirement_is_accepted_and_changes_nothing(floor: Floor) -> None:
    bot_id = floor.idle()
    once = {"Idempotency-Key": "once"}
    assert [retire(floor, bot_id, headers=once) for _ in range(2)] == [200, 200]
    version = service.bots.get(bot_id).version
    assert retire(floor, bot_id) == 200
    assert (service.bots.get(bot_id).version, len(published(floor))) == (version, 1)


@pytest.mark.parametrize("conflicts", [0, 2])
def test_a_robot_that_is_retired_at_work_gives_its_list_back_in_one_write(
    floor: Floor, store: ContendedStore, conflicts: int
) -> None:
    list_id, bot_id = floor.active()
    service.pick(list_id, 1, "bakery", "roll", 2)
    store.tries, store.before = 0, [conflict] * conflicts
    assert retire(floor, bot_id) == 200
    assert store.tries == 1 + conflicts
    assert (status(list_id), robot(bot_id)) == (("available", None), ("retired", None))
    assert {item.picked for stop in service.shopping_list(list_id).stops for item in stop.items} == {0}


def test_the_list_of_a_retired_robot_goes_to_another(floor: Floor) -> None:
    list_id, bot_id = floor.assigned()
    other = floor.idle("Hector")
    retire(floor, bot_id)
    floor.settle()
    assert (status(list_id), robot(other)) == (("assigned", other), ("active", list_id))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/bots/{bot}/online", {}),
        ("PUT", "/bots/{bot}/offline", {}),
        ("POST", "/bots/{bot}/token", {}),
        ("PUT", "/shopping/order-2/assign", {"botId": "{bot}"}),
    ],
    ids=["online", "offline", "token", "assign"],
)
@pytest.mark.parametrize("caller", ["staff", "itself"])
def test_a_retired_robot_is_refused(floor: Floor, method: str, path: str, body: dict[str, str], caller: str) -> None:
    """Also for itself: the gateway keeps who it is for 60 seconds."""
    floor.available("order-2")
    bot_id = floor.idle()
    retire(floor, bot_id)
    before = len(floor.store.log)
    by = robot_caller(bot_id) if caller == "itself" else CLERK
    named = {name: value.format(bot=bot_id) for name, value in body.items()}
    answer = floor.request(method, path.format(bot=bot_id), named, caller=by)
    staff_alone = caller == "itself" and "assign" in path
    assert (answer.status, answer.body["detail"] if not staff_alone else "") == (
        (403, "") if staff_alone else (409, "the bot is retired")
    )
    assert len(floor.store.log) == before


@pytest.mark.parametrize("step", ["start", "pick", "complete"])
def test_a_step_of_a_retired_robot_is_refused_as_it_has_no_list(floor: Floor, step: str) -> None:
    list_id, bot_id = floor.active()
    retire(floor, bot_id)
    body = {"assignment": 1, "storeId": "bakery", "productId": "roll", "quantity": 1}
    path, before = f"/shopping/{list_id}/{step}", len(floor.store.log)
    assert floor.request("PUT", path, body, caller=robot_caller(bot_id)).status == 404
    assert floor.request("PUT", path, body).status == 409
    assert len(floor.store.log) == before


def test_no_token_of_a_retired_robot_is_valid(floor: Floor) -> None:
    """The authorizer asks, and refuses a token of a robot that is not there."""
    bot_id = floor.idle()
    asked = {"query": "FindBotCredential", "data": {"bot_id": bot_id}}
    assert queries.handle(asked) == {"answer": {"bot_id": bot_id, "generation": 1}}
    retire(floor, bot_id)
    assert queries.handle(asked) == {"not_found": f"the bot {bot_id} is retired"}


def test_a_registration_that_is_repeated_gives_no_token_of_a_retired_robot(floor: Floor) -> None:
    once = {"Idempotency-Key": "once"}
    bot_id = floor.request("POST", "/bots", {"name": "Ajax"}, once).body["id"]
    retire(floor, bot_id)
    again = floor.request("POST", "/bots", {"name": "Ajax"}, once)
    assert (again.status, again.body["detail"]) == (409, "the bot is retired")


@pytest.mark.parametrize(
    ("caller", "code"), [(NOBODY, 401), (A_KIOSK, 403), (customer("ada"), 403), ("itself", 403), ("another", 403)]
)
def test_nobody_else_retires_a_robot(floor: Floor, caller: Any, code: int) -> None:
    bot_id, other = floor.idle(), floor.idle("Hector")
    robots = {"itself": robot_caller(bot_id), "another": robot_caller(other)}
    assert retire(floor, bot_id, caller=robots.get(caller, caller) if isinstance(caller, str) else caller) == code
    assert robot(bot_id) == ("idle", None)


def test_an_unknown_robot_cannot_be_retired(floor: Floor) -> None:
    assert retire(floor, "unknown") == 404


@pytest.mark.parametrize("late", ["the dispatcher", "the read model"])
def test_a_retired_robot_is_paired_with_no_list_also_where_rows_still_name_it(floor: Floor, late: str) -> None:
    bot_id = floor.idle()
    floor.settle()
    if late == "the read model":
        floor.backlog = True
    retire(floor, bot_id)
    list_id = floor.available()
    floor.settle()
    matching.correct_rows()
    floor.pass_time(120)
    assert (status(list_id), robot(bot_id)) == (("available", None), ("retired", None))
    assert [row.id for row in views.idle_bots()] == []


def test_a_retired_robot_is_not_swept_and_its_heartbeats_are_forgotten(floor: Floor) -> None:
    bot_id = floor.silent()
    retire(floor, bot_id)
    floor.settle()
    floor.deliver(published(floor)[0], version=3)
    views.record_heartbeat(bot_id, floor.now)
    floor.pass_time(180)
    assert views.heartbeats() == {}
    assert robot(bot_id) == ("retired", None)


def test_a_sweep_that_still_finds_a_retired_robot_leaves_it(floor: Floor) -> None:
    bot_id = floor.silent()
    floor.settle()
    floor.backlog = True
    retire(floor, bot_id)
    floor.pass_time(180)
    service.end_leases()
    assert robot(bot_id) == ("retired", None)


def test_a_row_of_a_retired_robot_does_not_come_back_by_a_late_event(floor: Floor) -> None:
    bot_id = floor.idle()
    floor.settle()
    late = [event for event in floor.published if getattr(event, "bot_id", "") == bot_id]
    retire(floor, bot_id)
    assert listed(floor) == []
    for version, event in enumerate(late, start=1):
        floor.deliver(event, id=f"late-{version}", version=version + 10)
    assert listed(floor) == []
