"""While a robot starts up its states may be incomplete or invalid (6.6.6): those are dropped, and no dead letters."""

import json
from base64 import b64encode
from typing import Any

import pytest

from events.vda5050.state import OperatingMode
from events.vda5050.text import to_bytes
from functions.fleet import views
from functions.kernel.runtime import runtime
from tests.support.handling import dead_letters_of
from tests.support.states import state
from tests.unit.fleet.gateway import BOT, Gateway, sets_out


def letters() -> int:
    """How many messages were given up."""
    return len(dead_letters_of(runtime.current()))


def said(gateway: Gateway, text: bytes) -> dict[str, Any]:
    """What a rule makes of any text on the robot's topic `state`."""
    return gateway.body("state", state(BOT)) | {"payload": b64encode(text).decode()}


def without(field: str, mode: OperatingMode = OperatingMode.STARTUP, **more: Any) -> bytes:
    content = json.loads(to_bytes(state(BOT, 9, operating_mode=mode, **more)))
    del content[field]
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    "text",
    [without("powerSupply"), without("orderId"), to_bytes(state(BOT, operating_mode="STARTUP", order_id="x" * 501))],
)
def test_a_state_of_a_robot_that_is_starting_up_which_cannot_be_read_is_dropped(gateway: Gateway, text: bytes) -> None:
    sets_out(gateway)
    before = gateway.commits, views.report(BOT), gateway.robot
    gateway.passes(30)
    assert gateway.deliver(said(gateway, text))
    assert letters() == 0
    assert (gateway.commits, views.report(BOT), gateway.robot) == before


def test_a_state_in_the_same_batch_that_can_be_read_counts(gateway: Gateway) -> None:
    gateway.comes()
    assert gateway.robot.available
    whole = to_bytes(state(BOT, 8, operating_mode=OperatingMode.STARTUP))
    assert gateway.deliver(said(gateway, without("powerSupply")), said(gateway, whole))
    assert not gateway.robot.available
    row = views.report(BOT)
    assert row
    assert row["mode"] == "STARTUP"


@pytest.mark.parametrize(
    "text",
    [
        without("powerSupply", OperatingMode.AUTOMATIC),
        without("operatingMode"),
        b'["STARTUP"]',
        b'{"operatingMode": "STARTUP"',
        b"[" * 100_000,
    ],
)
def test_any_other_state_that_cannot_be_read_is_a_dead_letter(gateway: Gateway, text: bytes) -> None:
    gateway.deliver(said(gateway, text))
    assert letters() == 1
