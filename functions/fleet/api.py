"""The REST routes of the robots' gateway: the robots on the floor, what staff tell them, and their certificates."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, WithJsonSchema

from events.floor.plan import plan
from events.queries import FindBotCredential
from functions.fleet import certificates, service, shown
from functions.fleet.broker import instructions
from functions.fleet.identities import identities
from functions.fleet.signing_requests import LONGEST
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Answer, Body, Stamp, Wire, documented_only
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.uses import Uses

api = Api(
    "fleet",
    uses=Uses(streams="commit", rows=("get", "query"), asks=(FindBotCredential,), ports=(instructions, identities)),
)


PLACES = 3  # after the point: millimetres, and thousandths of a percent
Measure = Annotated[
    float, PlainSerializer(lambda value: Decimal(str(round(value, PLACES)))), WithJsonSchema({"type": "number"})
]


class OrderContent(Wire):
    """The list that a robot works on, and the number of the assignment."""

    list_id: str
    assignment: int


class Reference(Wire):
    key: str
    value: str


class RobotError(Wire):
    """An error that a robot reports: what happened and what helps, in the robot's words, and what it is about."""

    type: str
    level: str
    description: str
    hint: str
    references: list[Reference]


class RobotContent(Wire):
    """What a robot reported last; what it has not reported yet is null. `battery` in percent, `x` and `y` in metres.

    `retriable`: the ids of actions that failed, and wait until they are tried again or skipped.
    """

    id: str
    name: str
    connection: Literal["online", "offline", "broken"]
    last_reported_at: Stamp | None
    node: str | None
    x: Measure | None
    y: Measure | None
    driving: bool
    paused: bool
    operating_mode: str | None
    battery: Measure | None
    order: OrderContent | None
    retriable: list[str]
    errors: list[RobotError]


class RobotAnswer(Answer):
    robot: RobotContent


class RobotPage(PagedAnswer):
    robots: list[RobotContent]


class NodeContent(Wire):
    """A place on the floor plan, in metres."""

    id: str
    x: Measure
    y: Measure
    kind: Literal["depot", "parking", "junction", "store"]
    label: str


class EdgeContent(Wire):
    """A way between two neighbours, which robots drive in both directions."""

    id: str
    start: str = Field(alias="from")
    end: str = Field(alias="to")


class FloorAnswer(Answer):
    nodes: list[NodeContent]
    edges: list[EdgeContent]


class SigningRequest(Body):
    """A certificate signing request in PEM. The robot's private key stays with the robot."""

    csr: Annotated[str, documented_only(maxLength=LONGEST)]


class TopicNames(Wire):
    """The topics of one robot, which it may use and no other."""

    order: str
    instant_actions: str
    state: str
    connection: str
    factsheet: str
    visualization: str


class CertificateAnswer(Answer):
    """What a robot needs to connect: certificates in PEM, the broker's `host:port`, and its topics."""

    certificate: str
    ca: str
    endpoint: str
    topics: TopicNames


@api.get("/api/fleet/robots", may=[STAFF])
def get_robots(which: Paged) -> RobotPage:
    """List the robots with what they reported last."""
    found, after = shown.robots(which.limit, paging.read(which.next, "robots"))
    return RobotPage(robots=[_content(one) for one in found], next=paging.sign(after, "robots"))


@api.get("/api/fleet/robots/{id}", may=[STAFF], versioned=False)
def get_robot(id: str) -> RobotAnswer:
    """Show a robot with what it reported last."""
    return RobotAnswer(robot=_content(shown.robot(id)))


@api.put("/api/fleet/robots/{id}/pause", may=[STAFF])
def pause_robot(id: str) -> None:
    """Tell a robot to pause."""
    service.pause(id)


@api.put("/api/fleet/robots/{id}/resume", may=[STAFF])
def resume_robot(id: str) -> None:
    """Tell a robot that pauses to go on."""
    service.resume(id)


@api.put("/api/fleet/robots/{id}/actions/{actionId}/retry", may=[STAFF])
def retry_action(id: str, action_id: str) -> None:
    """Tell a robot to try an action again that failed."""
    service.retry(id, action_id)


@api.put("/api/fleet/robots/{id}/actions/{actionId}/skip", may=[STAFF])
def skip_action(id: str, action_id: str) -> None:
    """Tell a robot to give up an action that failed, and to go on."""
    service.skip(id, action_id)


@api.post("/api/fleet/robots/{id}/certificate", may=[STAFF], versioned=False, errors=[409])
def issue_certificate(id: str, body: SigningRequest) -> CertificateAnswer:
    """Issue a robot a certificate; the newest two are valid, and the same key gets the same one again."""
    issued = certificates.issue(id, body.csr)
    topics = issued.topics
    return CertificateAnswer(
        certificate=issued.certificate,
        ca=issued.authorities,
        endpoint=issued.endpoint,
        topics=TopicNames(
            order=topics.order(id),
            instant_actions=topics.instant_actions(id),
            state=topics.state(id),
            connection=topics.connection(id),
            factsheet=topics.factsheet(id),
            visualization=topics.visualization(id),
        ),
    )


@api.get("/api/fleet/floor", may=[STAFF])
def get_floor() -> FloorAnswer:
    """Show the floor plan: where robots can stand, and the ways between."""
    floor = plan()
    ways = {frozenset(ends): edge for ends, edge in floor.edges.items()}
    return FloorAnswer(
        nodes=[NodeContent(id=n.id, x=n.x, y=n.y, kind=n.kind.value, label=n.label) for n in floor.nodes.values()],
        edges=[EdgeContent(id=edge.id, start=edge.start, end=edge.end) for edge in ways.values()],
    )


def _content(robot: shown.Shown) -> RobotContent:
    own = ("order", "retriable", "errors")
    same = {name: getattr(robot, name) for name in RobotContent.model_fields if name not in own}
    list_id, assignment = robot.list_id, robot.assignment
    return RobotContent(
        **same,
        order=None if list_id is None or assignment is None else OrderContent(list_id=list_id, assignment=assignment),
        retriable=list(robot.retriable),
        errors=[
            RobotError(
                type=problem.type,
                level=problem.level,
                description=problem.description,
                hint=problem.hint,
                references=[Reference(key=key, value=value) for key, value in problem.references],
            )
            for problem in robot.errors
        ],
    )
