"""A drill as a command: on a local cloud of its own, with what it found as the last line."""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.local.cloud import LocalCloud
from infra.local.process import free_port


def run(name: str, what: str, drill: Callable[[LocalCloud, Path], dict[str, Any]]) -> dict[str, Any]:
    """What a drill found, which is printed. It is given a cloud and a folder for the command line's settings.

    name: of its make target. what: it does, for `--help`.
    """
    parser = argparse.ArgumentParser(prog=f"make {name}", description=what)
    parser.add_argument("--port", type=int, default=0, help="of the local cloud (a free one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(options.port or free_port(), Path(folder) / "mall")
        try:
            found = drill(cloud, Path(folder) / "config")
        finally:
            cloud.stop()
    print(json.dumps(found))
    return found
