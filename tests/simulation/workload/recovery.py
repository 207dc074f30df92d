"""Recovery after the faults: a crew redrives dead letters, resumes sagas and ends open orders."""

from collections.abc import Callable
from typing import Literal

from tests.simulation.workload.menders import Mender
from tests.simulation.workload.robots import Robot
from tests.simulation.workload.stream_robots import StreamRobot

Ending = Literal["leave", "cancel", "collect", "collect and pay"]
ENDINGS: tuple[Ending, ...] = ("leave", "cancel", "collect", "collect and pay", "collect and pay")

ROUNDS = 3
PAUSE = 12.0  # seconds: long enough for most messages to be handled
OPEN = ("pending", "approved", "ready")


class RecoveryCrew(Mender):
    """Staff that end all open orders in one way."""

    def finish(self, robot: Robot | StreamRobot, foresee: Callable[[], None], unpaid: float) -> None:
        """Work in rounds while orders are open.

        foresee: how another sends letters back first. unpaid: seconds to wait for unpaid orders to expire.
        """
        self.cloud.sleep(PAUSE)
        self.resume_consumers()
        foresee()
        self.redrive_all()
        self.resume_sagas()
        ending = self.choices.pick(ENDINGS, "how open orders end")
        for _ in range(ROUNDS):
            still_open = self._open_orders()
            if not still_open or ending == "leave":
                return
            for order_id, paid in still_open:
                if ending == "cancel":
                    self.request("DELETE", f"/api/ordering/{order_id}", {"reason": "the mall closes"})
                elif ending == "collect and pay" and not paid:
                    self.request("PUT", f"/api/payments/invoices/{order_id}/pay")
            if ending.startswith("collect"):
                if not robot.id:
                    robot.register()
                robot.report_online()
                self.cloud.sleep(PAUSE)
                robot.collect_all()
            self.cloud.sleep(PAUSE)
        if ending == "collect":
            self.cloud.sleep(unpaid)

    def _open_orders(self) -> list[tuple[str, bool]]:
        """The ids of orders that have not ended, and whether they are paid."""
        found = [self.get(f"/api/ordering/{order.id}") for order in self.mall.orders]
        orders = [answer["order"] for answer in found if answer]
        return [(order["id"], order["paid"]) for order in orders if order["status"] in OPEN]
