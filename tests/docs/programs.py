"""Whether a command of a page is one that there is: judged by the parser of the program that would run it.

Make says what a target would run (`make -n`), so its variables reach the parser of that program too. Of programs that
are not ours, the flags are those of their help (helps.py).
"""

import importlib
import re
import shlex
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import botocore.session
import typer.main
from botocore import xform_name

import clients.cli.__main__
from clients.cli.verbs import app
from functions.kernel.composition.manifest import services
from infra.stages import TIMES
from tests.docs import helps
from tests.docs.parsers import RefusedError, left_by
from tests.docs.test_docs import FOLDERS, ROOT

VARIABLE = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)
RUNS = re.compile(r"\.venv/bin/python -m ([\w.]+)([^;&|()\n]*)")
CDK = re.compile(r"node_modules/\.bin/cdk ([^;&|()\n]*)")
IMPORTED = re.compile(r"^from ([\w.]+) import", re.MULTILINE)
HAS_PARSER = re.compile(
    r"^from [\w.]+ import main$|^def main\(.*^.*\.parse_|^import argparse\n.*^def main\(", re.MULTILINE | re.DOTALL
)
CONTEXT = ("-c", "--context")
ACT_AT_ONCE = ("--version", "--install-completion", "--show-completion")  # the parser itself does what they say
# Of the AWS command line itself, not of an operation.
AWS_FLAGS = {"output", "query", "cli-binary-format", "region", "profile", "no-paginate"}
# https://docs.aws.amazon.com/cli/latest/reference/iot/create-keys-and-certificate.html
AWS_FILES = {"create-keys-and-certificate": {"certificate-pem-outfile", "public-key-outfile", "private-key-outfile"}}


OF_SERVICES = ("SERVICE", "ONLY", "TO")  # variables of make
SERVICES = (*services(), "gateway", "platform", "pages")
STACK = re.compile(r"mallbots-prod-(\w+)")


def judge(words: list[str], invented: Collection[str] = ()) -> None:
    """Raise RefusedError for a command that would not be understood. invented: names that a page makes up.

    Not judged: what a shell and a page define themselves (`echo`, `for`, `get`), and, but for names of services and of
    settings, the values that a program takes.
    """
    program, *rest = words
    name = program.removeprefix(".venv/bin/")
    if program == "make":
        make(rest, invented)
    elif name == "mallbots":
        mallbots(rest)
    elif name in ("python", "python3"):
        python(name, rest)
    elif program == "aws":
        aws(rest)
    elif program.startswith((".venv/bin/", "node_modules/.bin/")) and not (ROOT / program).exists():
        raise RefusedError(f"there is no {program}")
    else:
        of_help(name, rest)
    for word in rest:
        parts = word.split("/")
        if (
            parts[0] in FOLDERS
            and len(parts) > 1
            and not {*parts} & {*invented}
            and not any(ROOT.glob(word.partition("::")[0]))
        ):
            raise RefusedError(f"there is no {word}")


def of_help(program: str, words: Sequence[str]) -> None:
    """Judge a program that is not ours by its help; of one that runs another program, or a file, also that."""
    own = list(words)
    if program == "xargs":
        at = next((at for at, word in enumerate(words) if word in helps.JUDGED), len(words))
        own = own[:at]
        if words[at:]:
            judge(list(words[at:]))
    elif program == "node":
        at = next((at for at, word in enumerate(words) if not word.startswith("-")), len(words))
        own = own[:at]
        if words[at:]:
            mentioned(ROOT / words[at], words[at + 1 :])
    if found := helps.unknown(program, own):
        raise RefusedError(f"{program} has no {', '.join(found)}")


def mentioned(file: Path, words: Iterable[str]) -> None:
    """Judge the arguments of a file of ours that has no parser: it, or one that it imports from, mentions each flag."""
    flags = [word.partition("=")[0] for word in words if word.startswith("-")]
    text = file.read_text() if flags else ""
    for name in IMPORTED.findall(text):
        other = ROOT.joinpath(*name.split(".")).with_suffix(".py")
        text += other.read_text() if other.exists() else ""
    if unknown := [flag for flag in flags if f'"{flag}"' not in text]:
        raise RefusedError(f"{file.relative_to(ROOT)} has no {', '.join(unknown)}")


def python(program: str, words: list[str]) -> None:
    """Judge Python by its help, and the module that it runs."""
    at = next((at for at, word in enumerate(words) if word in ("-c", "-m") or not word.startswith("-")), len(words))
    of_help(program, words[: at + 1])
    if words[at : at + 1] == ["-m"]:
        module(words[at + 1], tuple(words[at + 2 :]))


