"""Routes as they are declared: a method, a path, who may, and a function whose signature says the rest."""

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from functions.kernel.domain.errors import MallBotsError, NotFoundError
from functions.kernel.rest.caller import OPEN
from functions.kernel.rest.problems import MethodNotAllowedError
from functions.kernel.rest.request import WRITES, Request
from functions.kernel.rest.texts import is_id
from functions.kernel.rest.wire import Answer, Body, PagedAnswer, Params, read
from functions.kernel.runtime.context import OPERATOR, ROLES, STAFF, Caller

LONGEST_ID = 200  # characters: no id of ours is nearly as long, and DynamoDB's keys end at 2,048 bytes
NOTHING_HERE = "there is nothing at this path"


@dataclass(frozen=True)
class Route:
    """One route. may: the roles that may use it, or OPEN. errors: the statuses that it may answer.

    versioned: whether it shows or changes one thing, whose version is the answer's ETag. routine: whether people's
    requests are not in the audit. function: what it calls. arguments: the function's argument for each parameter of the
    path. body_argument, params_argument: those that take the body and the query string.
    """

    method: str
    path: str
    name: str
    may: tuple[str, ...]
    body: type[Body] | None
    params: type[Params] | None
    answer: type[Answer] | None
    summary: str
    errors: tuple[int, ...]
    versioned: bool
    routine: bool
    function: Callable[..., Answer | None] = field(repr=False, compare=False)
    arguments: dict[str, str] = field(repr=False, compare=False)
    body_argument: str = ""
    params_argument: str = ""

    @property
    def open(self) -> bool:
        """Whether it asks for no token."""
        return self.may == OPEN

    @property
    def writes(self) -> bool:
        """Whether its method may change something."""
        return self.method in WRITES

    @property
    def audited(self) -> bool:
        """Whether a person may write by it, whose requests are in the audit (audit.py)."""
        return self.writes and not self.routine and bool({STAFF, OPERATOR} & set(self.may))

    def notes(self, who: Caller) -> bool:
        """Whether a request of this caller is in the audit: one of staff and operators, who act on the mall."""
        return self.audited and who.has(STAFF)

    def call(self, request: Request) -> Answer | None:
        """Call the function with what the request says. Raises InvalidError, and whatever the function raises."""
        values = match_path(self.path, request.segments) or {}
        if any(len(value) > LONGEST_ID or not is_id(value) for value in values.values()):
            raise NotFoundError(NOTHING_HERE)
        arguments: dict[str, Any] = {self.arguments[name]: value for name, value in values.items()}
        if self.params:
            arguments[self.params_argument] = read(self.params, request.query)
        if self.body:
            arguments[self.body_argument] = read(self.body, request.body)
        return self.function(**arguments)


def declare(
    method: str,
    path: str,
    may: Iterable[str],
    function: Callable[..., Answer | None],
    *,
    errors: Iterable[int] = (),
    versioned: bool | None = None,
    routine: bool = False,
) -> Route:
    """Read a route off its function. Raises TypeError when the signature does not fit the path, or nobody may use it.

    errors: statuses that follow from what the function does, beside those that follow from the route. versioned: by
    default true for a write, and for a read of what the path's last parameter names, unless that is a list. routine: a
    write by people that the audit leaves out.
    """
    may = tuple(may)
    if may != OPEN and (not may or not set(may) <= set(ROLES)):
        raise TypeError(
            f"{method} {path} must name the roles that may use it, of {', '.join(ROLES)}, or be OPEN: {may}"
        )
    hints = get_type_hints(function)
    answer = hints.pop("return", None)
    answer = None if answer is type(None) else answer
    if answer is not None and not _is(answer, Answer):
        raise TypeError(f"{function.__name__} must be annotated to return an Answer or None")
    bodies = [name for name, hint in hints.items() if _is(hint, Body)]
    params = [name for name, hint in hints.items() if _is(hint, Params)]
    parameters = re.findall(r"{(\w+)}", path)
    arguments = {parameter: re.sub(r"([A-Z])", r"_\1", parameter).lower() for parameter in parameters}
    texts = [name for name, hint in hints.items() if hint is str]
    if sorted(texts) != sorted(arguments.values()) or len(bodies) > 1 or len(params) > 1:
        raise TypeError(f"{function.__name__} takes {texts}, but {path} gives {list(arguments.values())}")
    if len(texts) + len(bodies) + len(params) != len(inspect.signature(function).parameters):
        raise TypeError(f"{function.__name__} takes more than path, body and query string give")
    if versioned is None:
        versioned = method in WRITES or (path.endswith("}") and not _is(answer, PagedAnswer))
    return Route(
        method=method,
        path=path,
        name=function.__name__,
        may=may,
        body=hints[bodies[0]] if bodies else None,
        params=hints[params[0]] if params else None,
        answer=answer,
        summary=(inspect.getdoc(function) or function.__name__.replace("_", " ").capitalize()).splitlines()[0],
        errors=tuple(sorted({*errors, *_errors(method in WRITES, versioned, bool(parameters), may != OPEN)})),
        versioned=versioned,
        routine=routine,
        function=function,
        arguments=arguments,
        body_argument=bodies[0] if bodies else "",
        params_argument=params[0] if params else "",
    )


def _is(hint: Any, kind: type) -> bool:
    return isinstance(hint, type) and issubclass(hint, kind)


def _errors(writes: bool, versioned: bool, named: bool, guarded: bool) -> set[int]:
    """The statuses that follow from a route: any request can be malformed, and anything can fail."""
    statuses = {400, 500, 503}
    if guarded:
        statuses |= {401, 403}
    if named:
        statuses |= {404}
    if writes:
        statuses |= {413}
    if writes and versioned:
        statuses |= {409, 412, 422}
    return statuses


def match_path(path: str, segments: Sequence[str]) -> dict[str, str] | None:
    """The values of a path's parameters in these segments; None when the path does not match."""
    if path.count("/") != len(segments):
        return None
    parts = path.split("/")[1:]
    values: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{") and segment:
            values[part[1:-1]] = segment
        elif part != segment:
            return None
    return values


def find(routes: Iterable[Route], method: str, segments: Sequence[str]) -> Route | None:
    """The route of a request; a literal segment of a path wins over a parameter, from the left."""
    fitting = [route for route in routes if route.method == method and match_path(route.path, segments) is not None]
    return min(fitting, key=lambda route: [part.startswith("{") for part in route.path.split("/")], default=None)


def unrouted_error(known: Iterable[tuple[str, str]], method: str, segments: Sequence[str]) -> MallBotsError:
    """The error for a request that no route matches: 405 where the path is known with another method, else 404."""
    allow = sorted({other for other, path in known if match_path(path, segments) is not None})
    if allow and method not in allow:
        return MethodNotAllowedError(method, allow)
    return NotFoundError(NOTHING_HERE)
