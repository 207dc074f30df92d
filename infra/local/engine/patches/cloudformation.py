"""CloudFormation: resource types and properties that the stacks use and the engine lacks.

Restored behaviour of AWS:

- `AWS::Events::Archive`, `Connection` and `ApiDestination` are created as by the API.
- A table's `TimeToLiveSpecification` and `PointInTimeRecoverySpecification` take effect, on creation and on update.
- An HTTP API's `CorsConfiguration` takes effect: templates write `AllowOrigins` where the API has `allowOrigins`.
- `Ref` of a secret is its ARN, where the engine gives its name.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
- Types that only observe or restrict are accepted without effect: composite alarms, alarms on metric math, saved
  queries, X-Ray groups and sampling rules, policies of buses, queues and topics, the style of a managed login. They
  are tested on the template.
"""

import json
from typing import Any

from infra.local.engine.seams import Seams, module

ACCEPTED_WITHOUT_EFFECT = (
    "AWS::ApplicationInsights::Application",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::Events::EventBusPolicy",
    "AWS::Logs::QueryDefinition",
    "AWS::ResourceGroups::Group",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::XRay::Group",
    "AWS::XRay::ResourcePolicy",
    "AWS::XRay::SamplingRule",
)


def apply() -> None:
    seams = Seams("cloudformation")
    provisioners = module("services.cloudformation.provisioners")
    types: dict[str, dict[str, Any]] = seams.take(provisioners, "_RESOURCE_HANDLERS")
    for name in ACCEPTED_WITHOUT_EFFECT:
        types.setdefault(name, without_effect(name))
    events = module("services.eventbridge")
    types["AWS::Events::Archive"] = archive(seams, events)
    connection, destination = {"Arn": "ConnectionArn", "SecretArn": "SecretArn"}, {"Arn": "ApiDestinationArn"}
    types["AWS::Events::Connection"] = named_by_api(seams, events, "connection", connection)
    types["AWS::Events::ApiDestination"] = named_by_api(seams, events, "api_destination", destination)
    for table in ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"):
        types[table] = with_recovery(seams, with_time_to_live(seams, types[table]))
    types["AWS::ApiGatewayV2::Api"] = with_cors_in_lower_case(types["AWS::ApiGatewayV2::Api"])
    types["AWS::SecretsManager::Secret"] = known_by_arn(seams, types["AWS::SecretsManager::Secret"])
    types["AWS::CloudWatch::Alarm"] = with_metric_math(types["AWS::CloudWatch::Alarm"])


def accepted(response: tuple[int, Any, bytes], what: str) -> dict[str, Any]:
    """The answer of one of the engine's API functions.

    Raises:
        ValueError: the request was refused; the stack fails with its message.
    """
    status, _headers, body = response
    if status >= 400:
        raise ValueError(f"{what}: {body!r}")
    answer: dict[str, Any] = json.loads(body or b"{}")
    return answer


def without_effect(type_name: str) -> dict[str, Any]:
    """A type that is accepted, and exists in the stack only."""
    service = type_name.split("::")[1].lower()

    def create(logical_id: str, _properties: Any, stack: str) -> Any:
        name = f"{stack}-{logical_id}"
        return name, {"Arn": f"arn:aws:{service}:::{name}"}

    def update(physical_id: str, _old: Any, _new: Any, _stack: str) -> Any:
        return physical_id, {"Arn": f"arn:aws:{service}:::{physical_id}"}

    return {"create": create, "update": update, "delete": lambda _physical_id, _properties: None}


