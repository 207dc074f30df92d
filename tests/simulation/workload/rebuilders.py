"""Operators who bring history to read models, and build them anew, to their end or not."""

from typing import Any

from tests.simulation.workload.operators import Operator

ROUTE = "/api/operations"
ENDS_WITHIN = 240.0  # seconds for which an operator watches a run
REBUILT_WITHIN = 1_500.0
# Of all services but live, and of insights but one: ../check/generations.py says why.
VIEWS = (
    ("baskets", "baskets"),
    ("baskets", "customers"),
    ("depot", "depot"),
    ("fleet", "robots"),
    ("insights", "names"),
    ("notifications", "texts"),
    ("ordering", "unpaid"),
    ("payments", "customers"),
    ("payments", "orders"),
    ("search", "orders"),
    ("stores", "catalogue"),
)
# Of which rows end: they expire, or a tombstone is left.
DELETING = (
    ("ordering", "unpaid"),
    ("ordering", "unpaid"),
    ("baskets", "baskets"),
    ("depot", "depot"),
    ("depot", "depot"),
)
ENDED = ("done", "cancelled", "stopped")
REFUSED = 409
STEPS = ("plan", "begin", "fill", "compare", "look again", "built")
EARLY = ("plan", "begin")  # they last for less than a second where nothing strikes
GIVEN_UP_AT = ("plan", "begin", "begin", "begin", "fill", "compare", "look again", "built")


class Rebuilder(Operator):
    """An operator with those tools of operations."""

    def watch(self, run: str, within: float = ENDS_WITHIN) -> str:
        """The state of a run once it does nothing more by itself, or after some minutes."""
        end, state = self.cloud.now() + within, ""
        while self.cloud.now() < end:
            found = self.get(f"{ROUTE}/runs/{run}")
            state = found["run"]["state"] if found else state
            if state in ENDED:
                break
            self.pause(3, 12)
        return state

    def replay(self) -> None:
        """Bring history to one consumer's read models."""
        to, _ = self.choices.pick(VIEWS, "to whom")
        wanted: dict[str, Any] = {"to": to, "names": [], "rate": 500}
        if self.chance(0.4, "of one service"):
            wanted["from"] = self.choices.pick(("stores", "ordering", "baskets", "depot", "customers"), "from whom")
        answer = self.request("POST", f"{ROUTE}/replays", wanted)
        if answer.status in (200, 201):
            self._record("replay")
            self.watch(answer.body["id"])

    def rebuild(self) -> None:
        """Build a read model anew, and have it be read, or give it up."""
        service, view = self.choices.pick((*VIEWS, *DELETING), "which view")
        if service == "depot":
            self._retire_a_robot()
        run = self.begin_to_rebuild(service, view)
        if not run:
            return
        give_up_at = self.choices.pick(GIVEN_UP_AT, "at which step") if self.chance(0.3, "it is given up") else ""
        if self.chance(0.3, "who cannot wait"):
            self.pause(0, 60)
            self.request("PUT", f"{ROUTE}/runs/{run}/switch")
        self.end_a_rebuild(run, give_up_at)

    def begin_to_rebuild(self, service: str, view: str) -> str:
        """The id of the run; empty where it did not begin."""
        answer = self.request("POST", f"{ROUTE}/rebuilds", {"service": service, "view": view, "rate": 500})
        if answer.status not in (200, 201):
            return ""
        self._record("rebuild")
        return str(answer.body["id"])

    def end_a_rebuild(self, run: str, give_up_at: str = "") -> None:
        """Switch to what was built once it is, or give the run up as soon as it is at a step, or past it.

        It is given up too where it must not be switched to, since letters say that it lacks rows.
        """
        end = self.cloud.now() + REBUILT_WITHIN
        while self.cloud.now() < end:
            found = self.get(f"{ROUTE}/rebuilds/{run}")
            if found and found["rebuild"]["state"] in ENDED:
                return
            is_at = found["rebuild"]["step"] if found else ""
            if found and (found["rebuild"]["mayBeSwitched"] or (give_up_at and _is_past(is_at, give_up_at))):
                if not give_up_at:
                    answer = self.request("PUT", f"{ROUTE}/runs/{run}/switch")
                    if answer.status == 200:
                        self._record("view switched")
                    if answer.status != REFUSED:
                        return
                if self.request("PUT", f"{ROUTE}/runs/{run}/abort").status == 200:
                    self._record("rebuild given up")
                    if is_at == "begin":
                        self._record("rebuild given up as it began")
                return
            self.pause(*((0, 0.3) if give_up_at in EARLY else (20, 60)))

    def _retire_a_robot(self) -> None:
        """One that was registered by mistake: history has a row for it, which a tombstone replaces."""
        staff = f"staff:{self.name}"
        answer = self.request("POST", "/api/depot/bots", {"name": "by mistake"}, who=staff)
        if answer.status in (200, 201):
            self.request("DELETE", f"/api/depot/bots/{answer.body['id']}", who=staff)


def _is_past(step: str, wanted: str) -> bool:
    """Whether a run is at a step, or past it; one that is switched to is past all."""
    return step not in STEPS or STEPS.index(step) >= STEPS.index(wanted)
