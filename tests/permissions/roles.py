"""The functions of a stage's templates: their environments, the statements of their roles, and AWS's own calls."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.infra.conftest import Resource, listed
from tests.infra.policies import Names, role_policies

# What Lambda calls as the function's role.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html (CreateLogGroup is
# not needed: the group is there.)
LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaSQSQueueExecutionRole.html
QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html
STREAM = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)


@dataclass(frozen=True)
class Call:
    """A call as IAM judges it: an action on a resource, with the condition keys of the request."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        keys = "".join(f" {value}" for _, value in self.context)
        return f"{self.action.partition(':')[2]} {self.resource.split(':', 5)[-1]}{keys}"


def reads_of(stream: str) -> Iterator[Call]:
    """What reads a table's stream; ListStreams is about all streams of the table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/api-permissions-reference.html
    """
    for action in STREAM:
        yield Call(action, f"{stream.rpartition('/')[0]}/*" if action == "dynamodb:ListStreams" else stream)


@dataclass(frozen=True)
class Role:
    """One function: `ordering/inbox`. statements: of its role, with every reference resolved.

    platform: the calls that Lambda makes as this role.
    """

    name: str
    environment: dict[str, str] = field(repr=False)
    statements: tuple[Resource, ...] = field(repr=False)
    platform: frozenset[Call] = field(repr=False)


def roles(names: Names) -> dict[str, Role]:
    """All functions of the templates, by name."""
    found = [_role(names, stack, name, f) for stack, name, f in names.templates.resources("AWS::Lambda::Function")]
    return {role.name: role for role in sorted(found, key=lambda role: role.name)}


def _role(names: Names, stack: str, logical_id: str, function: Resource) -> Role:
    environment = {name: names.of(stack, value) for name, value in function["Environment"]["Variables"].items()}
    part = function["Handler"].rpartition(".")[2]
    return Role(
        name=f"{environment['MALLBOTS_SERVICE']}/{part}",
        environment=environment,
        statements=tuple(_resolved(names, stack, s) for _, s in role_policies(names, stack, function)),
        platform=frozenset(_platform(names, stack, logical_id, function)),
    )


def _resolved(names: Names, stack: str, statement: Resource) -> Resource:
    """The statement as it is deployed."""
    resolved = {key: value for key, value in statement.items() if key not in ("Resource", "Action")}
    resolved["Action"] = listed(statement["Action"])
    if "Condition" in statement:
        resolved["Condition"] = {
            operator: {key: [names.of(stack, one) for one in listed(values)] for key, values in tests.items()}
            for operator, tests in statement["Condition"].items()
        }
    if "Resource" in statement:
        resolved["Resource"] = [names.of(stack, resource) for resource in listed(statement["Resource"])]
    return resolved


def _platform(names: Names, stack: str, logical_id: str, function: Resource) -> Iterator[Call]:
    group = names.arn(stack, function["LoggingConfig"]["LogGroup"]["Ref"])
    yield from (Call(action, f"{group.removesuffix('*')}log-stream:1") for action in LOGS)
    for other, _, source in names.templates.resources("AWS::Lambda::EventSourceMapping"):
        if (other, source["FunctionName"]) != (stack, {"Ref": logical_id}):
            continue
        arn = names.of(stack, source["EventSourceArn"])
        yield from (Call(action, arn) for action in QUEUE) if ":sqs:" in arn else reads_of(arn)
        if "DestinationConfig" in source:
            yield Call("sqs:SendMessage", names.of(stack, source["DestinationConfig"]["OnFailure"]["Destination"]))
