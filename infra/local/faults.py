"""What is broken on purpose in a local mall, to be watched and mended: five faults, each by a call that AWS has too, or
by a signal to the engine. Nothing of this is deployed: it acts from outside, on one local cloud.
"""

import json
import os
import signal
import threading
from collections.abc import Callable
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
    """One thing that can be broken. mend: None where it is mended by other means (a dead letter, by the console)."""

    breaks: Callable[[LocalCloud], Kept]
    mend: Callable[[LocalCloud, Kept], None] | None


def _stop_payments(cloud: LocalCloud) -> Kept:
    """What is for payments waits in its queue: its mappings are switched off behind the back of operations."""
    functions, found = cloud.client("lambda"), []
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        arn = mapping["EventSourceArn"]
        if ":sqs:" in arn and PAYMENTS in mapping["FunctionArn"] and mapping["State"] == "Enabled":
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
            found.append(mapping["UUID"])
    if not found:
        raise LocalCloudError("payments has no queue that is read: it is stopped already, or not deployed")
    return {"mappings": found}


def _start_payments(cloud: LocalCloud, kept: Kept) -> None:
    for mapping in kept["mappings"]:
        cloud.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)


def _drop_robot(cloud: LocalCloud) -> Kept:
    """The certificate of a robot is switched off, which ends its connection: the broker publishes its will."""
    iot = cloud.client("iot")
    for thing in iot.list_things()["things"]:
        for arn in iot.list_thing_principals(thingName=thing["thingName"])["principals"]:
            certificate = arn.rpartition("/")[2]
            if iot.describe_certificate(certificateId=certificate)["certificateDescription"]["status"] == "ACTIVE":
                iot.update_certificate(certificateId=certificate, newStatus="INACTIVE")
                return {"robot": thing["thingName"], "certificate": certificate}
    raise LocalCloudError("no robot is on the robots' stream: make shoppers brings some")


def _bring_robot_back(cloud: LocalCloud, kept: Kept) -> None:
    cloud.client("iot").update_certificate(certificateId=kept["certificate"], newStatus="ACTIVE")


def _poison(cloud: LocalCloud) -> Kept:
    """A message that nothing can read, in the queue of the depot."""
    functions, sqs = cloud.client("lambda"), cloud.client("sqs")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        queue = mapping["EventSourceArn"].rpartition(":")[2]
        if ":sqs:" in mapping["EventSourceArn"] and "inbox" in queue.lower() and DEPOT in mapping["FunctionArn"]:
            sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody=MESSAGE)
            return {"queue": queue}
    raise LocalCloudError("the depot has no inbox: deploy it first")


def _cut_network(cloud: LocalCloud) -> Kept:
    """The engine is halted: connections stay open, and none has an answer, as where a network drops packets."""
    os.kill(_running(cloud), signal.SIGSTOP)
    return {}


def _join_network(cloud: LocalCloud, _kept: Kept) -> None:
    pid = cloud.engine.pid()
    if pid is not None:  # it may have been killed meanwhile
        os.kill(pid, signal.SIGCONT)


def _kill_engine(cloud: LocalCloud) -> Kept:
    """Without a save: what was written in the last seconds is lost, and found again by those who retry."""
    _running(cloud)
    cloud.engine.kill()
    return {}


def _start_engine(cloud: LocalCloud, _kept: Kept) -> None:
    with alone_in(cloud.state):
        cloud.start()


def _running(cloud: LocalCloud) -> int:
    pid = cloud.engine.pid()
    if pid is None:
        raise LocalCloudError("the engine does not run")
    return pid


FAULTS = {
    "payments": Fault(_stop_payments, _start_payments),
    "robot": Fault(_drop_robot, _bring_robot_back),
    "message": Fault(_poison, None),
    "network": Fault(_cut_network, _join_network),
    "engine": Fault(_kill_engine, _start_engine),
}


class Faults:
    """What is broken in one local cloud; it is kept in the cloud's state, so that another process can mend it."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._file = cloud.state / BROKEN
        self._one_at_a_time = threading.Lock()

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
        with self._one_at_a_time:
            if name in self.broken():
                return
            kept = fault.breaks(self._cloud)
            if fault.mend:
                since = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
                self._keep({**self.broken(), name: {**kept, "since": since}})

    def mend(self, name: str) -> None:
        """Mend something; what is not broken stays as it is. Raises LocalCloudError, KeyError for an unknown name."""
        fault = FAULTS[name]
        with self._one_at_a_time:
            broken = self.broken()
            if name in broken and fault.mend:
                fault.mend(self._cloud, broken.pop(name))
                self._keep(broken)

    def mend_all(self) -> None:
        """Mend everything, the engine first: nothing else can be without it."""
        broken = self.broken()
        for name in sorted(broken, key=lambda one: (one != "network", one != "engine")):
            self.mend(name)

    def _keep(self, broken: dict[str, Kept]) -> None:
        self._file.write_text(json.dumps(broken, indent=1) + "\n")
