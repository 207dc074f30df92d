"""Evaluates the policies of templates: may this principal do this to that resource?

As https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html has it: an explicit deny
wins, otherwise one statement must allow. References are resolved to the names that a deployment would give.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.infra.conftest import POLICIES, Resource, Templates, listed

PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "111122223333",
    "AWS::URLSuffix": "amazonaws.com",
}
ACCOUNT, HERE = PSEUDO["AWS::AccountId"], f"{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}"

# type → the property with the physical name, and the ARN of a resource with that name
ARNS = {
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:{here}:{name}"),
    "AWS::SNS::Topic": ("TopicName", "arn:aws:sns:{here}:{name}"),
    "AWS::Lambda::Function": ("FunctionName", "arn:aws:lambda:{here}:function:{name}"),
    "AWS::Events::EventBus": ("Name", "arn:aws:events:{here}:event-bus/{name}"),
    "AWS::Events::Rule": ("Name", "arn:aws:events:{here}:rule/{name}"),
    "AWS::CloudWatch::Alarm": ("AlarmName", "arn:aws:cloudwatch:{here}:alarm:{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "arn:aws:logs:{here}:log-group:{name}:*"),
    "AWS::SecretsManager::Secret": ("Name", "arn:aws:secretsmanager:{here}:secret:{name}-AbCdEf"),
    "AWS::DynamoDB::Table": ("TableName", "arn:aws:dynamodb:{here}:table/{name}"),
    "AWS::Cognito::UserPool": ("", "arn:aws:cognito-idp:{here}:userpool/{name}"),  # an id, which Cognito makes
    "AWS::Cognito::UserPoolDomain": ("Domain", "arn:aws:cognito-idp:{here}:domain/{name}"),
    "AWS::IoT::Policy": ("PolicyName", "arn:aws:iot:{here}:policy/{name}"),
    "AWS::IoT::TopicRule": ("RuleName", "arn:aws:iot:{here}:rule/{name}"),
    "AWS::KMS::Key": ("", "arn:aws:kms:{here}:key/{name}"),  # an id, which KMS makes
    "AWS::SSM::Parameter": ("Name", "arn:aws:ssm:{here}:parameter{name}"),
}
REF_IS_ARN = {"AWS::SNS::Topic", "AWS::SecretsManager::Secret", "AWS::Lambda::Alias"}


@dataclass(frozen=True)
class Names:
    """Resolves the references of a stage's templates."""

    templates: Templates

    def of(self, stack: str, value: Any) -> str:
        """The text that CloudFormation would put in the place of a value. Raises LookupError for what it cannot."""
        if not isinstance(value, dict):
            return str(value)
        [(function, argument)] = value.items()
        match function:
            case "Ref":
                return self._ref(stack, argument)
            case "Fn::GetAtt":
                name, attribute = argument
                return self.arn(stack, name) + ("/stream/1" if attribute == "StreamArn" else "")
            case "Fn::Join":
                separator, parts = argument
                return str(separator).join(self.of(stack, part) for part in parts)
            case "Fn::Select":
                index, parts = argument
                return self._split(stack, parts["Fn::Split"])[int(index)]
        raise LookupError(function)

    def arn(self, stack: str, name: str) -> str:
        """The ARN of a resource by its logical id."""
        resource = self.templates.stacks[stack]["Resources"][name]
        if resource["Type"] == "AWS::Lambda::Alias":
            alias = resource["Properties"]
            return f"{self.arn(stack, alias['FunctionName']['Ref'])}:{alias['Name']}"
        pattern = ARNS.get(resource["Type"], ("", "arn:aws:other:{here}:{name}"))[1]
        physical = self._physical(stack, name, resource)
        bus = resource.get("Properties", {}).get("EventBusName")
        if resource["Type"] == "AWS::Events::Rule" and bus:
            physical = f"{self.of(stack, bus)}/{physical}"
        return pattern.format(here=HERE, name=physical)

    def function(self, stack: str, value: Any) -> Resource:
        """The properties of the function that a name or an ARN, with an alias or without, means in a stack."""
        text = self.of(stack, value)
        for other, name, function in self.templates.resources("AWS::Lambda::Function"):
            arn = self.arn(other, name)
            if other == stack and any(f":{one}".endswith(f":{text}") for one in (arn, f"{arn}:live")):
                return function
        raise LookupError(text)

    def _physical(self, stack: str, name: str, resource: Resource) -> str:
        given = resource.get("Properties", {}).get(ARNS.get(resource["Type"], ("",))[0])
        return self.of(stack, given) if given else f"made-by-cloudformation-{stack}-{name}"

    def _ref(self, stack: str, name: str) -> str:
        if name in PSEUDO:
            return PSEUDO[name]
        template = self.templates.stacks[stack]
        if name in template.get("Parameters", {}):
            return self._parameter(template["Parameters"][name]["Default"])
        resource = template["Resources"][name]
        return self.arn(stack, name) if resource["Type"] in REF_IS_ARN else self._physical(stack, name, resource)

    def _parameter(self, path: str) -> str:
        for stack, _, parameter in self.templates.resources("AWS::SSM::Parameter"):
            if parameter["Name"] == path:
                return self.of(stack, parameter["Value"])
        raise LookupError(path)

    def _split(self, stack: str, argument: list[Any]) -> list[str]:
        separator, text = argument
        return self.of(stack, text).split(separator)


