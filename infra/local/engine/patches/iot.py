"""IoT Core's control plane and topic rules.

Restored behaviour of AWS:

- The endpoint is where devices connect by MQTT. The engine gives its HTTP port, under a name that does not resolve.
  Here the address has a port, `127.0.0.1:8883`; on AWS it has none, and 8883 is meant.
  https://docs.aws.amazon.com/iot/latest/apireference/API_DescribeEndpoint.html
- A rule sends to a queue as its role, which IoT must be allowed to assume for that rule, and which must be allowed to
  send. Otherwise the action fails, and the rule's error action runs.
  https://docs.aws.amazon.com/iot/latest/developerguide/iot-create-role.html
  https://docs.aws.amazon.com/iot/latest/developerguide/cross-service-confused-deputy-prevention.html
- What a rule cannot read is not the publisher's fault: it is acknowledged, and the rule has its bytes. The engine ends
  the connection of a device whose payload has deeply nested JSON or a number of thousands of digits.
  https://docs.aws.amazon.com/iot/latest/developerguide/binary-payloads.html
- To attach and detach, and to list what is attached to a certificate, are calls on the certificate. The engine judges
  them by the thing, or by nothing.
  https://docs.aws.amazon.com/iot/latest/developerguide/security_iam_service-with-iam.html
- A retained message by HTTP needs `iot:RetainPublish` too.
  https://docs.aws.amazon.com/iot/latest/developerguide/iot-policy-actions.html
"""

import json
import os
from typing import Any
from urllib.parse import unquote

from infra.local.engine.patches.service_calls import of_role
from infra.local.engine.seams import Seams, module

DATA = "iot:Data-ATS"
ON_A_PRINCIPAL = {"PUT", "DELETE"}

Response = tuple[int, dict[str, str], bytes]


def apply() -> None:
    seams = Seams("iot")
    iot = module("services.iot")
    give_the_endpoint(seams, iot)
    read_any_payload(seams, iot)
    if seams.take(module("app"), "AUTH"):
        send_as_the_role(seams, iot)
        judge_by_certificate(seams)
        judge_retained(seams)


def give_the_endpoint(seams: Seams, iot: Any) -> None:
    describe = seams.take(iot, "_describe_endpoint")
    address = f"{os.environ.get('BIND_HOST', '127.0.0.1')}:{os.environ.get('IOT_MTLS_PORT', '8883')}"

    def describe_broker(query: dict[str, str]) -> Response:
        status, headers, body = describe(query)
        if status == 200 and query.get("endpointType", DATA) == DATA:
            body = json.dumps({"endpointAddress": address}).encode()
        return status, headers, body

    seams.replace(iot, "_describe_endpoint", describe_broker)


def read_any_payload(seams: Seams, iot: Any) -> None:
    read = seams.take(iot, "_rule_message")

    def read_or_keep(payload: bytes) -> Any:
        try:
            return read(payload)
        except (ValueError, RecursionError):
            return payload.decode(errors="replace")

    seams.replace(iot, "_rule_message", read_or_keep)


def send_as_the_role(seams: Seams, iot: Any) -> None:
    send, scope = seams.take(iot, "_dispatch_rule_sqs"), seams.take(iot, "request_scope")
    queues = module("services.sqs")
    seams.need(queues, "_get_q", "_Err")
    may_assume, role_may = of_trust(seams, iot), of_role(seams)

    def send_if_allowed(account: str, region: str, rule: str, action: dict[str, Any], event: Any) -> None:
        role = action.get("roleArn") or ""
        with scope(account, region):
            if not may_assume(role, account, f"arn:aws:iot:{region}:{account}:rule/{rule}"):
                raise PermissionError(f"unable to assume role {role}")
            try:
                queue = queues._get_q(action.get("queueUrl") or "")["attributes"]["QueueArn"]
            except queues._Err:
                queue = ""  # the engine says so itself
            if queue and not role_may({"Role": role, "FunctionName": rule}, "sqs:SendMessage", queue):
                raise PermissionError(f"{role} is not authorized to perform: sqs:SendMessage on resource: {queue}")
        send(account, region, rule, action, event)

    seams.replace(iot, "_dispatch_rule_sqs", send_if_allowed)


def of_trust(seams: Seams, iot: Any) -> Any:
    """The question whether a role's trust policy lets IoT assume it for a rule."""
    evaluator, roles = module("core.iam_evaluator"), seams.take(module("services.iam"), "_roles")
    trusts_iot = seams.take(iot, "_iot_role_usable")  # by principal and action alone
    evaluate = seams.take(evaluator, "evaluate_trust_policy")
    seams.need(evaluator, "EvalContext")

    def may_assume(role: str, account: str, rule: str) -> bool:
        if not trusts_iot(role):
            return False
        # As the account's root, which the engine takes for any service.
        caller = f"arn:aws:iam::{account}:root"
        context = evaluator.EvalContext(
            principal_arn=caller,
            principal_type="Service",
            principal_account=account,
            action="sts:AssumeRole",
            resource_arn=role,
            region="",
            service_context={"aws:sourcearn": rule, "aws:sourceaccount": account},
        )
        return bool(evaluate(roles[role.rpartition("/")[2]]["AssumeRolePolicyDocument"], caller, context))

    return may_assume


def judge_by_certificate(seams: Seams) -> None:
    actions = module("core.iam_actions")
    resource_of = seams.take(actions, "extract_resource_arn")

    def resource_or_certificate(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        found = certificate_of(method, path, headers, body) if service == "iot" else ""
        return found or str(resource_of(service, method, path, headers, body, *rest))

    seams.replace(actions, "extract_resource_arn", resource_or_certificate)


def certificate_of(method: str, path: str, headers: Any, body: bytes) -> str:
    """The ARN of the certificate that a call is judged by; empty when it is by something else."""
    _start, collection, *rest = [*path.split("/"), ""]
    principal = str(headers.get("x-amzn-principal") or "")
    if collection == "target-policies":
        try:
            return str(json.loads(body or b"{}").get("target") or "")
        except (ValueError, AttributeError):
            return ""
    if collection == "attached-policies":
        return unquote("/".join(rest).rstrip("/"))
    if collection == "things" and rest[1:2] == ["principals"]:
        return principal if method in ON_A_PRINCIPAL else ""
    return principal if collection == "principals" else ""


def judge_retained(seams: Seams) -> None:
    data, evaluator, responses = module("services.iot_data"), module("core.iam_evaluator"), module("core.responses")
    publish = seams.take(data, "_publish")
    seams.need(evaluator, "enforce")
    account, region = seams.take(responses, "get_account_id"), seams.take(responses, "get_region")
    error = seams.take(data, "error_response_json")

    async def publish_if_allowed(
        topic: str, body: bytes, query: dict[str, str], headers: dict[str, str], access_key: str
    ) -> Response:
        if str(query.get("retain", "")).lower() in ("1", "true", "yes"):
            resource = f"arn:aws:iot:{region()}:{account()}:topic/{topic}"
            if evaluator.enforce(access_key, "iot:RetainPublish", "iot-data", region(), resource_arn=resource):
                refused: Response = error("ForbiddenException", "Forbidden", 403)
                return refused
        published: Response = await publish(topic, body, query, headers, access_key)
        return published

    seams.replace(data, "_publish", publish_if_allowed)
