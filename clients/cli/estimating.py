"""What a replay or a rebuild would bring, and for about how long, as an operator is told before it begins."""

from typing import Any

from clients.cli.tool import Tool, query, told
from clients.cli.wording import counted, lasting
from clients.mall import Json, MallError

ROOT = "/api/operations/estimates"
ITS_OWN = (400, 401, 403)  # what the run itself would be refused for
WORDS = {"exact": "", "about": "about ", "at least": "at least "}


def estimate(tool: Tool, kind: str, **asked: Any) -> Json | None:
    """The estimate of a replay or a rebuild; None, said so, where it cannot be had.

    Raises EndedError for what the run would be refused for too.
    """
    with told(tool.stage_name):
        try:
            found: Json = tool.mall.call("GET", f"{ROOT}/{kind}{query(**asked)}")
        except MallError as error:
            if error.status in ITS_OWN:
                raise
            tool.out.say(f"how much it is cannot be told: {error.message}")
            return None
    return found


def words(found: Json | None, rate: int) -> str:
    """`: about 12,400 messages of 3 services, about 7 min at 50 a second`; the rate alone of no estimate."""
    if found is None:
        return f", {counted(rate, 'message')} a second"
    number = f"{WORDS[found['precision']]}{counted(found['messages'], 'message')}"
    parts = [
        f"{number} of {counted(len(found['sources']), 'service')}",
        f"{'at least' if found['precision'] == 'at least' else 'about'} {lasting(found['seconds'])} at {rate} a second",
    ]
    if found["gaps"]:
        parts.append(f"without those of {', '.join(found['gaps'])}, which did not answer")
    if found["notRecoverable"]:
        parts.append(f"without {', '.join(found['notRecoverable'])}, which no history has")
    return f": {', '.join(parts)}"
