"""The event bus: `patches/eventbridge.py`, and the matching of patterns, which the engine does correctly."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.engine.workbench import Function, Queue, Workbench, eventually

GOOD = {"Source": "mallbots.orders", "DetailType": "OrderCreated", "Detail": '{"order_id": "1"}'}


def rule(bench: Workbench, target: Function | Queue, *dead_letters: Queue, **parameters: Any) -> str:
    """A rule on the default bus for a source of its own, which is returned; it may send to the queues."""
    events, name = bench.client("events"), bench.name("rule")
    arn = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    bench.allow_rule(arn, *([target] if isinstance(target, Queue) else []), *dead_letters)
    if dead_letters:
        parameters["DeadLetterConfig"] = {"Arn": dead_letters[0].arn}
    events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": target.arn, **parameters}])
    return name


def put(bench: Workbench, source: str, *details: dict[str, Any]) -> None:
    entries = [{**GOOD, "Source": source, "Detail": json.dumps(detail)} for detail in details]
    assert bench.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({**GOOD, "Detail": "not json"}, "MalformedDetail"),
        ({**GOOD, "Detail": "[1]"}, "MalformedDetail"),
        ({**GOOD, "Detail": ""}, "InvalidArgument"),
        ({"DetailType": "OrderCreated", "Detail": "{}"}, "InvalidArgument"),
        ({"Source": "mallbots.orders", "Detail": "{}"}, "InvalidArgument"),
        ({"Source": "mallbots.orders", "DetailType": "OrderCreated"}, "InvalidArgument"),
    ],
)
def test_a_wrong_entry_is_refused_and_the_others_are_put(bench: Workbench, entry: dict[str, Any], code: str) -> None:
    answer = bench.client("events").put_events(Entries=[GOOD, entry, GOOD])

    assert answer["FailedEntryCount"] == 1
    assert [result.get("ErrorCode") for result in answer["Entries"]] == [None, code, None]
    assert [bool(result.get("EventId")) for result in answer["Entries"]] == [True, False, True]


@pytest.mark.parametrize("entries", [[GOOD] * 11, [{**GOOD, "Detail": json.dumps({"x": "x" * 600_000})}] * 2])
def test_a_request_of_more_than_ten_entries_or_more_than_a_megabyte_is_refused(
    bench: Workbench, entries: list[dict[str, Any]]
) -> None:
    with pytest.raises(ClientError) as refused:
        bench.client("events").put_events(Entries=entries)

    assert refused.value.response["Error"]["Code"] == "ValidationException"


TO_INSIGHTS_OR_ALL = {"detail": {"to": [{"exists": False}, "insights"]}}
EITHER = {"$or": [{"detail-type": ["OrderCreated"]}, {"detail": {"total": [{"numeric": [">", 100]}]}}]}


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        (TO_INSIGHTS_OR_ALL, {"detail": {}}, True),
        (TO_INSIGHTS_OR_ALL, {"detail": {"to": "insights"}}, True),
        (TO_INSIGHTS_OR_ALL, {"detail": {"to": "search"}}, False),
        (TO_INSIGHTS_OR_ALL, {"detail": {"to": None}}, False),
        (EITHER, {"detail-type": "OrderCreated"}, True),
        (EITHER, {"detail-type": "OrderPaid", "detail": {"total": 101}}, True),
        (EITHER, {"detail-type": "OrderPaid", "detail": {"total": 100}}, False),
        ({"source": [{"prefix": "mallbots."}]}, {"source": "mallbots.orders"}, True),
        ({"source": [{"prefix": "mallbots."}]}, {"source": "other"}, False),
        ({"detail-type": [{"anything-but": ["OrderCreated"]}]}, {"detail-type": "OrderPaid"}, True),
        ({"source": ["a"], "detail-type": ["b", "c"]}, {"source": "a", "detail-type": "c"}, True),
        ({"source": ["a"], "detail-type": ["b", "c"]}, {"source": "a", "detail-type": "d"}, False),
    ],
)
def test_a_pattern_matches_as_documented(
    bench: Workbench, pattern: dict[str, Any], event: dict[str, Any], matches: bool
) -> None:
    whole: dict[str, Any] = {
        "id": "1",
        "account": "0",
        "source": "s",
        "time": "2026-01-01T00:00:00Z",
        "region": "r",
        "resources": [],
    }
    whole |= {"detail-type": "t", "detail": {}}

    answer = bench.client("events").test_event_pattern(
        EventPattern=json.dumps(pattern), Event=json.dumps({**whole, **event})
    )

    assert answer["Result"] is matches


def test_a_rule_retries_a_failing_function_and_then_invokes_its_failure_destination(bench: Workbench) -> None:
    function, failures = bench.function('note(event["detail"])\nraise ValueError'), bench.queue()
    bench.client("lambda").put_function_event_invoke_config(
        FunctionName=function.name,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": failures.arn}},
    )

    put(bench, rule(bench, function), {"n": 1})

    [message] = eventually(lambda: bench.receive(failures))
    assert function.notes() == [{"n": 1}] * 3
    assert json.loads(message["Body"])["requestPayload"]["detail"] == {"n": 1}


def test_an_event_that_cannot_be_delivered_goes_to_the_target_s_dead_letter_queue_with_the_reason(
    bench: Workbench,
) -> None:
    target, dead_letters = bench.queue(), bench.queue()
    source = rule(bench, target, dead_letters)
    bench.client("sqs").delete_queue(QueueUrl=target.url)

    put(bench, source, {"n": 1})

    [message] = eventually(lambda: bench.receive(dead_letters))
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    reasons = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert reasons["TARGET_ARN"] == target.arn
    assert reasons["RULE_ARN"].endswith(source)
    assert reasons["ERROR_CODE"]
    assert reasons["ERROR_MESSAGE"]


def test_an_event_for_a_queue_whose_policy_does_not_allow_the_rule_is_dead_lettered_with_that_reason(
    bench: Workbench,
) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html: NO_PERMISSIONS, without a retry."""
    target, dead_letters = bench.queue(), bench.queue()
    source = rule(bench, target, dead_letters)
    bench.allow_rule("arn:aws:events:eu-west-1:000000000000:rule/another", target)

    put(bench, source, {"n": 1})

    [message] = eventually(lambda: bench.receive(dead_letters))
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert bench.depth(target) == 0


