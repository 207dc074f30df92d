"""Planted bugs: small changes of the system's code, in memory only, for the duration of a block."""

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType
from typing import Any, Protocol

from tests.simulation import templates


class Patch(Protocol):
    """One change of the code. Raises PatchError where the code does not match (any more)."""

    def applied(self) -> AbstractContextManager[None]:
        """A block in which the change is applied."""


class PatchError(Exception):
    """The code that a patch changes does not exist, or not exactly once."""


@dataclass(frozen=True)
class Edit:
    """Replace `old` by `new` in the source of a function; `old` must occur exactly once.

    The function object stays the same and gets other code, so it also changes where it is registered or imported.
    """

    function: Callable[..., Any]
    old: str
    new: str

    @contextmanager
    def applied(self) -> Iterator[None]:
        function = plain(self.function)
        code = function.__code__
        function.__code__ = _edited(function, self.old, self.new)
        try:
            yield
        finally:
            function.__code__ = code


@dataclass(frozen=True)
class Set:
    """Replace the value of a name in a module or a class."""

    owner: Any
    name: str
    value: Any

    @contextmanager
    def applied(self) -> Iterator[None]:
        if self.name not in vars(self.owner):
            raise PatchError(f"{self.owner!r} has no {self.name}")
        value = vars(self.owner)[self.name]
        setattr(self.owner, self.name, self.value)
        try:
            yield
        finally:
            setattr(self.owner, self.name, value)


@dataclass(frozen=True)
class Retemplate:
    """Replace the value of a name in the templates, for all of a kind of resource that have one."""

    kind: str
    name: str
    value: object

    @contextmanager
    def applied(self) -> Iterator[None]:
        before = templates.as_text(templates.deployed())
        facts = json.loads(before)
        changed = [fact for fact in facts[self.kind].values() if fact.get(self.name) is not None]
        if not changed:
            raise PatchError(f"no {self.kind} in the templates have {self.name}")
        for fact in changed:
            fact[self.name] = self.value
        templates.use(json.dumps(facts))
        try:
            yield
        finally:
            templates.use(before)


@dataclass(frozen=True)
class Bug:
    """A planted bug.

    what: what is wrong, in a sentence. finds: the invariants that it violates; a violation of one of them finds it.
    long_days: whether only outages of minutes or hours show it, so that it is looked for on long days alone. mended:
    the same of schedules in which operators mend what failed.
    """

    name: str
    what: str
    finds: tuple[str, ...]
    patches: tuple[Patch, ...]
    long_days: bool = False
    mended: bool = False

    @contextmanager
    def planted(self) -> Iterator[None]:
        """A block in which the system has the bug. Raises PatchError."""
        with ExitStack() as stack:
            for patch in self.patches:
                stack.enter_context(patch.applied())
            yield


def plain(function: Callable[..., Any]) -> FunctionType:
    """The function itself, of a method or a property of a class too."""
    function = getattr(function, "__func__", getattr(function, "fget", function))
    if not isinstance(function, FunctionType):
        raise PatchError(f"{function!r} is not a plain function")
    return function


@cache
def _edited(function: FunctionType, old: str, new: str) -> CodeType:
    source = inspect.getsource(function)
    if source.count(old) != 1:
        raise PatchError(f"{function.__qualname__} has {source.count(old)} times {old!r}")
    tree = ast.parse(textwrap.dedent(source.replace(old, new)))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise PatchError(f"{function.__qualname__} has no definition of its own")
    definition.decorator_list = []  # it is registered already
    ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)
    module = compile(tree, inspect.getfile(function), "exec", dont_inherit=True)
    return next(
        part for part in module.co_consts if isinstance(part, CodeType) and part.co_name == function.__code__.co_name
    )
