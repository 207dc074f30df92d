"""The commands of runbooks that only look, as an operator types them, on a deployed mall."""

import json
import shlex
import subprocess

from infra.documents.generate import ROOT
from infra.local.cloud import LocalCloud
from tests.e2e.conftest import Deployed
from tests.support.runbooks import PAGES, RUNBOOKS, commands, lines

LOOKS = ("logs", "dead-letters")  # targets
README = RUNBOOKS / "README.md"


def run(cloud: LocalCloud, *script: str) -> subprocess.CompletedProcess[str]:
    """Run lines of a page in a shell, about a local cloud instead of prod."""
    here = f"PORT={cloud.engine.port} STATE={shlex.quote(str(cloud.state))}"
    text = "\n".join(script).replace("STAGE=prod", here)
    return subprocess.run(["bash", "-c", text], cwd=ROOT, capture_output=True, text=True, check=False)


def given(program: str) -> list[str]:
    """The commands of a program on all pages, without those in which a value is left open."""
    return sorted({command for page in PAGES for command in commands(page, program) if "<" not in command})


def test_every_route_that_a_runbook_looks_at_answers_the_shell_of_an_operator(deployed: Deployed) -> None:
    [token] = [line for line in lines(README) if line.startswith("token=")]
    [call] = [line for line in lines(README) if line.startswith("call()")]
    looked = [command for command in given("call") if command.startswith("call GET")]
    before = f'{token}; api={deployed.address}; {call}; [ -n "$token" ] || exit 1'
    done = run(deployed.cloud, before, *(f"{command}; echo" for command in looked))
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    assert len(answers) == len(looked) > 5, done.stderr
    assert [answer for answer in answers if "code" in answer] == []


def test_every_command_with_which_a_runbook_looks_at_logs_and_letters_works(deployed: Deployed) -> None:
    looked = [command for command in given("make") if command.split()[1] in LOOKS]
    assert len(looked) > 10
    failed = {command: done.stderr for command in looked if (done := run(deployed.cloud, command)).returncode}
    assert failed == {}
