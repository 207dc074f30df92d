"""Operators who look at what failed, and mend it by the tools of operations, while faults strike."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.simulation.check.parsed_history import row_data
from tests.simulation.workload.rebuilders import ROUTE, Rebuilder

LOOKS = 8  # times that an operator looks whether something failed
STORED_WITHIN = 260.0  # seconds: four looks of the collector
MINUTE = 60.0  # between two looks of the night's operator


class Mender(Rebuilder):
    """An operator with the tools of operations. is_on_duty: whether it looks after consumers."""

    is_on_duty = True

    def mend(self, after: float, actions: int) -> None:
        """Wait until something was given up, then do so many things about it."""
        self.cloud.sleep(after)
        for _ in range(LOOKS):
            if found := self.groups():
                self.take_care_of(found[0]["id"])
                break
            self.pause(20, 90)
        for _ in range(actions):
            self.choices.pick(self._deeds(), "what an operator does")()
            self.pause(1, 40)
        if self.chance(0.5, "what came back is looked for"):
            self.pause(60, 360)  # what fails is given up again after 254 s
            self.redrive_what_came_back()

    def maintain(self, after: float, actions: int) -> None:
        """Do so many things for which nothing need have failed."""
        self.cloud.sleep(after)
        for _ in range(actions):
            what = (self.replay, self.replay, self.rebuild, self.rebuild, self.pause_a_consumer)
            self.choices.pick(what, "what an operator does")()
            self.pause(1, 40)

    def _deeds(self) -> list[Callable[[], object]]:
        redrives = 4 * [self.redrive_a_group] + 2 * [self.redrive_letters, self.redrive_by_filter, self.redrive_at_once]
        redrives += 2 * [self.redrive_to_a_paused_consumer]
        return [*redrives, self.look, self.forecast, self.forecast, self.park, self.discard, self.edit, self.replay]

    # What is looked at.

    def groups(self) -> list[dict[str, Any]]:
        """The open groups."""
        return list((self.get(f"{ROUTE}/groups?state=open") or {"groups": []})["groups"])

    def letters(self, query: str = "state=open") -> list[dict[str, Any]]:
        """The first page of letters."""
        return list((self.get(f"{ROUTE}/letters?{query}") or {"letters": []})["letters"])

    def look(self) -> None:
        """Look at everything about a letter, and say who takes care of it."""
        if found := self.letters(""):
            letter = self.choices.pick(found, "which letter")
            self.get(f"{ROUTE}/letters/{letter['id']}")
            self.get(f"{ROUTE}/letters/{letter['id']}/test")
            self.take_care_of(letter["group"])
            if self.chance(0.3, "a group is resolved"):
                self.request("PUT", f"{ROUTE}/groups/{letter['group']}/resolve")
        self.get(f"{ROUTE}/runs")
        self.get(f"{ROUTE}/consumers")

    def take_care_of(self, group: str) -> None:
        """Say who takes care of a group, while colleagues note something with it, and again once they all are at it."""
        path = f"{ROUTE}/groups/{group}"
        for what in ("seen", "looked into"):
            for number in (1, 2):
                self.cloud.spawn(self.request, "PUT", f"{path}/note", {"text": f"{what} by colleague {number}"})
            self.request("PUT", f"{path}/owner", {"name": f"{self.name}: {what}"})
            self.pause(1, 3)

    # Redrives.

    def redrive_all(self) -> None:
        """Send back whatever is open, and see what comes of it, group by group."""
        self.wait_until_stored()
        begun = [run for group in self.groups() if (run := self._begin({"letters": [], "group": group["id"]}))]
        for run in begun:
            self.watch(run)

    def redrive_a_group(self) -> None:
        """Send the letters of a group back."""
        if found := self.groups():
            group = self.choices.pick(found, "which group")
            self._redrive({"letters": [], "group": group["id"]})

    def redrive_letters(self) -> None:
        """Send letters back that are named, which another may do at the same time."""
        if found := self.letters():
            ids = [letter["id"] for letter in self.choices.shuffled(found, "which letters")]
            self._redrive({"letters": ids[: self.choices.between(1, len(ids), "how many")]})

    def redrive_what_came_back(self) -> None:
        """Ask for letters that were sent back before, which a cap of one does not allow again."""
        if found := [letter["id"] for letter in self.letters() if letter["redrives"]]:
            self._begin({"letters": found, "cap": 1})

    def redrive_by_filter(self) -> None:
        """Send back what a filter finds."""
        if found := self.letters():
            letter = self.choices.pick(found, "which letter")
            names = (("service", letter["consumer"]), ("message", letter["message"]))
            name, value = self.choices.pick(names, "which filter")
            if value:
                self._redrive({"letters": [], "filter": {name: value}})

    def redrive_at_once(self) -> None:
        """Two redrives of the same letters at the same time."""
        if found := self.letters():
            wanted = {"letters": [letter["id"] for letter in found]}
            self.cloud.spawn(self._begin, wanted)
            self._redrive(wanted)

    def redrive_to_a_paused_consumer(self) -> None:
        """Send letters to a consumer that is paused: nothing becomes of the first before it goes on."""
        waiting = Counter(one["consumer"] for one in self.letters() if not one["consumer"].endswith("/relay"))
        if not waiting:
            return
        consumer = waiting.most_common(1)[0][0]
        path = f"{ROUTE}/consumers/{consumer}"
        if self.request("PUT", f"{path}/pause", {"reason": "one letter after the other"}).status != 200:
            return
        self._record("consumer paused")
        self.pause(10, 70)  # until its mapping is switched off
        run = self._begin({"letters": [], "filter": {"service": consumer}, "stopAt": 100})
        self.pause(5, 70)
        if run and self.chance(0.5, "it is cancelled"):
            self.request("PUT", f"{ROUTE}/runs/{run}/cancel")
            self._record("run cancelled")
            self.pause(0, 20)
        self.request("PUT", f"{path}/resume")
        if run:
            self.watch(run)

    def _redrive(self, wanted: dict[str, Any]) -> None:
        limits = {
            "rate": self.choices.pick((10, 10, 1, 100), "the rate"),
            "stopAt": self.choices.pick((20, 20, 50, 100), "where it stops"),
            "cap": self.choices.pick((3, 3, 1, 20), "the cap"),
        }
        run = self._begin({**wanted, **limits})
        if not run:
            return
        if self.chance(0.3, "a run is halted"):
            self.pause(0, 8)
            halt = self.choices.pick(("pause", "cancel"), "how a run is halted")
            self.cloud.spawn(self.request, "PUT", f"{ROUTE}/runs/{run}/{halt}")  # as a colleague does at the same time
            self.request("PUT", f"{ROUTE}/runs/{run}/{halt}")
            self._record(f"run {halt}d" if halt == "pause" else "run cancelled")
            if halt == "pause":
                self.pause(0, 30)
                self.request("PUT", f"{ROUTE}/runs/{run}/resume")
        if self.watch(run) == "stopped":
            self._record("run stopped")
            if self.chance(0.5, "a run is resumed"):
                self.request("PUT", f"{ROUTE}/runs/{run}/resume")
                self.watch(run)

    def _begin(self, wanted: dict[str, Any]) -> str:
        answer = self.request("POST", f"{ROUTE}/redrives", wanted)
        if answer.status in (200, 201):
            self._record("redrive begun")
            return str(answer.body["id"])
        return ""

    def wait_until_stored(self) -> None:
        """Wait until the collector has stored what was given up."""
        end = self.cloud.now() + STORED_WITHIN
        while self.cloud.now() < end and any(q.is_dead_letters and q.messages for q in self.cloud.queues.values()):
            self.pause(3, 12)

    # Other deeds.

    def forecast(self) -> None:
        """Ask what would become of letters, and send back those that would pass."""
        if found := self.letters():
            wanted: dict[str, Any] = {"letters": [one["id"] for one in found[: self.choices.pick((1, 3, 20), "of")]]}
            if self.chance(0.3, "a filter"):
                wanted = {"letters": [], "filter": {"service": found[0]["consumer"]}}
            answer = self.request("POST", f"{ROUTE}/forecasts", wanted)
            if answer.status not in (200, 201):
                return
            self._record("forecast")
            forecast = answer.body["id"]
            if self.watch(forecast) == "done" and self.chance(0.7, "what passes is sent back"):
                self._redrive({"letters": [], "forecast": forecast, "passing": self.chance(0.7, "only what passes")})

    def park(self) -> None:
        """Put a letter aside."""
        self._put_away("park", "parked")

    def discard(self) -> None:
        """Close a letter."""
        self._put_away("discard", "discarded")

    def _put_away(self, how: str, what: str) -> None:
        if found := self.letters():
            letter = self.choices.pick(found, "which letter")
            path = f"{ROUTE}/letters/{letter['id']}/{how}"
            if self.request("PUT", path, {"reason": f"{what} by {self.name}"}).status == 200:
                self._record(f"letter {what}")

    def edit(self) -> None:
        """Put a message with the same data in the place of a letter's, and send it."""
        if found := [one for one in self.letters() if one["messageId"]]:
            letter = self.choices.pick(found, "which letter")
            whole = self.get(f"{ROUTE}/letters/{letter['id']}")
            data = _data_of(whole["letter"]["body"]) if whole else None
            if data is None:
                return
            answer = self.request("PUT", f"{ROUTE}/letters/{letter['id']}/data", {"data": data})
            if answer.status == 200:
                self._record("letter edited")
                self._redrive({"letters": [answer.body["letter"]]})

    def pause_a_consumer(self) -> None:
        """Let a consumer receive nothing for some time."""
        service = self.choices.pick(("depot", "payments", "search", "ordering", "notifications"), "which service")
        path = f"{ROUTE}/consumers/{service}/inbox"
        if self.request("PUT", f"{path}/pause", {"reason": "its provider is down"}).status == 200:
            self._record("consumer paused")
        self.get(f"{ROUTE}/consumers")
        self.pause(20, 240)
        self.request("PUT", f"{path}/resume")

    def resume_consumers(self) -> None:
        """Have all consumers receive again."""
        for name in self.paused_consumers():
            self.request("PUT", f"{ROUTE}/consumers/{name}/resume")

    def look_after_consumers(self, spawn: Callable[[Callable[[], None]], None]) -> None:
        """From now on a consumer that pauses itself, for what failed before, is resumed within a minute."""

        def look() -> None:
            if self.is_on_duty and self.paused_consumers():
                spawn(self.resume_consumers)
            self.cloud.scheduler.call_in(MINUTE, look)

        self.cloud.scheduler.call_in(MINUTE, look)

    def paused_consumers(self) -> list[str]:
        """The consumers that were paused, by people or by themselves, and are to be resumed."""
        rows = list(self.cloud.tables["operations/views"].items.items())
        data = {name: row_data(item) for (partition, name), item in rows if partition == "consumers"}
        return [name for name, row in data.items() if row and row["wanted"] == "paused"]


def _data_of(body: str) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] = json.loads(body)["detail"]["data"]
    except (ValueError, KeyError, TypeError):
        return None
    return data
