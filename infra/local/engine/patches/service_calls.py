"""IAM: calls that AWS makes for us, which the engine makes without asking the evaluator.

Restored behaviour of AWS, while roles are enforced (a rule's calls to queues: see eventbridge.py):

- The gateway invokes a function only if the function's policy allows the route. Otherwise it answers 500, to a
  WebSocket's handshake too.
  https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
- An alarm notifies a topic only if the topic's policy allows CloudWatch to publish.
  https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
- An event source mapping is refused unless the function's role may read the source, and send to the destination of
  what fails. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""

import json
from typing import Any

from infra.local.engine.seams import Seams, module

READS = {
    "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
    "dynamodb": ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
}
NOTIFIED = ("AlarmActions", "OKActions", "InsufficientDataActions")


def apply() -> None:
    seams = Seams("service_calls")
    if not seams.take(module("app"), "AUTH"):
        return
    guard_gateway(seams)
    guard_alarms(seams)
    guard_mappings(seams)


def guard_gateway(seams: Seams) -> None:
    gateway, functions = module("services.apigateway"), module("services.lambda_svc")
    evaluator = module("core.iam_evaluator")
    seams.need(gateway, "_extract_lambda_ref_from_integration_uri")
    seams.need(functions, "_get_func_record_for_ref_in_scope", "logger")
    seams.need(evaluator, "EvalContext", "evaluate_resource_policy")
    invoke, invoke_socket = (seams.take(gateway, name) for name in ("_invoke_lambda_proxy", "_invoke_ws_lambda"))
    integrations = seams.take(gateway, "_integrations")

    def refused(integration: Any, account: str, region: str, route: str) -> bool:
        function, config, _ = functions._get_func_record_for_ref_in_scope(
            gateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", "")),
            account_id=account,
            region=region,
        )
        if not function or may_invoke(function, config, account, region, route):
            return False
        functions.logger.warning("the gateway may not invoke %s as %s", config["FunctionArn"], route)
        return True

    def may_invoke(function: dict[str, Any], config: dict[str, Any], account: str, region: str, route: str) -> bool:
        # The gateway is no principal of the account: a statement for the account does not cover it, one for all does.
        context = evaluator.EvalContext(
            principal_arn="*",
            principal_type="Service",
            principal_account="",
            action="lambda:InvokeFunction",
            resource_arn=config["FunctionArn"],
            region=region,
            service_context={"aws:sourcearn": f"arn:aws:execute-api:{region}:{account}:{route}"},
        )
        policy = function["policy"]
        judged = evaluator.evaluate_resource_policy(policy, context, service="apigateway.amazonaws.com")
        return bool(judged.decision == "Allow")

    async def invoke_if_allowed(integration: Any, api: str, stage: str, *rest: Any, **more: Any) -> Any:
        key = rest[5]  # of the route: after path, method, headers, body and query
        route = f"{api}/{stage}/{key.replace(' ', '', 1)}"
        if refused(integration, more["owner_account_id"], more["owner_region"], route):
            return 500, {"Content-Type": "application/json"}, json.dumps({"message": "Internal Server Error"}).encode()
        return await invoke(integration, api, stage, *rest, **more)

    async def invoke_socket_if_allowed(
        api: str, account: str, region: str, route: dict[str, Any], stage: str, *rest: Any, **more: Any
    ) -> Any:
        integration = integrations.get(api, {}).get(route.get("target", "").rpartition("/")[2], {})
        if refused(integration, account, region, f"{api}/{stage}/{route['routeKey']}"):
            return {"statusCode": 500}
        return await invoke_socket(api, account, region, route, stage, *rest, **more)

    seams.replace(gateway, "_invoke_lambda_proxy", invoke_if_allowed)
    seams.replace(gateway, "_invoke_ws_lambda", invoke_socket_if_allowed)


def guard_alarms(seams: Seams) -> None:
    alarms, topics = module("services.cloudwatch"), module("services.sns")
    seams.need(topics, "topic_policy_allows")
    seams.need(alarms, "logger")
    account = seams.take(module("core.responses"), "get_account_id")
    notify = seams.take(alarms, "_dispatch_alarm_actions")

    def may_publish(topic: str, alarm: dict[str, Any]) -> bool:
        allowed = topics.topic_policy_allows(topic, "cloudwatch.amazonaws.com", alarm.get("AlarmArn", ""), account())
        if not allowed:
            alarms.logger.warning("%s may not publish to %s", alarm.get("AlarmArn", ""), topic)
        return bool(allowed)

    def notify_allowed(alarm: dict[str, Any], *states: Any) -> None:
        allowed = {name: [topic for topic in alarm.get(name) or [] if may_publish(topic, alarm)] for name in NOTIFIED}
        notify({**alarm, **allowed}, *states)

    seams.replace(alarms, "_dispatch_alarm_actions", notify_allowed)


def guard_mappings(seams: Seams) -> None:
    """Mappings that are created by the API or by a stack."""
    functions, responses = module("services.lambda_svc"), module("core.responses")
    provisioners = module("services.cloudformation.provisioners")
    seams.need(functions, "_get_func_record_for_ref")
    error = seams.take(responses, "error_response_json")
    create = seams.take(functions, "_create_esm")
    types = seams.take(provisioners, "_RESOURCE_HANDLERS")
    mapping_type = types["AWS::Lambda::EventSourceMapping"]
    role_may = of_role(seams)

    def refusal(mapping: dict[str, Any]) -> str | None:
        _function, config, _name = functions._get_func_record_for_ref(mapping["FunctionName"])
        for action, resource in needed(mapping):
            if config and not role_may(config, action, resource):
                return (
                    f"The function execution role does not have permissions to call {action} on {resource}. "
                    "Please ensure that it has."
                )
        return None

    def create_if_allowed(mapping: dict[str, Any]) -> Any:
        refused = refusal(mapping)
        return error("InvalidParameterValueException", refused, 400) if refused else create(mapping)

    def provision_if_allowed(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        refused = refusal(properties)
        if refused:
            raise ValueError(refused)
        return mapping_type["create"](logical_id, properties, stack)

    seams.replace(functions, "_create_esm", create_if_allowed)
    provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"] = {
        **mapping_type,
        "create": provision_if_allowed,
    }


def needed(mapping: dict[str, Any]) -> list[tuple[str, str]]:
    """The actions that a mapping needs, each with its resource."""
    source = mapping["EventSourceArn"]
    service = source.split(":")[2]
    # ListStreams is judged on the streams of the table, not on one of them.
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/api-permissions-reference.html
    every = f"{source.rpartition('/')[0]}/*"
    found = [(f"{service}:{action}", every if action == "ListStreams" else source) for action in READS.get(service, ())]
    destination = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination", "")
    return [*found, ("sqs:SendMessage", destination)] if ":sqs:" in destination else found


def of_role(seams: Seams) -> Any:
    """The question whether a function's role, and the resource's own policy, allow an action."""
    evaluator, account = module("core.iam_evaluator"), seams.take(module("core.responses"), "get_account_id")
    seams.need(evaluator, "_gather_role_policies", "_resource_policy", "evaluate", "combine_resource_policy")

    def role_may(config: dict[str, Any], action: str, resource: str) -> bool:
        role = config["Role"].rsplit("/", 1)[-1]
        context = evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account()}:assumed-role/{role}/{config['FunctionName']}",
            principal_type="AssumedRole",
            principal_account=account(),
            action=action,
            resource_arn=resource,
            region=resource.split(":")[3],
        )
        result = evaluator.evaluate(context, evaluator._gather_role_policies(role, account()))
        found = evaluator._resource_policy(action.partition(":")[0], resource)
        if found is not None:
            result = evaluator.combine_resource_policy(result, context, *found)
        return bool(result.decision == "Allow")

    return role_may
