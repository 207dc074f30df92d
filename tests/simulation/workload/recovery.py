"""The evening of a schedule: nothing goes wrong any more, and somebody finishes what was begun."""

from typing import Literal

from tests.simulation.workload.operators import Operator
from tests.simulation.workload.robots import Robot

Manner = Literal["leave it", "call it off", "collect it", "collect it and pay"]
MANNERS: tuple[Manner, ...] = ("leave it", "call it off", "collect it", "collect it and pay", "collect it and pay")

ROUNDS = 3
PAUSE = 12.0  # seconds: enough for what was done to arrive nearly everywhere
OPEN = ("pending", "approved", "ready")


class Crew(Operator):
    """Who redrives dead letters, resumes sagas, and ends in one way or another what is still open."""

    def finish(self, robot: Robot, unpaid: float) -> None:
        """Go round while orders are open; who will not pay is waited for, `unpaid` seconds at most."""
        self.cloud.sleep(PAUSE)
        self.redrive()
        self.resume_sagas()
        manner = self.choices.pick(MANNERS, "how a day ends")
        for _ in range(ROUNDS):
            still_open = self._open_orders()
            if not still_open or manner == "leave it":
                return
            for order_id, paid in still_open:
                if manner == "call it off":
                    self.ask("DELETE", f"/api/ordering/{order_id}", {"reason": "the mall closes"})
                elif manner == "collect it and pay" and not paid:
                    self.ask("PUT", f"/api/payments/invoices/{order_id}/pay")
            if manner.startswith("collect"):
                if robot.bot_id is None:
                    robot.join()
                robot.report()
                self.cloud.sleep(PAUSE)
                robot.collect_all()
            self.cloud.sleep(PAUSE)
        if manner == "collect it":
            self.cloud.sleep(unpaid)

    def _open_orders(self) -> list[tuple[str, bool]]:
        """The ids of orders that have not ended, and whether they are paid."""
        found = [self.get(f"/api/ordering/{order.id}") for order in self.scene.orders]
        orders = [answer["order"] for answer in found if answer]
        return [(order["id"], order["paid"]) for order in orders if order["status"] in OPEN]
