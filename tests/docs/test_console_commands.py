"""The command lines that the console shows beside its buttons, judged by the parsers of the programs that take them."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.docs import programs
from tests.docs.programs import RefusedError
from tests.docs.test_docs import ROOT

RAMP = {"rate": 10, "stopAt": 20}
RUN_ACTS = ("pause", "resume", "cancel", "switch", "abort")
# What each function of the console's module may be called with: each of these is one line.
CALLED: dict[str, list[list[object]]] = {
    "at": [["2026-03-14T09:26:53.589Z", "Order#7c1f"]],
    "history": [["Order#7c1f"]],
    "trace": [["7c1f"]],
    "fault": [[verb, "payments", " PORT=4600"] for verb in ("BREAK", "MEND")],
    "ofRobot": [
        *([act, "Ajax"] for act in ("pause", "resume", "register", "retire")),
        *([act, "Ajax", "pick-1"] for act in ("retry", "skip")),
    ],
    "erase": [["5d2b"]],
    "robots": [[]],
    "doctor": [[]],
    "status": [[]],
    "groups": [["open"], ["resolved"]],
    "letters": [["3e90"]],
    "show": [["7c1f"]],
    "forecast": [["3e90"]],
    "redrive": [
        [{"group": "3e90"}, RAMP],
        *([{"forecast": "f1", "passing": passing}, RAMP] for passing in (True, False)),
    ],
    "park": [["7c1f", "it's later"]],
    "discard": [["7c1f", "the order was cancelled"]],
    "reopen": [["7c1f"]],
    "note": [["3e90", "the supplier sends no sku"]],
    "owner": [["3e90", "Ada"]],
    "resolve": [["3e90"]],
    "runs": [[]],
    "run": [["01a7"]],
    "ofRun": [[act, "01a7"] for act in RUN_ACTS],
    "consumers": [[]],
    "pause": [["depot/inbox", "a deploy"]],
    "resume": [["depot/inbox"]],
    "resumeSaga": [["7c1f"]],
    "rebuild": [["search", "orders"]],
}
SHOWN = """
import { commands } from "./commands.mjs";
const called = JSON.parse(process.argv[1]);
const lines = Object.entries(called).flatMap(([name, all]) => all.map((given) => commands[name](...given)));
console.log(JSON.stringify({ names: Object.keys(commands), lines }));
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The names of the module's functions, and the lines that they make."""
    folder = tmp_path_factory.mktemp("commands")
    module = ROOT / "clients" / "console" / "logic" / "commands.ts"
    esbuild, out = ROOT / "node_modules" / ".bin" / "esbuild", f"--outfile={folder / 'commands.mjs'}"
    subprocess.run([esbuild, module, out, "--format=esm", "--log-level=warning"], check=True)
    asked = ["node", "--input-type=module", "-e", SHOWN, json.dumps(CALLED)]
    found: dict[str, list[str]] = json.loads(subprocess.run(asked, cwd=folder, capture_output=True, check=True).stdout)
    return found


def test_every_line_is_one_that_its_program_understands(shown: dict[str, list[str]]) -> None:
    assert set(shown["names"]) == set(CALLED)
    assert len(shown["lines"]) > len(CALLED)
    for line in shown["lines"]:
        programs.judge(shlex.split(line))


@pytest.mark.parametrize("line", ["mallbots dead redrve --group 3e90", "mallbots pause depot/inbox --reasn x"])
def test_a_line_of_before_a_verb_was_renamed_is_refused(line: str) -> None:
    with pytest.raises(RefusedError):
        programs.judge(shlex.split(line))


def test_the_console_makes_no_command_line_elsewhere() -> None:
    """Those of its texts are explanations: what stands beside a button comes from this module."""
    others = [
        str(file.relative_to(ROOT))
        for file in Path(ROOT / "clients" / "console" / "views").rglob("*.tsx")
        if "mallbots " in file.read_text()
    ]
    assert others == []
