"""Every command in a shell block is understood by the program that it names; and what judges that is tested."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.cli.verbs import VERBS
from tests.docs import helps, mallbots, programs, run, shell
from tests.docs.given import GIVEN
from tests.docs.parsers import RefusedError
from tests.docs.shell import Block
from tests.docs.shells import Shell, as_local
from tests.docs.test_docs import FOLDERS, MODULE, PAGES, ROOT, examples, in_ticks

BLOCKS = shell.blocks()
FLAG = re.compile(r"--?[A-Za-z][\w-]*(?=$|=)")
IN_TEXT = re.compile(
    r"(?:mallbots|aws|git|curl|node|python3?|openssl|\.venv/bin/\S+|node_modules/\.bin/\S+) .*(?<=\s)-"
)
AT_MOST = 0.1  # of the different blocks may be marked as not run here


def in_text(page: Path) -> Iterator[list[str]]:
    """The commands with a flag that a page has between backticks; make's are judged in test_docs.py."""
    for text in in_ticks(page):
        if IN_TEXT.match(text):
            yield from shell.commands(re.sub(r"<[^<>]+>", "x", text))


def commands() -> list[tuple[str, ...]]:
    """The different commands of all pages."""
    of_blocks = (words for block in BLOCKS for words in shell.commands(block.text))
    return sorted({*map(tuple, of_blocks), *(tuple(words) for page in PAGES for words in in_text(page))})


def refused(words: list[str]) -> bool:
    try:
        programs.judge(words)
    except RefusedError:
        return True
    return False


def test_every_command_of_every_shell_block_is_understood_by_its_program() -> None:
    faults = []
    for block in BLOCKS:
        for words in shell.commands(block.text):
            try:
                programs.judge(words, examples(ROOT / block.page))
            except RefusedError as error:
                faults.append(f"{block.place}: {' '.join(words)}: {error}")
    assert faults == []
    assert len(BLOCKS) > 80


def test_every_command_with_a_flag_between_backticks_is_understood_by_its_program() -> None:
    faults = []
    for page in PAGES:
        for words in in_text(page):
            try:
                programs.judge(words, examples(page))
            except RefusedError as error:
                faults.append(f"{page.name}: {' '.join(words)}: {error}")
    assert faults == []


def changed(words: tuple[str, ...]) -> Iterator[list[str]]:
    """A command with one thing wrong: the program's verb, a flag, a variable, a setting, a module or a path of ours."""
    program, *rest = words
    for at, word in enumerate(rest):
        for other in wrong_of_make(rest, at) if program == "make" else wrong(program, rest, at):
            yield [program, *rest[:at], other, *rest[at + 1 :]]
        if re.fullmatch(MODULE, word) or (re.fullmatch(r"[\w./:-]+/[\w./:-]+", word) and word.split("/")[0] in FOLDERS):
            yield [program, *rest[:at], f"{word}x", *rest[at + 1 :]]


def wrong(program: str, rest: list[str], at: int) -> Iterator[str]:
    """What may be wrong of a word of a program but make."""
    word, name = rest[at], program.removeprefix(".venv/bin/")
    if (flag := FLAG.match(word)) and (name in ("aws", "mallbots") or helps.can_be_judged(name)):
        yield misspelled(flag[0]) + word[flag.end() :]
    of_verb = " ".join(rest[: at + 1])
    if name == "mallbots" and any(of_verb == verb.words or verb.words.startswith(f"{of_verb} ") for verb in VERBS):
        yield f"{word}x"
    if at == 0 and word.isalpha() and name in helps.OF_VERBS and helps.can_be_judged(name):
        yield f"{word}x"
    if at == 1 and program == "aws":
        yield f"{word}x"
    if re.fullmatch(r"mallbots-prod-[a-z]+", word) and rest[at - 1] == "--stack-name":
        yield f"{word}x"


def wrong_of_make(rest: list[str], at: int) -> Iterator[str]:
    """What may be wrong of a word of make: a target, a variable, a value that is one of some, each flag of ARGS."""
    word = rest[at]
    if re.fullmatch(r"[a-z][a-z-]*", word) or re.match(r"(SERVICE|ONLY|TO|ROLE|BREAK|MEND|MIX)=[a-z]", word):
        yield f"{word}x"
    if FLAG.match(word):
        yield misspelled(word)
    if found := re.fullmatch(r"([A-Z]+)=.+", word):
        yield word.replace(found[1], f"{found[1]}S", 1)
    if word.startswith("ARGS="):
        for flag in re.finditer(r"(?<=[= ])--?[A-Za-z][\w-]*", word):
            yield word[: flag.start()] + misspelled(flag[0]) + word[flag.end() :]
        for setting in re.finditer(r"(?<=-c )\w+(?==)", word):
            yield f"{word[: setting.end()]}x{word[setting.end() :]}"


