"""Queries: a service that must know now invokes the `queries` function of the service that owns the data."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from events.queries import Answer, Query
from functions.kernel.domain.errors import InvalidError, NotFoundError, UnavailableError
from functions.kernel.runtime import runtime
from functions.kernel.runtime.uses import NOTHING, Uses

Q = TypeVar("Q", bound=Query[Any])
R = TypeVar("R", bound=Answer)


class Queries:
    """The queries that a service answers for other services: `@queries.on(FindProduct)` on a function of the query.

    uses: what these functions call, of which the permissions of the `queries` function are made.
    """

    def __init__(self, service: str, *, uses: Uses = NOTHING) -> None:
        self.service = service
        self.uses = uses
        self.handlers: dict[str, tuple[type[Query[Any]], Callable[[Any], Answer]]] = {}

    def on(self, query: type[Q]) -> Callable[[Callable[[Q], Answer]], Callable[[Q], Answer]]:
        """Register the function that answers a query; it may raise NotFoundError."""

        def register(handler: Callable[[Q], Answer]) -> Callable[[Q], Answer]:
            if query.owner != self.service:
                raise TypeError(f"{query.__name__} is asked of {query.owner}, not of {self.service}")
            self.handlers[query.__name__] = (query, handler)
            return handler

        return register

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answer an invocation: {"query": name, "data": {...}} → {"answer": {...}} or {"not_found": why}."""
        name = event.get("query")
        if name not in self.handlers:
            raise InvalidError(
                f"{self.service} does not answer {name!r}: it answers {', '.join(sorted(self.handlers))}"
            )
        query, handler = self.handlers[name]
        try:
            answer = handler(query.model_validate(event["data"], extra="ignore"))
        except NotFoundError as error:
            return {"not_found": error.message}
        return {"answer": answer.model_dump(mode="json")}


class Ask(Generic[R]):
    """A query to another service, declared where it is used: `find_product = Ask(FindProduct)`.

    Calling it gives the answer. Raises NotFoundError when the owner knows no such thing (`or_none` gives None), and
    UnavailableError when the owner does not answer in time: the answer is never guessed.
    """

    def __init__(self, query: type[Query[R]]) -> None:
        self.query = query

    def __call__(self, **fields: Any) -> R:
        query = self.query(**fields)
        invoke = runtime.current().invoke
        if invoke is None:
            raise UnavailableError(f"{query.owner} cannot be asked from here")
        result = invoke(query.owner, {"query": type(query).__name__, "data": query.model_dump(mode="json")})
        if "not_found" in result:
            raise NotFoundError(result["not_found"])
        if "answer" not in result:
            raise UnavailableError(f"{query.owner} did not answer {type(query).__name__}")
        answer: R = query.answer.model_validate(result["answer"], extra="ignore")
        return answer

    def or_none(self, **fields: Any) -> R | None:
        """The answer, or None when the owner knows no such thing. Raises UnavailableError."""
        try:
            return self(**fields)
        except NotFoundError:
            return None
