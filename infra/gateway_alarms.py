"""The alarms of the gateway in front of all services, beside those of its function.

Which answers are a fault: 5xx always; 429 where the gateway gives it itself, for requests beyond the stage's rate. Of a
flood of them the gateway may write neither lines nor metrics, so requests near the rate ring an alarm too.
Other 4xx are their clients' mistakes, one by one; when most requests of a quarter of an hour are refused, the mistake
is rather a release's, which no error shows.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from functions.kernel.runtime.observe import namespace
from infra.alarms import MINUTE, Alarms
from infra.stages import Stage

FIVE_MINUTES = Duration.minutes(5)
SERVER_ERRORS_LIMIT = 3  # in five minutes: one may be a throttled call that its client repeats
THROTTLED = "RequestsThrottled"
REFUSED_SHARE = 0.5
FEWEST_REQUESTS = 100  # in five minutes: of fewer, a share says little
NEAR_RATE = 0.8  # of what the stage lets through, for a minute


def add_gateway_alarms(scope: Construct, stage: Stage, api_id: str, requests: logs.ILogGroup) -> None:
    """Add the alarms on what the gateway answers. requests: the group with its access log."""
    alarms = Alarms(scope, stage, "gateway")

    def answers(metric: str, period: Duration = FIVE_MINUTES) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name=metric,
            dimensions_map={"ApiId": api_id},
            period=period,
            statistic="Sum" if metric != "Count" else "SampleCount",
        )

    server = alarms.logs('"status":"5')
    alarms.add("ServerErrors", answers("5xx"), SERVER_ERRORS_LIMIT, f"the API answers 5xx; its routes: {server}")
    client = alarms.logs('"status":"4')
    share = cloudwatch.MathExpression(
        expression=f"IF(m1 >= {FEWEST_REQUESTS}, m0 / m1, 0)",
        using_metrics={"m0": answers("4xx"), "m1": answers("Count")},
        period=FIVE_MINUTES,
        label="Refused",
    )
    refused = f"half of all requests are refused with 4xx: {client}"
    alarms.add("Refusals", share, REFUSED_SHARE, refused, periods=3, of_periods=4)
    if stage.requests_per_second is None:
        return
    # There is no metric of 429 alone: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    # A 429 of a use case, to one phone or kiosk, has the same status from its integration; the gateway's own has none.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
    throttled = logs.MetricFilter(
        scope,
        "Throttled",
        log_group=requests,
        metric_namespace=namespace(stage.name),
        metric_name=THROTTLED,
        filter_pattern=logs.FilterPattern.all(
            logs.FilterPattern.string_value("$.status", "=", "429"),
            logs.FilterPattern.string_value("$.integration", "=", "-"),
        ),
    )
    limit = f"requests came faster than {stage.requests_per_second} a second, the stage's limit (infra/stages.py)"
    metric = throttled.metric(period=MINUTE, statistic="Sum")
    alarms.add(THROTTLED, metric, 1, f"{limit}: {alarms.logs('429')}")
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-monitor.html
    near = stage.requests_per_second * NEAR_RATE
    many = f"{near:.0f} requests a second or more for a minute, of {stage.requests_per_second} (infra/stages.py)"
    count = answers("Count", MINUTE)
    alarms.add("RequestsNearRate", count, near * 60, f"{many}: {alarms.logs('429')}", page=THROTTLED)
