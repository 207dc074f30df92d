"""The commands of the runbooks, typed on a mall in memory that has a letter and a consumer that is paused."""

import shlex
from typing import Any

import pytest

from clients.cli.account import Account
from functions.payments import service as payments
from tests.docs import mallbots
from tests.docs.run import chosen, looking
from tests.docs.shells import as_local
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.flow.test_redrive import broken
from tests.unit.cli.typed import ClientsMall, CommandLine

LINES = sorted(
    {line for block in looking() for line in as_local(block.text).splitlines() if line.startswith("mallbots ")}
)


@pytest.fixture
def given(mall: ClientsMall, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables that a page takes for given."""
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    bring_a_robot_online(mall)
    mended = broken(monkeypatch, payments, "create_or_reduce_invoice")
    Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    mall.pass_time(300)
    mall.operate("collector")
    mended()
    cli("pause depot/inbox --reason 'a deploy' --yes")
    mall.minute()
    [letter] = cli("dead list --json").data
    return {"group": letter["group"], "sample": letter["id"]}


@pytest.fixture(autouse=True)
def _logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each service has a log group without a line."""

    def call(*_: object, **asked: Any) -> Any:
        assert asked["logGroupName"] == "a-group"
        return {"events": []}

    monkeypatch.setattr(Account, "of", lambda *_: {"InboxLogs": "a-group"})
    monkeypatch.setattr(Account, "call", call)


def typed(cli: CommandLine, line: str, given: dict[str, str]) -> None:
    for name, value in given.items():
        line = line.replace(f"${name}", value)
    words = mallbots.answered(shlex.split(line)[1:])
    ends_by_what_it_finds = mallbots.as_judged(words, 4) == 0
    cli(shlex.join(words), code=4 if ends_by_what_it_finds else 0)


@pytest.mark.parametrize("line", LINES)
def test_a_line_by_which_a_runbook_looks_at_something_works(cli: CommandLine, given: dict[str, str], line: str) -> None:
    typed(cli, line, given)


@pytest.mark.parametrize(
    ("page", "written"), [("README.md", "/redrives"), ("consumer-paused.md", "/consumers/depot/inbox/resume")]
)
def test_the_commands_of_a_page_that_changes_something_work_in_their_turn(
    cli: CommandLine, given: dict[str, str], page: str, written: str
) -> None:
    lines = [line for block in chosen(f"docs/runbooks/{page}") for line in as_local(block.text).splitlines()]
    for line in lines:
        if line.startswith("mallbots "):
            typed(cli, line, given)
    assert [one for one in cli.writes() if written in one]
