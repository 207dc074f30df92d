"""What a terminal or a pipe makes of what is printed: it obeys no text of others, sees all at once, and may end."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import httpx
import pytest

from clients.cli.output import Output, plain
from tests.unit.cli.typed import ClientsMall, CommandLine

ROOT = Path(__file__).parents[3]
CLEARS, TURNS = "\x1b[2J\x9b31m", "\u202egnp.exe\u2066"
AS_TEXT = "\\x1b[2J\\x9b31m"


@pytest.mark.parametrize("kept", ["Volt & Söhne 漢字 – “quoted”", "two\nlines\tand a tab"])
def test_a_text_that_only_shows_something_is_left_as_it_is(kept: str) -> None:
    assert plain(kept) == kept


def test_what_a_robot_reports_is_shown_and_not_obeyed(cli: CommandLine, mall: ClientsMall) -> None:
    cli("robot register Ajax --yes")
    mall.settle()
    error = {"type": f"stuck{CLEARS}", "level": "FATAL", "description": f"at {TURNS}"}

    def reports(body: dict[str, list[dict[str, object]]]) -> None:
        for one in body["bots"]:
            one.update(errors=[error])

    cli.altered["/api/depot/bots"] = reports
    shown = cli("robot show Ajax").out
    assert f"stuck{AS_TEXT}" in shown
    assert "\\x202egnp.exe\\x2066" in shown
    assert not {"\x1b", "\x9b", "\u202e", "\u2066"} & {*shown}
    assert cli("robot show Ajax --json").data["errors"] == [error]


def test_what_a_service_answers_with_is_shown_and_not_obeyed(cli: CommandLine) -> None:
    cli.failing["/api/depot"] = httpx.Response(409, json={"code": "x", "message": f"no{CLEARS}"})
    shown = cli("robot list", code=1).err
    assert f"no{AS_TEXT}" in shown
    assert "\x1b[2J" not in shown


def test_what_is_printed_is_there_for_who_reads_before_the_command_ends() -> None:
    class Pipe(io.StringIO):
        seen = ""

        def flush(self) -> None:
            self.seen = self.getvalue()

    for as_json in (True, False):
        with redirect_stdout(Pipe()) as pipe:
            Output(as_json=as_json).fields({"a": 1}, [("a", 1)])
        assert pipe.seen == pipe.getvalue() != ""


@pytest.mark.parametrize("more", ["", "--json"])
def test_who_reads_no_more_ends_a_command_well(tmp_path: Path, more: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "clients.cli", "catalog", *more.split()]
    environment = {**os.environ, "STATE": str(tmp_path)}
    with os.fdopen(writing, "w") as pipe:
        ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=pipe, stderr=subprocess.PIPE, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("since", ["9999999d", "99999999999999m", "1y", "٣d"])
def test_a_time_of_which_no_log_is_left_is_wrong_usage(cli: CommandLine, since: str) -> None:
    assert "four digits at most" in cli(f"logs depot --since {since}", code=2).err
