"""Whether a command of a page is one that there is: judged by the parser of the program that would run it.

Make says what a target would run (`make -n`), so its variables reach the parser of that program too.
"""

import argparse
import importlib
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from inspect import signature
from io import StringIO
from itertools import pairwise
from typing import Any

import botocore.session
import typer.main
from botocore import xform_name

import clients.cli.__main__
from clients.cli.verbs import app
from functions.kernel.composition.manifest import services
from tests.docs.test_docs import FOLDERS, ROOT

VARIABLE = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)
RUNS = re.compile(r"\.venv/bin/python -m ([\w.]+)([^;&|()\n]*)")
FLAG = re.compile(r"--?[a-z][\w-]*")
# Of the AWS command line itself, not of an operation.
AWS_FLAGS = {"output", "query", "cli-binary-format", "region", "profile", "no-paginate"}


OF_SERVICES = ("SERVICE", "ONLY", "TO")  # variables of make
SERVICES = (*services(), "gateway", "platform", "pages")
STACK = re.compile(r"mallbots-prod-(\w+)")


class RefusedError(Exception):
    """The command is not one that there is."""


class _ParsedError(Exception):
    """The arguments were understood; nothing is run."""


def judge(words: list[str], invented: Collection[str] = ()) -> None:
    """Raise RefusedError for a command that would not be understood. Programs that are not ours are trusted.

    invented: names that a page makes up for its example.
    """
    program, *rest = words
    if program == "make":
        make(rest, invented)
    elif program.removeprefix(".venv/bin/") == "mallbots":
        mallbots(rest)
    elif program.removeprefix(".venv/bin/") in ("python", "python3") and rest[:1] == ["-m"]:
        module(rest[1], tuple(rest[2:]))
    elif program == "aws":
        aws(rest)
    elif program == "call" and rest:
        route(rest)
    elif program.startswith((".venv/bin/", "node_modules/.bin/")) and not (ROOT / program).exists():
        raise RefusedError(f"there is no {program}")
    for word in rest:
        parts = word.split("/")
        if (
            parts[0] in FOLDERS
            and len(parts) > 1
            and not {*parts} & {*invented}
            and not any(ROOT.glob(word.partition("::")[0]))
        ):
            raise RefusedError(f"there is no {word}")


def make(words: list[str], invented: Collection[str] = ()) -> None:
    """Judge a make command: its targets, their use of its variables, the services, and what they would run."""
    given = {found[1]: found[2] for word in words if (found := VARIABLE.fullmatch(word))}
    named = [name.partition("/")[0] for key in OF_SERVICES if key in given for name in given[key].split()]
    if unknown := [name for name in named if name not in {*SERVICES, *invented}]:
        raise RefusedError(f"there is no service {', '.join(unknown)}")
    targets = [word for word in words if not VARIABLE.fullmatch(word) and not word.startswith("-")]
    text = "\n".join(_expanded(target, tuple(sorted(given))) for target in targets)
    if unused := [name for name in given if f"@{name}@" not in text]:
        raise RefusedError(f"{' '.join(targets)} does not use {', '.join(unused)}")
    for name, arguments in RUNS.findall(text):
        for key, value in given.items():
            arguments = arguments.replace(f"@{key}@", value)
        module(name, tuple(shlex.split(re.sub(r"\$\{?\w*\}?", "x", arguments).replace("\\\n", " "))))


@cache
def _expanded(target: str, names: tuple[str, ...]) -> str:
    """What make would run for a target, with @NAME@ in the place of each variable's value."""
    asked = ["make", "-n", "--no-print-directory", target, *(f"{name}=@{name}@" for name in names)]
    ran = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RefusedError(ran.stderr.strip())
    return ran.stdout.replace("\\\n", " ")


@cache
def module(name: str, arguments: tuple[str, ...]) -> None:
    """Judge `python -m name arguments` by the parser of that module; of one without, by the flags that it mentions."""
    folder = ROOT.joinpath(*name.split("."))
    file = folder / "__main__.py" if folder.is_dir() else folder.with_suffix(".py")
    if name.split(".")[0] not in FOLDERS:
        return
    if not file.exists():
        raise RefusedError(f"there is no module {name}")
    source = file.read_text()
    if "pars" not in source and "import main" not in source:
        unknown = [word for word in arguments if word.startswith("--") and word.partition("=")[0] not in source]
        if unknown and "pytest" not in source:
            raise RefusedError(f"{name} has no {', '.join(unknown)}")
        return
    loaded = importlib.import_module(f"{name}.__main__" if folder.is_dir() else name)
    _parse(loaded.main, name, arguments)


