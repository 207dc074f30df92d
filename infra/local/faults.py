"""What is broken on purpose in a local mall, to be watched and mended: five faults, each by a call that AWS has too, or
by a signal to the engine. Nothing of this is deployed: it acts from outside, on one local cloud.
"""

import fcntl
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local.cloud import LocalCloud
from infra.local.lock import alone_in
from infra.local.process import LocalCloudError

BROKEN = "broken.json"  # in the cloud's state: what is broken now, and what mending needs
MESSAGE = "this is no message"
PAYMENTS, DEPOT = "mallbots-local-payments", "mallbots-local-depot"

Kept = dict[str, Any]
"""What a fault must know to be mended."""


@dataclass(frozen=True)
class Fault:
    """One thing that can be broken.

    finds: what mending needs, which is kept before anything is broken. Raises LocalCloudError where nothing can be.
    mend: None where it is mended by other means (a dead letter, by the console).
    """

    finds: Callable[[LocalCloud], Kept]
    breaks: Callable[[LocalCloud, Kept], None]
    mend: Callable[[LocalCloud, Kept], None] | None


def _find_payments(cloud: LocalCloud) -> Kept:
    found = [
        mapping["UUID"]
        for mapping in cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        if ":sqs:" in mapping["EventSourceArn"] and PAYMENTS in mapping["FunctionArn"] and mapping["State"] == "Enabled"
    ]
    if not found:
        raise LocalCloudError("payments has no queue that is read: it is stopped already, or not deployed")
    return {"mappings": found}


def _stop_payments(cloud: LocalCloud, kept: Kept) -> None:
    """What is for payments waits in its queue: its mappings are switched off behind the back of operations."""
    for mapping in kept["mappings"]:
        cloud.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)


def _start_payments(cloud: LocalCloud, kept: Kept) -> None:
    for mapping in kept["mappings"]:
        cloud.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)


def _find_robot(cloud: LocalCloud) -> Kept:
    iot = cloud.client("iot")
    for thing in iot.list_things()["things"]:
        for arn in iot.list_thing_principals(thingName=thing["thingName"])["principals"]:
            certificate = arn.rpartition("/")[2]
            if iot.describe_certificate(certificateId=certificate)["certificateDescription"]["status"] == "ACTIVE":
                return {"robot": thing["thingName"], "certificate": certificate}
    raise LocalCloudError("no robot is on the robots' stream: make shoppers brings some")


def _drop_robot(cloud: LocalCloud, kept: Kept) -> None:
    """The certificate of a robot is switched off, which ends its connection: the broker publishes its will."""
    cloud.client("iot").update_certificate(certificateId=kept["certificate"], newStatus="INACTIVE")


def _bring_robot_back(cloud: LocalCloud, kept: Kept) -> None:
    cloud.client("iot").update_certificate(certificateId=kept["certificate"], newStatus="ACTIVE")


def _find_inbox(cloud: LocalCloud) -> Kept:
    for mapping in cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
        queue = mapping["EventSourceArn"].rpartition(":")[2]
        if ":sqs:" in mapping["EventSourceArn"] and "inbox" in queue.lower() and DEPOT in mapping["FunctionArn"]:
            return {"queue": queue}
    raise LocalCloudError("the depot has no inbox: deploy it first")


def _poison(cloud: LocalCloud, kept: Kept) -> None:
    """A message that nothing can read, in the queue of the depot."""
    sqs = cloud.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=kept["queue"])["QueueUrl"], MessageBody=MESSAGE)


def _find_engine(cloud: LocalCloud) -> Kept:
    if cloud.engine.pid() is None:
        raise LocalCloudError("the engine does not run")
    return {}


def _cut_network(cloud: LocalCloud, _kept: Kept) -> None:
    """The engine is halted: connections stay open, and none has an answer, as where a network drops packets."""
    pid = cloud.engine.pid()
    if pid is not None:
        os.kill(pid, signal.SIGSTOP)


def _join_network(cloud: LocalCloud, _kept: Kept) -> None:
    pid = cloud.engine.pid()
    if pid is not None:  # it may have been killed meanwhile
        os.kill(pid, signal.SIGCONT)


def _kill_engine(cloud: LocalCloud, _kept: Kept) -> None:
    """Without a save: what was written in the last seconds is lost, and found again by those who retry."""
    cloud.engine.kill()


def _start_engine(cloud: LocalCloud, _kept: Kept) -> None:
    with alone_in(cloud.state):
        cloud.start()


FAULTS = {
    "payments": Fault(_find_payments, _stop_payments, _start_payments),
    "robot": Fault(_find_robot, _drop_robot, _bring_robot_back),
    "message": Fault(_find_inbox, _poison, None),
    "network": Fault(_find_engine, _cut_network, _join_network),
    "engine": Fault(_find_engine, _kill_engine, _start_engine),
}


def _check_network(name: str, broken: dict[str, Kept]) -> None:
    """Without the network a call would wait for its answer until it times out, and so would who mends the network."""
    if "network" in broken and name not in ("network", "engine"):
        raise LocalCloudError("the network is cut, so nothing else can be broken or mended: mend it first")


class Faults:
    """What is broken in one local cloud; it is kept in the cloud's state, so that another process can mend it."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._file = cloud.state / BROKEN

    def broken(self) -> dict[str, Kept]:
        """What is broken, by name, each with `since`."""
        try:
            found: dict[str, Kept] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        if "engine" in found and self._cloud.engine.is_running():
            del found["engine"]  # it was started by other means, such as make up
        return found

    def break_(self, name: str) -> None:
        """Break something; what is broken already stays so. Raises LocalCloudError, KeyError for an unknown name."""
        fault = FAULTS[name]
        with self._one_at_a_time():
            broken = self.broken()
            if name in broken:
                return
            _check_network(name, broken)
            kept = fault.finds(self._cloud)
            if fault.mend:  # kept first: what is broken only in part is mended, too
                since = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
                self._keep({**broken, name: {**kept, "since": since}})
            fault.breaks(self._cloud, kept)

    def mend(self, name: str) -> None:
        """Mend something; what is not broken stays as it is. Raises LocalCloudError, KeyError for an unknown name."""
        fault = FAULTS[name]
        if name not in self.broken():  # there may be no folder either
            return
        with self._one_at_a_time():
            broken = self.broken()
            if name in broken and fault.mend:
                _check_network(name, broken)
                fault.mend(self._cloud, broken.pop(name))
                self._keep(broken)

    def mend_all(self) -> None:
        """Mend everything, the engine first: nothing else can be without it."""
        broken = self.broken()
        for name in sorted(broken, key=lambda one: (one != "network", one != "engine")):
            self.mend(name)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Among threads and processes: the console's panel and `make fault` are two."""
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _keep(self, broken: dict[str, Kept]) -> None:
        """As a whole: who reads it meanwhile, without the lock, sees what was broken before or after."""
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(broken, indent=1) + "\n")
        new.replace(self._file)
