"""After some days nights pass, and money is compared: the end of an order reaches payments late, or a tick is missed.

Or a consumer is paused for longer than a day, and resumed in between for a moment alone. Or history is replayed while
two owners do not answer, for which the runner waits.

Customers have gone. Staff cancel what is still open: late in the evening, and the bus is away until the night's tick
was handled; or on the next day, and no tick comes in the night after it. Schedules rest meanwhile, except around a
tick: there is nothing for them to do.
"""

from collections.abc import Callable
from typing import Any

from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.outages import BUS, WAYS

SHARE = 0.1  # of the days
AWAY, SILENT = "bus away", "queries away"
HOUR, DAY = 3_600.0, 86_400.0
EVENING = 14.9 * HOUR  # from the beginning, which is at 9:00 UTC: 23:54
TICK = 17.0 * HOUR  # 2:00, when payments begins to compare
NOON = 27.0 * HOUR  # 12:00 of the second day
AROUND = 300.0  # seconds before and after a tick in which the schedules of each minute go on
ENDS = ("Cancelled", "Rejected", "Completed")
STAFF, OPERATOR = "staff:the night shift", "operator:the night shift"
CONSUMERS = ("search/inbox", "notifications/inbox", "depot/inbox")  # of which none compares money


class Nights:
    """The nights after the day of a cloud in which all is quiet."""

    def __init__(self, cloud: Cloud, choices: Choices) -> None:
        self._cloud, self._choices = cloud, choices
        self._open = sorted(_open_orders(cloud))

    @property
    def are_lived(self) -> bool:
        """Whether they are: on some days on which an order is still open and that are not over yet."""
        chosen = self._choices.chance(SHARE, "nights pass")
        return chosen and bool(self._open) and self._cloud.now() < EVENING - AROUND

    def run(self) -> bool:
        """Let the nights pass; whether all settles after them."""
        passes: tuple[Callable[[], None], ...] = (
            *(self._deliver_the_end_late, self._miss_a_tick),
            *(self._pause_for_long, self._replay_beside_others),
        )
        self._choices.pick(passes, "what happens in the night")()
        return self._cloud.settle()

    def _deliver_the_end_late(self) -> None:
        """What ordering says of an order's end reaches payments when the comparison of that day is over.

        The next night compares it.
        """
        self._rest_until(EVENING)
        self._cloud.take_away(AWAY, BUS, self._choices.pick(WAYS, "how calls fail"))
        self._cancel_what_is_open()
        self._pass_a_tick(TICK)
        self._cloud.bring_back(AWAY, BUS)
        self._pass_a_tick(TICK + DAY)

    def _miss_a_tick(self) -> None:
        """A night passes as it should, the next one has no tick, and the third has one again."""
        self._pass_a_tick(TICK)
        self._rest_until(NOON)
        self._cancel_what_is_open()
        self._cloud.run(self._cloud.now() + AROUND)
        self._pass_a_tick(TICK + 2 * DAY)

    def _pause_for_long(self) -> None:
        """What is said of the orders' end waits for a consumer, which goes on for less than the runner needs for it."""
        consumer = self._choices.pick(CONSUMERS, "which consumer")
        self._rest_until(EVENING)
        self._want(consumer, "pause")
        self._cloud.run(self._cloud.now() + AROUND)  # until its mapping is switched off
        self._cancel_what_is_open()
        self._pass_a_tick(TICK)
        self._rest_until(EVENING + DAY + 2 * HOUR)
        self._want(consumer, "resume", "pause")
        self._cloud.run(self._cloud.now() + AROUND)
        self._want(consumer, "resume")

    def _replay_beside_others(self) -> None:
        """Three replays share the runner, and the owners of the first two have no answer for it."""
        silent = ("depot", "payments")
        for service in silent:
            self._cloud.take_away(SILENT, f"{service}-relay", WAYS[-1])
        for owner, to in ((silent[0], "insights"), (silent[1], "insights"), ("stores", "search")):
            body = {"from": owner, "to": to, "names": []}
            self._ask(("POST", "/api/operations/replays", body))
        self._cloud.run(self._cloud.now() + 2 * AROUND)
        for service in silent:
            self._cloud.bring_back(SILENT, f"{service}-relay")

    def _want(self, consumer: str, *wanted: str) -> None:
        """An operator pauses or resumes a consumer, one after the other."""
        path, body = f"/api/operations/consumers/{consumer}", {"reason": "its provider is down"}
        self._ask(*(("PUT", f"{path}/{what}", body) for what in wanted))

    def _ask(self, *requests: tuple[str, str, dict[str, Any]]) -> None:
        """An operator sends requests, one after the other."""

        def ask() -> None:
            for method, path, body in requests:
                self._cloud.request(method, path, body, None, OPERATOR)

        task = self._cloud.spawn(ask)
        self._cloud.run(self._cloud.now() + AROUND, enough=lambda: task.done)

    def _pass_a_tick(self, at: float) -> None:
        self._rest_until(at - AROUND)
        self._cloud.run(at + AROUND)

    def _rest_until(self, moment: float) -> None:
        """Let time pass in which no schedule fires."""
        self._cloud.world.schedules_rest = True
        self._cloud.run(moment)
        self._cloud.world.schedules_rest = False

    def _cancel_what_is_open(self) -> None:
        def cancel() -> None:
            for order in self._open:
                body = {"reason": "nobody came for it"}
                self._cloud.request("DELETE", f"/api/ordering/{order}", body, {"Idempotency-Key": order}, STAFF)

        task = self._cloud.spawn(cancel)
        self._cloud.run(self._cloud.now() + AROUND, enough=lambda: task.done)


def _open_orders(cloud: Cloud) -> set[str]:
    """The ids of the orders that have not ended."""
    commits = [fields for _, kind, fields in cloud.history.entries if kind == "commit"]
    of_orders = [one for one in commits if one["key"][0].startswith("Order#")]
    ended = {one["key"][0] for one in of_orders if any(f'"{end}"' in one["item"]["events"]["S"] for end in ENDS)}
    return {key.removeprefix("Order#") for key in {one["key"][0] for one in of_orders} - ended}