def misspelled(flag: str) -> str:
    """A flag that no program has. Of one letter, or of several together, nearly any other is one too; a 9 is not."""
    return f"{flag}x" if flag.startswith("--") else f"{flag[: 1 if len(flag) == 2 else None]}9"


def test_a_command_with_a_wrong_word_is_refused_whichever_word_it_is() -> None:
    """Each verb, flag, target, variable, service, setting, module and path of each command of the pages.

    Not of what could only be judged by running it: commands that the shell or a page defines (`echo`, `export`, `get`),
    a program that is not installed here, and values that are free, such as a query, a name or a number of seconds.
    """
    mutants = {tuple(mutant) for words in commands() for mutant in changed(words)}
    assert len(mutants) > 700
    assert sorted(mutant for mutant in mutants if not refused(list(mutant))) == []


@pytest.mark.parametrize(
    "line",
    [
        "make redrive SERVISE=depot",
        "make redrive RATE=fast",
        "make logs SERVICE=deopt",
        "aws cloudformation delete-stack --stack-name mallbots-prod-deopt",
        "make simulate SCHEDULES=ten",
        "make token ROLE=clerk",
        "make loda ORDERS=3",
        ".venv/bin/mallbots ordre 018f",
        ".venv/bin/mallbots status --sevice depot",
        ".venv/bin/python -m clients.robots run",
        ".venv/bin/python -m clients.robot run --cuont 3",
        ".venv/bin/pytest tests/unit/shops",
        "aws dynamodb delete-tables --table-name x",
        "aws dynamodb delete-table --tabel-name x",
        "node_modules/.bin/cdkk synth",
        "node_modules/.bin/cdk sinth",
        "make deploy STAGE=prod ARGS=--exclusivly",
        "make deploy STAGE=prod ARGS='-c sinthetic=yes'",
        "make synth ARGS=--quite",
        "make up ARGS='-c basket_untuched=60'",
        "make browser ARGS=--last-faild",
        ".venv/bin/pytest --exit-first",
        "node clients/pages/generate.mjs --chek",
        "git comit --no-verify",
        "git commit --no-verfy",
        "curl -sS --fial http://localhost",
        "xargs -I STORE curl --fial STORE",
        "python3 -m json.tool --indnt 1",
        "mallbots --stge prod order 018f",
    ],
)
def test_a_mistyped_line_is_refused(line: str) -> None:
    [words] = shell.commands(line)
    with pytest.raises((RefusedError, ValueError)):
        programs.judge(words)


@pytest.mark.parametrize("program", helps.JUDGED)
def test_a_program_that_is_not_ours_is_judged_by_its_help(program: str) -> None:
    if not helps.can_be_judged(program):
        pytest.skip(f"{program} is not installed here, or has no help that names its flags")
    verb = {"git": ["commit"], "openssl": ["rand"], helps.CDK: ["deploy"]}.get(program, [])
    assert helps.unknown(program, [*verb, "--no-such-flag", "-9"]) == ["--no-such-flag", "-9"]


PAGE = """
Text.

    make up    # start
    make down

<!-- not run: AWS -->

```
make deploy STAGE=prod
```

```json
{"make": 1}
```

- a list

      mallbots status

      mallbots top

Then until Ctrl-C:

<!-- Ctrl-C after: is running -->

    make run
"""


def test_blocks_are_found_in_fences_and_by_indentation_with_the_reason_before_them() -> None:
    assert list(shell.blocks_of(PAGE, "page.md")) == [
        Block("page.md", 4, "make up    # start\nmake down"),
        Block("page.md", 10, "make deploy STAGE=prod", "AWS"),
        Block("page.md", 19, "mallbots status\n\nmallbots top"),
        Block("page.md", 27, "make run", until="is running"),
    ]


def test_a_script_is_taken_apart_into_its_commands() -> None:
    script = """api=$(aws iot describe-endpoint)    # of the stage
    for one in a b; do make down STATE="$one"; done > out.txt 2>&1 && curl \\
      "$api" | python3 -m json.tool"""
    assert list(shell.commands(script)) == [
        ["aws", "iot", "describe-endpoint"],
        ["for", "one", "in", "a", "b"],
        ["make", "down", "STATE=$one"],
        ["curl", "$api"],
        ["python3", "-m", "json.tool"],
    ]


def test_few_blocks_are_marked_as_not_run_and_each_says_why() -> None:
    marked = [block for block in BLOCKS if block.reason]
    assert {block.place for block in marked if not re.match(r"AWS|minutes|yours", block.reason or "")} == set()
    chosen = run.chosen()
    assert sum(1 for block in chosen if block.reason) <= AT_MOST * len(chosen)


def test_what_a_block_prints_before_ctrl_c_ends_it_is_a_text_of_the_code() -> None:
    ended = {block.until for block in BLOCKS if block.until}
    code = "".join(file.read_text() for folder in ("infra/local", "clients") for file in (ROOT / folder).rglob("*.py"))
    assert len(ended) > 2
    assert {text for text in ended if text not in code} == set()