@dataclass(frozen=True)
class Call:
    """What a principal (a service, or a role by its own policies) wants to do; `context` are the condition keys."""

    action: str
    resource: str
    service: str | None
    context: Mapping[str, str]


def call_of(service: str, action: str, resource: str, source: str) -> Call:
    """A call of an AWS service over TLS, on behalf of a resource of this account."""
    keys = {"aws:SourceArn": source, "aws:SourceAccount": ACCOUNT, "aws:SecureTransport": "true"}
    return Call(action, resource, f"{service}.amazonaws.com", keys)


def may(call: Call, statements: Iterable[tuple[str, Resource]], names: Names) -> bool:
    """Whether policies allow a call, given their statements with the stacks that they are in."""
    effects = {s["Effect"] for stack, s in statements if _applies(call, stack, s, names)}
    return "Allow" in effects and "Deny" not in effects


def resource_policies(names: Names, arn: str) -> Iterator[tuple[str, Resource]]:
    """The statements of the policies that are attached to a queue, a topic or a function."""
    for stack, template in names.templates.stacks.items():
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            match resource["Type"]:
                case "AWS::SQS::QueuePolicy":
                    # A queue policy names its queues by URL, which resolves to the name here.
                    attached = [f"arn:aws:sqs:{HERE}:{names.of(stack, q)}" for q in properties["Queues"]]
                case "AWS::SNS::TopicPolicy":
                    attached = [names.of(stack, topic) for topic in properties["Topics"]]
                case "AWS::Lambda::Permission":
                    if names.of(stack, properties["FunctionName"]) == arn:
                        yield stack, _permission(properties)
                    continue
                case _:
                    continue
            if arn in attached:
                yield from ((stack, statement) for statement in properties["PolicyDocument"]["Statement"])


def role_policies(names: Names, stack: str, function: Resource) -> Iterator[tuple[str, Resource]]:
    """The statements of the policies of a function's role."""
    for _, document in policies_of(names, stack, function):
        yield from ((stack, statement) for statement in document["Statement"])


def policies_of(names: Names, stack: str, function: Resource) -> Iterator[tuple[str, Resource]]:
    """The policies of a function's role, each with its kind: in line or managed."""
    role = function["Role"]["Fn::GetAtt"][0]
    for resource in names.templates.stacks[stack]["Resources"].values():
        if resource["Type"] in POLICIES and {"Ref": role} in resource["Properties"]["Roles"]:
            yield resource["Type"], resource["Properties"]["PolicyDocument"]


def _permission(properties: Resource) -> Resource:
    """The statement that Lambda adds to a function's policy for a permission."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": properties["Principal"]},
        "Action": properties["Action"],
        "Resource": properties["FunctionName"],
    }
    source = properties.get("SourceArn")
    return statement | ({"Condition": {"ArnLike": {"AWS:SourceArn": source}}} if source else {})


def _applies(call: Call, stack: str, statement: Resource, names: Names) -> bool:
    if not any(matches(pattern, call.action.lower()) for pattern in _lower(listed(statement["Action"]))):
        return False
    if "Principal" in statement and not _is_principal(call, statement["Principal"]):
        return False
    resources = [names.of(stack, resource) for resource in listed(statement.get("Resource", "*"))]
    if not any(matches(resource, call.resource) for resource in resources):
        return False
    conditions = statement.get("Condition", {})
    return all(
        any(_holds(operator, names.of(stack, value), call.context, key) for value in listed(values))
        for operator, tests in conditions.items()
        for key, values in tests.items()
    )


def _is_principal(call: Call, principal: Any) -> bool:
    if principal == "*" or principal == {"AWS": "*"}:
        return True
    return call.service in listed(principal.get("Service", []))


def _holds(operator: str, wanted: str, context: Mapping[str, str], key: str) -> bool:
    """Whether a condition holds. A key that a call does not carry fulfils none of these operators."""
    found = {name.lower(): value for name, value in context.items()}.get(key.lower())
    if found is None:
        return False
    match operator:
        case "StringEquals":
            return found == wanted
        case "StringLike":
            return matches(wanted, found)
        case "ArnEquals" | "ArnLike":  # both read wildcards, in each of the six parts by itself
            pairs = list(zip(wanted.split(":", 5), found.split(":", 5), strict=False))
            return len(pairs) == 6 and all(matches(pattern, part) for pattern, part in pairs)
        case "Bool":
            return found.lower() == wanted.lower()
    raise NotImplementedError(operator)


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern with * and ?."""
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, text) is not None


def _lower(texts: Iterable[str]) -> list[str]:
    return [text.lower() for text in texts]
