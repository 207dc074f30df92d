"""Builds what functions consist of: one layer of third-party packages, and a small asset for each service."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from aws_cdk import CfnParameter, CfnRule, CfnRuleAssertion, Fn, Stack

from infra.kept import kept
from infra.stages import Stage

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).parent / "uv"
BUILD = ROOT / ".build"
LOCK = ROOT / "requirements" / "runtime.lock"
PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}

# Parts of our own folders that no function needs, by name or ending.
NOT_SHIPPED = {"__pycache__", ".pyc", ".md", "schemas", "samples", "released"}
DIGITS = 16  # of the digest in a folder's name
# Parts of packages that no function needs; bytecode is compiled again, below.
NOT_NEEDED = ("__pycache__", "*.pyc", "tests", "bin")


def layer(stage: Stage, build: Path = BUILD) -> Path:
    """The folder of the layer for a stage's platform and Python, built once for all that it is made of.

    Wheels only, for the target platform: nothing is compiled here. Raises RuntimeError with uv's error output when a
    package has no wheel for that platform.
    """

    def make(folder: Path) -> None:
        command = [
            *(str(UV), "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:"),
            *("--target", str(folder / "python"), "--python-version", stage.python),
            *("--python-platform", PLATFORMS[stage.architecture], "-r", str(LOCK)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(
                f"the layer for Python {stage.python} on {stage.architecture} cannot be built:\n{done.stderr}"
            )
        for pattern in NOT_NEEDED:
            for found in list((folder / "python").rglob(pattern)):
                shutil.rmtree(found) if found.is_dir() else found.unlink()
        _compile(folder, stage)

    return kept(build / "layers" / layer_name(stage), make)


def layer_name(stage: Stage) -> str:
    """The name of a layer's folder: another one where anything that the layer is made of is another."""
    compiled = interpreter(stage.python) is not None
    made_of = (stage.python, PLATFORMS[stage.architecture], NOT_NEEDED, compiled)
    digest = hashlib.sha256(LOCK.read_bytes() + repr(made_of).encode()).hexdigest()[:16]
    return f"layer-{stage.architecture}-{stage.python}-{digest}"


def asset(service: str, stage: Stage, build: Path = BUILD, extra: dict[str, str] | None = None) -> Path:
    """The folder of a service's code: published language, kernel, service, and `extra` files (name → content).

    Made once for all that it is made of.
    """
    made_of = {**_sources(service), **{name: text.encode() for name, text in (extra or {}).items()}}

    def make(folder: Path) -> None:
        for name, content in made_of.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        _compile(folder, stage)

    return kept(build / "assets" / f"{service}-{_digest(made_of, stage)}", make)


def _sources(service: str) -> dict[str, bytes]:
    """The files of a service's asset: path within the asset → content."""
    parts = [ROOT / "events", ROOT / "functions" / "kernel", ROOT / "functions" / service]
    found = [path for part in parts for path in part.rglob("*") if path.is_file()]
    shipped = [path for path in found if not NOT_SHIPPED & {path.suffix, *path.relative_to(ROOT).parts}]
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in (*shipped, ROOT / "functions" / "__init__.py")}


def _digest(files: Mapping[str, bytes], stage: Stage) -> str:
    digest = hashlib.sha256(f"{stage.python}\0{interpreter(stage.python)}\0".encode())
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:DIGITS]


def version(code: Path, layer: Path) -> str:
    """The version of what functions run: 6 hex digits of what all services share, and 6 of all that these consist of.

    Shared are the layer, the published language and the kernel: so services that were deployed from the same code begin
    alike. Of sources alone: bytecode follows from them, and is there only where an interpreter could compile. A layer's
    name has the hash of all that it is made of.
    """
    shared, whole = hashlib.sha256(layer.name.encode()), hashlib.sha256(layer.name.encode())
    for path in sorted(code.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            name = path.relative_to(code)
            content = f"{name}\0".encode() + path.read_bytes()
            whole.update(content)
            if name.parts[0] == "events" or name.parts[:2] == ("functions", "kernel"):
                shared.update(content)
    return shared.hexdigest()[:6] + whole.hexdigest()[:6]


@cache
def interpreter(version: str) -> Path | None:
    """An interpreter here of a Python version ("3.14"): this one, one in the path, or one that uv installed."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable)
    find = [str(UV), "python", "find", "--offline", "--no-python-downloads", version]
    found = subprocess.run(find, capture_output=True, text=True, check=False)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


def require_bytecode(stage: Stage) -> None:
    """Raises ValueError if no interpreter here can compile for the stage: its functions would, at every cold start."""
    if interpreter(stage.python) is None:
        raise ValueError(
            f"functions of {stage.name!r} run Python {stage.python}, of which there is none here to compile them: "
            f"install it (.venv/bin/uv python install {stage.python})"
        )


def refuse_without_bytecode(stage: Stage, *stacks: Stack) -> None:
    """Have CloudFormation refuse stacks whose functions were not compiled, and say how to.

    For a bare `cdk deploy`, which cannot be told from a `cdk diff` here; `make deploy` is refused before.
    CloudFormation validates parameters by a template's rules before it creates or changes anything
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html).
    """
    if interpreter(stage.python):
        return
    why = f"no Python {stage.python} compiled the functions: install it (.venv/bin/uv python install {stage.python})"
    for stack in stacks:
        bytecode = CfnParameter(stack, "Bytecode", default="missing", description="Whether functions are compiled.")
        shipped = Fn.condition_equals(bytecode.value_as_string, "shipped")
        CfnRule(stack, "BytecodeShips", assertions=[CfnRuleAssertion(assert_=shipped, assert_description=why)])


def _compile(folder: Path, stage: Stage) -> None:
    """Compile to bytecode with the Python version that will run it, if there is one here (or nothing is deployed).

    A function's folder is read-only, so what is not compiled now is compiled again at every cold start.
    """
    python = interpreter(stage.python)
    if python:
        # Unchecked: an archive does not keep files' times.
        options = ["-q", "-s", str(folder), "--invalidation-mode", "unchecked-hash"]
        subprocess.run([str(python), "-m", "compileall", *options, str(folder)], check=True, stdout=subprocess.DEVNULL)
