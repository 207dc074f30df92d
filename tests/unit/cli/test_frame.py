"""What all verbs share: stages, sign-in, errors, exit codes, and the nearest right word."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clients import secret_files
from clients.cli import session
from clients.cli.stages import names
from clients.cli.verbs import VERBS
from tests.support.callers import CLERK
from tests.unit.cli.pages import ORIGIN
from tests.unit.cli.typed import CommandLine

ROOT = Path(__file__).parents[3]


def signed_in(cli: CommandLine) -> Path:
    """A person is signed in to prod; the file with the refresh token."""
    file = cli.folder / "config" / "mallbots" / "prod-operator.json"
    secret_files.write(file, {"refresh": "refresh 1"})
    return file


@pytest.fixture
def learnt(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The pages of prod were named at a login."""
    monkeypatch.setattr(session, "sign_in", lambda stage, say: signed_in(cli))
    cli("login --stage prod --pages https://console.prod.test/console/")
    return cli


def test_on_a_local_mall_one_is_the_development_operator_at_once(cli: CommandLine) -> None:
    who = cli("whoami --json").data
    assert (who["stage"], who["user"], who["roles"]) == ("local", "operator", ["operator"])
    assert who["api"].startswith("http://127.0.0.1:4566/")
    assert "operator" in cli("login").out


def test_port_and_state_choose_a_local_mall(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "4890")
    monkeypatch.setenv("STATE", str(cli.folder / "elsewhere"))
    assert "make up PORT=4890" in cli("whoami", code=1).err
    monkeypatch.setenv("STATE", str(cli.folder / "state"))
    assert cli("whoami --json").data["api"].startswith("http://127.0.0.1:4890/")
    monkeypatch.setenv("PORT", "a port")
    cli("whoami", code=2)


@pytest.mark.parametrize("address", [ORIGIN, f"{ORIGIN}/", f"{ORIGIN}/console", f"{ORIGIN}/console/"])
def test_what_was_published_tells_a_login_all_that_it_needs(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(session, "sign_in", lambda stage, say: signed_in(cli))
    cli(f"login --stage prod --pages {address}")
    assert cli("whoami --stage prod --json").data["api"] == "https://api.prod.test"
    assert cli("open kiosk --no-browser --stage prod").out == f"{ORIGIN}/kiosk/\n"


def test_an_address_without_a_console_is_none_of_a_mall(cli: CommandLine) -> None:
    assert "has no pages of a mall" in cli(f"login --stage prod --pages {ORIGIN}/elsewhere", code=1).err


def test_a_stage_is_known_once_its_pages_were_named(learnt: CommandLine) -> None:
    who = learnt("whoami --stage prod --json").data
    assert (who["user"], who["api"]) == ("ada", "https://api.prod.test")
    assert learnt("dead list --stage prod --json").data == []
    assert "did you mean prod?" in learnt("dead list --stage prd", code=3).err


def test_each_refresh_token_is_kept_for_the_next_time(learnt: CommandLine) -> None:
    learnt("whoami --stage prod")
    learnt("whoami --stage prod")
    assert learnt.refreshes == ["refresh 1", "refresh 2", "refresh 3"]
    file = learnt.folder / "config" / "mallbots" / "prod-operator.json"
    assert json.loads(file.read_text()) == {"refresh": "refresh 4"}
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("code", "is_signed_out"),
    [
        ("NotAuthorizedException", True),
        ("UserNotFoundException", True),
        ("RefreshTokenReuseException", True),
        ("TooManyRequestsException", False),
        ("LimitExceededException", False),
    ],
)
def test_who_is_refused_for_a_moment_is_not_told_to_be_signed_out(
    learnt: CommandLine, code: str, is_signed_out: bool
) -> None:
    learnt.pool_refuses = code
    said = learnt("dead list --stage prod", code=1).err
    assert ("you are not signed in" in said) is is_signed_out
    assert (f"refuses for now ({code}" in said) is not is_signed_out
    learnt.pool_refuses = ""
    assert learnt("dead list --stage prod --json").data == []


def test_logout_revokes_the_sign_in_and_the_next_command_says_how_to_sign_in(learnt: CommandLine) -> None:
    learnt("logout --stage prod")
    assert learnt.revoked == ["refresh 2"]
    assert "mallbots login --stage prod" in learnt("dead list --stage prod", code=1).err
    assert learnt("logout --stage prod --json").data["signedOut"] is False


def test_pages_of_another_stage_are_not_taken_for_this_one(cli: CommandLine) -> None:
    assert "stage prod, not dev" in cli("login --stage dev --pages https://console.prod.test", code=2).err
    cli("whoami --stage dev", code=3)


def test_a_script_may_give_a_token_of_its_own(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    (cli.folder / "state" / "users.json").unlink()
    assert "make up" in cli("dead list", code=1).err
    monkeypatch.setenv("MALLBOTS_TOKEN", "a token")
    assert cli("dead list --json").data == []


def test_who_has_not_the_role_is_told_so(cli: CommandLine) -> None:
    cli.caller = CLERK
    assert "your role may not" in cli("dead list", code=1).err


def test_a_mall_that_does_not_answer_ends_by_1_with_what_to_do(cli: CommandLine) -> None:
    cli.unreachable = True
    assert "start it: make up" in cli("dead list", code=1).err


def test_a_wrong_verb_or_option_ends_by_2_with_the_nearest_right_one(cli: CommandLine) -> None:
    assert "Did you mean 'groups'?" in cli("dead grups", code=2).err
    assert "dead" in cli("ded", code=2).err
    assert "--service" in cli("dead list --servce depot", code=2).err
    cli("dead list --limit none", code=2)


def test_help_ends_by_0_and_no_verb_says_how_to_go_on(cli: CommandLine) -> None:
    assert "dead" in cli("--help").out
    cli("", code=2)


def test_ctrl_c_ends_by_130(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: object, request: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("httpx.HTTPTransport.handle_request", interrupted)
    cli("dead list", code=130)


def test_every_verb_has_help_and_the_options_that_all_share(cli: CommandLine) -> None:
    for one in VERBS:
        shown = cli(f"{one.words} --help").out
        for option in ("--json", "--stage", "--no-input", *(("--dry-run", "--yes") if one.changes else ())):
            assert option in shown, one.words
        assert f"Example: {one.example}" in " ".join(shown.split()), one.words


def test_the_output_has_no_colours_in_a_pipe_nor_with_no_color(cli: CommandLine, tmp_path: Path) -> None:
    environment = {**os.environ, "STATE": str(tmp_path), "FORCE_COLOR": "1"}
    command = [sys.executable, "-m", "clients.cli", "whoami"]
    for more, has_colours in (({}, True), ({"NO_COLOR": "1"}, False)):
        ran = subprocess.run(command, cwd=ROOT, env={**environment, **more}, capture_output=True, text=True)
        assert (ran.returncode, "\x1b[31m" in ran.stderr) == (1, has_colours)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_verbs_are_completed_in_each_shell(shell: str) -> None:
    asked = {
        "bash": {"COMP_WORDS": "mallbots de", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "mallbots de"},
        "fish": {"_TYPER_COMPLETE_ARGS": "mallbots de", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    environment = {**os.environ, **asked, "_MALLBOTS_COMPLETE": f"complete_{shell}"}
    ran = subprocess.run(
        [sys.executable, "-m", "clients.cli"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert "dead" in ran.stdout, ran


def test_the_names_of_stages_are_completed(learnt: CommandLine) -> None:
    assert names() == ["local", "prod"]
