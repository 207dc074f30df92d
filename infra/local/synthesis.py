"""What the CDK app makes for a local cloud: templates, and what the functions consist of.

It takes as long as all the rest of a first start, so it is made once for sources and settings that are the same. A
cloud's ports are in it as text alone: what is kept has ports of its own, and each cloud's copy that cloud's.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from infra.kept import kept
from infra.local.process import HOST, ROOT, LocalCloudError
from infra.sources import digest, last_change

STAGE = "local"
KEPT = ROOT / ".build" / "synthesized"
PORTS = 59_990, 59_991
"""Of the engine and of its broker, in what is kept: any that no other text has."""
TEXTS = (".json", ".html")
ATTEMPTS = 3
SILENCE = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}


class SourcesChangedError(Exception):
    """What was made is not of the sources that its name says."""


def context(ports: tuple[int, int], settings: Mapping[str, str]) -> dict[str, str]:
    """What the CDK app is told for a cloud. ports: of the engine and of its broker; settings: as for `up`."""
    return {"stage": STAGE, "engine": f"http://{HOST}:{ports[0]}", "broker": f"{HOST}:{ports[1]}", **settings}


def made_of(settings: Mapping[str, str]) -> str:
    """The digest of the sources as they are now, and of settings: what templates are made of, whatever their ports."""
    return digest(json.dumps(context(PORTS, settings), sort_keys=True))


def synthesize(folder: Path, ports: tuple[int, int], settings: Mapping[str, str]) -> str:
    """Have a folder hold the templates and assets for a cloud, and nothing else; arguments as for `context`.

    Returns the digest of what they are made of.

    Raises:
        LocalCloudError: it failed; the message holds the app's whole output.
    """
    for _ in range(ATTEMPTS):
        read = made_of(settings)
        try:
            whole = kept(KEPT / read, partial(_make, settings, read))
            break
        except SourcesChangedError:
            continue
    else:
        raise LocalCloudError("the sources changed each time the templates were made: try again")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    for path in folder.rglob("*"):
        if path.suffix in TEXTS and path.is_file():
            path.write_text(with_ports(path.read_text(), ports))
    return read


def _make(settings: Mapping[str, str], read: str, folder: Path) -> None:
    changed = last_change()
    _run_app(context(PORTS, settings), folder)
    if (made_of(settings), last_change()) != (read, changed):
        raise SourcesChangedError


def with_ports(text: str, ports: tuple[int, int]) -> str:
    """The text of what is kept, for a cloud with these ports."""
    for placeholder, port in zip(PORTS, ports, strict=True):
        text = re.sub(rf":{placeholder}\b", f":{port}", text)
    return text


def _run_app(said: Mapping[str, str], folder: Path) -> None:
    """Run the app itself, not the CDK's command line, which takes seconds to start and would only run it.

    What they have in common is https://docs.aws.amazon.com/cdk/v2/guide/context.html and the folder's name.
    """
    all_said = {**json.loads((ROOT / "cdk.json").read_text())["context"], **said}
    told = {"CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(all_said)}
    command, environment = [sys.executable, "-m", "infra.app"], {**os.environ, **SILENCE, **told}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalCloudError(f"the system cannot be synthesized:\n{done.stdout}{done.stderr}")
