"""Start the engine of the local cloud: ministack, of exactly the version that the patches are for, with the patches.

Runs in the engine's own environment, where only ministack is installed: `.engine/bin/python -m
infra.local.engine.launch`. Its port and its state folder come from environment variables (see process.py).
"""

import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from infra.local.engine.patches import (
    autosave,
    bundles,
    cloudformation,
    cognito,
    dynamodb,
    eventbridge,
    faulty_deliveries,
    forks,
    health,
    iot,
    judged_calls,
    layers,
    logs,
    mqtt,
    mqtt_access,
    mqtt_sessions,
    pages,
    permissions,
    polls,
    responses,
    service_calls,
    sqs,
    streams,
    threads,
    websocket,
    workers,
)
from infra.local.engine.seams import ENGINE, VERSION, EngineChangedError, module

PATCHES: tuple[Callable[[], None], ...] = (
    workers.apply,
    bundles.apply,
    layers.apply,
    forks.apply,
    threads.apply,
    responses.apply,
    health.apply,
    streams.apply,
    dynamodb.apply,
    eventbridge.apply,
    sqs.apply,
    polls.apply,
    cloudformation.apply,
    permissions.apply,
    judged_calls.apply,
    service_calls.apply,
    websocket.apply,
    pages.apply,
    cognito.apply,
    mqtt.apply,
    mqtt_access.apply,
    mqtt_sessions.apply,
    iot.apply,
    logs.apply,
    faulty_deliveries.apply,
    autosave.apply,
)


def check_version() -> None:
    """Refuse any version but the one that the patches were written for and tested with.

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
    # The functions' processes inherit this environment: they must find their own bundles, not this repository.
    os.environ.pop("PYTHONPATH", None)
    try:
        check_version()
        for apply in PATCHES:
            apply()
    except EngineChangedError as error:
        sys.exit(f"the local cloud does not start: {error}")
    sys.argv = [ENGINE]
    module("app").main()


if __name__ == "__main__":
    main()
