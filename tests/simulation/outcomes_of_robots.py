"""What happened on the robots' stream in a schedule, counted from its history alone."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tests.simulation.history import Entry

OUTCOMES: dict[str, str] = {
    "robot connected": "to the broker",
    "robot's connection lost": "without a word, as the broker saw it",
    "robot's connection taken over": "by the robot itself, which came back before the broker missed it",
    "robot's connection closed": "by the robot, in order",
    "robot disconnected by the broker": "its certificate was revoked, or the broker went away",
    "robot refused by the broker": "its certificate was revoked, or the broker was away",
    "order sent to a robot": "once, or the first time",
    "order sent again": "because the robot did not show it",
    "order expired on its way": "its robot was away for longer than the lease",
    "order cancelled at a robot": "it was outdated",
    "robot paused": "by staff",
    "robot goes on": "by staff",
    "action tried again": "by staff, after it failed",
    "action skipped": "by staff, after it failed",
    "goods picked": "by a robot on the stream",
    "goods picked short": "fewer than listed",
    "goods not picked": "an action failed",
    "goods put down": "at the depot, by a robot on the stream",
    "robot restarted": "with the state that it had kept",
    "robot restarted from an older state": "of its disk",
    "robot restarted with an empty disk": "it knows nothing of what it did",
    "robot hung": "it did nothing, whether or not its network answered",
    "robot switched off": "without a word",
    "robot retired": "by staff",
}
BY_REASON = {
    "CONNECTION_LOST": "robot's connection lost",
    "MQTT_KEEP_ALIVE_TIMEOUT": "robot's connection lost",
    "DUPLICATE_CLIENTID": "robot's connection taken over",
    "CLIENT_INITIATED_DISCONNECT": "robot's connection closed",
    "AUTH_ERROR": "robot disconnected by the broker",
    "SERVER_ERROR": "robot disconnected by the broker",
    "API_INITIATED_DISCONNECT": "robot disconnected by the broker",
}
BY_INSTANT_ACTION = {
    "cancelOrder": "order cancelled at a robot",
    "startPause": "robot paused",
    "stopPause": "robot goes on",
    "retry": "action tried again",
    "skipRetry": "action skipped",
}
BY_DISK = {
    "kept": "robot restarted",
    "older": "robot restarted from an older state",
    "lost": "robot restarted with an empty disk",
}
BY_DEED = {"hangs": "robot hung", "crashed": "robot switched off"}


def count(history: Iterable[Entry], counted: Counter[str]) -> None:
    """Add what happened on the robots' stream."""
    sent: set[tuple[str, str]] = set()
    started: set[str] = set()
    for _, kind, fields in history:
        if kind == "presence":
            reason = fields["reason"]
            counted[BY_REASON.get(str(reason), "robot's connection lost") if reason else "robot connected"] += 1
        elif kind == "mqtt":
            _mqtt(fields, sent, counted)
        elif kind == "robot":
            _robot(fields, started, counted)


def _mqtt(fields: Mapping[str, Any], sent: set[tuple[str, str]], counted: Counter[str]) -> None:
    if fields["what"] == "refused":
        counted["robot refused by the broker"] += 1
    elif fields["what"] == "expired":
        counted["order expired on its way"] += 1
    elif fields["what"] == "sent":
        content = json.loads(fields["payload"])
        if fields["topic"].endswith("/order"):
            order = fields["topic"], content["orderId"]
            counted["order sent again" if order in sent else "order sent to a robot"] += 1
            sent.add(order)
        for action in content.get("actions", ()):
            if action["actionType"] in BY_INSTANT_ACTION:
                counted[BY_INSTANT_ACTION[action["actionType"]]] += 1


def _robot(fields: Mapping[str, Any], started: set[str], counted: Counter[str]) -> None:
    what = fields["what"]
    if what == "started":
        if fields["bot"] in started:
            counted[BY_DISK[fields["disk"]]] += 1
        started.add(fields["bot"])
    elif what == "ended action":
        counted[_ended(fields)] += 1
    elif what in BY_DEED:
        counted[BY_DEED[what]] += 1


def _ended(fields: Mapping[str, Any]) -> str:
    if fields["action"] == "drop":
        return "goods put down" if fields["status"] == "FINISHED" else "goods not picked"
    if fields["status"] != "FINISHED":
        return "goods not picked"
    return "goods picked" if fields["result"] == str(fields["parameters"]["quantity"]) else "goods picked short"
