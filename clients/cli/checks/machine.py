"""The checks of an installation: what the checkout needs on this machine, and the command line's own files."""

import json
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from clients.cli import stages
from clients.cli.checks.check import MACHINE, check
from clients.cli.tool import Tool

OLDEST_PYTHON, OLDEST_NODE = (3, 11), 20
PACKAGES = ("boto3", "httpx", "pydantic", "rich", "typer")
PAGES = ("console", "kiosk", "docs", "pages")
FREE = 2e9  # bytes: a local mall with its functions unpacked takes about one


@check(MACHINE, "Python is new enough", "install Python 3.11 or newer, then make install PYTHON=/path/to/it")
def python(_: Tool) -> str:
    version = sys.version_info[:2]
    return "" if version >= OLDEST_PYTHON else f"this is Python {version[0]}.{version[1]}"


@check(MACHINE, "the tools are installed in .venv", "make install")
def environment(_: Tool) -> str:
    return _missing(".venv/bin/python")


@check(MACHINE, ".venv is as new as its lock", "make install")
def environment_is_new(_: Tool) -> str:
    return _older(".venv/.installed", "requirements/all.lock")


@check(MACHINE, "the packages are those of the lock", "make install")
def packages(_: Tool) -> str:
    lock = stages.CHECKOUT / "requirements/all.lock"
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", lock.read_text(), re.MULTILINE)) if lock.exists() else {}
    wrong = [
        f"{name} {metadata.version(name)}, not {locked[name]}"
        for name in PACKAGES
        if name in locked and metadata.version(name) != locked[name]
    ]
    return ", ".join(wrong)


@check(MACHINE, "the local cloud is installed in .engine", "make install")
def engine(_: Tool) -> str:
    return _missing(".engine/bin/python")


@check(MACHINE, ".engine is as new as its lock", "make install")
def engine_is_new(_: Tool) -> str:
    return _older(".engine/.installed", "requirements/engine.lock")


@check(MACHINE, "Node.js is there and new enough", "install Node.js 20 or newer")
def node(_: Tool) -> str:
    found = shutil.which("node")
    if not found:
        return "no node is on the PATH"
    version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout.strip()
    number = re.match(r"v(\d+)", version)
    return "" if number and int(number[1]) >= OLDEST_NODE else f"this is Node.js {version or 'of no version'}"


@check(MACHINE, "the CDK is installed", "make install")
def cdk(_: Tool) -> str:
    return _missing("node_modules/.bin/cdk")


@check(MACHINE, "node_modules is as new as its lock", "make install")
def modules_are_new(_: Tool) -> str:
    return _older("node_modules/.installed", "package-lock.json")


@check(MACHINE, "the pages are built, and as new as their sources", "make pages, then make up")
def pages(_: Tool) -> str:
    built = stages.CHECKOUT / ".build/pages/.built"
    if not built.exists():
        return "no pages are built"
    sources = (file for folder in PAGES for file in (stages.CHECKOUT / "clients" / folder).rglob("*") if file.is_file())
    newer = [file for file in sources if file.stat().st_mtime > built.stat().st_mtime]
    return f"{newer[0].relative_to(stages.CHECKOUT)} is newer than what is built" if newer else ""


@check(MACHINE, "there is room on the disk", "free some: make clean, or remove old states of local malls")
def room(_: Tool) -> str:
    free = shutil.disk_usage(stages.CHECKOUT).free
    return "" if free >= FREE else f"{free / 1e9:.1f} GB are free, and a local mall needs about {FREE / 1e9:.0f}"


@check(MACHINE, "sign-ins are readable by you alone", "chmod 600 those files; mallbots logout, then mallbots login")
def private(_: Tool) -> str:
    open_files = [file.name for file in _own() if file.stat().st_mode & 0o077]
    return f"others can read {', '.join(open_files)}" if open_files else ""


@check(MACHINE, "the command line's own files can be read", "remove them, then mallbots login --pages ADDRESS")
def own_files(_: Tool) -> str:
    broken = []
    for file in _own():
        try:
            json.loads(file.read_text())
        except (OSError, ValueError):
            broken.append(file.name)
    return f"{', '.join(broken)} in {stages.folder()} is no JSON" if broken else ""


def _own() -> list[Path]:
    return sorted(stages.folder().glob("*.json"))


def _missing(path: str) -> str:
    return "" if (stages.CHECKOUT / path).exists() else f"{path} is not there"


def _older(stamp: str, lock: str) -> str:
    """Whether an environment was installed before its lock was changed; nothing where there is none at all."""
    done, wanted = stages.CHECKOUT / stamp, stages.CHECKOUT / lock
    if not (done.exists() and wanted.exists()):
        return "" if not wanted.exists() else f"{stamp} is not there: an installation did not end"
    return "" if done.stat().st_mtime >= wanted.stat().st_mtime else f"{lock} is newer than the installation"
