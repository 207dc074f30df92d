"""What the mall's bill has beside the calls of an order: what is connected, what runs by the clock, what is idle.

| what | how many | from |
|---|---|---|
| alarms, keys, secrets, schedules, polls of empty queues | as deployed | the templates of the stage |
| custom metrics | those that alarms watch and a service's own figures, if each is counted at every hour | the templates, functions/insights/figures.py |
| IoT Core | what the broker takes for reports of an order's robot, beside its steps by REST. What fleet and depot do with them: tests/cost/streamed.py | infra/order_cost.py |
| robots | ROBOTS, connected all month; what a heartbeat of each costs, every 20 s, and the authorizer each minute | a run of its own |
| pages of the staff | PAGES on average, with all boards: what is logged, read and posted for them, and their pings | tests/cost/watched.py |
| INIT | each container anew every LIFE hours, with the CPU of a cold start | docs/performance.md; [1] |
| KMS for tables | one call in five minutes for each function that asks DynamoDB | [2] |

Left out: text messages (some cents an order, by country: https://aws.amazon.com/sns/sms-pricing/, whose prices are filled
in by the browser), the payment provider, keeping logs, data that leaves AWS, and the authorizer for tokens of kiosks and
clerks (a call a minute for each, $0.02 a month); what heartbeats and pings log.

[1] Environments end after some hours: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
INIT is billed since August 2025: https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
[2] https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
"""  # noqa: E501  (a table)

from collections.abc import Mapping
from typing import Any

from clients.robot.settings import Settings
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.rest.caller import CACHED
from functions.live.topics import SHARDS
from infra import prices
from infra.idle_cost import idle_cost
from infra.order_cost import SECONDS, robot_cost, stream_cost
from infra.stages import Stage
from tests.cost.bill import VCPU_MB
from tests.cost.flow import Run
from tests.cost.watched import Lines, watched
from tests.simulation.test_cost_of_an_order import FaultFreeMall, counted

ROBOTS, PAGES = 8, 1
LIFE = 2  # hours that a container lives, assumed
COLD = 0.5  # seconds of a whole vCPU, of a cold start: 345 ms of boto3 and a client, 1.4 times (docs/performance.md)
KMS_MINUTES = 5
METRICS = "CloudWatch custom metrics"
HOUR = 60
PINGS = 2  # of a page in a minute: `pings` in clients/pages/live/state.ts


def fixed(templates: Mapping[str, Any], stage: Stage, run: Run, memory_mb: int) -> Lines:
    """Dollars a month, by stack or service and line."""
    usd: Lines = {}
    for name, template in templates.items():
        stack = name.removesuffix(".template.json").lower()
        usd |= {(stack, what): dollars for what, dollars in idle_cost({name: template}, stage).items() if dollars}
        if metrics := custom_metrics(template) | own_figures(stack, stage):
            usd[stack, METRICS] = len(metrics) * prices.CUSTOM_METRIC
    inits = run.containers.total() * prices.MONTH_MINUTES / HOUR / LIFE
    usd["all", "Lambda INIT"] = inits * COLD * VCPU_MB / 1024 * prices.GB_SECOND  # by its CPU alone: any memory
    asking = len({function for function, _ in run.asked})
    usd["all", "KMS requests for tables"] = asking * prices.MONTH_MINUTES / KMS_MINUTES * prices.KEY_REQUEST
    usd["live", "WebSocket connections"] = PAGES * prices.MONTH_MINUTES * prices.SOCKET_MINUTE
    usd["live", "pings of pages"] = PAGES * prices.MONTH_MINUTES * PINGS * ping(memory_mb)
    usd["fleet", "IoT Core connections"] = ROBOTS * robot_cost()
    beats = ROBOTS * prices.MONTH_MINUTES * 60 / Settings().report_every
    usd["depot", "heartbeats of robots"] = beats * heartbeat(memory_mb)
    return usd


def custom_metrics(template: Mapping[str, Any]) -> set[str]:
    """The custom metrics that the alarms of a stack watch: namespace, name, dimensions."""
    found = set()
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            alarm = resource["Properties"]
            stats = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
            for metric in stats or [alarm]:
                if metric.get("Namespace", "").startswith("MallBots"):
                    found.add(str((metric["Namespace"], metric["MetricName"], metric.get("Dimensions"))))
    return found


def own_figures(service: str, stage: Stage) -> set[str]:
    """The custom metrics that a service counts for the dashboard, as `custom_metrics` has them."""
    dimensions = [{"Name": "service", "Value": service}]
    figures = manifest(service).figures if service in services() else ()
    return {str((f"MallBots/{stage.name}", figure.metric, dimensions)) for figure in figures}


def ping(memory_mb: int) -> float:
    """Dollars of a page's ping: in, and answered; of each shard of the boards the watch and the head are read."""
    reads = 2 * sum(SHARDS.values()) * prices.READ_UNIT
    return 2 * prices.SOCKET_MESSAGE + _invocation(memory_mb) + reads


def heartbeat(memory_mb: int) -> float:
    """Dollars of one heartbeat of a robot that is online, on average."""
    asked, known = heartbeats()
    of_one_answer = CACHED / Settings().report_every
    return (_dollars(asked, memory_mb) + (of_one_answer - 1) * _dollars(known, memory_mb)) / of_one_answer


def heartbeats() -> tuple[dict[str, float], dict[str, float]]:
    """The units of a heartbeat about which the gateway asks the authorizer, and of one with an answer that it kept."""
    mall, robot = FaultFreeMall(), dict[str, str]()

    def register() -> None:
        robot.update(mall.request("POST", "/api/depot/bots", {"name": "Echo"}))

    def beat() -> None:
        token = {"Authorization": f"Bearer {robot['token']}"}
        answer = mall.cloud.request("PUT", f"/api/depot/bots/{robot['id']}/online", {}, token, "")
        assert answer.status == 200, answer
        mall.cloud.sleep(8.0)

    def forget() -> None:
        mall.cloud.sleep(CACHED)

    def pause() -> None:
        mall.cloud.sleep(Settings().report_every - 8.0)

    *_, asked, _, known = counted(mall, mall.open, register, beat, forget, beat, pause, beat)
    return asked, known


def _dollars(units: Mapping[str, float], memory_mb: int) -> float:
    rates = {
        "invocations": _invocation(memory_mb),
        "read_units": prices.READ_UNIT,
        "write_units": prices.WRITE_UNIT,
        "bus_entries": prices.BUS_ENTRY,
        "queue_requests": prices.QUEUE_REQUEST,
    }
    return prices.HTTP_REQUEST + sum(number * rates[kind] for kind, number in units.items())


def _invocation(memory_mb: int) -> float:
    return prices.INVOCATION + SECONDS * memory_mb / 1024 * prices.GB_SECOND


def connected(memory_mb: int) -> Lines:
    """Dollars of a million orders, of robots on the stream and of pages that watch all boards."""
    broker: Lines = {("fleet", "IoT Core messages and rules"): float(sum(stream_cost().values()))}
    return broker | watched(PAGES, memory_mb)
