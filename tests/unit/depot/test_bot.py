"""The rules of robots."""

import pytest

from functions.depot.bot import Bot, CameOnline, Finished, Registered, TokensRevoked, TookList, WentOffline
from functions.kernel.domain.aggregate import DomainEvent
from tests.support.given import given

OFFLINE = (Registered("Ajax"),)
IDLE = (*OFFLINE, CameOnline())
ACTIVE = (*IDLE, TookList("order-1", 3))


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


@pytest.mark.parametrize("history", [IDLE, ACTIVE])
def test_a_robot_that_goes_offline_has_no_list(history: tuple[DomainEvent, ...]) -> None:
    given(Bot, *history).when(lambda bot: bot.go_offline()).then(WentOffline()).then_state(
        status="offline", list_id=None
    )


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
