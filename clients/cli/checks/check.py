"""What a check is: one thing that is right or wrong with an installation or a deployment, and what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass

from clients.cli.tool import Tool

MACHINE, LOCAL, ACCESS, MALL, ACCOUNT = "machine", "local mall", "access", "mall", "account"
FINE, WRONG, UNKNOWN = "fine", "wrong", "not seen"


@dataclass(frozen=True)
class Check:
    """One check. test: says what is wrong, or nothing. about: a word of the above; do: what to do when it is wrong."""

    name: str
    about: str
    do: str
    test: Callable[[Tool], str]


@dataclass(frozen=True)
class Result:
    """What a check found. state: fine, wrong, or not seen (then `what` says why)."""

    check: Check
    state: str
    what: str = ""


CHECKS: list[Check] = []


def check(about: str, name: str, do: str) -> Callable[[Callable[[Tool], str]], Callable[[Tool], str]]:
    """Register a check. name: how it is when it is right."""

    def register(test: Callable[[Tool], str]) -> Callable[[Tool], str]:
        CHECKS.append(Check(name, about, do, test))
        return test

    return register
