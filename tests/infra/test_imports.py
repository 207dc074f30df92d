"""What Lambda imports while it initialises each function: to look a handler up by its name is all that it does then."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.kernel.composition import compose
from tests.infra.conftest import Templates

ROOT = Path(__file__).parents[2]

# Beside boto3 and what it imports. What a function does not list here, it must not import: each module adds to every
# cold start. A module that few invocations need is imported by them (`republish`, Powertools for what fails).
OURS = {"events", "functions", "gc"} | {"msgspec", "typing_extensions"}  # the latter for msgspec
PYDANTIC = {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}
STANDARD = {"fractions", "sysconfig", "zoneinfo"} | {"pkgutil"}  # which pydantic imports, and insights
ALLOWED = {
    "relay": OURS - {"events"},
    # These import whatever the service's consumers or views do.
    "forecast": OURS | PYDANTIC | STANDARD,
    "replay": OURS | PYDANTIC | STANDARD,
    **dict.fromkeys(("collector", "redriver", "runner"), OURS | PYDANTIC | STANDARD),
    "api": OURS | PYDANTIC | STANDARD,
    "socket": OURS | PYDANTIC | STANDARD,
    "inbox": OURS | PYDANTIC | STANDARD,
    **dict.fromkeys(("codes", "gathered"), OURS | PYDANTIC | STANDARD),
    "dispatcher": OURS | PYDANTIC | STANDARD,
    "queries": OURS | PYDANTIC | STANDARD,
    "topics": OURS | PYDANTIC | STANDARD,
    "authorizer": OURS | PYDANTIC | STANDARD | {"jwt"},
    "keys": OURS - {"events"},
}
# What a handler works with that all services share; the others work with a file of their service.
WORK = {
    "relay": "functions.kernel.eventstore.relay",
    "forecast": "functions.kernel.composition.forecast",
    "replay": "functions.kernel.composition.replay",
}
# It takes longer than all that is ours: only who checks tokens has it, and who opens what is sealed. Who issues tokens
# imports it for the first one (kernel/runtime/tokens.py), and who reads signing requests for the first of those.
CRYPTOGRAPHY = {("gateway", "authorizer"), *(("customers", name) for name in ("api", "inbox", "queries"))}

# Looks up the handler of each function in a process of its own, forked after the imports that all have in common.
LOOK_UP = """
import importlib, json, os, sys
import boto3
boto3.client("dynamodb", region_name="eu-central-1")
there = {name.partition(".")[0] for name in sys.modules}
for service, handler in json.loads(sys.argv[1]):
    if os.fork() == 0:
        os.environ["MALLBOTS_SERVICE"] = service
        module, _, name = handler.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))
        print(json.dumps([service, name, sorted(there), sorted(sys.modules)]), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def deployed(dev: Templates) -> set[tuple[str, str]]:
    """The service and the handler of each function of ours that is deployed."""
    functions = [function for _, _, function in dev.resources("AWS::Lambda::Function")]
    return {(f["Environment"]["Variables"]["MALLBOTS_SERVICE"], f["Handler"]) for f in functions}


@pytest.fixture(scope="module")
def imported(deployed: set[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    """The modules that Lambda imports for each function, beside boto3's, by service and name of the handler."""
    command = [sys.executable, "-c", LOOK_UP, json.dumps(sorted(deployed))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines: list[Any] = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        (service, name): {module for module in modules if module.partition(".")[0] not in there}
        for service, name, there, modules in lines
    }


def test_no_function_imports_a_module_that_its_handler_is_not_allowed(
    imported: dict[tuple[str, str], set[str]],
) -> None:
    for (service, name), modules in imported.items():
        top = {module.partition(".")[0] for module in modules}
        allowed = ALLOWED[name] | ({"cryptography"} if (service, name) in CRYPTOGRAPHY else set())
        more = {module for module in top - allowed if not module.startswith("_")}
        assert more == set(), f"{name} of {service} imports these while it initialises"


def test_every_function_has_what_it_works_with_before_its_first_invocation(
    deployed: set[tuple[str, str]], imported: dict[tuple[str, str], set[str]]
) -> None:
    assert {(service, handler.rpartition(".")[2]) for service, handler in deployed} == set(imported)
    for (service, name), modules in imported.items():
        assert WORK.get(name, f"functions.{service}.{name}") in modules, f"{name} of {service}"


def test_a_function_imports_no_other_file_of_its_service_that_has_a_handler(
    imported: dict[tuple[str, str], set[str]],
) -> None:
    for (service, name), modules in imported.items():
        if name == "forecast":  # which tries what any of its service's consumers would do
            continue
        others = {f"functions.{service}.{other}" for owner, other in imported if owner == service and other != name}
        assert modules & others == set(), f"{name} of {service}"


def test_a_name_that_is_no_handler_is_not_found() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'sweeper'"):
        _ = compose.sweeper


def test_commands_for_operators_and_for_the_local_cloud_do_without_the_cdk() -> None:
    """`make token` runs for each request that a person pastes; the CDK takes more than a second to import."""
    code = (
        "import importlib, sys\n"
        "from infra.operate.__main__ import MODULES\n"
        "from infra.local.__main__ import COMMANDS\n"
        "for name in COMMANDS: importlib.import_module('infra.local.' + name.replace('-', '_'))\n"
        "sys.exit('aws_cdk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
