"""What a stage costs a month while nobody uses it: `python -m infra.idle_cost --stage prod`.

Computed from the templates of the stage: each type of resource is either in COSTS, or costs by use alone and is in
BY_USE; another type fails the command, so that nothing new comes unnoticed. Custom metrics are not in it: a service
counts only what goes wrong, and a metric costs for the hours in which it is counted.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra import prices
from infra.operations import all_services
from infra.order_cost import SECONDS
from infra.stages import MEMORY_OF_HISTORY, STAGES, Stage, stage

Properties = Mapping[str, Any]

# How Lambda polls an empty queue: AWS documents long polling and five pollers, but not how often, so this is assumed.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLERS, POLL_SECONDS = 5, 20
RUN_SECONDS = 0.5  # of a function of operations that finds nothing to do, assumed: no call of AWS was timed here

BY_USE = {
    "AWS::ApiGateway::Account": "free",
    "AWS::ApiGatewayV2::Api": "by request",
    "AWS::ApiGatewayV2::Authorizer": "free; its function by request and duration",
    "AWS::ApiGatewayV2::Integration": "free",
    "AWS::ApiGatewayV2::Route": "free",
    "AWS::ApiGatewayV2::Stage": "free",
    "AWS::CloudFront::Distribution": "by request and by what is sent, beyond what is free each month",
    "AWS::CloudFront::Function": "by request",
    "AWS::CloudFront::OriginAccessControl": "free",
    "AWS::CloudFront::ResponseHeadersPolicy": "free",
    "AWS::CodeDeploy::Application": "free for Lambda",
    "AWS::CodeDeploy::DeploymentGroup": "free for Lambda",
    "AWS::Cognito::ManagedLoginBranding": "free",
    "AWS::Cognito::UserPool": "by user who signs in or renews in a month, from the 10,001st on",
    "AWS::Cognito::UserPoolClient": "free",
    "AWS::Cognito::UserPoolDomain": "free, on Cognito's own domain",
    "AWS::Cognito::UserPoolGroup": "free",
    "AWS::DynamoDB::Table": "by request and by what is stored, backups too; AWS's own key is free",
    "AWS::Events::Archive": "by what is stored",
    "AWS::Events::EventBus": "by entry",
    "AWS::IAM::ManagedPolicy": "free",
    "AWS::IAM::Policy": "free",
    "AWS::IAM::Role": "free",
    "AWS::IoT::Policy": "free",
    "AWS::IoT::TopicRule": "by message that it takes, and by action",
    "AWS::KMS::Alias": "free",
    "AWS::Lambda::Alias": "free",
    "AWS::Lambda::EventInvokeConfig": "free",
    "AWS::Lambda::Function": "by request and duration",
    "AWS::Lambda::LayerVersion": "free",
    "AWS::Lambda::Permission": "free",
    "AWS::Lambda::Version": "free",
    "AWS::Logs::LogGroup": "by what is logged",
    "AWS::Logs::MetricFilter": "free; its metric for the hours in which it is counted",
    "AWS::S3::Bucket": "by request and by what is stored: about 3 MB",
    "AWS::S3::BucketPolicy": "free",
    "AWS::SNS::Subscription": "by notification",
    "AWS::SNS::Topic": "by notification",
    "AWS::SNS::TopicPolicy": "free",
    "AWS::SQS::Queue": "by request",
    "AWS::SQS::QueuePolicy": "free",
    "AWS::SSM::Parameter": "free (standard)",
}


def _alarm(alarm: Properties, _stage: Stage) -> float:
    """Each metric that it reads."""
    return prices.ALARM_METRIC * (len([m for m in alarm.get("Metrics", []) if "MetricStat" in m]) or 1)


def _composite(_alarm: Properties, _stage: Stage) -> float:
    return prices.COMPOSITE_ALARM


def _dashboard(_dashboard: Properties, _stage: Stage) -> float:
    """As from the account's fourth on."""
    return prices.DASHBOARD


def _secret(_secret: Properties, _stage: Stage) -> float:
    return prices.SECRET


def _key(_key: Properties, _stage: Stage) -> float:
    """The key of its first year: each of the first two rotations adds as much again."""
    return prices.KEY


