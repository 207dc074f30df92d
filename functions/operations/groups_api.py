"""The routes of groups of letters."""

from typing import Any, Literal

from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Answer, Body, Description, Label, Stamp, Wire
from functions.kernel.runtime.context import OPERATOR
from functions.operations import service
from functions.operations.groups import Group
from functions.operations.letters import STATES

api = Api("operations")

State = Literal["open", "resolved"]


class Counts(Wire):
    """How many letters of a group there are, by state."""

    open: int
    redriving: int
    parked: int
    done: int
    discarded: int


class GroupShape(Wire):
    """Letters of one consumer, message and error, with reasons that differ by ids, numbers and values.

    sample: the id of the latest letter. code: the version of the code that gave the first one up; latestCode the last.
    cameBack: when a letter came after the group was resolved. countedAt: the moment as of which the counts are.
    """

    id: str
    state: State
    consumer: str
    message: str
    error: str
    reason: str
    sample: str
    first_seen: Stamp
    last_seen: Stamp
    code: str
    latest_code: str
    came_back: Stamp | None
    note: str
    owner: str
    counts: Counts
    counted_at: Stamp


class GroupAnswer(Answer):
    group: GroupShape


class Groups(PagedAnswer):
    groups: list[GroupShape]


class OfState(Paged):
    """Which groups are wanted: the open ones where it does not say."""

    state: State = "open"


class Note(Body):
    text: Description


class Owner(Body):
    name: Label


@api.get("/api/operations/groups", may=[OPERATOR])
def list_groups(params: OfState) -> Groups:
    """List the groups of letters, those that were seen last first."""
    purpose = f"groups {params.state}"
    page = service.listed_groups(params.state, params.limit, paging.read(params.next, purpose))
    return Groups(groups=[_shape(one) for one in page.groups], next=paging.sign(page.after, purpose))


@api.get("/api/operations/groups/{id}", may=[OPERATOR], versioned=False)
def get_group(id: str) -> GroupAnswer:
    """Show a group of letters."""
    return GroupAnswer(group=_shape(service.group(id)))


@api.put("/api/operations/groups/{id}/note", may=[OPERATOR], versioned=False)
def note_group(id: str, body: Note) -> None:
    """Write down what is known of a group's cause."""
    service.note(id, body.text)


@api.put("/api/operations/groups/{id}/owner", may=[OPERATOR], versioned=False)
def own_group(id: str, body: Owner) -> None:
    """Say who takes care of a group."""
    service.own(id, body.name)


@api.put("/api/operations/groups/{id}/resolve", may=[OPERATOR], versioned=False)
def resolve_group(id: str) -> None:
    """Say that a group's cause is mended. A letter that fails from now on opens it again, and it says so."""
    service.resolve(id)


def _shape(group: Group) -> GroupShape:
    changed: dict[str, Any] = {
        "message": group.name,
        "came_back": group.came_back or None,
        "counts": Counts(**{state: group.counts.get(state, 0) for state in STATES}),
    }
    return GroupShape(**{n: changed[n] if n in changed else getattr(group, n) for n in GroupShape.model_fields})
