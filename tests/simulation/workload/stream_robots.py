"""Robots on the robots' stream: the shipped machine, what befalls it in a shift, and staff who look after it."""

from collections.abc import Callable
from dataclasses import dataclass

from clients.robot.settings import Settings
from events.vda5050 import errors
from events.vda5050.state import OperatingMode
from tests.simulation.iot.control_client import SIGNING_REQUEST
from tests.simulation.iot.robot import StandingRobot
from tests.simulation.workload.client import Client

LEASE = 60.0  # seconds without a message after which the depot takes a robot at work offline
SHORT, LONG = (0.5, 20.0), (LEASE + 5, 2.5 * LEASE)  # seconds of cuts and pauses
AFTERWARDS = 60.0  # seconds that a shift lasts at least after what befell its robot
LOOKS = 12.0  # seconds between two looks of staff at a robot
ENDS = 150.0  # seconds that a robot may take to end its order when its shift is over
MODES = (OperatingMode.MANUAL, OperatingMode.INTERVENED, OperatingMode.SERVICE)
DISKS = (*6 * ("kept",), "older", "lost")


@dataclass(frozen=True)
class Pace:
    """How fast a robot is: an order takes it seconds, or minutes."""

    times: float

    def settings(self, short: float, failing: float, drain: float) -> Settings:
        """The settings of its machine."""
        return Settings(short=short, failing=failing, percent_a_second=drain).faster(self.times)


PACES = (*4 * (Pace(20.0),), *2 * (Pace(6.0),), Pace(1.5))


