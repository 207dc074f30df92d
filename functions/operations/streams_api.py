"""The routes of streams: what happened to an aggregate, what it was at a time, and what changed between versions."""

from typing import Annotated, Any

from pydantic import Field

from functions.kernel.domain.errors import InvalidError
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Answer, FromText, Moment, Params, Stamp, Wire
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import OPERATOR
from functions.operations import streams

api = Api("operations")

Version = Annotated[int, Field(ge=1), FromText]


class EventShape(Wire):
    """An event as it is stored, by the version of its shape; what is personal is not shown."""

    name: str
    version: int
    data: dict[str, Any]


class MessageShape(Wire):
    """A message that is published from a commit."""

    name: str
    id: str


class CommitShape(Wire):
    """A commit. last: the version of its last event. cause: the id of what it was made for."""

    version: int
    last: int
    time: Stamp
    actor: str
    cause: str | None
    correlation: str
    events: list[EventShape]
    messages: list[MessageShape]


class CommitsAnswer(PagedAnswer):
    """The commits of a stream, oldest first."""

    commits: list[CommitShape]


class When(Params):
    """A version, or a time; now where neither is given."""

    version: Version | None = None
    at: Moment | None = None


class StateAnswer(Answer):
    """The fields of an aggregate after its event of this version."""

    version: int
    state: dict[str, Any]


class Between(Params):
    """Two versions of a stream: its first and its newest where none are given."""

    first: Version = 1
    second: Version | None = None


class ChangeShape(Wire):
    """A value that differs; null where it was not there."""

    path: str
    old: Any
    new: Any


class DifferenceAnswer(Answer):
    """What differs between two versions."""

    changes: list[ChangeShape]


@api.get("/api/operations/streams/{service}/{kind}/{id}", may=[OPERATOR])
def list_commits(service: str, kind: str, id: str, params: Paged) -> CommitsAnswer:
    """List the commits of a stream, such as an order's, oldest first.

    What happened, by whom, why, and what was published.

    Names and numbers of customers are not shown: in their place stands (personal), or (forgotten) once erased.
    """
    stream, purpose = f"{kind}#{id}", f"commits of {service} {kind} {id}"
    token = paging.read(params.next, purpose)
    found, more = streams.commits(service, stream, token["after"] if token else 0, params.limit)
    return CommitsAnswer(
        commits=[CommitShape.model_validate(one) for one in found],
        next=paging.sign({"after": more} if more else None, purpose),
    )


@api.get("/api/operations/streams/{service}/{kind}/{id}/state", may=[OPERATOR])
def get_stream_state(service: str, kind: str, id: str, params: When) -> StateAnswer:
    """Show an aggregate as it was at a version or a time, or as it is."""
    if params.version and params.at:
        raise InvalidError("give a version or a time, not both")
    time = clock.stamp(params.at) if params.at else None
    version, state = streams.state(service, f"{kind}#{id}", params.version, time)
    return StateAnswer(version=version, state=state)


@api.get("/api/operations/streams/{service}/{kind}/{id}/difference", may=[OPERATOR])
def get_stream_difference(service: str, kind: str, id: str, params: Between) -> DifferenceAnswer:
    """Show what changed in an aggregate between two versions."""
    found = streams.difference(service, f"{kind}#{id}", params.first, params.second)
    return DifferenceAnswer(changes=[ChangeShape(path=path, old=old, new=new) for path, old, new in found])