def archive(seams: Seams, events: Any) -> dict[str, Any]:
    """`AWS::Events::Archive`, whose properties differ a little from the API's."""
    seams.need(events, "_create_archive", "_update_archive", "_delete_archive")

    def request(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        data = {"ArchiveName": name, "EventSourceArn": properties["SourceArn"], **properties}
        data["RetentionDays"] = int(properties.get("RetentionDays", 0))
        if properties.get("EventPattern"):
            data["EventPattern"] = json.dumps(properties["EventPattern"])
        return data

    def attributes(name: str, answer: dict[str, Any]) -> Any:
        return name, {"Arn": answer["ArchiveArn"], "ArchiveName": name}

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        name = properties.get("ArchiveName") or f"{stack}-{logical_id}"
        return attributes(name, accepted(events._create_archive(request(name, properties)), "Archive"))

    def update(physical_id: str, _old: Any, new: dict[str, Any], _stack: str) -> Any:
        return attributes(physical_id, accepted(events._update_archive(request(physical_id, new)), "Archive"))

    def delete(physical_id: str, _properties: Any) -> None:
        events._delete_archive({"ArchiveName": physical_id})

    return {"create": create, "update": update, "delete": delete}


def named_by_api(seams: Seams, service: Any, kind: str, attributes: dict[str, str]) -> dict[str, Any]:
    """A type whose properties are the API's own; `attributes`: resource attribute → field of the answer."""
    create_call, update_call, delete_call = (
        seams.take(service, f"_{verb}_{kind}") for verb in ("create", "update", "delete")
    )

    def answered(name: str, response: Any) -> Any:
        answer = accepted(response, name)
        return name, {attribute: answer.get(field, "") for attribute, field in attributes.items()}

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        name = properties.get("Name") or f"{stack}-{logical_id}"
        return answered(name, create_call({**properties, "Name": name}))

    def update(physical_id: str, _old: Any, new: dict[str, Any], _stack: str) -> Any:
        return answered(physical_id, update_call({**new, "Name": physical_id}))

    def delete(physical_id: str, _properties: Any) -> None:
        delete_call({"Name": physical_id})

    return {"create": create, "update": update, "delete": delete}


def with_time_to_live(seams: Seams, table_type: dict[str, Any]) -> dict[str, Any]:
    """A table's type that applies `TimeToLiveSpecification`."""
    tables = module("services.dynamodb")
    seams.need(tables, "_update_ttl")

    def set_ttl(created: Any, properties: dict[str, Any]) -> Any:
        specification = properties.get("TimeToLiveSpecification")
        if specification:
            enabled = str(specification.get("Enabled")).lower() == "true"
            request = {"TableName": created[0], "TimeToLiveSpecification": {**specification, "Enabled": enabled}}
            accepted(tables._update_ttl(request), "TimeToLiveSpecification")
        return created

    return around(table_type, after=set_ttl)


def with_recovery(seams: Seams, table_type: dict[str, Any]) -> dict[str, Any]:
    """A table's type that applies `PointInTimeRecoverySpecification`; without one, recovery is switched off."""
    tables = module("services.dynamodb")
    seams.need(tables, "_update_continuous_backups")

    def set_recovery(created: Any, properties: dict[str, Any]) -> Any:
        given = properties.get("PointInTimeRecoverySpecification") or {}
        enabled = str(given.get("PointInTimeRecoveryEnabled")).lower() == "true"
        days = {"RecoveryPeriodInDays": int(given["RecoveryPeriodInDays"])} if "RecoveryPeriodInDays" in given else {}
        request = {"TableName": created[0], "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": enabled}}
        request["PointInTimeRecoverySpecification"] |= days
        accepted(tables._update_continuous_backups(request), "PointInTimeRecoverySpecification")
        return created

    return around(table_type, after=set_recovery)


def with_cors_in_lower_case(api_type: dict[str, Any]) -> dict[str, Any]:
    """An API's type that passes the CORS configuration on in the casing that the gateway reads."""

    def lowered(properties: dict[str, Any]) -> dict[str, Any]:
        cors = properties.get("CorsConfiguration")
        if not cors:
            return properties
        return {**properties, "CorsConfiguration": {key[0].lower() + key[1:]: value for key, value in cors.items()}}

    return around(api_type, before=lowered)


def known_by_arn(seams: Seams, secret_type: dict[str, Any]) -> dict[str, Any]:
    """A secret's type whose physical id, which `Ref` gives, is its ARN; the engine's own functions go by its name."""
    resolve = seams.take(module("services.secretsmanager"), "_resolve")

    def name(physical_id: str) -> str:
        return resolve(physical_id)[0] or physical_id

    def by_arn(made: Any) -> Any:
        return made[1]["Arn"], made[1]

    def create(*arguments: Any) -> Any:
        return by_arn(secret_type["create"](*arguments))

    def update(physical_id: str, *arguments: Any, **named: Any) -> Any:
        return by_arn(secret_type["update"](name(physical_id), *arguments, **named))

    def delete(physical_id: str, properties: Any) -> None:
        secret_type["delete"](name(physical_id), properties)

    return {**secret_type, "create": create, "update": update, "delete": delete}


def with_metric_math(alarm_type: dict[str, Any]) -> dict[str, Any]:
    """An alarm's type that accepts metric math, without effect, where the engine fails the stack."""
    inert = without_effect("AWS::CloudWatch::Alarm")

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        return (inert if properties.get("Metrics") else alarm_type)["create"](logical_id, properties, stack)

    def update(physical_id: str, old: Any, new: dict[str, Any], stack: str, logical_id: str | None = None) -> Any:
        if new.get("Metrics"):
            return inert["update"](physical_id, old, new, stack)
        return alarm_type["update"](physical_id, old, new, stack, logical_id)

    return {**alarm_type, "create": create, "update": update}


def around(resource_type: dict[str, Any], before: Any = None, after: Any = None) -> dict[str, Any]:
    """The type with its properties changed by `before`, and its result completed by `after(made, properties)`."""
    prepare = before or (lambda properties: properties)
    complete = after or (lambda made, _properties: made)

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        ready = prepare(properties)
        return complete(resource_type["create"](logical_id, ready, stack), ready)

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any, **named: Any) -> Any:
        ready = prepare(new)
        return complete(resource_type["update"](physical_id, prepare(old), ready, *rest, **named), ready)

    return {**resource_type, "create": create, "update": update}
