"""A reconciliation that was asked for, by the schedule or by staff: once for each tick, or Idempotency-Key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies

OrdersToCompare = Literal["ended", "unfinished", "differing"]


@dataclass(frozen=True)
class Asked(DomainEvent):
    """Orders of one kind are to be compared; `ended` ones are those of the day. time: RFC 3339."""

    orders: OrdersToCompare
    day: str
    time: str


@dataclass
class Reconciliation(Aggregate):
    """day: the last whose ended orders are compared. time: when it was asked for (RFC 3339). Rows say how far it is."""

    day: str = ""
    time: str = ""

    def begin(self, days: Sequence[str], time: str) -> None:
        """Ask for a run of the orders that ended on each day, and of each other kind of orders, once."""
        if self.is_new:
            for orders in get_args(OrdersToCompare):
                for day in days if orders == "ended" else days[-1:]:
                    self.record(Asked(orders, day, time))

    @applies(Asked)
    def _asked(self, event: Asked) -> None:
        self.day = event.day
        self.time = event.time
