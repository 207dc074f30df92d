"""Operators who ask what would become of open letters before they send them back, once no fault strikes any more.

What is forecast while faults strike may be overtaken by them; without faults it is what happens.
"""

from typing import Any

from tests.simulation.check.parsed_history import row_data
from tests.simulation.cloud import Cloud
from tests.simulation.workload.menders import Mender
from tests.simulation.workload.rebuilders import ROUTE

COMES = 0.7  # of the evenings and nights on which letters are open
WHOLE = 100  # percent of failures at which a redrive stops: the fate of each letter is to be seen


class Forecaster(Mender):
    """An operator who sends letters back by what was forecast of them."""

    def foresee(self) -> None:
        """Consumer by consumer, forecast the letters that are open, send them back, and see what comes of it."""
        if not self.chance(COMES, "open letters are forecast"):
            return
        self.wait_until_stored()
        for consumer in consumers_of_open_letters(self.cloud):
            wanted: dict[str, Any] = {"letters": [], "filter": {"service": consumer}}
            answer = self.request("POST", f"{ROUTE}/forecasts", wanted)
            if answer.status not in (200, 201):
                continue
            self._record("forecast")
            forecast = answer.body["id"]
            if self.watch(forecast) == "done" and (
                run := self._begin({"letters": [], "forecast": forecast, "stopAt": WHOLE})
            ):
                self.watch(run)


def consumers_of_open_letters(cloud: Cloud) -> list[str]:
    """Whose letters are open, by the rows: where none is, nothing is asked, and all goes on as it did."""
    rows = list(cloud.tables["operations/views"].items.items())
    letters = [row_data(item) for (_, sort), item in rows if sort == "letter"]
    return sorted({one["consumer"] for one in letters if one and one["state"] == "open"})
