"""The dashboard shows what there is: metrics of AWS of resources in the templates, and those that our code counts."""

from tests.infra.conftest import Templates
from tests.infra.dashboards import Shown, metrics, widgets
from tests.infra.policies import Names

# What AWS counts of a resource, and the page that lists it.
OF_AWS = {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    ("AWS/ApiGateway", "ApiId"): {"Count", "4xx", "5xx", "Latency"},
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", "QueueName"): {"ApproximateAgeOfOldestMessage", "NumberOfMessagesDeleted"},
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    ("AWS/Lambda", "FunctionName"): {"IteratorAge"},
}


def there(templates: Templates) -> set[Shown]:
    """The metrics of AWS that resources of the templates have, by their names as deployed."""
    names = Names(templates)
    ids = {
        "ApiId": [names.of(s, {"Ref": n}) for s, n, _ in templates.resources("AWS::ApiGatewayV2::Api")],
        "QueueName": [q["QueueName"] for _, _, q in templates.resources("AWS::SQS::Queue")],
        "FunctionName": [
            f["FunctionName"] for _, _, f in templates.resources("AWS::Lambda::Function") if "FunctionName" in f
        ],
    }
    return {
        Shown(namespace, metric, ((dimension, id),))
        for (namespace, dimension), known in OF_AWS.items()
        for metric in known
        for id in ids[dimension]
    }


def test_every_metric_of_aws_on_the_dashboard_is_of_a_resource_of_the_stage(prod: Templates) -> None:
    of_aws = {metric for metric in metrics(prod) if metric.namespace.startswith("AWS/")}
    assert len(of_aws) > 20
    assert of_aws - there(prod) == set()


def test_every_consumer_and_every_relay_is_on_the_dashboard(prod: Templates) -> None:
    shown = {dict(metric.dimensions).get("QueueName") for metric in metrics(prod)}
    consumed = {
        queue["QueueName"]
        for _, _, queue in prod.resources("AWS::SQS::Queue")
        if "RedrivePolicy" in queue and not queue["QueueName"].endswith("operations-outcomes")
    }
    assert shown - {None} == consumed
    relays = {
        f["FunctionName"] for _, _, f in prod.resources("AWS::Lambda::Function") if f["Handler"].endswith(".relay")
    }
    assert {dict(metric.dimensions).get("FunctionName") for metric in metrics(prod)} - {None} == relays


def test_the_dashboard_has_no_more_metrics_than_a_free_one(prod: Templates) -> None:
    """https://aws.amazon.com/cloudwatch/pricing/"""
    assert len(metrics(prod)) <= 50, "what to do is in docs/scale.md, under Services"
    assert len(prod.resources("AWS::CloudWatch::Dashboard")) == 1


def test_what_is_promised_has_a_graph_that_says_so(prod: Templates) -> None:
    titles = {widget["title"] for widget in widgets(prod)}
    assert titles >= {
        "ApprovalsLate: 99.5 % within 30 s",
        "TextsLate: 99.5 % within 60 s",
        "ScreensLate: 99.5 % within 2 s",
    }