def _parse(main: Callable[..., Any], name: str, arguments: tuple[str, ...]) -> None:
    said = StringIO()
    argv = sys.argv
    sys.argv = [name, *arguments]
    try:
        with _stopped_once_parsed(), redirect_stderr(said), redirect_stdout(said):
            main(list(arguments)) if signature(main).parameters else main()
    except _ParsedError:
        return
    except SystemExit as ended:
        raise RefusedError(said.getvalue().strip().splitlines()[-1] if said.getvalue() else str(ended)) from None
    finally:
        sys.argv = argv
    raise AssertionError(f"{name} ran without parsing its arguments")


@contextmanager
def _stopped_once_parsed() -> Iterator[None]:
    """Within the block, the outermost parser raises _ParsedError once it has understood its arguments."""
    originals = {method: getattr(argparse.ArgumentParser, method) for method in ("parse_args", "parse_known_args")}
    depth = 0

    def stopping(original: Callable[..., Any]) -> Callable[..., Any]:
        def parse(*args: Any, **more: Any) -> Any:
            nonlocal depth
            depth += 1
            try:
                parsed = original(*args, **more)
            finally:
                depth -= 1
            if not depth:
                raise _ParsedError
            return parsed

        return parse

    for method, original in originals.items():
        setattr(argparse.ArgumentParser, method, stopping(original))
    try:
        yield
    finally:
        for method, original in originals.items():
            setattr(argparse.ArgumentParser, method, original)


def mallbots(words: list[str]) -> None:
    """Judge a command of the command line by its own parser."""
    assert clients.cli.__main__.PARTS
    command: Any = typer.main.get_command(app)
    parent, left = None, list(words)
    try:
        while True:
            parent = command.make_context(command.name or "mallbots", left, parent=parent)
            if not hasattr(command, "resolve_command"):
                return
            _, command, left = command.resolve_command(parent, [*parent._protected_args, *parent.args])
    except Exception as error:
        raise RefusedError(getattr(error, "message", str(error))) from None


def aws(words: list[str]) -> None:
    """Judge a command of the AWS command line by botocore's models: the service, the operation, its parameters."""
    service, operation, *rest = words
    try:
        known = set(_aws_flags(service, rest[0] if operation == "wait" else "", operation))
    except Exception as error:
        raise RefusedError(f"aws {service} {operation}: {error}") from None
    stacks = [word for flag, word in pairwise(rest) if flag == "--stack-name"]
    if unknown := [name for name in stacks if (found := STACK.fullmatch(name)) and found[1] not in SERVICES]:
        raise RefusedError(f"there is no stack {', '.join(unknown)}")
    flags = [word[2:].partition("=")[0] for word in rest if word.startswith("--")]
    if unknown := [flag for flag in flags if flag not in known and flag.removeprefix("no-") not in known]:
        raise RefusedError(f"aws {service} {operation} has no {', '.join(unknown)}")


@cache
def _aws_flags(service: str, waiter: str, operation: str) -> frozenset[str]:
    session = botocore.session.get_session()
    model = session.get_service_model(service)
    if waiter:
        waiters = session.get_waiter_model(service)
        name = {xform_name(one, "-"): one for one in waiters.waiter_names}[waiter]
        operation_name = waiters.get_waiter(name).operation
    else:
        operation_name = {xform_name(one, "-"): one for one in model.operation_names}[operation]
    shape = model.operation_model(operation_name).input_shape
    return frozenset({xform_name(one, "-") for one in (shape.members if shape else ())} | AWS_FLAGS)


def route(words: list[str]) -> None:
    """Judge `call METHOD PATH BODY` of the runbooks by the API's description."""
    method, path, *bodies = words
    parts = path.partition("?")[0].split("/")
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    matching = [known for known in paths if _leads(known.split("/"), parts) and method.lower() in paths[known]]
    if not matching:
        raise RefusedError(f"there is no route {method} {path}")
    for body in bodies:
        json.loads(body)


def _leads(known: list[str], parts: list[str]) -> bool:
    return len(known) == len(parts) and all(a == b or a.startswith("{") for a, b in zip(known, parts, strict=True))
