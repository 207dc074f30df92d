"""Days of one robot on the stream, written by hand for the checker's tests: a correct one, and what breaks it."""

import base64
import json
from typing import Any

from tests.simulation.check import orders_to_robots, robots_work, stream_history
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.failures import BEGIN
from tests.simulation.check.parsed_history import SECOND, ParsedHistory

BOT, LIST = "bot", "list"
STOPS = [{"store_id": "s", "items": [{"product_id": "p", "name": "P", "quantity": 3, "picked": 0}]}]


class Day:
    """A history with one robot on the stream."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.final: dict[str, Any] = {"quiescent": True, "certificates": {"c": (BOT, "ACTIVE")}}
        self._numbers = 0
        self._versions: dict[str, int] = {}

    def record(self, at: float, kind: str, **fields: Any) -> None:
        self.entries.append((int(at * SECOND), kind, fields))

    def number(self) -> str:
        self._numbers += 1
        return str(self._numbers)

    def commit(self, at: float, stream: str, name: str, cause: str = "", **data: Any) -> None:
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        item = {
            "stream": {"S": stream},
            "version": {"N": str(version)},
            "id": {"S": self.number()},
            "events": {"S": json.dumps([[name, 1, data]])},
            "time": {"S": ""},
            "actor": {"S": ""},
        }
        if cause:
            item["causation_id"] = {"S": cause}
        self.record(at, "commit", table="depot/events", key=[stream, version], item=item, container="depot/inbox-1")

    def message(self, at: float, queue: str, name: str, version: int = 1, **data: Any) -> str:
        """A message that a queue's function has handled at once; its id."""
        id, copy = self.number(), self.number()
        metadata = {"id": id, "name": name, "stream": "", "stream_version": version}
        body = json.dumps({"detail": {"metadata": metadata, "data": data}})
        self.record(at, "sent", queue=queue, message=copy, body=body, delay=0)
        self.record(at, "deleted", queue=queue, message=copy)
        return id

    def is_told(self, at: float, version: int, list_id: str | None, assignment: int, name: str = "BotAssigned") -> None:
        """Fleet handles what the depot says of the robot."""
        status = "active" if list_id else "idle"
        data = {"bot_id": BOT, "status": status, "list_id": list_id, "assignment": assignment}
        self.message(at, "fleet/inbox", name, version, **data)

    def reports(
        self,
        at: float,
        order: str = "",
        *,
        active: bool = False,
        said: float | None = None,
        put_down: bool = False,
        node: str = "depot",
        handled: float | None = None,
        received: float | None = None,
    ) -> None:
        """A state comes to the queue and is handled, at once or later; the broker had it when it was said."""
        drop = [{"actionType": "drop", "actionStatus": "FINISHED"}] if put_down else []
        state: dict[str, Any] = {
            "headerId": self._numbers,
            "timestamp": f"{at:09.3f}",
            "orderId": order,
            "lastNodeId": node,
            "nodeStates": [{}] if active else [],
            "actionStates": drop,
            "errors": [],
            "operatingMode": "AUTOMATIC",
            "paused": False,
        }
        self._comes(at, "state", state, said, handled, received)

    def says_online(self, at: float, *, said: float) -> None:
        """That it is online comes to the queue and is handled at once; the broker had it when it was said."""
        self._comes(at, "connection", {"connectionState": "ONLINE"}, said)

    def _comes(
        self,
        at: float,
        topic: str,
        message: dict[str, Any],
        said: float | None,
        handled: float | None = None,
        received: float | None = None,
    ) -> None:
        payload = base64.b64encode(json.dumps(message).encode()).decode()
        dated = int(BEGIN.timestamp() + (at if said is None else said)) * 1_000
        body = json.dumps({"robot": BOT, "topic": topic, "received": dated, "client": BOT, "payload": payload})
        copy = self.number()
        self.record(at, "sent", queue="fleet/topics", message=copy, body=body, delay=0)
        done = at if handled is None else handled
        begun = done if received is None else received
        self.record(begun, "received", queue="fleet/topics", message=copy, count=1, function="fleet/topics")
        self.record(done, "deleted", queue="fleet/topics", message=copy)

    def loses(self, at: float) -> None:
        """A rule of the broker cannot send a state."""
        body = json.dumps({"topic": f"i/v3/m/{BOT}/state", "base64OriginalPayload": "e30="})
        queue = "fleet/topics/undelivered"
        self.record(at, "dead", queue=queue, message=self.number(), body=body, reason={}, by="topic rule")

    def loses_for_good(self, at: float, topic: str) -> None:
        """The error action of a rule of the broker fails too."""
        self.record(at, "fault", name="rule lost", where=f"rule {topic}")

    def sends(self, at: float, assignment: int, *, expires: float = 60, begins: bool = True) -> str:
        number = self.number()
        if begins:
            self.record(at, "invocation", container="fleet/inbox-1", function="fleet/inbox", cause=["m"])
        self.record(
            at,
            "mqtt",
            what="sent",
            by="fleet/inbox-1",
            number=number,
            topic=f"i/v3/m/{BOT}/order",
            payload=json.dumps({"orderId": f"{LIST}.{assignment}"}),
            expires_us=int((at + expires) * SECOND),
        )
        return number

    def delivers(self, at: float, number: str) -> None:
        self.record(at, "mqtt", what="delivered", client=BOT, number=number, topic="order", payload="{}")

    def ends(self, at: float, assignment: int, action: str, result: str | None = None, *, online: bool = True) -> None:
        parameters = {"storeId": "s", "productId": "p", "quantity": 3} if action == "collect" else {}
        self.record(
            at,
            "robot",
            bot=BOT,
            what="ended action",
            order=f"{LIST}.{assignment}",
            action=action,
            parameters=parameters,
            status="FINISHED",
            result=result,
            online=online,
        )

    def shows(self, *, node: str) -> None:
        """The rows that fleet has in the end."""
        shown = {"node": node, "order": None, "paused": False, "mode": "AUTOMATIC"}
        rows = {"reports": shown, "connections": {"connection": "offline"}}
        self.final["tables"] = {
            "fleet/views": {
                kind: {"partition": {"S": kind}, "sort": {"S": BOT}, "data": {"S": json.dumps(data)}}
                for kind, data in rows.items()
            }
        }

    def violated(self) -> set[str]:
        self.entries.sort(key=lambda entry: entry[0])
        history = ParsedHistory(self.entries, self.final)
        deliveries, stream = Deliveries(history), stream_history.parsed(history)
        found = [
            *orders_to_robots.violations(history, stream, deliveries),
            *robots_work.violations(history, stream, deliveries),
        ]
        return {violation.invariant for violation in found}


