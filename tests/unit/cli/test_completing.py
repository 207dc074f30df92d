"""What Tab completes of a mall: ids that there are now, and nothing, at once, where it cannot be asked."""

from collections.abc import Callable

import pytest

from functions.payments import service as payments
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.flow.test_redrive import broken
from tests.unit.cli.typed import ClientsMall, CommandLine

Complete = Callable[[str], list[str]]


@pytest.fixture
def complete(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Complete:
    def completed(typed: str) -> list[str]:
        with monkeypatch.context() as asked:
            asked.setenv("_MALLBOTS_COMPLETE", "complete_bash")
            asked.setenv("COMP_WORDS", f"mallbots {typed}")
            asked.setenv("COMP_CWORD", str(len(typed.split(" "))))
            return cli("").out.split()

    return completed


def test_ids_of_orders_runs_and_names_of_robots_are_completed(
    cli: CommandLine, mall: ClientsMall, complete: Complete
) -> None:
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    bring_a_robot_online(mall)
    order = Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out().basket_id
    mall.pass_time(60)
    run = cli("replay search --rate 1 --no-wait --yes --json").data["id"]
    for verb in ("order", "trace", "wait"):
        assert complete(f"{verb} {order[:3]}") == [order]
    assert complete("robot show Aj") == ["Ajax"]
    assert complete(f"run cancel {run[:3]}") == [run]
    assert complete("run cancel nothing") == []


def test_ids_of_letters_and_groups_are_completed(
    cli: CommandLine, mall: ClientsMall, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, payments, "create_or_reduce_invoice")
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    mall.pass_time(300)
    mall.operate("collector")
    [letter] = cli("dead list --json").data
    for verb in ("show", "park", "redrive", "export"):
        assert complete(f"dead {verb} {letter['id'][:3]}") == [letter["id"]]
    assert complete(f"dead note {letter['group'][:3]}") == [letter["group"]]
    assert complete(f"dead redrive --group {letter['group'][:3]}") == [letter["group"]]


@pytest.mark.parametrize(
    "typed", ["order 0", "dead show 0", "dead note 0", "saga show 0", "run show 0", "robot show A"]
)
def test_where_the_mall_cannot_be_asked_nothing_is_completed_and_nothing_said(
    cli: CommandLine, complete: Complete, typed: str
) -> None:
    cli.unreachable = True
    assert complete(typed) == []


def test_no_completion_changes_anything(cli: CommandLine, complete: Complete) -> None:
    for typed in ("order 0", "dead park 0", "dead resolve 0", "saga retry 0", "run cancel 0", "robot retire A"):
        complete(typed)
    assert {one for one in cli.writes() if one != "POST /api/search/orders"} == set()
