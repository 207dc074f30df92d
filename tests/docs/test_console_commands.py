"""The command lines that the console shows beside its buttons, judged by the parsers of the programs that take them."""

import ast
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.docs import programs
from tests.docs.parsers import RefusedError
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
    "shell": [[""], [" PORT=4600"]],
    "token": [["staff", "prod"]],
    "robotOf": [["prod"]],
    "runRobot": [[]],
    "customer": [[act, "5d2b"] for act in ("enable", "disable")],
    "recheck": [["7c1f"]],
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
    "sagas": [[status] for status in ("all", "running", "parked", "compensated", "stopped", "completed")],
    "saga": [["7c1f"]],
    "resumeSaga": [["7c1f"]],
    "retrySaga": [["7c1f"]],
    "rebuild": [["search", "orders"]],
}
SHOWN = """
import { commands } from "./commands.mjs";
const called = JSON.parse(process.argv[1]);
const lines = Object.entries(called).flatMap(([name, all]) => all.map((given) => commands[name](...given)));
console.log(JSON.stringify({ names: Object.keys(commands), lines }));
"""


CONSOLE = ROOT / "clients" / "console"
CHANGES = re.compile(r"""["`]((?:PUT|POST|PATCH|DELETE) /[^"`]+)["`]""")
# What a button of the console changes, by its route, and the function of the line that does the same.
DOES: dict[str, str] = {
    "DELETE /api/customers/{id}": "erase",
    "DELETE /api/depot/bots/{id}": "ofRobot",
    "POST /api/operations/forecasts": "forecast",
    "POST /api/operations/rebuilds": "rebuild",
    "POST /api/operations/redrives": "redrive",
    "PUT /api/checkout/sagas/{orderId}/resume": "resumeSaga",
    "PUT /api/customers/{id}/disable": "customer",
    "PUT /api/customers/{id}/enable": "customer",
    "PUT /api/fleet/robots/{id}/${act}": "ofRobot",
    "PUT /api/fleet/robots/{id}/actions/{actionId}/retry": "ofRobot",
    "PUT /api/fleet/robots/{id}/actions/{actionId}/skip": "ofRobot",
    "PUT /api/operations/consumers/{service}/{queue}/pause": "pause",
    "PUT /api/operations/consumers/{service}/{queue}/resume": "resume",
    "PUT /api/operations/groups/{id}/note": "note",
    "PUT /api/operations/groups/{id}/owner": "owner",
    "PUT /api/operations/groups/{id}/resolve": "resolve",
    "PUT /api/operations/letters/{id}/${act}": "[act]",
    "PUT /api/operations/letters/{id}/reopen": "reopen",
    "PUT /api/operations/runs/{id}/${act}": "ofRun",
    "PUT /api/operations/runs/{id}/${name}": "ofRun",
    "PUT /api/operations/sagas/{orderId}/retry": "retrySaga",
    "PUT /api/payments/differences/{orderId}/recheck": "recheck",
}
# A question whose answer is asked for by a body: it changes nothing.
ASKS = {"POST /api/search/orders"}
# What staff do at the till, in the depot and for customers: it is no operation of the system, and no verb does it.
OF_STAFF = {
    "DELETE /api/ordering/{id}",
    "DELETE /api/stores/products/{id}",
    "DELETE /api/stores/{id}/participating",
    "POST /api/customers",
    "POST /api/stores",
    "POST /api/stores/{storeId}/products",
    "PUT /api/customers/{id}/change-sms",
    "PUT /api/depot/shopping/{id}/complete",
    "PUT /api/payments/invoices/{id}/pay",
    "PUT /api/stores/products/{id}/decreasePrice",
    "PUT /api/stores/products/{id}/increasePrice",
    "PUT /api/stores/products/{id}/rebrand",
    "PUT /api/stores/{id}/participating",
    "PUT /api/stores/{id}/rebrand",
}


def sources() -> dict[Path, str]:
    """The modules of the console that have views or send requests."""
    return {file: file.read_text() for ending in ("ts", "tsx") for file in CONSOLE.rglob(f"*.{ending}")}


def lines_beside(asking: Path) -> set[str]:
    """The lines of the module that asks, and of those that show what it exports."""
    texts = [text for file, text in sources().items() if file == asking or f'/{asking.name}"' in text]
    return {name.lstrip(".") for text in texts for name in re.findall(r"commands(\.\w+|\[\w+\])", text)}


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


def test_a_line_stands_beside_every_button_that_changes_what_operators_change() -> None:
    asked = {(route, file) for file, text in sources().items() for route in CHANGES.findall(text)}
    assert {route for route, _ in asked} == {*DOES, *OF_STAFF, *ASKS}
    assert not [route for route in OF_STAFF if "/operations/" in route]
    assert [(r, str(file)) for r, file in asked if r in DOES and DOES[r] not in lines_beside(file)] == []


