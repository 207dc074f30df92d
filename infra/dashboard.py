"""The stage's dashboard: how the business goes, what is promised, and how the system does. By names alone.

At most 50 metrics, so that it is among the three that are free: https://aws.amazon.com/cloudwatch/pricing/. What each
metric is, and what it costs: docs/telemetry.md.
"""

from collections.abc import Iterable, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from functions.kernel.composition.manifest import Manifest, manifest, services
from functions.kernel.runtime.levels import ServiceLevel
from functions.kernel.runtime.observe import Figure, namespace
from infra.names import OPERATIONS, RELAY, function_name, named, queue_name
from infra.stages import Stage

FIVE_MINUTES = Duration.minutes(5)
THIRD, HALF = 8, 12  # of the 24 columns
RINGS = ("NewLetterGroup", "LetterWaits", "ConsumerPaused")  # of operations


def add_dashboard(scope: Construct, stage: Stage, api_id: str) -> None:
    """Add the dashboard of a stage. api_id: of its HTTP API."""
    shown = _Shown(stage)
    manifests = [manifest(name) for name in services()]
    figures = [(found.service, figure) for found in manifests for figure in found.figures]
    levels = [(found, level) for found in manifests for level in found.levels]
    dashboard = cloudwatch.Dashboard(scope, "Dashboard", dashboard_name=named(stage, "mall"))
    missed = {level.metric for _, level in levels}
    dashboard.add_widgets(*shown.business([one for one in figures if one[1].metric not in missed]))
    dashboard.add_widgets(*(shown.level(found, level) for found, level in levels))
    dashboard.add_widgets(
        shown.graph("Requests", [shown.api(api_id, metric, "Sum") for metric in ("Count", "4xx", "5xx")]),
        shown.graph("Latency", [shown.api(api_id, "Latency", statistic) for statistic in ("p50", "p99")]),
        shown.graph("Given up", [shown.own(OPERATIONS, metric) for metric in RINGS]),
    )
    dashboard.add_widgets(
        shown.graph("Age of the oldest message, s", shown.ages(manifests), HALF),
        shown.graph("Published late, ms", shown.lags(manifests), HALF),
    )


class _Shown:
    """The widgets of one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def graph(self, title: str, metrics: Iterable[cloudwatch.IMetric], width: int = THIRD) -> cloudwatch.IWidget:
        return cloudwatch.GraphWidget(title=title, left=list(metrics), width=width, period=FIVE_MINUTES)

    def business(self, figures: Sequence[tuple[str, Figure]]) -> list[cloudwatch.IWidget]:
        """Counts in one graph, and one for each other unit."""
        counts = [self.own(service, figure.metric) for service, figure in figures if figure.unit == "Count"]
        sums = [self.own(service, figure.metric) for service, figure in figures if figure.unit == "None"]
        waits = [
            self.own(service, figure.metric, statistic)
            for service, figure in figures
            if figure.unit == "Seconds"
            for statistic in ("p50", "p90")
        ]
        return [
            self.graph("Baskets and orders", counts),
            self.graph("Revenue, cents", sums),
            self.graph("Waits, s", waits),
        ]

    def level(self, found: Manifest, level: ServiceLevel) -> cloudwatch.IWidget:
        """What came too late, beside all there was."""
        every = self.own(found.service, level.of) if level.of else self._deleted(found)
        title = f"{level.metric}: {100 * level.share:g} % within {level.seconds:g} s"
        return self.graph(title, [self.own(found.service, level.metric), every])

    def ages(self, manifests: Iterable[Manifest]) -> list[cloudwatch.IMetric]:
        """How long the oldest message of each consumer has waited."""
        queues = [(found.service, inbox.queue, inbox.fifo) for found in manifests for inbox in found.inboxes]
        queues += [(found.service, found.topics.queue, False) for found in manifests if found.topics]
        return [
            self._metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", f"{service} {queue}", QueueName=name)
            for service, queue, fifo in queues
            for name in [queue_name(self._stage, service, queue, fifo=fifo)]
        ]

    def lags(self, manifests: Iterable[Manifest]) -> list[cloudwatch.IMetric]:
        """How old what each relay publishes is."""
        return [
            self._metric("AWS/Lambda", "IteratorAge", "Maximum", found.service, FunctionName=name)
            for found in manifests
            if found.publisher
            for name in [function_name(self._stage, found.service, RELAY)]
        ]

    def api(self, api_id: str, metric: str, statistic: str) -> cloudwatch.IMetric:
        """A metric of the API: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html"""
        counted = "SampleCount" if metric == "Count" else statistic
        return self._metric("AWS/ApiGateway", metric, counted, f"{metric} {statistic}", ApiId=api_id)

    def own(self, service: str, metric: str, statistic: str = "Sum") -> cloudwatch.IMetric:
        """A metric that a service's code counts."""
        label = metric if statistic == "Sum" else f"{metric} {statistic}"
        return self._metric(namespace(self._stage.name), metric, statistic, label, service=service)

    def _deleted(self, found: Manifest) -> cloudwatch.IMetric:
        name = queue_name(self._stage, found.service, found.inboxes[0].queue)
        return self._metric("AWS/SQS", "NumberOfMessagesDeleted", "Sum", "all", QueueName=name)

    def _metric(self, namespace: str, metric: str, statistic: str, label: str, **dimensions: str) -> cloudwatch.IMetric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=metric,
            dimensions_map=dimensions,
            period=FIVE_MINUTES,
            statistic=statistic,
            label=label,
        )
