"""No letter's body is too strange for the store."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.kernel.runtime.runtime import Runtime
from functions.operations import collector as collector_module
from functions.operations import forms, rows
from functions.operations.letters import PARKED
from tests.simulation.cost import item_size
from tests.support.letters import sample

STRANGE: list[Any] = ["\ud800", "x" * 300_000, "", 7, None, {}, "\0", [], {"a": 1}]


def hostile() -> Iterator[str]:
    """Bodies that a careless reader or a store would choke on."""
    content = json.loads(sample("inbox")[1].body)
    for member in ("id", "name", "stream", "correlation_id", "causation_id"):
        for value in STRANGE:
            changed = json.loads(json.dumps(content))
            changed["detail"]["metadata"][member] = value
            yield json.dumps(changed)
    for order in STRANGE:
        changed = json.loads(json.dumps(content))
        changed["detail"]["data"]["order_id"] = order
        yield json.dumps(changed)
    personal = json.loads(sample("personal")[1].body)
    for name in ("\ud800", ["deep"], None, {"name": "Ada"}):
        changed = json.loads(json.dumps(personal))
        changed["detail"]["data"] |= {"name": name, "sms_number": "1", "customer_id": "\ud800"}
        yield json.dumps(changed)
    yield from (
        "[" * 500_000,
        '{"a":' * 200_000,
        "[" * 900 + "]" * 900,
        '{"detail": []}',
        '{"detail": {"metadata": 1, "data": 2}}',
        "null",
        "7",
        '""',
    )
    yield from ('{"topic": "\\ud800"}', '{"topic": "state", "robot": "\\ud800"}', '{"failures": 7}', "x" * 1_048_576)
    yield '{"failures": [7, {"errorMessage": {}, "failedAction": []}], "base64OriginalPayload": 7, "topic": []}'
    yield '{"detail-type": "RobotLeasesDue", "version": "x", "time": {}}'
    yield '{"detail-type": "Scheduled Event", "version": "0", "time": "now"}'


HOSTILE = list(hostile())


@pytest.mark.usefixtures("time")
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_body_is_too_strange_to_be_stored(runtime: Runtime, number: int) -> None:
    for name in ("inbox", "bus_rule", "iot_rule", "sqs_redrive"):
        queue, held = sample(name, body=HOSTILE[number])
        kept = collector_module.store(forms.read(queue, held))
        read = rows.letter(kept.id)
        assert read == kept
        is_completed = any(text in HOSTILE[number] for text in ("Scheduled", "base64OriginalPayload"))
        assert is_completed or (read.body == HOSTILE[number]) is (read.name != "CustomerRegistered")
        assert rows.change(kept.id, lambda letter: letter.after("parked", state=PARKED)).state == PARKED
    for item in runtime.views.items.values():  # type: ignore[attr-defined]  # of rows in memory
        assert item_size(item) <= 400 * 1024
        assert all(len(item[key]["S"].encode()) <= 1024 for key in item if key.endswith(("partition", "sort")))
