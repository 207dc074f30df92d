"""The stages that the system is deployed to, with every setting that differs between them."""

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Architecture = Literal["arm64", "x86_64"]

TIMES = ("step_timeout", "robot_lease", "basket_untouched", "order_unpaid", "reconcile_after")
LONGEST = 30 * 86_400


@dataclass(frozen=True)
class Stage:
    """One deployment's settings.

    python, architecture: the functions' runtime, for which the layer is built. memory_mb: of each function.
    concurrency: how many of a queue's messages are worked on at once at most (functions, not messages). keep:
    whether tables and keys outlive the stack. meter: whether functions print what they cost. kms: whether tables are
    encrypted by a key in KMS rather than by DynamoDB's own. settings: MALLBOTS_<NAME> of every function.

    Times in seconds: step_timeout, that the saga waits for an answer; robot_lease, that a robot may be silent;
    basket_untouched, after which a basket is abandoned; order_unpaid, after which an order that is ready is cancelled;
    reconcile_after, that an order must have been at rest before a difference of its money counts.
    """

    name: str
    python: str
    architecture: Architecture
    memory_mb: int = 512
    concurrency: int = 10
    keep: bool = False
    log_days: int = 14
    archive_days: int = 14
    step_timeout: int = 60
    robot_lease: int = 60
    basket_untouched: int = 1_800
    order_unpaid: int = 86_400
    reconcile_after: int = 3_600
    meter: bool = False
    kms: bool = False
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What every function finds in its environment."""
        return {
            "MALLBOTS_STAGE": self.name,
            **{variable(name): str(getattr(self, name)) for name in TIMES},
            "MALLBOTS_METER": "1" if self.meter else "0",
            "POWERTOOLS_METRICS_NAMESPACE": "MallBots",
            **{f"MALLBOTS_{name}": value for name, value in self.settings.items()},
        }


def variable(time: str) -> str:
    """The environment variable that functions find one of the times in."""
    return f"MALLBOTS_{time.upper()}"


def _this_machine() -> Stage:
    """The local cloud runs functions on this machine's own Python."""
    return Stage(
        name="local",
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        architecture="arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        concurrency=4,
        log_days=1,
        step_timeout=2,
        reconcile_after=10,
        meter=True,
    )


STAGES: dict[str, Stage] = {
    "local": _this_machine(),
    "dev": Stage(name="dev", python="3.14", architecture="arm64"),
    "prod": Stage(name="prod", python="3.14", architecture="arm64", keep=True, log_days=90, concurrency=50, kms=True),
}


def stage(name: str, times: Mapping[str, str] | None = None) -> Stage:
    """The stage of a name, with other times for this deployment where some are given (in seconds).

    Raises ValueError that says what is wrong: a stage or a time that is not there, or a time that is none.
    """
    if name not in STAGES:
        raise ValueError(f"there is no stage {name!r}: choose one of {', '.join(sorted(STAGES))}")
    others: dict[str, Any] = {time: _seconds(time, text) for time, text in (times or {}).items()}
    return replace(STAGES[name], **others)


def _seconds(time: str, text: str) -> int:
    if time not in TIMES:
        raise ValueError(f"there is no time {time!r}: choose of {', '.join(TIMES)}")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LONGEST):
        raise ValueError(f"{time}: {text!r} is no number of seconds from 1 to {LONGEST}")
    return int(text)
