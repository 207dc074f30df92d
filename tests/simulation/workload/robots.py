"""Robots: they send heartbeats and collect lists; some are slow, lost or mistaken, or find less than is listed."""

from typing import Any, Literal

from tests.simulation.choices import Choices
from tests.simulation.workload.client import Client
from tests.simulation.workload.mall import lines

Behavior = Literal["complete", "short", "hasty", "slow", "lost", "mistaken"]
BEHAVIORS: tuple[Behavior, ...] = (*3 * ("complete",), *2 * ("short",), "hasty", "slow", "lost", "mistaken")
HEARTBEAT = 20.0  # seconds between two requests of a robot, at most
LOST_FOR = 75.0  # seconds
LEASE = 60.0  # seconds without a request after which the depot takes a robot offline


class Robot(Client):
    """One robot for one shift. It has an id once it is registered."""

    behavior: Behavior = "complete"

    def work(self, after: float, shift: float) -> None:
        """Register after so many seconds, and work for a shift of so many."""
        self.behavior = self.choices.pick(BEHAVIORS, "how a robot behaves")
        self.cloud.sleep(after)
        self._work_for(shift)

    def _work_for(self, shift: float) -> None:
        end = self.cloud.now() + shift
        self.register()
        while self.id and self.cloud.now() < end:
            self.report_online()
            self.collect_all()
            self.pause(HEARTBEAT / 2, HEARTBEAT)
        if self.id and self.chance(0.7, "going offline"):
            self.request("PUT", f"/api/depot/bots/{self.id}/offline")

    def stand_in(self, after: float, shift: float) -> None:
        """Replace a lost robot, slowly, so that both work when the lost one returns."""
        self.cloud.sleep(after)
        self.behavior = "slow"
        self._work_for(shift)

    def register(self) -> None:
        """Have staff register it with the depot; the robot has an id only if the response arrives."""
        answer = self.request("POST", "/api/depot/bots", {"name": self.name}, who=self._owner)
        if answer.status == 200:
            self.id = str(answer.body["id"])
            self.mall.robots.append(self.id)
            self.take_token(answer)

    @property
    def _owner(self) -> str:
        return f"staff:{self.name}'s owner"

    def report_online(self) -> None:
        """Come online, or renew the lease, and now and then the token; staff issue another for one that is revoked."""
        path = f"/api/depot/bots/{self.id}"
        answer = self.request("PUT", f"{path}/online")
        if answer.status == 401:
            self.take_token(self.request("POST", f"{path}/token", who=self._owner))
        elif self.token and self.chance(0.2, "renewing its token"):
            self.take_token(self.request("POST", f"{path}/token"))

    def collect_all(self) -> None:
        """Collect the lists that are assigned to it."""
        found = self.get("/api/depot/shopping?status=assigned&limit=20") or {"lists": []}
        for shopping_list in found["lists"]:
            if shopping_list["botId"] == self.id:
                self._collect(shopping_list)
        if self.behavior == "mistaken" and self.mall.assignments and self.chance(0.5, "mistaking a list for its own"):
            list_id, assignment = self.choices.pick(self.mall.assignments, "which")
            self.request("PUT", f"/api/depot/shopping/{list_id}/start", {"assignment": assignment})
            self.request("PUT", f"/api/depot/shopping/{list_id}/complete", {"assignment": assignment})

    def _collect(self, shopping_list: dict[str, Any]) -> None:
        path = f"/api/depot/shopping/{shopping_list['id']}"
        number = {"assignment": shopping_list["assignment"]}
        self.mall.assignments.append((shopping_list["id"], shopping_list["assignment"]))
        if self.behavior == "hasty":
            self.request("PUT", f"{path}/complete", number)
            return
        if self.request("PUT", f"{path}/start", number).status != 200:
            return
        self._take_time()
        left = list(lines(shopping_list))
        if self.chance(0.4, "picking all at once"):
            items = [line | {"quantity": self._found(line["quantity"])} for line in lines(shopping_list)]
            if self.request("PUT", f"{path}/pickItems", number | {"items": items}).status in (404, 409):
                return
            self._take_time()
            left = left if self.chance(0.3, "counting each again") else []
        for line in left:
            found = self._found(line["quantity"])
            if found and self.chance(0.3, "picking in two steps"):
                self.request("PUT", f"{path}/pick", number | line | {"quantity": 1})
            if self.request("PUT", f"{path}/pick", number | line | {"quantity": found}).status in (404, 409):
                return  # cancelled, or taken from it meanwhile
            self._take_time()
        if self.behavior == "mistaken" and self.chance(0.5, "an old assignment"):
            list_id, assignment = self.choices.pick(self.mall.assignments, "which")
            self.request("PUT", f"/api/depot/shopping/{list_id}/complete", {"assignment": assignment})
        self.request("PUT", f"{path}/complete", number)

    def _found(self, wanted: int) -> int:
        if self.behavior != "short":
            return wanted
        return self.choices.between(0, wanted, "how many are found")

    def _take_time(self) -> None:
        """Let the time of a step pass; a lost robot is silent for longer than its lease."""
        if self.behavior == "lost" and self.chance(0.5, "getting lost"):
            if self.chance(0.6, "another robot replaces it"):
                own = Choices(self.choices.between(0, 2**32, "which robot"), record=False)
                deputy = Robot(self.cloud, own, self.mall, self.role, f"{self.name}'s deputy")
                self.cloud.spawn(deputy.stand_in, LEASE, LOST_FOR)
            self.pause(LOST_FOR, 2 * LOST_FOR)
            if self.chance(0.5, "reporting before it goes on"):  # its list may come back to it, with the next number
                self.report_online()
                self.pause(2, 8)
        elif self.behavior == "slow":
            self.pause(10, 40)
        else:
            self.pause(0.5, 5)
