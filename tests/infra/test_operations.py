"""What operations' functions may do to the queues and functions of all services, and what tools may do at all."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.kernel.composition.manifest import manifest, services
from functions.operations import consumers, sending
from functions.operations.consumers import Consumer, Served
from functions.operations.letters import Letter
from functions.operations.runs import Run
from infra import operations
from infra.operations import all_services
from tests.infra.conftest import POLICIES, Resource, Templates, arn_of, listed, synthesize
from tests.infra.policies import HERE, Call, Names, may, policies_of, role_policies

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem")
LIMIT = 4_096  # bytes of a function's variables together
VARIABLES = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"


@pytest.fixture(scope="module", params=["dev", "prod"])
def names(request: pytest.FixtureRequest) -> Names:
    templates: Templates = request.getfixturevalue(request.param)
    return Names(templates)


def functions(names: Names) -> Iterator[tuple[str, str, Resource]]:
    """Every function of a service: its stack, its handler, and its properties."""
    for stack, _, function in names.templates.resources("AWS::Lambda::Function"):
        yield stack, function["Handler"].rpartition(".")[2], function


def who_may(names: Names, action: str, resource: str, **context: str) -> set[str]:
    """The functions that may do this: `operations/collector`."""
    call = Call(action, resource, None, context)
    return {
        f"{stack}/{name}" for stack, name, f in functions(names) if may(call, role_policies(names, stack, f), names)
    }


def actions_of(names: Names, stack: str, function: Resource) -> set[str]:
    return {action for _, one in role_policies(names, stack, function) for action in listed(one["Action"])}


def tables_of(names: Names, stack: str, function: Resource) -> set[str]:
    """The logical ids of the tables that a function may use."""
    return {
        arn_of(resource)
        for _, statement in role_policies(names, stack, function)
        if "dynamodb:" in str(statement["Action"])
        for resource in listed(statement["Resource"])
        if "Fn::GetAtt" in resource
    }


def physical(names: Names, stack: str, logical_id: str) -> str:
    return names.arn(stack, logical_id).rpartition(":")[2]


def failure_queues(names: Names) -> set[str]:
    """The names of all queues that hold what was given up: where rules, mappings and queues send it."""
    templates = names.templates
    of_queues = {
        physical(names, stack, arn_of(queue["RedrivePolicy"]["deadLetterTargetArn"]))
        for stack, _, queue in templates.resources("AWS::SQS::Queue")
        if "RedrivePolicy" in queue
    }
    of_rules = {
        physical(names, stack, arn_of(target["DeadLetterConfig"]["Arn"]))
        for stack, _, rule in templates.resources("AWS::Events::Rule")
        for target in rule["Targets"]
        if "DeadLetterConfig" in target
    }
    of_topics = {
        physical(names, stack, rule["TopicRulePayload"]["ErrorAction"]["Sqs"]["QueueUrl"]["Ref"])
        for stack, _, rule in templates.resources("AWS::IoT::TopicRule")
    }
    of_streams = {
        physical(names, stack, arn_of(mapping["DestinationConfig"]["OnFailure"]["Destination"]))
        for stack, _, mapping in templates.resources("AWS::Lambda::EventSourceMapping")
        if "DestinationConfig" in mapping
    }
    return of_queues | of_rules | of_topics | of_streams


def consumed_queues(names: Names) -> set[str]:
    return {
        physical(names, stack, arn_of(mapping["EventSourceArn"]))
        for stack, _, mapping in names.templates.resources("AWS::Lambda::EventSourceMapping")
        if "StreamArn" not in str(mapping["EventSourceArn"])
    }


def environment(names: Names, function: str) -> dict[str, str]:
    [variables] = [f["Environment"]["Variables"] for s, name, f in functions(names) if f"{s}/{name}" == function]
    return {name: names.of("operations", value) for name, value in variables.items()}


@pytest.fixture
def as_collector(names: Names, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment of the collector, as it finds it."""
    for name, value in environment(names, "operations/collector").items():
        monkeypatch.setenv(name, value)
    consumers.services.cache_clear()
    yield
    consumers.services.cache_clear()


@pytest.mark.usefixtures("as_collector")
def test_the_collector_finds_every_queue_that_holds_what_was_given_up_and_each_consumers_queue(names: Names) -> None:
    failures = {consumers.queue_url(queue.physical) for queue in consumers.failure_queues().values()}
    assert {url.rpartition("/")[2] for url in failures} == failure_queues(names)
    assert len(failures) > 3 * len(services()) - 5
    sent_to = [consumers.queue_url(one.physical) for one in consumers.consumers().values() if one.handles]
    assert {url.rpartition("/")[2] for url in sent_to} == consumed_queues(names)
    base = "https://sqs.eu-west-1.amazonaws.com/111122223333/"
    assert {url[: len(base)] for url in (*failures, *sent_to)} == {base}


