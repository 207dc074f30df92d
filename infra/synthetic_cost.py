"""What synthetic orders cost a month at list prices: `python -m infra.synthetic_cost`.

An order is taken to cost what a whole one does (infra/order_cost.py), though no robot collects it. Not in it: what a
payment provider bills for an authorization that is released.
"""

import sys

from infra import prices
from infra.order_cost import SECONDS, order_cost
from infra.stages import STAGES

ORDERS = prices.MONTH_MINUTES / 5
MB = STAGES["prod"].memory_mb
# Of one order, beside the six requests of any: a store and a product looked for, the order looked at each second, and
# the orders of earlier runs.
# Assumed, like the duration: no call of AWS was timed here.
REQUESTS = 7
RUN_SECONDS = 5
ALARM_METRICS = 4  # its own; and of its function errors, throttles, chains


def of_one() -> float:
    """Dollars for one order."""
    request = prices.HTTP_REQUEST + prices.INVOCATION + _duration(SECONDS)
    run = prices.INVOCATION + _duration(RUN_SECONDS) + prices.SECRET_READ
    return sum(order_cost().values()) / 1e6 + REQUESTS * request + run


def of_a_month() -> float:
    """Dollars for the orders of a month, their metric and its alarm."""
    return ORDERS * of_one() + prices.CUSTOM_METRIC + ALARM_METRICS * prices.ALARM_METRIC


def _duration(seconds: float) -> float:
    return seconds * MB / 1024 * prices.GB_SECOND


def main() -> int:
    print(f"${ORDERS * of_one():6.2f}  {ORDERS:,.0f} orders a month, of ${of_one():.6f} each")
    print(f"${prices.CUSTOM_METRIC:6.2f}  the metric of how long approvals took")
    print(f"${ALARM_METRICS * prices.ALARM_METRIC:6.2f}  metrics that alarms read")
    print(f"${of_a_month():6.2f}  a month")
    return 0


if __name__ == "__main__":
    sys.exit(main())