def _mapping(mapping: Properties, _stage: Stage) -> float:
    """Polling a queue that is empty; reading a table's stream is free for Lambda."""
    if "StartingPosition" in mapping:
        return 0.0
    return prices.QUEUE_REQUEST * POLLERS * prices.MONTH_MINUTES * 60 / POLL_SECONDS


def _rule(rule: Properties, stage: Stage) -> float:
    """A schedule's ticks: sent, received, deleted, and a run of the function. What it reads of tables is not in it."""
    expression = rule.get("ScheduleExpression")
    if not expression:
        return 0.0
    minutes = {"rate(1 minute)": 1, "rate(5 minutes)": 5}.get(expression, 24 * 60)  # others of ours come once a day
    of_operations = max(stage.memory_mb, MEMORY_OF_HISTORY)
    seconds, memory_mb, around = {
        "Queue": (SECONDS, stage.memory_mb, 3 * prices.QUEUE_REQUEST),
        "Keys": (SECONDS, stage.memory_mb, prices.SECRET_READ),  # of tokens, which each run reads
        "Function": (RUN_SECONDS, of_operations, receives(rule["Name"]) * prices.QUEUE_REQUEST),
    }[rule["Targets"][0]["Id"]]
    run = prices.INVOCATION + seconds * memory_mb / 1024 * prices.GB_SECOND
    return prices.MONTH_MINUTES / minutes * (around + run)


def receives(rule: str) -> int:
    """From how many queues a run of operations receives: the collector from all of what was given up."""
    every = [
        queue for one in all_services().values() for consumer in one.consumers for queue in consumer.failure_queues
    ]
    return {"collector": len(every), "redriver": 1}.get(rule.rpartition("-")[2], 0)


COSTS: dict[str, tuple[str, Callable[[Properties, Stage], float]]] = {
    "AWS::CloudWatch::Alarm": ("metrics that alarms read", _alarm),
    "AWS::CloudWatch::CompositeAlarm": ("alarms on service levels, beside their metrics", _composite),
    "AWS::CloudWatch::Dashboard": ("dashboards", _dashboard),
    "AWS::KMS::Key": ("keys of KMS", _key),
    "AWS::SecretsManager::Secret": ("secrets", _secret),
    "AWS::Lambda::EventSourceMapping": ("polling of empty queues (assumed)", _mapping),
    "AWS::Events::Rule": ("ticks of schedules", _rule),
}


def idle_cost(templates: Mapping[str, Any], found: Stage) -> dict[str, float]:
    """Dollars a month by what they are for. Raises ValueError for a type of resource whose price is not known."""
    total: Counter[str] = Counter()
    for template in templates.values():
        for name, resource in template["Resources"].items():
            kind = resource["Type"]
            if kind in COSTS:
                what, cost = COSTS[kind]
                total[what] += cost(resource.get("Properties", {}), found)  # type: ignore[assignment]
            elif kind not in BY_USE:
                raise ValueError(f"say in infra/idle_cost.py what {kind} costs ({name})")
    return dict(total)


def templates_of(found: Stage, folder: Path) -> dict[str, Any]:
    """The templates of a stage by stack, with a placeholder for layer and code."""
    import aws_cdk as cdk

    from infra.app import compose

    placeholder = folder / "placeholder"
    placeholder.mkdir()
    app = cdk.App(outdir=str(folder / "out"))
    compose(app, found, placeholder)
    app.synth()
    return {path.name: json.loads(path.read_text()) for path in sorted((folder / "out").glob("*.template.json"))}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.idle_cost")
    parser.add_argument("--stage", default="prod", choices=sorted(STAGES))
    found = stage(parser.parse_args().stage)
    with tempfile.TemporaryDirectory() as folder:
        costs = idle_cost(templates_of(found, Path(folder)), found)
    for what, dollars in sorted(costs.items(), key=lambda cost: -cost[1]):
        print(f"${dollars:6.2f}  {what}")
    print(f"${sum(costs.values()):6.2f}  a month, before free tiers, for {found.name} without a request")
    return 0


if __name__ == "__main__":
    sys.exit(main())