@pytest.mark.usefixtures("as_collector")
def test_the_functions_that_operations_invokes_are_there_under_the_names_by_which_it_does(names: Names) -> None:
    kinds_of = ("AWS::Lambda::Function", "AWS::Lambda::Alias")
    there = {names.arn(stack, name) for kind in kinds_of for stack, name in every(names, kind)}
    kinds: dict[str, Callable[[consumers.Served], bool]] = {
        "relay": lambda one: one.has_history,
        "forecast": lambda one: one.has_consumers,
        "replay": lambda one: one.has_rows,
    }
    for kind, has in kinds.items():
        for service, one in consumers.services().items():
            arn = f"arn:aws:lambda:{HERE}:function:{consumers.function_name(service, kind)}"
            assert (arn in there) is has(one), arn


def every(names: Names, kind: str) -> list[tuple[str, str]]:
    found = [
        (stack, name)
        for stack, template in names.templates.stacks.items()
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    ]
    return found


def test_what_a_function_of_operations_finds_in_its_environment_is_not_too_much(names: Names) -> None:
    for stack, name, function in functions(names):
        size = size_of_variables(names, stack, function)
        assert size < LIMIT * 3 / 4, (stack, name, size, VARIABLES)


def test_no_role_has_more_policies_than_iam_takes(names: Names) -> None:
    assert_iam_takes(names)


def test_a_function_has_its_grants_before_it_is_there_and_none_moves_before_it_is_granted_elsewhere(
    names: Names,
) -> None:
    assert_granted_in_order(names)


def assert_granted_in_order(names: Names) -> None:
    """CloudFormation works on all at once that does not depend on one another."""
    resources = names.templates.stacks["operations"]["Resources"]
    for function in (one for one in resources.values() if one["Type"] == "AWS::Lambda::Function"):
        role = {"Ref": function["Properties"]["Role"]["Fn::GetAtt"][0]}
        own = {
            name: one["Type"]
            for name, one in resources.items()
            if one["Type"] in POLICIES and role in one["Properties"]["Roles"]
        }
        assert set(own) <= set(function["DependsOn"])
        [in_line] = [name for name, kind in own.items() if kind == "AWS::IAM::Policy"]
        before, found = {in_line}, [in_line]
        while found:
            needed = set(resources[found.pop()].get("DependsOn", [])) & set(own)
            found += needed - before
            before |= needed
        assert before == set(own)  # what is in line is last, and what names move to is first


