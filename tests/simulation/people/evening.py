"""The evening of a schedule: nothing goes wrong any more, and somebody finishes what was begun."""

from tests.simulation.people.operators import Operator
from tests.simulation.people.robots import Robot

ROUNDS = 4
PAUSE = 25.0  # seconds between two rounds: enough for what one has done to arrive everywhere
OPEN = ("pending", "approved", "ready")


class Crew(Operator):
    """Who redrives dead letters, resumes sagas, and sees to it that orders are collected and, mostly, paid."""

    def finish(self, robot: Robot, unpaid: float) -> None:
        """Go round until no order is left that can go on; who will not pay is waited for, `unpaid` seconds."""
        self.redrive()
        self.resume_sagas()
        pays = self.may(0.7, "paying what is open")
        for number in range(ROUNDS):
            is_open = self._see_to_orders(pays=pays)
            if not is_open:
                return
            if number == 0:
                robot.join()
            if robot.bot_id:
                robot.report()
                self.cloud.sleep(PAUSE)
                robot.collect_all()
            self.cloud.sleep(PAUSE)
        self.cloud.sleep(unpaid)

    def _see_to_orders(self, *, pays: bool) -> bool:
        """Pay what can be paid; whether an order is still open."""
        is_open = False
        for order in self.scene.orders:
            found = self.get(f"/api/ordering/{order.id}")
            if found and found["order"]["status"] in OPEN:
                is_open = True
                if pays and not found["order"]["paid"]:
                    self.ask("PUT", f"/api/payments/invoices/{order.id}/pay")
        return is_open
