"""The checks of a local mall: its engine, its state, and what make up left there."""

import json
import os
from pathlib import Path
from typing import Any

import httpx

from clients.cli import stages
from clients.cli.checks.check import LOCAL, check
from clients.cli.ending import EndedError
from clients.cli.tool import Tool

USERS = ("clerk", "operator", "kiosk")
OUTPUTS = ("ApiAddress", "LiveAddress", "UserPoolId", "StaffClientId", "PagesAddress")


@check(LOCAL, "the state's folder is there and writable", "make up, or another STATE")
def folder(_: Tool) -> str:
    state = stages.state()
    if not state.is_dir():
        return f"{state} is no folder"
    return "" if os.access(state, os.W_OK | os.X_OK) else f"{state} cannot be written"


@check(LOCAL, "the state belongs to this port", "name its own PORT, or another STATE")
def port(_: Tool) -> str:
    recorded = _record().get("port", stages.port())
    return "" if recorded == stages.port() else f"it was made on port {recorded}, and PORT is {stages.port()}"


@check(LOCAL, "the engine's process runs", "make up; why it ended: the last lines of engine.log in the state's folder")
def process(_: Tool) -> str:
    pid = _record().get("pid")
    if not pid:
        return "no engine was started from this state"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return f"process {pid} has ended"
    except PermissionError:
        return f"process {pid} is of another user"
    return f"process {pid} has ended" if _is_zombie(pid) else ""


@check(LOCAL, "nothing was broken on purpose", "make fault MEND=all, or the panel of the console")
def broken(_: Tool) -> str:
    kept = {name: one for name, one in _read("broken.json").items() if name != "engine" or process(_)}
    return ", ".join(f"{name} since {one['since']}" for name, one in kept.items())


@check(LOCAL, "the engine answers", "make down, then make up")
def answers(_: Tool) -> str:
    try:
        httpx.get(f"http://127.0.0.1:{stages.port()}/_ministack/health", timeout=5)
    except httpx.HTTPError as error:
        if process(_):
            raise EndedError("the engine's process does not run") from None
        return f"port {stages.port()} does not answer ({error})"
    return ""


@check(LOCAL, "everything is deployed", "make up: its last deploy did not end")
def deployed(_: Tool) -> str:
    found = {name for outputs in _read("outputs.json").values() for name in outputs}
    missing = [name for name in OUTPUTS if name not in found]
    return f"these outputs are not there: {', '.join(missing)}" if missing else ""


@check(LOCAL, "the development users are made", "make up")
def users(_: Tool) -> str:
    missing = [name for name in USERS if name not in _read("users.json")]
    return f"no password is kept for {', '.join(missing)}" if missing else ""


@check(LOCAL, "the development passwords are readable by you alone", "chmod 600 users.json in the state's folder")
def passwords(_: Tool) -> str:
    file = stages.state() / "users.json"
    return "others can read users.json" if file.exists() and file.stat().st_mode & 0o077 else ""


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended, and make run, which started it, has not noticed yet (Linux alone tells)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _record() -> dict[str, Any]:
    return _read("engine.json")


def _read(name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((stages.state() / name).read_text())
    except (OSError, ValueError):
        return {}
    return found
