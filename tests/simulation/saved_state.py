"""One saved moment of a deployed stack as the simulated cloud's first state: what was seen there, in virtual time.

The file is JSON (tests/chaos/snapshot.py writes one):

    moment       when all of this was so, RFC 3339
    settings     of the stage, by the names of functions' variables
    tables       by name (`ordering/events`): items, with bytes in base64
    queues       by name (`depot/inbox`): messages, each {"body", "attributes", "receives", "group", "visible_in"}, the
                 last in seconds
    unpublished  by table: keys of commits that no relay had published
    provider     requests that took effect at the payment provider, by request id: {"call", "payment", "amount"}
    data_keys    data keys of KMS, by what they are encrypted to (both in base64)

The virtual time begins at the moment. Certificates, connections and retained messages of robots are not there, nor who
is asked for a number's digest: robots come back, and customers by their ids.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.simulation.check.stored_form import unpacked
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.containers import BEGIN
from tests.simulation.expressions import Item
from tests.simulation.faults import Faults
from tests.simulation.scheduler import SECOND
from tests.simulation.sqs import Message, Queue
from tests.simulation.tables import Key, Table

DEPLOYED = "deployed"  # who wrote what is there at the beginning


@dataclass(frozen=True)
class SavedState:
    """The content of a file. moment: microseconds since a schedule's usual beginning."""

    moment_us: int
    content: Mapping[str, Any]

    @classmethod
    def read(cls, file: Path) -> "SavedState":
        """Read a file."""
        content = json.loads(file.read_text(), object_hook=_bytes)
        moment = datetime.fromisoformat(content["moment"])
        return cls((moment - BEGIN) // timedelta(microseconds=1), content)

    def cloud(self, seed: int, faults: Faults | None = None) -> Cloud:
        """A simulated cloud that begins with it, without faults unless some are given."""
        choices = Choices(seed)
        cloud = Cloud(choices, faults or Faults(choices), self.content["settings"], begin_us=self.moment_us)
        self._fill(cloud)
        return cloud

    def _fill(self, cloud: Cloud) -> None:
        for name, items in self.content["tables"].items():
            table = cloud.tables[name]
            table.replace({table.key(item): item for item in items})
        for commit in sorted(self._commits(cloud), key=lambda found: found[0]):
            at, table, key, item = commit
            fields = {"table": table.name, "key": list(key), "item": unpacked(item), "container": DEPLOYED}
            cloud.history.entries.append((at, "commit", {**fields, "in_transaction": 1}))
        for request_id, what in self.content["provider"].items():
            cloud.provider.requests[request_id] = what
            if what["call"] == "void":
                cloud.provider.undone.add(what["payment"])
        cloud.kms.known |= {
            b64decode(encrypted): b64decode(key) for encrypted, key in self.content["data_keys"].items()
        }
        for name, messages in self.content["queues"].items():
            for message in messages:
                _put(cloud, cloud.queues[name], message)
        for name, keys in self.content["unpublished"].items():
            for stream, version in keys:
                cloud.streams[name].append(stream, version, cloud.tables[name].items[stream, version])

    def _commits(self, cloud: Cloud) -> list[tuple[int, Table, Key, Item]]:
        """All commits, each with its time, at the beginning at the latest."""
        found = []
        for name in cloud.streams:
            table = cloud.tables[name]
            for key, item in table.items.items():
                made = datetime.fromisoformat(unpacked(item)["time"]["S"])
                at = (made - BEGIN) // timedelta(microseconds=1)
                found.append((min(at, self.moment_us), table, key, item))
        return found


def _put(cloud: Cloud, queue: Queue, message: Mapping[str, Any]) -> None:
    """Put a message into a queue as it was in there."""
    now, id = cloud.scheduler.now_us, cloud.world.number("message")
    visible_us = now + round(message["visible_in"] * SECOND)
    kept = Message(id, message["body"], now, visible_us, message["attributes"], message["group"])
    kept.receives, kept.first_received_us = message["receives"], now
    queue.messages[id] = kept
    kind = "dead" if queue.is_dead_letters else "sent"
    more = {"reason": message["attributes"], "by": DEPLOYED} if queue.is_dead_letters else {"delay": 0}
    cloud.history.record(kind, queue=queue.name, message=id, body=message["body"], **more)
    if queue.worker:
        queue.worker.poll_at(visible_us)


def _bytes(found: dict[str, Any]) -> dict[str, Any]:
    """An attribute of bytes as boto3 gives it."""
    return {"B": b64decode(found["B"])} if found.keys() == {"B"} and isinstance(found["B"], str) else found


def follow(file: Path, seed: int, scale: float = 0.0) -> tuple[Cloud, bool]:
    """Let a saved state go on until nothing is in progress; the cloud, and whether it came to that.

    scale: of the usual rates of faults; 0 for none.
    """
    choices = Choices(seed)
    faults = Faults.draw(choices, scale) if scale else None
    cloud = SavedState.read(file).cloud(seed, faults)
    if scale:
        cloud.run(cloud.now() + 600.0)
    return cloud, cloud.settle()
