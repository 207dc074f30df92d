"""The flags of programs that are not ours, as the help that each prints names them."""

import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from shutil import which

from tests.docs.test_docs import ROOT

FLAG = re.compile(r"(?<![\w-])--?[A-Za-z0-9][\w-]*")
EITHER = re.compile(r"--\[no-\]([\w-]+)")
LISTED = re.compile(r"^ {3}([a-z][\w-]*) ", re.MULTILINE)  # a verb of git in its list of all
WITHIN = 60  # seconds
WELL = (0, 129)  # exit codes; git ends its help by the second
CDK = "node_modules/.bin/cdk"
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--help")
USUAL = ("cat", "cut", "grep", "make", "mkdir", "node", "tail", "xargs")
OF_VERBS = {"git": "-h", "openssl": "-help", CDK: "--help"}  # how the help of a verb of theirs is asked for
JUDGED = ("curl", "pytest", "python", "python3", *USUAL, *OF_VERBS)


def unknown(program: str, words: Sequence[str]) -> list[str]:
    """The flags among the words after a program that its help does not name, or its verb, if there is no such verb.

    None of a program that cannot be judged here.
    """
    if not can_be_judged(program):
        return []
    if program not in OF_VERBS:
        return _unknown(words, named(*_help(program)))
    verb = next((word for word in words if not word.startswith("-")), "")
    if not _has(program, verb):
        return [verb]
    of_all = named("git", "--help") if program == "git" else frozenset[str]()
    return _unknown(words, of_all | named(*_path(program), verb, OF_VERBS[program]))


def can_be_judged(program: str) -> bool:
    """Whether it is a program that is judged, is installed here, and has a help that names flags."""
    if program in OF_VERBS:
        return which(_path(program)[0]) is not None
    return program in JUDGED and bool(named(*_help(program)))


def _has(program: str, verb: str) -> bool:
    """Whether there is such a verb: git lists all, the help of openssl fails, and the CDK's is that of all verbs."""
    if program == "git":
        return verb in LISTED.findall(_said("git", "help", "-a"))
    said = _said(*_path(program), verb, OF_VERBS[program]) if verb else ""
    return bool(said) and not said.lstrip().startswith("Usage: cdk ")


def _help(program: str) -> tuple[str, ...]:
    """How the help is asked for of a program without verbs."""
    own = {"pytest": PYTEST, "curl": ("curl", "--help", "all")}
    return own.get(program) or (sys.executable if program.startswith("python") else program, "--help")


def _path(program: str) -> tuple[str, ...]:
    return (str(ROOT / program),) if program == CDK else (program,)


def unknown_to_module(name: str, words: Sequence[str]) -> list[str]:
    """The flags that the help of a module of Python's own does not name; none of one that others wrote."""
    is_own = name.partition(".")[0] in sys.stdlib_module_names
    return _unknown(words, named(sys.executable, "-m", name, "--help")) if is_own else []


def _unknown(words: Sequence[str], known: frozenset[str]) -> list[str]:
    flags = [word.partition("=")[0] for word in words if word.startswith("-") and word != "-"]
    return [flag for flag in flags if known and not _is_one(flag, known)]


def _is_one(flag: str, known: frozenset[str]) -> bool:
    """Whether a flag is known, or each letter of several that are written together: `-sS`."""
    return flag in known or (not flag.startswith("--") and all(f"-{letter}" in known for letter in flag[1:]))


@cache
def named(*command: str) -> frozenset[str]:
    """The flags that a help names."""
    text = EITHER.sub(r"--\1 --no-\1", _said(*command))
    return frozenset(FLAG.findall(text))


@cache
def _said(*command: str) -> str:
    """What a program prints when it is asked for help; nothing where it is not installed, or knows no such help."""
    if which(command[0]) is None:
        return ""
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN, check=False)
    return asked.stdout + asked.stderr if asked.returncode in WELL else ""
