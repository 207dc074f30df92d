"""What operators' tools are to be let do by what they are for: with all services alike, of which work shows some.

A forecast reads whatever its service holds; a replay works on all rows; operations' functions address every queue and
every function of their kind. Stated here by names alone, not by what the deployment makes of manifests.
"""

import re
from collections.abc import Iterator

from tests.infra.policies import HERE, Names
from tests.permissions.roles import Call, Role

GIVEN_UP = re.compile(r"mallbots-dev-[a-z]+-.*(dead-letters(\.fifo)?|undelivered|relay-failures)")
CONSUMED = re.compile(r"mallbots-dev-(?!operations)[a-z]+-(inbox|topics|dispatcher\.fifo)")
READS, REPLAYS = ("Query", "GetItem", "BatchGetItem"), ("GetItem", "BatchGetItem", "Scan", "PutItem", "DeleteItem")
MAPPING = f"arn:aws:lambda:{HERE}:event-source-mapping:1"

# function of operations → the functions that it invokes, by the end of their names
INVOKES = {
    "collector": ("relay",),
    "redriver": ("relay",),
    "runner": ("relay", "forecast", "replay"),
    "api": ("forecast", "operations-collector", "operations-redriver", "operations-runner"),
}
# function of operations → actions, and the queues that they are for
QUEUES: dict[str, tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]] = {
    "collector": ((("ReceiveMessage", "DeleteMessage"), GIVEN_UP),),
    "redriver": ((("SendMessage",), CONSUMED),),
    "runner": ((("GetQueueAttributes",), CONSUMED),),
    "api": ((("GetQueueAttributes",), CONSUMED),),
}


def by_what_it_is_for(role: Role, names: Names) -> set[Call]:
    """The calls that a tool is to be let make beyond those that it was seen to make; none for other functions."""
    service, _, part = role.name.partition("/")
    if part == "forecast":
        return set(_forecast(role))
    if part == "replay":
        return {Call(f"dynamodb:{action}", _table(role.environment["VIEWS"])) for action in REPLAYS}
    if service == "operations":
        return {*_queues(part, names), *_functions(part, names), *(_mappings(names) if part == "runner" else ())}
    return set()


def _forecast(role: Role) -> Iterator[Call]:
    for variable, actions in (("TABLE", READS[:2]), ("VIEWS", READS)):
        if name := role.environment.get(variable):
            yield from (Call(f"dynamodb:{action}", _table(name)) for action in actions)


def _queues(part: str, names: Names) -> Iterator[Call]:
    every = [queue["QueueName"] for _, _, queue in names.templates.resources("AWS::SQS::Queue")]
    for actions, pattern in QUEUES.get(part, ()):
        for queue in filter(pattern.fullmatch, every):
            yield from (Call(f"sqs:{action}", f"arn:aws:sqs:{HERE}:{queue}") for action in actions)


def _functions(part: str, names: Names) -> Iterator[Call]:
    for stack, logical_id, function in names.templates.resources("AWS::Lambda::Function"):
        if function.get("FunctionName", "").endswith(tuple(f"-{end}" for end in INVOKES.get(part, ()))):
            yield Call("lambda:InvokeFunction", names.arn(stack, logical_id))


def _mappings(names: Names) -> Iterator[Call]:
    """To switch the mapping of any consumer of another service, and to find them."""
    yield Call("lambda:ListEventSourceMappings", "*")
    for stack, logical_id, function in names.templates.resources("AWS::Lambda::Function"):
        if stack != "operations" and CONSUMED.fullmatch(f"{function.get('FunctionName', '')}{_fifo(function)}"):
            about = (("lambda:FunctionArn", names.arn(stack, logical_id)),)
            yield Call("lambda:UpdateEventSourceMapping", MAPPING, about)


def _fifo(function: dict[str, object]) -> str:
    return ".fifo" if str(function.get("FunctionName")).endswith("-dispatcher") else ""


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{HERE}:table/{name}"
