"""What a command line of a stage prints to be typed next is about that stage, and not about the local mall."""

import json
import re

import httpx
import pytest

from clients import secret_files
from clients.cli.__main__ import main
from functions.payments import service as payments
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.flow.test_redrive import broken
from tests.unit.cli.typed import PAGES, ClientsMall, CommandLine, Ran


@pytest.fixture
def prod(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Signed in to prod."""
    config = cli.folder / "config" / "mallbots"
    secret_files.write(config / "stages.json", {"prod": json.dumps({**PAGES, "pages": "https://console.prod.test"})})
    secret_files.write(config / "prod-operator.json", {"refresh": "refresh 1"})
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    return cli


@pytest.fixture
def stuck(mall: ClientsMall, monkeypatch: pytest.MonkeyPatch) -> Shopper:
    """A customer whose order waits for an invoice that could not be made."""
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    bring_a_robot_online(mall)
    broken(monkeypatch, payments, "create_or_reduce_invoice")
    shopper = Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    mall.pass_time(300)
    mall.operate("collector")
    return shopper


def commands(ran: Ran) -> list[str]:
    """The command lines in what was printed."""
    return [one.split("  ")[0] for one in re.findall(r"mallbots [a-z][^;,:\n]*", ran.out + ran.err)]


def test_what_to_do_about_an_order_names_its_stage(prod: CommandLine, stuck: Shopper) -> None:
    ran = prod(f"order {stuck.basket_id} --stage prod")
    assert [one.split()[:3] for one in commands(ran)] == [["mallbots", "dead", "redrive"]]
    assert all("--stage prod" in one for one in commands(ran))
    assert "--stage" not in prod(f"order {stuck.basket_id}").out


def test_how_to_go_on_with_a_run_that_stopped_names_its_stage(prod: CommandLine, stuck: Shopper) -> None:
    [letter] = prod("dead list --json").data
    prod.altered["/api/operations/runs/"] = lambda body: body["run"].update(state="stopped")
    ran = prod(f"dead redrive {letter['id']} --yes --stage prod", code=1)
    assert [one.split()[:3] for one in commands(ran)] == [["mallbots", "run", "resume"]]
    assert all("--stage prod" in one for one in commands(ran))


def test_how_to_follow_or_end_a_run_names_its_stage(
    prod: CommandLine, stuck: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)
    ran = prod("replay search --yes --rate 1 --stage prod", code=130)
    assert [one.split()[2] for one in commands(ran)] == ["show", "cancel"]
    assert all("--stage prod" in one for one in commands(ran))


@pytest.mark.parametrize("verb", ["doctor", "status"])
def test_what_to_do_about_what_is_wrong_names_its_stage(prod: CommandLine, stuck: Shopper, verb: str) -> None:
    prod("pause search/inbox --reason x --yes")
    ran = prod(f"{verb} --stage prod", code=4)
    assert len(commands(ran)) >= 2
    assert [one for one in commands(ran) if "--stage prod" not in one] == []
    assert "mallbots" in prod(verb, code=4).out
    assert "--stage" not in prod(verb, code=4).out


def test_where_the_environment_chooses_a_stage_the_local_mall_is_named(
    prod: CommandLine, stuck: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLBOTS_STAGE", "prod")
    assert "--stage local" in prod(f"order {stuck.basket_id} --stage local").out
    assert "--stage prod" in prod(f"order {stuck.basket_id}").out


def test_a_refusal_and_a_service_that_fails_are_looked_into_on_their_stage(prod: CommandLine) -> None:
    for status in (401, 403, 500):
        prod.failing["/api/depot"] = httpx.Response(status, json={"code": "x", "message": "no"})
        ran = prod("robot list --stage prod", code=1)
        assert commands(ran)
        assert [one for one in commands(ran) if "--stage prod" not in one] == []


def test_a_question_and_a_dry_run_name_the_stage(
    prod: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paused = "pause depot/inbox --reason x --stage prod"
    assert "stage prod: would pause depot/inbox" in prod(f"{paused} --dry-run").err
    assert "stage prod: this would pause depot/inbox" in prod(paused, code=2).err
    monkeypatch.setattr("sys.stdin", _Terminal())
    assert main(paused.split()) == 1
    assert "stage prod: pause depot/inbox, for which 0 messages wait? [y/N]" in capsys.readouterr().err
    assert prod.writes() == []


class _Terminal:
    """A terminal at which somebody says no."""

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return "n\n"
