"""Robots: they say that they are there, collect what they are given, and are late, short, lost or mistaken at times."""

from typing import Any, Literal

from tests.simulation.choices import Choices
from tests.simulation.workload.client import Client
from tests.simulation.workload.mall import lines

Temper = Literal["good", "short", "hasty", "slow", "lost", "mistaken"]
TEMPERS: tuple[Temper, ...] = ("good", "good", "good", "short", "short", "hasty", "slow", "lost", "mistaken")
BEAT = 20.0  # seconds between two words of a robot; after 60 without one the depot takes it offline
LOST_FOR = 75.0
LEASE = 60.0  # seconds after which a silent robot loses its list


class Robot(Client):
    """One robot for one shift."""

    bot_id: str | None = None
    temper: Temper = "good"

    def work(self, after: float, shift: float) -> None:
        """Join the depot after so many seconds, and work for a shift of so many."""
        self.temper = self.choices.pick(TEMPERS, "what a robot is like")
        self.cloud.sleep(after)
        self._work_for(shift)

    def _work_for(self, shift: float) -> None:
        end = self.cloud.now() + shift
        self.join()
        while self.bot_id and self.cloud.now() < end and not self.scene.closing:
            self.report()
            self.collect_all()
            self.pause(BEAT / 2, BEAT)
        if self.bot_id and self.may(0.7, "saying goodbye"):
            self.ask("PUT", f"/api/depot/bots/{self.bot_id}/offline")

    def stand_in(self, after: float, shift: float) -> None:
        """Come for a robot that is lost, work slowly, and so still be at it when that one is back."""
        self.cloud.sleep(after)
        self.temper = "slow"
        self._work_for(shift)

    def join(self) -> None:
        """Become one of the depot's robots, if it hears that it did."""
        answer = self.ask("POST", "/api/depot/bots", {"name": self.name}, who=f"staff:{self.name}'s owner")
        if answer.status == 200:
            self.bot_id = str(answer.body["id"])
            self.scene.robots.append(self.bot_id)

    def report(self) -> None:
        """Say that it is there."""
        self.ask("PUT", f"/api/depot/bots/{self.bot_id}/online")

    def collect_all(self) -> None:
        """Collect the lists that it has been given."""
        found = self.get("/api/depot/shopping?status=assigned&limit=20") or {"lists": []}
        for shopping_list in found["lists"]:
            if shopping_list["botId"] == self.bot_id or self._takes_for_its_own():
                self._collect(shopping_list)

    def _takes_for_its_own(self) -> bool:
        return self.temper == "mistaken" and self.may(0.5, "taking another's list for its own")

    def _collect(self, shopping_list: dict[str, Any]) -> None:
        path = f"/api/depot/shopping/{shopping_list['id']}"
        number = {"assignment": shopping_list["assignment"]}
        self.scene.seen.append((shopping_list["id"], shopping_list["assignment"]))
        if self.temper == "hasty":
            self.ask("PUT", f"{path}/complete", number)
            return
        if self.ask("PUT", f"{path}/start", number).status != 200:
            return
        self._rest()
        for line in lines(shopping_list):
            found = self._found(line["quantity"])
            if found and self.may(0.3, "picking in two goes"):
                self.ask("PUT", f"{path}/pick", number | line | {"quantity": 1})
            if self.ask("PUT", f"{path}/pick", number | line | {"quantity": found}).status == 409:
                return  # called off, or given to another meanwhile
            self._rest()
        if self.temper == "mistaken" and self.may(0.5, "an old assignment"):
            list_id, assignment = self.choices.pick(self.scene.seen, "which")
            self.ask("PUT", f"/api/depot/shopping/{list_id}/complete", {"assignment": assignment})
        self.ask("PUT", f"{path}/complete", number)

    def _found(self, wanted: int) -> int:
        if self.temper != "short":
            return wanted
        return self.choices.between(0, wanted, "how many are found")

    def _rest(self) -> None:
        """The time that a step takes; whoever is lost is not heard of for longer than the depot waits."""
        if self.temper == "lost" and self.may(0.5, "getting lost"):
            if self.may(0.6, "another robot comes for it"):
                own = Choices(self.choices.between(0, 2**32, "whoever it is"), record=False)
                deputy = Robot(self.cloud, own, self.scene, self.role, f"{self.name}'s deputy")
                self.cloud.spawn(deputy.stand_in, LEASE, LOST_FOR, name=deputy.name)
            self.pause(LOST_FOR, 2 * LOST_FOR)
        elif self.temper == "slow":
            self.pause(10, 40)
        else:
            self.pause(0.5, 5)
