"""What a bill has beside the calls of an order: no line falls out unseen."""

import pytest

from functions.live.topics import SHARDS
from infra import prices
from infra.order_cost import robot_cost, stream_cost
from infra.stages import STAGES
from tests.cost import bill as lines
from tests.cost.__main__ import COUNTED, FLOW_LEAVES_OUT, calls_of, summary
from tests.cost.bill import bill
from tests.cost.flow import Run, run
from tests.cost.month import METRICS, PAGES, ROBOTS, connected, fixed, heartbeat, heartbeats, ping
from tests.cost.watched import Lines, of_watching
from tests.simulation.test_cost_of_live import BOARDS, UNWATCHED
from tests.simulation.whole_order import Left

MEMORY = STAGES["prod"].memory_mb
A_TABLE = {"Resources": {"T": {"Type": "AWS::DynamoDB::Table", "Properties": {}}}}
INSIGHTS = {"Insights.template.json": A_TABLE}


@pytest.fixture(scope="module")
def counted() -> Run:
    return run(0.4, 2)


@pytest.fixture(scope="module")
def month(counted: Run) -> Lines:
    return fixed(INSIGHTS, STAGES["prod"], counted, MEMORY)


def test_a_month_has_all_its_lines(counted: Run, month: Lines) -> None:
    """Beside those of templates, which tests/infra/test_costs.py checks."""
    assert {line: round(usd, 2) for line, usd in month.items()} == {
        ("insights", METRICS): 2.10,
        # https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
        ("all", "Lambda INIT"): round(counted.containers.total() * 360 * 0.5 * 1_769 / 1_024 * prices.GB_SECOND, 2),
        ("all", "KMS requests for tables"): round(len({one for one, _ in counted.asked}) * 8_640 * 0.03 / 1e4, 2),
        ("live", "WebSocket connections"): 0.01,
        ("live", "pings of pages"): 0.37,
        ("fleet", "IoT Core connections"): 0.03,
        ("depot", "heartbeats of robots"): 2.45,
    }
    assert counted.containers.total() > 20
    assert month["live", "WebSocket connections"] == PAGES * 43_200 * prices.SOCKET_MINUTE
    assert month["fleet", "IoT Core connections"] == ROBOTS * robot_cost()


def test_the_gateway_asks_about_a_robot_once_a_minute_and_each_heartbeat_writes_its_row() -> None:
    asked, known = heartbeats()
    assert known == {"invocations": 1, "read_units": 2, "write_units": 1}
    assert asked == {"invocations": 3, "read_units": 3, "write_units": 1}  # the authorizer, and depot, which it asks
    of_three = 3 * prices.HTTP_REQUEST + 3 * prices.WRITE_UNIT + 7 * prices.READ_UNIT
    of_five_runs = 5 * (prices.INVOCATION + 0.02 * MEMORY / 1_024 * prices.GB_SECOND)
    assert 3 * heartbeat(MEMORY) == pytest.approx(of_three + of_five_runs)


def test_a_ping_reads_the_watch_and_the_head_of_each_shard() -> None:
    assert sum(SHARDS.values()) == 8
    assert ping(MEMORY) > 2 * prices.SOCKET_MESSAGE + 16 * prices.READ_UNIT + prices.INVOCATION


def test_a_watched_change_reads_head_row_and_subscribers_beside_its_item() -> None:
    changes = BOARDS - UNWATCHED
    more = {kind: number for kind, number in of_watching().items() if number}
    assert more == {"changes": changes, "write_units": changes, "read_units": 3 * changes, "calls": 4 * changes}


def test_who_is_connected_costs_by_all_its_lines() -> None:
    usd = connected(MEMORY)
    assert {line: round(dollars, 2) for line, dollars in usd.items() if dollars} == {
        ("fleet", "IoT Core messages and rules"): round(sum(stream_cost().values()), 2),
        ("live", "log of watched boards"): 8.13,
        ("live", "reads for watched boards"): 4.88,
        ("live", "GB-seconds for watched boards"): 1.93,
        ("live", "WebSocket messages"): 13.00,
    }


def test_the_last_line_has_all_its_keys_and_each_is_of_its_lines(counted: Run, month: Lines) -> None:
    billed = bill(counted, MEMORY)
    last = summary(counted, billed, 400.004, 370.004, 290.004, month)
    assert last == {
        "usd_per_million": 400.0,
        "flow_usd_per_million": round(calls_of(billed), 2),
        "flow_streamed_usd_per_million": 290.0,
        "provisioned_usd": 370.0,
        "logs_usd": round(1e6 * billed.of(lines.LOGS) * prices.LOG_GB, 2),
        "metrics_usd_month": 2.1,
        "stored_kb": round(sum(counted.left.bytes.values()) / 1_024, 1),
        **{kind: round(billed.of(*of), 1) for kind, of in COUNTED.items()},
    }
    assert [*COUNTED] == ["write_units", "read_units", "bus_entries", "queue_requests", "invocations"]
    assert all(last.values())


def test_every_line_has_units_and_the_flow_leaves_out_only_what_it_names(counted: Run) -> None:
    billed = bill(counted, MEMORY)
    assert {line for _, line in billed.units} | {lines.KMS, lines.REFUSED} == {*lines.PRICES}
    assert {*FLOW_LEAVES_OUT} == {lines.LOGS, lines.ARCHIVE, lines.STORED, lines.RECOVERY}
    assert calls_of(billed) == pytest.approx(
        sum(1e6 * n * lines.PRICES[line] for (_, line), n in billed.units.items() if line not in FLOW_LEAVES_OUT)
    )


def test_recovery_is_billed_by_the_items_alone_and_storage_by_entries_of_indexes_too() -> None:
    left = Left()
    left.items["depot/views"], left.bytes["depot/views"] = 3, 3_000
    left.own_items["depot/views"], left.own_bytes["depot/views"] = 1, 1_000
    units = bill(Run(orders=1.0, left=left), MEMORY).units
    assert units["depot", lines.STORED] == pytest.approx(3_300 / 1e9)
    assert units["depot", lines.RECOVERY] == pytest.approx(1_100 / 1e9)
