"""Rebuilds in trouble: given up as they begin, and of views whose projection a deploy breaks meanwhile."""

from tests.simulation.workload.menders import Mender
from tests.simulation.workload.rebuilders import ROUTE

# Of which rows come with each customer and order.
CHANGING = (
    ("baskets", "baskets"),
    ("baskets", "customers"),
    ("depot", "depot"),
    ("notifications", "texts"),
    ("ordering", "unpaid"),
    ("payments", "customers"),
    ("payments", "orders"),
    ("search", "orders"),
    ("search", "orders"),
)


class TroubledRebuilder(Mender):
    """An operator who builds a read model anew, and redrives what fails in it before it is mended and after."""

    def rebuild_what_breaks(self, after: float, given_up: int, lasts: float) -> None:
        """Give up so many rebuilds of a view as they begin, then build it while its projection is broken for a time."""
        self.cloud.sleep(after)
        service, view = self.choices.pick(CHANGING, "which view")
        for _ in range(given_up):
            if run := self.begin_to_rebuild(service, view):
                if self.chance(0.5, "it is not looked at first"):
                    self.pause(0, 2)  # while its first steps are under way
                    self.request("PUT", f"{ROUTE}/runs/{run}/abort")
                else:
                    self.end_a_rebuild(run, give_up_at="begin")
                self.pause(0, 100)
        run = self.begin_to_rebuild(service, view)
        self.pause(0, 300)
        broken = self.cloud.broken
        broken.break_view(service, view, unread_alone=self.chance(0.7, "only what is built is broken"))
        self._record("projection broken")
        until = self.cloud.now() + lasts
        while self.cloud.now() < until:
            self.pause(20, 60)
            self._redrive_to(service)
        if run and self.chance(0.5, "who cannot wait"):
            self.request("PUT", f"{ROUTE}/runs/{run}/switch")  # refused while letters of it are open
        if run and self.chance(0.2, "it is given up before it is mended"):
            self.request("PUT", f"{ROUTE}/runs/{run}/abort")
        broken.mend_view(service, view)
        self.pause(5, 60)
        for _ in range(2):  # the cap of one is spent; and what is in the queue of the dead comes within a minute
            self._redrive_to(service)
            self.pause(60, 90)
        if run:
            self.end_a_rebuild(run, give_up_at="plan" if self._some_were_discarded(service) else "")

    def _some_were_discarded(self, service: str) -> bool:
        """Whether a colleague discarded letters: of these alone, what lacks their rows can be switched to."""
        while (found := self.get(f"{ROUTE}/letters?state=discarded")) is None:
            self.pause(1, 5)
        return any(letter["consumer"].startswith(f"{service}/") for letter in found["letters"])

    def _redrive_to(self, service: str) -> None:
        """Send back whatever is open of a service, and see what comes of it."""
        letters = [one["id"] for one in self.letters() if one["consumer"].startswith(f"{service}/")]
        if letters:
            self._redrive({"letters": letters})
