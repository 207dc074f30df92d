"""The stages that the command line knows: the local mall of PORT and STATE, and those whose pages were named at login.

What a stage's console is told (its `config.json`, which is public) is all that a sign-in needs: no AWS credentials.
"""

import json
import os
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx

from clients import secret_files
from clients.cli.ending import FAILED, NOT_FOUND, USAGE, EndedError, nearest

LOCAL = "local"
CHOSEN = "MALLBOTS_STAGE"  # the environment's: which stage is meant where none is named
USUAL_PORT = 4566
CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = ".mallbots"

_GATEWAY = re.compile(r"^https?://(?P<api>[a-z0-9]+)\.execute-api\.", re.IGNORECASE)


@dataclass(frozen=True)
class Stage:
    """Where a stage answers. api: its REST API. identity: the user pool's service. client: the staff's app in the pool.

    sign_in: the pages of the managed login, and pages: the console's origin; empty where it has none. state: the folder
    of a local mall; port: its engine's.
    """

    name: str
    api: str
    identity: str
    client: str
    sign_in: str = ""
    pages: str = ""
    state: Path | None = None
    port: int = 0

    @property
    def is_local(self) -> bool:
        return self.state is not None


def version() -> str:
    """The version of this command line: the checkout's, or that of what pipx installed."""
    file = CHECKOUT / "pyproject.toml"
    if file.exists():
        return str(tomllib.loads(file.read_text())["project"]["version"])
    return metadata.version("mallbots")


def stage(name: str) -> Stage:
    """A stage by its name. Raises EndedError for one that is not known, or a local mall that was never up."""
    if name == LOCAL:
        return _local(port(), state())
    known = _known()
    if name not in known:
        found = nearest(name, names())
        hint = f"did you mean {found}? " if found else ""
        raise EndedError(
            f"there is no stage {name!r} here",
            NOT_FOUND,
            f"{hint}A new one: {typed(name, 'login')} --pages https://the-address-of-its-console",
        )
    return _of_pages(known[name])


def names() -> list[str]:
    """The names of the stages that are known."""
    return [LOCAL, *sorted(_known())]


def learn(name: str, pages: str) -> Stage:
    """Get to know a stage by the address of its pages, and remember it. Raises EndedError."""
    origin = pages.rstrip("/").removesuffix("/console")
    try:
        answer = httpx.get(f"{origin}/console/config.json", timeout=10).raise_for_status().json()
        told = {"pages": origin, **{key: str(answer[key]) for key in ("stage", "api", "identity", "staffClient")}}
        told["signIn"] = str(answer.get("signIn", ""))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise EndedError(f"{origin} has no pages of a mall ({error!r})", FAILED) from None
    if told["stage"] != name:
        raise EndedError(f"these are the pages of stage {told['stage']}, not {name}", USAGE)
    secret_files.write(_file(), {**{n: json.dumps(one) for n, one in _known().items()}, name: json.dumps(told)})
    return _of_pages(told)


def folder() -> Path:
    """Where the command line keeps its own files: those of `make token`, so that one sign-in serves both."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "mallbots"


def port() -> int:
    """The port of the local mall. Raises EndedError for what is none."""
    given = os.environ.get("PORT") or str(USUAL_PORT)
    if not given.isdecimal() or not 0 < int(given) < 65_536:
        raise EndedError(f"PORT must be a port of the local mall, not {given!r}", USAGE)
    return int(given)


def state() -> Path:
    """The state's folder of the local mall: STATE, or that of the folder one is in, or of the checkout."""
    here = Path.cwd() / FOLDER
    is_checkout = (CHECKOUT / "Makefile").exists()  # not where it was installed by pipx
    return Path(os.environ.get("STATE") or (CHECKOUT / FOLDER if is_checkout and not here.exists() else here))


def typed(stage: str, *words: str) -> str:
    """A command line about a stage, which names it unless `mallbots` is about the local mall by itself."""
    about = () if stage == (os.environ.get(CHOSEN) or LOCAL) == LOCAL else ("--stage", stage)
    return " ".join(("mallbots", *words, *about))


def of_make() -> str:
    """What a make target needs to be about the same local mall: nothing where port and state are the usual ones."""
    given = {"PORT": str(port()) if port() != USUAL_PORT else "", "STATE": os.environ.get("STATE", "")}
    return "".join(f" {name}={shlex.quote(value)}" for name, value in given.items() if value)


def _local(at: int, folder: Path) -> Stage:
    engine = f"http://127.0.0.1:{at}"
    try:
        stacks = json.loads((folder / "outputs.json").read_text())
        outputs = {name: value for one in stacks.values() for name, value in one.items()}
        api = _GATEWAY.match(outputs["ApiAddress"])
        address = f"{engine}/_aws/execute-api/{api['api']}/$default" if api else outputs["ApiAddress"]
        client = outputs["StaffClientId"]
    except (OSError, ValueError, KeyError):
        message = f"no local mall was deployed from {folder}"
        hint = f"start one: make up{of_make()}; one that runs elsewhere is named by PORT and STATE, a stage by --stage"
        raise EndedError(message, FAILED, hint) from None
    pages = engine.replace("127.0.0.1", "pages.cloudfront.localhost")
    return Stage(LOCAL, address, engine, client, engine, pages, folder, at)


def _of_pages(told: Mapping[str, Any]) -> Stage:
    return Stage(told["stage"], told["api"], told["identity"], told["staffClient"], told["signIn"], told["pages"])


def _known() -> dict[str, dict[str, Any]]:
    return {name: json.loads(text) for name, text in secret_files.read(_file()).items()}


def _file() -> Path:
    return folder() / "stages.json"
