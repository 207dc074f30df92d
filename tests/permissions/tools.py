"""What functions are to be let do by what they are for: with all services alike, of which work shows some.

A forecast reads what its service's consumers read; a replay works on all rows; operations' functions address every
queue and every function of their kind; every consumer reports what became of letters; and whoever works with rows that
can be built anew reads which generations there are. Stated here by names alone, not by what the deployment does.
"""

import re
from collections.abc import Iterator, Mapping

from tests.infra.policies import HERE, Names
from tests.permissions.recorder import A_MAPPING
from tests.permissions.roles import Call, Role

GIVEN_UP = re.compile(r"mallbots-dev-[a-z]+-.*(dead-letters(\.fifo)?|undelivered|relay-failures)")
CONSUMED = re.compile(r"mallbots-dev-(?!operations)[a-z]+-(inbox|codes|gathered|topics|dispatcher\.fifo)")
READS = {"dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem", "lambda:InvokeFunction"}
REPLAYS = ("GetItem", "BatchGetItem", "Scan", "PutItem", "DeleteItem")
CONSUMERS = ("inbox", "codes", "dispatcher", "gathered", "topics")

OUTCOMES = "mallbots-dev-operations-outcomes"
SENT_BACK_TO = re.compile(f"{CONSUMED.pattern}|{OUTCOMES}")

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
    "redriver": ((("SendMessage",), SENT_BACK_TO),),
    "runner": ((("GetQueueAttributes",), CONSUMED),),
    "api": ((("GetQueueAttributes",), CONSUMED),),
}


def by_what_it_is_for(role: Role, names: Names, seen: Mapping[str, set[Call]]) -> set[Call]:
    """The calls that a function is to be let make beyond those that it was seen to make, by all of which were seen."""
    service, _, part = role.name.partition("/")
    if part == "forecast":
        return set(_forecast(role, seen))
    if part == "replay":
        return {Call(f"dynamodb:{action}", _table(role.environment["VIEWS"])) for action in REPLAYS}
    if service == "operations":
        return {*_queues(part, names), *_functions(part, names), *(_mappings(names) if part == "runner" else ())}
    reports = {Call("sqs:SendMessage", f"arn:aws:sqs:{HERE}:{OUTCOMES}")} if part in CONSUMERS else set()
    return reports | set(_generations(role, seen))


def _forecast(role: Role, seen: Mapping[str, set[Call]]) -> Iterator[Call]:
    """What consumers read; the commit that a relay could not publish; and what a row is before another is noted."""
    service = role.name.partition("/")[0]
    handled = {call for part in CONSUMERS for call in seen.get(f"{service}/{part}", ())}
    yield from (call for call in handled if call.action in READS)
    if table := role.environment.get("TABLE"):
        yield Call("dynamodb:Query", _table(table))
    if rows := role.environment.get("VIEWS"):
        yield Call("dynamodb:GetItem", _table(rows))


def _generations(role: Role, seen: Mapping[str, set[Call]]) -> Iterator[Call]:
    rows = role.environment.get("VIEWS")
    if rows and f"{role.name.partition('/')[0]}/replay" in seen:
        yield Call("dynamodb:GetItem", _table(rows))


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
            yield Call("lambda:UpdateEventSourceMapping", A_MAPPING, about)


def _fifo(function: dict[str, object]) -> str:
    return ".fifo" if str(function.get("FunctionName")).endswith("-dispatcher") else ""


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{HERE}:table/{name}"