def cdk(words: Sequence[str]) -> None:
    """Judge what goes to the CDK: its flags by its help, and the names of settings by what the app reads."""
    if found := helps.unknown(helps.CDK, words):
        raise RefusedError(f"the CDK has no {', '.join(found)}")
    settings(words)


def settings(words: Sequence[str]) -> None:
    """Judge the names of settings by what the CDK app reads."""
    given = [word.partition("=")[0] for flag, word in pairwise(words) if flag in CONTEXT]
    if unknown := [name for name in given if name not in _settings()]:
        raise RefusedError(f"there is no setting {', '.join(unknown)}")


@cache
def _settings() -> frozenset[str]:
    source = (ROOT / "infra" / "app.py").read_text()
    read = re.findall(r'try_get_context\("(\w+)"\)|for name in \(("[^)]+")\)', source)
    return frozenset({*TIMES, *(name for one in read for text in one for name in re.findall(r"\w+", text))})


def make(words: list[str], invented: Collection[str] = ()) -> None:
    """Judge a make command: its targets, their use of its variables, the services, and what they would run."""
    given = {found[1]: found[2] for word in words if (found := VARIABLE.fullmatch(word))}
    named = [name.partition("/")[0] for key in OF_SERVICES if key in given for name in given[key].split()]
    if unknown := [name for name in named if name not in {*SERVICES, *invented}]:
        raise RefusedError(f"there is no service {', '.join(unknown)}")
    targets = [word for word in words if not VARIABLE.fullmatch(word) and not word.startswith("-")]
    of_help("make", [word for word in words if word.startswith("-")])
    text = "\n".join(_expanded(target, tuple(sorted(given))) for target in targets)
    if unused := [name for name in given if f"@{name}@" not in text]:
        raise RefusedError(f"{' '.join(targets)} does not use {', '.join(unused)}")
    for name, arguments in RUNS.findall(text):
        module(name, _words(arguments, given))
    for arguments in CDK.findall(text):
        cdk(_words(arguments, given))


def _words(arguments: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """What make would give to a program, with the values of its variables."""
    for key, value in given.items():
        arguments = arguments.replace(f"@{key}@", value)
    return tuple(shlex.split(re.sub(r"\$\{?\w*\}?", "x", arguments).replace("\\\n", " ")))


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
    """Judge `python -m name arguments` by the parser of that module; of one without, by the flags that it mentions.

    What it passes on is judged by the program that gets it: pytest, or the CDK. Python's own modules, by their help.
    """
    folder = ROOT.joinpath(*name.split("."))
    file = folder / "__main__.py" if folder.is_dir() else folder.with_suffix(".py")
    if name.split(".")[0] not in FOLDERS:
        if found := helps.unknown_to_module(name, arguments):
            raise RefusedError(f"{name} has no {', '.join(found)}")
        return
    if not file.exists():
        raise RefusedError(f"there is no module {name}")
    source = file.read_text()
    if "pytest.main" in source:
        of_help("pytest", arguments)
    elif not HAS_PARSER.search(source):
        mentioned(file, arguments)
    else:
        loaded = importlib.import_module(f"{name}.__main__" if folder.is_dir() else name)
        if passed_on := left_by(loaded.main, name, arguments):
            cdk(("deploy", *passed_on))
        settings(arguments if name.startswith("infra.") else ())


def mallbots(words: list[str]) -> None:
    """Judge a command of the command line by its own parser."""
    command = _command_line()
    if words[0] in ACT_AT_ONCE:
        return
    parent, left = None, list(words)
    try:
        while True:
            parent = command.make_context(command.name or "mallbots", left, parent=parent)
            if not hasattr(command, "resolve_command"):
                return
            _, command, left = command.resolve_command(parent, [*parent._protected_args, *parent.args])
    except Exception as error:
        raise RefusedError(getattr(error, "message", str(error))) from None


@cache
def _command_line() -> Any:
    assert clients.cli.__main__.PARTS
    return typer.main.get_command(app)


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
def _session() -> Any:
    return botocore.session.get_session()


@cache
def _aws_flags(service: str, waiter: str, operation: str) -> frozenset[str]:
    session = _session()
    model = session.get_service_model(service)
    if waiter:
        waiters = session.get_waiter_model(service)
        name = {xform_name(one, "-"): one for one in waiters.waiter_names}[waiter]
        operation_name = waiters.get_waiter(name).operation
    else:
        operation_name = {xform_name(one, "-"): one for one in model.operation_names}[operation]
    shape = model.operation_model(operation_name).input_shape
    members = {xform_name(one, "-") for one in (shape.members if shape else ())}
    return frozenset(members | AWS_FLAGS | AWS_FILES.get(operation, set()))