def test_what_a_page_takes_for_given_is_of_a_page_with_blocks_and_understood_by_its_programs() -> None:
    assert {page for page in GIVEN if page not in {block.page for block in BLOCKS}} == set()
    for script in GIVEN.values():
        for words in shell.commands(script):
            programs.judge(words)


READING = ("commits", "dead-letters", "logs", "token")  # targets of make


def only_looks(words: list[str]) -> bool:
    """Whether a command of a runbook changes nothing."""
    program, *rest = words
    if program == "mallbots":
        verb = mallbots.verb_of(rest)
        return verb is not None and not verb.changes
    if program == "aws":
        return rest[1].startswith(("describe-", "get-", "list-"))
    return program == "make" and rest[0] in READING


def test_what_is_run_of_runbooks_side_by_side_on_a_deployment_that_others_use_changes_nothing() -> None:
    found = [(block.place, words) for block in run.looking() for words in shell.commands(block.text)]
    assert [(place, words) for place, words in found if not only_looks(words)] == []
    assert {words[0] for _, words in found} == {"aws", "make", "mallbots"}


def test_what_is_run_of_runbooks_leaves_no_name_open_as_a_shell_takes_one_in_brackets_for_a_file() -> None:
    assert [block.place for block in run.looking() if re.search(r"<[a-z][a-z ]*>", block.text)] == []


@pytest.mark.parametrize(
    "line",
    [
        "mallbots resume depot/inbox --stage prod",
        "mallbots saga retry 018f --stage prod",
        "mallbots dead redrive --group 3e90 --stage prod",
        "aws dynamodb delete-table --table-name x",
        "make redrive STAGE=prod SERVICE=depot",
        "curl http://127.0.0.1",
    ],
)
def test_a_command_that_changes_something_is_known(line: str) -> None:
    [words] = shell.commands(line)
    assert not only_looks(words)


def test_a_stage_is_the_local_mall_where_a_block_is_run() -> None:
    said = as_local(
        "mallbots logs depot --errors --stage prod\nmake dead-letters STAGE=prod SERVICE=depot\nmake synth STAGE=prod"
    )
    assert said.splitlines()[-3:] == [
        "mallbots logs depot --errors",
        "make dead-letters SERVICE=depot",
        "make synth STAGE=prod",
    ]


def test_the_command_line_of_a_page_is_answered_and_what_it_finds_is_no_failure() -> None:
    assert mallbots.answered(["dead", "resolve", "3e90"]) == ["dead", "resolve", "3e90", "--yes"]
    assert mallbots.answered(["dead", "resolve", "3e90", "--dry-run"]) == ["dead", "resolve", "3e90", "--dry-run"]
    assert mallbots.answered(["dead", "groups"]) == ["dead", "groups"]
    assert [mallbots.as_judged(["doctor"], code) for code in (0, 1, 4)] == [0, 1, 0]
    assert mallbots.as_judged(["dead", "redrive", "7c1f"], 4) == 4


def test_blocks_that_differ_in_remarks_alone_are_run_once() -> None:
    assert (
        Block("a.md", 1, "make up  # start\n\nmake down").script
        == Block("b.md", 1, "make up\nmake down  # stop").script
    )
    chosen = run.chosen()
    assert len({block.script for block in chosen}) == len(chosen) == len({block.script for block in BLOCKS})


def test_a_shell_keeps_variables_functions_and_place_and_fails_with_any_command(tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    (folder / "inner").mkdir(parents=True)
    trial = Shell(folder, dict(os.environ), tmp_path / "kept", longest=30)
    assert trial.run('one="a b"; say() { echo "<$1>"; }; cd inner').well
    assert trial.run('say "$one"; basename "$PWD"').said == "<a b>\ninner\n"
    assert not trial.run("false; true").well
    assert not trial.run("answer=$(false)\ntrue").well


def test_a_block_that_does_not_end_by_itself_is_interrupted_once_it_has_printed_its_text(tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    waits = "import signal; print('It is up', flush=True); signal.pause()"
    trial = Shell(folder, dict(os.environ), tmp_path / "kept", longest=30)
    assert trial.run(f'{sys.executable} -c "{waits}" 2> /dev/null', until="is up").well
    assert not trial.run("echo something else", until="is up").well
    assert (
        not Shell(folder, dict(os.environ), tmp_path / "kept", longest=0.2).run(f'{sys.executable} -c "{waits}"').well
    )


def test_in_a_clone_that_borrows_the_environments_make_installs_nothing(tmp_path: Path) -> None:
    copy = run.clone(tmp_path, bare=False)
    asked = ["make", "-n", "--no-print-directory", "synth", "cost"]
    would = subprocess.run(asked, cwd=copy, capture_output=True, text=True, check=True).stdout
    assert "cdk synth" in would
    assert [line for line in would.splitlines() if "Installing" in line or "npm ci" in line or "uv pip" in line] == []