class StreamRobot(Client):
    """One robot for one shift. It has an id once it is registered, and stands in the mall once it has a certificate."""

    robot: StandingRobot | None = None

    def work(self, after: float, shift: float) -> None:
        """Register after so many seconds, and work for a shift of so many, whatever befalls it."""
        self.cloud.sleep(after)
        self.register()
        if self.robot is None:
            return
        if self.chance(0.6, "a list by hand"):
            self._have_a_list_made()
        end = self.cloud.now() + shift
        befalls = [self.choices.pick(BEFALLS, "what befalls a robot") for _ in range(self._number())]
        while self.cloud.now() < end:
            self.pause(3, LOOKS)
            if befalls and self.chance(0.5, "it befalls now"):
                befalls.pop()(self)
                end = max(end, self.cloud.now() + AFTERWARDS)
            self._look_after()
        self.go_home()

    def _number(self) -> int:
        return self.choices.pick((0, 1, 1, 2, 3), "how much befalls a robot")

    def register(self) -> None:
        """Have staff register it, order a certificate for it, and switch it on."""
        answer = self.request("POST", "/api/depot/bots", {"name": self.name}, who=self._owner)
        if answer.status != 200:
            return
        self.id = str(answer.body["id"])
        self.mall.robots.append(self.id)
        body = {"csr": SIGNING_REQUEST}
        answer = self.request("POST", f"/api/fleet/robots/{self.id}/certificate", body, who=self._owner)
        if answer.status != 200:
            return
        self.robot = StandingRobot(
            self.cloud.world,
            self.cloud.broker,
            self.cloud.robots_topics,
            self.id,
            str(answer.body["certificate"]),
            self._settings(),
            self.choices,
            skew=self.choices.seconds(-300, 300, "a robot's clock") if self.chance(0.3, "a wrong clock") else 0.0,
        )
        self.robot.start()

    def _have_a_list_made(self) -> None:
        """Staff make a list of their own for it, or for whichever robot is given it."""
        products = {product.id: product for product in self.mall.products}.values()
        items = [
            {"storeId": product.store_id, "productId": product.id, "quantity": self.choices.between(1, 4, "how many")}
            for product in products
        ]
        body = {"orderId": self.cloud.new_id(), "items": items}
        answer = self.request("POST", "/api/depot/shopping", body, who=self._owner)
        if answer.status == 200:
            self.request("PUT", f"/api/depot/shopping/{answer.body['id']}/initiate", who=self._owner)

    def _settings(self) -> Settings:
        pace: Pace = self.choices.pick(PACES, "its pace")
        short = 0.5 if self.chance(0.3, "it finds less") else 0.0
        failing = 0.4 if self.chance(0.2, "its gripper fails") else 0.0
        drain = 1.0 if self.chance(0.1, "a weak battery") else 0.01
        return pace.settings(short, failing, drain)

    @property
    def _owner(self) -> str:
        return f"staff:{self.name}'s owner"

    def report_online(self) -> None:
        """Be there, as the crew of the evening asks a robot to."""
        if self.robot and not self.robot.is_running:
            self.robot.start()

    def collect_all(self) -> None:
        """Be given lists and collect them, until there are none for a while."""
        until = self.cloud.now() + ENDS
        while self.robot and self.robot.is_at_work and self.cloud.now() < until:
            self.pause(2, 5)
            self._look_after()

    def go_home(self) -> None:
        """End the shift: after the order, at once, or without a word; a retired robot is switched off."""
        if self.robot is None or not self.robot.is_running:
            return
        if self.chance(0.6, "ending the order first"):
            self._resume()
            self.collect_all()
        if self.chance(0.2, "switched off"):
            self.robot.crash()
        else:
            self.robot.leave()

    def _look_after(self) -> None:
        """What the staff do who see it: they have failed actions tried again or skipped."""
        if not self.chance(0.4, "staff look at it"):
            return
        found = self.request("GET", f"/api/fleet/robots/{self.id}", who=self._owner)
        if found.status != 200:
            return
        for error in found.body["robot"]["errors"]:
            failed = [one["value"] for one in error["references"] if one["key"] == "actionId"]
            if error["type"] in (errors.PICK_FAILED, errors.DROP_FAILED) and failed:
                what = "retry" if self.chance(0.6, "trying again") else "skip"
                self.request("PUT", f"/api/fleet/robots/{self.id}/actions/{failed[0]}/{what}", {}, who=self._owner)

    # What may befall it.

    def _is_cut(self) -> None:
        assert self.robot
        self.robot.cut(self.choices.seconds(*self._span(), "how long a cut lasts"))

    def _restarts(self) -> None:
        assert self.robot
        if self.robot.is_running:
            self.robot.crash()
            self.pause(*self._span())
            self.robot.start(disk=self.choices.pick(DISKS, "its disk"))

    def _hangs(self) -> None:
        assert self.robot
        whole = self.chance(0.5, "its network too")
        self.robot.hang(self.choices.seconds(*self._span(), "how long it hangs"), whole=whole)

    def _breaks_off(self) -> None:
        """It leaves in order, and comes back."""
        assert self.robot
        self.robot.leave()
        self.pause(*self._span())
        self.robot.start()

    def _is_switched(self) -> None:
        """Someone at the robot takes it over for a while."""
        assert self.robot
        self.robot.switch(self.choices.pick(MODES, "which mode"))
        self.pause(*SHORT)
        self.robot.switch(OperatingMode.AUTOMATIC)

    def _is_paused(self) -> None:
        self.request("PUT", f"/api/fleet/robots/{self.id}/pause", {}, who=self._owner)
        self.pause(*SHORT)
        if self.chance(0.8, "going on"):
            self._resume()

    def _resume(self) -> None:
        self.request("PUT", f"/api/fleet/robots/{self.id}/resume", {}, who=self._owner)

    def _is_retired(self) -> None:
        answer = self.request("DELETE", f"/api/depot/bots/{self.id}", who=self._owner)
        if answer.status == 200:
            self.cloud.history.record("deed", who=self.name, what="robot retired")

    def _span(self) -> tuple[float, float]:
        return LONG if self.chance(0.35, "for longer than a lease") else SHORT


class EveningRobot(StreamRobot):
    """The crew's: quick, and nothing befalls it."""

    def _settings(self) -> Settings:
        return PACES[0].settings(0.0, 0.0, 0.01)

    def collect_all(self) -> None:
        """Wait for a list, and collect it."""
        self.pause(10, 15)
        super().collect_all()

    def go_home(self) -> None:
        """Leave in order."""
        if self.robot and self.robot.is_running:
            self.robot.leave()


BEFALLS: tuple[Callable[[StreamRobot], None], ...] = (
    *3 * (StreamRobot._is_cut,),
    *3 * (StreamRobot._restarts,),
    StreamRobot._hangs,
    StreamRobot._breaks_off,
    StreamRobot._is_switched,
    StreamRobot._is_paused,
    StreamRobot._is_retired,
)
