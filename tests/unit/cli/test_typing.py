"""What is typed nearly right is done as it was meant, and what is printed can be read on a narrow terminal."""

import io
import re
from contextlib import redirect_stderr, redirect_stdout

import pytest

from clients.cli.__main__ import main
from clients.cli.listing import SECTIONS
from clients.cli.output import Output
from clients.cli.verbs import VERBS
from tests.unit.cli.typed import CommandLine

ROBOT = "046bc773-f380-5718-85fb-41a9d85d7078"


class Terminal(io.StringIO):
    """A stdout that a person reads."""

    def isatty(self) -> bool:
        return True


def table(columns: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table of two robots, as a terminal of so many columns shows it."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with redirect_stdout(terminal):
        rows = [[ROBOT, "online", "it waits for a person"], [ROBOT[::-1], "", ""]]
        Output().rows([], ("robot", "connection", "does"), rows, "none")
    return re.sub(r"\x1b\[[0-9]*m", "", terminal.getvalue())


@pytest.mark.parametrize("columns", ["120", "60", "40"])
def test_an_id_is_never_torn_apart_however_narrow_the_terminal_is(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = table(columns, monkeypatch)
    assert ROBOT in shown
    assert ROBOT[::-1] in shown
    assert max(map(len, shown.splitlines())) <= max(int(columns), len(f"connection  {ROBOT}"))


def test_a_text_is_folded_where_a_table_fits_and_rows_are_stacked_where_none_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert table("60", monkeypatch).splitlines()[1:4] == [
        f"{ROBOT}  online      it waits",
        " " * 50 + "for a",
        " " * 50 + "person",
    ]
    assert table("40", monkeypatch).splitlines()[:5] == [
        f"robot       {ROBOT}",
        "connection  online",
        "does        it waits for a person",
        "",
        f"robot       {ROBOT[::-1]}",
    ]


def test_help_lists_every_verb_once_and_cuts_none_off(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted({verb.words.partition(" ")[0] for verb in VERBS})
    monkeypatch.setenv("COLUMNS", "60")
    for words in ("--help", "dead --help", "help dead", "help"):
        assert "..." not in cli(words).out.replace("[ARGS]...", "")
    assert "Show where an order is, and why" in cli("help").out
    assert "mallbots wait 018f2c31 completed" in cli("help wait").out
    assert "mallbots run show 01a7" in cli("help run show").out


def test_options_before_a_verb_are_its_own(cli: CommandLine) -> None:
    assert cli("--json whoami").data["stage"] == "local"
    assert cli("--json dead list").data == []
    assert "there is no stage 'nowhere'" in cli("--stage nowhere status", code=3).err
    assert "there is no stage 'nowhere'" in cli("--stage=nowhere dead list", code=3).err
    cli("--json", code=2)


def test_the_verb_of_another_verb_is_named(cli: CommandLine) -> None:
    assert "Did you mean 'dead redrive'?" in cli("redrive", code=2).err
    assert "Did you mean 'status'?" in cli("ststus", code=2).err


def test_what_cannot_be_written_is_a_sentence(cli: CommandLine) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    said = io.StringIO()
    with redirect_stdout(Full()), redirect_stderr(said):
        assert main(["catalog"]) == 1
    assert said.getvalue() == "mallbots: [Errno 28] No space left on device\n"