def test_an_event_that_may_be_sent_to_no_queue_is_lost(bench: Workbench) -> None:
    target, dead_letters = bench.queue(), bench.queue()
    source = rule(bench, target, dead_letters)
    bench.allow_rule("arn:aws:events:eu-west-1:000000000000:rule/another", target, dead_letters)

    put(bench, source, {"n": 1})

    assert (bench.depth(target), bench.depth(dead_letters)) == (0, 0)


def test_a_fifo_queue_as_a_target_drops_duplicates_and_keeps_the_group(bench: Workbench) -> None:
    target = bench.queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    source = rule(bench, target, InputPath="$.detail", SqsParameters={"MessageGroupId": "robots"})

    put(bench, source, {"n": 1}, {"n": 1}, {"n": 2})

    received = eventually(lambda: bench.receive(target))
    # One message of a group is in flight at a time: the second is visible once the first is deleted.
    received += eventually(lambda: bench.receive(target)) if len(received) < 2 else []
    assert [json.loads(message["Body"]) for message in received] == [{"n": 1}, {"n": 2}]
    assert {message["Attributes"]["MessageGroupId"] for message in received} == {"robots"}


def test_an_input_template_puts_a_text_in_quotes_where_the_template_has_none(bench: Workbench) -> None:
    """As a schedule's rule sends its time to an inbox."""
    queue = bench.queue()
    template = '{"detail-type": "Due", "version": 1, "time": <time>}'
    transformer = {"InputPathsMap": {"time": "$.time"}, "InputTemplate": template}
    put(bench, rule(bench, queue, InputTransformer=transformer), {"order_id": "1"})

    [message] = eventually(lambda: bench.receive(queue))
    body = json.loads(message["Body"])
    assert (body["detail-type"], body["version"], body["time"][10]) == ("Due", 1, "T")
