"""The seams at which the engine is patched, each checked before it is used.

A patch replaces attributes of ministack's modules, which is correct only while they mean what they meant when it was
written. So a missing attribute is an error: an engine that changed stops at start, with the name of the patch.
"""

import importlib
from typing import Any

ENGINE = "ministack"
VERSION = "1.5.33"


class EngineChangedError(Exception):
    """The engine is not the one that the patches were written for."""


def module(name: str) -> Any:
    """A module of the engine by its name inside it, such as `services.sqs`."""
    try:
        return importlib.import_module(f"{ENGINE}.{name}")
    except ModuleNotFoundError as missing:
        raise EngineChangedError(f"{ENGINE} {VERSION} should have a module {name}") from missing


class Seams:
    """What one patch takes from the engine and replaces."""

    def __init__(self, patch: str) -> None:
        self.patch = patch

    def take(self, owner: Any, attribute: str) -> Any:
        """The engine's own attribute.

        Raises:
            EngineChangedError: it does not exist.
        """
        if not hasattr(owner, attribute):
            raise EngineChangedError(f"patch {self.patch}: {_name(owner)} has no {attribute}")
        return getattr(owner, attribute)

    def need(self, owner: Any, *attributes: str) -> None:
        """Check that what the patch calls, but does not replace, exists."""
        for attribute in attributes:
            self.take(owner, attribute)

    def replace(self, owner: Any, attribute: str, replacement: Any) -> Any:
        """Replace the engine's attribute; returns the original."""
        original = self.take(owner, attribute)
        setattr(owner, attribute, replacement)
        return original

    def replace_text(self, owner: Any, attribute: str, old: str, new: str) -> None:
        """Replace the only occurrence of `old` in a text of the engine (a script that it writes out)."""
        text: str = self.take(owner, attribute)
        if text.count(old) != 1:
            raise EngineChangedError(f"patch {self.patch}: {_name(owner)}.{attribute} no longer contains {old!r}")
        setattr(owner, attribute, text.replace(old, new))


def _name(owner: Any) -> str:
    return getattr(owner, "__qualname__", None) or getattr(owner, "__name__", None) or type(owner).__name__
