"""The tokens of robots: issued with the robot, renewed by itself or by staff, who revoke those before."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.depot import service
from functions.depot.queries import queries
from functions.kernel.runtime import tokens
from functions.kernel.runtime.commit import Commit, Snapshot, StoredEvent
from functions.kernel.runtime.context import BOT, Caller
from functions.kernel.runtime.tokens import Claims, InvalidTokenError
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot
from tests.support.gateway import Response
from tests.support.runtime import TOKEN_KEY
from tests.unit.depot.floor import Floor

DAY = 86_400


@pytest.fixture
def floor() -> Iterator[Floor]:
    with Floor().open() as opened:
        yield opened


def claims(token: str) -> Claims:
    return tokens.read(token, TOKEN_KEY.public)


def generation(bot_id: str) -> Any:
    """The generation that the authorizer is told of a robot."""
    return queries.handle({"query": "FindBotCredential", "data": {"bot_id": bot_id}})["answer"]["generation"]


def renew(floor: Floor, bot_id: str, **more: Any) -> Response:
    return floor.request("POST", f"/bots/{bot_id}/token", {}, **more)


def registered(floor: Floor) -> tuple[str, str]:
    answer = floor.request("POST", "/bots", {"name": "Ajax"}).body
    return answer["id"], answer["token"]


def test_a_robot_is_registered_with_a_token_for_itself_that_is_valid_for_a_day(floor: Floor) -> None:
    bot_id, token = registered(floor)
    said = claims(token)
    assert (said.role, said.id, said.more) == (BOT, bot_id, {"generation": generation(bot_id)})
    floor.pass_time(DAY - 1)
    assert claims(token) == said
    floor.pass_time(1)
    with pytest.raises(InvalidTokenError, match="expired"):
        claims(token)


def test_a_robot_renews_its_token_and_keeps_those_that_it_has(floor: Floor) -> None:
    bot_id, token = registered(floor)
    floor.pass_time(60)
    answer = renew(floor, bot_id, caller=robot(bot_id))
    assert (answer.status, answer.body.keys()) == (200, {"token", "expiresAt"})
    assert answer.body["token"] != token
    assert claims(answer.body["token"]).more == claims(token).more == {"generation": generation(bot_id)}
    assert answer.body["expiresAt"] == "2026-03-15T09:01:00.000000Z"


@pytest.mark.parametrize("caller", [CLERK, OPERATOR_ON_CALL], ids=lambda caller: caller.role)
def test_a_token_that_staff_issue_revokes_those_before_it(floor: Floor, caller: Any) -> None:
    bot_id, first = registered(floor)
    second = renew(floor, bot_id, caller=caller).body["token"]
    third = renew(floor, bot_id, caller=caller).body["token"]
    assert [claims(token).more["generation"] for token in (first, second, third)] == [1, 2, 3]
    assert generation(bot_id) == 3


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "before"}], ids=["without a key", "under a key of before"])
def test_a_token_that_was_revoked_gets_no_other_though_the_gateway_still_lets_it_in(
    floor: Floor, headers: dict[str, str]
) -> None:
    bot_id, _ = registered(floor)
    assert renew(floor, bot_id, caller=robot(bot_id), headers=headers).status == 200
    renew(floor, bot_id)
    stored = len(floor.store.log)
    refused = renew(floor, bot_id, caller=robot(bot_id), headers=headers)
    assert (refused.status, refused.body["detail"]) == (401, "this robot's token was replaced by staff")
    assert renew(floor, bot_id, caller=robot(bot_id), headers={"Idempotency-Key": "after"}).status == 401
    assert renew(floor, bot_id, caller=Caller(BOT, bot_id)).status == 401, "the authorizer told no generation"
    assert len(floor.store.log) == stored
    assert claims(renew(floor, bot_id, caller=robot(bot_id, 2)).body["token"]).more == {"generation": 2}


def test_a_robot_gets_no_token_of_another(floor: Floor) -> None:
    (ajax, _), (hector, _) = registered(floor), registered(floor)
    before = len(floor.store.log)
    refused, unknown = renew(floor, hector, caller=robot(ajax)), renew(floor, "nobody", caller=robot(ajax))
    assert (refused.status, unknown.status) == (404, 404)
    assert refused.body["detail"].replace(hector, "…") == unknown.body["detail"].replace("nobody", "…")
    assert len(floor.store.log) == before


@pytest.mark.parametrize(("caller", "status"), [(NOBODY, 401), (A_KIOSK, 403), (customer("ada"), 403)])
def test_nobody_else_gets_a_robots_token(floor: Floor, caller: Any, status: int) -> None:
    bot_id, _ = registered(floor)
    assert renew(floor, bot_id, caller=caller).status == status
    assert generation(bot_id) == 1


def test_an_unknown_robot_has_no_token(floor: Floor) -> None:
    assert renew(floor, "nobody").status == 404
    answer = queries.handle({"query": "FindBotCredential", "data": {"bot_id": "nobody"}})
    assert answer == {"not_found": "there is no bot nobody"}


def test_a_repeated_renewal_by_staff_revokes_once(floor: Floor) -> None:
    bot_id, _ = registered(floor)
    once = {"Idempotency-Key": "once"}
    first, second = (renew(floor, bot_id, headers=once) for _ in range(2))
    assert first.body == second.body
    assert generation(bot_id) == 2


def test_a_repeated_registration_answers_with_a_token_of_the_generation_of_now(floor: Floor) -> None:
    once = {"Idempotency-Key": "once"}
    first = floor.request("POST", "/bots", {"name": "Ajax"}, once).body
    renew(floor, first["id"])
    again = floor.request("POST", "/bots", {"name": "Ajax"}, once).body
    assert again["id"] == first["id"]
    assert claims(again["token"]).more == {"generation": 2}


def test_revoking_a_robots_tokens_is_nobody_elses_business(floor: Floor) -> None:
    bot_id, _ = registered(floor)
    floor.settle()
    before = len(floor.published)
    renew(floor, bot_id)
    floor.settle()
    assert len(floor.published) == before
    assert service.bots.get(bot_id).status == "offline"


def stored(floor: Floor, version: int, event: StoredEvent, snapshot: dict[str, Any] | None) -> None:
    """A commit about Ajax as code before there were generations wrote it (snapshots of schema 2)."""
    floor.store.commit(
        Commit(
            stream="Bot#ajax",
            version=version,
            id=f"commit-{version}",
            events=(event,),
            time="2026-03-14T08:00:00.000000Z",
            snapshot=Snapshot.of(2, snapshot, {}) if snapshot else None,
        )
    )


OLD = {"status": "offline", "name": "Ajax", "list_id": None, "session": 0}


@pytest.mark.parametrize("snapshot", [OLD, None], ids=["with its snapshot", "without"])
def test_a_robot_from_before_there_were_generations_has_the_first(floor: Floor, snapshot: dict[str, Any]) -> None:
    stored(floor, 1, StoredEvent.of("Registered", 1, {"name": "Ajax"}), snapshot)
    assert generation("ajax") == 1
    assert claims(renew(floor, "ajax").body["token"]).more == {"generation": 2}


def test_a_snapshot_by_code_without_generations_makes_no_revoked_token_valid(floor: Floor) -> None:
    stored(floor, 1, StoredEvent.of("Registered", 1, {"name": "Ajax"}), OLD)
    renew(floor, "ajax")
    stored(floor, 3, StoredEvent.of("CameOnline", 1, {}), OLD | {"status": "idle", "session": 1})
    assert generation("ajax") == 2
    assert service.bots.get("ajax").status == "idle"


def test_a_renewal_that_staff_repeat_once_the_robot_is_retired_gives_no_token(floor: Floor) -> None:
    bot_id, _ = registered(floor)
    once = {"Idempotency-Key": "once"}
    renew(floor, bot_id, headers=once)
    floor.request("DELETE", f"/bots/{bot_id}")
    repeated = renew(floor, bot_id, headers=once)
    assert (repeated.status, repeated.body["detail"]) == (409, "the bot is retired")
    assert "token" not in repeated.body
