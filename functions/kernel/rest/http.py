"""The REST edge: one place declares a route; this reads requests, calls its function, and answers.

    api = Api("stores")

    @api.post("/api/stores", may=[STAFF])
    def create_store(body: NewStore) -> Created:
        '''Open a store.'''
        return Created(id=service.create_store(body.name, body.location))

A path's parameters come by name ({storeId} as `store_id: str`), the body in the argument annotated with a Body, the
query string in the one annotated with Params. Errors become problem details (RFC 9457). docs/adr/0010-http-edge.md says
why routes are matched here and not by Powertools.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypedDict, TypeVar, Unpack

from functions.kernel.rest.audit import note
from functions.kernel.rest.caller import admit, caller
from functions.kernel.rest.problems import client_error, problem
from functions.kernel.rest.request import Request
from functions.kernel.rest.routes import Route, declare, find, unrouted_error
from functions.kernel.rest.wire import Answer, Document, write
from functions.kernel.runtime import context, observe
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.uses import NOTHING, Uses

JSON = "application/json"
# Of every answer: nobody keeps it but the one who asked, and no browser takes it for something else.
SECURITY = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Response = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Answer | None])


class RouteOptions(TypedDict, total=False):
    """The optional settings of a route.

    errors: the statuses that only its function can know, such as 404 for an id in the body; those of any route of its
    kind are added. versioned: whether it shows or changes one thing, whose version is the answer's ETag. To be given
    for a read by an id that is not an aggregate's, and for a write that changes no aggregate. routine: what staff ask
    for by it is not noted in the audit, because it is a step of each order, or changes nothing.
    """

    errors: Sequence[int]
    versioned: bool
    routine: bool


class Api:
    """The routes of one service, in `routes`: the source of dispatch, of the gateway's routes and of the documents.

    uses: what their functions call, of which the permissions of the API's function are made.
    elsewhere: methods and paths of other services, for the gateway's own service, which answers what no route matches:
    404 for an unknown path, 405 for a known one with another method.

    What people ask to be changed is noted before it is done, and then with its status (audit.py): where it cannot be
    noted, nothing is done.
    """

    def __init__(self, service: str, elsewhere: Iterable[tuple[str, str]] = (), *, uses: Uses = NOTHING) -> None:
        self.service = service
        self.uses = uses
        self.routes: list[Route] = []
        self._elsewhere = tuple(elsewhere)
        self._unnoted: Callable[[int], None] = lambda status: None

    def get(self, path: str, *, may: Sequence[str], **more: Unpack[RouteOptions]) -> Callable[[F], F]:
        """Register a function that answers GET for these roles, or for everyone (OPEN). `more`: see RouteOptions."""
        return self._register("GET", path, may, more)

    def post(self, path: str, *, may: Sequence[str], **more: Unpack[RouteOptions]) -> Callable[[F], F]:
        """The same for POST."""
        return self._register("POST", path, may, more)

    def put(self, path: str, *, may: Sequence[str], **more: Unpack[RouteOptions]) -> Callable[[F], F]:
        """The same for PUT."""
        return self._register("PUT", path, may, more)

    def delete(self, path: str, *, may: Sequence[str], **more: Unpack[RouteOptions]) -> Callable[[F], F]:
        """The same for DELETE."""
        return self._register("DELETE", path, may, more)

    def include(self, other: "Api") -> None:
        """Answer the routes of another one too. Raises TypeError for a route that is there already."""
        for route in other.routes:
            self._add(route)

    def _register(self, method: str, path: str, may: Sequence[str], more: RouteOptions) -> Callable[[F], F]:
        def register(function: F) -> F:
            self._add(declare(method, path, may, function, **more))
            return function

        return register

    def _add(self, route: Route) -> None:
        if any((other.method, other.path) == (route.method, route.path) for other in self.routes):
            raise TypeError(f"{route.method} {route.path} has a function already")
        self.routes.append(route)

    def find(self, method: str, path: str) -> Route | None:
        """The route that answers a method at a path."""
        return find(self.routes, method, path.split("/")[1:])

    def _refuse(self, request: Request) -> NoReturn:
        known_here = [(route.method, route.path) for route in self.routes]
        raise unrouted_error([*known_here, *self._elsewhere], request.method, request.segments)

    def handle(self, event: dict[str, Any], lambda_context: object = None) -> Response:
        """Answer a request of the gateway (HTTP API, payload 2.0)."""
        started = time.perf_counter()
        request = Request(event)
        who = caller(event)
        name, answered = "none", self._unnoted
        with (
            context.within(request.context(who)) as working,
            observe.log_fields(correlation_id=working.correlation_id),
        ):
            try:
                route = find(self.routes, request.method, request.segments) or self._refuse(request)
                name = f"{route.method} {route.path}"
                admit(event, who, route.may)
                request.check()
                if route.notes(who):
                    answered = note(route, request)
                if route.writes and route.versioned:
                    working.cause = request.cause(who.actor, takes_body=route.body is not None)
                    working.expected_versions = request.expected_versions
                response = _answer(route, route.call(request), request, working)
            except Exception as error:  # every error is answered in one form
                refusal = client_error(error)
                if refusal.status >= 500:
                    observe.log_error(f"{name} failed", error)
                response = problem(refusal, request.path, request.headers.get("accept", ""))
            try:
                answered(response["statusCode"])
            except Exception as error:  # it is done: its row before says who asked for it
                observe.log_error(f"{name} was answered, which is not noted", error)
        response["headers"] |= {**SECURITY, "X-Correlation-Id": working.correlation_id}
        observe.request_done(name, response["statusCode"], time.perf_counter() - started, working.correlation_id)
        return response


def _answer(route: Route, answer: Answer | None, request: Request, working: Context) -> Response:
    version = working.version if route.versioned else None
    tag = {} if version is None else {"ETag": f'"{version}"'}
    if not route.writes and version is not None and request.knows(version):
        return {"statusCode": 304, "headers": tag, "body": ""}
    if isinstance(answer, Document):
        return {"statusCode": 200, "headers": {"Content-Type": answer.content_type, **answer.more}, "body": answer.text}
    return {"statusCode": 200, "headers": {"Content-Type": JSON, **tag}, "body": write(answer)}
