"""What the commands idle-cost and order-cost compute."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.idle_cost import BY_USE, COSTS, idle_cost
from infra.local.cloud import LocalCloud
from infra.local.cost import HEARTBEAT, LABELS, cents, cost
from infra.order_cost import ORDER, PRICES, STREAM, STREAM_PRICES, main, order_cost, robot_cost, stream_cost
from infra.stages import STAGES
from tests.infra.conftest import Templates

ROOT = Path(__file__).parents[2]
DEPLOYING = (ROOT / "docs/deploying.md").read_text()


def row(file: str, begin: str) -> str:
    """The line of a document that begins so."""
    [found] = [line for line in (ROOT / file).read_text().splitlines() if line.startswith(begin)]
    return found


def test_the_price_of_every_type_of_resource_is_known(dev: Templates, prod: Templates) -> None:
    deployed = {r["Type"] for t in (dev, prod) for stack in t.stacks.values() for r in stack["Resources"].values()}
    assert deployed == set(BY_USE) | set(COSTS)


def test_what_a_stage_costs_that_nobody_uses(prod: Templates) -> None:
    costs = {what: round(dollars, 2) for what, dollars in idle_cost(prod.stacks, STAGES["prod"]).items()}
    assert costs == {
        "keys of KMS": 1.00,
        "alarms on service levels, beside their metrics": 1.50,
        "dashboards": 3.00,
        "metrics that alarms read": 37.60,
        "polling of empty queues (assumed)": 4.15,
        "secrets": 1.20,
        "ticks of schedules": 1.75,
    }
    assert f"${sum(costs.values()):.0f} |" in row("README.md", "| a month of a stage as `prod`")
    assert f"about ${sum(costs.values()):.0f} a month" in DEPLOYING
    assert f"${costs['metrics that alarms read']:.2f} of them" in DEPLOYING


def test_an_alarm_costs_by_the_metrics_that_it_reads() -> None:
    metric = {"MetricStat": {"Stat": "Sum"}}
    of_three = {"Metrics": [{"Expression": "m0 + m1 + m2"}, metric, metric, metric]}
    alarms: dict[str, Any] = {"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}}
    alarms["B"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": of_three}
    assert idle_cost({"s": {"Resources": alarms}}, STAGES["prod"]) == {"metrics that alarms read": pytest.approx(0.4)}


def test_a_type_of_resource_without_a_price_fails_the_command() -> None:
    template = {"s": {"Resources": {"Nat": {"Type": "AWS::EC2::NatGateway"}}}}
    with pytest.raises(ValueError, match=r"say in infra/idle_cost\.py what AWS::EC2::NatGateway costs \(Nat\)"):
        idle_cost(template, STAGES["prod"])


def test_what_a_million_orders_cost() -> None:
    assert set(PRICES) == set(ORDER)
    assert round(sum(order_cost().values())) == 213
    assert f"${sum(order_cost().values()):.0f} |" in row("README.md", "| a million orders of one product")
    assert f"about ${sum(order_cost().values()):.0f} for a million" in DEPLOYING


def test_the_readme_names_what_orders_with_their_looks_cost_as_it_was_measured() -> None:
    """`make cost`, whose figures docs/performance.md keeps; tests/cost judges the flow itself."""
    [named] = re.findall(r"\$\d+\.\d\d", row("README.md", "| a million orders of three products"))
    measured = row("docs/performance.md", "| calls of the flow, a million orders")
    assert f"| {named} |" in measured


def test_what_a_million_orders_cost_more_by_the_robots_stream() -> None:
    assert set(STREAM_PRICES) == set(STREAM)
    assert round(sum(stream_cost().values()), 2) == 35.50
    assert round(robot_cost(), 4) == 0.0035
    assert f"${sum(stream_cost().values()):.2f} more" in DEPLOYING
    assert f"${robot_cost():.4f} a month for each robot" in DEPLOYING


def test_the_cost_of_an_order_is_printed_with_what_the_order_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("one order: two of one product, 6 requests, nothing looked at")


def test_the_bill_of_an_order_in_the_demo_is_in_cents_and_knows_the_price_of_all_that_is_counted() -> None:
    """A million of each unit cost what the price list says; write units are $0.625."""
    assert cents({"write_units": 1e6}) == pytest.approx(62.5)
    assert set(LABELS) <= set(PRICES)


OF_AN_ORDER = (
    ("baskets", "POST /api/baskets"),
    ("gateway", "POST /api/baskets"),
    ("stores", "FindProduct"),
    ("depot", "message"),
    ("fleet", "robots r-1"),
    ("fleet", "robots r-1,r-2"),
)
OF_NONE = (
    ("baskets", "GET /api/baskets/{id}"),
    ("gateway", "GET /api/baskets/{id}"),
    ("depot", HEARTBEAT),
    ("ordering", "FindOrderMessages"),
    ("payments", "FindPaymentMessages"),
    ("operations", "message"),
    ("baskets", "schedule UntouchedBasketsDue"),
    ("gateway", "schedule Scheduled Event"),
    ("live", "socket $connect"),
    ("fleet", "robots r-2"),
    ("fleet", "robots broker"),
)


def of_robot_one(monkeypatch: pytest.MonkeyPatch, *works: tuple[str, str]) -> Mapping[str, float]:
    """What invocations that each did one of these works cost an order that the robot r-1 collects."""
    lines = [{"meter": {"invocations": 1}, "service": service, "work": work} for service, work in works]
    monkeypatch.setattr("infra.local.cost._lines", lambda cloud, since: iter(lines))
    return cost(LocalCloud(4566, Path()), 0, "r-1")


def test_what_an_order_needs_is_on_its_bill_and_a_request_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The authorizer, which is asked before a request, has the request's route."""
    assert of_robot_one(monkeypatch, *OF_AN_ORDER) == {"invocations": len(OF_AN_ORDER), "http_requests": 1}


@pytest.mark.parametrize(("service", "work"), OF_NONE)
def test_what_happens_without_an_order_is_not_on_its_bill(
    service: str, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients that look, schedules, pages' sockets, other robots, operations."""
    assert of_robot_one(monkeypatch, (service, work)) == {}
