"""EventBridge: validation by PutEvents, and retries, dead-letter queues and deduplication of rules' targets.

Restored behaviour of AWS:

- PutEvents refuses an entry without source, detail-type or detail, or whose detail is not a JSON object, with an
  `ErrorCode`, and accepts the others; it refuses a request of no entries or of more than 1 MB as a whole.
- A rule invokes a function asynchronously: with the function's retries, then its failure destination.
- A rule sends to a queue only if the queue's policy allows it (while roles are enforced: see process.py).
  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
- An event that a rule cannot deliver (the target does not exist, refuses it, or does not allow it) goes to the target's
  dead-letter queue, with a reason. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
- A FIFO queue as a target handles duplicates and groups as for any sender.
"""

import json
from typing import Any

from infra.local.engine.seams import Seams, module

MAX_REQUEST_BYTES = 1024 * 1024
TIMESTAMP_BYTES = 14  # what AWS counts for an entry that has a time


class UndeliveredError(BaseException):
    """A target did not accept an event; `code` is AWS's error code.

    Not an Exception, so that the engine's own `except Exception`, which only logs, does not catch it before
    `with_dead_letters` does.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def apply() -> None:
    seams = Seams("eventbridge")
    bus = module("services.eventbridge")
    seams.need(bus, "_pattern_event_view", "error_response_json", "logger")
    seams.replace(bus, "_put_events", validated(bus, seams.take(bus, "_put_events")))
    seams.replace(bus, "_dispatch_to_lambda", invoke_with_retries(seams))
    seams.replace(bus, "_dispatch_to_sqs", send_to_queue(seams))
    seams.replace(bus, "_invoke_target", with_dead_letters(seams, bus))


def validated(bus: Any, put_events: Any) -> Any:
    """PutEvents that validates the entries as AWS does, and puts the valid ones."""

    def put(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
        entries = data.get("Entries", [])
        refused = request_refusal(entries)
        if refused:
            return bus.error_response_json("ValidationException", refused, 400)
        refusals = [None if allow_aws_source else entry_refusal(entry) for entry in entries]
        passed = [entry for entry, refusal in zip(entries, refusals, strict=True) if refusal is None]
        if len(passed) == len(entries):
            return put_events(data, allow_aws_source)
        status, headers, body = put_events({**data, "Entries": passed}, allow_aws_source)
        answer = json.loads(body)
        accepted_results = iter(answer["Entries"])
        results = [refusal or next(accepted_results) for refusal in refusals]
        failed = sum("ErrorCode" in result for result in results)
        return status, headers, json.dumps({**answer, "FailedEntryCount": failed, "Entries": results}).encode()

    return put


def request_refusal(entries: list[dict[str, Any]]) -> str | None:
    """Why AWS refuses the request as a whole, if it does (the engine itself refuses more than 10 entries)."""
    if not entries:
        return (
            "1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        )
    if sum(map(entry_bytes, entries)) > MAX_REQUEST_BYTES:
        return "Total size of the entries in the request is over the limit."
    return None


def entry_bytes(entry: dict[str, Any]) -> int:
    """An entry's size as AWS counts it: the text of source, detail-type, detail and resources, and 14 for a time."""
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or [])]
    return sum(len(text.encode()) for text in texts if text) + (TIMESTAMP_BYTES if entry.get("Time") else 0)


def entry_refusal(entry: dict[str, Any]) -> dict[str, str] | None:
    """How AWS answers an entry that it refuses, or None."""
    for field in ("Source", "DetailType", "Detail"):
        if not entry.get(field):
            reason = f"Parameter {field} is not valid. Reason: {field} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


def invoke_with_retries(seams: Seams) -> Any:
    """The dispatch to a function as an asynchronous invocation: retries, then the failure destination."""
    functions = module("services.lambda_svc")
    seams.need(functions, "invoke_async_with_retry", "_get_func_record_for_ref", "_execution_record_for_config")

    def dispatch(arn: str, payload: str) -> None:
        function, config, _name = functions._get_func_record_for_ref(arn)
        if not function:
            raise UndeliveredError("RESOURCE_NOT_FOUND", f"Function not found: {arn}")
        record = functions._execution_record_for_config(function, config)
        functions.invoke_async_with_retry(record, json.loads(payload))

    return dispatch


def send_to_queue(seams: Seams) -> Any:
    """The dispatch to a queue as for any sender: limits, groups and deduplication."""
    sqs = module("services.sqs")
    seams.need(sqs, "_queue_by_arn", "_queue_url_for_account", "_Err", "_act_send_message")

    def dispatch(target: Any, payload: str, parameters: dict[str, Any] | None = None) -> None:
        if sqs._queue_by_arn(str(target)) is None:
            raise UndeliveredError("RESOURCE_NOT_FOUND", f"The specified queue does not exist: {target}")
        url = sqs._queue_url_for_account(target.account_id, target.resource)
        message = {"QueueUrl": url, "MessageBody": payload, **(parameters or {})}
        try:
            sqs._act_send_message(message, url)
        except sqs._Err as refused:
            raise UndeliveredError(refused.code, refused.message) from refused

    return dispatch


def with_dead_letters(seams: Seams, bus: Any) -> Any:
    """The dispatch of an event to a target; what fails goes to the target's dead-letter queue."""
    arns, sqs = module("core.arn"), module("services.sqs")
    invoke_target = seams.take(bus, "_invoke_target")
    seams.need(sqs, "queue_policy_allows")
    account = seams.take(module("core.responses"), "get_account_id")

    def may_send(queue: str, rule: dict[str, Any]) -> bool:
        return bool(sqs.queue_policy_allows(queue, "events.amazonaws.com", rule.get("Arn") or "", account()))

    def invoke(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        try:
            if sqs._queue_by_arn(target.get("Arn", "")) and not may_send(target["Arn"], rule):
                raise UndeliveredError("NO_PERMISSIONS", "The queue's policy does not allow the rule to send to it.")
            invoke_target(target, event, rule, view)
        except UndeliveredError as undelivered:
            bus.logger.warning("EventBridge: %s not delivered: %s", target.get("Arn"), undelivered)
            dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn")
            if dead_letters and sqs._queue_by_arn(dead_letters) and may_send(dead_letters, rule):
                whole_event = (view or bus._pattern_event_view(event)).event_with_detail()
                dead_letter(arns.parse_arn(dead_letters), whole_event, target, rule, undelivered)

    def dead_letter(
        queue: Any, event: Any, target: dict[str, Any], rule: dict[str, Any], why: UndeliveredError
    ) -> None:
        url = sqs._queue_url_for_account(queue.account_id, queue.resource)
        reasons = {
            "RULE_ARN": rule.get("Arn") or "",
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": why.code,
            "ERROR_MESSAGE": str(why),
        }
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in reasons.items() if value}
        sqs._act_send_message({"QueueUrl": url, "MessageBody": json.dumps(event), "MessageAttributes": attributes}, url)

    return invoke
