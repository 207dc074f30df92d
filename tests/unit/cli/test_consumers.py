"""consumers, pause, resume: what waits is seen, and a paused consumer's messages wait until it is resumed."""

from tests.flow.shopper import open_a_store
from tests.unit.cli.typed import ClientsMall, CommandLine

BASKETS = "baskets/inbox"


def test_what_waits_for_a_paused_consumer_is_shown_and_handled_once_it_is_resumed(
    cli: CommandLine, mall: ClientsMall
) -> None:
    assert cli("consumers --busy").out == ""
    shown = cli(f"pause {BASKETS} --reason 'a deploy' --yes --json").data
    assert (shown["state"], shown["reason"]) == ("pausing", "a deploy")
    mall.minute()
    open_a_store(mall, {"cable": 9.95})
    [line] = [line for line in cli("consumers --busy").out.splitlines() if line.startswith(BASKETS)]
    assert "paused" in line
    assert "a deploy" in line
    waits = next(one for one in cli("consumers --json").data if one["name"] == BASKETS)["waiting"]["visible"]
    assert waits >= 2
    cli(f"resume {BASKETS} --yes")
    mall.minute()
    mall.minute()
    assert cli("consumers --busy --json").data == []


def test_to_resume_what_was_not_paused_says_how_a_queue_that_is_not_read_is_read_again(cli: CommandLine) -> None:
    assert "pause it first, then resume it" in cli(f"resume {BASKETS} --yes").err
    cli(f"pause {BASKETS} --reason x --yes")
    assert "pause it first" not in cli(f"resume {BASKETS} --yes").err


def test_a_dry_run_pauses_nothing_and_says_how_much_waits(cli: CommandLine, mall: ClientsMall) -> None:
    shown = cli(f"pause {BASKETS} --reason x --dry-run --json")
    assert (shown.data["state"], cli.writes()) == ("running", [])
    assert "0 messages wait" in shown.err


def test_a_wrong_consumer_gets_the_nearest_right_one(cli: CommandLine) -> None:
    assert f"did you mean {BASKETS}?" in cli("pause basket/inbox --reason x --yes", code=3).err
