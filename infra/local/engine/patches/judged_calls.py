"""IAM: by which action some calls are judged, where that is not their name or the engine does not know it.

Restored behaviour of AWS, while roles are enforced:

- SendMessageBatch, DeleteMessageBatch and ChangeMessageVisibilityBatch are judged as the calls for one message.
  https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
- Calls on one event source mapping are judged by its ARN, and by `lambda:FunctionArn`, the function that it feeds. The
  engine lets everybody make them.
  https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from typing import Any

from infra.local.engine.seams import Seams, module

MAPPINGS, FUNCTION = "event-source-mappings", "lambda:FunctionArn"
OF_ONE = {"GET": "GetEventSourceMapping", "PUT": "UpdateEventSourceMapping", "DELETE": "DeleteEventSourceMapping"}
JUDGED_BY_FUNCTION = {f"lambda:{action}" for action in OF_ONE.values()}


def apply() -> None:
    seams = Seams("judged calls")
    actions = module("core.iam_actions")
    seams.replace(actions, "extract_iam_action", name_actions(seams.take(actions, "extract_iam_action")))
    judge_by_function(seams, module("core.iam_evaluator"))


def name_actions(action_of: Any) -> Any:
    """The action of a request, of a batch that of one message."""

    def named(service: str, method: str, path: str, *rest: Any) -> str | None:
        parts = [part for part in path.split("/") if part]
        if service == "lambda" and MAPPINGS in parts[:-1] and method in OF_ONE:
            return f"lambda:{OF_ONE[method]}"
        found = action_of(service, method, path, *rest)
        return str(found).removesuffix("Batch") if found and service == "sqs" else found

    return named


def judge_by_function(seams: Seams, evaluator: Any) -> None:
    """Give the evaluator the function of the mapping that a call is about."""
    mappings = seams.take(module("services.lambda_svc"), "_esms")
    enforce = seams.take(evaluator, "enforce")

    def enforced(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(service_context or {})
        if action in JUDGED_BY_FUNCTION:
            mapping = mappings.get(resource_arn.rpartition(":")[2]) or {}
            context |= {FUNCTION: mapping["FunctionArn"]} if "FunctionArn" in mapping else {}
        return enforce(access_key, action, service, region, resource_arn=resource_arn, service_context=context)

    seams.replace(evaluator, "enforce", enforced)
