"""Start the engine of the local cloud: ministack, of exactly the version that the patches know, with the patches.

Runs in the engine's own environment, where nothing but ministack is installed: `.engine/bin/python -m
infra.local.engine.launch`. What it listens on and where it keeps its state come from the environment (see process.py).
"""

import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from infra.local.engine.patches import autosave, cloudformation, dynamodb, eventbridge, sqs, streams, workers
from infra.local.engine.seams import ENGINE, VERSION, EngineChangedError, module

PATCHES: tuple[Callable[[], None], ...] = (
    workers.apply,
    streams.apply,
    dynamodb.apply,
    eventbridge.apply,
    sqs.apply,
    cloudformation.apply,
    autosave.apply,
)


def check_version() -> None:
    """Refuse any other version than the one that the patches were written for and tested with.

    Raises:
        EngineChangedError: another version is installed, or none.
    """
    try:
        found = version(ENGINE)
    except PackageNotFoundError:
        found = "none"
    if found != VERSION:
        raise EngineChangedError(f"the local cloud needs {ENGINE} {VERSION}, found {found}: run make install")


def main() -> None:
    # The functions' processes inherit this environment. They must find their own bundles only, not this repository.
    os.environ.pop("PYTHONPATH", None)
    try:
        check_version()
        for apply in PATCHES:
            apply()
    except EngineChangedError as changed:
        sys.exit(f"the local cloud does not start: {changed}")
    sys.argv = [ENGINE]
    module("app").main()


if __name__ == "__main__":
    main()
