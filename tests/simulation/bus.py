"""EventBridge: a bus with rules, and deliveries that are late, repeated or impossible."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.simulation.containers import BEGIN
from tests.simulation.cost import text_size
from tests.simulation.outages import BUS, when_back
from tests.simulation.sdk import Wire, World, client_error
from tests.simulation.sqs import Queue

NAME = BUS
MAX_ENTRIES = 10
MAX_BYTES = 1_048_576


class Rule:
    """A rule from a pattern to a queue; `undelivered` is the dead-letter queue of its target."""

    def __init__(self, pattern: dict[str, Any], queue: Queue, undelivered: Queue, group: str = "") -> None:
        self.queue = queue
        self.undelivered = undelivered
        self.group = group
        self._sources = frozenset(pattern["source"])
        self.names = frozenset(pattern["detail-type"])
        self._to = pattern["detail"]["to"]

    def matches(self, source: str, name: str, detail: dict[str, Any]) -> bool:
        """Whether the pattern matches an event."""
        if source not in self._sources or name not in self.names:
            return False
        addressee = detail.get("to")
        to = addressee if isinstance(addressee, list) else [addressee]
        return any(wanted in to if isinstance(wanted, str) else "to" not in detail for wanted in self._to)


class Bus:
    """The system's event bus. in_flight: how many deliveries are in progress. archive: all that it took."""

    def __init__(self, world: World, rules: Sequence[Rule]) -> None:
        self._world = world
        self.in_flight = 0
        self.latest: dict[str, dict[str, Any]] = {}
        self.archive: list[str] = []
        self._by_name: dict[str, list[Rule]] = {}
        for rule in rules:
            for name in sorted(rule.names):
                self._by_name.setdefault(name, []).append(rule)

    def put(self, source: str, name: str, detail: str, content: dict[str, Any], by: str = "") -> str:
        """Accept one event; its id. content: the detail as a dict. by: the container."""
        world = self._world
        entry = world.number("entry")
        self.latest[name] = content
        world.cost.publish(source, name, detail)
        world.history.record("published", service=source, entry=entry, name=name, detail=content, by=by)
        time = (BEGIN + timedelta(microseconds=world.scheduler.now_us)).isoformat(timespec="seconds")
        body = (
            f'{{"version":"0","id":"{entry}","detail-type":"{name}","source":"{source}","account":"123456789012",'
            f'"time":"{time.replace("+00:00", "Z")}","region":"eu-central-1","resources":[],"detail":{detail}}}'
        )
        self.archive.append(body)
        for rule in self._by_name.get(name, ()):
            if rule.matches(source, name, content):
                self._route(rule, entry, body)
        return entry

    def _route(self, rule: Rule, entry: str, body: str) -> None:
        """Deliver an event to one target, once or twice, maybe late."""
        world, where = self._world, rule.queue.name
        copies = 2 if world.faults.strikes("bus duplicate", where) else 1
        world.history.record("routed", entry=entry, queue=where, copies=copies)
        if world.faults.strikes("target given up", where):
            self._give_up(rule, entry, body)
            return
        for _ in range(copies):
            seconds = world.choices.seconds(0.005, 0.15, "bus")
            if world.faults.strikes("bus delay", where):
                seconds = world.choices.seconds(1.0, 90.0, "bus delay")
            if world.faults.strikes("target retry", where):
                seconds += world.choices.seconds(1.0, 300.0, "target retry")
            self.in_flight += 1
            world.scheduler.call_in(seconds, lambda: when_back(world, where, lambda: self._deliver(rule, body)))

    def _deliver(self, rule: Rule, body: str) -> None:
        self.in_flight -= 1
        rule.queue.send(body, group=rule.group, by="rule")

    def _give_up(self, rule: Rule, entry: str, body: str) -> None:
        self._world.history.record("undelivered", queue=rule.undelivered.name, entry=entry)
        reason = {
            "RULE_ARN": f"arn:aws:events:::rule/{rule.queue.name}",
            "TARGET_ARN": f"arn:aws:sqs:::{rule.queue.name}",
            "ERROR_CODE": "NO_PERMISSIONS",
            "ERROR_MESSAGE": "the queue did not let the rule in",
        }
        rule.undelivered.send(body, attributes=reason, by="rule")


class EventsClient:
    """One container's client of the bus."""

    def __init__(self, bus: Bus, wire: Wire, world: World, name: str) -> None:
        self._bus = bus
        self._wire = wire
        self._world = world
        self._name = name

    def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Put at most ten entries; each is accepted or refused on its own."""
        answer: dict[str, Any] = self._wire.call("PutEvents", "bus", lambda: self._put(Entries))
        return answer

    def describe_event_bus(self, *, Name: str) -> dict[str, Any]:
        """Show the bus."""
        answer: dict[str, Any] = self._wire.call("DescribeEventBus", "bus", lambda: self._describe(Name))
        return answer

    def _describe(self, name: str) -> dict[str, Any]:
        if name != NAME:
            raise client_error("ResourceNotFoundException", f"Event bus {name} does not exist.", "DescribeEventBus")
        return {"Name": name}

    def _put(self, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        size = sum(_size(entry) for entry in entries)
        if not 1 <= len(entries) <= MAX_ENTRIES or size > MAX_BYTES:
            raise client_error("ValidationException", "1 to 10 entries, and 1 MB together", "PutEvents")
        some_fail = self._world.faults.strikes("entries failed", self._name)
        answers = []
        for entry in entries:
            if some_fail and self._world.choices.chance(0.5, "this entry"):
                answers.append({"ErrorCode": "InternalFailure", "ErrorMessage": "Unexpected error"})
                continue
            content = _content(entry)
            if isinstance(content, str):
                answers.append({"ErrorCode": content, "ErrorMessage": "the entry is not valid"})
            elif entry["EventBusName"] != NAME:  # accepted, and matched by no rule: AWS does not say so
                answers.append({"EventId": self._world.number("entry")})
            else:
                event = self._bus.put(entry["Source"], entry["DetailType"], entry["Detail"], content, self._name)
                answers.append({"EventId": event})
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}


def _size(entry: dict[str, Any]) -> int:
    """The bytes of an entry."""
    return text_size(entry.get("Source", "") + entry.get("DetailType", "") + entry.get("Detail", ""))


def _content(entry: dict[str, Any]) -> dict[str, Any] | str:
    """The detail of an entry as a dict, or the error code of its refusal."""
    if not (entry.get("Source") and entry.get("DetailType") and entry.get("Detail")):
        return "InvalidArgument"
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        return "MalformedDetail"
    return detail if isinstance(detail, dict) else "MalformedDetail"
