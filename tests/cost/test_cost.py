"""The bill of orders at a pace, and the same run counted in another way."""

import pytest

from infra.stages import STAGES
from tests.cost import bill as lines
from tests.cost.__main__ import calls_of, kilobytes_of, logs_of
from tests.cost.bill import Bill, bill
from tests.cost.flow import Run, run
from tests.cost.month import custom_metrics, own_figures
from tests.cost.other_ways import durable_functions, polling_outbox, step_functions
from tests.cost.receives import more_of_arrivals
from tests.cost.recount import recount
from tests.cost.streamed import StreamedOrders

MEMORY = STAGES["prod"].memory_mb


@pytest.fixture(scope="module")
def counted() -> Run:
    return run(0.4, 20)


@pytest.fixture(scope="module")
def billed(counted: Run) -> Bill:
    return bill(counted, MEMORY)


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        ("write_units", (lines.WRITES, lines.INDEXES, lines.REFUSED)),
        ("read_units", (lines.READS,)),
        ("bus_entries", (lines.ENTRIES,)),
        ("queue_requests", (lines.REQUESTS, lines.FIFO)),
        ("invocations", (lines.INVOCATIONS,)),
    ],
)
def test_another_count_of_the_same_run_is_the_same_within_five_percent(
    counted: Run, billed: Bill, kind: str, of: tuple[str, ...]
) -> None:
    assert recount(counted)[kind] == pytest.approx(billed.of(*of), rel=0.05)


def test_the_lines_that_functions_print_have_the_bytes_that_are_billed(counted: Run) -> None:
    assert sum(lines.logged(counted).values()) == pytest.approx(recount(counted)["log_bytes"] * counted.orders)


def test_the_bill_stays_within_its_limits(counted: Run, billed: Bill) -> None:
    """Of 20 orders of one seed, each time the same; more of them: docs/performance.md, with the targets.

    Another build of zlib may need a few bytes more or fewer.
    """
    assert calls_of(billed) == pytest.approx(218.30, abs=0.5)
    assert logs_of(billed) == pytest.approx(10.43, abs=0.1)
    assert kilobytes_of(counted) == pytest.approx(34.1, abs=0.3)
    assert more_of_arrivals(counted) == pytest.approx(14.91, abs=0.5)


def test_an_order_that_nobody_watches_lets_live_read_what_its_page_says(billed: Bill) -> None:
    assert round(billed.units["live", lines.READS]) == 20  # functions/live/README.md


def test_robots_on_the_stream_collect_each_order_within_its_limits() -> None:
    """Of 20 orders of one seed, each time the same; more of them: docs/performance.md."""
    streamed = run(0.4, 20, of=StreamedOrders)
    assert streamed.orders == pytest.approx(20, rel=0.05)
    assert calls_of(bill(streamed, MEMORY)) == pytest.approx(293.96, abs=0.7)
    assert logs_of(bill(streamed, MEMORY)) == pytest.approx(13.38, abs=0.15)
    assert kilobytes_of(streamed) == pytest.approx(42.5, abs=0.4)


def test_the_gateway_asks_who_each_customer_and_robot_is(billed: Bill) -> None:
    asked = billed.units["gateway", lines.INVOCATIONS]
    assert asked > 1.5  # of a customer, some twice: an answer is kept for a minute; and of the robot


def test_a_service_counts_figures_beside_what_alarms_read() -> None:
    own = own_figures("insights", STAGES["prod"])
    assert len(own) == 7
    read = {"Namespace": "MallBots/prod", "MetricName": "OrdersDecided"}
    alarm = read | {"Dimensions": [{"Name": "service", "Value": "insights"}]}
    resources = {"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}}
    assert custom_metrics({"Resources": resources}) < own
    assert own_figures("platform", STAGES["prod"]) == set()


def test_as_many_orders_are_counted_as_began(counted: Run) -> None:
    assert counted.orders == pytest.approx(20, rel=0.05)
    assert counted.seconds == pytest.approx(20 / 0.4, rel=0.05)


def test_the_service_of_a_call_is_that_of_its_table_queue_function_or_source() -> None:
    assert [lines.service_of(where) for where in ("depot/views", "live/inbox", "mallbots.ordering")] == [
        "depot",
        "live",
        "ordering",
    ]


def test_every_way_costs_more_than_the_commit_that_is_an_item(counted: Run, billed: Bill) -> None:
    own = sum(billed.usd().values())
    ways = (
        polling_outbox(counted, billed, 1e6),
        step_functions(counted, billed),
        durable_functions(counted, billed, MEMORY),
    )
    assert all(sum(usd.values()) > own for usd in ways)


def test_a_saga_of_a_workflow_is_billed_by_its_commands(counted: Run, billed: Bill) -> None:
    """Five commands, two stages, a start and an end: nine transitions at $25 a million."""
    transitions = step_functions(counted, billed)["Step Functions transitions"]
    assert transitions == pytest.approx(9 * 25, rel=0.1)


def test_provisioned_capacity_costs_less_at_the_use_that_is_assumed(billed: Bill) -> None:
    provisioned, on_demand = billed.usd(provisioned=True), billed.usd()
    dearer = {line for (service, line), usd in provisioned.items() if usd > on_demand[service, line]}
    assert not dearer
    assert {line for service, line in on_demand if on_demand[service, line] != provisioned[service, line]} <= set(
        lines.PROVISIONED
    )


def test_the_custom_metrics_of_a_stack_are_those_that_its_alarms_read() -> None:
    own = {"Namespace": "MallBots/prod", "MetricName": "Errors", "Dimensions": [{"Name": "service", "Value": "depot"}]}
    both = {"Metrics": [{"MetricStat": {"Metric": own}}, {"MetricStat": {"Metric": {"Namespace": "AWS/Lambda"}}}]}
    alarms = {
        "A": {"Type": "AWS::CloudWatch::Alarm", "Properties": own},
        "B": {"Type": "AWS::CloudWatch::Alarm", "Properties": both},
        "T": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
    }
    assert len(custom_metrics({"Resources": alarms})) == 1
