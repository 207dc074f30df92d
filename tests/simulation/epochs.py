"""After a schedule: a table of events is restored to a moment of the day, and serves under an epoch.

The operator opens the epoch by the command that does it on a stage (infra/operate/restore_epoch.py). New containers
serve at once; where those of before live on, the service is stopped for as long as they may not know of the epoch. Then
clients go on: staff change stores and products, and those whose creations are lost send their requests once more, under
the same keys. Whatever is committed from then on must reach all consumers.
"""

from collections.abc import Callable
from typing import Any

from functions.kernel.eventstore.epochs import KNOWN_FOR
from functions.kernel.runtime import clock, ids
from infra.operate import restore_epoch
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.operating import Operating, now

DESK = "staff:the desk"
SERVICE, EVENTS = "stores", "stores/events"
LASTS = 900.0  # seconds that are waited for what clients do
CHANGED = 6  # stores and products that are changed
TRIED = 3  # requests whose creations are lost


class Epoch:
    """A table that is restored now. before: how many entries the history has until then."""

    def __init__(self, cloud: Cloud, choices: Choices) -> None:
        self._cloud, self._choices = cloud, choices
        self.before = len(cloud.history.entries)

    @property
    def is_possible(self) -> bool:
        """Whether the table has anything."""
        return bool(self._cloud.tables[EVENTS].items)

    def run(self) -> bool:
        """Restore the table, open an epoch, and let clients go on; whether all settles after that."""
        cloud, moment = self._cloud, self._moment()
        there = {stream for stream, _ in cloud.tables[EVENTS].items}
        cloud.stop(SERVICE)
        cloud.backups.restore(cloud.tables[EVENTS], moment)
        gone = sorted(there - {stream for stream, _ in cloud.tables[EVENTS].items})
        self._do(lambda: open_epoch(cloud, EVENTS))
        self._replace_containers()
        cloud.start(SERVICE)
        cloud.history.record("deed", who="operator", what="epoch opened", table=EVENTS, to_us=moment, lost=gone)
        self._do(lambda: self._go_on(gone))
        return cloud.settle()

    def _do(self, action: Callable[[], None]) -> None:
        task = self._cloud.spawn(action)
        self._cloud.run(self._cloud.now() + LASTS, enough=lambda: task.done)

    def _moment(self) -> int:
        """Of this day; of any commit that was made, the moment before or after it is as likely."""
        moments = self._cloud.backups.moments(EVENTS)
        return self._choices.pick(moments, "to which commit") - self._choices.between(0, 1, "with it or without")

    def _replace_containers(self) -> None:
        """A table of another name has containers of its own. One that is restored in place serves after a while."""
        if self._choices.chance(0.5, "its containers live on"):
            self._do(lambda: self._cloud.sleep(KNOWN_FOR.total_seconds()))
            return
        replace_containers(self._cloud, SERVICE)

    def _go_on(self, gone: list[str]) -> None:
        for request in self._lost_creations(gone):
            self._cloud.request(
                request["method"], request["path"], request["body"], {"Idempotency-Key": request["key"]}, request["who"]
            )
        streams = sorted({stream for stream, _ in self._cloud.tables[EVENTS].items})
        for stream in streams[:CHANGED]:
            kind, _, id = stream.partition("#")
            place = f"/api/stores/{id}" if kind == "Store" else f"/api/stores/products/{id}"
            for n in range(self._choices.between(1, 3, "how often it is changed")):
                body = {"name": f"Volt & Wire, {n + 1} times new", "description": ""}
                self._cloud.request("PUT", f"{place}/rebrand", body, who=DESK)

    def _lost_creations(self, gone: list[str]) -> list[dict[str, Any]]:
        """The requests under a key that made what is lost."""
        lost = {stream.partition("#")[2] for stream in gone}
        requests = {f["id"]: f for _, kind, f in self._cloud.history.entries if kind == "request"}
        made = [
            requests[fields["id"]]
            for _, kind, fields in self._cloud.history.entries
            if kind == "response" and isinstance(fields.get("body"), dict) and fields["body"].get("id") in lost
        ]
        return [one for one in made if one["method"] == "POST" and one.get("key")][:TRIED]


def replace_containers(cloud: Cloud, service: str) -> None:
    """Have the functions of a service begin cold."""
    for name, function in cloud.functions.items():
        if name.partition("/")[0] == service:
            function.recycle()


def open_epoch(cloud: Cloud, table: str) -> None:
    """Open an epoch, inside a task, as `make restore-epoch` does where the table that served is gone."""
    with clock.fixed(lambda: now(cloud), cloud.sleep), ids.fixed(cloud.choices.new_id):
        dynamodb = Operating(cloud).client("dynamodb")
        held = restore_epoch.held_by(dynamodb, table)
        restore_epoch.open_in(dynamodb, table, held.highest, "restored")
