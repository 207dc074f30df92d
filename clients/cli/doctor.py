"""doctor: what is wrong with an installation or a deployment, and what to do about it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from clients.cli import stages
from clients.cli.checks import aws, local, machine, mall
from clients.cli.checks.check import ACCESS, ACCOUNT, CHECKS, FINE, LOCAL, MACHINE, MALL, UNKNOWN, WRONG, Check, Result
from clients.cli.ending import PARTLY, EndedError
from clients.cli.tool import Tool
from clients.cli.verbs import verb
from clients.cli.wording import counted

PARTS = (machine, local, mall, aws)
"""Each registers its checks."""
ORDER = (MACHINE, LOCAL, ACCESS, MALL, ACCOUNT)
HANG = (
    (local.folder, (LOCAL, ACCESS, MALL), "no local mall is here"),
    (local.answers, (ACCESS, MALL), "the engine does not answer"),
    (mall.answers, (ACCESS, MALL), "the mall cannot be asked"),
    (mall.role, (ACCESS, MALL), "the mall cannot be asked by you"),
)
"""The checks that are not made once one has failed, and why: so one cause is named once."""


@verb("doctor", "mallbots doctor --all")
def doctor(tool: Tool, all: Annotated[bool, typer.Option("--all", help="Also what is fine.")] = False) -> None:
    """Find out what is wrong with this installation and with a deployment, and what to do.

    Ends by 4 where anything is wrong, or could not be seen. On AWS it uses credentials for sts:GetCallerIdentity,
    cloudformation:DescribeStacks, cloudformation:ListStacks and cloudwatch:DescribeAlarms (clients/cli/policy.json).
    """
    found = list(results(tool))
    data = [
        {
            "check": one.check.name,
            "about": one.check.about,
            "state": one.state,
            "what": one.what,
            "do": _do(tool, one.check),
        }
        for one in found
    ]
    rows = (
        [one["state"], one["about"], one["check"], one["what"], one["do"] if one["state"] == WRONG else ""]
        for one in data
        if all or one["state"] == WRONG
    )
    unseen = any(one.state == UNKNOWN for one in found)
    empty = "nothing that could be seen is wrong" if unseen else "nothing is wrong"
    tool.out.rows(data, ("", "about", "should be", "is", "do"), rows, empty)
    for why, number in Counter(one.what for one in found if one.state == UNKNOWN).items():
        tool.out.say(f"{counted(number, 'check')} not made: {why}")
    count = {state: sum(one.state == state for one in found) for state in (FINE, WRONG, UNKNOWN)}
    tool.out.say(f"{counted(len(found), 'check')}: " + ", ".join(f"{n} {state}" for state, n in count.items() if n))
    if count[WRONG]:
        raise EndedError(f"{counted(count[WRONG], 'thing')} wrong", PARTLY)
    if count[UNKNOWN]:
        raise EndedError("nothing that could be seen is wrong", PARTLY)


def results(tool: Tool) -> Iterator[Result]:
    """Make the checks that apply here. What hangs on something that is wrong is not seen."""
    failed: set[Callable[[Tool], str]] = set()
    for check in sorted(CHECKS, key=lambda check: ORDER.index(check.about)):
        if not _applies(check, tool):
            continue
        hangs = (why for test, abouts, why in HANG if test in failed and check.about in abouts)
        result = Result(check, UNKNOWN, why) if (why := next(hangs, "")) else _made(check, tool)
        if result.state != FINE:
            failed.add(check.test)
        yield result


def _do(tool: Tool, check: Check) -> str:
    """What to do, about this stage, or this local mall."""
    local = re.sub(r"make (up|down|fault|shoppers)\b", rf"make \1{stages.of_make()}", check.do)
    return re.sub(r"mallbots ([^;,:]+)", lambda found: tool.typed(found[1]), local)


def _applies(check: Check, tool: Tool) -> bool:
    is_local = tool.stage_name == stages.LOCAL
    if check.about == MACHINE:
        return (stages.CHECKOUT / "Makefile").exists()
    return is_local if check.about == LOCAL else not (is_local and check.about == ACCOUNT)


def _made(check: Check, tool: Tool) -> Result:
    try:
        what = check.test(tool)
    except EndedError as error:
        return Result(check, WRONG if check.about in (ACCESS, ACCOUNT) else UNKNOWN, error.message)
    return Result(check, WRONG if what else FINE, what)
