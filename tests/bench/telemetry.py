"""Handlers without telemetry, beside which the others are measured: what telemetry takes of them is the ratio."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from shutil import copytree
from unittest.mock import patch

from functions.kernel.runtime import context, levels, observe

FILES = ("operations/exporter.py", "operations/spans.py", "customers/synthetic.py")
TRACED = {"TRACES": "https://collector.example:4318"}
NO_TRACE = "00-00000000000000000000000000000000-0000000000000000-00"


def code_without(code: Path, folder: Path) -> Path:
    """A copy of the code, bytecode included, without the files that only telemetry has."""
    copytree(code, folder)
    for name in FILES:
        file = folder / "functions" / name
        for left in (file, *(file.parent / "__pycache__").glob(f"{file.stem}.*")):
            left.unlink()
    return folder


@contextmanager
def handlers_without() -> Iterator[None]:
    """Within the block no trace context is made, no line names its message, and no promise is judged."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(context, "_traceparent", lambda trace: NO_TRACE))
        stack.enter_context(patch.object(observe, "handling", lambda metadata: nullcontext()))
        stack.enter_context(patch.object(observe, "log_fields", lambda **keys: nullcontext()))
        stack.enter_context(patch.object(observe, "detail", lambda what, **about: None))
        stack.enter_context(patch.object(levels.ServiceLevel, "judge", lambda self, since: None))
        yield
