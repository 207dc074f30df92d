"""Whether the argparse parser of a module understands its arguments; nothing of the module is run but that."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from inspect import signature
from io import StringIO
from typing import Any


class RefusedError(Exception):
    """The command is not one that there is."""


class _ParsedError(Exception):
    """The arguments were understood; nothing is run. left: those that are for another program."""

    def __init__(self, left: Sequence[str]) -> None:
        super().__init__()
        self.left = left


def left_by(main: Callable[..., Any], name: str, arguments: tuple[str, ...]) -> Sequence[str]:
    """What a module leaves of its arguments to another program. Raises RefusedError. main: of the module."""
    said = StringIO()
    argv = sys.argv
    sys.argv = [name, *arguments]
    try:
        with _stopped_once_parsed(), redirect_stderr(said), redirect_stdout(said):
            main(list(arguments)) if signature(main).parameters else main()
    except _ParsedError as parsed:
        return parsed.left
    except SystemExit as ended:
        raise RefusedError(said.getvalue().strip().splitlines()[-1] if said.getvalue() else str(ended)) from None
    finally:
        sys.argv = argv
    raise AssertionError(f"{name} ran without parsing its arguments")


@contextmanager
def _stopped_once_parsed() -> Iterator[None]:
    """Within the block, the outermost parser raises _ParsedError once it has understood its arguments."""
    originals = {method: getattr(argparse.ArgumentParser, method) for method in ("parse_args", "parse_known_args")}
    depth = 0

    def stopping(original: Callable[..., Any]) -> Callable[..., Any]:
        def parse(*args: Any, **more: Any) -> Any:
            nonlocal depth
            depth += 1
            try:
                parsed = original(*args, **more)
            finally:
                depth -= 1
            if not depth:
                raise _ParsedError(parsed[1] if isinstance(parsed, tuple) else ())
            return parsed

        return parse

    for method, original in originals.items():
        setattr(argparse.ArgumentParser, method, stopping(original))
    try:
        yield
    finally:
        for method, original in originals.items():
            setattr(argparse.ArgumentParser, method, original)
