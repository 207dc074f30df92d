"""The part of AWS IoT SQL that the rules use: constants and functions of a message, each under a name.

https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-reference.html
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tests.simulation.iot.packets import Publication

_STATEMENT = re.compile(r"\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+'(?P<topic>[^']+)'\s*", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r"(?P<what>'[^']*'|\w+\((?:[^()]*)\)|\w+)\s+AS\s+(?P<name>\w+)", re.IGNORECASE)

Value = Callable[[Publication, int], Any]


class SqlError(Exception):
    """A statement that this model does not know."""


@dataclass(frozen=True)
class Statement:
    """A parsed statement. pattern: the topic filter behind FROM."""

    pattern: str
    fields: Mapping[str, Value]

    def evaluate(self, publication: Publication, now_ms: int) -> str:
        """The text that the rule's action sends. now_ms: the clock of the rules engine."""
        return json.dumps({name: value(publication, now_ms) for name, value in self.fields.items()})


@lru_cache
def parse(text: str) -> Statement:
    """Parse a statement. Raises SqlError."""
    found = _STATEMENT.fullmatch(text)
    if not found:
        raise SqlError(text)
    fields = {field["name"]: _value(field["what"]) for field in _FIELD.finditer(found["fields"])}
    if len(fields) != _commas(found["fields"]) + 1:
        raise SqlError(text)
    return Statement(found["topic"], fields)


def _commas(fields: str) -> int:
    """The commas between fields, not those between a function's arguments."""
    return re.sub(r"\([^()]*\)", "", fields).count(",")


def _value(what: str) -> Value:
    if what.startswith("'"):
        return lambda publication, now_ms: what[1:-1]
    name, _, rest = what.partition("(")
    argument = rest.rstrip(")").replace(" ", "")
    if name == "topic" and argument:
        return lambda publication, now_ms: publication.topic.split("/")[int(argument) - 1]
    if name == "topic":
        return lambda publication, now_ms: publication.topic
    if name == "timestamp" and not argument:
        return lambda publication, now_ms: now_ms
    if name == "clientid" and not argument:  # "n/a" where the message did not come over MQTT
        return lambda publication, now_ms: publication.client or "n/a"
    if name == "encode" and argument == "*,'base64'":
        return lambda publication, now_ms: base64.b64encode(publication.payload).decode()
    raise SqlError(what)
