"""What is done to the deployed system itself: workers are killed, services are stopped, the engine is killed."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.local.cloud import LocalCloud
from infra.local.process import LAUNCHER, command_of
from tests.chaos.saved import STACK

WORKER_KILLED, SERVICE_STOPPED, ENGINE_KILLED = "worker_killed", "service_stopped", "engine_killed"
ENDED_WITHIN_SECONDS = 90
LOOK_EVERY = 0.05

Report = Callable[[str], None]


class Blows:
    """Strikes one local cloud, and no other process. stopped: the file that names the functions which do not run."""

    def __init__(self, cloud: LocalCloud, stopped: Path, seed: int, report: Report) -> None:
        self._cloud = cloud
        self._stopped = stopped
        self._random = random.Random(seed)
        self._report = report
        self.struck: Counter[str] = Counter()
        self.services = services_of(cloud)

    def kill_workers(self, most: int) -> None:
        """Kill some of the processes in which the engine runs functions."""
        engine = self._cloud.engine.pid()
        assert engine is not None
        parents = {parent for _, parent in processes()}  # of workers: the engine, or what they were forked of
        workers = [pid for pid in of_session(engine) if pid not in parents and LAUNCHER not in command_of(pid)]
        for pid in self._random.sample(workers, min(most, len(workers))):
            # Another process cannot have its id yet: its parent has not waited for its end.
            os.kill(pid, signal.SIGKILL)
            self.struck[WORKER_KILLED] += 1
        self._report(f"killed {min(most, len(workers))} of {len(workers)} workers")

    def stop(self, service: str) -> None:
        """Throttle all functions of a service, as a reserved concurrency of 0 does (see faulty_deliveries.py)."""
        self._stopped.write_text("".join(f"{function}\n" for function in self.services[service]))
        self.struck[SERVICE_STOPPED] += 1
        self._report(f"stopped {service}")

    def start(self, service: str) -> None:
        """Let a service's functions run again."""
        self._stopped.unlink(missing_ok=True)
        self._report(f"started {service}")

    def kill_engine(self) -> float:
        """Kill the engine, and wait until all that it started has ended; when it was killed, a Unix time.

        A save that was under way is finished by its own process, and workers end with their pipe; those that do not
        are killed.
        """
        engine = self._cloud.engine.pid()
        assert engine is not None
        self._cloud.engine.kill()
        killed = time.time()
        self.struck[ENGINE_KILLED] += 1
        deadline = time.monotonic() + ENDED_WITHIN_SECONDS
        while left := list(of_session(engine)):
            savers = [pid for pid in left if LAUNCHER in command_of(pid)]
            if not savers:
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise TimeoutError(f"processes of the killed engine go on: {left}")
            time.sleep(LOOK_EVERY)
        return killed


def services_of(cloud: LocalCloud) -> dict[str, list[str]]:
    """The functions of each service, by the outputs of its stack."""
    found = {
        stack.removeprefix(STACK): [value for name, value in outputs.items() if name.endswith("Function")]
        for stack, outputs in cloud.outputs().items()
    }
    return {service: functions for service, functions in sorted(found.items()) if functions}


def processes() -> Iterator[tuple[int, int]]:
    """Process ids, each with its parent's."""
    for pid, fields in _stats():
        yield pid, int(fields[1])


def of_session(leader: int) -> Iterator[int]:
    """The processes of the session that one process opened, those that have ended left out."""
    for pid, fields in _stats():
        if int(fields[3]) == leader and fields[0] not in "ZX":
            yield pid


def _stats() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