def called_by_verbs() -> list[re.Pattern[str]]:
    """What verbs send that may change something: `PUT /api/customers/[^/]+/(?:enable|disable|…)`."""
    found: list[re.Pattern[str]] = []
    for file in sorted((ROOT / "clients" / "cli").glob("*.py")):
        tree = ast.parse(file.read_text())
        texts = {one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        words = "|".join(sorted(one for one in texts if re.fullmatch(r"[a-z-]+", one)))
        given = {name.id: one.value for one in ast.walk(tree) for name, one in _assigned(one)}
        for call in ast.walk(tree):
            match call:
                case ast.Call(ast.Attribute(ast.Name("tool"), "put" | "post" as method), [path, *_]):
                    found.append(re.compile(f"{method.upper()} {_pattern(path, given, words)}"))
                case ast.Call(ast.Attribute(ast.Name("tool"), "call"), [ast.Constant(str(method)), path, *_]):
                    found.append(re.compile(f"{method} {_pattern(path, given, words)}"))
    return found


def _assigned(one: ast.AST) -> list[tuple[ast.Name, ast.Assign]]:
    """Names and what they are, also of `a, b = 1, 2`."""
    match one:
        case ast.Assign([ast.Name() as name]):
            return [(name, one)]
        case ast.Assign([ast.Tuple(names)], ast.Tuple(values)):
            pairs = [(name, value) for name, value in zip(names, values, strict=True) if isinstance(name, ast.Name)]
            return [(name, ast.Assign([name], value)) for name, value in pairs]
    return []


def _pattern(path: ast.expr, given: dict[str, ast.expr], words: str) -> str:
    """The paths that an expression may be: an id is any one part, and what a verb names is a word of its module."""
    match path:
        case ast.Constant(str(text)):
            return re.escape(text)
        case ast.JoinedStr(parts):
            return "".join(_pattern(one, given, words) for one in parts)
        case ast.FormattedValue(value):
            return _pattern(value, given, words)
        case ast.Name(name) if name in given:
            return _pattern(given[name], given, words)
        case ast.Name():
            return f"(?:{words})"
    return "[^/]+"


def test_what_a_verb_does_has_its_line_and_is_not_left_to_staff() -> None:
    called = called_by_verbs()
    plain = {re.sub(r"\$\{\w+\}", "resume", route) for route in DOES}
    assert len([route for route in plain if any(one.fullmatch(route) for one in called)]) > len(DOES) / 2
    assert [route for route in OF_STAFF if any(one.fullmatch(route) for one in called)] == []


def test_every_fault_of_the_panel_has_its_line() -> None:
    """Faults are switched at the launcher's control server, by one function."""
    [panel] = [file for file, text in sources().items() if re.search(r"\bfault\(", text) and file.suffix == ".tsx"]
    assert {"BREAK", "MEND"} == set(re.findall(r"commands\.fault\(\"(\w+)\"", panel.read_text()))


def test_every_request_names_its_route_so_that_what_changes_something_is_found() -> None:
    firsts = [first for text in sources().values() for first in re.findall(r"\bapi\.(?:ask|get)\(([^,)]*)", text)]
    assert len(firsts) > 50
    assert [first for first in firsts if not re.search('["`](GET|PUT|POST|DELETE) /', first)] == []


def test_every_line_names_its_stage() -> None:
    """A line is in a Command, or said to be of the stage: alone it would be about the local mall."""
    alone = re.compile(r"<code[^>]*>\s*\{commands\b")
    assert [str(file) for file, text in sources().items() if alone.search(text)] == []


MADE = re.compile(r"""(?:["'`>]|\$\(|\\n)(?:[\w./]+/)?(?:mallbots|make|python3?) """)


def test_the_console_makes_no_command_line_elsewhere() -> None:
    """Those of its texts are explanations: what stands beside a button comes from this module."""
    views = [file for folder in ("views", "parts") for file in (CONSOLE / folder).rglob("*.tsx")]
    assert [str(file.relative_to(ROOT)) for file in views if MADE.search(file.read_text())] == []


@pytest.mark.parametrize(
    "made",
    [
        "<code>{`mallbots run ${id}`}</code>",
        "`export MALLBOTS_TOKEN=$(make -s token ROLE=staff)`",
        "`export X=1\\npython -m clients.robot run`",
        "`make shell${here}`",
        "<code>.venv/bin/python -m clients.robot</code>",
    ],
)
def test_a_command_line_of_any_of_our_programs_is_found(made: str) -> None:
    assert MADE.search(made)
