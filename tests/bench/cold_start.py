"""Cold starts: the CPU of a fresh interpreter until a function can take its first event, over `import boto3`.

Each function's process looks its handler up by its name, as Lambda does while it initialises, has what the handler
works with (a file of the service), and makes the client that it needs at once. The other process of a pair imports
boto3 and makes the same client. Both have the code, the layer's packages and boto3 apart from everything else that is
installed here, all with bytecode. Each is measured once in a pass; a ratio is that of the medians of all passes.

Each function is started once more, of code without telemetry (telemetry.py), and the first as in a stage with traces.
"""

import compileall
import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.telemetry import TRACED, code_without
from tests.support.installed import link_boto3, link_layer

ROOT = Path(__file__).parents[2]
HANDLERS = ("api", "inbox", "dispatcher", "queries")
NEEDS = {"relay": "events"}  # the client that it needs at once; the others read or write a table first

START = """
import os, sys, time
code, service, handler, client = sys.argv[1:5]
sys.path[:0] = code.split(os.pathsep)
os.environ |= {"MALLBOTS_SERVICE": service, "AWS_DEFAULT_REGION": "eu-central-1"}
os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
if handler:
    from importlib import import_module
    getattr(import_module("functions.kernel.composition.compose"), handler)
    if handler != "relay":
        import_module(f"functions.{service}.{handler}")
import boto3
boto3.client(client)
print(1000 * time.process_time())
"""


def measure(*, functions: int | None = None) -> dict[str, Any]:
    """`{"bare_ms": {client: [once]}, "start_ms": {function: [once]}, "plain_ms": …}`; functions: only so many of them.

    plain: those without telemetry.
    """
    with TemporaryDirectory(prefix="mallbots-bench-") as folder:
        path = _installed(Path(folder))
        plain = path.replace(
            str(Path(folder) / "code"), str(code_without(Path(folder) / "code", Path(folder) / "plain"))
        )
        wanted = deployed()[:functions]
        clients = sorted({_client(handler) for _, handler in wanted})
        _start(path, *wanted[0], clients[0])  # writes bytecode, and reads files that the system then has at hand
        bare = {client: [_start(path, "", "", client)] for client in clients}
        started, without = {}, {}
        for service, handler in wanted:
            about, function = (service, handler, _client(handler)), f"{service}/{handler}"
            started[function] = [_start(path, *about, **TRACED)]
            without[function] = [_start(plain, *about)]
    return {"bare_ms": bare, "start_ms": started, "plain_ms": without}


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """Each function's start over that of boto3 and its client."""
    return {
        function: median(times) / median(found["bare_ms"][_client(function.partition("/")[2])])
        for function, times in found["start_ms"].items()
    }


def deployed() -> list[tuple[str, str]]:
    """The services and handlers that are deployed."""
    from functions.kernel.composition.manifest import manifest, services

    found = []
    for service in services():
        registered = manifest(service)
        there = {"api": registered.api, "queries": registered.queries, "relay": registered.publisher}
        found += [(service, name) for name in (inbox.queue for inbox in registered.inboxes)]
        found += [(service, name) for name, part in there.items() if part]
    return sorted([*found, ("gateway", "api")])


def _client(handler: str) -> str:
    return NEEDS.get(handler, "dynamodb")


def _start(path: str, *about: str, **environment: str) -> float:
    command = [sys.executable, "-S", "-I", "-c", START, path, *about]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _installed(folder: Path) -> str:
    """The code, the layer's packages and boto3, each in a folder of its own; the path of imports that has them."""
    for name in ("events", "functions"):
        copytree(ROOT / name, folder / "code" / name, ignore=ignore_patterns("__pycache__", "*.md"))
    compileall.compile_dir(folder / "code", quiet=2)
    link_layer(folder / "layer")
    link_boto3(folder / "boto3")
    return ":".join(str(folder / part) for part in ("code", "layer", "boto3"))
