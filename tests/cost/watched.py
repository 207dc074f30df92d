"""What live needs more of one order while a page of the staff watches all boards, on the simulated cloud.

The order is alone, so nearly each change is a batch of its own: at a pace some share one, and cost less.
"""

from collections import Counter
from unittest.mock import patch

from infra import prices
from tests.cost.bill import CPU, MILLION, VCPU_MB, WAIT, WAITS, service_of
from tests.simulation.sdk import Effect, Wire
from tests.simulation.test_cost_of_live import WatchedOrder, logged
from tests.simulation.whole_order import WholeOrder

LIVE = "live"
# Seconds of a post, assumed. The call is API Gateway's, so nearer to a send than to a read.
WAIT_OF_POST = WAITS["SendMessage"]
Lines = dict[tuple[str, str], float]


def of_live(order: WholeOrder) -> Counter[str]:
    """The units of live by kind, its calls of DynamoDB ("calls") and its items of logs ("changes")."""
    found, cost, call = Counter[str](), order.cloud.cost, Wire.call
    cost.calls = []

    def called(wire: Wire, operation: str, target: str, effect: Effect) -> object:
        found["calls"] += cost.counting and service_of(wire.caller) == LIVE
        return call(wire, operation, target, effect)

    with patch.object(Wire, "call", called):
        order.place()
    for one in cost.calls:
        if service_of(one.where) == LIVE:
            found[one.kind] += one.units  # type: ignore[assignment]
    found["changes"] = len(logged(order))
    return found


def of_watching() -> Counter[str]:
    """What `of_live` has more while all boards are watched."""
    more = of_live(WatchedOrder(its_page=False))
    more.subtract(of_live(WholeOrder()))
    return more


def watched(pages: float, memory_mb: int) -> Lines:
    """Dollars of a million orders, of so many pages that watch all boards: writes and reads of logs, and posts."""
    more = of_watching()
    posts = more["changes"] * pages
    cpu = (more["calls"] + posts) * CPU * VCPU_MB / memory_mb
    seconds = more["calls"] * WAIT + posts * WAIT_OF_POST + cpu
    units = {
        "log of watched boards": more["write_units"] * prices.WRITE_UNIT,
        "reads for watched boards": more["read_units"] * prices.READ_UNIT,
        "invocations for watched boards": more["invocations"] * prices.INVOCATION,
        "GB-seconds for watched boards": seconds * memory_mb / 1024 * prices.GB_SECOND,
        "WebSocket messages": posts * prices.SOCKET_MESSAGE,
    }
    return {(LIVE, what): MILLION * usd for what, usd in units.items()}