def a_list(day: Day) -> None:
    """A robot is connected, is given a list, and collects it."""
    day.record(1, "robot", bot=BOT, what="started", disk="kept", order="")
    day.record(1, "presence", client=BOT, event="connected", version=0, reason=None)
    day.commit(2, f"Bot#{BOT}", "Registered")
    day.commit(2, f"Bot#{BOT}", "CameOnline")
    day.commit(3, f"ShoppingList#{LIST}", "Created", stops=STOPS)
    day.commit(4, f"ShoppingList#{LIST}", "Assigned", bot_id=BOT, assignment=1)
    day.commit(4, f"Bot#{BOT}", "TookList", list_id=LIST)
    day.is_told(5, 3, LIST, 1)
    day.delivers(6.1, day.sends(6, 1))
    for at in (7, 20, 40):
        day.reports(at, f"{LIST}.1", active=True)
    day.ends(41, 1, "collect", "2")
    day.ends(45, 1, "drop")
    report = day.message(46, "depot/inbox", "ReportCollection", bot_id=BOT)
    short = [{"store_id": "s", "product_id": "p", "quantity": 1}]
    day.commit(47, f"ShoppingList#{LIST}", "Completed", report, shortages=short)
    day.commit(47, f"Bot#{BOT}", "Finished")
    day.is_told(48, 4, None, 0, "BotFinished")
    leaves(day)
    day.shows(node="depot")
    day.record(60, "presence", client=BOT, event="disconnected", version=0, reason="CLIENT_INITIATED_DISCONNECT")
    day.commit(62, f"Bot#{BOT}", "WentOffline", day.message(61, "depot/inbox", "RobotDisconnected", bot_id=BOT))
    day.record(900, "quiet")


def leaves(day: Day, **other: object) -> None:
    true = {"node": "depot", "order": "", "paused": False, "mode": "AUTOMATIC", "stuck": False}
    day.record(59, "robot", bot=BOT, what="left", connected=True, **(true | other))


def a_list_is_driven_twice(day: Day, given_back: float = 29) -> None:
    day.entries = [entry for entry in day.entries if "Completed" not in json.dumps(entry[2].get("item", ""))]
    day.commit(given_back, f"ShoppingList#{LIST}", "GivenBack")
    day.commit(46, f"ShoppingList#{LIST}", "Assigned", bot_id=BOT, assignment=2)
    day.ends(100, 2, "drop")


def an_idle_robot_is_cut_and_stays(day: Day) -> None:
    day.entries = [entry for entry in day.entries if "WentOffline" not in json.dumps(entry[2].get("item", ""))]


def a_robot_at_work_falls_silent(day: Day) -> None:
    day.entries = [entry for entry in day.entries if entry[0] < 44 * SECOND]
    day.record(900, "quiet")


def fleet_shows_another_node(day: Day) -> None:
    day.shows(node="west")
