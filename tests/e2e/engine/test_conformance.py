"""The conformance kit over a broker: our robot's own client with its certificate, and the kit with one of its own."""

import random
from pathlib import Path
from typing import Any

from clients.robot.client import Connected, running
from clients.robot.files import Files, Identity
from clients.robot.machine import Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.topics import Kind, Topics
from tests.conformance.kit import Outcome
from tests.conformance.remote import RemoteLink, prepared
from tests.conformance.robots.cases import ROBOT_CASES
from tests.conformance.transport import Address, Paho
from tests.e2e.engine.devices import ANY, Device, make, own_topics
from tests.e2e.engine.workbench import Workbench

TOPICS = Topics("mallbots-kit")
TRIED = (
    "is_online_when_connected",
    "sends_its_factsheet_on_request",
    "refuses_an_order_while_another_is_active",
    "cancels_its_order",
)
SPEED = 20.0


def a_robot(bench: Workbench, serial: str) -> Connected:
    """Our robot with a certificate for its own topics."""
    folder = bench.folder
    device = _made(bench, folder / "robot", serial, own_topics(f"{TOPICS.interface}/v3/{TOPICS.manufacturer}"))
    files = Files(folder / "files")
    key, certificate = _pair(device)
    identity = Identity(serial, device.host, device.port, {kind: TOPICS.of(kind, serial) for kind in Kind})
    files.keep(identity, key.read_bytes(), certificate.read_text(), (device.folder / "ca.pem").read_text())
    machine = Robot(serial, Memory(plan().parking[0]), Settings().faster(SPEED), plan(), random.Random(1).random)
    return Connected(machine, identity, files)


def test_the_kit_tries_a_robot_over_mqtt_with_certificates(bench: Workbench) -> None:
    serial = bench.name("robot")
    robot = a_robot(bench, serial)
    kit = _made(bench, bench.folder / "kit", bench.name("kit"), ANY)
    key, certificate = _pair(kit)
    with running([robot]):
        address = Address(f"mqtts://{kit.host}:{kit.port}", str(certificate), str(key), str(kit.folder / "ca.pem"))
        transport = Paho(address)
        try:
            link = RemoteLink(transport, TOPICS, serial)
            results = list(ROBOT_CASES.run(lambda: prepared(link, 1.0), TRIED))
        finally:
            transport.close()
    assert [(result.case, result.outcome, result.why) for result in results] == [
        (name, Outcome.PASSED, "") for name in TRIED
    ]


def _made(bench: Workbench, folder: Path, name: str, statements: list[dict[str, Any]]) -> Device:
    folder.mkdir()
    return make(bench.cloud, bench.client("iot"), folder, name, statements)


def _pair(device: Device) -> tuple[Path, Path]:
    return device.folder / f"{device.certificate}.key", device.folder / f"{device.certificate}.pem"
