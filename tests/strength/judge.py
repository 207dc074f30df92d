"""One mutant, judged in a process of its own: run schedules until one violates an invariant.

Reads {"module", "path", "source", "seeds", "seconds", "all"} from stdin; without a module nothing is mutated, with
`all` it goes on after a violation. The last line of stdout is the finding as JSON: {"how", "seed", "schedules", "what",
"cpu", "kills"}, with the seeds that noticed the mutant.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.strength.planting import plant

SURVIVED, VIOLATED, AT_IMPORT, CRASHED, ENDLESS = "survived", "violated", "at import", "crashed", "endless"


class _Judge:
    def __init__(self, task: dict[str, Any]) -> None:
        self._task = task
        self._seed, self._schedules = 0, 0
        self._kills: list[int] = []

    def judge(self) -> None:
        """Print the finding."""
        path, of_templates = Path(self._task["path"]), self._task["path"].endswith(".json")
        if self._task["module"] and not of_templates:
            plant(self._task["module"], path, self._task["source"])
        try:
            from tests.simulation import templates
            from tests.simulation.deployment import manifests
            from tests.simulation.schedule import run_schedule

            manifests()
            if of_templates:
                templates.use(self._task["source"])
        except Exception as error:
            self._say(AT_IMPORT, repr(error))
            return
        signal.signal(signal.SIGVTALRM, self._endless)
        for seed in self._task["seeds"]:
            self._seed = seed
            signal.setitimer(signal.ITIMER_VIRTUAL, self._task["seconds"])
            self._schedules += 1
            how, what = self._run(run_schedule)
            if how != SURVIVED:
                self._kills.append(seed)
                if not self._task.get("all"):
                    self._say(how, what)
                    return
        self._say(VIOLATED if self._kills else SURVIVED, "")

    def _run(self, run_schedule: Callable[[int], Any]) -> tuple[str, str]:
        try:
            violations = run_schedule(self._seed).violations
        except Exception as error:
            return CRASHED, repr(error)
        return (VIOLATED, violations[0].invariant) if violations else (SURVIVED, "")

    def _endless(self, _: int, __: FrameType | None) -> None:
        self._say(ENDLESS, f"a schedule took more than {self._task['seconds']} CPU seconds")
        os._exit(0)

    def _say(self, how: str, what: str) -> None:
        found = {"how": how, "seed": self._seed, "schedules": self._schedules, "what": what[:300]}
        found["kills"] = self._kills
        os.write(1, (json.dumps({**found, "cpu": round(time.process_time(), 1)}) + "\n").encode())


if __name__ == "__main__":
    _Judge(json.load(sys.stdin)).judge()
