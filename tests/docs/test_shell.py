"""Every command in a shell block is understood by the program that it names; and what judges that is tested."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import mallbots, programs, run, shell
from tests.docs.given import GIVEN
from tests.docs.programs import RefusedError
from tests.docs.shell import Block
from tests.docs.shells import Shell, as_local
from tests.docs.test_docs import ROOT, examples

BLOCKS = shell.blocks()
AT_MOST = 0.1  # of the different blocks may be marked as not run here


def commands() -> list[tuple[str, ...]]:
    """The different commands of all pages."""
    return sorted({tuple(words) for block in BLOCKS for words in shell.commands(block.text)})


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


def changed(words: tuple[str, ...]) -> Iterator[list[str]]:
    """A command with one thing wrong: its program's verb, a flag, a variable, a module, a path of the repository."""
    program, *rest = words
    for at, word in enumerate(rest):
        before, after = [program, *rest[:at]], rest[at + 1 :]
        if re.fullmatch(r"--[a-z-]+", word) and (program == "aws" or program.endswith("mallbots")):
            yield [*before, f"{word}x", *after]
        if program == "make" and re.fullmatch(r"[a-z][a-z-]*", word):
            yield [*before, f"{word}x", *after]
        if program == "make" and word.startswith("ARGS=--"):
            yield [*before, re.sub(r"--([a-z-]+)", r"--\1-x", word, count=1), *after]
        if at == 1 and program == "aws":
            yield [*before, f"{word}x", *after]
        if at == 1 and program == "call":
            yield [*before, word.replace("/api/", "/apis/"), *after]
        if at == 0 and program.endswith("mallbots"):
            yield [*before, f"{word}x", *after]
        if program == "make" and re.match(r"(SERVICE|ONLY|TO)=[a-z]", word):
            yield [*before, f"{word}x", *after]
        if program == "make" and (found := re.fullmatch(r"([A-Z]+)=.+", word)):
            yield [*before, word.replace(found[1], f"{found[1]}S", 1), *after]
        if re.fullmatch(r"mallbots-prod-[a-z]+", word) and rest[at - 1] == "--stack-name":
            yield [*before, f"{word}x", *after]
        if re.fullmatch(r"(tests|clients|infra)\.[\w.]+", word) or re.fullmatch(r"(tests|clients|infra)/[\w./]+", word):
            yield [*before, f"{word}x", *after]


def test_a_command_with_a_wrong_word_is_refused_whichever_word_it_is() -> None:
    # Not those that a program passes on as they are: deploy's to the CDK.
    judged = [words for words in commands() if "deploy" not in words]
    mutants = [mutant for words in judged for mutant in changed(words)]
    assert len(mutants) > 100
    assert [mutant for mutant in mutants if not refused(mutant)] == []


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
        "call GET /api/operations/gruops",
        "call PUT /api/operations/groups/x/note '{\"text\": }'",
        "node_modules/.bin/cdkk synth",
    ],
)
def test_a_mistyped_line_is_refused(line: str) -> None:
    [words] = shell.commands(line)
    with pytest.raises((RefusedError, ValueError)):
        programs.judge(words)


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

      call GET /api/stores

      call GET /api/health

Then until Ctrl-C:

<!-- Ctrl-C after: is running -->

    make run
"""


def test_blocks_are_found_in_fences_and_by_indentation_with_the_reason_before_them() -> None:
    assert list(shell.blocks_of(PAGE, "page.md")) == [
        Block("page.md", 4, "make up    # start\nmake down"),
        Block("page.md", 10, "make deploy STAGE=prod", "AWS"),
        Block("page.md", 19, "call GET /api/stores\n\ncall GET /api/health"),
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
    return (program == "call" and rest[0] == "GET") or (program == "make" and rest[0] in READING)


def test_what_is_run_of_runbooks_side_by_side_on_a_deployment_that_others_use_changes_nothing() -> None:
    found = [(block.place, words) for block in run.looking() for words in shell.commands(block.text)]
    assert [(place, words) for place, words in found if not only_looks(words)] == []
    assert {words[0] for _, words in found} == {"aws", "call", "make", "mallbots"}


@pytest.mark.parametrize(
    "line",
    [
        "mallbots resume depot/inbox --stage prod",
        "mallbots saga retry 018f --stage prod",
        "mallbots dead redrive --group 3e90 --stage prod",
        "call PUT /api/operations/consumers/depot/inbox/resume",
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
