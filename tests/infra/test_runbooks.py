"""Runbooks: one for each alarm, with commands that exist and take these options, and routes that there are."""

import argparse
import ast
import json
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from infra.alarms import runbook
from infra.documents.generate import ROOT
from infra.operate.__main__ import COMMANDS, parser
from infra.synthetic import ALARM as SYNTHETIC_ORDERS
from infra.traces import ALARM as TRACES
from tests.docs.programs import mallbots
from tests.infra.conftest import Templates
from tests.infra.policies import Names
from tests.infra.test_alarms import described
from tests.support.runbooks import BLOCK, PAGES, RUNBOOKS, commands, texts

NOT_OF_AN_ALARM = {"README.md", "restore-a-table.md"}
OF_ALARMS = [page for page in PAGES if page.name not in NOT_OF_AN_ALARM]
PARTS = ("Alarm `", "**Look here first.**", "**Do.**", "**Over**")

CALL = re.compile(r"call (GET|PUT|POST|DELETE) (\S+)(?: (\{.*\}))?$")
ROUTE = re.compile(r"(GET|PUT|POST|DELETE) (/api/\S+)")
# Options of the aws command line itself, beside those of an operation.
OF_AWS = {"query", "output", "cli-binary-format", "name-prefix"}

# What a restored table lacks, of what templates set on tables, and what sets it again:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html
NOT_RESTORED = {
    "StreamSpecification": "--stream-specification",
    "TimeToLiveSpecification": "update-time-to-live",
    "PointInTimeRecoverySpecification": "--point-in-time-recovery-specification",
    "DeletionProtectionEnabled": "--deletion-protection-enabled",
    "Tags": "tag-resource",
}
RESTORED = {"AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "SSESpecification"}
OF_THE_REQUEST = {"TableName"}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def named_alarms(*stages: Templates) -> dict[str, str]:
    """The text of an alarm of each kind, by the path of its runbook."""
    found = {}
    for templates in stages:
        for stack, _, alarm in described(templates):
            text = Names(templates).of(stack, alarm["AlarmDescription"])
            found[text.rsplit(" ", 1)[1]] = text
    return found


def test_every_alarm_ends_with_the_path_of_its_runbook_and_every_runbook_has_an_alarm(
    dev: Templates, prod: Templates
) -> None:
    on_neither_stage = {runbook(SYNTHETIC_ORDERS), runbook(TRACES)}  # test_synthetic.py and test_traces.py have these
    assert set(named_alarms(dev, prod)) | on_neither_stage == {f"docs/runbooks/{page.name}" for page in OF_ALARMS}


@pytest.mark.parametrize("page", OF_ALARMS, ids=lambda page: page.stem)
def test_a_runbook_names_its_alarm_and_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(
    page: Path,
) -> None:
    text = page.read_text()
    places = [text.find(part) for part in PARTS]
    assert places == sorted(places)
    assert places[0] > 0
    [alarm] = re.findall(r"^Alarm `(\w+)`", text, re.MULTILINE)
    assert runbook(alarm) == f"docs/runbooks/{page.name}"
    first = BLOCK.search(text[places[1] : places[2]])
    assert first, "there is no command to look first"
    assert first[0].startswith("    mallbots "), "what needs no more than a sign-in comes first"


def test_the_index_lists_every_alarm_with_the_title_of_its_page() -> None:
    listed = re.findall(r"^\| `(\w+)` \| \[(.+)\]\((.+)\) \|$", (RUNBOOKS / "README.md").read_text(), re.MULTILINE)
    titles = {page.name: page.read_text().splitlines()[0].removeprefix("# ") for page in OF_ALARMS}
    assert {file: title for _, title, file in listed} == titles
    assert all(runbook(alarm) == f"docs/runbooks/{file}" for alarm, _, file in listed)


@each_page
def test_every_make_command_of_a_runbook_exists_and_takes_its_options(page: Path) -> None:
    for command in commands(page, "make"):
        words = [word for word in shlex.split(command, comments=True) if word not in ("-s", ">", ">>", "lost.txt)")]
        words = words[: words.index("lost.txt")] if "lost.txt" in words else words
        check_make(tuple(word.rstrip(")") for word in words))


@cache
def check_make(words: tuple[str, ...]) -> None:
    """The target is there and, where infra.operate runs it, takes these options by its own parser."""
    done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
    given = {word.split("=", 1)[0] for word in words[2:]}
    assert given <= set(re.findall(r"\$\((?:call option,\w+,\$\()?([A-Z]+)\)", (ROOT / "Makefile").read_text())), words
    for line in done.stdout.splitlines():
        if "infra.operate " not in line or line.endswith("\\"):
            continue  # a recipe of several lines has its own tests
        run = shlex.split(line)
        run = run[run.index("infra.operate") + 1 :]
        assert run[0] in COMMANDS
        options = parsed(run)
        assert {name for name in given - {"ARGS"} if not getattr(options, name.lower(), None)} == set(), words


def parsed(run: list[str]) -> argparse.Namespace:
    try:
        return parser().parse_args(run)
    except SystemExit:
        raise AssertionError(f"{run} has options that there are not") from None


@each_page
def test_every_mallbots_command_of_a_runbook_has_a_verb_takes_its_options_and_names_its_stage(page: Path) -> None:
    for command in commands(page, "mallbots"):
        words = shlex.split(command)
        mallbots(words[1:])
        assert "--stage" in words, command


@each_page
def test_every_aws_command_of_a_runbook_is_an_operation_with_these_options(page: Path) -> None:
    for command in commands(page, "aws"):
        words = shlex.split(command.replace("$(", "").rstrip(")"), comments=True)
        service, operation, *rest = words[1:]
        if operation == "wait":
            continue
        model = botocore.session.get_session().get_service_model({"events": "events"}.get(service, service))
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        assert operation in operations, command
        shape = model.operation_model(operations[operation]).input_shape
        known = {xform_name(member, "-") for member in shape.members} if shape else set()
        given = {word.removeprefix("--") for word in rest if word.startswith("--")}
        assert given <= known | OF_AWS, command


PREFIXES = {"--name-prefix": ("AWS::Events::Rule", "Name"), "--queue-name-prefix": ("AWS::SQS::Queue", "QueueName")}
# These are on a stage that asks for them: test_synthetic.py and test_traces.py look for the name on the page.
ON_NEITHER_STAGE = {"mallbots-prod-customers-synthetic", "mallbots-prod-operations-traces"}


@each_page
def test_what_a_runbook_lists_by_the_beginning_of_its_name_is_there(page: Path, prod: Templates) -> None:
    """A list of nothing is no error, and reads as if nothing were deployed."""
    for command in commands(page, "aws"):
        words = shlex.split(command)
        for option in PREFIXES.keys() & set(words):
            kind, name = PREFIXES[option]
            names = [str(resource.get(name, "")) for _, _, resource in prod.resources(kind)]
            beginning = words[words.index(option) + 1]
            assert beginning in ON_NEITHER_STAGE or any(it.startswith(beginning) for it in names), command


@each_page
def test_what_a_runbook_looks_for_in_a_log_is_in_a_line_that_the_service_writes(page: Path) -> None:
    for command in commands(page, "mallbots"):
        words = shlex.split(command)
        if words[1] == "logs" and "--find" in words:
            wanted = words[words.index("--find") + 1]
            assert any(wanted in text for text in logged_by(words[2])), command


# The gateway's access log (JSON, by API Gateway itself), and the names of errors, which a failed call logs.
OF_AWS_ITSELF = {"gateway": ['"status":"429"', '"status":"4', '"status":"5']}
ERRORS = ["ThrottlingException"]
LOGS = {"note", "log_error", "info", "warning", "error", "Alarm", "Figure", "ServiceLevel"}


@cache
def logged_by(service: str) -> list[str]:
    """The texts of a service and the kernel that are logged, and the names of metrics, which are logged too."""
    files = [file for part in (service, "kernel") for file in (ROOT / "functions" / part).rglob("*.py")]
    calls = [call for file in files for call in ast.walk(ast.parse(file.read_text())) if isinstance(call, ast.Call)]
    named = [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in LOGS]
    values = [part.value for call in named for part in ast.walk(call) if isinstance(part, ast.Constant)]
    return [*OF_AWS_ITSELF.get(service, []), *ERRORS, *(value for value in values if isinstance(value, str))]


@each_page
def test_every_route_of_a_runbook_exists_and_takes_what_is_sent(page: Path) -> None:
    for command in commands(page, "call"):
        called = CALL.fullmatch(" ".join(shlex.split(command)))
        assert called, command
        method, path, body = called.groups()
        operation = operation_of(method, path)
        members = _members(operation)
        sent: dict[str, Any] = json.loads(body) if body else {}
        assert set(sent) <= members["properties"], command
        assert members["required"] <= set(sent), command
    for method, path in (route for text in texts(page) for route in ROUTE.findall(text)):
        operation_of(method, path)


def operation_of(method: str, address: str) -> dict[str, Any]:
    """The operation of an address in the API's document, whose query has parameters that it knows."""
    path, _, query = address.partition("?")
    wanted = path.split("/")
    for known, operations in document()["paths"].items():
        parts = known.split("/")
        if len(parts) == len(wanted) and all(
            part.startswith("{") or part == word for part, word in zip(parts, wanted, strict=True)
        ):
            operation: dict[str, Any] = operations[method.lower()]
            parameters = {one["name"] for one in operation.get("parameters", []) if one.get("in") == "query"}
            assert {pair.split("=")[0] for pair in query.split("&") if pair} <= parameters, address
            return operation
    raise AssertionError(f"there is no route {method} {path}")


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())
    return found


def _members(operation: dict[str, Any]) -> dict[str, set[str]]:
    """The members of a request's body, and those that it must have."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = next(iter(content.values()))["schema"] if content else {}
    while "$ref" in schema:
        schema = _referred(schema["$ref"])
    return {"properties": set(schema.get("properties", {})), "required": set(schema.get("required", []))}


def _referred(reference: str) -> dict[str, Any]:
    found: Any = document()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def test_whatever_a_restored_table_lacks_is_set_again_by_a_command_of_the_page(prod: Templates) -> None:
    page = (ROOT / "docs" / "personal-data.md").read_text()
    for _, name, table in prod.resources("AWS::DynamoDB::Table"):
        lacks = set(table) - RESTORED - OF_THE_REQUEST
        assert lacks <= set(NOT_RESTORED), name
        assert [one for one in lacks if NOT_RESTORED[one] not in page] == [], name