def test_a_mall_of_forty_services_fits_what_aws_takes_of_operations(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rooms = ("inbox", consumers.RELAY)
    more = [f"department{number}" for number in range(len(services()), 40)]
    served = {name: Served(name, tuple(Consumer(name, room) for room in rooms), has_rows=True) for name in more}
    known = all_services()
    monkeypatch.setattr(operations, "all_services", lambda: known | served)
    large = Names(synthesize("prod", tmp_path))
    assert_iam_takes(large)
    assert_granted_in_order(large)
    for stack, handler, function in functions(large):
        assert size_of_variables(large, stack, function) < LIMIT, (handler, VARIABLES)
    assert len(large.templates.stacks["operations"]["Resources"]) < 500


def assert_iam_takes(names: Names) -> None:
    """In line 10,240 characters together; managed 10 policies, of 6,144 each; white space is not counted.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    for stack, name, function in functions(names):
        sizes: dict[str, list[int]] = {kind: [] for kind in POLICIES}
        for kind, document in policies_of(names, stack, function):
            sizes[kind].append(len(json.dumps(_resolved(names, stack, document), separators=(",", ":"))))
        in_line, managed = sizes.values()
        assert sum(in_line) < 10_240 * 0.9, (stack, name)
        assert max(managed, default=0) < 6_144 * 0.95, (stack, name)
        assert len(managed) < 10, (stack, name)


def size_of_variables(names: Names, stack: str, function: Resource) -> int:
    variables = {key: names.of(stack, value) for key, value in function["Environment"]["Variables"].items()}
    return sum(len(key) + len(value) for key, value in variables.items())


def _resolved(names: Names, stack: str, value: Any) -> Any:
    """A part of a policy with every reference resolved."""
    if isinstance(value, list):
        return [_resolved(names, stack, one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) & {"Ref", "Fn::GetAtt", "Fn::Join"}:
        return names.of(stack, value)
    return {key: _resolved(names, stack, one) for key, one in value.items()}


def test_the_collector_alone_takes_from_the_queues_of_what_was_given_up(names: Names) -> None:
    for queue in failure_queues(names):
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage"):
            assert who_may(names, action, f"arn:aws:sqs:{HERE}:{queue}") == {"operations/collector"}, queue


@pytest.mark.usefixtures("as_collector")
def test_the_api_alone_sees_how_many_dead_letters_of_a_consumer_are_not_collected_yet(names: Names) -> None:
    handling = [one for of in consumers.services().values() if of.has_rows for one in of.consumers if one.handles]
    for queue in (queue for one in handling for queue in one.failure_queues if queue.kind == consumers.DEAD_LETTERS):
        there = consumers.queue_url(queue.physical).rpartition("/")[2]
        assert who_may(names, "sqs:GetQueueAttributes", f"arn:aws:sqs:{HERE}:{there}") == {"operations/api"}, queue


def test_the_redriver_may_send_to_every_consumer_and_nobody_else_to_another_services(names: Names) -> None:
    for queue in consumed_queues(names):
        service = queue.split("-")[2]
        senders = who_may(names, "sqs:SendMessage", f"arn:aws:sqs:{HERE}:{queue}")
        assert "operations/redriver" in senders, queue
        assert {one for one in senders - {"operations/redriver"} if not one.startswith(f"{service}/")} == set(), queue


@pytest.mark.usefixtures("as_collector")
def test_every_letter_that_a_redrive_takes_may_be_sent_by_the_redriver_or_by_its_relay(names: Names) -> None:
    run = Run("run-1", {}, "operator:ada", "2026-03-01T12:00:00Z")
    for name, consumer in consumers.consumers().items():
        assert sending.why_misfit(run, Letter("letter-1", name, "", "{}")) == ""
        if consumer.is_relay:
            action, where = "lambda:InvokeFunction", consumers.function_name(consumer.service, consumers.RELAY)
            resource = f"arn:aws:lambda:{HERE}:function:{where}"
        else:
            action, where = "sqs:SendMessage", consumers.queue_url(consumer.physical).rpartition("/")[2]
            resource = f"arn:aws:sqs:{HERE}:{where}"
        assert "operations/redriver" in who_may(names, action, resource), name


def test_every_consumer_may_report_what_became_of_a_letter_and_the_redriver_alone_takes_that(names: Names) -> None:
    [outcomes] = {q for stack, q in named_queues(names) if stack == "operations" and q.endswith("-outcomes")}
    arn = f"arn:aws:sqs:{HERE}:{outcomes}"
    consuming = {f"{one.service}/{one.queue}" for s in all_services().values() for one in s.consumers if one.handles}
    assert who_may(names, "sqs:SendMessage", arn) == {*consuming, "operations/redriver"}
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage"):
        assert who_may(names, action, arn) == {"operations/redriver"}
    for stack, name, function in functions(names):
        if f"{stack}/{name}" in consuming:
            assert names.of(stack, function["Environment"]["Variables"]["OUTCOMES_URL"]).endswith(f"/{outcomes}")


def named_queues(names: Names) -> list[tuple[str, str]]:
    return [(stack, queue["QueueName"]) for stack, _, queue in names.templates.resources("AWS::SQS::Queue")]


def test_a_forecast_writes_nothing_and_sends_nothing(names: Names) -> None:
    """It may read what its consumers read, write its log, and ask the owners that they ask."""
    forecasts = [(stack, f) for stack, name, f in functions(names) if name == "forecast"]
    assert {stack for stack, _ in forecasts} == {name for name in services() if manifest(name).has_consumers}
    reads = {"dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem", "lambda:InvokeFunction"}
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    for stack, function in forecasts:
        assert actions_of(names, stack, function) <= reads | logs, stack
        invoked = {
            names.of(stack, resource)
            for _, statement in role_policies(names, stack, function)
            if statement["Action"] == "lambda:InvokeFunction"
            for resource in listed(statement["Resource"])
        }
        assert all(":function:mallbots-" in arn and "-queries" in arn for arn in invoked), stack


def test_a_replay_touches_rows_alone(names: Names) -> None:
    """No port, bus, inbox, stream or other function: an effect to the outside cannot be repeated by it."""
    replays = [(stack, f) for stack, name, f in functions(names) if name == "replay"]
    assert {stack for stack, _ in replays} == {name for name in services() if manifest(name).makes_rows}
    for stack, function in replays:
        actions = actions_of(names, stack, function) - {"logs:CreateLogStream", "logs:PutLogEvents"}
        assert {action.partition(":")[0] for action in actions} == {"dynamodb"}, stack
        assert {table[:12] for table in tables_of(names, stack, function)} == {"ServiceViews"}, stack


def test_operations_has_rows_of_its_own_and_touches_no_table_of_others(names: Names) -> None:
    for stack, name, function in functions(names):
        if stack == "operations":
            assert {table[:12] for table in tables_of(names, stack, function)} == {"ServiceViews"}, name


@pytest.mark.parametrize("consumer", ["depot-inbox", "fleet-topics", "depot-dispatcher"])
def test_a_mapping_is_paused_by_its_function_and_that_of_a_relay_by_nobody(names: Names, consumer: str) -> None:
    mapping = f"arn:aws:lambda:{HERE}:event-source-mapping:1"
    stage = environment(names, "operations/api")["MALLBOTS_STAGE"]
    prefix = f"arn:aws:lambda:{HERE}:function:mallbots-{stage}"

    def may_update(function: str) -> set[str]:
        return who_may(names, "lambda:UpdateEventSourceMapping", mapping, **{"lambda:FunctionArn": function})

    assert may_update(f"{prefix}-{consumer}") <= {"operations/api", "operations/runner", "operations/redriver"}
    assert may_update(f"{prefix}-depot-relay") == may_update(f"{prefix}-depot-api") == set()
