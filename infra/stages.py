"""The stages that the system is deployed to, with every setting that differs between them."""

import platform
import sys
from dataclasses import dataclass, field
from typing import Literal

Architecture = Literal["arm64", "x86_64"]


@dataclass(frozen=True)
class Stage:
    """One deployment's settings.

    python, architecture: the functions' runtime, for which the layer is built. memory_mb: of each function.
    concurrency: how many of a queue's messages are worked on at once at most (functions, not messages). keep:
    whether tables and keys outlive the stack. step_timeout: seconds that the saga waits for an answer. meter: whether
    functions print what they cost. kms: whether tables are encrypted by a key in KMS rather than by DynamoDB's own.
    settings: MALLBOTS_<NAME> of every function.
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
    meter: bool = False
    kms: bool = False
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What every function finds in its environment."""
        return {
            "MALLBOTS_STAGE": self.name,
            "MALLBOTS_STEP_TIMEOUT": str(self.step_timeout),
            "MALLBOTS_METER": "1" if self.meter else "0",
            "POWERTOOLS_METRICS_NAMESPACE": "MallBots",
            **{f"MALLBOTS_{name}": value for name, value in self.settings.items()},
        }


def _this_machine() -> Stage:
    """The local cloud runs functions on this machine's own Python."""
    return Stage(
        name="local",
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        architecture="arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        concurrency=4,
        log_days=1,
        step_timeout=2,
        meter=True,
    )


STAGES: dict[str, Stage] = {
    "local": _this_machine(),
    "dev": Stage(name="dev", python="3.14", architecture="arm64"),
    "prod": Stage(name="prod", python="3.14", architecture="arm64", keep=True, log_days=90, concurrency=50, kms=True),
}


def stage(name: str) -> Stage:
    """The stage of a name. Raises ValueError that names those there are."""
    if name not in STAGES:
        raise ValueError(f"there is no stage {name!r}: choose one of {', '.join(sorted(STAGES))}")
    return STAGES[name]
