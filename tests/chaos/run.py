"""Real faults on the deployed local stack: the command behind `make chaos`.

    make chaos ORDERS=300
    make chaos ORDERS=10 SEED=7 STATE=folder     another seed; the folder of the cloud's state is kept

Clients and workers talk to the engine through a proxy (proxy.py), deliveries inside the engine fail
(infra/local/engine/patches/faulty_deliveries.py), workers, services and the engine are struck (blows.py). When all
orders have gone as far as they go, the faults end, and everything must come to rest by itself. Then judge.py reads what
is stored and what clients were answered.

The last line is JSON: {"orders", "completed", "rejected", "cancelled", "lost", "twice", "unfinished",
"money_difference", "rolled_back", "dead_letters", "faults": {…}}.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from clients.scenarios.crowd import Crowd, Visit
from clients.scenarios.paths import Scene
from clients.scenarios.robots import Fleet
from clients.scenarios.stock import open_shop
from infra.local.cloud import LocalCloud
from infra.local.process import ROOT, free_port
from infra.local.seed import key, seed
from infra.local.shoppers import interruptible
from infra.local.synthesis import STAGE
from infra.local.up import up
from infra.local.warm import warm
from infra.stages import stage
from tests.chaos import saved
from tests.chaos.blows import ENGINE_KILLED, SERVICE_STOPPED, WORKER_KILLED, Blows
from tests.chaos.clients import Gate
from tests.chaos.journal import Journal
from tests.chaos.judge import Verdict, judge
from tests.chaos.kills import TakenBack, bring_back, bring_back_later, taken_back
from tests.chaos.load import TIMES, connections, robots_at_work, visits
from tests.chaos.proxy import CLIENT, FAULTS, WORKER, Proxy
from tests.chaos.rest import wait_for_rest
from tests.chaos.snapshot import snapshot, to_text

DELIVERIES = {"lost": 0.015, "doubled": 0.02, "delayed": 0.03, "longest": 3.0}
ALL_FAULTS = (
    *(f"{sender}_{fault}" for sender in (CLIENT, WORKER) for fault in FAULTS),
    *(f"{source}_{fault}" for source in ("stream", "queue", "rule", "iot") for fault in ("lost", "doubled", "delayed")),
    WORKER_KILLED,
    SERVICE_STOPPED,
    ENGINE_KILLED,
)
KEPT = ROOT / ".build" / "chaos"
"""The journal of the last run, and the states of its kills and its end (simulated further with --from-state)."""
COUNTS = "faulty_deliveries.json"
KILLS = (0.25, 0.6)  # of the orders have ended
EACH_KILL_WITHIN = 60.0  # seconds, or
SECONDS_AN_ORDER = 3.0
STOPPED_FOR = 6.0  # seconds, each service
PAUSE = 2.0  # between two blows
WORKERS_AT_ONCE = 3
COMPLETED = 0.6


def main(given: Sequence[str] | None = None) -> int:
    """0 when nothing was lost, done twice or left, the money adds up, and each fault struck."""
    options = _parser().parse_args(given)
    interruptible()
    if options.state:
        options.state.mkdir(parents=True, exist_ok=True)
        return _run(options, options.state)
    with tempfile.TemporaryDirectory(prefix="mallbots-chaos-", ignore_cleanup_errors=True) as folder:
        return _run(options, Path(folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos", description="Real faults on the deployed local stack.")
    parser.add_argument("--orders", type=int, default=os.environ.get("ORDERS") or "300", help="how many (300)")
    parser.add_argument("--clients", type=int, default=os.environ.get("CLIENTS") or "6", help="customers at once (6)")
    parser.add_argument("--seed", type=int, default=1, help="of proxy, deliveries and blows (1)")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "0", help="of the engine (a free one)")
    parser.add_argument("--state", type=Path, help="the folder of the cloud's state, kept (a temporary one)")
    parser.add_argument("--as-it-is", action="store_true", help="what the state has is deployed: deploy nothing")
    return parser


def _run(options: argparse.Namespace, state: Path) -> int:
    port = options.port or free_port()
    counts = state / COUNTS
    for file in (counts, Path(f"{counts}.on"), Path(f"{counts}.stopped")):
        file.unlink(missing_ok=True)
    with Proxy(port, options.seed) as proxy:
        deliveries = {"seed": options.seed, "counts": str(counts), **DELIVERIES}
        cloud = LocalCloud(
            port, state, {"AWS_ENDPOINT_URL": proxy.address, "FAULTY_DELIVERIES": json.dumps(deliveries)}
        )
        try:
            if options.as_it_is:
                cloud.start()
                warm(cloud)
            else:
                up(cloud, TIMES)
            run = Run(cloud, proxy, counts, options)
            verdict = run.run()
        finally:
            cloud.stop()
    print(json.dumps(verdict.details()))
    print(json.dumps(verdict.report()))
    return 0 if verdict.holds(COMPLETED) else 1


class Run:
    """One run on a cloud that is up."""

    def __init__(self, cloud: LocalCloud, proxy: Proxy, counts: Path, options: argparse.Namespace) -> None:
        self.cloud, self.proxy, self.counts = cloud, proxy, counts
        self.orders, self.clients = options.orders, options.clients
        self.journal, self.gate = Journal(), Gate()
        self.blows = Blows(cloud, Path(f"{counts}.stopped"), options.seed, say)
        self.kills: list[TakenBack] = []
        self.repeaters, self.later = ThreadPoolExecutor(len(KILLS)), list[Future[None]]()
        self.settings = stage(STAGE, TIMES).environment
        KEPT.mkdir(parents=True, exist_ok=True)

    def run(self) -> Verdict:
        """Let people use the mall while faults strike, until all is at rest; then judge."""
        with connections(self.cloud, self.proxy.address, self.journal, self.gate) as people:
            seeded = seed(people)
            say("the mall is seeded; robots go to work …")
            scene = Scene(Fleet(people.robot, []), open_shop(people.staff, key))
            with robots_at_work(self.cloud, people, seeded.robots), ThreadPoolExecutor(1) as background:
                wait_for_rest(self.cloud, people.staff, [], say, looks=1)
                self._wait_for_a_save()
                all_visits = visits(people, self.orders)
                say(f"{self.orders} orders by {self.clients} customers at once, under faults …")
                with self._faults():
                    crowd = background.submit(Crowd(all_visits, scene, say).walk, self.clients)
                    try:
                        self._strike(crowd, all_visits)
                    except BaseException:
                        self.gate.abandon()
                        raise
                    crowd.result()
                    for repeated in self.later:
                        repeated.result()
                ended = time.time()
                say("the faults have ended; waiting until all is at rest …")
                placed = [visit.order.id for visit in all_visits if visit.order.id]
                rested = wait_for_rest(self.cloud, people.staff, placed, say)
            # What follows from the robots' goodbyes.
            rested = wait_for_rest(self.cloud, people.staff, placed, say) and rested
        self.cloud.stop()
        self.journal.write(KEPT / "journal.jsonl")
        self._keep("end")
        found = saved.read(self.cloud.state)
        counted, settings = self._counted(), self.settings
        return judge(found, self.journal, all_visits, self.kills, counted, settings, ended, rested=rested)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        switch = Path(f"{self.counts}.on")
        switch.touch()
        self.proxy.armed = True
        try:
            yield
        finally:
            self.proxy.armed = False
            switch.unlink()

    def _strike(self, crowd: "Future[None]", all_visits: Sequence[Visit]) -> None:
        """Strike until the customers are done and each service was stopped once; the engine is killed as they go."""
        services, turn, kills, latest = list(self.blows.services), 0, list(KILLS), time.monotonic()
        latest += max(EACH_KILL_WITHIN, KILLS[0] * len(all_visits) * SECONDS_AN_ORDER)
        while not crowd.done() or turn < len(services) or kills:
            ended = sum(visit.ended.is_set() for visit in all_visits) / len(all_visits)
            if kills and (ended >= kills[0] or time.monotonic() > latest):
                self._kill_engine()
                share = kills.pop(0)
                latest = time.monotonic() + max(EACH_KILL_WITHIN, share * len(all_visits) * SECONDS_AN_ORDER)
            self.blows.kill_workers(WORKERS_AT_ONCE)
            time.sleep(PAUSE)
            service = services[turn % len(services)]
            self.blows.stop(service)
            time.sleep(STOPPED_FOR)
            self.blows.start(service)
            time.sleep(PAUSE)
            turn += 1

    def _kill_engine(self) -> None:
        killed = self.blows.kill_engine()
        self.gate.close()
        taken = taken_back(self.journal, self.cloud.state, killed)
        self.kills.append(taken)
        self._keep(f"kill-{len(self.kills)}")
        self.cloud.start()
        # Cold starts of all at once take longer here than owners are given to answer; on AWS they do not.
        was_armed, self.proxy.armed = self.proxy.armed, False
        warm(self.cloud)
        early = bring_back(taken)
        self.proxy.armed = was_armed
        self.gate.open()
        self.later += [self.repeaters.submit(bring_back_later, taken, early)] if early else []
        say(
            f"killed the engine, which took back {len(taken.requests)} acknowledged requests of the last "
            f"{taken.seconds:.1f} s (promised: {taken.promised:.1f} s); it runs again"
        )

    def _wait_for_a_save(self) -> None:
        """Until what is seeded is saved."""
        seeded = time.time()
        while saved.moment_of(self.cloud.state) < seeded:
            self.journal.entries[-1].by.get("/health")  # type: ignore[union-attr]  # what changes nothing is not saved
            time.sleep(0.5)

    def _keep(self, name: str) -> None:
        """Keep the saved state for the simulation, while no engine runs."""
        (KEPT / f"{name}.json").write_text(to_text(snapshot(self.cloud.state, self.settings)))

    def _counted(self) -> dict[str, int]:
        deliveries = json.loads(self.counts.read_text()) if self.counts.exists() else {}
        struck = Counter({**self.proxy.faults, **deliveries, **self.blows.struck})
        return {name: struck[name] for name in ALL_FAULTS}


def say(line: str) -> None:
    """A line of progress."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
