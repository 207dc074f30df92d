"""The rules of robots."""

from collections.abc import Callable

import pytest

from functions.depot.bot import (
    Bot,
    CameOnline,
    Connected,
    Disconnected,
    Finished,
    Registered,
    Retired,
    TokensRevoked,
    TookList,
    WentOffline,
)
from functions.kernel.domain.aggregate import DomainEvent
from tests.support.given import given

OFFLINE = (Registered("Ajax"),)
IDLE = (*OFFLINE, CameOnline())
ACTIVE = (*IDLE, TookList("order-1", 3))
CUT = (*ACTIVE, Connected(4), Disconnected(5))
RETIRED = (*OFFLINE, Retired())


@pytest.mark.parametrize("name", ["", " \t"])
def test_a_robot_has_a_name(name: str) -> None:
    given(Bot).when(lambda bot: bot.register(name)).then_invalid("the bot name cannot be blank")


def test_a_registered_robot_is_offline() -> None:
    given(Bot).when(lambda bot: bot.register("Ajax")).then(*OFFLINE).then_state(
        status="offline", name="Ajax", list_id=None
    )


def test_a_robot_is_registered_once() -> None:
    given(Bot, *OFFLINE).when(lambda bot: bot.register("Ajax")).then_nothing()


def test_a_robot_that_comes_online_is_idle() -> None:
    given(Bot, *OFFLINE).when(lambda bot: bot.come_online()).then(CameOnline()).then_state(status="idle")


def test_a_robots_tokens_have_the_next_generation_once_they_are_revoked() -> None:
    given(Bot, *OFFLINE).when(lambda bot: None).then_state(generation=1)
    given(Bot, *ACTIVE, TokensRevoked(2)).when(lambda bot: bot.revoke_tokens()).then(TokensRevoked(3)).then_state(
        generation=3, status="active", list_id="order-1", assignment=3
    )


@pytest.mark.parametrize("history", [IDLE, ACTIVE])
def test_a_robot_that_is_online_stays_as_it_is(history: tuple[DomainEvent, ...]) -> None:
    given(Bot, *history).when(lambda bot: bot.come_online()).then_nothing()


@pytest.mark.parametrize(("history", "gave_back"), [(IDLE, ""), (ACTIVE, "order-1")])
def test_a_robot_that_goes_offline_has_no_list(history: tuple[DomainEvent, ...], gave_back: str) -> None:
    given(Bot, *history).when(lambda bot: bot.go_offline()).then(WentOffline(gave_back)).then_state(
        status="offline", list_id=None
    )


def test_a_robot_whose_list_is_cancelled_gives_none_back() -> None:
    on_stream = (*IDLE, Connected(2), TookList("list-1", 1))
    given(Bot, *on_stream).when(lambda bot: bot.call_off()).then(Finished(), WentOffline())
    given(Bot, *ACTIVE).when(lambda bot: bot.call_off()).then(Finished())


def test_a_robot_that_is_offline_stays_so() -> None:
    given(Bot, *OFFLINE).when(lambda bot: bot.go_offline()).then_nothing()


def test_an_idle_robot_takes_a_list() -> None:
    given(Bot, *IDLE).when(lambda bot: bot.assign("order-1", 3)).then(TookList("order-1", 3)).then_state(
        status="active", list_id="order-1", assignment=3
    )


def test_a_robot_takes_one_list_at_a_time() -> None:
    given(Bot, *ACTIVE).when(lambda bot: bot.assign("order-2", 1)).then_refused("the bot is active")


def test_a_robot_that_is_offline_takes_no_list() -> None:
    given(Bot, *OFFLINE).when(lambda bot: bot.assign("order-1", 3)).then_refused("the bot is offline")


def test_a_robot_that_has_finished_its_list_is_idle_again() -> None:
    given(Bot, *ACTIVE).when(lambda bot: bot.finish()).then(Finished()).then_state(
        status="idle", list_id=None, assignment=0
    )


def test_a_robot_without_a_list_finishes_none() -> None:
    given(Bot, *IDLE).when(lambda bot: bot.finish()).then_refused("the bot is idle")


def test_a_robot_that_connects_is_idle_if_it_was_offline() -> None:
    given(Bot, *OFFLINE).when(lambda bot: bot.connect(4)).then(Connected(4), CameOnline()).then_state(
        status="idle", stream_version=4, has_stream=True
    )


@pytest.mark.parametrize("history", [IDLE, ACTIVE, CUT])
def test_a_robot_that_is_online_connects_as_it_is(history: tuple[DomainEvent, ...]) -> None:
    given(Bot, *history).when(lambda bot: bot.connect(6)).then(Connected(6)).then_state(stream_version=6, is_cut=False)


def test_an_idle_robot_that_is_cut_is_offline() -> None:
    given(Bot, *IDLE).when(lambda bot: bot.disconnect(1)).then(Disconnected(1), WentOffline()).then_state(
        status="offline", stream_version=1
    )


def test_a_robot_at_work_that_is_cut_keeps_its_list() -> None:
    given(Bot, *ACTIVE).when(lambda bot: bot.disconnect(1)).then(Disconnected(1)).then_state(
        status="active", list_id="order-1", is_cut=True
    )


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("step", [Bot.connect, Bot.disconnect])
def test_what_was_said_of_a_connection_before_changes_nothing(version: int, step: Callable[[Bot, int], None]) -> None:
    given(Bot, *CUT).when(lambda bot: step(bot, version)).then_nothing()


def test_a_robot_that_is_cut_is_offline_after_its_list() -> None:
    given(Bot, *CUT).when(lambda bot: bot.finish()).then(Finished(), WentOffline()).then_state(
        status="offline", list_id=None, is_cut=False
    )


def test_a_robot_that_was_cut_in_an_earlier_task_is_idle_after_the_next() -> None:
    history = (*CUT, WentOffline(), CameOnline(), TookList("order-2", 1))
    given(Bot, *history).when(lambda bot: bot.finish()).then(Finished())


@pytest.mark.parametrize("history", [OFFLINE, IDLE, ACTIVE, CUT])
def test_a_robot_is_retired_from_any_state_and_has_no_list_then(history: tuple[DomainEvent, ...]) -> None:
    given(Bot, *history).when(lambda bot: bot.retire()).then(Retired()).then_state(
        status="retired", list_id=None, assignment=0, is_cut=False, is_online=False
    )


@pytest.mark.parametrize("step", [lambda bot: bot.retire(), lambda bot: bot.connect(9), lambda bot: bot.disconnect(9)])
def test_a_retired_robot_is_as_it_was_whatever_is_said_of_it(step: Callable[[Bot], None]) -> None:
    given(Bot, *RETIRED).when(step).then_nothing()


@pytest.mark.parametrize(
    "step",
    [
        lambda bot: bot.come_online(),
        lambda bot: bot.go_offline(),
        lambda bot: bot.assign("order-1", 1),
        lambda bot: bot.finish(),
        lambda bot: bot.revoke_tokens(),
    ],
    ids=["come online", "go offline", "assign", "finish", "revoke tokens"],
)
def test_a_retired_robot_does_nothing(step: Callable[[Bot], None]) -> None:
    given(Bot, *RETIRED).when(step).then_refused("the bot is retired", "retired")
